//! Transcripts of finished games, and which games finished.

use sdk_core::error::{Error, Result};

use super::Client;
use crate::codes;
use crate::model::{GameRef, GameStatus, RecentGame, RecentGames, Review, Transcript};

impl Client {
    /// Every attempt of a finished game, of both sides.
    ///
    /// The platform would show it to a player of a game that is going on. This client asks for the game first, and refuses
    /// unless it is over: anything else would be cheating.
    ///
    /// # Errors
    /// [`ACTIVE_GAME`](codes::ACTIVE_GAME) when the game is not over; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn transcript(&self, game: impl Into<GameRef>) -> Result<Transcript> {
        let game = self.finished(game.into()).await?;
        self.get(["game", game.as_str(), "moves"]).send_json().await
    }

    /// A finished game with its transcript. As [`transcript`](Self::transcript), for games that are over alone.
    ///
    /// # Errors
    /// As [`transcript`](Self::transcript).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn review(&self, game: impl Into<GameRef>) -> Result<Review> {
        let game = self.finished(game.into()).await?;
        self.get(["game", game.as_str(), "review"]).send_json().await
    }

    async fn finished(&self, game: GameRef) -> Result<GameRef> {
        let state = self.game(&game).await?.state;
        if state == GameStatus::Completed {
            return Ok(game);
        }
        let message = format!("the game {game} is {state}, and its transcript shows both sides' moves");
        Err(Error::new(&codes::ACTIVE_GAME, message).with_field("game_ref"))
    }

    /// The games that ended last, of everybody: 1 to 50, or 10 by default.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a limit out of range; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn recent_games(&self, limit: Option<u32>) -> Result<Vec<RecentGame>> {
        super::users::check_range("limit", limit, 1..=50)?;
        let list: RecentGames = self.get(["game", "recent"]).query_opt("limit", limit).send_json().await?;
        Ok(list.games)
    }
}
