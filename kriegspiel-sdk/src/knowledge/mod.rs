//! What a player knows: what was heard, the own men and captures, and what follows about the other side.
//!
//! [`Position::knowledge`](crate::Position::knowledge) has it for strategies. It is built from states alone, so that it is
//! whole after a restart too.
//!
//! ```
//! use kriegspiel_sdk::knowledge::{Knowledge, Legality};
//! use kriegspiel_sdk::{Color, Ruleset, UciMove};
//!
//! let knowledge = Knowledge::new(Ruleset::Berkeley, Color::White);
//! let tracker = knowledge.tracker();
//! assert_eq!(tracker.must_be_occupied().len(), 16); // nothing has moved yet
//! assert_eq!(tracker.king(), Some("e8".parse()?));
//! assert_eq!(tracker.legality("d2d4".parse::<UciMove>()?), Legality::Legal);
//! assert_eq!(tracker.legality("d2e3".parse::<UciMove>()?), Legality::Illegal); // there is nothing to capture on e3
//! # Ok::<(), kriegspiel_sdk::Error>(())
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `log` | what was heard, in order |
//! | `tracker` | what can and must stand where, kept up to date |
//! | `occupants`, `geometry` | sets of kinds on squares; lines and steps |
//! | `opponent` | what the opponent's unseen move can have been |
//! | `kings` | what checks, and their absence, say |
//! | `pawns` | what pawn tries say |
//! | `legality` | what a refusal says, and which moves are known to be legal or not |
//! | `filters` | moves by what they do |

mod filters;
pub(crate) mod geometry;
mod kings;
mod legality;
mod log;
pub(crate) mod occupants;
mod opponent;
mod pawns;
mod tracker;

pub use self::kings::CheckLine;
pub use self::legality::Legality;
pub use self::log::{Capture, Knowledge, LogEntry};
pub use self::occupants::Occupants;
pub use self::tracker::Tracker;
