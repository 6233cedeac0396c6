//! What happens in rooms (spec, "Server -> Client Events").

use sdk_core::error::{Error, Result, codes};
use sdk_core::timestamp::Timestamp;
use sdk_core::wire::RawJson;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::frame::{lenient_id, lenient_word};
use super::{ChatFrom, ChatMessage, ChatTyping, Guess, Kind, MatchId, Reveal, Room};

/// An event in a room, typed.
///
/// Required in each is only what a bot cannot go on without.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// `meta:state`: how well the agents of the platform pass. In the lobby.
    MetaState(MetaState),
    /// `leaderboard:state`. In the lobby.
    Leaderboard(LeaderboardState),
    /// `room:sync`: a room to join for a compliance check. In the lobby.
    RoomSync(RoomSync),
    /// `match:found`: an opponent was found. In the lobby.
    MatchFound(MatchFound),
    /// `match:started`: the clock of the match runs.
    MatchStarted(MatchStarted),
    /// `chat:message`: somebody said something, in any room; or a compliance challenge.
    Chat(ChatMessage),
    /// `chat:typing`: somebody types. Beyond the spec, from the platform.
    Typing(ChatTyping),
    /// `vote:ack`: one's own vote was counted.
    VoteAck(VoteAck),
    /// `vote:phase`: somebody voted.
    VotePhase(VotePhase),
    /// `match:reveal`: who the opponent was.
    Reveal(Reveal),
    /// `meta:delta`: how a match changed the platform's state.
    MetaDelta(MetaDelta),
    /// `match:ended`.
    MatchEnded,
    /// An event that this version does not know.
    Unknown {
        /// Its `type`.
        event_type: String,
        /// Its `payload`.
        payload: RawJson,
    },
}

/// The payload of `meta:state`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetaState {
    /// How intact the seal is: an agent that passes as human lowers it.
    #[serde(default)]
    pub seal_integrity: Option<f64>,
    /// How often it was broken.
    #[serde(default)]
    pub breach_count: Option<f64>,
    /// Why it changed last.
    #[serde(default)]
    pub last_reason: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The payload of `meta:delta`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetaDelta {
    /// By how much the seal's integrity changed.
    #[serde(default)]
    pub delta: Option<f64>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// What it is now.
    #[serde(default)]
    pub seal_integrity: Option<f64>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The payload of `leaderboard:state`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeaderboardState {
    /// The rows, best first. The spec does not say what is in one.
    #[serde(default)]
    pub top: Vec<Value>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The payload of `room:sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomSync {
    /// The room to join, exactly.
    pub room: Room,
}

/// The payload of `match:found`. Where one of room and id is missing, it follows from the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MatchFound {
    /// The room to join.
    pub room: Room,
    /// The match.
    pub match_id: MatchId,
    /// Where the opponent comes from, where the platform says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl MatchFound {
    /// A match by its room and id.
    pub fn new(room: Room, match_id: MatchId) -> Self {
        Self { room, match_id, source: None }
    }
}

/// The payload of `match:started`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchStarted {
    /// When it ends, by the platform's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// How long it lasts, in seconds: 240.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_sec: Option<f64>,
    /// The match. Beyond the spec.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_match")]
    pub match_id: Option<MatchId>,
}

/// The payload of `vote:ack`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoteAck {
    /// What was voted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guess: Option<Kind>,
}

impl VoteAck {
    /// The acknowledgement of a guess.
    pub fn of(guess: Guess) -> Self {
        Self { guess: Some(guess.into()) }
    }
}

/// The payload of `vote:phase`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VotePhase {
    /// Whether chatting is over. The spec: it remains available while the second vote is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_locked: Option<bool>,
    /// Who has voted. One word in the spec; a list is taken too.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_many",
        serialize_with = "one_or_list"
    )]
    pub voted_by: Vec<ChatFrom>,
    /// Whether the bot must vote now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_vote: Option<bool>,
}

impl VotePhase {
    /// Whether the opponent has voted.
    pub fn opponent_voted(&self) -> bool {
        self.voted_by.contains(&ChatFrom::Opponent)
    }
}

impl ServerEvent {
    /// Reads the payload of an event by its type.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED), naming the event and the field, when a known type's payload is not the
    /// spec's.
    pub fn decode(event_type: &str, payload: RawJson) -> Result<Self> {
        // `null` and nothing are what `{}` is.
        let payload = if payload.as_str() == "null" { RawJson::from("{}".to_owned()) } else { payload };
        Ok(match event_type {
            "chat:message" => Self::Chat(payload.decode(event_type)?),
            "chat:typing" => Self::Typing(payload.decode(event_type)?),
            "meta:state" => Self::MetaState(payload.decode(event_type)?),
            "leaderboard:state" => Self::Leaderboard(payload.decode(event_type)?),
            "room:sync" => Self::RoomSync(payload.decode(event_type)?),
            "match:found" => Self::MatchFound(match_found(&payload)?),
            "match:started" => Self::MatchStarted(payload.decode(event_type)?),
            "vote:ack" => Self::VoteAck(payload.decode(event_type)?),
            "vote:phase" => Self::VotePhase(payload.decode(event_type)?),
            "match:reveal" => Self::Reveal(payload.decode(event_type)?),
            "meta:delta" => Self::MetaDelta(payload.decode(event_type)?),
            // What its payload holds changes nothing.
            "match:ended" => Self::MatchEnded,
            _ => Self::Unknown { event_type: event_type.to_owned(), payload },
        })
    }

    /// Its `type` on the wire.
    pub fn event_type(&self) -> &str {
        match self {
            Self::MetaState(_) => "meta:state",
            Self::Leaderboard(_) => "leaderboard:state",
            Self::RoomSync(_) => "room:sync",
            Self::MatchFound(_) => "match:found",
            Self::MatchStarted(_) => "match:started",
            Self::Chat(_) => "chat:message",
            Self::Typing(_) => "chat:typing",
            Self::VoteAck(_) => "vote:ack",
            Self::VotePhase(_) => "vote:phase",
            Self::Reveal(_) => "match:reveal",
            Self::MetaDelta(_) => "meta:delta",
            Self::MatchEnded => "match:ended",
            Self::Unknown { event_type, .. } => event_type,
        }
    }
}

fn match_found(payload: &RawJson) -> Result<MatchFound> {
    #[derive(Deserialize)]
    struct Payload {
        #[serde(default, deserialize_with = "lenient_word")]
        room: Option<String>,
        #[serde(default, deserialize_with = "lenient_id")]
        match_id: Option<String>,
        #[serde(default, deserialize_with = "lenient_word")]
        source: Option<String>,
    }

    let found: Payload = payload.decode("match:found")?;
    let room = found.room.filter(|room| !room.is_empty()).map(Room::from);
    let match_id = found.match_id.filter(|id| !id.is_empty()).map(MatchId::from);
    let missing = |field: &str| {
        Error::new(&codes::DECODE_FAILED, "cannot decode match:found: it names no match").with_field(field)
    };
    let (room, match_id) = match (room, match_id) {
        (Some(room), Some(match_id)) => (room, match_id),
        (None, Some(match_id)) => (Room::of_match(&match_id), match_id),
        (Some(room), None) => {
            let match_id = room.match_id().ok_or_else(|| missing("match_id"))?;
            (room, match_id)
        }
        (None, None) => return Err(missing("room")),
    };
    Ok(MatchFound { room, match_id, source: found.source })
}

fn optional_match<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MatchId>, D::Error> {
    Ok(lenient_id(deserializer)?.map(MatchId::from))
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ChatFrom>, D::Error> {
    let words = match Value::deserialize(deserializer)? {
        Value::String(word) => vec![ChatFrom::from(word)],
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(ChatFrom::from).collect(),
        _ => Vec::new(),
    };
    Ok(words)
}

fn one_or_list<S: Serializer>(words: &[ChatFrom], serializer: S) -> Result<S::Ok, S::Error> {
    match words {
        [word] => word.serialize(serializer),
        words => words.serialize(serializer),
    }
}
