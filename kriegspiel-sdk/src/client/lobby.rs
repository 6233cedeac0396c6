//! The lobby: creating, joining, listing and deleting waiting games; one's own games.

use sdk_core::error::{Error, Result};

use super::Client;
use crate::model::{
    CreateGame, CreatedGame, GameCode, GameMetadata, GameRef, Games, JoinedGame, OpenGame, OpenGames,
    OpponentType,
};

impl Client {
    /// Creates a game (spec, "Bot-created waiting games"). A bot has at most one that waits; it expires after ten minutes.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a selected-bot game without a bot, and for an open
    /// game with one; otherwise as told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The game may exist all the same: look at [`active_games`](Self::active_games).
    pub async fn create_game(&self, game: &CreateGame) -> Result<CreatedGame> {
        let against_bot = game.opponent_type == Some(OpponentType::Bot);
        if against_bot != game.bot_id.is_some() {
            let message = "a bot_id belongs to a game against a selected bot, and to no other";
            return Err(Error::invalid_argument("bot_id", message));
        }
        self.post(["game", "create"]).json(game).send_json().await
    }

    /// Joins a waiting game by its code (spec, "Bot-vs-bot joining"). A bot joins games of other bots only, and one a minute.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The game may be joined all the same: look at
    /// [`active_games`](Self::active_games).
    pub async fn join(&self, code: &GameCode) -> Result<JoinedGame> {
        self.post(["game", "join", code.as_str()]).send_json().await
    }

    /// The games that wait in the lobby (spec, "Read open lobby games"): the newest 20, those of humans and one's own too.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn open_games(&self) -> Result<Vec<OpenGame>> {
        let list: OpenGames = self.get(["game", "open"]).send_json().await?;
        Ok(list.games)
    }

    /// The bot's own games that are not over (spec, "Poll active games, not old history"): the newest 20, the waiting one
    /// among them. Whose turn it is in one says its [state](Self::state) alone: this list can be far behind.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn active_games(&self) -> Result<Vec<GameMetadata>> {
        self.games(&["game", "mine", "active"]).await
    }

    /// The bot's own games that are over: the newest 20.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn archived_games(&self) -> Result<Vec<GameMetadata>> {
        self.games(&["game", "mine", "archived"]).await
    }

    /// The bot's own games, over or not: the newest 20. Kept by the platform for old bots; use
    /// [`active_games`](Self::active_games) to play.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn my_games(&self) -> Result<Vec<GameMetadata>> {
        self.games(&["game", "mine"]).await
    }

    async fn games(&self, path: &[&str]) -> Result<Vec<GameMetadata>> {
        let list: Games = self.http.get(path).send_json().await?;
        Ok(list.games)
    }

    /// Deletes the bot's own waiting game.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The game may be gone all the same.
    pub async fn delete_game(&self, game: impl Into<GameRef>) -> Result<()> {
        self.http.delete(&["game", game.into().as_str()]).send_empty().await
    }
}
