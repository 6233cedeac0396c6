//! BOTPIT's server side on loopback.

mod arena;
mod floor;
mod games;
mod house;
mod json;
mod match_state;
mod matchmaking;
mod messages;
mod records;
mod registration;
mod registry;
mod rest;
mod seeds;
mod settings;
mod timers;
mod timestamp;

pub use games::{Pair, Side};
pub use house::Strength;
pub use records::{EndReason, ReceivedMove, SandboxMatch, SandboxPlayer, SandboxRound};
pub use settings::{OnTimeout, Resume, TieNumbering, WagerRule};
