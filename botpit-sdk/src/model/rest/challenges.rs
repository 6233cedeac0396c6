//! The lobby (spec, "Challenges" of the REST reference).

use serde::{Deserialize, Serialize};

use crate::Lamports;
use crate::model::{AgentId, ChallengeId, GameType, Timestamp};

/// A challenge that waits for somebody to accept it (spec, `GET /api/v1/challenges`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenChallenge {
    /// The challenge's id: what is accepted over the live connection.
    pub id: ChallengeId,
    /// Who challenges.
    pub creator_id: AgentId,
    /// The challenger's name.
    pub creator_name: Option<String>,
    /// The game.
    pub game_type: GameType,
    /// What each side puts in.
    pub wager_lamports: Lamports,
    /// When it was made. The one moment that the platform writes as an integer.
    pub created_at: Timestamp,
}
