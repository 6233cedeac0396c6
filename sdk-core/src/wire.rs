//! What arrives on a wire, decoded in two stages and never lost.
//!
//! First the tag is read from the borrowed frame ([`tag`]), then the payload goes straight into its struct ([`decode`]).
//! So an unknown message and a known message with a broken field stay two different things: the first reaches the bot as
//! it came, the second is an [`Error`] that names the message and the field.
//!
//! [`string_enum!`](crate::string_enum) makes enums that stay open: a word that this version does not know is kept, not
//! refused. [`id_type!`](crate::id_type) makes ids that cannot be mixed up. [`RawJson`] is a part of a frame that is
//! decoded when, and if, somebody asks.

mod open;
mod shown;
mod text;

pub use self::open::id_text;
#[cfg(test)]
pub(crate) use self::shown::is_unprintable;
pub use self::shown::{MAX_EXCERPT, Printable, excerpt, printable};
pub use self::text::{RawJson, Text};

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use self::shown::bounded;
use crate::error::{Error, Result, codes};

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
#[doc(hidden)]
pub use serde as __serde;

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
