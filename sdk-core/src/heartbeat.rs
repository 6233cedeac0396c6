//! When to ping, and when silence means death.
//!
//! [`Heartbeat`] is pure. The connection's loop counts what it reads (the socket driver: bytes), wakes at
//! [`Heartbeat::next_beat`], and does what [`Heartbeat::beat`] says. Liveness is that counter, compared at each beat: a
//! message costs no look at the clock. *Anything* that comes in is a sign of life, not only a pong.
//!
//! # How long until a dead peer is noticed
//!
//! Life is dated at the beat that sees it, so it may be up to one `interval` older. A peer whose last frame came at `t`
//! is found dead between `t + silence` and `t + silence + interval` (plus however late the loop calls `beat`). The
//! [default policy](HeartbeatPolicy::default) notices within 30 s.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::clock::Clock;
//! use sdk_core::heartbeat::{Beat, Heartbeat, HeartbeatPolicy};
//!
//! let clock = Clock::paused();
//! let mut heart = Heartbeat::new(HeartbeatPolicy::default(), clock.now(), Some(1));
//! let frames = 0; // nothing ever comes
//! let silent_for = loop {
//!     clock.advance(heart.next_beat() - clock.now());
//!     match heart.beat(clock.now(), frames) {
//!         Beat::Quiet => {}
//!         Beat::Ping => {} // write a ping
//!         Beat::Dead { silent_for } => break silent_for, // drop the socket, connect again
//!     }
//! };
//! assert_eq!(silent_for, Duration::from_secs(20));
//! ```

use std::time::Duration;

use fastrand::Rng;

use crate::clock::Instant;
use crate::error::{Error, Result};

/// The longest interval and silence that a policy can have.
pub const MAX_SPAN: Duration = Duration::from_secs(24 * 60 * 60);

/// A beat that comes later than it was due by more than this many times the policy's silence finds the peer dead,
/// whatever was counted: the machine slept.
const TOO_LATE: u32 = 3;

/// How often to ping, and how much silence means that the peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeartbeatPolicy {
    interval: Duration,
    silence: Duration,
}

impl HeartbeatPolicy {
    /// A ping every `interval`; dead when nothing came in for `silence`.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](crate::error::codes::INVALID_CONFIG), with the field `interval` or `silence`: when one is zero
    /// or above [`MAX_SPAN`], and when `silence` is below `interval`, because a peer that only answers pings would then
    /// be found dead between two of them.
    pub fn new(interval: Duration, silence: Duration) -> Result<Self> {
        for (field, span) in [("interval", interval), ("silence", silence)] {
            if span.is_zero() || span > MAX_SPAN {
                let message =
                    format!("the heartbeat's {field} must be above 0 and at most 24 h, not {span:?}");
                return Err(Error::invalid_config(field, message));
            }
        }
        if silence < interval {
            let message =
                format!("the heartbeat's silence ({silence:?}) is below its interval ({interval:?})");
            return Err(Error::invalid_config("silence", message));
        }
        Ok(Self { interval, silence })
    }

    /// The time between two pings.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The silence that means death.
    pub fn silence(&self) -> Duration {
        self.silence
    }

    /// The longest time from a peer's last frame to [`Beat::Dead`], when every beat is on time: `silence + interval`.
    pub fn detects_within(&self) -> Duration {
        self.silence + self.interval
    }
}

impl Default for HeartbeatPolicy {
    /// A ping every 10 s, dead after 20 s of silence: noticed within 30 s.
    fn default() -> Self {
        Self { interval: Duration::from_secs(10), silence: Duration::from_secs(20) }
    }
}

/// What to do at a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nothing; wait for the next beat.
    Quiet,
    /// Send a ping.
    Ping,
    /// The peer is gone: drop the connection. It stays dead.
    Dead {
        /// The time since the beat that last saw life; the last frame may be up to one interval older.
        silent_for: Duration,
    },
}

/// The heartbeat of one connection. A new connection gets a new one.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    policy: HeartbeatPolicy,
    next_ping: Instant,
    seen: u64,
    alive_at: Instant,
}

impl Heartbeat {
    /// A connection that is made now, with no frame counted yet. The first ping is due within one interval, at a moment
    /// left to chance, so that many clients of one server do not beat as one. The same seed gives the same moment. It is
    /// never later than half of the silence: even a peer that says nothing of its own has the other half to answer.
    pub fn new(policy: HeartbeatPolicy, now: Instant, seed: Option<u64>) -> Self {
        let mut rng = seed.map_or_else(Rng::new, Rng::with_seed);
        let latest = policy.interval.min(policy.silence / 2);
        let first =
            Duration::from_nanos(rng.u64(1..=u64::try_from(latest.as_nanos()).unwrap_or(u64::MAX).max(1)));
        Self { policy, next_ping: now + first, seen: 0, alive_at: now }
    }

    /// For a counter that runs on over all connections: `frames` is what it shows now. What came in before is no life of
    /// this connection.
    #[must_use]
    pub fn counting_from(mut self, frames: u64) -> Self {
        self.seen = frames;
        self
    }

    /// When to call [`Heartbeat::beat`] next.
    pub fn next_beat(&self) -> Instant {
        self.next_ping.min(self.alive_at + self.policy.silence)
    }

    /// What to do now. `frames` is the count of everything that came in on this connection since it was made. It may
    /// wrap: only a change matters.
    ///
    /// Called before its time, it notes life and is otherwise [`Beat::Quiet`]. Called too late by more than three times
    /// the silence (a laptop that slept), it is [`Beat::Dead`] even if frames were counted: they may have lain in a
    /// buffer since before, and one redial is cheap. A beat that is merely late is judged by what was counted, and
    /// makes up for no missed ping.
    pub fn beat(&mut self, now: Instant, frames: u64) -> Beat {
        let silent_for = now.saturating_duration_since(self.alive_at);
        if now.saturating_duration_since(self.next_beat()) > self.policy.silence * TOO_LATE {
            return Beat::Dead { silent_for };
        }
        if frames != self.seen {
            self.seen = frames;
            self.alive_at = now;
        } else if silent_for >= self.policy.silence {
            return Beat::Dead { silent_for };
        }
        if now < self.next_ping {
            return Beat::Quiet;
        }
        self.next_ping = now + self.policy.interval;
        Beat::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::codes;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn policies() -> [HeartbeatPolicy; 4] {
        let policy = |interval, silence| HeartbeatPolicy::new(ms(interval), ms(silence)).unwrap();
        [HeartbeatPolicy::default(), policy(10_000, 25_000), policy(25_000, 25_000), policy(1, 90)]
    }

    /// Beats in time order until the end or death, and feeds frames at the times that `frames_at` gives: for each ping
    /// the moments at which it makes frames come in.
    fn live(
        policy: HeartbeatPolicy,
        seed: u64,
        start: Instant,
        until: Duration,
        mut answer: impl FnMut(Instant) -> Option<Instant>,
    ) -> (Vec<Instant>, Option<(Instant, Duration)>) {
        let mut heart = Heartbeat::new(policy, start, Some(seed));
        let (mut inbound, mut frames, mut pings) = (Vec::<Instant>::new(), 0, Vec::new());
        loop {
            let now = heart.next_beat();
            if now > start + until {
                return (pings, None);
            }
            frames += inbound.extract_if(.., |at| *at <= now).count() as u64;
            match heart.beat(now, frames) {
                Beat::Quiet => {}
                Beat::Ping => {
                    pings.push(now);
                    inbound.extend(answer(now));
                }
                Beat::Dead { silent_for } => return (pings, Some((now, silent_for))),
            }
        }
    }

    #[test]
    fn an_answering_peer_stays_alive_and_is_pinged_at_every_interval() {
        let start = Instant::now();
        for policy in policies() {
            let slowest = policy.interval().min(policy.silence() / 2);
            for (seed, latency) in (0..150).map(|seed| (seed, slowest * (seed as u32 % 3) / 2)) {
                let until = policy.silence() * 10;
                let (pings, dead) = live(policy, seed, start, until, |ping| Some(ping + latency));
                assert_eq!(dead, None, "{policy:?}, answered after {latency:?}");
                assert!(pings[0] > start && pings[0] <= start + policy.interval());
                for pair in pings.windows(2) {
                    assert_eq!(pair[1] - pair[0], policy.interval());
                }
                assert!(start + until - *pings.last().unwrap() < policy.interval());
            }
        }
    }

    #[test]
    fn a_peer_that_falls_silent_is_found_dead_in_the_documented_time_and_not_before() {
        let start = Instant::now();
        for policy in policies() {
            for seed in 0..200 {
                let falls_silent =
                    start + policy.silence() * 3 + policy.interval().mul_f64(seed as f64 / 200.0);
                let latency = policy.interval().mul_f64(0.3);
                let mut last = start;
                let (_, dead) = live(policy, seed, start, policy.silence() * 20, |ping| {
                    let answer = ping + latency;
                    (answer <= falls_silent).then(|| {
                        last = answer;
                        answer
                    })
                });
                let (at, silent_for) = dead.expect("a silent peer is found dead");
                assert!(at - last >= policy.silence(), "{policy:?} seed {seed}: {:?}", at - last);
                assert!(at - last <= policy.detects_within(), "{policy:?} seed {seed}: {:?}", at - last);
                assert!(silent_for >= policy.silence() && silent_for <= at - last);
            }
        }
    }

    #[test]
    fn a_peer_that_never_says_a_word_is_found_dead_at_the_silence() {
        let start = Instant::now();
        for policy in policies() {
            let (_, dead) = live(policy, 4, start, policy.silence() * 20, |_| None);
            assert_eq!(dead, Some((start + policy.silence(), policy.silence())));
        }
    }

    #[test]
    fn the_default_notices_within_thirty_seconds() {
        assert!(HeartbeatPolicy::default().detects_within() <= Duration::from_secs(30));
    }

    #[test]
    fn any_frame_is_life_even_where_pings_are_never_answered() {
        let (start, policy) = (Instant::now(), HeartbeatPolicy::default());
        let mut heart = Heartbeat::new(policy, start, Some(1));
        let mut frames = u64::MAX - 3; // a counter that wraps is no trouble
        while heart.next_beat() < start + policy.silence() * 10 {
            frames = frames.wrapping_add(1);
            assert!(!matches!(heart.beat(heart.next_beat(), frames), Beat::Dead { .. }));
        }
    }

    #[test]
    fn frames_of_an_earlier_connection_are_no_life() {
        let (start, policy) = (Instant::now(), HeartbeatPolicy::default());
        let mut heart = Heartbeat::new(policy, start, Some(1)).counting_from(500);
        assert_eq!(heart.beat(heart.next_beat(), 500), Beat::Ping);
        let dies_at = start + policy.silence();
        while heart.next_beat() < dies_at {
            assert_eq!(heart.beat(heart.next_beat(), 500), Beat::Ping);
        }
        assert_eq!(heart.beat(dies_at, 500), Beat::Dead { silent_for: policy.silence() });
    }

    #[test]
    fn a_beat_before_its_time_is_quiet_and_sends_no_extra_ping() {
        let start = Instant::now();
        let mut heart = Heartbeat::new(HeartbeatPolicy::default(), start, Some(1));
        let due = heart.next_beat();
        assert_eq!(heart.beat(due - Duration::from_nanos(1), 1), Beat::Quiet);
        assert_eq!(heart.beat(due, 1), Beat::Ping);
        assert_eq!(heart.beat(due, 1), Beat::Quiet);
    }

    #[test]
    fn an_hour_of_sleep_is_one_death_whatever_lay_in_the_buffers() {
        let hour = Duration::from_secs(3_600);
        for frames_at_wake in [1, 5] {
            let start = Instant::now();
            let mut heart = Heartbeat::new(HeartbeatPolicy::default(), start, Some(1));
            let slept_at = heart.next_beat();
            assert_eq!(heart.beat(slept_at, 1), Beat::Ping);
            let dead = Beat::Dead { silent_for: hour };
            assert_eq!(heart.beat(slept_at + hour, frames_at_wake), dead);
            assert!(matches!(heart.beat(slept_at + hour + ms(1), 9), Beat::Dead { .. }), "it stays dead");

            let mut fresh = Heartbeat::new(HeartbeatPolicy::default(), slept_at + hour, Some(2));
            assert_eq!(fresh.beat(fresh.next_beat(), 1), Beat::Ping, "the redial is healthy");
        }
    }

    #[test]
    fn a_beat_that_is_merely_late_is_judged_by_what_came_and_bursts_no_pings() {
        let start = Instant::now();
        let policy = HeartbeatPolicy::default();
        let heart = Heartbeat::new(policy, start, Some(1));
        let late = heart.next_beat() + Duration::from_secs(35);
        assert!(matches!(heart.clone().beat(late, 0), Beat::Dead { .. }));
        let mut answered = heart;
        assert_eq!(answered.beat(late, 1), Beat::Ping);
        assert_eq!(answered.next_beat(), late + policy.interval());
    }

    #[test]
    fn the_first_ping_is_spread_over_the_interval_and_repeatable() {
        let (start, policy) = (Instant::now(), HeartbeatPolicy::default());
        let first = |seed| Heartbeat::new(policy, start, Some(seed)).next_beat() - start;
        let tenth = policy.interval() / 10;
        for part in 0..10 {
            let count = (0..1_000)
                .filter(|seed| first(*seed) > tenth * part && first(*seed) <= tenth * (part + 1))
                .count();
            assert!((50..=150).contains(&count), "{count} of 1,000 in tenth {part}");
        }
        assert_eq!(first(7), first(7));
    }

    #[test]
    fn policies_that_cannot_work_are_refused_by_field() {
        let error = |interval, silence| HeartbeatPolicy::new(interval, silence).unwrap_err();
        for (interval, silence, field) in [
            (Duration::ZERO, ms(1), "interval"),
            (Duration::MAX, Duration::MAX, "interval"),
            (ms(1), Duration::ZERO, "silence"),
            (ms(1), Duration::MAX, "silence"),
            (ms(10), ms(9), "silence"),
        ] {
            let error = error(interval, silence);
            assert_eq!(error.code(), &codes::INVALID_CONFIG);
            assert_eq!(error.field(), Some(field), "{error}");
        }
        assert!(HeartbeatPolicy::new(MAX_SPAN, MAX_SPAN).is_ok());
    }
}
