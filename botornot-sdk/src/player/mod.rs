//! Players: what a bot's author writes, and everything around it that every bot needs.
//!
//! A [`Player`] chats and votes. [`Client::play`](crate::Client::play) drives it: connection, rooms, queue, compliance,
//! resumed matches and the vote in time are the [state machine's](crate::state); the human pace is [`pacing`]'s.
//!
//! | what | where |
//! |---|---|
//! | what a bot writes | [`Player`], [`Chat`], [`Transcript`], [`Replies`] |
//! | how it is run, and what comes out | [`Play`], [`MatchReport`], [`Summary`], [`SelfPlay`] |
//! | when it speaks | [`Pacing`] |
//! | what it remembers | [`Transcript::turns`], [`Notebook`] |
//! | what is kept of its matches | [`MatchLog`], [`Stats`] |
//! | when to play it safe | [`SealTrend`] |
//! | a player that is ready | [`Persona`], [`Suspicion`] |

mod blocking;
mod chat;
mod contract;
mod failure;
mod log_writer;
mod match_log;
mod news;
mod notes;
pub mod pacing;
mod persona;
mod play;
mod replies;
mod report;
mod runner;
mod seal;
mod self_play;
mod stats;
mod suspicion;
mod table;
mod transcript;

pub use self::blocking::BlockingPlayer;
pub use self::chat::{Chat, ChatPhase, Lean};
pub use self::contract::{BoxedPlayer, Player, PlayerExt};
pub use self::failure::{Asked, PlayerFailure};
pub use self::match_log::{MatchLog, MatchRecord, Records};
pub use self::notes::{Notebook, OpponentNote};
pub use self::pacing::{Pacing, TooLong, fit};
pub use self::persona::{Intent, Persona, Style};
pub use self::play::Play;
pub use self::replies::Replies;
pub use self::report::{MatchReport, PlayError, Rate, Summary};
pub use self::seal::{SealNews, SealTrend, Trend};
pub use self::self_play::{SelfPlay, SelfPlayReport};
pub use self::stats::{ByOpponent, Calibration, RatingPoint, Stats};
pub use self::suspicion::{Reading, Suspicion};
pub use self::transcript::{Line, MAX_LINE_CHARS, MAX_LINES, Speaker, Transcript, Turn};
