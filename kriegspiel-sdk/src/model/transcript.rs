//! Transcripts of finished games: every attempt of both sides.

use super::open_struct::open_struct;
use super::{
    AnnouncedPiece, Announcement, Color, GameId, GameMetadata, QuestionType, ReplayFen, Ruleset,
    SpecialAnnouncement, Square, SquareSet, Timestamp, UciMove, Written,
};

open_struct! {
    /// Every attempt of a finished game. It shows both sides' moves: the client gives it for games that are over, and for
    /// no other.
    pub struct Transcript {
        /// The game's internal id.
        pub game_id: GameId,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// The side that the asking bot played. `None` for a stranger.
        pub viewer_color: Option<Color>,
        /// The attempts, from first to last.
        pub moves: Vec<TranscriptMove>,
    }
}

open_struct! {
    /// One attempt.
    pub struct TranscriptMove {
        /// The number of the attempt, from 1: failed ones and Any? count too.
        pub ply: u32,
        /// Who tried.
        pub color: Color,
        /// What was asked.
        pub question_type: QuestionType,
        /// The move. `None` for Any?.
        pub uci: Option<Written<UciMove>>,
        /// The answer.
        pub answer: TranscriptAnswer,
        /// Whether the move was made.
        pub move_done: bool,
        /// When it was tried, where that was noted.
        pub timestamp: Option<Timestamp>,
        /// The boards after it, where they were noted.
        pub replay_fen: Option<ReplayFen>,
    }
}

open_struct! {
    /// The referee's answer to an attempt.
    pub struct TranscriptAnswer {
        /// The main part.
        pub main: Announcement,
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
        /// Check, or the end.
        pub special: Option<SpecialAnnouncement>,
        /// The two single checks of a double one.
        pub checks: Vec<SpecialAnnouncement>,
        /// How many pawn captures the next player had.
        pub next_turn_pawn_tries: Option<u32>,
        /// Whether the next player had a pawn capture.
        pub next_turn_has_pawn_capture: Option<bool>,
        /// From which squares the next player's pawns could capture.
        pub next_turn_pawn_try_squares: Option<SquareSet>,
    }
}

open_struct! {
    /// A finished game with its transcript.
    pub struct Review {
        /// The game.
        pub game: GameMetadata,
        /// Its transcript.
        pub transcript: Transcript,
    }
}
