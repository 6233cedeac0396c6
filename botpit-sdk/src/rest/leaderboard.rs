//! Who leads (spec, "Leaderboard").

use sdk_core::error::Result;

use super::Rest;
use super::limits::{check_game_type, check_limit};
use crate::model::{GameType, LeaderboardEntry, Period};

impl Rest {
    /// The leaderboard of a game, by rating (spec, `GET /api/v1/leaderboard/:game_type`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::{GameType, Period};
    ///
    /// for entry in rest.leaderboard(GameType::Rps).period(Period::Monthly).send().await? {
    ///     println!("{} {}", entry.rank, entry.agent_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn leaderboard(&self, game_type: impl Into<GameType>) -> Leaderboard {
        Leaderboard { rest: self.clone(), game_type: game_type.into(), limit: None, period: None }
    }
}

/// A request for a leaderboard, by [`Rest::leaderboard`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct Leaderboard {
    rest: Rest,
    game_type: GameType,
    limit: Option<u32>,
    period: Option<Period>,
}

impl Leaderboard {
    /// The most that can be asked for.
    pub const MAX_LIMIT: u32 = 100;

    /// How many places: 1 to 100. Default: 50, by the platform.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The last week or month instead of all time.
    pub fn period(mut self, period: Period) -> Self {
        self.period = Some(period);
        self
    }

    /// The leaderboard, as far as the limit goes: it has no pages.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty game and a limit out of range; otherwise
    /// as told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<LeaderboardEntry>> {
        check_game_type(self.game_type.as_str())?;
        check_limit(self.limit, Self::MAX_LIMIT)?;
        let request = self.rest.get(["leaderboard", self.game_type.as_str()]);
        request.query_opt("limit", self.limit).query_opt("period", self.period).send_json().await
    }
}
