//! The platform's limits, kept on this side (spec, "Troubleshooting": 6/min roulette, 10/s API).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_core::clock::{Clock, Instant};
use sdk_core::error::{Error, Result, codes};
use sdk_core::limit::{LimitMode, Limiter, TokenBucket};
use tokio::sync::Mutex as Turn;

use crate::limits::{CALLS_PER_SECOND, ROULETTE_PER_MINUTE};

/// A second and a minute of calls, shared by a client's clones.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    calls: Limiter,
    roulette: Arc<Roulette>,
}

/// The roulette calls of a minute. Each of them is a call like any other too, so its token is taken together with that one's,
/// which a [`Limiter`] of its own could not.
#[derive(Debug)]
struct Roulette {
    bucket: Mutex<TokenBucket>,
    /// Whose turn it is: first come, first served.
    turn: Turn<()>,
}

impl Roulette {
    /// How long until there is a token; `None` when there is one.
    fn wait(&self, now: Instant) -> Option<Duration> {
        // Asked of a copy: nothing is taken.
        self.bucket().clone().try_take(now).err()
    }

    fn bucket(&self) -> MutexGuard<'_, TokenBucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    pub(crate) fn new(mode: LimitMode) -> Self {
        let calls = TokenBucket::per(CALLS_PER_SECOND, Duration::from_secs(1));
        let roulette = TokenBucket::per(ROULETTE_PER_MINUTE, Duration::from_secs(60));
        let roulette = Roulette { bucket: Mutex::new(roulette), turn: Turn::new(()) };
        Self { calls: Limiter::new(calls, mode), roulette: Arc::new(roulette) }
    }

    /// One call.
    pub(crate) async fn call(&self, clock: &Clock) -> Result<()> {
        self.calls.acquire(clock).await
    }

    /// One roulette call, which is a call like any other too. Both tokens are taken when it leaves: one that was taken before
    /// a wait would be there again too early.
    pub(crate) async fn roulette(&self, clock: &Clock) -> Result<()> {
        let _turn = self.roulette.turn.lock().await;
        loop {
            match self.roulette.wait(clock.now()) {
                None => {}
                Some(wait) if self.calls.mode() == LimitMode::Refuse => return Err(refusal(wait)),
                Some(wait) => {
                    clock.sleep(wait).await;
                    continue;
                }
            }
            self.calls.acquire(clock).await?;
            // It is gone when the platform said 429 meanwhile; then everything is waited for anew.
            let taken = self.roulette.bucket().try_take(clock.now());
            if taken.is_ok() {
                return Ok(());
            }
        }
    }

    /// The platform said 429: the next call waits for as long as it asked, or else for one call's share.
    pub(crate) fn learn_call(&self, clock: &Clock, error: &Error) {
        if error.status() == Some(429) {
            let share = Duration::from_secs(1) / CALLS_PER_SECOND;
            self.calls.learn(clock, error.retry_after().unwrap_or(share));
        }
    }

    /// As [`learn_call`](Self::learn_call), for roulette alone: its limit is the narrower one.
    pub(crate) fn learn_roulette(&self, clock: &Clock, error: &Error) {
        if error.status() == Some(429) {
            let share = Duration::from_secs(60) / ROULETTE_PER_MINUTE;
            self.roulette.bucket().learn(clock.now(), error.retry_after().unwrap_or(share));
        }
    }
}

fn refusal(wait: Duration) -> Error {
    let what = "the client's own limit of roulette calls is reached; nothing was sent";
    Error::new(&codes::LIMIT_REACHED, what).with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limited(retry_after: u64) -> Error {
        let error = Error::new(&codes::RATE_LIMITED, "slow down").with_status(429);
        error.with_retry_after(Duration::from_secs(retry_after))
    }

    #[tokio::test(start_paused = true)]
    async fn a_roulette_call_that_waits_for_its_call_counts_from_when_it_leaves() {
        let (limits, clock) = (Limits::new(LimitMode::Wait), Clock::real());
        limits.learn_call(&clock, &rate_limited(30));
        let start = clock.now();
        limits.roulette(&clock).await.unwrap();
        assert!(clock.now() - start >= Duration::from_secs(30));
        for _ in 1..ROULETTE_PER_MINUTE {
            limits.roulette(&clock).await.unwrap();
        }
        // A minute's calls left within a second, so the next one waits for its share of the minute from the first of them.
        limits.roulette(&clock).await.unwrap();
        let waited = clock.now() - start;
        assert!(waited >= Duration::from_secs(40) && waited < Duration::from_secs(41), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_roulette_call_that_waits_for_its_own_limit_holds_up_no_other_call() {
        let (limits, clock) = (Limits::new(LimitMode::Wait), Clock::real());
        limits.learn_roulette(&clock, &rate_limited(30));
        let start = clock.now();
        let waiting = {
            let (limits, clock) = (limits.clone(), clock.clone());
            async move { limits.roulette(&clock).await }
        };
        let others = async {
            for _ in 0..20 {
                limits.call(&clock).await.unwrap();
            }
            clock.now() - start
        };
        let (met, others) = tokio::join!(waiting, others);
        met.unwrap();
        assert!(others < Duration::from_secs(2), "{others:?}");
        assert!(clock.now() - start >= Duration::from_secs(30));
    }

    #[tokio::test]
    async fn what_is_refused_takes_no_roulette_token() {
        let (limits, clock) = (Limits::new(LimitMode::Refuse), Clock::paused());
        for _ in 0..CALLS_PER_SECOND {
            limits.call(&clock).await.unwrap();
        }
        assert_eq!(*limits.roulette(&clock).await.unwrap_err().code(), codes::LIMIT_REACHED);
        clock.advance(Duration::from_secs(1));
        for _ in 0..ROULETTE_PER_MINUTE {
            limits.roulette(&clock).await.unwrap();
        }
        let error = limits.roulette(&clock).await.unwrap_err();
        assert_eq!(
            (error.code().id(), error.retry_after()),
            ("limit_reached", Some(Duration::from_secs(10)))
        );
        // Nor does it take a call's.
        for _ in ROULETTE_PER_MINUTE..CALLS_PER_SECOND {
            limits.call(&clock).await.unwrap();
        }
    }
}
