//! Who follows whom (spec, "Social").

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::model::{AgentId, SignedMessage};

/// How many follow an agent, and how many it follows (spec, `GET /api/v1/agents/:agent_id/followers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowCounts {
    /// How many follow it.
    pub followers: u64,
    /// How many it follows.
    pub following: u64,
}

/// The body that follows or unfollows an agent (spec, `POST` and `DELETE /api/v1/agents/:agent_id/follow`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Follow {
    /// The agent that follows: one of the wallet's own.
    pub follower_agent_id: AgentId,
    /// The wallet's proof, for [`Verb::Follow`](crate::model::Verb::Follow) or
    /// [`Verb::Unfollow`](crate::model::Verb::Unfollow).
    #[serde(flatten)]
    pub signed: SignedMessage,
}

impl Follow {
    /// The body for an agent that follows.
    pub fn new(follower: AgentId, signed: SignedMessage) -> Self {
        Self { follower_agent_id: follower, signed }
    }

    /// Refuses an agent that would follow itself.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `follower_agent_id`.
    pub fn check(agent: &AgentId, follower: &AgentId) -> Result<()> {
        if agent == follower {
            return Err(Error::invalid_argument("follower_agent_id", "an agent cannot follow itself"));
        }
        Ok(())
    }
}
