//! The referee's answer to a move or to Any? (spec, "Submit a move", "Ask Any?").

use serde::{Deserialize, Serialize};

use super::open_struct::open_struct;
use super::{
    AnnouncedPiece, Announcement, Color, GameClock, GameResult, PawnNews, RefereeEvent, SpecialAnnouncement,
    Square, SquareSet, UciMove,
};

/// The body of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitMove {
    /// The move.
    pub uci: UciMove,
}

open_struct! {
    /// The answer to an attempt: made, refused or impossible alike.
    pub struct MoveAnswer {
        /// Whether the move was made, so that the opponent is to move.
        pub move_done: bool,
        /// The main part.
        pub announcement: Announcement,
        /// Check, or the end.
        pub special_announcement: Option<SpecialAnnouncement>,
        /// The two single checks of a double one; empty otherwise.
        pub checks: Vec<SpecialAnnouncement>,
        /// Where a man was captured.
        pub capture_square: Option<Square>,
        /// What was captured, as exactly as the ruleset tells.
        pub captured_piece_announcement: Option<AnnouncedPiece>,
        /// What was dropped.
        pub dropped_piece_announcement: Option<AnnouncedPiece>,
        /// Whether an en passant capture was named as such.
        pub en_passant_announced: Option<bool>,
        /// Whether a promotion was told.
        pub promotion_announced: Option<bool>,
        /// How many pawn captures the opponent has, who moves next.
        pub next_turn_pawn_tries: Option<u32>,
        /// Whether the opponent has a pawn capture.
        pub next_turn_has_pawn_capture: Option<bool>,
        /// From which squares the opponent's pawns can capture.
        pub next_turn_pawn_try_squares: Option<SquareSet>,
        /// The answer to Any?; `None` for a move.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub has_any: Option<bool>,
        /// Whose turn it is now.
        pub turn: Option<Color>,
        /// Whether the game is over.
        pub game_over: bool,
        /// Both clocks.
        pub clock: GameClock,
    }
}

impl MoveAnswer {
    /// The answer as events: the same that stand in the scoresheet, where it is recorded there. The news of pawn captures
    /// for the opponent are not among them.
    pub fn events(&self) -> Vec<RefereeEvent> {
        let main = match &self.announcement {
            Announcement::RegularMove => RefereeEvent::MoveComplete,
            Announcement::CaptureDone => match self.capture_square {
                Some(at) if self.en_passant_announced == Some(true) => RefereeEvent::EnPassant { at },
                Some(at) => RefereeEvent::Captured { piece: self.captured_piece_announcement.clone(), at },
                None => RefereeEvent::Unknown(self.announcement.as_str().into()),
            },
            Announcement::IllegalMove => RefereeEvent::IllegalMove,
            Announcement::HasAny => RefereeEvent::HasPawnCaptures,
            Announcement::NoAny => RefereeEvent::NoPawnCaptures,
            other => RefereeEvent::Unknown(other.as_str().into()),
        };
        let mut events = vec![main];
        events
            .extend(self.special_announcement.iter().chain(&self.checks).cloned().map(RefereeEvent::Special));
        events.extend(self.dropped_piece_announcement.clone().map(RefereeEvent::Dropped));
        events.extend((self.promotion_announced == Some(true)).then_some(RefereeEvent::Promotion));
        events
    }

    /// What the opponent, who moves next, is told of pawn captures.
    pub fn pawn_news(&self) -> Option<PawnNews> {
        match (self.next_turn_pawn_tries, self.next_turn_has_pawn_capture, self.next_turn_pawn_try_squares) {
            (Some(0), ..) | (_, Some(false), _) => Some(PawnNews::NoCaptures),
            (Some(count), ..) => Some(PawnNews::Tries(count)),
            (_, Some(true), _) => Some(PawnNews::HasCapture),
            (.., Some(squares)) if squares.is_empty() => Some(PawnNews::NoCaptures),
            (.., Some(squares)) => Some(PawnNews::TriesFrom(squares)),
            (None, None, None) => None,
        }
    }
}

open_struct! {
    /// The answer to a resignation.
    pub struct Resigned {
        /// How the game ended by it.
        pub result: GameResult,
    }
}
