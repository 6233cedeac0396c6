//! Strategies and what they know, against the referee in the same process: no server, no network.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking, and may say what it saw"
)]

mod arena;
mod heuristic;
mod soundness;
