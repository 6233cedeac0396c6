//! What the server says, byte for byte as the spec writes it: no blanks, and the fields in the spec's order.
//!
//! It is written here and not with the client's types, so that a test of the client against the sandbox does not repeat the
//! client's own belief.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk_core::timestamp::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

pub(crate) const LOBBY: &str = "room:game:botornot:lobby";
pub(crate) const PONG: &str = r#"{"event":"pong"}"#;
/// Without a request's id: only on request, see [`MalformedFrames`](super::MalformedFrames).
pub(crate) const INVALID_ENVELOPE: &str = r#"{"event":"error","payload":{"reason":"invalid_envelope"}}"#;

/// A JSON object under construction, its fields in the order of their coming.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    fields: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, key: &str, value: impl Serialize) -> Self {
        if !self.fields.is_empty() {
            self.fields.push(',');
        }
        self.fields.push_str(&text_of(&key));
        self.fields.push(':');
        self.fields.push_str(&text_of(&value));
        self
    }

    pub(crate) fn text(&self) -> String {
        format!("{{{}}}", self.fields)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// What the sandbox writes are strings, numbers and objects made here: none of them can fail to serialise.
fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// `event: "joined"`.
pub(crate) fn joined(id: &RawValue, room: &str) -> String {
    answer(id, room, "joined", &Object::new())
}

/// `event: "reply"`.
pub(crate) fn reply(id: &RawValue, room: &str, payload: &Object) -> String {
    answer(id, room, "reply", payload)
}

/// `event: "error"`.
pub(crate) fn error(id: &RawValue, room: &str, reason: &str) -> String {
    answer(id, room, "error", &Object::new().with("reason", reason))
}

fn answer(id: &RawValue, room: &str, event: &str, payload: &Object) -> String {
    Object::new().with("id", id).with("room", room).with("event", event).with("payload", payload).text()
}

/// A push. `user_id` is written as it comes.
pub(crate) fn push(
    room: &str,
    event_type: &str,
    payload: &Object,
    user_id: &impl Serialize,
    timestamp: &str,
) -> String {
    let meta = Object::new().with("user_id", user_id).with("timestamp", timestamp);
    Object::new()
        .with("room", room)
        .with("type", event_type)
        .with("payload", payload)
        .with("meta", meta)
        .text()
}

/// RFC 3339 in UTC: to the second as the spec writes it, or to the millisecond where seconds are too coarse.
pub(crate) fn rfc3339(moment: SystemTime, with_millis: bool) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds =
        Timestamp::from_unix_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)).to_string();
    match seconds.strip_suffix('Z') {
        Some(without_zone) if with_millis => format!("{without_zone}.{:03}Z", since.subsec_millis()),
        _ => seconds,
    }
}

/// A span in seconds: a whole number where it is one, and with milliseconds where it is not.
pub(crate) fn seconds(span: Duration) -> serde_json::Number {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis.is_multiple_of(1_000) {
        return (millis / 1_000).into();
    }
    let exact = Duration::from_millis(millis).as_secs_f64();
    serde_json::Number::from_f64(exact).unwrap_or_else(|| (millis / 1_000).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn the_frames_of_the_spec_are_written_byte_for_byte() {
        // Verbatim from the spec's "Copy-Paste JSON Examples", "Test Match Endpoint" and "Opaque Compliance Room".
        assert_eq!(
            joined(&raw("\"1\""), LOBBY),
            r#"{"id":"1","room":"room:game:botornot:lobby","event":"joined","payload":{}}"#
        );
        assert_eq!(
            reply(&raw("\"4\""), LOBBY, &Object::new().with("status", "queued")),
            r#"{"id":"4","room":"room:game:botornot:lobby","event":"reply","payload":{"status":"queued"}}"#
        );
        assert_eq!(
            push(
                "room:game:botornot:lobby",
                "match:found",
                &Object::new().with("room", "room:game:botornot:abc123").with("match_id", "abc123"),
                &42,
                "2026-03-02T00:00:00Z"
            ),
            r#"{"room":"room:game:botornot:lobby","type":"match:found","payload":{"room":"room:game:botornot:abc123","match_id":"abc123"},"meta":{"user_id":42,"timestamp":"2026-03-02T00:00:00Z"}}"#
        );
        // The shape of the spec's "Error Handling".
        assert_eq!(
            error(&raw("\"9\""), "room:x", ":forbidden"),
            r#"{"id":"9","room":"room:x","event":"error","payload":{"reason":":forbidden"}}"#
        );
    }

    #[test]
    fn moments_and_spans() {
        // `date -u -d @1772496000 +%FT%TZ`
        let moment = UNIX_EPOCH + Duration::from_millis(1_772_496_000_250);
        assert_eq!(rfc3339(moment, false), "2026-03-03T00:00:00Z");
        assert_eq!(rfc3339(moment, true), "2026-03-03T00:00:00.250Z");
        assert_eq!(seconds(Duration::from_secs(240)).to_string(), "240");
        assert_eq!(seconds(Duration::from_millis(2_400)).to_string(), "2.4");
    }
}
