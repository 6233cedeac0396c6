//! Reconnect policies as data.
//!
//! A [`BackoffPolicy`] says how long to wait before each attempt, how many attempts there are, and how much health it
//! takes to start over. [`Backoff`] is its state for one connection. It is pure: it takes the time as an argument, and
//! returns the next delay.
//!
//! Attempts go back to 0 only after *proven health*: the connection was authenticated, and stayed so for
//! [`BackoffPolicy::reset_after`]. A server that accepts every connection and drops it a second later is therefore met
//! with longer and longer delays, not with a dial a second.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::backoff::{Backoff, BackoffPolicy, Jitter};
//! use sdk_core::clock::Clock;
//!
//! let policy = BackoffPolicy::exponential(Duration::from_secs(1), Duration::from_secs(30)).with_jitter(Jitter::None);
//! let mut backoff = Backoff::new(policy, None);
//! let clock = Clock::paused();
//!
//! assert_eq!(backoff.next_delay(), Some(Duration::from_secs(1)));
//! assert_eq!(backoff.next_delay(), Some(Duration::from_secs(2)));
//!
//! backoff.healthy(clock.now()); // connected and authenticated …
//! clock.advance(Duration::from_secs(60));
//! backoff.lost(clock.now()); // … and well for a minute: the next trouble is a new one
//! assert_eq!(backoff.next_delay(), Some(Duration::from_secs(1)));
//! ```

use std::borrow::Cow;
use std::time::Duration;

use fastrand::Rng;

use crate::clock::Instant;

/// The shortest delay before jitter. Shorter ones (zero included) are raised to it, so that no policy dials in a tight
/// loop.
pub const MIN_DELAY: Duration = Duration::from_millis(1);

/// The longest delay. Longer ones are lowered to it.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest wait that a server may ask for, as in `Retry-After`. Longer ones are lowered to it.
pub const MAX_SERVER_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long a connection must stay healthy before attempts go back to 0, unless
/// [`BackoffPolicy::with_reset_after`] says otherwise.
pub const DEFAULT_RESET_AFTER: Duration = Duration::from_secs(60);

/// How much of a delay is left to chance, so that clients that lost the same server do not come back as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// Nothing: the delay is the policy's own.
    None,
    /// All of it: uniform between 0 (exclusive) and the policy's delay. It spreads a crowd best.
    Full,
    /// The second half: uniform between half of the policy's delay and the whole of it.
    Equal,
}

/// How long to wait before each attempt to reconnect, how many attempts there are, and what ends the trouble.
///
/// Nothing here can fail: values outside the limits are moved to the nearest one, as each constructor documents. The
/// default is 1 s doubling to 30 s with full jitter, for ever.
///
/// ```
/// use std::time::Duration;
/// use sdk_core::backoff::{BackoffPolicy, Jitter};
///
/// let steps = [1, 2, 4, 8, 10].map(Duration::from_secs); // the last one repeats
/// let policy = BackoffPolicy::steps(steps.to_vec()).with_jitter(Jitter::Equal).with_max_attempts(Some(20));
/// assert_eq!(policy.delay(2), Duration::from_secs(4));
/// assert_eq!(policy.delay(99), Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BackoffPolicy {
    delays: Delays,
    jitter: Jitter,
    max_attempts: Option<u32>,
    reset_after: Duration,
}

#[derive(Debug, Clone, PartialEq)]
enum Delays {
    Exponential { first: Duration, cap: Duration },
    Steps(Cow<'static, [Duration]>),
}

impl BackoffPolicy {
    /// `first`, doubled at each attempt, up to `cap`; with [`Jitter::Full`], for ever.
    ///
    /// Both are moved into [`MIN_DELAY`]`..=`[`MAX_DELAY`], and a `cap` below `first` counts as `first`.
    pub fn exponential(first: Duration, cap: Duration) -> Self {
        let first = clamped(first);
        Self::from_delays(Delays::Exponential { first, cap: clamped(cap).max(first) }, Jitter::Full)
    }

    /// These delays in this order, the last one again and again; with [`Jitter::None`], for ever.
    ///
    /// Each is moved into [`MIN_DELAY`]`..=`[`MAX_DELAY`]. No steps at all count as one of 1 s.
    pub fn steps(steps: impl Into<Cow<'static, [Duration]>>) -> Self {
        const ONE_SECOND: &[Duration] = &[Duration::from_secs(1)];
        let mut steps = steps.into();
        if steps.is_empty() {
            steps = Cow::Borrowed(ONE_SECOND);
        }
        if steps.iter().any(|step| clamped(*step) != *step) {
            steps.to_mut().iter_mut().for_each(|step| *step = clamped(*step));
        }
        Self::from_delays(Delays::Steps(steps), Jitter::None)
    }

    fn from_delays(delays: Delays, jitter: Jitter) -> Self {
        Self { delays, jitter, max_attempts: None, reset_after: DEFAULT_RESET_AFTER }
    }

    /// Another jitter.
    #[must_use]
    pub fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// How many attempts follow one another without proven health between them. `None` is for ever; `Some(0)` never
    /// reconnects: the first loss is the end.
    #[must_use]
    pub fn with_max_attempts(mut self, max: Option<u32>) -> Self {
        self.max_attempts = max;
        self
    }

    /// How long a connection must stay healthy before attempts go back to 0. The default is [`DEFAULT_RESET_AFTER`].
    /// Zero starts over after every authenticated connection, however short: a flapping server is then dialled at the
    /// first delay for ever.
    #[must_use]
    pub fn with_reset_after(mut self, span: Duration) -> Self {
        self.reset_after = span;
        self
    }

    /// The delay before attempt `attempt`, counted from 0, before jitter: the most that a jittered one can be.
    pub fn delay(&self, attempt: u32) -> Duration {
        match &self.delays {
            Delays::Exponential { first, cap } => {
                let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
                first.saturating_mul(factor).min(*cap)
            }
            Delays::Steps(steps) => {
                let step = usize::try_from(attempt).ok().and_then(|attempt| steps.get(attempt));
                step.or(steps.last()).copied().unwrap_or(MAX_DELAY)
            }
        }
    }

    /// How much of each delay is left to chance.
    pub fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// How many attempts follow one another without proven health; `None` is for ever.
    pub fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// How long a connection must stay healthy before attempts go back to 0.
    pub fn reset_after(&self) -> Duration {
        self.reset_after
    }
}

impl Default for BackoffPolicy {
    fn default() -> Self {
        Self::exponential(Duration::from_secs(1), Duration::from_secs(30))
    }
}

fn clamped(delay: Duration) -> Duration {
    delay.clamp(MIN_DELAY, MAX_DELAY)
}

/// A [`BackoffPolicy`] at work for one connection.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: BackoffPolicy,
    rng: Rng,
    attempt: u32,
    healthy_since: Option<Instant>,
}

impl Backoff {
    /// At attempt 0. The same policy and seed give the same delays; without a seed they differ from run to run.
    pub fn new(policy: BackoffPolicy, seed: Option<u64>) -> Self {
        let rng = seed.map_or_else(Rng::new, Rng::with_seed);
        Self { policy, rng, attempt: 0, healthy_since: None }
    }

    /// How long to wait before the next attempt, which is counted. `None`: the attempts are used up, give up.
    pub fn next_delay(&mut self) -> Option<Duration> {
        if self.policy.max_attempts.is_some_and(|max| self.attempt >= max) {
            return None;
        }
        let whole = self.policy.delay(self.attempt);
        self.attempt = self.attempt.saturating_add(1);
        Some(match self.policy.jitter {
            Jitter::None => whole,
            Jitter::Full => self.up_to(whole),
            Jitter::Equal => {
                let half = whole / 2;
                half + self.up_to(whole - half)
            }
        })
    }

    /// As [`Backoff::next_delay`], but at least as long as the server asks, where it does (`Retry-After`). More than
    /// [`MAX_SERVER_WAIT`] is not granted to it.
    pub fn next_delay_at_least(&mut self, server_asks: Option<Duration>) -> Option<Duration> {
        let own = self.next_delay()?;
        Some(own.max(server_asks.unwrap_or_default().min(MAX_SERVER_WAIT)))
    }

    /// The connection is authenticated now. Said again while it lasts, it changes nothing.
    pub fn healthy(&mut self, now: Instant) {
        self.healthy_since.get_or_insert(now);
    }

    /// The connection ended, or never came to be. Attempts go back to 0 if it had been healthy for
    /// [`BackoffPolicy::reset_after`]; true says that it had.
    ///
    /// Where a connection died of silence, pass the time at which it was last heard: silence is not health.
    pub fn lost(&mut self, now: Instant) -> bool {
        let since = self.healthy_since.take();
        let healthy =
            since.is_some_and(|since| now.saturating_duration_since(since) >= self.policy.reset_after);
        if healthy {
            self.attempt = 0;
        }
        healthy
    }

    /// How many attempts were made since the last proven health.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The policy.
    pub fn policy(&self) -> &BackoffPolicy {
        &self.policy
    }

    /// A wait between 0 and `span` (exclusive), for the first dial after a server said that it restarts: all of its
    /// clients lost it in the same moment, and must not come back in the same moment. It counts as no attempt.
    pub fn spread(&mut self, span: Duration) -> Duration {
        match nanos(span) {
            0 => Duration::ZERO,
            nanos => Duration::from_nanos(self.rng.u64(0..nanos)),
        }
    }

    /// Uniform between 0 (exclusive) and `whole`, which is at least [`MIN_DELAY`] halved.
    fn up_to(&mut self, whole: Duration) -> Duration {
        Duration::from_nanos(self.rng.u64(1..=nanos(whole).max(1)))
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn delays(policy: BackoffPolicy, seed: u64, n: usize) -> Vec<Option<Duration>> {
        let mut backoff = Backoff::new(policy, Some(seed));
        (0..n).map(|_| backoff.next_delay()).collect()
    }

    #[test]
    fn doubles_to_its_cap_and_stays_there_however_long_it_takes() {
        let policy = BackoffPolicy::exponential(s(1), s(30)).with_jitter(Jitter::None);
        let expected = [1, 2, 4, 8, 16, 30, 30, 30].map(|delay| Some(s(delay)));
        assert_eq!(delays(policy.clone(), 0, 8), expected);
        for attempt in [31, 32, 33, 64, u32::MAX] {
            assert_eq!(policy.delay(attempt), s(30), "attempt {attempt}");
        }
    }

    #[test]
    fn limits_are_what_their_docs_say() {
        assert_eq!((MAX_DELAY, MAX_SERVER_WAIT), (s(86_400), s(600)));
        let policy = BackoffPolicy::exponential(s(1), s(30));
        assert_eq!(
            (policy.jitter(), policy.max_attempts(), policy.reset_after()),
            (Jitter::Full, None, s(60))
        );
        let policy = policy.with_max_attempts(Some(7)).with_reset_after(s(5)).with_jitter(Jitter::Equal);
        assert_eq!(
            (policy.jitter(), policy.max_attempts(), policy.reset_after()),
            (Jitter::Equal, Some(7), s(5))
        );
        assert_eq!(Backoff::new(policy.clone(), None).policy(), &policy);
    }

    #[test]
    fn steps_within_the_limits_are_not_copied() {
        const GIVEN: &[Duration] = &[s(1), s(2)];
        let policy = BackoffPolicy::steps(GIVEN);
        assert!(matches!(&policy.delays, Delays::Steps(Cow::Borrowed(steps)) if std::ptr::eq(*steps, GIVEN)));
    }

    #[test]
    fn steps_are_taken_in_order_and_the_last_one_repeats() {
        const BOTORNOT: &[Duration] = &[s(1), s(2), s(4), s(8), s(10)];
        let expected = [1, 2, 4, 8, 10, 10, 10].map(|delay| Some(s(delay)));
        assert_eq!(delays(BackoffPolicy::steps(BOTORNOT), 0, 7), expected);
        assert_eq!(delays(BackoffPolicy::steps(BOTORNOT.to_vec()), 0, 7), expected);
    }

    #[test]
    fn values_that_make_no_sense_are_moved_to_the_nearest_that_do() {
        assert_eq!(BackoffPolicy::exponential(Duration::ZERO, Duration::ZERO).delay(0), MIN_DELAY);
        assert_eq!(BackoffPolicy::exponential(s(5), s(1)).delay(9), s(5));
        assert_eq!(BackoffPolicy::exponential(Duration::MAX, Duration::MAX).delay(9), MAX_DELAY);
        assert_eq!(BackoffPolicy::exponential(s(1), Duration::MAX).delay(40), MAX_DELAY);
        assert_eq!(BackoffPolicy::steps(Vec::new()).delay(0), s(1));
        let odd = BackoffPolicy::steps(vec![Duration::ZERO, s(3), Duration::MAX]);
        assert_eq!([0, 1, 2].map(|attempt| odd.delay(attempt)), [MIN_DELAY, s(3), MAX_DELAY]);
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_fills_them() {
        for (jitter, floor) in [(Jitter::Full, 0.0), (Jitter::Equal, 0.5)] {
            let policy = BackoffPolicy::exponential(s(1), s(30)).with_jitter(jitter);
            let (mut low, mut high) = (f64::MAX, f64::MIN);
            for seed in 0..2_000 {
                for (attempt, delay) in (0..).zip(delays(policy.clone(), seed, 8).into_iter().flatten()) {
                    assert!(delay > Duration::ZERO && delay <= policy.delay(attempt), "{attempt}: {delay:?}");
                    let part = delay.as_secs_f64() / policy.delay(attempt).as_secs_f64();
                    (low, high) = (low.min(part), high.max(part));
                }
            }
            assert!(low >= floor && low < floor + 0.01, "{jitter:?} starts at {low}");
            assert!(high <= 1.0 && high > 0.99, "{jitter:?} ends at {high}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let policy = BackoffPolicy::default();
        assert_eq!(delays(policy.clone(), 7, 50), delays(policy.clone(), 7, 50));
        assert_ne!(delays(policy.clone(), 7, 50), delays(policy.clone(), 8, 50));
        let unseeded = |policy: &BackoffPolicy| Backoff::new(policy.clone(), None).spread(s(1_000_000));
        assert_ne!(unseeded(&policy), unseeded(&policy));
    }

    #[test]
    fn gives_up_after_its_attempts_and_never_tries_when_there_are_none() {
        let policy = BackoffPolicy::default();
        let answers = delays(policy.clone().with_max_attempts(Some(3)), 1, 5);
        assert_eq!(answers.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, false, false]);
        assert_eq!(delays(policy.clone().with_max_attempts(Some(0)), 1, 1), [None]);
        assert!(delays(policy, 1, 10_000).iter().all(Option::is_some));
    }

    #[test]
    fn a_server_is_waited_for_as_it_asks_within_reason() {
        let mut backoff = Backoff::new(BackoffPolicy::steps(vec![s(5)]).with_max_attempts(Some(4)), Some(1));
        assert_eq!(backoff.next_delay_at_least(None), Some(s(5)));
        assert_eq!(backoff.next_delay_at_least(Some(s(2))), Some(s(5)));
        assert_eq!(backoff.next_delay_at_least(Some(s(9))), Some(s(9)));
        assert_eq!(backoff.next_delay_at_least(Some(Duration::MAX)), Some(MAX_SERVER_WAIT));
        assert_eq!(backoff.next_delay_at_least(Some(s(9))), None, "asking to wait grants no further attempt");
    }

    #[test]
    fn flapping_fifty_times_never_resets() {
        let clock = Clock::paused();
        let policy = BackoffPolicy::default().with_jitter(Jitter::None);
        let mut backoff = Backoff::new(policy, Some(1));
        for round in 0..50 {
            assert_eq!(backoff.attempt(), round);
            let delay = backoff.next_delay().unwrap();
            assert_eq!(delay, s(1 << round.min(5)).min(s(30)), "round {round}");
            clock.advance(delay);
            backoff.healthy(clock.now());
            clock.advance(s(1));
            backoff.healthy(clock.now());
            backoff.lost(clock.now());
        }
        assert_eq!(backoff.attempt(), 50);
    }

    #[test]
    fn resets_at_the_stated_span_of_health_and_not_before() {
        let policy = BackoffPolicy::default().with_reset_after(s(60));
        for (healthy_for, attempts) in [(59_999, 3), (60_000, 0), (3_600_000, 0)] {
            let clock = Clock::paused();
            let mut backoff = Backoff::new(policy.clone(), Some(1));
            for _ in 0..3 {
                backoff.next_delay();
                backoff.lost(clock.now());
            }
            backoff.healthy(clock.now());
            clock.advance(Duration::from_millis(healthy_for));
            backoff.healthy(clock.now()); // said again, it does not start anew
            assert_eq!(backoff.attempt(), 3, "nothing resets while the connection lasts");
            backoff.lost(clock.now());
            assert_eq!(backoff.attempt(), attempts, "healthy for {healthy_for} ms");
        }
    }

    #[test]
    fn dials_that_fail_prove_no_health_however_long_they_take() {
        let clock = Clock::paused();
        let mut backoff = Backoff::new(BackoffPolicy::default(), Some(1));
        backoff.healthy(clock.now());
        backoff.lost(clock.now());
        for attempt in 1..=20 {
            backoff.next_delay();
            clock.advance(s(600));
            backoff.lost(clock.now());
            assert_eq!(backoff.attempt(), attempt);
        }
    }

    #[test]
    fn a_thousand_clients_of_an_announced_restart_do_not_come_back_at_once() {
        let dial = |seed| Backoff::new(BackoffPolicy::default(), Some(seed)).spread(s(15));
        let mut dials: Vec<_> = (0..1_000).map(dial).collect();
        dials.sort_unstable();
        assert!(*dials.last().unwrap() < s(15));
        for (first, start) in dials.iter().enumerate() {
            let within = dials[first..].iter().take_while(|dial| **dial < *start + s(1)).count();
            assert!(within <= 100, "{within} dials in the second from {start:?}");
        }
    }

    #[test]
    fn a_spread_counts_as_no_attempt_and_over_nothing_is_nothing() {
        let mut backoff = Backoff::new(BackoffPolicy::default(), Some(1));
        assert_eq!(backoff.spread(Duration::ZERO), Duration::ZERO);
        assert!(backoff.spread(Duration::MAX) > Duration::ZERO);
        assert_eq!(backoff.attempt(), 0);
    }
}
