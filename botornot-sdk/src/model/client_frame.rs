//! What a bot says (spec, "Client -> Server Events").

use std::borrow::Cow;

use sdk_core::error::{Error, Result, codes};
use sdk_core::wire::{self, RawJson};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Guess, Room};

/// The platform's own heartbeat, as a bot sends it.
pub const PING: &str = r#"{"event":"ping"}"#;
/// The platform's answer to it.
pub const PONG: &str = r#"{"event":"pong"}"#;

/// An event that a bot sends into a room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientMessage {
    /// `match:request`: queue for a match. In the lobby.
    MatchRequest,
    /// `match:test_request`: queue for a match of the deterministic harness. In the lobby.
    MatchTestRequest,
    /// `chat:message`: say something. In a match, a direct room, or a compliance room.
    Chat {
        /// What.
        body: String,
    },
    /// `chat:typing`: show, or no longer show, that one types. In a match.
    Typing {
        /// Which.
        typing: bool,
    },
    /// `vote:cast`: say what the opponent is. In a match.
    Vote {
        /// What.
        guess: Guess,
    },
    /// Anything else, for what is not typed yet. The platform answers what it does not know with `unsupported_event`.
    Other {
        /// Its `type`.
        event_type: String,
        /// Its `payload`.
        payload: RawJson,
    },
}

impl ClientMessage {
    /// A message of any type. Those of the spec become their own variant, when the payload is theirs.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT): an empty or malformed type, a payload that is no JSON object, a
    /// vote that is neither `human` nor `agent`, a text that is missing.
    pub fn new(event_type: &str, payload: &(impl Serialize + ?Sized)) -> Result<Self> {
        if event_type.is_empty() || event_type.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::invalid_argument("type", "the event's type is empty or holds blanks"));
        }
        let json = serde_json::to_string(payload).map_err(|cause| {
            Error::invalid_argument("payload", "the payload cannot be written as JSON").with_source(cause)
        })?;
        if !json.starts_with('{') {
            return Err(Error::invalid_argument("payload", "the payload is no JSON object"));
        }
        Self::read(event_type, RawJson::from(json)).map_err(|cause| {
            let field = cause.field().unwrap_or("payload").to_owned();
            Error::invalid_argument(field, format!("the payload is not one of {event_type}"))
                .with_source(cause)
        })
    }

    /// Its `type` on the wire.
    pub fn event_type(&self) -> &str {
        match self {
            Self::MatchRequest => "match:request",
            Self::MatchTestRequest => "match:test_request",
            Self::Chat { .. } => "chat:message",
            Self::Typing { .. } => "chat:typing",
            Self::Vote { .. } => "vote:cast",
            Self::Other { event_type, .. } => event_type,
        }
    }

    /// The whole frame, for a room and under a request's id.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when it cannot be written as JSON.
    pub fn to_frame(&self, id: &str, room: &Room) -> Result<String> {
        #[derive(Serialize)]
        struct Frame<'a, P> {
            id: &'a str,
            room: &'a str,
            #[serde(rename = "type")]
            event_type: &'a str,
            payload: P,
        }
        #[derive(Serialize)]
        struct Empty {}
        #[derive(Serialize)]
        struct Chat<'a> {
            body: &'a str,
        }
        #[derive(Serialize)]
        struct Typing {
            typing: bool,
        }
        #[derive(Serialize)]
        struct Vote {
            guess: Guess,
        }

        fn write(id: &str, room: &Room, event_type: &str, payload: impl Serialize) -> Result<String> {
            serde_json::to_string(&Frame { id, room: room.as_str(), event_type, payload }).map_err(|cause| {
                Error::invalid_argument("payload", format!("{event_type} cannot be written"))
                    .with_source(cause)
            })
        }

        let name = self.event_type();
        match self {
            Self::MatchRequest | Self::MatchTestRequest => write(id, room, name, Empty {}),
            Self::Chat { body } => write(id, room, name, Chat { body }),
            Self::Typing { typing } => write(id, room, name, Typing { typing: *typing }),
            Self::Vote { guess } => write(id, room, name, Vote { guess: *guess }),
            Self::Other { payload, .. } => write(id, room, name, payload),
        }
    }

    fn read(event_type: &str, payload: RawJson) -> Result<Self> {
        #[derive(Deserialize)]
        struct Chat {
            body: String,
        }
        #[derive(Deserialize)]
        struct Typing {
            typing: bool,
        }
        #[derive(Deserialize)]
        struct Vote {
            guess: Guess,
        }

        Ok(match event_type {
            "match:request" => Self::MatchRequest,
            "match:test_request" => Self::MatchTestRequest,
            "chat:message" => Self::Chat { body: payload.decode::<Chat>(event_type)?.body },
            "chat:typing" => Self::Typing { typing: payload.decode::<Typing>(event_type)?.typing },
            "vote:cast" => Self::Vote { guess: payload.decode::<Vote>(event_type)?.guess },
            _ => Self::Other { event_type: event_type.to_owned(), payload },
        })
    }
}

/// A frame from a bot, decoded: the server's side of the protocol, and what tests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientFrame {
    /// The heartbeat.
    Ping,
    /// A room is asked for.
    Join {
        /// The request's id.
        id: String,
        /// The room.
        room: Room,
    },
    /// An event for a room. The payload was not looked at: see [`ClientFrame::message`].
    Event {
        /// The request's id.
        id: String,
        /// The room.
        room: Room,
        /// Its `type`.
        event_type: String,
        /// Its `payload`, `{}` when it had none.
        payload: RawJson,
    },
}

impl ClientFrame {
    /// The frame that joins a room (spec, "Wire Protocol").
    pub fn join(id: &str, room: &Room) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(r#"{{"id":{},"room":{},"event":"join","payload":{{}}}}"#, quoted(id), quoted(room.as_str()))
    }

    /// Reads a frame of a bot.
    ///
    /// # Errors
    /// [`NOT_JSON`](codes::NOT_JSON) and [`DECODE_FAILED`](codes::DECODE_FAILED) for what is no request envelope. The
    /// platform may ignore those.
    pub fn decode(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(default, deserialize_with = "super::frame::lenient_id")]
            id: Option<String>,
            #[serde(default, borrow)]
            room: Option<Cow<'a, str>>,
            #[serde(default, borrow)]
            event: Option<Cow<'a, str>>,
            #[serde(default, borrow, rename = "type")]
            event_type: Option<Cow<'a, str>>,
            #[serde(default, borrow)]
            payload: Option<&'a RawValue>,
        }

        let missing = |field: &str| {
            Error::new(&codes::DECODE_FAILED, format!("a frame without `{field}`")).with_field(field)
        };
        let envelope: Envelope<'_> = wire::decode(text, "a frame")?;
        if envelope.event.as_deref() == Some("ping") {
            return Ok(Self::Ping);
        }
        let id = envelope.id.ok_or_else(|| missing("id"))?;
        let room = envelope.room.map(|room| Room::from(&*room)).ok_or_else(|| missing("room"))?;
        match (envelope.event.as_deref(), envelope.event_type) {
            (Some("join"), _) => Ok(Self::Join { id, room }),
            (None, Some(event_type)) => {
                let payload = envelope.payload.map_or("{}", RawValue::get).to_owned();
                Ok(Self::Event { id, room, event_type: event_type.into_owned(), payload: payload.into() })
            }
            (Some(_), _) => Err(missing("event").with_note("the only one is `join`")),
            (None, None) => Err(missing("type")),
        }
    }

    /// The typed message of an [`Event`](Self::Event); `None` for the others.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when a known type has another payload than the spec's.
    pub fn message(&self) -> Result<Option<ClientMessage>> {
        match self {
            Self::Event { event_type, payload, .. } => {
                ClientMessage::read(event_type, payload.clone()).map(Some)
            }
            _ => Ok(None),
        }
    }
}
