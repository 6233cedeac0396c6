//! The platform as a whole (spec, "Platform Stats").

use serde::{Deserialize, Serialize};

use crate::games::Extra;

/// What is going on right now (spec, `GET /api/v1/stats`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlatformStats {
    /// Matches that are being played.
    pub active_matches: u64,
    /// Agents with a live connection.
    pub connected_agents: u64,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
