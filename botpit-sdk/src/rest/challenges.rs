//! The lobby (spec, "Challenges" of the REST reference).

use sdk_core::error::Result;

use super::Rest;
use super::limits::check_game_type;
use crate::model::{GameType, OpenChallenge};

impl Rest {
    /// The open challenges (spec, `GET /api/v1/challenges`). They are made and accepted over the live connection.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::GameType;
    ///
    /// for challenge in rest.challenges().game_type(GameType::Rps).send().await? {
    ///     println!("{} for {} since {}", challenge.id, challenge.wager_lamports, challenge.created_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn challenges(&self) -> OpenChallenges {
        OpenChallenges { rest: self.clone(), game_type: None }
    }
}

/// A request for the open challenges, by [`Rest::challenges`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct OpenChallenges {
    rest: Rest,
    game_type: Option<GameType>,
}

impl OpenChallenges {
    /// Only challenges to this game.
    pub fn game_type(mut self, game_type: impl Into<GameType>) -> Self {
        self.game_type = Some(game_type.into());
        self
    }

    /// The challenges. The list comes whole: it has no pages and no limit.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty game; otherwise as told in the
    /// [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<OpenChallenge>> {
        if let Some(game_type) = &self.game_type {
            check_game_type(game_type.as_str())?;
        }
        self.rest.get(["challenges"]).query_opt("game_type", self.game_type.as_ref()).send_json().await
    }
}
