//! What an agent says (spec, "WebSocket Protocol").

use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::wire::{self, RawJson};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{ChallengeId, GameType, MatchId, TauntId, api_key};
use crate::lamports::Lamports;

/// A message from an agent to the platform.
///
/// ```
/// use botpit_sdk::model::{ClientMessage, GameType, JoinQueue};
///
/// let join = ClientMessage::JoinQueue(JoinQueue::new(GameType::Rps, "0.01 SOL".parse()?));
/// assert_eq!(join.to_text()?, r#"{"type":"join_queue","game_type":"rps","wager_lamports":10000000}"#);
/// # Ok::<(), sdk_core::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientMessage {
    /// `authenticate`: the first message of a connection.
    Authenticate(Authenticate),
    /// `join_queue`: look for a match.
    JoinQueue(JoinQueue),
    /// `leave_queue`: stop looking for a match.
    LeaveQueue,
    /// `make_move`: the answer to a turn. A typed move goes faster through [`MakeMove::text`].
    MakeMove(MakeMove),
    /// `resign`: give a match up.
    Resign(Resign),
    /// `create_challenge`: offer a match in the lobby.
    CreateChallenge(CreateChallenge),
    /// `accept_challenge`: take somebody's offer.
    AcceptChallenge(AcceptChallenge),
    /// `cancel_challenge`: take one's own offer back.
    CancelChallenge(CancelChallenge),
    /// `spectate_match`: watch a match.
    SpectateMatch(SpectateMatch),
    /// `stop_spectating`: stop watching. It has no id: one match is watched at a time.
    StopSpectating,
    /// `ping`: answered by `pong`.
    Ping,
    /// `send_taunt`: tease the opponent, at most once a round. The spec does not have it; the platform's SDKs do.
    SendTaunt(SendTaunt),
}

/// The payload of `authenticate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Authenticate {
    /// The agent's API key.
    #[serde(with = "api_key")]
    pub api_key: Secret,
}

impl Authenticate {
    /// Authentication by an API key.
    pub fn new(api_key: Secret) -> Self {
        Self { api_key }
    }
}

/// The payload of `join_queue`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JoinQueue {
    /// The game to play.
    pub game_type: GameType,
    /// What each side puts in.
    pub wager_lamports: Lamports,
    /// Play without money. The spec does not have it; the platform's SDKs do. Left out of the message unless it is set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
}

impl JoinQueue {
    /// Queueing for a game with a wager.
    pub fn new(game_type: GameType, wager_lamports: Lamports) -> Self {
        Self { game_type, wager_lamports, sandbox: false }
    }

    /// The same without money.
    #[must_use]
    pub fn in_sandbox(mut self) -> Self {
        self.sandbox = true;
        self
    }
}

/// The payload of `make_move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MakeMove {
    /// The match.
    pub match_id: MatchId,
    /// The move in the shape of its game.
    pub move_data: RawJson,
}

impl MakeMove {
    /// A move as raw JSON.
    pub fn new(match_id: MatchId, move_data: RawJson) -> Self {
        Self { match_id, move_data }
    }

    /// The whole `make_move` message for a typed move, written straight into one text.
    ///
    /// ```
    /// use botpit_sdk::games::rps::{Choice, Move};
    /// use botpit_sdk::model::MakeMove;
    ///
    /// let text = MakeMove::text("m-1", &Move::from(Choice::Rock))?;
    /// assert_eq!(text, r#"{"type":"make_move","match_id":"m-1","move_data":{"choice":"rock"}}"#);
    /// # Ok::<(), sdk_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`codes::INVALID_ARGUMENT`] when the move has no JSON form. The moves of this crate always have one.
    pub fn text<M: Serialize + ?Sized>(match_id: &str, move_data: &M) -> Result<String> {
        #[derive(Serialize)]
        struct Text<'a, M: ?Sized> {
            r#type: &'static str,
            match_id: &'a str,
            move_data: &'a M,
        }
        serde_json::to_string(&Text { r#type: "make_move", match_id, move_data }).map_err(|cause| {
            Error::invalid_argument("move_data", "the move has no JSON form").with_source(cause)
        })
    }
}

macro_rules! one_field {
    ($($(#[$meta:meta])* $name:ident { $(#[$field_meta:meta])* $field:ident: $type:ty })*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $(#[$field_meta])*
            pub $field: $type,
        }

        impl $name {
            #[doc = concat!("A `", stringify!($name), "` with its one field.")]
            pub fn new($field: $type) -> Self {
                Self { $field }
            }
        }
    )* };
}

one_field! {
    /// The payload of `resign`.
    Resign {
        /// The match to give up.
        match_id: MatchId
    }
    /// The payload of `accept_challenge`.
    AcceptChallenge {
        /// The challenge to take.
        challenge_id: ChallengeId
    }
    /// The payload of `cancel_challenge`.
    CancelChallenge {
        /// The challenge to take back.
        challenge_id: ChallengeId
    }
    /// The payload of `spectate_match`.
    SpectateMatch {
        /// The match to watch.
        match_id: MatchId
    }
}

/// The payload of `create_challenge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateChallenge {
    /// The game to play.
    pub game_type: GameType,
    /// What each side puts in.
    pub wager_lamports: Lamports,
}

impl CreateChallenge {
    /// A challenge to a game with a wager.
    pub fn new(game_type: GameType, wager_lamports: Lamports) -> Self {
        Self { game_type, wager_lamports }
    }
}

/// The payload of `send_taunt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SendTaunt {
    /// The match.
    pub match_id: MatchId,
    /// Which taunt.
    pub taunt_id: TauntId,
}

impl SendTaunt {
    /// A taunt in a match.
    pub fn new(match_id: MatchId, taunt_id: TauntId) -> Self {
        Self { match_id, taunt_id }
    }
}

impl ClientMessage {
    /// The message's `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authenticate(_) => "authenticate",
            Self::JoinQueue(_) => "join_queue",
            Self::LeaveQueue => "leave_queue",
            Self::MakeMove(_) => "make_move",
            Self::Resign(_) => "resign",
            Self::CreateChallenge(_) => "create_challenge",
            Self::AcceptChallenge(_) => "accept_challenge",
            Self::CancelChallenge(_) => "cancel_challenge",
            Self::SpectateMatch(_) => "spectate_match",
            Self::StopSpectating => "stop_spectating",
            Self::Ping => "ping",
            Self::SendTaunt(_) => "send_taunt",
        }
    }

    /// Whether the message carries the API key, and must not be logged.
    pub fn holds_secret(&self) -> bool {
        matches!(self, Self::Authenticate(_))
    }

    /// The message as it goes over the wire. Where [`holds_secret`](Self::holds_secret) says so, the text holds the key.
    ///
    /// # Errors
    /// [`codes::INVALID_ARGUMENT`] when a raw move is not JSON.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|cause| {
            Error::invalid_argument(self.name(), "a raw move is not JSON").with_source(cause)
        })
    }

    /// The server's side of it: reads what an agent said.
    ///
    /// # Errors
    /// [`codes::NOT_JSON`] or [`codes::DECODE_FAILED`] with the field. A `type` that is missing or not known is an error
    /// with the field `type`.
    pub fn decode(text: &str) -> Result<Self> {
        let Some(name) = wire::tag(text, "type") else {
            return Err(without_type(text));
        };
        Ok(match &*name {
            "authenticate" => Self::Authenticate(api_key::decode(text, "authenticate")?),
            "join_queue" => Self::JoinQueue(wire::decode(text, "join_queue")?),
            "leave_queue" => wire::decode::<IgnoredAny>(text, "leave_queue").map(|_| Self::LeaveQueue)?,
            "make_move" => Self::MakeMove(wire::decode(text, "make_move")?),
            "resign" => Self::Resign(wire::decode(text, "resign")?),
            "create_challenge" => Self::CreateChallenge(wire::decode(text, "create_challenge")?),
            "accept_challenge" => Self::AcceptChallenge(wire::decode(text, "accept_challenge")?),
            "cancel_challenge" => Self::CancelChallenge(wire::decode(text, "cancel_challenge")?),
            "spectate_match" => Self::SpectateMatch(wire::decode(text, "spectate_match")?),
            "stop_spectating" => {
                wire::decode::<IgnoredAny>(text, "stop_spectating").map(|_| Self::StopSpectating)?
            }
            "ping" => wire::decode::<IgnoredAny>(text, "ping").map(|_| Self::Ping)?,
            "send_taunt" => Self::SendTaunt(wire::decode(text, "send_taunt")?),
            other => {
                let message = format!("an agent's message has an unknown type {}", wire::excerpt(other));
                return Err(Error::new(&codes::DECODE_FAILED, message).with_field("type"));
            }
        })
    }
}

/// The error for a text without a `type`. The text is not shown: it may be a misspelt `authenticate`.
fn without_type(text: &str) -> Error {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Error::new(&codes::NOT_JSON, "an agent's message is not JSON");
    }
    Error::new(&codes::DECODE_FAILED, "an agent's message is not an object with a `type`").with_field("type")
}
