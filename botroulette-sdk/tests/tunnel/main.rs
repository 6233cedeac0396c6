//! The tunnel over real sockets, through the public API: bot and relay on one current-thread runtime with a paused clock.
//!
//! The relay is a listener that follows the test ([`relay`]). Frames are those that the platform's official clients send and
//! read (`fixtures/observed`).
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

mod answering;
mod compared;
mod fault_rows;
mod forwarding;
mod hostile_frames;
mod local;
mod relay;
mod weaknesses;
mod wrappers;
