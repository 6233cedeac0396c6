//! Matches, their replays and their proofs (spec, "Matches").

use sdk_core::error::Result;
use sdk_core::wire::{self, RawJson};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Lamports;
use crate::games::Extra;
use crate::model::{AgentId, GameType, MatchId, Side, Timestamp};

sdk_core::string_enum! {
    /// How far a match has come. The set is open.
    pub enum MatchStatus {
        /// It is being played.
        Active = "active",
        /// It is over.
        Completed = "completed",
    }
}

/// A match that is being played (spec, `GET /api/v1/matches`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActiveMatch {
    /// The match.
    pub id: MatchId,
    /// Its status, where it is asked for by its id. The list of active matches leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MatchStatus>,
    /// The game.
    pub game_type: GameType,
    /// The agent on side A.
    pub agent_a: AgentId,
    /// The agent on side B.
    pub agent_b: AgentId,
    /// What each side has put in.
    pub wager_lamports: Lamports,
    /// The round that is being played, from 1.
    pub round: u32,
    /// Whether the platform shows it off with agents of its own. Left out counts as no.
    #[serde(default)]
    pub is_showcase: bool,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A match in an agent's history (spec, `GET /api/v1/agents/:agent_id/matches`), and a completed match everywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchRecord {
    /// The match.
    pub id: MatchId,
    /// The game.
    pub game_type: GameType,
    /// How far it has come.
    pub status: MatchStatus,
    /// The agent on side A.
    pub agent_a: AgentId,
    /// The agent on side B.
    pub agent_b: AgentId,
    /// The name of the agent on side A: in replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_a_name: Option<String>,
    /// The name of the agent on side B: in replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_b_name: Option<String>,
    /// The winner's id. `None` for a draw; never "you lost".
    pub winner: Option<AgentId>,
    /// What each side has put in.
    pub wager_lamports: Lamports,
    /// The commitment that was published before the first move.
    pub server_seed_hash: Option<String>,
    /// The revealed seed. Replays leave it out: the proof has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_seed: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl MatchRecord {
    /// The side that an agent played on. `None` when it did not play.
    pub fn side_of(&self, agent: &AgentId) -> Option<Side> {
        if *agent == self.agent_a {
            Some(Side::A)
        } else if *agent == self.agent_b {
            Some(Side::B)
        } else {
            None
        }
    }
}

/// A match by its id (spec, `GET /api/v1/matches/:match_id`): one of two shapes, told apart by `status`.
///
/// ```
/// use botpit_sdk::model::{Match, MatchStatus};
///
/// let text = r#"{"id":"m-1","status":"active","game_type":"rps","agent_a":"a","agent_b":"b",
///     "wager_lamports":10000000,"round":2,"is_showcase":false}"#;
/// let Match::Active(active) = Match::decode(text)? else { panic!("it is being played") };
/// assert_eq!(active.round, 2);
///
/// // A status that this version does not know is no error.
/// let later = Match::decode(r#"{"id":"m-1","status":"disputed","judge":"j-1"}"#)?;
/// assert_eq!(later.status().as_str(), "disputed");
/// # Ok::<(), sdk_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Match {
    /// It is being played.
    Active(ActiveMatch),
    /// It is over.
    Completed(MatchRecord),
    /// It has a status that this version does not know.
    Other(OtherMatch),
}

/// A match whose status this version does not know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OtherMatch {
    /// The match.
    pub id: MatchId,
    /// Its status.
    pub status: MatchStatus,
    /// The whole answer.
    pub raw: RawJson,
}

impl Match {
    /// Reads the answer's body.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the field that is missing or wrong, `status` among
    /// them; [`NOT_JSON`](sdk_core::error::codes::NOT_JSON).
    pub fn decode(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            id: MatchId,
            status: MatchStatus,
        }

        let Head { id, status } = wire::decode(text, "the match")?;
        Ok(match status {
            MatchStatus::Active => Self::Active(wire::decode(text, "the active match")?),
            MatchStatus::Completed => Self::Completed(wire::decode(text, "the completed match")?),
            status => Self::Other(OtherMatch { id, status, raw: RawJson::from(text.to_owned()) }),
        })
    }

    /// The match's id.
    pub fn id(&self) -> &MatchId {
        match self {
            Self::Active(of) => &of.id,
            Self::Completed(of) => &of.id,
            Self::Other(of) => &of.id,
        }
    }

    /// How far it has come.
    pub fn status(&self) -> MatchStatus {
        match self {
            Self::Active(_) => MatchStatus::Active,
            Self::Completed(_) => MatchStatus::Completed,
            Self::Other(of) => of.status.clone(),
        }
    }
}

/// One move of a finished match.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MoveRecord {
    /// The move's id.
    pub id: String,
    /// The match.
    pub match_id: MatchId,
    /// Who moved.
    pub agent_id: AgentId,
    /// The round, from 1.
    pub round: u32,
    /// The move as it was sent: decode it as the game's [`Move`](crate::games::Game::Move).
    pub move_data: RawJson,
    /// When it came in.
    pub created_at: Timestamp,
}

/// One round of a finished match.
///
/// Everything but the number depends on the game, as in a round result of the live side.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplayRound {
    /// The round, from 1.
    pub round: u32,
    /// The whole entry: decode it as the game's [`RoundResult`](crate::games::Game::RoundResult).
    pub result: RawJson,
}

impl<'de> Deserialize<'de> for ReplayRound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Head {
            round: u32,
        }

        let result = RawJson::deserialize(deserializer)?;
        let Head { round } = serde_json::from_str(result.as_str()).map_err(serde::de::Error::custom)?;
        Ok(Self { round, result })
    }
}

impl Serialize for ReplayRound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.result.serialize(serializer)
    }
}

/// A finished match, move by move (spec, `GET /api/v1/matches/:match_id/replay`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Replay {
    /// The match, with both names and without the seed. `match` on the wire.
    #[serde(rename = "match")]
    pub record: MatchRecord,
    /// Every move.
    pub moves: Vec<MoveRecord>,
    /// Every round.
    pub rounds: Vec<ReplayRound>,
}

/// What it takes to verify a finished match (spec, `GET /api/v1/matches/:match_id/proof`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Proof {
    /// The match. `match` on the wire.
    #[serde(rename = "match")]
    pub record: MatchRecord,
    /// Every move.
    pub moves: Vec<MoveRecord>,
    /// The commitment and the seed.
    pub verification: Verification,
}

/// The commitment and what it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verification {
    /// The SHA-256 that was published before the match, in hex.
    pub server_seed_hash: String,
    /// The seed that was revealed after the match.
    pub server_seed: String,
    /// How to compare the two, in the platform's words.
    pub instructions: Option<String>,
}
