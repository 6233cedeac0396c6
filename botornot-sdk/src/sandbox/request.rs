//! What clients say: frames into requests.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The longest request id that is taken; a longer one makes a frame malformed.
const MAX_ID: usize = 128;
/// The longest topic that is looked at.
const MAX_TOPIC: usize = 512;

/// A text frame of a client.
#[derive(Debug)]
pub(crate) enum Frame {
    /// The heartbeat.
    Ping,
    /// Something that can be answered.
    Request(Request),
    /// No request envelope can be made out of it.
    Malformed,
}

/// A frame with an id and a room.
#[derive(Debug)]
pub(crate) struct Request {
    /// As it came: a text in the spec, and taken as a number too.
    pub(crate) id: Box<RawValue>,
    pub(crate) room: String,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Join,
    Event {
        event_type: String,
        payload: Map<String, Value>,
    },
    /// An `event` other than `join`, such as `leave`.
    UnknownControl,
    /// No `type`, or a payload that is no object.
    BrokenShape,
}

impl Frame {
    pub(crate) fn parse(text: &str) -> Self {
        let Some(Value::Object(mut fields)) = json(text) else { return Self::Malformed };
        let event = fields.get("event").and_then(Value::as_str);
        if event == Some("ping") {
            return Self::Ping;
        }
        let id = match fields.get("id") {
            Some(id @ (Value::String(_) | Value::Number(_))) => id.to_string(),
            _ => return Self::Malformed,
        };
        let Some(Value::String(room)) = fields.get("room") else { return Self::Malformed };
        if id.len() > MAX_ID || room.len() > MAX_TOPIC {
            return Self::Malformed;
        }
        let Ok(id) = RawValue::from_string(id) else { return Self::Malformed };
        let room = room.clone();
        let what = match event {
            Some("join") => What::Join,
            Some(_) => What::UnknownControl,
            None => match (fields.remove("type"), fields.remove("payload")) {
                (Some(Value::String(event_type)), Some(Value::Object(payload))) => {
                    What::Event { event_type, payload }
                }
                (Some(Value::String(event_type)), None) => What::Event { event_type, payload: Map::new() },
                _ => What::BrokenShape,
            },
        };
        Self::Request(Request { id, room, what })
    }
}

/// Some clients cut a text in the middle of a surrogate pair, and then send an escape that strict parsers refuse. It is read as
/// the replacement character.
fn json(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(_) if text.contains("\\u") => serde_json::from_str(&without_lone_surrogates(text)).ok(),
        Err(_) => None,
    }
}

fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut whole = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let taken = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                whole.push_str("\\ufffd");
                at += 6;
                continue;
            }
            // An escaped backslash is not the beginning of an escape.
            _ if rest.starts_with("\\\\") => 2,
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        whole.push_str(rest.get(..taken).unwrap_or(rest));
        at += taken;
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match Frame::parse(text) {
            Frame::Request(request) => request,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_frames_of_the_spec_are_understood() {
        // Verbatim from the spec's "Copy-Paste JSON Examples".
        assert!(matches!(Frame::parse(r#"{"event":"ping"}"#), Frame::Ping));
        let join = request(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#);
        assert!(matches!(join.what, What::Join));
        assert_eq!((join.id.get(), join.room.as_str()), ("\"1\"", "room:game:botornot:lobby"));
        let chat = request(
            r#"{"id":"6","room":"room:game:botornot:abc123","type":"chat:message","payload":{"body":"you seem calm"}}"#,
        );
        let What::Event { event_type, payload } = chat.what else { panic!() };
        assert_eq!((event_type.as_str(), payload["body"].as_str()), ("chat:message", Some("you seem calm")));
    }

    #[test]
    fn what_cannot_be_answered_is_malformed_and_the_rest_is_not() {
        for text in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"id":"1"}"#,
            r#"{"room":"room:x","type":"t","payload":{}}"#,
            r#"{"id":null,"room":"room:x","type":"t"}"#,
            r#"{"id":["1"],"room":"room:x","type":"t"}"#,
            r#"{"id":"1","room":7,"type":"t"}"#,
            r#"["1","2","room:x","phx_join",{}]"#,
        ] {
            assert!(matches!(Frame::parse(text), Frame::Malformed), "{text}");
        }
        assert!(matches!(Frame::parse(&"[".repeat(100_000)), Frame::Malformed));
        let long = format!(r#"{{"id":"{}","room":"room:x","type":"t"}}"#, "x".repeat(MAX_ID));
        assert!(matches!(Frame::parse(&long), Frame::Malformed));
        assert_eq!(request(r#"{"id":7,"room":"room:x","type":"t"}"#).id.get(), "7");
        for text in [
            r#"{"id":"1","room":"room:x"}"#,
            r#"{"id":"1","room":"room:x","type":7}"#,
            r#"{"id":"1","room":"room:x","type":"t","payload":[]}"#,
        ] {
            assert!(matches!(request(text).what, What::BrokenShape), "{text}");
        }
        let leave = request(r#"{"id":"1","room":"room:x","event":"leave","payload":{}}"#);
        assert!(matches!(leave.what, What::UnknownControl));
    }

    #[test]
    fn half_a_surrogate_pair_is_read_as_the_replacement_character() {
        let body = |text: &str| {
            let frame = format!(
                r#"{{"id":"1","room":"room:x","type":"chat:message","payload":{{"body":"{text}"}}}}"#
            );
            let What::Event { payload, .. } = request(&frame).what else { panic!() };
            payload["body"].as_str().unwrap().to_owned()
        };
        assert_eq!(body(r"cut \ud83d"), "cut \u{fffd}");
        assert_eq!(body(r"\ude00 \ud83d\ude00 \ud83d\ud83d\ude00"), "\u{fffd} 😀 \u{fffd}😀");
        assert_eq!(body(r"\ud83d \\ud83d é"), "\u{fffd} \\ud83d é");
    }
}
