//! Calling out, against a server on loopback that follows a script, on a paused clock.
//!
//! Each file under `fixtures/spec` is one example of the platform's guide ("BotRoulette Setup Guide — Generic Bots"), to the
//! character.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

mod calls;
mod conversations;
mod registering;
mod scripted;
