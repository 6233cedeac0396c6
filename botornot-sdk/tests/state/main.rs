//! The platform's state machine: its races by name, and its promises under any order of events.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod promises;
mod races;
mod stage;
mod votes;
mod weaknesses;
