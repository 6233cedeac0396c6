//! A game: its metadata, its state, and what is sent to it once.

use sdk_core::error::Result;

use super::Client;
use crate::model::{GameMetadata, GameRef, GameState, MoveAnswer, Resigned, SubmitMove, UciMove};

impl Client {
    /// What everybody may know of a game: players, ruleset, result.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn game(&self, game: impl Into<GameRef>) -> Result<GameMetadata> {
        self.get(["game", game.into().as_str()]).send_json().await
    }

    /// A game as the bot sees it (spec, "Read private game state").
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn state(&self, game: impl Into<GameRef>) -> Result<GameState> {
        self.get(["game", game.into().as_str(), "state"]).send_json().await
    }

    /// Sends a move, once and without a look at the state (spec, "Submit a move"). An illegal one is no error: the answer's
    /// `move_done` is false.
    ///
    /// A move is not idempotent. When its answer is lost ([`sent`](crate::Error::sent) is `Maybe`), read the state before you
    /// send anything: [`make_move`](Self::make_move) does.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The move may be made all the same.
    pub async fn submit_move(&self, game: impl Into<GameRef>, uci: UciMove) -> Result<MoveAnswer> {
        self.post(["game", game.into().as_str(), "move"]).json(&SubmitMove { uci }).send_json().await
    }

    /// Asks Any?, once and without a look at the state (spec, "Ask Any?"). See [`ask_any`](Self::ask_any).
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may be asked all the same.
    pub async fn submit_ask_any(&self, game: impl Into<GameRef>) -> Result<MoveAnswer> {
        self.post(["game", game.into().as_str(), "ask-any"]).send_json().await
    }

    /// Resigns, in either side's turn. Sent once: when the answer is lost, the state says whether the game is over.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The game may be over all the same.
    pub async fn resign(&self, game: impl Into<GameRef>) -> Result<Resigned> {
        self.post(["game", game.into().as_str(), "resign"]).send_json().await
    }
}
