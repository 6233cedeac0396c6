//! When a model bot is asked whether it is ready, and when that is reported (spec, "Model-bot availability").

use std::time::Duration;

use sdk_core::clock::Instant;

use crate::model::Availability;

/// How long an unchanged report is not repeated, unless the knob says otherwise.
pub const REPORT_EVERY: Duration = Duration::from_secs(30);

/// The longest span between reports: the platform forgets one after 120 s.
const AT_MOST: Duration = Duration::from_secs(100);

/// How long "not ready" is believed before the strategy is asked again.
const RECHECK: Duration = Duration::from_secs(15);

/// How long a strategy has to answer.
pub(super) const PREFLIGHT_TIMEOUT: Duration = Duration::from_secs(20);

/// Reports when there is news, and else at most every so often. A bot that never says anything never reports.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    every: Duration,
    checked: Option<(Instant, Availability)>,
    reported: Option<(Instant, Availability)>,
}

impl Heartbeat {
    /// With another interval than 30 s; above 100 s counts as 100 s, since the platform forgets a report after 120 s.
    pub(super) fn new(every: Duration) -> Self {
        Self { every: every.min(AT_MOST), checked: None, reported: None }
    }

    /// Whether the strategy should be asked now, before a round: what it said is believed for the interval, at most 15 s
    /// while it is not ready.
    pub(super) fn wants_check(&self, now: Instant) -> bool {
        self.checked.as_ref().is_none_or(|(at, said)| {
            let believed = if said.ready { self.every } else { self.every.min(RECHECK) };
            now.saturating_duration_since(*at) >= believed
        })
    }

    /// What counts when the strategy could not be asked: not ready, where it is known to be a model bot.
    pub(super) fn not_ready(&self, reason: &str) -> Option<Availability> {
        let (_, said) = self.checked.as_ref()?;
        Some(Availability::not_ready(said.provider, reason))
    }

    /// The strategy said this. `None`: it is no model bot.
    pub(super) fn checked(&mut self, now: Instant, said: Option<Availability>) {
        self.checked = said.map(|said| (now, said));
    }

    /// What should be reported now, if anything.
    pub(super) fn due(&self, now: Instant) -> Option<&Availability> {
        let (_, said) = self.checked.as_ref()?;
        let told = self.reported.as_ref().is_some_and(|(at, reported)| {
            reported == said && now.saturating_duration_since(*at) < self.every
        });
        (!told).then_some(said)
    }

    /// The platform took this report.
    pub(super) fn reported(&mut self, now: Instant, report: Availability) {
        self.reported = Some((now, report));
    }

    /// Whether new games can be taken: always for a bot without a model.
    pub(super) fn is_ready(&self) -> bool {
        self.checked.as_ref().is_none_or(|(_, said)| said.ready)
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::clock::Clock;

    use super::*;
    use crate::model::Provider;

    /// Rounds every 5 s for a span; the seconds at which something was reported.
    fn reports(
        heartbeat: &mut Heartbeat,
        says: impl Fn(u64) -> Option<Availability>,
        seconds: u64,
    ) -> Vec<u64> {
        let clock = Clock::paused();
        let mut sent = Vec::new();
        for second in (0..seconds).step_by(5) {
            let now = clock.now();
            if heartbeat.wants_check(now) {
                heartbeat.checked(now, says(second));
            }
            if let Some(report) = heartbeat.due(now).cloned() {
                heartbeat.reported(now, report);
                sent.push(second);
            }
            clock.advance(Duration::from_secs(5));
        }
        sent
    }

    #[test]
    fn the_same_is_reported_every_thirty_seconds_and_news_at_once() {
        let ready = || Some(Availability::ready(Provider::OpenAi));
        let mut heartbeat = Heartbeat::new(REPORT_EVERY);
        assert_eq!(reports(&mut heartbeat, |_| ready(), 95), [0, 30, 60, 90]);

        let mut heartbeat = Heartbeat::new(REPORT_EVERY);
        let out = |at: u64| {
            if (30..60).contains(&at) {
                Some(Availability::not_ready(Provider::OpenAi, "timeout"))
            } else {
                ready()
            }
        };
        assert_eq!(reports(&mut heartbeat, out, 95), [0, 30, 60, 90]);
        let out = |at: u64| {
            if at < 15 { Some(Availability::not_ready(Provider::OpenAi, "timeout")) } else { ready() }
        };
        let mut heartbeat = Heartbeat::new(REPORT_EVERY);
        assert_eq!(
            reports(&mut heartbeat, out, 60),
            [0, 15, 45],
            "it is asked again after 15 s, and news are told at once"
        );
    }

    #[test]
    fn a_bot_without_a_model_never_reports_and_is_always_ready() {
        let mut heartbeat = Heartbeat::new(REPORT_EVERY);
        assert_eq!(reports(&mut heartbeat, |_| None, 600), [0_u64; 0]);
        assert!(heartbeat.is_ready());
    }

    #[test]
    fn a_long_interval_does_not_outlive_what_the_platform_remembers() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(3_600));
        let sent = reports(&mut heartbeat, |_| Some(Availability::ready(Provider::Anthropic)), 600);
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] <= 110), "{sent:?}");
    }
}
