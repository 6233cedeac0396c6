//! Matches: histories, what is being played, replays and proofs (spec, "Matches").

use sdk_core::error::Result;

use super::Rest;
use super::limits::check_limit;
use super::paging::{self, Item, Paged};
use crate::model::{ActiveMatch, AgentId, Match, MatchId, MatchRecord, Proof, Replay};

impl Rest {
    /// An agent's matches, the most recent first (spec, `GET /api/v1/agents/:agent_id/matches`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let agent = "550e8400-e29b-41d4-a716-446655440000".into();
    /// let mut matches = rest.matches(&agent).stream();
    /// while let Some(record) = matches.next().await {
    ///     let record = record?;
    ///     println!("{} {} {}", record.created_at, record.game_type, record.wager_lamports);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn matches(&self, agent: &AgentId) -> MatchHistory {
        MatchHistory { rest: self.clone(), agent: agent.clone(), limit: None, offset: None }
    }

    /// The matches that are being played (spec, `GET /api/v1/matches`). The list comes whole: it has no pages.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// for of in rest.active_matches().await? {
    ///     println!("{}: {} for {}, round {}", of.id, of.game_type, of.wager_lamports, of.round);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn active_matches(&self) -> Result<Vec<ActiveMatch>> {
        self.get(["matches"]).send_json().await
    }

    /// One match, whether it is being played or over (spec, `GET /api/v1/matches/:match_id`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::Match;
    ///
    /// match rest.match_by_id(&"match-uuid".into()).await? {
    ///     Match::Active(active) => println!("round {}", active.round),
    ///     Match::Completed(record) => println!("won by {:?}", record.winner),
    ///     other => println!("{}", other.status()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors): status 404 when there is no such match.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn match_by_id(&self, id: &MatchId) -> Result<Match> {
        let response = self.get(["matches", id.as_str()]).send().await?;
        let answered =
            |error: sdk_core::Error| error.with_status(response.status()).with_sent(sdk_core::Sent::Yes);
        Match::decode(response.text()?).map_err(answered)
    }

    /// A finished match, move by move (spec, `GET /api/v1/matches/:match_id/replay`). There is none before the match ends.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::games::{Game, RoundRecord, rps::Rps};
    ///
    /// let replay = rest.replay(&"match-uuid".into()).await?;
    /// for round in &replay.rounds {
    ///     let result: <Rps as Game>::RoundResult = round.result.decode("round")?;
    ///     println!("round {}: {:?}", round.round, result.round_winner());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn replay(&self, id: &MatchId) -> Result<Replay> {
        self.get(["matches", id.as_str(), "replay"]).send_json().await
    }

    /// What it takes to verify a finished match (spec, `GET /api/v1/matches/:match_id/proof`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let proof = rest.proof(&"match-uuid".into()).await?;
    /// println!("{} was committed to as {}", proof.verification.server_seed, proof.verification.server_seed_hash);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn proof(&self, id: &MatchId) -> Result<Proof> {
        self.get(["matches", id.as_str(), "proof"]).send_json().await
    }
}

/// A request for an agent's matches, by [`Rest::matches`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct MatchHistory {
    rest: Rest,
    agent: AgentId,
    limit: Option<u32>,
    offset: Option<u32>,
}

impl MatchHistory {
    /// The most that one page can have.
    pub const MAX_LIMIT: u32 = 100;

    /// How many matches a page has: 1 to 100. Default: 50 for [`send`](Self::send), by the platform, and 100 for
    /// [`stream`](Self::stream).
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many of the most recent matches are left out. Default: none.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// One page.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a limit out of range; otherwise as told in the
    /// [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<MatchRecord>> {
        check_limit(self.limit, Self::MAX_LIMIT)?;
        let request = self.rest.get(["agents", self.agent.as_str(), "matches"]);
        request.query_opt("limit", self.limit).query_opt("offset", self.offset).send_json().await
    }

    /// All matches from the offset on, page by page.
    pub fn stream(self) -> Paged<MatchRecord> {
        paging::stream(self.limit, self.offset, Self::MAX_LIMIT, move |limit, offset| {
            let page = self.clone().limit(limit).offset(offset);
            async move { page.send().await }
        })
    }
}

impl Item for MatchRecord {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
