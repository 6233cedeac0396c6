//! Doing less when something goes wrong again and again (spec, "Good citizenship").

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use sdk_core::clock::Instant;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TroubleKind {
    /// Calls fail: the network, the platform.
    Platform,
    /// The strategy fails, and the fallback is played.
    Strategy,
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "calls to the platform failed",
            Self::Strategy => "the strategy failed",
        })
    }
}

/// After how much trouble the bot does less, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DegradePolicy {
    /// After so many failures of one kind within `calm`. From 1 to 1,000. Default: 5.
    pub after: usize,
    /// The span in which failures are counted. It does more again after so long without any. Default: five minutes.
    pub calm: Duration,
}

impl Default for DegradePolicy {
    fn default() -> Self {
        Self { after: 5, calm: Duration::from_secs(5 * 60) }
    }
}

impl DegradePolicy {
    /// After so many failures within this span, for at least as long.
    pub fn new(after: usize, calm: Duration) -> Self {
        Self { after: after.clamp(1, 1_000), calm }
    }
}

/// Whether the bot is well. While it is not, it creates and joins no games.
///
/// Failures are counted within a span, and not in a row: a platform whose lists work and whose moves fail is in trouble too.
#[derive(Debug, Clone)]
pub(super) struct Health {
    policy: DegradePolicy,
    platform: VecDeque<Instant>,
    strategy: VecDeque<Instant>,
    last_trouble: Option<Instant>,
    why: Option<String>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HealthChange {
    /// From now on the bot does less, for this reason.
    Degraded(String),
    /// It is well again.
    Recovered,
}

impl Health {
    /// Well.
    pub(super) fn new(policy: DegradePolicy) -> Self {
        let (platform, strategy) = (VecDeque::new(), VecDeque::new());
        Self { policy, platform, strategy, last_trouble: None, why: None }
    }

    /// Something failed. `what` is told once, as the reason.
    pub(super) fn trouble(&mut self, now: Instant, kind: &TroubleKind, what: &str) -> Option<HealthChange> {
        let DegradePolicy { after, calm } = self.policy;
        self.last_trouble = Some(now);
        let failures = match kind {
            TroubleKind::Platform => &mut self.platform,
            TroubleKind::Strategy => &mut self.strategy,
        };
        failures.retain(|at| now.saturating_duration_since(*at) < calm);
        failures.push_back(now);
        let count = failures.len();
        if count < after.max(1) || self.why.is_some() {
            return None;
        }
        let why = match count {
            1 => format!("{kind}: {what}"),
            _ => format!("{kind} {count} times within {} s, at last: {what}", calm.as_secs()),
        };
        self.why = Some(why.clone());
        Some(HealthChange::Degraded(why))
    }

    /// Something worked. The bot does more again when there was no failure of any kind for the policy's span.
    pub(super) fn fine(&mut self, now: Instant) -> Option<HealthChange> {
        self.why.as_ref()?;
        let calm = |last| now.saturating_duration_since(last) >= self.policy.calm;
        if !self.last_trouble.is_none_or(calm) {
            return None;
        }
        self.platform.clear();
        self.strategy.clear();
        self.why = None;
        Some(HealthChange::Recovered)
    }

    /// Why the bot does less. `None`: it is well.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::clock::Clock;

    use super::*;

    #[test]
    fn repeated_trouble_degrades_and_calm_recovers() {
        let clock = Clock::paused();
        let mut health = Health::new(DegradePolicy::default());
        for _ in 0..12 {
            assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"), None);
            assert_eq!(health.fine(clock.now()), None);
            clock.advance(Duration::from_secs(80));
        }
        for _ in 0..4 {
            assert_eq!(
                health.trouble(clock.now(), &TroubleKind::Strategy, "panic"),
                None,
                "kinds are counted apart"
            );
        }
        assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"), None);
        let Some(HealthChange::Degraded(why)) =
            health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 503")
        else {
            panic!("well after five failures");
        };
        assert_eq!(why, "calls to the platform failed 5 times within 300 s, at last: HTTP 503");
        assert_eq!(health.why(), Some(&*why));
        assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 504"), None, "it is said once");

        clock.advance(Duration::from_secs(299));
        assert_eq!(health.fine(clock.now()), None);
        clock.advance(Duration::from_secs(1));
        assert_eq!(health.fine(clock.now()), Some(HealthChange::Recovered));
        assert_eq!(health.why(), None);
        assert_eq!(
            health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"),
            None,
            "it counts from zero"
        );
    }
}
