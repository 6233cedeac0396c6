//! The runner over real sockets on loopback, against a small platform in the same runtime: its games are refereed, its
//! mistakes are on request, and it notes every call with its time.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking, and may say what it saw"
)]

mod availability;
mod games;
mod lobby;
mod pace;
mod platform;
mod sandbox;
mod state_file;
mod stopping;
mod trouble;
