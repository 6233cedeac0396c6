//! The platform's values as plain data: no I/O, one file for each subject.
//!
//! What arrives is typed as far as it is known, and kept as it came where it is not: a word that this version does not
//! know stands in an enum's `Other`, a sentence of the referee's in an `Unknown`, a field in `extra`. What is
//! known and broken is an error that names the field.

mod color;
mod error_code;
mod piece;
mod ruleset;
mod square;
mod uci_move;

pub use color::{Color, PlayAs};
pub use error_code::ErrorCode;
pub use piece::PieceKind;
pub use ruleset::{
    ActionSurface, AskAny, BeforeTheTurn, CaptureNews, DutyToCapture, OutsideAnswer, Ruleset, Stalemate,
};
pub use square::{Square, SquareSet};
pub use uci_move::UciMove;
