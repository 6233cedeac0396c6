//! What the platform says (spec, "Server Messages Reference"), and what its own SDKs know beyond the spec.
//!
//! Payloads borrow from the frame. The parts that differ by game (`game_state`, `result`, `move_data`, `event`) stay raw
//! until the game's own types read them: see [`games`](crate::games).

use std::borrow::Cow;
use std::time::Duration;

use sdk_core::error::{Error, Result, codes};
use sdk_core::wire;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{ErrorCode, GameType, Score, Side, TauntId};
use crate::lamports::Lamports;

/// A message from the platform to an agent.
///
/// Required in each message is only what an agent cannot go on without. The rest is optional, and never made up.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerMessage<'a> {
    /// `authenticated`: the key was accepted.
    Authenticated(Authenticated<'a>),
    /// `error`: the platform refused something.
    Error(ServerError<'a>),
    /// `queue_joined`: the agent waits for a match.
    QueueJoined(QueueJoined),
    /// `queue_left`: the agent no longer waits.
    QueueLeft,
    /// `queue_update`: how the waiting goes. Beyond the spec.
    QueueUpdate(QueueUpdate),
    /// `match_found`: an opponent was found.
    MatchFound(MatchFound<'a>),
    /// `game_start`: the match begins.
    GameStart(GameStart<'a>),
    /// `your_turn`: a move is asked for.
    YourTurn(YourTurn<'a>),
    /// `opponent_moved`: the opponent has moved; what, stays hidden until the round ends.
    OpponentMoved(OpponentMoved<'a>),
    /// `round_result`: a round has ended.
    RoundResult(RoundResult<'a>),
    /// `game_over`: the match has ended and its seed is revealed.
    GameOver(GameOver<'a>),
    /// `challenge_created`: one's own challenge stands in the lobby.
    ChallengeCreated(ChallengeCreated<'a>),
    /// `challenge_accepted`: a challenge was taken; a match follows.
    ChallengeAccepted(ChallengeAccepted<'a>),
    /// `challenge_cancelled`: a challenge was taken back.
    ChallengeCancelled(ChallengeCancelled<'a>),
    /// `spectate_update`: something happened in the match that is watched.
    SpectateUpdate(SpectateUpdate<'a>),
    /// `taunt_received`: the opponent teases. Beyond the spec.
    TauntReceived(TauntReceived<'a>),
    /// `session_replaced`: another connection with the same key took over. Beyond the spec.
    SessionReplaced,
    /// `pong`: the answer to `ping`.
    Pong,
    /// A message that this version does not know.
    #[serde(skip)]
    Unknown {
        /// Its `type`.
        tag: Cow<'a, str>,
        /// The whole message as it came.
        text: &'a str,
    },
}

/// The payload of `authenticated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Authenticated<'a> {
    /// The agent's own id: a `winner` with this id means that the agent won.
    #[serde(borrow)]
    pub agent_id: Cow<'a, str>,
    /// The agent's name.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<Cow<'a, str>>,
}

/// The payload of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerError<'a> {
    /// What it is about. Some servers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The platform's words for a person.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
}

/// The payload of `queue_joined`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueJoined {
    /// The game that is queued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_type: Option<GameType>,
    /// The place in the queue, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
}

/// The payload of `queue_update`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueUpdate {
    /// The game that is queued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_type: Option<GameType>,
    /// The place in the queue, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// How long the agent has waited, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_time_ms: Option<u64>,
    /// How far from the agent's rating opponents are looked for, in Elo points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_radius: Option<f64>,
    /// How many agents wait in this queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub players_in_queue: Option<u64>,
    /// How many agents are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub players_online: Option<u64>,
}

/// The payload of `match_found`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchFound<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The game.
    pub game_type: GameType,
    /// The opponent's id.
    #[serde(borrow)]
    pub opponent_id: Cow<'a, str>,
    /// The opponent's name. Words of a stranger: do not trust them.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub opponent_name: Option<Cow<'a, str>>,
    /// What each side puts in.
    pub wager_lamports: Lamports,
    /// The commitment to the match's seed: see [`fairness`](crate::fairness).
    #[serde(borrow)]
    pub server_seed_hash: Cow<'a, str>,
}

/// The payload of `game_start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GameStart<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The agent's side.
    pub your_side: Side,
}

/// The payload of `your_turn`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct YourTurn<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The round, from 1.
    pub round: u32,
    /// The game's state, raw: decode it as [`Game::State`](crate::games::Game::State).
    #[serde(borrow)]
    pub game_state: &'a RawValue,
    /// How long the move may take from now, in milliseconds.
    pub timeout_ms: u64,
}

impl YourTurn<'_> {
    /// How long the move may take from now.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

/// The payload of `opponent_moved`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpponentMoved<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The round, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The move, raw. `{}` while it is hidden.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub move_data: Option<&'a RawValue>,
}

/// The payload of `round_result`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The round, from 1.
    pub round: u32,
    /// What happened, raw: decode it as [`Game::RoundResult`](crate::games::Game::RoundResult).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub result: Option<&'a RawValue>,
    /// The score after the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// The payload of `game_over`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GameOver<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// The winner's agent id, `None` for a draw. Not "did I win": compare it with one's own id. A message without the
    /// field is an error, not a draw.
    #[serde(borrow, deserialize_with = "optional_text")]
    pub winner: Option<Cow<'a, str>>,
    /// The final score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_score: Option<Score>,
    /// The revealed seed: see [`fairness`](crate::fairness).
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub server_seed: Option<Cow<'a, str>>,
    /// What is paid out. The spec: both wagers minus the platform's fee; what a loser reads here is not documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_lamports: Option<Lamports>,
    /// The platform's fee. Beyond the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_lamports: Option<Lamports>,
    /// Whether the match was played without money. Beyond the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_sandbox: Option<bool>,
}

/// The payload of `challenge_created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChallengeCreated<'a> {
    /// The challenge.
    #[serde(borrow)]
    pub challenge_id: Cow<'a, str>,
    /// The game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_type: Option<GameType>,
    /// What each side puts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wager_lamports: Option<Lamports>,
}

/// The payload of `challenge_accepted`. `match_found` and `game_start` follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChallengeAccepted<'a> {
    /// The challenge.
    #[serde(borrow)]
    pub challenge_id: Cow<'a, str>,
    /// The match that begins.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub match_id: Option<Cow<'a, str>>,
}

/// The payload of `challenge_cancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChallengeCancelled<'a> {
    /// The challenge.
    #[serde(borrow)]
    pub challenge_id: Cow<'a, str>,
}

/// The payload of `spectate_update`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpectateUpdate<'a> {
    /// The match that is watched.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// What happened, raw. The spec: "Round results, game over, etc."
    #[serde(borrow)]
    pub event: &'a RawValue,
}

/// The payload of `taunt_received`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TauntReceived<'a> {
    /// The match.
    #[serde(borrow)]
    pub match_id: Cow<'a, str>,
    /// Who teases.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Cow<'a, str>>,
    /// The name of who teases.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<Cow<'a, str>>,
    /// Which taunt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taunt_id: Option<TauntId>,
    /// The taunt's words.
    #[serde(borrow, default, deserialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub taunt_text: Option<Cow<'a, str>>,
}

/// `Option<Cow>` that borrows: serde borrows a bare `Cow` by itself, but copies one inside an `Option`.
fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|Text(text)| text))
}

impl<'a> ServerMessage<'a> {
    /// Reads a message.
    ///
    /// A type that is not known is [`ServerMessage::Unknown`], not an error. Fields that are not known are passed over.
    ///
    /// # Errors
    /// [`codes::NOT_JSON`] for a text that is not JSON; [`codes::DECODE_FAILED`] for one that is not an object with a
    /// `type`, and for a known message with a field that is missing or wrong, which the error names.
    pub fn decode(text: &'a str) -> Result<Self> {
        let Some(name) = wire::tag(text, "type") else {
            return Err(without_type(text));
        };
        Ok(match &*name {
            "your_turn" => Self::YourTurn(wire::decode(text, "your_turn")?),
            "opponent_moved" => Self::OpponentMoved(wire::decode(text, "opponent_moved")?),
            "round_result" => Self::RoundResult(wire::decode(text, "round_result")?),
            "pong" => bare(text, "pong", Self::Pong)?,
            "match_found" => Self::MatchFound(wire::decode(text, "match_found")?),
            "game_start" => Self::GameStart(wire::decode(text, "game_start")?),
            "game_over" => Self::GameOver(wire::decode(text, "game_over")?),
            "queue_update" => Self::QueueUpdate(wire::decode(text, "queue_update")?),
            "queue_joined" => Self::QueueJoined(wire::decode(text, "queue_joined")?),
            "queue_left" => bare(text, "queue_left", Self::QueueLeft)?,
            "spectate_update" => Self::SpectateUpdate(wire::decode(text, "spectate_update")?),
            "taunt_received" => Self::TauntReceived(wire::decode(text, "taunt_received")?),
            "challenge_created" => Self::ChallengeCreated(wire::decode(text, "challenge_created")?),
            "challenge_accepted" => Self::ChallengeAccepted(wire::decode(text, "challenge_accepted")?),
            "challenge_cancelled" => Self::ChallengeCancelled(wire::decode(text, "challenge_cancelled")?),
            "authenticated" => Self::Authenticated(wire::decode(text, "authenticated")?),
            "error" => Self::Error(wire::decode(text, "error")?),
            "session_replaced" => bare(text, "session_replaced", Self::SessionReplaced)?,
            _ => bare(text, "a message of an unknown type", Self::Unknown { tag: name, text })?,
        })
    }

    /// The message's `type`.
    pub fn name(&self) -> &str {
        match self {
            Self::Authenticated(_) => "authenticated",
            Self::Error(_) => "error",
            Self::QueueJoined(_) => "queue_joined",
            Self::QueueLeft => "queue_left",
            Self::QueueUpdate(_) => "queue_update",
            Self::MatchFound(_) => "match_found",
            Self::GameStart(_) => "game_start",
            Self::YourTurn(_) => "your_turn",
            Self::OpponentMoved(_) => "opponent_moved",
            Self::RoundResult(_) => "round_result",
            Self::GameOver(_) => "game_over",
            Self::ChallengeCreated(_) => "challenge_created",
            Self::ChallengeAccepted(_) => "challenge_accepted",
            Self::ChallengeCancelled(_) => "challenge_cancelled",
            Self::SpectateUpdate(_) => "spectate_update",
            Self::TauntReceived(_) => "taunt_received",
            Self::SessionReplaced => "session_replaced",
            Self::Pong => "pong",
            Self::Unknown { tag, .. } => tag,
        }
    }

    /// The match that the message is about, where it is about one.
    pub fn match_id(&self) -> Option<&str> {
        match self {
            Self::MatchFound(message) => Some(&message.match_id),
            Self::GameStart(message) => Some(&message.match_id),
            Self::YourTurn(message) => Some(&message.match_id),
            Self::OpponentMoved(message) => Some(&message.match_id),
            Self::RoundResult(message) => Some(&message.match_id),
            Self::GameOver(message) => Some(&message.match_id),
            Self::ChallengeAccepted(message) => message.match_id.as_deref(),
            Self::SpectateUpdate(message) => Some(&message.match_id),
            Self::TauntReceived(message) => Some(&message.match_id),
            _ => None,
        }
    }

    /// The server's side of it: the message as it goes over the wire.
    ///
    /// # Errors
    /// [`codes::INVALID_ARGUMENT`] when the message has no JSON form. Every message that [`decode`](Self::decode) gave has one.
    pub fn to_text(&self) -> Result<String> {
        match self {
            Self::Unknown { text, .. } => Ok((*text).to_owned()),
            known => serde_json::to_string(known).map_err(|cause| {
                Error::invalid_argument(known.name(), "the message has no JSON form").with_source(cause)
            }),
        }
    }
}

/// A message of which only the type matters, when the rest of its text is JSON at all.
fn bare<T>(text: &str, name: &str, message: T) -> Result<T> {
    wire::decode::<IgnoredAny>(text, name).map(|_| message)
}

fn without_type(text: &str) -> Error {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        let message = format!("the platform's message is not JSON; it begins {}", wire::excerpt(text));
        return Error::new(&codes::NOT_JSON, message);
    }
    let message =
        format!("the platform's message is not an object with a `type`; it begins {}", wire::excerpt(text));
    Error::new(&codes::DECODE_FAILED, message).with_field("type")
}
