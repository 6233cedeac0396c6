//! Players: the pace as a pure machine, and whole matches over real sockets on loopback.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

#[path = "../live/host.rs"]
#[allow(dead_code, reason = "the connection's tests use more of it")]
mod host;
#[cfg(feature = "sandbox")]
mod house;
mod matches;
mod pace;
mod promises;
mod script;
mod slow;
mod weaknesses;
