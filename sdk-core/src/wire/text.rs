//! Frames and parts of them, kept without a copy.

use std::fmt;

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::decode;
use crate::error::Result;

/// The text of one frame. Cheap to clone: clones share the bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(pub(crate) Utf8Bytes);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Raw JSON that is a part of a frame: nothing is copied, and nothing is decoded until somebody asks.
///
/// It keeps its frame's bytes alive. [`RawJson::detached`] gives one that owns just its part, for keeping long.
///
/// ```
/// use sdk_core::wire::{RawJson, Text};
///
/// #[derive(serde::Deserialize)]
/// struct State { round: u32 }
///
/// let frame = Text::from(r#"{"type":"your_turn","game_state":{"round":2}}"#);
/// let part = &frame.as_str()[33..44];
/// let state = RawJson::part_of(&frame, part);
/// assert_eq!(state.as_str(), r#"{"round":2}"#);
/// assert_eq!(state.decode::<State>("game_state").unwrap().round, 2);
/// ```
#[derive(Clone)]
pub struct RawJson {
    frame: Utf8Bytes,
    start: usize,
    end: usize,
}

impl RawJson {
    /// `part` of `frame`. Where `part` does not lie inside the frame, it is copied.
    pub fn part_of(frame: &Text, part: &str) -> Self {
        let base = frame.0.as_str().as_ptr() as usize;
        let start = (part.as_ptr() as usize).wrapping_sub(base);
        let end = start.wrapping_add(part.len());
        match frame.0.as_str().get(start..end) {
            Some(found) if std::ptr::eq(found, part) => Self { frame: frame.0.clone(), start, end },
            _ => Self::from(part.to_owned()),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.frame.as_str().get(self.start..self.end).unwrap_or_default()
    }

    /// The same JSON in memory of its own, so that the frame it came in can be freed.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self::from(self.as_str().to_owned())
    }

    /// Decodes it. `name` is what it is called in an error.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](crate::error::codes::DECODE_FAILED), naming the field.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<T> {
        decode(self.as_str(), name)
    }
}

impl From<String> for RawJson {
    fn from(text: String) -> Self {
        let end = text.len();
        Self { frame: text.into(), start: 0, end }
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RawJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from(String::from(Box::<str>::from(raw))))
    }
}
