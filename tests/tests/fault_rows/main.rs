//! The table of faults, row by row, as a bot lives through them.
//!
//! Rows 1 to 24 each have at least one test that is named after the row, on a paused clock and seeded; and once more over
//! real sockets in real time ([`fault_in_real_time`]). Row 25 is about REST, and is tested in `sdk-core`.
//!
//! What must hold in every row is checked by one function, [`scene::Scene::check`]: no duplicate move, no call without an
//! end, no task and no socket left. A row that takes more than a few hours of the paused clock is stuck, and fails.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod fault_dialling;
mod fault_in_a_turn;
mod fault_in_frames;
mod fault_in_real_time;
mod fault_of_liveness;
mod fault_of_the_server;
mod fault_when_stopping;
mod log_capture;
mod player;
mod scene;
mod scripted;
