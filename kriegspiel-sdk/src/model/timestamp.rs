//! Moments in the three spellings of the platform.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, always in UTC. The platform writes it in three ways: `2026-11-20T11:12:23.372000`,
/// `2026-11-20T11:12:23.377933Z` and `2026-11-20T11:12:23.144399+00:00`, each without the fraction when that is zero.
///
/// It prints as it came. A text that is none of these is kept, and has no moment.
///
/// ```
/// use kriegspiel_sdk::model::Timestamp;
///
/// let naive = Timestamp::from("2026-11-20T11:12:23.500000");
/// assert_eq!(naive, Timestamp::from("2026-11-20T11:12:23.5Z"));
/// assert_eq!(naive, Timestamp::from("2026-11-20T11:12:23.500000+00:00"));
/// assert!(naive > Timestamp::from("2026-11-20T11:12:23"));
/// ```
#[derive(Debug, Clone)]
pub struct Timestamp {
    text: Box<str>,
    moment: sdk_core::timestamp::Timestamp,
}

impl Timestamp {
    /// Whole seconds since 1970, rounded towards the past. `None` when the moment is unknown.
    pub fn unix_seconds(&self) -> Option<i64> {
        self.moment.unix_seconds()
    }

    /// The moment in the system's terms. `None` when it is unknown, or beyond what the system can say.
    pub fn to_system_time(&self) -> Option<SystemTime> {
        self.moment.to_system_time()
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        let time = text.get(10..).unwrap_or_default();
        let has_zone = time.contains(['Z', 'z', '+', '-']);
        let zoned: Cow<'_, str> = if has_zone { text.into() } else { format!("{text}Z").into() };
        Self { text: text.into(), moment: sdk_core::timestamp::Timestamp::from(&*zoned) }
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text || self.moment == other.moment
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.moment.partial_cmp(&other.moment)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_spellings_with_and_without_a_fraction() {
        let whole = ["2026-11-20T11:12:23", "2026-11-20T11:12:23Z", "2026-11-20T11:12:23+00:00"];
        let fraction =
            ["2026-11-20T11:12:23.372000", "2026-11-20T11:12:23.372Z", "2026-11-20T11:12:23.372000+00:00"];
        for group in [whole, fraction] {
            for (a, b) in group.into_iter().flat_map(|a| group.into_iter().map(move |b| (a, b))) {
                assert_eq!(Timestamp::from(a), Timestamp::from(b));
            }
            for text in group {
                let timestamp: Timestamp = serde_json::from_value(text.into()).unwrap();
                assert_eq!(timestamp.unix_seconds(), Some(1_795_173_143), "{text}");
                assert_eq!(serde_json::to_value(&timestamp).unwrap(), text);
            }
        }
        assert!(Timestamp::from(whole[0]) < Timestamp::from(fraction[2]));
    }

    #[test]
    fn a_text_that_is_no_moment_is_kept() {
        for text in ["", "soon", "2026-11-20", "2026-11-20T25:00:00", "ééééééééééééé"] {
            assert_eq!(Timestamp::from(text).to_system_time(), None, "{text}");
            assert_eq!(Timestamp::from(text).to_string(), text);
        }
    }
}
