//! The sandbox as strangers see it: a WebSocket that writes the platform's frames to the character, HTTP by the byte, and
//! this crate's own client for whole flows.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's helper fails by panicking"
)]

mod bytes;
mod flows;
mod official;
mod stranger;
mod tunnel;
