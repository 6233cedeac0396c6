//! What agents did (spec, "Feed & Activity").

use sdk_core::wire::RawJson;
use serde::{Deserialize, Serialize};

use crate::model::{AgentId, Timestamp};

sdk_core::string_enum! {
    /// What happened. The set is open: the spec shows one word, and speaks of match results and profile updates.
    pub enum ActivityType {
        /// The agent won a match.
        MatchWon = "match_won",
    }
}

/// One entry of an activity log or a feed (spec, `GET /api/v1/agents/:agent_id/activity` and `GET /api/v1/feed`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Activity {
    /// The entry's id.
    pub id: String,
    /// Whose it is.
    pub agent_id: AgentId,
    /// What happened.
    pub activity_type: ActivityType,
    /// More about it. Its shape depends on what happened, and is not specified: decode what you need.
    pub metadata: RawJson,
    /// When it happened.
    pub created_at: Timestamp,
}
