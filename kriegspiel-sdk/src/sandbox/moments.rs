//! Moments as the platform writes them: three spellings, all in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk_core::clock::Instant;
use sdk_core::timestamp::Timestamp as Written;

use crate::model::Timestamp;

/// Turns instants of the sandbox's clock into moments of the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    pub(super) origin: Instant,
    pub(super) system: SystemTime,
}

impl Calendar {
    pub(super) fn at(self, instant: Instant) -> SystemTime {
        match instant.checked_duration_since(self.origin) {
            Some(since) => self.system.checked_add(since),
            None => self.system.checked_sub(self.origin.saturating_duration_since(instant)),
        }
        .unwrap_or(self.system)
    }

    /// As what was read back from the database: `2026-11-20T11:12:23.372000`.
    pub(super) fn stored(self, instant: Instant) -> Timestamp {
        spelled(self.at(instant), true, "")
    }

    /// As what is still in memory: `2026-11-20T11:12:23.377933Z`.
    pub(super) fn in_memory(self, instant: Instant) -> Timestamp {
        spelled(self.at(instant), false, "Z")
    }

    /// As events have it of what is still in memory: `2026-11-20T11:12:23.377933+00:00`.
    pub(super) fn in_event(self, instant: Instant) -> Timestamp {
        spelled(self.at(instant), false, "+00:00")
    }

    /// As a bot's metrics have it: `2026-11-20T11:12:23.372000Z`.
    pub(super) fn stored_zoned(self, instant: Instant) -> Timestamp {
        spelled(self.at(instant), true, "Z")
    }
}

/// The fraction vanishes where it is zero.
fn spelled(moment: SystemTime, to_the_millisecond: bool, zone: &str) -> Timestamp {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = Written::from_unix_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)).to_string();
    let seconds = seconds.strip_suffix('Z').unwrap_or(&seconds);
    let micros = if to_the_millisecond { since.subsec_millis() * 1_000 } else { since.subsec_micros() };
    let text = match micros {
        0 => format!("{seconds}{zone}"),
        micros => format!("{seconds}.{micros:06}{zone}"),
    };
    Timestamp::from(text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_of_one_moment() {
        let origin = Instant::now();
        let system = UNIX_EPOCH + Duration::from_micros(1_795_173_143_377_933);
        let calendar = Calendar { origin, system };
        assert_eq!(calendar.stored(origin).as_str(), "2026-11-20T11:12:23.377000");
        assert_eq!(calendar.in_memory(origin).as_str(), "2026-11-20T11:12:23.377933Z");
        assert_eq!(calendar.in_event(origin).as_str(), "2026-11-20T11:12:23.377933+00:00");
        let whole = origin + Duration::from_micros(1_000_000 - 377_933);
        assert_eq!(calendar.stored(whole).as_str(), "2026-11-20T11:12:24");
        assert_eq!(calendar.in_memory(whole).as_str(), "2026-11-20T11:12:24Z");
    }
}
