//! Moments as platforms write them: RFC 3339, or seconds since 1970.

use std::cmp::Ordering;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY: i64 = 86_400;
/// The days of 400 years, after which the calendar repeats.
const CYCLE_DAYS: i64 = 146_097;
/// The days from 1 January of the year 0 to 1 January 1970.
const EPOCH_DAYS: i64 = 719_528;

/// A moment. Platforms write most as RFC 3339 (`2024-03-01T12:00:00Z`), and some as whole seconds
/// since 1970 (`1709500000`); this reads both.
///
/// A text that is no RFC 3339 is kept: [`to_system_time`](Self::to_system_time) is `None` then, and it prints as it came. So
/// an odd date does not make a whole answer unreadable.
///
/// Two that mean the same moment are equal, however they are written. One of an unknown moment is neither earlier nor later
/// than any other.
///
/// ```
/// use sdk_core::timestamp::Timestamp;
///
/// let written = Timestamp::from("2024-03-03T21:06:40Z");
/// assert_eq!(written, Timestamp::from_unix_seconds(1_709_500_000));
/// assert_eq!(written.unix_seconds(), Some(1_709_500_000));
/// assert!(written < Timestamp::from("2024-03-03T21:06:40.5Z"));
/// assert_eq!(Timestamp::from_unix_seconds(1_709_500_000).to_string(), "2024-03-03T21:06:40Z");
/// assert_eq!(Timestamp::from("yesterday").to_system_time(), None);
/// ```
#[derive(Debug, Clone)]
pub struct Timestamp {
    written: Written,
    moment: Option<Moment>,
}

#[derive(Debug, Clone)]
enum Written {
    Seconds(i64),
    Text(Box<str>),
}

/// Seconds since 1970, and nanoseconds of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The moment so many seconds after the beginning of 1970 in UTC; before it, when negative.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self { written: Written::Seconds(seconds), moment: Some(Moment { seconds, nanos: 0 }) }
    }

    /// Whole seconds since 1970, rounded towards the past. `None` when the moment is unknown.
    pub fn unix_seconds(&self) -> Option<i64> {
        self.moment.map(|moment| moment.seconds)
    }

    /// The moment in the system's terms. `None` when it is unknown, or beyond what the system can say.
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let Moment { seconds, nanos } = self.moment?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let whole = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
        whole?.checked_add(Duration::from_nanos(nanos.into()))
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self { written: Written::Text(text.into()), moment: parse(text) }
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        match (&self.written, &other.written) {
            (Written::Text(mine), Written::Text(theirs)) if mine == theirs => true,
            _ => self.moment.is_some() && self.moment == other.moment,
        }
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.moment, other.moment) {
            (Some(mine), Some(theirs)) => Some(mine.cmp(&theirs)),
            _ => (self == other).then_some(Ordering::Equal),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Written::Text(text) => f.pad(text),
            Written::Seconds(seconds) => f.pad(&rfc3339(*seconds)),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.written {
            Written::Seconds(seconds) => serializer.serialize_i64(*seconds),
            Written::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl Visitor<'_> for Form {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a moment: a text, or whole seconds since 1970")
            }

            fn visit_str<E>(self, text: &str) -> Result<Timestamp, E> {
                Ok(Timestamp::from(text))
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<Timestamp, E> {
                Ok(Timestamp::from_unix_seconds(seconds))
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
                i64::try_from(seconds).map(Timestamp::from_unix_seconds).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Form)
    }
}

/// RFC 3339 as it is written in practice: `2024-03-01T12:00:00.123456+01:00`, with a blank for the `T` too.
fn parse(text: &str) -> Option<Moment> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let lengths = month_lengths(year);
    let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if parts.next().is_some() || day < 1 || day > length {
        return None;
    }

    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let (time, zone) = time.split_at_checked(time.rfind(['+', '-'])?)?;
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            (time, sign * (60 * below(24, hours)? + below(60, minutes)?) * 60)
        }
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let mut parts = time.split(':');
    // 60 is a leap second, which counts as the next one.
    let (hour, minute, second) =
        (below(24, parts.next()?)?, below(60, parts.next()?)?, below(61, parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }

    let days_before: i64 = lengths.iter().take(usize::try_from(month - 1).ok()?).sum();
    let days = days_before_year(year) + days_before + day - 1 - EPOCH_DAYS;
    Some(Moment { seconds: days * DAY + hour * 3_600 + minute * 60 + second - offset, nanos })
}

fn below(limit: i64, text: &str) -> Option<i64> {
    digits(text, 2).filter(|&value| value < limit)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() != count || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn rfc3339(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(DAY) + EPOCH_DAYS, seconds.rem_euclid(DAY));
    let (cycle, mut days) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
    let mut year = 0;
    while days >= year_length(year) {
        days -= year_length(year);
        year += 1;
    }
    let mut month = 1;
    for length in month_lengths(year) {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (year, day) = (cycle * 400 + year, days + 1);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn year_length(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn month_lengths(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The days from the beginning of the year 0 to that of `year`, which is not negative.
fn days_before_year(year: i64) -> i64 {
    // The year 0 is a leap year, and stands before every other.
    let leap_days = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    year * 365 + leap_days
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_3339_is_read_to_the_second() {
        // Pairs of `date -u -d @SECONDS +%FT%TZ`.
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-28T23:59:59Z", 951_782_399),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2024-03-01T12:00:00Z", 1_709_294_400),
            ("2024-12-31T23:59:59Z", 1_735_689_599),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] {
            assert_eq!(Timestamp::from(text).unix_seconds(), Some(seconds), "{text}");
            assert_eq!(Timestamp::from_unix_seconds(seconds).to_string(), text);
        }
        for (text, seconds) in [
            ("2024-03-01T13:00:00+01:00", 1_709_294_400),
            ("2024-03-01T06:30:00-05:30", 1_709_294_400),
            ("2024-03-01t12:00:00z", 1_709_294_400),
            ("2024-03-01 12:00:00.123456+00:00", 1_709_294_400),
            ("2016-12-31T23:59:60Z", 1_483_228_800),
        ] {
            assert_eq!(Timestamp::from(text).unix_seconds(), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_rfc_3339_is_kept_and_has_no_moment() {
        for text in [
            "...",
            "",
            "2024-03-01",
            "2024-03-01T12:00:00",
            "2024-13-01T12:00:00Z",
            "2023-02-29T12:00:00Z",
            "2024-00-01T12:00:00Z",
            "2024-03-00T12:00:00Z",
            "2024-03-01T24:00:00Z",
            "2024-03-01T12:60:00Z",
            "2024-03-01T12:00:00.Z",
            "2024-03-01T12:00:00.1x2Z",
            "2024-03-01T12:00:00:00Z",
            "2024-03-01-01T12:00:00Z",
            "2024-03-01T12:00:00+1:00",
            "+024-03-01T12:00:00Z",
            "١٢٣٤-٠٣-٠١T12:00:00Z",
        ] {
            let timestamp: Timestamp = serde_json::from_value(text.into()).unwrap();
            assert_eq!(timestamp.to_system_time(), None, "{text}");
            assert_eq!(timestamp.to_string(), text);
            assert_eq!(timestamp, Timestamp::from(text));
            assert_eq!(timestamp.partial_cmp(&Timestamp::from_unix_seconds(0)), None);
        }
    }

    #[test]
    fn both_forms_stay_as_they_are_on_the_wire() {
        for json in ["1709500000", "-1", r#""2024-03-01T12:00:00Z""#, r#""...""#] {
            let timestamp: Timestamp = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&timestamp).unwrap(), json);
        }
        for json in ["null", "1.5", "true", "18446744073709551615", "[]"] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_moment_goes_there_and_back(seconds in -62_167_219_200_i64..253_402_300_800) {
            let timestamp = Timestamp::from_unix_seconds(seconds);
            prop_assert_eq!(&Timestamp::from(&*timestamp.to_string()), &timestamp);
        }

        #[test]
        fn no_moment_makes_it_panic(seconds in any::<i64>(), text in "\\PC{0,40}") {
            let _ = Timestamp::from_unix_seconds(seconds).to_string();
            let _ = Timestamp::from_unix_seconds(seconds).to_system_time();
            let _ = Timestamp::from(&*text).to_system_time();
        }
    }
}
