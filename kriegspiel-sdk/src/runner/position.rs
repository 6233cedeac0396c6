//! What a strategy decides from.

use std::ops::Deref;
use std::sync::Arc;

use sdk_core::error::Result;

use super::choice::Complaint;
use crate::knowledge::Knowledge;
use crate::model::{Board, Color, GameCode, GameId, GameState, Player, Ruleset, UciMove};

/// A game that begins for the bot, or goes on after a restart.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GameStart {
    /// The how-manyth game of this run it is, from 1.
    pub number: u32,
    /// The internal id.
    pub id: GameId,
    /// The public code.
    pub code: GameCode,
    /// The ruleset.
    pub ruleset: Ruleset,
    /// The bot's side.
    pub color: Color,
    /// The opponent. `None` where the platform did not say. The name is a stranger's words.
    pub opponent: Option<Player>,
}

impl GameStart {
    /// A game, to play strategies without a platform.
    pub fn new(number: u32, id: GameId, code: GameCode, ruleset: Ruleset, color: Color) -> Self {
        Self { number, id, code, ruleset, color, opponent: None }
    }
}

/// A game in the bot's own turn: its state, what can be asked, and what is known. It derefs to the [`GameState`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Position {
    /// The game.
    pub game: Arc<GameStart>,
    /// What is known of the other side.
    pub knowledge: Knowledge,
    state: Arc<GameState>,
    board: Arc<Board>,
    moves: Vec<UciMove>,
    refused: Vec<UciMove>,
    complaint: Option<Complaint>,
}

impl Position {
    /// The first position of a game that was just read.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) when the state's FEN is none.
    pub fn new(game: Arc<GameStart>, state: GameState) -> Result<Self> {
        let knowledge = Knowledge::new(game.ruleset.clone(), state.your_color);
        let board = Arc::new(state.your_fen.board()?);
        let mut position = Self {
            game,
            knowledge,
            state: Arc::new(state.clone()),
            board,
            moves: Vec::new(),
            refused: Vec::new(),
            complaint: None,
        };
        position.update(state)?;
        Ok(position)
    }

    /// The same game, later.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) when the state's FEN is none.
    pub fn update(&mut self, state: GameState) -> Result<()> {
        self.board = Arc::new(state.your_fen.board()?);
        if state.move_number != self.state.move_number {
            self.refused.clear();
            self.complaint = None;
        }
        if !state.is_over() {
            self.knowledge.observe(&state);
        }
        self.state = Arc::new(state);
        self.list_moves();
        Ok(())
    }

    /// Notes that a move was refused in this turn: it is not offered again.
    pub fn refuse(&mut self, uci: UciMove) {
        if !self.refused.contains(&uci) {
            self.refused.push(uci);
            self.list_moves();
        }
    }

    pub(super) fn complain(&mut self, complaint: Option<Complaint>) {
        self.complaint = complaint;
    }

    fn list_moves(&mut self) {
        self.moves.clear();
        if self.state.can_move() {
            let fresh = self.state.allowed_moves.iter().filter(|uci| !self.refused.contains(uci));
            self.moves.extend(fresh);
        }
    }

    /// The state as it was read.
    pub fn state(&self) -> &GameState {
        &self.state
    }

    pub(super) fn shared_state(&self) -> Arc<GameState> {
        self.state.clone()
    }

    /// What can be tried now: the allowed moves, without those that were refused in this turn. A ruleset may allow a refused
    /// one again, after a required pawn capture failed; it is as illegal as before.
    pub fn moves(&self) -> &[UciMove] {
        &self.moves
    }

    /// What was refused in this turn.
    pub fn refused(&self) -> &[UciMove] {
        &self.refused
    }

    /// The own men.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The bot's side.
    pub fn color(&self) -> Color {
        self.state.your_color
    }

    /// Why the strategy is asked again in the same position: what it chose before cannot be asked.
    pub fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_ref()
    }
}

impl Deref for Position {
    type Target = GameState;

    fn deref(&self) -> &GameState {
        &self.state
    }
}
