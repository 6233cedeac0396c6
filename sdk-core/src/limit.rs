//! A token bucket that refuses or says how long to wait.
//!
//! [`TokenBucket`] is pure: it takes the time as an argument. It counts in whole nanoseconds, so that no rounding adds
//! up, however long it runs. [`Limiter`] is its shared, waiting shell.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::clock::Clock;
//! use sdk_core::limit::TokenBucket;
//!
//! let clock = Clock::paused();
//! let mut chat = TokenBucket::new(3, Duration::from_secs(1)); // burst 3, refill 1 token/s
//! for _ in 0..3 {
//!     assert_eq!(chat.try_take(clock.now()), Ok(()));
//! }
//! assert_eq!(chat.try_take(clock.now()), Err(Duration::from_secs(1)));
//! clock.advance(Duration::from_secs(1));
//! assert_eq!(chat.try_take(clock.now()), Ok(()));
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;

use crate::backoff::MAX_SERVER_WAIT;
use crate::clock::{Clock, Instant};
use crate::error::{Error, Result, codes};

/// The longest span that a bucket refills over. Longer ones are lowered to it.
pub const MAX_REFILL: Duration = Duration::from_secs(24 * 60 * 60);

/// Tokens to spend: full at first, refilled evenly, never more than its burst.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    burst: u32,
    /// What a nanosecond adds to `level`.
    rate: u128,
    /// What a token takes from `level`. A level in these units needs no fraction, whatever the rate.
    token: u128,
    level: u128,
    /// Up to when `level` is reckoned; `None` before the first use.
    reckoned: Option<Instant>,
    /// Nothing is handed out before this, because the platform said so.
    closed_until: Option<Instant>,
}

impl TokenBucket {
    /// At most `burst` tokens at once, and one more every `refill_every`.
    ///
    /// A burst of 0 counts as 1. The span is moved into 1 ns to [`MAX_REFILL`].
    pub fn new(burst: u32, refill_every: Duration) -> Self {
        Self::filled(burst, 1, refill_every)
    }

    /// `n` tokens a `span`, evenly, all of them at once if nothing was taken for that long: `per(6, one_minute)`.
    ///
    /// An `n` of 0 counts as 1. The span is moved into 1 ns to [`MAX_REFILL`].
    pub fn per(n: u32, span: Duration) -> Self {
        Self::filled(n, n, span)
    }

    fn filled(burst: u32, n: u32, span: Duration) -> Self {
        let (burst, n) = (burst.max(1), n.max(1));
        let token = span.min(MAX_REFILL).as_nanos().max(1);
        let level = u128::from(burst) * token;
        Self { burst, rate: u128::from(n), token, level, reckoned: None, closed_until: None }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The time until a token is there, when none is.
    pub fn try_take(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_n(now, 1)
    }

    /// Takes `n` tokens, or none.
    ///
    /// # Errors
    /// The time until `n` tokens are there, when they are not. [`Duration::MAX`] when `n` is above the burst: that many
    /// never are.
    pub fn take_n(&mut self, now: Instant, n: u32) -> Result<(), Duration> {
        if n > self.burst {
            return Err(Duration::MAX);
        }
        self.refill(now);
        let wanted = u128::from(n) * self.token;
        let closed_for =
            self.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        match self.level.checked_sub(wanted) {
            Some(rest) if closed_for.is_zero() => {
                self.level = rest;
                Ok(())
            }
            rest => {
                let missing = if rest.is_some() { 0 } else { wanted - self.level };
                Err(closed_for.saturating_add(span(missing.div_ceil(self.rate))))
            }
        }
    }

    /// The platform said to wait, so its count is ahead of ours: nothing is handed out for `retry_after`, then one token
    /// is there, and the refill goes on from there.
    ///
    /// It only ever lengthens a wait that was learnt before. More than [`MAX_SERVER_WAIT`] is not granted.
    pub fn learn(&mut self, now: Instant, retry_after: Duration) {
        let until = now + retry_after.min(MAX_SERVER_WAIT);
        if self.closed_until.is_some_and(|known| known >= until) {
            return;
        }
        self.closed_until = Some(until);
        self.reckoned = Some(until);
        self.level = self.token;
    }

    /// How many tokens are there now.
    pub fn available(&mut self, now: Instant) -> u32 {
        self.refill(now);
        match self.closed_until {
            Some(until) if until > now => 0,
            _ => u32::try_from(self.level / self.token).unwrap_or(self.burst),
        }
    }

    /// The most tokens that can be there.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    fn refill(&mut self, now: Instant) {
        let reckoned = *self.reckoned.get_or_insert(now);
        let passed = now.saturating_duration_since(reckoned).as_nanos();
        if passed > 0 {
            let full = u128::from(self.burst) * self.token;
            self.level = self.level.saturating_add(passed.saturating_mul(self.rate)).min(full);
            self.reckoned = Some(now);
        }
    }
}

fn span(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
        (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        _ => Duration::MAX,
    }
}

/// What a [`Limiter`] does when no token is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitMode {
    /// Waits for one.
    Wait,
    /// Refuses with [`LIMIT_REACHED`](codes::LIMIT_REACHED).
    Refuse,
}

/// A [`TokenBucket`] that many tasks share. Cheap to clone; clones share the tokens.
///
/// ```
/// use std::time::Duration;
/// use sdk_core::clock::Clock;
/// use sdk_core::limit::{LimitMode, Limiter, TokenBucket};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = Clock::paused();
/// let limiter = Limiter::new(TokenBucket::per(1, Duration::from_secs(10)), LimitMode::Refuse);
/// limiter.acquire(&clock).await.unwrap();
/// let error = limiter.acquire(&clock).await.unwrap_err();
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Limiter {
    shared: Arc<Shared>,
    mode: LimitMode,
}

#[derive(Debug)]
struct Shared {
    bucket: Mutex<TokenBucket>,
    /// Whose turn it is to wait for the next token. It is fair: first come, first served.
    turn: Turn<()>,
}

impl Limiter {
    /// A limiter over a bucket.
    pub fn new(bucket: TokenBucket, mode: LimitMode) -> Self {
        Self { shared: Arc::new(Shared { bucket: Mutex::new(bucket), turn: Turn::new(()) }), mode }
    }

    /// The same tokens in another mode. Callers that refuse can overtake those that wait.
    #[must_use]
    pub fn in_mode(&self, mode: LimitMode) -> Self {
        Self { shared: Arc::clone(&self.shared), mode }
    }

    /// Takes a token: waits for it or refuses, as the mode says. Those who wait are served in the order of their first
    /// poll.
    ///
    /// # Errors
    /// [`LIMIT_REACHED`](codes::LIMIT_REACHED) with [`Error::retry_after`], in [`LimitMode::Refuse`] when no token is
    /// there. Nothing was sent. [`LimitMode::Wait`] has no error.
    ///
    /// # Cancel safety
    /// Dropping the future takes no token and leaves the queue.
    pub async fn acquire(&self, clock: &Clock) -> Result<()> {
        match self.mode {
            LimitMode::Refuse => self.bucket().try_take(clock.now()).map_err(refusal),
            LimitMode::Wait => {
                let _turn = self.shared.turn.lock().await;
                loop {
                    // In a statement of its own: the lock is gone before the wait.
                    let taken = self.bucket().try_take(clock.now());
                    match taken {
                        Ok(()) => return Ok(()),
                        Err(wait) => clock.sleep(wait).await,
                    }
                }
            }
        }
    }

    /// The platform said to wait: see [`TokenBucket::learn`].
    pub fn learn(&self, clock: &Clock, retry_after: Duration) {
        self.bucket().learn(clock.now(), retry_after);
    }

    /// How many tokens are there now.
    pub fn available(&self, clock: &Clock) -> u32 {
        self.bucket().available(clock.now())
    }

    /// What happens when no token is there.
    pub fn mode(&self) -> LimitMode {
        self.mode
    }

    fn bucket(&self) -> MutexGuard<'_, TokenBucket> {
        self.shared.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(wait: Duration) -> Error {
    Error::new(&codes::LIMIT_REACHED, "the client's own limit is reached; nothing was sent")
        .with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};

    use futures_util::poll;

    use super::*;
    use crate::error::Sent;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_then_one_at_each_refill() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(3, ms(1_000));
        assert_eq!(bucket.available(start), 3);
        assert!((0..3).all(|_| bucket.try_take(start).is_ok()));
        assert_eq!(bucket.try_take(start), Err(ms(1_000)));
        assert_eq!(bucket.try_take(start + ms(400)), Err(ms(600)));
        assert_eq!(bucket.try_take(start + ms(1_000)), Ok(()));
        assert_eq!(bucket.try_take(start + ms(1_000)), Err(ms(1_000)));
        assert_eq!(bucket.available(start + ms(3_999)), 2);
        assert_eq!(bucket.available(start + ms(1_000_000)), 3, "never above its burst");
    }

    #[test]
    fn per_refills_evenly_and_allows_all_at_once_after_a_pause() {
        let start = Instant::now();
        let mut bucket = TokenBucket::per(6, ms(60_000));
        assert_eq!(bucket.burst(), 6);
        assert_eq!(bucket.take_n(start, 6), Ok(()));
        assert_eq!(bucket.try_take(start), Err(ms(10_000)));
        assert_eq!(bucket.try_take(start + ms(10_000)), Ok(()));
        assert_eq!(bucket.take_n(start + ms(70_000), 6), Ok(()));
    }

    #[test]
    fn many_at_once_are_all_or_nothing_and_above_the_burst_never() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(5, ms(100));
        assert_eq!(bucket.take_n(start, 4), Ok(()));
        assert_eq!(bucket.take_n(start, 3), Err(ms(200)));
        assert_eq!(bucket.available(start), 1, "a refusal takes nothing");
        assert_eq!(bucket.take_n(start, 0), Ok(()));
        assert_eq!(bucket.take_n(start + ms(1_000), 6), Err(Duration::MAX));
    }

    #[test]
    fn an_awkward_rate_does_not_drift_in_a_year() {
        // 7 a second is no whole number of nanoseconds a token, and 1 ms steps divide nothing evenly.
        let start = Instant::now();
        let mut bucket = TokenBucket::per(7, ms(1_000));
        bucket.take_n(start, 7).unwrap();
        let (mut taken, mut now) = (0_u64, start);
        let hour = start + ms(3_600_000);
        while now < hour {
            now += ms(1);
            taken += u64::from(bucket.try_take(now).is_ok());
        }
        assert_eq!(taken, 7 * 3_600);

        // Ten thousand exact waits end exactly where they should: 10,000 / 7 s, rounded up once a wait.
        let mut bucket = TokenBucket::per(7, ms(1_000));
        bucket.take_n(start, 7).unwrap();
        let mut now = start;
        for _ in 0..10_000 {
            now += bucket.try_take(now).unwrap_err();
            bucket.try_take(now).unwrap();
        }
        assert_eq!((now - start).as_nanos(), (10_000 * 1_000_000_000_u128).div_ceil(7));

        let year = Duration::from_secs(365 * 24 * 3_600);
        assert_eq!(bucket.available(start + year), 7);
    }

    #[test]
    fn what_the_platform_says_empties_the_bucket_until_then() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, ms(1_000));
        bucket.learn(start, ms(5_000));
        assert_eq!(bucket.available(start), 0);
        assert_eq!(bucket.try_take(start), Err(ms(5_000)));
        assert_eq!(bucket.take_n(start + ms(1_000), 3), Err(ms(6_000)), "4 s closed, then two refills");
        bucket.learn(start + ms(1_000), ms(1_000));
        assert_eq!(
            bucket.try_take(start + ms(4_999)),
            Err(ms(1)),
            "a shorter wait does not undo a longer one"
        );
        assert_eq!(bucket.try_take(start + ms(5_000)), Ok(()));
        assert_eq!(bucket.try_take(start + ms(5_000)), Err(ms(1_000)));
        assert_eq!(bucket.available(start + ms(9_000)), 4);
        bucket.learn(start + ms(9_000), Duration::MAX);
        assert_eq!(bucket.try_take(start + ms(9_000)), Err(MAX_SERVER_WAIT));
    }

    #[test]
    fn odd_values_and_times_that_go_back_are_harmless() {
        let start = Instant::now() + ms(1_000);
        let mut one = TokenBucket::new(0, Duration::ZERO);
        assert_eq!(one.burst(), 1);
        assert_eq!(one.try_take(start), Ok(()));
        assert_eq!(one.try_take(start), Err(Duration::from_nanos(1)));
        let mut slow = TokenBucket::per(u32::MAX, Duration::MAX);
        assert_eq!(slow.take_n(start, u32::MAX), Ok(()));
        assert_eq!(slow.take_n(start, u32::MAX), Err(MAX_REFILL));
        let mut bucket = TokenBucket::new(1, ms(100));
        bucket.try_take(start).unwrap();
        assert_eq!(bucket.try_take(start - ms(500)), Err(ms(100)));
        assert_eq!(bucket.try_take(start + ms(100)), Ok(()));
    }

    #[tokio::test]
    async fn refusing_says_how_long_and_that_nothing_left() {
        let clock = Clock::paused();
        let limiter = Limiter::new(TokenBucket::new(1, ms(1_500)), LimitMode::Refuse);
        limiter.acquire(&clock).await.unwrap();
        let error = limiter.acquire(&clock).await.unwrap_err();
        assert_eq!((error.code(), error.sent()), (&codes::LIMIT_REACHED, Sent::No));
        assert_eq!(error.retry_after(), Some(ms(1_500)));
        assert!(error.is_retryable());
        clock.advance(ms(1_500));
        limiter.acquire(&clock).await.unwrap();
    }

    type Waiter<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

    #[tokio::test]
    async fn those_who_wait_are_served_in_order_and_one_who_leaves_costs_nothing() {
        let clock = Clock::paused();
        let limiter = Limiter::new(TokenBucket::new(1, ms(100)), LimitMode::Wait);
        limiter.acquire(&clock).await.unwrap();

        let mut waiters: Vec<(usize, Waiter<'_>)> = Vec::new();
        for number in 0..6 {
            let mut waiter: Waiter<'_> = Box::pin(limiter.acquire(&clock));
            assert!(poll!(&mut waiter).is_pending());
            waiters.push((number, waiter));
        }
        drop(waiters.remove(3)); // in the queue
        drop(waiters.remove(0)); // at its head, asleep

        let mut served = Vec::new();
        for _ in 0..6 {
            clock.advance(ms(100));
            // The last first: the order is the queue's, not that of the polls.
            for index in (0..waiters.len()).rev() {
                if poll!(&mut waiters[index].1).is_ready() {
                    served.push(waiters.remove(index).0);
                }
            }
            // Lets the next in line fall asleep, and shows that nobody else was served.
            for (_, waiter) in &mut waiters {
                assert!(poll!(waiter).is_pending(), "two served with one token");
            }
        }
        assert_eq!(served, [1, 2, 4, 5]);
        assert_eq!(limiter.available(&clock), 1);
    }

    #[tokio::test]
    async fn a_wait_grows_when_the_platform_asks_for_more_meanwhile() {
        let clock = Clock::paused();
        let limiter = Limiter::new(TokenBucket::new(1, ms(100)), LimitMode::Wait);
        limiter.acquire(&clock).await.unwrap();
        let mut waiter = pin!(limiter.acquire(&clock));
        assert!(poll!(waiter.as_mut()).is_pending());
        limiter.learn(&clock, ms(1_000));
        clock.advance(ms(999));
        assert!(poll!(waiter.as_mut()).is_pending());
        clock.advance(ms(1));
        assert!(poll!(waiter.as_mut()).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn many_tasks_share_the_rate_on_a_runtime() {
        let limiter = Limiter::new(TokenBucket::new(5, ms(200)), LimitMode::Wait);
        let start = Instant::now();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let limiter = limiter.clone();
                tokio::spawn(async move { limiter.acquire(&Clock::real()).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(start.elapsed(), ms(15 * 200));
        let refusing = limiter.in_mode(LimitMode::Refuse);
        assert!(refusing.acquire(&Clock::real()).await.is_err(), "the tokens are the same ones");
    }
}
