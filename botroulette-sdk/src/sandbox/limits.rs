//! The platform's rate limits (spec, "Troubleshooting": "Nginx limits: 6/min roulette, 10/s API").

use std::time::Duration;

use sdk_core::clock::Instant;

/// `n` calls a span, all of them at once if nothing came for that long.
///
/// A client that keeps the very same limit sends each call in time, but the way of one may be quicker than that of the one
/// before. So a call may come early by a slack, or by a tenth of the interval, which the next one then has to wait for: in the
/// long run it is `n` a span to the call.
#[derive(Debug, Clone)]
pub(crate) struct RateLimit {
    interval: Duration,
    burst: u32,
    slack: Duration,
    /// When the next call would be due if they came evenly.
    due: Option<Instant>,
}

impl RateLimit {
    /// The slack is at most half an interval.
    pub(crate) fn per(n: u32, span: Duration, slack: Duration) -> Self {
        let burst = n.max(1);
        let interval = span / burst;
        Self { interval, burst, slack: slack.max(interval / 10).min(interval / 2), due: None }
    }

    /// Takes a call, or says how long to wait.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let due = self.due.map_or(now, |due| due.max(now));
        let ahead = due.saturating_duration_since(now);
        let allowed = self.interval * (self.burst - 1);
        if ahead > allowed + self.slack {
            return Err(ahead - allowed);
        }
        self.due = Some(due + self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn six_a_minute_and_then_one_every_ten_seconds() {
        let start = Instant::now();
        let mut limit = RateLimit::per(6, seconds(60.0), Duration::ZERO);
        for _ in 0..6 {
            assert_eq!(limit.take(start), Ok(()));
        }
        assert_eq!(limit.take(start), Err(seconds(10.0)));
        assert_eq!(limit.take(start + seconds(8.0)), Err(seconds(2.0)));
        assert_eq!(limit.take(start + seconds(9.0)), Ok(()), "a tenth early");
        assert_eq!(limit.take(start + seconds(10.0)), Err(seconds(10.0)));
        for _ in 0..6 {
            assert_eq!(limit.take(start + seconds(100.0)), Ok(()));
        }
        assert!(limit.take(start + seconds(100.0)).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn slack_lets_a_call_be_early_and_adds_none() {
        let start = Instant::now();
        let mut limit = RateLimit::per(10, seconds(1.0), seconds(0.05));
        let mut taken = 0;
        for millisecond in 0..10_000 {
            if limit.take(start + Duration::from_millis(millisecond)).is_ok() {
                taken += 1;
            }
        }
        assert!((109..=110).contains(&taken), "{taken}");
    }
}
