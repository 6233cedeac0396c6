//! Doing less when something goes wrong again and again (spec, "Good citizenship").

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
    /// After so many failures one after the other, of one kind. At least 1. Default: 5.
    pub after: u32,
    /// It does more again after so long without a failure. Default: five minutes.
    pub calm: Duration,
}

impl Default for DegradePolicy {
    fn default() -> Self {
        Self { after: 5, calm: Duration::from_secs(5 * 60) }
    }
}

impl DegradePolicy {
    /// After so many failures one after the other, for at least so long.
    pub fn new(after: u32, calm: Duration) -> Self {
        Self { after: after.max(1), calm }
    }
}

/// Whether the bot is well. While it is not, it creates and joins no games.
#[derive(Debug, Clone)]
pub(super) struct Health {
    policy: DegradePolicy,
    platform: u32,
    strategy: u32,
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
        Self { policy, platform: 0, strategy: 0, last_trouble: None, why: None }
    }

    /// Something failed. `what` is told once, as the reason.
    pub(super) fn trouble(&mut self, now: Instant, kind: &TroubleKind, what: &str) -> Option<HealthChange> {
        self.last_trouble = Some(now);
        let count = self.count(kind);
        *count = count.saturating_add(1);
        let count = *count;
        if count < self.policy.after.max(1) || self.why.is_some() {
            return None;
        }
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times in a row") };
        let why = format!("{kind} {times}; the last time: {what}");
        self.why = Some(why.clone());
        Some(HealthChange::Degraded(why))
    }

    /// Something worked. It ends the row of failures of its kind; the bot does more again when there was no failure of any
    /// kind for the policy's span.
    pub(super) fn fine(&mut self, now: Instant, kind: &TroubleKind) -> Option<HealthChange> {
        *self.count(kind) = 0;
        self.why.as_ref()?;
        let calm = self
            .last_trouble
            .is_none_or(|last| now.saturating_duration_since(last) >= self.policy.calm);
        if !calm {
            return None;
        }
        (self.platform, self.strategy, self.why) = (0, 0, None);
        Some(HealthChange::Recovered)
    }

    /// Why the bot does less. `None`: it is well.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    fn count(&mut self, kind: &TroubleKind) -> &mut u32 {
        match kind {
            TroubleKind::Platform => &mut self.platform,
            TroubleKind::Strategy => &mut self.strategy,
        }
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
        for _ in 0..4 {
            assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"), None);
        }
        health.fine(clock.now(), &TroubleKind::Platform);
        for _ in 0..4 {
            assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"), None, "the row was broken");
        }
        assert_eq!(health.trouble(clock.now(), &TroubleKind::Strategy, "panic"), None, "kinds are counted apart");
        let Some(HealthChange::Degraded(why)) = health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 503") else {
            panic!("well after five failures");
        };
        assert_eq!(why, "calls to the platform failed 5 times in a row; the last time: HTTP 503");
        assert_eq!(health.why(), Some(&*why));
        assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 504"), None, "it is said once");

        clock.advance(Duration::from_secs(299));
        assert_eq!(health.fine(clock.now(), &TroubleKind::Platform), None);
        clock.advance(Duration::from_secs(1));
        assert_eq!(health.fine(clock.now(), &TroubleKind::Platform), Some(HealthChange::Recovered));
        assert_eq!(health.why(), None);
        assert_eq!(health.trouble(clock.now(), &TroubleKind::Platform, "HTTP 502"), None, "it counts from zero");
    }
}
