//! The platform's limits, kept on this side (spec, "Troubleshooting": 6/min roulette, 10/s API).

use std::time::Duration;

use sdk_core::clock::Clock;
use sdk_core::error::{Error, Result};
use sdk_core::limit::{LimitMode, Limiter, TokenBucket};

/// How many roulette calls a minute the platform takes.
pub const ROULETTE_PER_MINUTE: u32 = 6;
/// How many calls a second the platform takes.
pub const CALLS_PER_SECOND: u32 = 10;

/// A second and a minute of calls, shared by a client's clones.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    calls: Limiter,
    roulette: Limiter,
}

impl Limits {
    pub(crate) fn new(mode: LimitMode) -> Self {
        let calls = TokenBucket::per(CALLS_PER_SECOND, Duration::from_secs(1));
        let roulette = TokenBucket::per(ROULETTE_PER_MINUTE, Duration::from_secs(60));
        Self { calls: Limiter::new(calls, mode), roulette: Limiter::new(roulette, mode) }
    }

    /// One call.
    pub(crate) async fn call(&self, clock: &Clock) -> Result<()> {
        self.calls.acquire(clock).await
    }

    /// One roulette call, which is a call like any other too.
    pub(crate) async fn roulette(&self, clock: &Clock) -> Result<()> {
        self.roulette.acquire(clock).await?;
        self.calls.acquire(clock).await
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
            self.roulette.learn(clock, error.retry_after().unwrap_or(share));
        }
    }
}
