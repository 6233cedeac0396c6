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

/// What a frame is longer than its parts, in bytes; more is no harm.
const FRAME: usize = 64;

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
        let payload_len = match self {
            Self::Chat { body } => body.len(),
            Self::Other { payload, .. } => payload.as_str().len(),
            _ => 0,
        };
        let event_type = self.event_type();
        let mut frame =
            String::with_capacity(id.len() + room.as_str().len() + event_type.len() + payload_len + FRAME);
        frame.push_str(r#"{"id":"#);
        push_quoted(&mut frame, id);
        frame.push_str(r#","room":"#);
        push_quoted(&mut frame, room.as_str());
        frame.push_str(r#","type":"#);
        push_quoted(&mut frame, event_type);
        frame.push_str(r#","payload":"#);
        match self {
            Self::MatchRequest | Self::MatchTestRequest => frame.push_str("{}"),
            Self::Chat { body } => {
                frame.push_str(r#"{"body":"#);
                push_quoted(&mut frame, body);
                frame.push('}');
            }
            Self::Typing { typing: true } => frame.push_str(r#"{"typing":true}"#),
            Self::Typing { typing: false } => frame.push_str(r#"{"typing":false}"#),
            Self::Vote { guess } => {
                frame.push_str(r#"{"guess":"#);
                push_quoted(&mut frame, guess.as_str());
                frame.push('}');
            }
            Self::Other { payload, .. } => {
                // It may come from anywhere, and must not be able to end the frame.
                let json: &RawValue = serde_json::from_str(payload.as_str()).map_err(|cause| {
                    Error::invalid_argument("payload", format!("{event_type} cannot be written"))
                        .with_source(cause)
                })?;
                frame.push_str(json.get());
            }
        }
        frame.push('}');
        Ok(frame)
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
        let mut frame = String::with_capacity(id.len() + room.as_str().len() + FRAME);
        frame.push_str(r#"{"id":"#);
        push_quoted(&mut frame, id);
        frame.push_str(r#","room":"#);
        push_quoted(&mut frame, room.as_str());
        frame.push_str(r#","event":"join","payload":{}}"#);
        frame
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

/// Adds a text as JSON. Most hold nothing that must be escaped, and finding that out is much quicker than escaping.
fn push_quoted(frame: &mut String, text: &str) {
    let must_escape = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    // No early end: so the compiler looks at many bytes at once.
    if text.bytes().fold(0, |found, byte| found | must_escape(byte)) != 0 {
        frame.push_str(&serde_json::Value::from(text).to_string());
    } else {
        frame.push('"');
        frame.push_str(text);
        frame.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_out_as_it_went_in() {
        let mut texts = vec![String::new(), "plain".into(), "ä🙂 \u{7f}\u{2028}".into(), "a\"b\\c/d".into()];
        texts.extend((0..=0x1f_u8).map(|byte| format!("a{}b", char::from(byte))));
        for text in texts {
            let room = Room::from(format!("room:agent:direct:{text}"));
            let frame = ClientMessage::Chat { body: text.clone() }.to_frame(&text, &room).unwrap();
            let decoded = ClientFrame::decode(&frame).unwrap();
            assert_eq!(
                decoded.message().unwrap(),
                Some(ClientMessage::Chat { body: text.clone() }),
                "{frame}"
            );
            let ClientFrame::Event { id, room: to, .. } = decoded else { panic!("{frame}") };
            assert_eq!((&id, &to), (&text, &room));
            let join = ClientFrame::decode(&ClientFrame::join(&text, &room)).unwrap();
            assert_eq!(join, ClientFrame::Join { id: text, room });
        }
    }

    #[test]
    fn a_payload_of_any_text_cannot_end_the_frame() {
        let payload = RawJson::from("{}},{\"x\":{}".to_owned());
        let message = ClientMessage::Other { event_type: "x".into(), payload };
        assert_eq!(message.to_frame("1", &Room::lobby()).unwrap_err().field(), Some("payload"));
    }
}
