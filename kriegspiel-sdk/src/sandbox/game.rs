//! One game on the platform: its seats, its referee, its clock, and what was written down of it when.

use std::time::SystemTime;

use sdk_core::clock::Instant;

use super::accounts::AccountKey;
use super::chess_clock::ChessClock;
use super::mailbox::Mailbox;
use super::referee::{Question, Referee};
use super::refusal::Outcome;
use super::settings::{FLUSH_EVERY, FLUSH_IDLE};
use super::sheet::{Sheet, SheetText};
use crate::model::{
    Announcement, Color, EndReason, Extra, GameCode, GameId, GameStatus, OpponentType, RatingSnapshot,
    ReplayFen, Ruleset,
};

/// Names a game. Later games have larger ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct GameKey(pub(super) u64);

/// An attempt, whatever was answered.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) color: Color,
    pub(super) question: Question,
    pub(super) main: Announcement,
    pub(super) at: SystemTime,
    /// The move number at which it was made.
    pub(super) move_number: u32,
}

/// What is kept of an attempt that the referee wrote down.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) at: Instant,
    pub(super) replay: ReplayFen,
}

/// What the database has of a game.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) turn: Option<Color>,
    pub(super) move_number: u32,
    pub(super) updated_at: Instant,
}

#[derive(Debug)]
pub(super) struct Game {
    pub(super) key: GameKey,
    pub(super) id: GameId,
    pub(super) code: GameCode,
    pub(super) ruleset: Ruleset,
    pub(super) referee: Referee,
    pub(super) white: Option<AccountKey>,
    pub(super) black: Option<AccountKey>,
    pub(super) creator: AccountKey,
    pub(super) opponent_type: OpponentType,
    pub(super) status: GameStatus,
    pub(super) created_at: Instant,
    pub(super) updated_at: Instant,
    pub(super) completed_at: Option<Instant>,
    pub(super) clock: ChessClock,
    pub(super) attempts: Vec<Attempt>,
    pub(super) noted: Vec<Noted>,
    pub(super) snapshot: Option<RatingSnapshot>,
    /// Whether both players are bots: such a game is written down now and then only.
    pub(super) is_between_bots: bool,
    /// Whether it is in the server's memory, and not only in the database.
    pub(super) in_memory: bool,
    stored: Stored,
    unwritten: u32,
    /// The scoresheets of White and Black, while the game is played.
    sheets: [Sheet; 2],
    pub(super) subscribers: Vec<Mailbox>,
    /// Whether a house player is due to act.
    pub(super) house_is_due: bool,
}

/// What a new game is made of.
pub(super) struct NewGame {
    pub(super) key: GameKey,
    pub(super) id: GameId,
    pub(super) code: GameCode,
    pub(super) ruleset: Ruleset,
    pub(super) referee: Referee,
    pub(super) creator: AccountKey,
    pub(super) color: Color,
    pub(super) opponent_type: OpponentType,
    pub(super) clock: ChessClock,
}

impl Game {
    /// A game that waits for an opponent.
    pub(super) fn waiting(new: NewGame, now: Instant) -> Self {
        let seat = |color| (new.color == color).then_some(new.creator);
        Self {
            key: new.key,
            id: new.id,
            code: new.code,
            ruleset: new.ruleset,
            referee: new.referee,
            white: seat(Color::White),
            black: seat(Color::Black),
            creator: new.creator,
            opponent_type: new.opponent_type,
            status: GameStatus::Waiting,
            created_at: now,
            updated_at: now,
            completed_at: None,
            clock: new.clock,
            attempts: Vec::new(),
            noted: Vec::new(),
            snapshot: None,
            is_between_bots: false,
            in_memory: false,
            stored: Stored { turn: None, move_number: 1, updated_at: now },
            unwritten: 0,
            sheets: Default::default(),
            subscribers: Vec::new(),
            house_is_due: false,
        }
    }

    /// The free side of a waiting game.
    pub(super) fn free_color(&self) -> Color {
        if self.white.is_none() { Color::White } else { Color::Black }
    }

    /// Somebody takes the free seat, and the game begins.
    pub(super) fn begin(&mut self, joiner: AccountKey, is_between_bots: bool, now: Instant) -> Color {
        let color = self.free_color();
        match color {
            Color::White => self.white = Some(joiner),
            Color::Black => self.black = Some(joiner),
        }
        self.status = GameStatus::Active;
        self.is_between_bots = is_between_bots;
        self.updated_at = now;
        self.write_down();
        color
    }

    pub(super) fn seat(&self, color: Color) -> Option<AccountKey> {
        match color {
            Color::White => self.white,
            Color::Black => self.black,
        }
    }

    pub(super) fn color_of(&self, account: AccountKey) -> Option<Color> {
        Color::BOTH.into_iter().find(|color| self.seat(*color) == Some(account))
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == GameStatus::Active
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.status == GameStatus::Waiting
    }

    pub(super) fn is_over(&self) -> bool {
        self.status == GameStatus::Completed
    }

    /// Whose turn it is. After a natural end it is the side that would move.
    pub(super) fn turn(&self) -> Option<Color> {
        let ended_off_the_board = self
            .referee
            .result()
            .is_some_and(|result| matches!(result.reason, EndReason::Resignation | EndReason::Timeout));
        (!self.is_waiting() && !ended_off_the_board).then(|| self.referee.turn())
    }

    /// The boards as they stand.
    pub(super) fn boards(&self) -> ReplayFen {
        ReplayFen {
            full: self.referee.fen(),
            white: self.referee.private_fen(Color::White),
            black: self.referee.private_fen(Color::Black),
            extra: Extra::default(),
        }
    }

    /// An attempt was answered.
    pub(super) fn note(&mut self, attempt: Attempt, now: Instant) {
        self.attempts.push(attempt);
        self.updated_at = now;
        self.in_memory = true;
        if self.referee.records().len() > self.noted.len() {
            let replay = self.boards();
            self.noted.push(Noted { at: now, replay });
            if let Some(record) = self.referee.records().last() {
                for (color, sheet) in Color::BOTH.into_iter().zip(&mut self.sheets) {
                    sheet.note(record, color);
                }
            }
            self.unwritten += 1;
        }
        if !self.is_between_bots || self.unwritten >= FLUSH_EVERY || self.referee.is_over() {
            self.write_down();
        }
    }

    /// The database gets what the memory has.
    pub(super) fn write_down(&mut self) {
        self.unwritten = 0;
        self.stored = Stored {
            turn: self.turn(),
            move_number: self.referee.move_number(),
            updated_at: self.updated_at,
        };
    }

    /// A side's scoresheet, as it is sent.
    pub(super) fn sheet(&self, color: Color) -> Outcome<SheetText> {
        if self.is_over() {
            return Sheet::of(self.referee.records(), color).text();
        }
        let [white, black] = &self.sheets;
        if color == Color::White { white.text() } else { black.text() }
    }

    /// The game is over: its scoresheets are read seldom now, and are not kept.
    pub(super) fn put_sheets_away(&mut self) {
        self.sheets = Default::default();
    }

    /// What the database has at this moment: an idle game was written down meanwhile.
    pub(super) fn stored(&mut self, now: Instant) -> Stored {
        if now.saturating_duration_since(self.updated_at) >= FLUSH_IDLE {
            self.write_down();
        }
        self.stored
    }

    /// What is current, in the same form.
    pub(super) fn current(&self) -> Stored {
        Stored { turn: self.turn(), move_number: self.referee.move_number(), updated_at: self.updated_at }
    }

    /// The moves of both sides that are done.
    pub(super) fn plies(&self) -> u32 {
        self.referee.move_number().saturating_sub(1)
    }
}
