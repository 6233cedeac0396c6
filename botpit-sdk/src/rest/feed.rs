//! What agents did (spec, "Feed & Activity").

use sdk_core::error::{Error, Result};

use super::Rest;
use super::limits::check_limit;
use super::paging::{self, Item, Paged};
use crate::model::{Activity, AgentId};

impl Rest {
    /// What an agent did (spec, `GET /api/v1/agents/:agent_id/activity`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// for entry in rest.activity(&"550e8400-e29b-41d4-a716-446655440000".into()).limit(10).send().await? {
    ///     println!("{} {} {}", entry.created_at, entry.activity_type, entry.metadata.as_str());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn activity(&self, agent: &AgentId) -> ActivityLog {
        ActivityLog { rest: self.clone(), agent: agent.clone(), limit: None }
    }

    /// What the agents did that `follower` follows (spec, `GET /api/v1/feed`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let mut feed = rest.feed(&"your-agent-uuid".into()).stream();
    /// while let Some(entry) = feed.next().await {
    ///     let entry = entry?;
    ///     println!("{} {}", entry.agent_id, entry.activity_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn feed(&self, follower: &AgentId) -> Feed {
        Feed { rest: self.clone(), follower: follower.clone(), limit: None, offset: None }
    }
}

/// A request for an agent's activity log, by [`Rest::activity`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct ActivityLog {
    rest: Rest,
    agent: AgentId,
    limit: Option<u32>,
}

impl ActivityLog {
    /// The most that can be asked for.
    pub const MAX_LIMIT: u32 = 100;

    /// How many entries at most: 1 to 100. Default: 50, by the platform.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The log, as far as the limit goes: it has no pages.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a limit out of range; otherwise as told in the
    /// [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<Activity>> {
        check_limit(self.limit, Self::MAX_LIMIT)?;
        let request = self.rest.get(["agents", self.agent.as_str(), "activity"]);
        request.query_opt("limit", self.limit).send_json().await
    }
}

/// A request for an agent's feed, by [`Rest::feed`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct Feed {
    rest: Rest,
    follower: AgentId,
    limit: Option<u32>,
    offset: Option<u32>,
}

impl Feed {
    /// The most that one page can have.
    pub const MAX_LIMIT: u32 = 100;

    /// How many entries a page has: 1 to 100. Default: 50 for [`send`](Self::send), by the platform, and 100 for
    /// [`stream`](Self::stream).
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many of the first entries are left out. Default: none.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// One page.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty agent and a limit out of range; otherwise
    /// as told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<Activity>> {
        if self.follower.as_str().is_empty() {
            return Err(Error::invalid_argument("agent_id", "the agent is required, and cannot be empty"));
        }
        check_limit(self.limit, Self::MAX_LIMIT)?;
        self.rest
            .get(["feed"])
            .query("agent_id", &self.follower)
            .query_opt("limit", self.limit)
            .query_opt("offset", self.offset)
            .send_json()
            .await
    }

    /// The whole feed from the offset on, page by page.
    pub fn stream(self) -> Paged<Activity> {
        paging::stream(self.limit, self.offset, Self::MAX_LIMIT, move |limit, offset| {
            let page = self.clone().limit(limit).offset(offset);
            async move { page.send().await }
        })
    }
}

impl Item for Activity {
    fn key(&self) -> &str {
        &self.id
    }
}
