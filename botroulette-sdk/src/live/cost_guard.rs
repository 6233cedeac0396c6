//! How many calls a bot answers: each may cost its author money.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result};

use super::incoming::Incoming;
use super::reply::Reply;
use super::responder::Responder;
use crate::codes;
use crate::limits::{DEFAULT_CALLS_PER_CALLER, DEFAULT_CALLS_PER_MINUTE};
use crate::model::UserToken;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets so many calls a minute through to a responder, and answers the others honestly: 429, with the time to wait.
///
/// ```
/// use botroulette_sdk::{CostGuard, Incoming, Responder, codes, responder};
///
/// let costly = responder(|_: Incoming| async { Ok("worth every cent") });
/// let bot = CostGuard::new().per_minute(1).around(costly);
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert!(bot.reply(Incoming::new("{}")).await.is_ok());
/// let error = bot.reply(Incoming::new("{}")).await.unwrap_err();
/// assert_eq!(*error.code(), codes::TOO_MANY_CALLS);
/// assert!(error.retry_after().unwrap().as_secs() <= 60);
/// # });
/// ```
///
/// There are three limits: calls a minute in all, calls a minute for each caller, and calls a day in all where that is set. In
/// no 60 seconds more are let through. A call that is refused counts for nothing.
///
/// A caller is known by its user token, never by its address: through the tunnel all have the same. The token is a claim,
/// which a new one replaces at will; so the limits in all are what bounds the bill. Callers without a token share one limit.
/// What is kept of callers is bounded by the limit in all.
#[derive(Debug, Clone)]
pub struct CostGuard {
    limits: Limits,
}

#[derive(Debug, Clone)]
struct Limits {
    per_minute: u32,
    per_caller: u32,
    per_day: Option<u32>,
}

impl CostGuard {
    /// 20 calls a minute in all, 10 for each caller.
    pub fn new() -> Self {
        let limits = Limits {
            per_minute: DEFAULT_CALLS_PER_MINUTE,
            per_caller: DEFAULT_CALLS_PER_CALLER,
            per_day: None,
        };
        Self { limits }
    }

    /// How many calls a minute are let through in all. Default 20; 0 lets none through.
    #[must_use]
    pub fn per_minute(mut self, calls: u32) -> Self {
        self.limits.per_minute = calls;
        self
    }

    /// How many calls a minute are let through for one claimed caller. Default 10.
    #[must_use]
    pub fn per_caller(mut self, calls: u32) -> Self {
        self.limits.per_caller = calls;
        self
    }

    /// How many calls are let through in 24 hours. Default: as many as the minutes allow.
    #[must_use]
    pub fn per_day(mut self, calls: u32) -> Self {
        self.limits.per_day = Some(calls);
        self
    }

    /// The responder behind this guard.
    pub fn around<R: Responder>(self, responder: R) -> Guarded<R> {
        Guarded { responder, book: Mutex::new(Book::new(self.limits)), hasher: RandomState::new() }
    }
}

impl Default for CostGuard {
    fn default() -> Self {
        Self::new()
    }
}

/// A responder behind a [`CostGuard`], made by [`CostGuard::around`].
pub struct Guarded<R> {
    responder: R,
    book: Mutex<Book>,
    /// Callers are kept as numbers: a token may be long, and is nobody's to keep.
    hasher: RandomState,
}

impl<R: Responder> Responder for Guarded<R> {
    /// # Errors
    /// Those of the responder, and [`TOO_MANY_CALLS`](codes::TOO_MANY_CALLS) with the limit in
    /// [`Error::field`] and the time to wait in [`Error::retry_after`], which becomes a 429.
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let token = request.user_token();
        let caller = self.hasher.hash_one(token.as_ref().map(UserToken::expose));
        self.book.lock().unwrap_or_else(PoisonError::into_inner).take(caller, Instant::now())?;
        self.responder.reply(request).await
    }

    fn takes_every_path(&self) -> bool {
        self.responder.takes_every_path()
    }
}

impl<R> fmt::Debug for Guarded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

/// The calls that were let through.
#[derive(Debug)]
struct Book {
    limits: Limits,
    /// In the last minute, and by whom.
    minute: VecDeque<(Instant, u64)>,
    /// In the last day, where that counts.
    day: VecDeque<Instant>,
    callers: HashMap<u64, u32>,
}

impl Book {
    fn new(limits: Limits) -> Self {
        Self { limits, minute: VecDeque::new(), day: VecDeque::new(), callers: HashMap::new() }
    }

    fn take(&mut self, caller: u64, now: Instant) -> Result<()> {
        self.forget_old(now);
        let Limits { per_minute, per_caller, per_day } = self.limits;
        if let Some(limit) = per_day.filter(|limit| self.day.len() >= *limit as usize) {
            return Err(refused("per_day", "a day", limit, wait(self.day.front().copied(), DAY, now)));
        }
        if self.minute.len() >= per_minute as usize {
            let oldest = self.minute.front().map(|(at, _)| *at);
            return Err(refused("per_minute", "a minute", per_minute, wait(oldest, MINUTE, now)));
        }
        if self.callers.get(&caller).copied().unwrap_or_default() >= per_caller {
            let oldest = self.minute.iter().find(|(_, of)| *of == caller).map(|(at, _)| *at);
            let what = "a minute for one caller";
            return Err(refused("per_caller", what, per_caller, wait(oldest, MINUTE, now)));
        }
        self.minute.push_back((now, caller));
        *self.callers.entry(caller).or_default() += 1;
        if per_day.is_some() {
            self.day.push_back(now);
        }
        Ok(())
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((_, caller)) = self.minute.front().copied().filter(|(at, _)| *at + MINUTE <= now) {
            self.minute.pop_front();
            if let Some(calls) = self.callers.get_mut(&caller) {
                *calls -= 1;
                if *calls == 0 {
                    self.callers.remove(&caller);
                }
            }
        }
        while self.day.front().is_some_and(|at| *at + DAY <= now) {
            self.day.pop_front();
        }
    }
}

/// How long until a call of then counts no more. A limit of zero has no such call.
fn wait(oldest: Option<Instant>, span: Duration, now: Instant) -> Duration {
    oldest.map_or(span, |oldest| (oldest + span).saturating_duration_since(now))
}

fn refused(field: &'static str, span: &str, limit: u32, wait: Duration) -> Error {
    // Whole seconds, and never a moment too early.
    let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Error::new(&codes::TOO_MANY_CALLS, format!("{limit} calls {span} are let through"))
        .with_field(field)
        .with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(per_minute: u32, per_caller: u32, per_day: Option<u32>) -> Book {
        Book::new(Limits { per_minute, per_caller, per_day })
    }

    fn why(result: Result<()>) -> (String, u64) {
        let error = result.unwrap_err();
        (error.field().unwrap().to_owned(), error.retry_after().unwrap().as_secs())
    }

    #[test]
    fn no_minute_has_more_calls_than_the_limit_wherever_it_begins() {
        let mut book = book(20, 20, None);
        let start = Instant::now();
        let mut let_through = Vec::new();
        for tenth in 0..6_000 {
            let now = start + Duration::from_millis(100 * tenth);
            if book.take(tenth, now).is_ok() {
                let_through.push(now);
            }
        }
        for (at, first) in let_through.iter().enumerate() {
            let later = let_through.get(at + 20).copied();
            assert!(later.is_none_or(|later| later >= *first + MINUTE), "21 within a minute");
        }
        assert!(let_through.len() >= 200, "{} in ten minutes", let_through.len());
    }

    #[test]
    fn each_limit_is_named_with_its_wait_and_a_refusal_costs_nothing() {
        let mut book = book(3, 2, Some(4));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        book.take(1, at(0)).unwrap();
        book.take(1, at(10)).unwrap();
        assert_eq!(why(book.take(1, at(20))), ("per_caller".to_owned(), 40));
        book.take(2, at(30)).unwrap();
        assert_eq!(why(book.take(3, at(30))), ("per_minute".to_owned(), 30));
        book.take(1, at(60)).unwrap();
        assert_eq!(why(book.take(2, at(200))), ("per_day".to_owned(), 24 * 60 * 60 - 200));
        book.take(2, at(24 * 60 * 60)).unwrap();
    }

    #[test]
    fn a_thousand_made_up_callers_leave_nothing_behind() {
        let mut book = book(50, 1, None);
        let start = Instant::now();
        for caller in 0..1_000 {
            let _ = book.take(caller, start);
        }
        assert_eq!((book.callers.len(), book.minute.len()), (50, 50));
        book.forget_old(start + MINUTE);
        assert!(book.callers.is_empty() && book.minute.is_empty());
        assert!(Book::new(CostGuard::new().per_minute(0).limits).take(1, start).is_err());
    }
}
