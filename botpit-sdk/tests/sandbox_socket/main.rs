//! The sandbox's WebSocket as a stranger's client sees it: raw frames, and nothing of this crate's client.
//!
//! What is said and what is expected is as in the platform's documentation ("BOTPIT API Documentation", "WebSocket
//! Protocol"): each file under `fixtures/spec` is one of its examples, to the character.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking"
)]

mod agent;
mod challenges;
mod money;
mod returning;
mod spectating;
mod taunts;
mod timeouts;
mod waiting;
