//! The four shapes of a frame (spec, "Wire Protocol").

use std::borrow::Cow;

use sdk_core::error::Result;
use sdk_core::timestamp::Timestamp;
use sdk_core::wire::{self, RawJson, Text};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Reason, Reply, Room, ServerEvent};

/// A frame from the platform.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerFrame {
    /// The answer to a ping.
    Pong,
    /// `event: "joined"`.
    Joined(JoinReply),
    /// `event: "reply"`: what was sent was understood.
    Reply {
        /// The request's id.
        id: Option<String>,
        /// The room.
        room: Option<Room>,
        /// The payload.
        reply: Reply,
    },
    /// `event: "error"`: what was sent was refused.
    Error(ErrorReply),
    /// Something happened in a room.
    Push(Push),
    /// A frame of a shape that this version does not know.
    Unknown {
        /// Its `event`, where it has one.
        event: Option<String>,
        /// The whole frame.
        text: Text,
    },
}

/// A confirmed join.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoinReply {
    /// The request's id.
    pub id: Option<String>,
    /// The room.
    pub room: Option<Room>,
    /// The payload as it came. The spec has none.
    pub raw: RawJson,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorReply {
    /// The request's id.
    pub id: Option<String>,
    /// The room.
    pub room: Option<Room>,
    /// Why.
    pub reason: Reason,
    /// Why, in the platform's own spelling.
    pub reason_text: String,
}

/// An event in a room.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Push {
    /// The room.
    pub room: Room,
    /// What happened.
    pub event: ServerEvent,
    /// Who caused it, and when.
    pub meta: Meta,
    /// The whole frame, with whatever this version does not know.
    pub text: Text,
}

impl Push {
    /// The `payload` in a type of your own, for fields that this version does not know.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field.
    pub fn payload_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        #[derive(Deserialize)]
        struct Frame<'a> {
            #[serde(borrow, default)]
            payload: Option<&'a RawValue>,
        }

        let frame: Frame<'a> = wire::decode(self.text.as_str(), "a push")?;
        wire::decode(frame.payload.map_or("{}", RawValue::get), self.event.event_type())
    }
}

/// Who caused an event, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Meta {
    /// The user. The spec shows it as a number, a text and `null`.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// When, by the platform's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

/// The id of a user: the spec shows both forms.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "lenient_id")]
    id: Option<String>,
    #[serde(default, borrow, deserialize_with = "text")]
    room: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "text")]
    event: Option<Cow<'a, str>>,
    #[serde(default, borrow, rename = "type", deserialize_with = "text")]
    event_type: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    payload: Option<&'a RawValue>,
    #[serde(default, borrow)]
    meta: Option<&'a RawValue>,
}

impl ServerFrame {
    /// Reads a frame.
    ///
    /// What is not known is kept, not refused: see the variants.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) for a text that is not JSON;
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field, for one that is no object, or whose known
    /// event has a field that is missing or wrong.
    pub fn decode(text: &Text) -> Result<Self> {
        let envelope: Envelope<'_> = wire::decode(text.as_str(), "a frame")?;
        let room = envelope.room.as_deref().filter(|room| !room.is_empty()).map(Room::from);
        let payload = |or: &'static str| match envelope.payload {
            Some(raw) => RawJson::part_of(text, raw.get()),
            None => RawJson::from(or.to_owned()),
        };
        match (envelope.event.as_deref(), envelope.event_type, room) {
            (Some("pong"), _, _) => Ok(Self::Pong),
            (Some("joined"), _, room) => {
                Ok(Self::Joined(JoinReply { id: envelope.id, room, raw: payload("{}") }))
            }
            (Some("reply"), _, room) => {
                Ok(Self::Reply { id: envelope.id, room, reply: Reply::read(payload("{}")) })
            }
            (Some("error"), _, room) => {
                let reason_text = reason_text(payload("{}").as_str());
                let reason = Reason::read(&reason_text);
                Ok(Self::Error(ErrorReply { id: envelope.id, room, reason, reason_text }))
            }
            (None, Some(event_type), Some(room)) => {
                let raw = payload("{}");
                let event = ServerEvent::decode(&event_type, raw)?;
                // A meta of another shape is no reason to lose the event.
                let meta =
                    envelope.meta.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
                Ok(Self::Push(Push { room, event, meta, text: text.clone() }))
            }
            (event, _, _) => Ok(Self::Unknown { event: event.map(str::to_owned), text: text.clone() }),
        }
    }
}

/// The reason in an error's payload. One that is no text is kept as JSON.
fn reason_text(payload: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Payload {
        #[serde(default)]
        reason: Option<Value>,
    }

    let payload: Payload = serde_json::from_str(payload).unwrap_or_default();
    match payload.reason {
        Some(Value::String(reason)) => reason,
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// `Option<Cow>` that borrows: serde borrows a bare `Cow` by itself, but copies one inside an `Option`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// An id that is a text or a number; anything else counts as none.
pub(super) fn lenient_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A text; anything else counts as none.
pub(super) fn lenient_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}
