//! When a call is tried again, and how many times at most.

use std::time::Duration;

use super::clamped;
use crate::error::{Error, ErrorKind, Sent, codes};

/// Whether a call may be sent a second time when nobody knows what became of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Twice is as good as once: it only asks, or it sets what it says. The default of GET.
    ///
    /// Tried again after a failed or lost connection, a timeout, 429, 502, 503 and 504, and once after a 500.
    Safe,
    /// Twice may be one time too many: a move, a message, a registration. The default of everything but GET.
    ///
    /// Tried again only when nothing was sent: the connection was not made. An answer that was lost is never a reason.
    Never,
}

/// How often, and after which waits, a call is tried again.
///
/// The wait before try *n* is random between zero and `first · 2ⁿ⁻²`, at most `cap`, and never shorter than the server's
/// `Retry-After`. A wait that would end after the call's timeout is not begun: the error is given at once, and says how long
/// the server asks to wait.
///
/// Retries have a budget that the clones of one [`Http`](super::Http) share: ten, of which each retry takes one and each
/// call that succeeds gives a tenth back. While a platform is down, most calls therefore fail at their first try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first: Duration,
    cap: Duration,
    attempt_timeout: Option<Duration>,
    never_after_rate_limit: bool,
}

impl RetryPolicy {
    /// The default: at most 3 tries, first wait up to 200 ms, no wait above 5 s.
    pub fn new() -> Self {
        Self {
            attempts: 3,
            first: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            attempt_timeout: None,
            never_after_rate_limit: false,
        }
    }

    /// Every call is tried once.
    pub fn none() -> Self {
        Self::new().attempts(1)
    }

    /// At most this many tries a call, the first included. Zero counts as one.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest first wait. It doubles from try to try.
    #[must_use]
    pub fn first(mut self, first: Duration) -> Self {
        self.first = clamped(first);
        self
    }

    /// The longest wait of our own choice. `Retry-After` may ask for more.
    #[must_use]
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = clamped(cap);
        self
    }

    /// How long one try of a [`Safe`](Idempotency::Safe) call may take before it is tried again, within the timeout of the
    /// whole call. Default: no limit of its own, so that a slow answer is waited for.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(clamped(timeout));
        self
    }

    /// Whether a [`Never`](Idempotency::Never) call is sent again after a 429 that says when (`Retry-After`). Default:
    /// `false`, because nothing proves that the answer came from something in front of the platform, before the call was
    /// carried out.
    #[must_use]
    pub fn never_after_rate_limit(mut self, again: bool) -> Self {
        self.never_after_rate_limit = again;
        self
    }

    /// How long one try may take, where that is limited.
    pub(super) fn try_timeout(&self, idempotency: Idempotency) -> Option<Duration> {
        self.attempt_timeout.filter(|_| idempotency == Idempotency::Safe)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps an outage from being multiplied by retries. Counts tenths of a retry.
#[derive(Debug)]
pub(super) struct Budget {
    tenths: u32,
}

impl Budget {
    const FULL: u32 = 100;
    const RETRY: u32 = 10;

    pub(super) fn new() -> Self {
        Self { tenths: Self::FULL }
    }

    pub(super) fn succeeded(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::FULL);
    }

    fn take(&mut self) -> bool {
        match self.tenths.checked_sub(Self::RETRY) {
            Some(left) => {
                self.tenths = left;
                true
            }
            None => false,
        }
    }
}

/// One call's tries.
#[derive(Debug)]
pub(super) struct Tries {
    policy: RetryPolicy,
    idempotency: Idempotency,
    failed: u32,
    internal_errors: u32,
}

/// What to wait for before the next try: both of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Our own choice.
    pub(super) backoff: Duration,
    /// What the server asked for.
    pub(super) asked: Duration,
}

impl Tries {
    pub(super) fn new(policy: RetryPolicy, idempotency: Idempotency) -> Self {
        Self { policy, idempotency, failed: 0, internal_errors: 0 }
    }

    /// How many tries have failed.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// A try failed: the wait before the next one, or `None` when the error is final. `random` gives a number from zero to
    /// its argument.
    pub(super) fn failed_with(
        &mut self,
        error: &Error,
        budget: &mut Budget,
        random: impl FnOnce(u64) -> u64,
    ) -> Option<Wait> {
        self.failed += 1;
        if error.status() == Some(500) {
            self.internal_errors += 1;
        }
        if self.failed >= self.policy.attempts || !self.may_be_sent_again(error) || !budget.take() {
            return None;
        }
        let doubled = self.policy.first.saturating_mul(2_u32.saturating_pow(self.failed - 1));
        let longest = doubled.min(self.policy.cap).as_nanos().try_into().unwrap_or(u64::MAX);
        Some(Wait {
            backoff: Duration::from_nanos(random(longest)),
            asked: error.retry_after().unwrap_or_default(),
        })
    }

    fn may_be_sent_again(&self, error: &Error) -> bool {
        let code = error.code();
        match self.idempotency {
            Idempotency::Safe => match error.status() {
                // Answered, and the body did not come whole.
                Some(200..=299) => *code == codes::CONNECTION_LOST || *code == codes::HTTP_TIMEOUT,
                Some(500) => self.internal_errors == 1,
                Some(429 | 502..=504) => true,
                Some(_) => false,
                // A certificate that was refused will be refused again.
                None => {
                    *code != codes::TLS_FAILED
                        && matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout)
                }
            },
            Idempotency::Never if error.sent() == Sent::No => {
                *code == codes::CONNECT_FAILED || *code == codes::CONNECT_TIMEOUT
            }
            Idempotency::Never => {
                self.policy.never_after_rate_limit
                    && *code == codes::RATE_LIMITED
                    && error.retry_after().is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn error(code: &'static Code, status: u16, sent: Sent) -> Error {
        let error = Error::new(code, "x").with_sent(sent);
        if status == 0 { error } else { error.with_status(status) }
    }

    /// How many times a call goes out that always fails so.
    fn sent_times(policy: RetryPolicy, idempotency: Idempotency, error: &Error) -> u32 {
        let (mut tries, mut budget, mut times) = (Tries::new(policy, idempotency), Budget::new(), 1);
        while tries.failed_with(error, &mut budget, |longest| longest).is_some() {
            times += 1;
        }
        times
    }

    #[test]
    fn what_is_sent_how_often() {
        let policy = RetryPolicy::new();
        for (code, status, sent, safe, never) in [
            (&codes::CONNECT_FAILED, 0, Sent::No, 3, 3),
            (&codes::CONNECT_TIMEOUT, 0, Sent::No, 3, 3),
            (&codes::TLS_FAILED, 0, Sent::No, 1, 1),
            (&codes::CONNECTION_LOST, 0, Sent::Maybe, 3, 1),
            (&codes::CONNECTION_LOST, 200, Sent::Yes, 3, 1),
            (&codes::HTTP_TIMEOUT, 0, Sent::Maybe, 3, 1),
            (&codes::HTTP_TIMEOUT, 200, Sent::Yes, 3, 1),
            (&codes::RATE_LIMITED, 429, Sent::Yes, 3, 1),
            (&codes::HTTP_STATUS, 500, Sent::Yes, 2, 1),
            (&codes::HTTP_STATUS, 501, Sent::Yes, 1, 1),
            (&codes::HTTP_STATUS, 502, Sent::Yes, 3, 1),
            (&codes::HTTP_STATUS, 503, Sent::Yes, 3, 1),
            (&codes::HTTP_STATUS, 504, Sent::Yes, 3, 1),
            (&codes::HTTP_STATUS, 404, Sent::Yes, 1, 1),
            (&codes::AUTH_REJECTED, 401, Sent::Yes, 1, 1),
            (&codes::REDIRECT_REFUSED, 307, Sent::Yes, 1, 1),
            (&codes::BODY_TOO_LARGE, 200, Sent::Yes, 1, 1),
            (&codes::INVALID_ARGUMENT, 0, Sent::No, 1, 1),
        ] {
            let error = error(code, status, sent);
            assert_eq!(sent_times(policy, Idempotency::Safe, &error), safe, "safe: {error:?}");
            assert_eq!(sent_times(policy, Idempotency::Never, &error), never, "never: {error:?}");
        }
    }

    #[test]
    fn a_write_goes_out_again_after_429_only_when_asked_for_and_told_when() {
        let policy = RetryPolicy::new().never_after_rate_limit(true);
        let limited = error(&codes::RATE_LIMITED, 429, Sent::Yes);
        assert_eq!(sent_times(policy, Idempotency::Never, &limited), 1);
        let told = limited.with_retry_after(Duration::from_secs(1));
        assert_eq!(sent_times(policy, Idempotency::Never, &told), 3);
        assert_eq!(sent_times(RetryPolicy::new(), Idempotency::Never, &told), 1);
    }

    #[test]
    fn waits_double_to_the_cap_and_carry_what_the_server_asked() {
        let policy =
            RetryPolicy::new().attempts(9).first(Duration::from_millis(200)).cap(Duration::from_secs(1));
        let error = error(&codes::HTTP_STATUS, 503, Sent::Yes).with_retry_after(Duration::from_secs(7));
        let (mut tries, mut budget) = (Tries::new(policy, Idempotency::Safe), Budget::new());
        let waits: Vec<u128> =
            std::iter::from_fn(|| tries.failed_with(&error, &mut budget, |longest| longest))
                .inspect(|wait| assert_eq!(wait.asked, Duration::from_secs(7)))
                .map(|wait| wait.backoff.as_millis())
                .collect();
        assert_eq!(waits, [200, 400, 800, 1000, 1000, 1000, 1000, 1000]);
    }

    #[test]
    fn an_outage_uses_the_budget_up_and_successes_fill_it_slowly() {
        let (mut budget, error) = (Budget::new(), error(&codes::HTTP_STATUS, 503, Sent::Yes));
        let retries = |budget: &mut Budget| {
            let mut tries = Tries::new(RetryPolicy::new().attempts(u32::MAX), Idempotency::Safe);
            std::iter::from_fn(|| tries.failed_with(&error, budget, |_| 0)).count()
        };
        assert_eq!(retries(&mut budget), 10);
        assert_eq!(retries(&mut budget), 0);
        for _ in 0..10 {
            budget.succeeded();
        }
        assert_eq!(retries(&mut budget), 1);
        for _ in 0..100_000 {
            budget.succeeded();
        }
        assert_eq!(retries(&mut budget), 10);
    }
}
