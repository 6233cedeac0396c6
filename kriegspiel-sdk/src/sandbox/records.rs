//! What the sandbox remembers, for its owner to look at.

use std::time::SystemTime;

use crate::model::{
    Announcement, Color, GameCode, GameId, GameResult, GameStatus, ReplayFen, Role, Ruleset, UciMove,
};

/// A player of a [`SandboxGame`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxPlayer {
    /// The name.
    pub username: String,
    /// What kind of account it is.
    pub role: Role,
    /// Whether it is one of the sandbox's own.
    pub is_house: bool,
}

/// An attempt, as the server saw it: impossible ones and nonsense too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxAttempt {
    /// The moves of both sides that were done, plus one.
    pub move_number: u32,
    /// Who tried.
    pub color: Color,
    /// The move. `None` for Any?.
    pub uci: Option<UciMove>,
    /// What was answered.
    pub answer: Announcement,
    /// When.
    pub at: SystemTime,
}

/// A game, as the server saw it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SandboxGame {
    /// The internal id.
    pub id: GameId,
    /// The public code.
    pub code: GameCode,
    /// The ruleset.
    pub ruleset: Ruleset,
    /// Whether it waits, is played or is over.
    pub status: GameStatus,
    /// White. `None` while it waits for one.
    pub white: Option<SandboxPlayer>,
    /// Black. `None` while it waits for one.
    pub black: Option<SandboxPlayer>,
    /// Every attempt, from the first.
    pub attempts: Vec<SandboxAttempt>,
    /// The boards as they stand: the true one, and each side's own men.
    pub boards: ReplayFen,
    /// How it ended. `None` before that.
    pub result: Option<GameResult>,
    /// When it was created.
    pub created_at: SystemTime,
    /// When it ended.
    pub completed_at: Option<SystemTime>,
}

impl SandboxGame {
    /// The player of one side.
    pub fn player(&self, color: Color) -> Option<&SandboxPlayer> {
        match color {
            Color::White => self.white.as_ref(),
            Color::Black => self.black.as_ref(),
        }
    }

    /// Which side a player has. Names are compared without regard to case.
    pub fn color_of(&self, username: &str) -> Option<Color> {
        let plays = |color: &Color| {
            self.player(*color).is_some_and(|player| player.username.eq_ignore_ascii_case(username))
        };
        Color::BOTH.into_iter().find(plays)
    }

    /// The moves that were made, from the first, White's and Black's in turn.
    pub fn moves(&self) -> impl Iterator<Item = UciMove> {
        self.attempts.iter().filter(|attempt| attempt.answer.is_move_done()).filter_map(|attempt| attempt.uci)
    }

    /// The moves that a side tried again in the same turn after they were refused. Of a good bot there are none, except
    /// where a failed pawn try has released it from its duty.
    pub fn repeated_tries(&self, color: Color) -> Vec<UciMove> {
        let mut found = Vec::new();
        for (index, attempt) in self.attempts.iter().enumerate().filter(|(_, attempt)| attempt.color == color)
        {
            let before = self.attempts.iter().take(index).any(|earlier| {
                (earlier.color, earlier.move_number, earlier.uci) == (color, attempt.move_number, attempt.uci)
            });
            found.extend(attempt.uci.filter(|_| before));
        }
        found
    }
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxRequest {
    /// When, by the sandbox's clock.
    pub at: SystemTime,
    /// The account that it came from, by name. `None` without one.
    pub username: Option<String>,
    /// The method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The answer's status.
    pub status: u16,
}
