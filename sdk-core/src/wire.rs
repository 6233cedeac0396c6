//! What arrives on a wire, decoded in two stages and never lost.
//!
//! First the tag is read from the borrowed frame ([`tag`]), then the payload goes straight into its struct ([`decode`]).
//! So an unknown message and a known message with a broken field stay two different things: the first reaches the bot as
//! it came, the second is an [`Error`] that names the message and the field.
//!
//! [`string_enum!`](crate::string_enum) makes enums that stay open: a word that this version does not know is kept, not
//! refused. [`id_type!`](crate::id_type) makes ids that cannot be mixed up. [`RawJson`] is a part of a frame that is
//! decoded when, and if, somebody asks.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::error::{Error, Result, codes};

/// At most this many bytes of a message are shown in a decode error.
pub const MAX_EXCERPT: usize = 160;

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
    /// [`codes::DECODE_FAILED`], naming the field.
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

/// The value of the string field `key` at the top of a JSON object: the message's tag.
///
/// Servers write the tag first, so a scan of the prefix finds it; everything else (another order, blanks, escapes) goes
/// through a proper JSON pass, which gives the same answer. `None` when the text is no JSON object, or the field is missing
/// or not a string.
///
/// ```
/// use sdk_core::wire::tag;
///
/// assert_eq!(tag(r#"{"type":"pong"}"#, "type").as_deref(), Some("pong"));
/// assert_eq!(tag(r#"{ "n": 1, "type": "pong" }"#, "type").as_deref(), Some("pong"));
/// assert_eq!(tag("[]", "type"), None);
/// ```
pub fn tag<'a>(text: &'a str, key: &str) -> Option<Cow<'a, str>> {
    fast_tag(text, key).map(Cow::Borrowed).or_else(|| slow_tag(text, key))
}

fn fast_tag<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.strip_prefix("{\"")?.strip_prefix(key)?.strip_prefix("\":\"")?;
    let end = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
    let (value, after) = rest.split_at_checked(end)?;
    after.starts_with('"').then_some(value)
}

fn slow_tag<'a>(text: &'a str, key: &str) -> Option<Cow<'a, str>> {
    struct FirstValue<'k>(&'k str);

    #[derive(Deserialize)]
    struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

    impl<'de> Visitor<'de> for FirstValue<'_> {
        type Value = Option<Cow<'de, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Word(name)) = map.next_key::<Word<'de>>()? {
                if found.is_none() && name == self.0 {
                    found = Some(map.next_value::<&'de RawValue>()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            let value = found.and_then(|raw| serde_json::from_str::<Word<'de>>(raw.get()).ok());
            Ok(value.map(|Word(word)| word))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(FirstValue(key)).ok()?;
    deserializer.end().ok()?;
    found
}

/// Decodes a message or a part of one. `name` is what it is called in an error: `your_turn`, `game_state`.
///
/// # Errors
/// [`codes::DECODE_FAILED`] with the path of the field, or [`codes::NOT_JSON`]; both show a short excerpt.
pub fn decode<'a, T: Deserialize<'a>>(text: &'a str, name: &str) -> Result<T> {
    // The plain pass is the fast one; only a failure pays for finding out where.
    serde_json::from_str(text).map_err(|plain| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let (field, cause) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(error) => (error.path().to_string(), error.into_inner()),
            Ok(_) => (".".to_owned(), plain),
        };
        decode_error(name, &field, &cause, text)
    })
}

/// Decodes a value that has been read already: for bodies and files.
///
/// # Errors
/// As [`decode`].
pub fn decode_slice<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T> {
    let text = std::str::from_utf8(bytes)
        .map_err(|cause| Error::new(&codes::NOT_JSON, format!("{name} is not UTF-8")).with_source(cause))?;
    decode(text, name)
}

fn decode_error(name: &str, field: &str, cause: &serde_json::Error, text: &str) -> Error {
    // A list that is too long is an error of syntax to serde_json; the text is JSON all the same.
    let is_json = cause.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok();
    let (code, what) = match (cause.is_data(), is_json) {
        (true, _) => (&codes::DECODE_FAILED, cause.to_string()),
        (false, true) => (&codes::DECODE_FAILED, format!("another shape at column {}", cause.column())),
        (false, false) => (&codes::NOT_JSON, format!("not JSON at column {}", cause.column())),
    };
    let error =
        Error::new(code, format!("cannot decode {name}: {}; it begins {}", bounded(&what), excerpt(text)));
    // Of a text that is not JSON the path tells nothing, and its names are whatever stood there.
    if field == "." || !is_json { error } else { error.with_field(bounded(field)) }
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary_at(MAX_EXCERPT)).unwrap_or_default()
}

/// The beginning of an untrusted text as it may be shown: at most [`MAX_EXCERPT`] bytes, cut at a character, control
/// characters escaped, in quotes.
pub fn excerpt(text: &str) -> String {
    let shown = bounded(text);
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("{:?}{dots}", shown)
}

/// A text of somebody else's as it may be written to a terminal or a log line: control characters (line ends and escape
/// sequences among them) and marks that turn the direction of text are shown as blanks.
///
/// ```
/// use sdk_core::wire::printable;
///
/// assert_eq!(printable("Rocky\u{1b}[2J\r\n[INFO] fine").to_string(), "Rocky [2J  [INFO] fine");
/// ```
pub fn printable(text: &str) -> Printable<'_> {
    Printable(text)
}

/// Shows a text without control characters: made by [`printable`].
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        let mut rest = self.0;
        while let Some(at) = rest.find(is_unprintable) {
            let (shown, after) = rest.split_at(at);
            f.write_str(shown)?;
            f.write_char(' ')?;
            let mut after = after.chars();
            after.next();
            rest = after.as_str();
        }
        f.write_str(rest)
    }
}

/// Control characters, and marks that turn the direction of text or join nothing: with them a server could write our log
/// lines, and more than that on a terminal.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

trait FloorCharBoundary {
    fn floor_char_boundary_at(&self, index: usize) -> usize;
}

impl FloorCharBoundary for str {
    // `str::floor_char_boundary` is newer than the stated Rust version.
    fn floor_char_boundary_at(&self, index: usize) -> usize {
        if index >= self.len() {
            return self.len();
        }
        (0..=index).rev().find(|&at| self.is_char_boundary(at)).unwrap_or(0)
    }
}

/// Defines an open enum of words on the wire: the known ones by name, every other one kept in `Other`.
///
/// ```
/// sdk_core::string_enum! {
///     /// A colour.
///     pub enum Colour {
///         /// Like grass.
///         Green = "green",
///         /// Like the sky.
///         Blue = "blue",
///     }
/// }
/// assert_eq!(Colour::from("green"), Colour::Green);
/// assert_eq!(Colour::from("mauve").as_str(), "mauve");
/// assert_eq!(serde_json::to_string(&Colour::Blue).unwrap(), "\"blue\"");
/// assert_eq!(serde_json::from_str::<Colour>("\"red\"").unwrap(), Colour::Other("red".into()));
/// ```
#[macro_export]
macro_rules! string_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                #[doc = concat!("\n\nOn the wire: `", $word, "`.")]
                $variant,
            )*
            /// A word that this version does not know, as it came.
            Other(Box<str>),
        }

        impl $name {
            /// Every word that this version knows, in the documentation's order.
            pub const KNOWN: &'static [&'static str] = &[$($word),*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// Whether this version knows the word.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::wire::__serde::Serialize for $name {
            fn serialize<S: $crate::wire::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::wire::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::wire::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as $crate::wire::__serde::Deserialize<'de>>::deserialize(deserializer)?;
                Ok(Self::from(&*word))
            }
        }
    };
}

/// Defines an id: an opaque text of its own type, cheap to clone, that cannot be mixed up with another kind of id.
///
/// It decodes from a string or an integer (platforms are not consistent) and encodes as a string.
///
/// ```
/// sdk_core::id_type! {
///     /// The id of a match.
///     pub struct MatchId;
/// }
/// let id: MatchId = serde_json::from_str("42").unwrap();
/// assert_eq!(id, MatchId::from("42"));
/// assert_eq!(id.to_string(), "42");
/// ```
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $vis:vis struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name(std::sync::Arc<str>);

        impl $name {
            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl $crate::wire::__serde::Serialize for $name {
            fn serialize<S: $crate::wire::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::wire::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::wire::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::id_text(deserializer).map(|text| Self::from(&*text))
            }
        }
    };
}

#[doc(hidden)]
pub use serde as __serde;

/// The text of an id that may be a string or an integer: for `#[serde(deserialize_with)]` and [`id_type!`](crate::id_type).
///
/// # Errors
/// When it is neither.
pub fn id_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    struct IdText;

    impl<'de> Visitor<'de> for IdText {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id: a string or an integer")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Cow::Owned(number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Cow::Owned(number.to_string()))
        }
    }

    deserializer.deserialize_any(IdText)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Turn {
        #[expect(dead_code, reason = "only the path to a broken field matters here")]
        score: [u32; 2],
    }

    #[test]
    fn a_decode_error_names_the_message_and_the_field() {
        let error = decode::<Turn>(r#"{"score":[1,"x"]}"#, "your_turn").unwrap_err();
        assert_eq!(error.code().id(), "decode_failed");
        assert_eq!(error.field(), Some("score[1]"));
        assert!(error.to_string().contains("your_turn"), "{error}");

        let error = decode::<Turn>("{", "your_turn").unwrap_err();
        assert_eq!(error.code().id(), "not_json");
    }

    #[test]
    fn an_excerpt_is_cut_at_a_character() {
        let text = "ä".repeat(1_000);
        let shown = excerpt(&text);
        assert!(shown.len() < MAX_EXCERPT + 10);
        assert!(shown.ends_with('…'));
        assert_eq!(excerpt("a\u{1b}[31m\n"), r#""a\u{1b}[31m\n""#);
    }

    #[test]
    fn a_tag_is_found_wherever_it_stands() {
        for (text, expected) in [
            (r#"{"type":"pong"}"#, Some("pong")),
            (r#"{"a":{"type":"inner"},"type":"outer"}"#, Some("outer")),
            (r#"{"type":"p\u006fng"}"#, Some("pong")),
            (r#"{"ty\u0070e":"pong"}"#, Some("pong")),
            (r#"{"type":7}"#, None),
            (r#"{"type":"pong""#, Some("pong")),
            (r#" {"type":"pong"} x"#, None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(tag(text, "type").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_frame_is_not_copied_and_a_stranger_is() {
        let frame = Text::from(r#"{"a":[1,2]}"#);
        let inside = frame.as_str().get(5..10).unwrap();
        let part = RawJson::part_of(&frame, inside);
        assert_eq!(part.as_str(), "[1,2]");
        assert_eq!(part.as_str().as_ptr(), inside.as_ptr());
        assert_ne!(part.detached().as_str().as_ptr(), part.as_str().as_ptr());
        assert_eq!(RawJson::part_of(&frame, "elsewhere").as_str(), "elsewhere");
        assert_eq!(serde_json::to_string(&part).unwrap(), "[1,2]");
    }

    proptest! {
        #[test]
        fn the_fast_tag_never_disagrees_with_the_slow_one(name in "[a-z_\\\\\"é]{0,8}", value in "\\PC{0,6}", n in 0i32..9) {
            let value = serde_json::to_string(&value).unwrap();
            let name_json = serde_json::to_string(&name).unwrap();
            for text in [
                format!(r#"{{"type":{value},"n":{n}}}"#),
                format!(r#"{{{name_json}:{n},"type":{value}}}"#),
            ] {
                if let Some(fast) = fast_tag(&text, "type") {
                    let slow = slow_tag(&text, "type");
                    prop_assert_eq!(Some(fast), slow.as_deref());
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,64}") {
            let _ = tag(&text, "type");
            let _ = decode::<Turn>(&text, "anything");
            let _ = excerpt(&text);
        }
    }
}
