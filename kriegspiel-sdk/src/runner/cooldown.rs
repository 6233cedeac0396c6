//! The minute between two joins of bots' games, by the server's clock and by our own.

use std::time::{Duration, SystemTime};

/// How long a bot waits after it joined another bot's game (spec, "Bot-vs-bot joining").
pub const JOIN_COOLDOWN: Duration = Duration::from_secs(60);

/// The server's `Date` header counts whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

/// When the next join is allowed. Times are wall-clock times, so that they can be saved.
#[derive(Debug, Clone, Default)]
pub(super) struct JoinCooldown {
    /// Our clock when we joined last, or were told to wait.
    ours: Option<SystemTime>,
    /// The server's clock at that moment, where it said so.
    servers: Option<SystemTime>,
    /// How far the server's clock is ahead of ours, where it is known: with the sign.
    ahead: Option<(bool, Duration)>,
}

impl JoinCooldown {
    /// As it was saved: when this bot joined last, by our own clock. A moment in the future (the clock was set back) counts
    /// as now.
    pub(super) fn restored(last: Option<SystemTime>, now: SystemTime) -> Self {
        Self { ours: last.map(|last| last.min(now)), ..Self::default() }
    }

    /// The bot joined a game. `server` is the answer's `Date`.
    pub(super) fn joined(&mut self, now: SystemTime, server: Option<SystemTime>) {
        self.ours = Some(now);
        self.servers = server;
        self.heard(now, server);
    }

    /// The platform refused with `BOT_JOIN_COOLDOWN`: the bot joined less than a minute before, by the server's clock. How
    /// long before it does not say, so a whole minute is waited unless it asks for another span.
    pub(super) fn refused(
        &mut self,
        now: SystemTime,
        server: Option<SystemTime>,
        retry_after: Option<Duration>,
    ) {
        let waited = JOIN_COOLDOWN.saturating_sub(retry_after.unwrap_or(JOIN_COOLDOWN));
        self.ours = Some(now.checked_sub(waited).unwrap_or(now));
        self.servers = None;
        self.heard(now, server);
    }

    /// The server's clock, as it was heard with any answer.
    pub(super) fn heard(&mut self, now: SystemTime, server: Option<SystemTime>) {
        if let Some(server) = server {
            self.ahead = Some(match server.duration_since(now) {
                Ok(ahead) => (true, ahead),
                Err(behind) => (false, behind.duration()),
            });
        }
    }

    /// How long to wait before the next join. Zero: it may be tried now. Both clocks must agree that the minute is over.
    pub(super) fn remaining(&self, now: SystemTime) -> Duration {
        let ours = self.ours.map_or(Duration::ZERO, |last| left(last, now, JOIN_COOLDOWN));
        let servers = match (self.servers, self.ahead) {
            (Some(last), Some((ahead, offset))) => {
                let server = if ahead { now.checked_add(offset) } else { now.checked_sub(offset) };
                server.map_or(Duration::ZERO, |server| left(last, server, JOIN_COOLDOWN + ROUNDING))
            }
            _ => Duration::ZERO,
        };
        ours.max(servers)
    }

    /// What to save: when this bot joined last, by our own clock.
    pub(super) fn last(&self) -> Option<SystemTime> {
        self.ours
    }
}

/// What is left of a span that began at `since`. A clock that was set back makes it no longer than the span.
fn left(since: SystemTime, now: SystemTime, span: Duration) -> Duration {
    span.saturating_sub(now.duration_since(since).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + s(1_000_000 + seconds)
    }

    #[test]
    fn a_minute_by_our_clock() {
        let mut cooldown = JoinCooldown::default();
        assert_eq!(cooldown.remaining(at(0)), Duration::ZERO);
        cooldown.joined(at(0), None);
        assert_eq!(cooldown.remaining(at(0)), s(60));
        assert_eq!(cooldown.remaining(at(59)), s(1));
        assert_eq!(cooldown.remaining(at(60)), Duration::ZERO);
    }

    #[test]
    fn a_minute_by_the_servers_clock_too_however_it_is_set() {
        // The server's clock is an hour behind, and then found to run slower than ours.
        let mut cooldown = JoinCooldown::default();
        cooldown.joined(at(3_600), Some(at(0)));
        assert_eq!(cooldown.remaining(at(3_600 + 60)), s(1), "its seconds are whole ones");
        cooldown.heard(at(3_600 + 60), Some(at(50)));
        assert_eq!(cooldown.remaining(at(3_600 + 60)), s(11));
        assert_eq!(cooldown.remaining(at(3_600 + 71)), Duration::ZERO);
        // And one that is ahead.
        let mut cooldown = JoinCooldown::default();
        cooldown.joined(at(0), Some(at(9_999)));
        assert_eq!(cooldown.remaining(at(61)), Duration::ZERO);
    }

    #[test]
    fn a_refusal_costs_a_minute_or_what_the_platform_asks() {
        let mut cooldown = JoinCooldown::default();
        cooldown.refused(at(0), Some(at(0)), None);
        assert_eq!(cooldown.remaining(at(0)), s(60));
        cooldown.refused(at(0), None, Some(s(20)));
        assert_eq!(cooldown.remaining(at(0)), s(20));
    }

    #[test]
    fn it_survives_a_restart_and_a_clock_that_was_set_back() {
        let mut before = JoinCooldown::default();
        before.joined(at(0), Some(at(7)));
        let after = JoinCooldown::restored(before.last(), at(20));
        assert_eq!(after.remaining(at(20)), s(40));
        let set_back = JoinCooldown::restored(before.last(), SystemTime::UNIX_EPOCH);
        assert_eq!(set_back.remaining(SystemTime::UNIX_EPOCH), s(60), "a minute, and not eleven days");
    }
}
