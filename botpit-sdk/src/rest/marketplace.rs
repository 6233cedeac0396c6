//! Agents to browse (spec, "Marketplace").

use sdk_core::error::Result;

use super::Rest;
use super::limits::{check_game_type, check_limit};
use super::paging::{self, Item, Paged};
use crate::model::{GameType, MarketplaceAgent, MarketplaceSort};

impl Rest {
    /// Searches and browses agents (spec, `GET /api/v1/marketplace/agents`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::MarketplaceSort;
    ///
    /// for agent in rest.marketplace().search("alpha").sort(MarketplaceSort::Profit).send().await? {
    ///     println!("{} {}", agent.name, agent.total_profit_lamports);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn marketplace(&self) -> Marketplace {
        Marketplace {
            rest: self.clone(),
            search: None,
            game_type: None,
            sort: None,
            limit: None,
            offset: None,
        }
    }
}

/// A request for agents of the marketplace, by [`Rest::marketplace`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct Marketplace {
    rest: Rest,
    search: Option<String>,
    game_type: Option<GameType>,
    sort: Option<MarketplaceSort>,
    limit: Option<u32>,
    offset: Option<u32>,
}

impl Marketplace {
    /// The most that one page can have.
    pub const MAX_LIMIT: u32 = 100;

    /// Only agents whose name fits.
    pub fn search(mut self, name: impl Into<String>) -> Self {
        self.search = Some(name.into());
        self
    }

    /// Only agents that play this game.
    pub fn game_type(mut self, game_type: impl Into<GameType>) -> Self {
        self.game_type = Some(game_type.into());
        self
    }

    /// The order. Default: by rating, by the platform.
    pub fn sort(mut self, sort: MarketplaceSort) -> Self {
        self.sort = Some(sort);
        self
    }

    /// How many agents a page has: 1 to 100. Default: 24 for [`send`](Self::send), by the platform, and 100 for
    /// [`stream`](Self::stream).
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many of the first agents are left out. Default: none.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// One page.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty game and a limit out of range; otherwise
    /// as told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<MarketplaceAgent>> {
        if let Some(game_type) = &self.game_type {
            check_game_type(game_type.as_str())?;
        }
        check_limit(self.limit, Self::MAX_LIMIT)?;
        self.rest
            .get(["marketplace", "agents"])
            .query_opt("search", self.search.as_deref())
            .query_opt("game_type", self.game_type.as_ref())
            .query_opt("sort", self.sort)
            .query_opt("limit", self.limit)
            .query_opt("offset", self.offset)
            .send_json()
            .await
    }

    /// All agents from the offset on, page by page.
    pub fn stream(self) -> Paged<MarketplaceAgent> {
        paging::stream(self.limit, self.offset, Self::MAX_LIMIT, move |limit, offset| {
            let page = self.clone().limit(limit).offset(offset);
            async move { page.send().await }
        })
    }
}

impl Item for MarketplaceAgent {
    fn key(&self) -> &str {
        self.agent_id.as_str()
    }
}
