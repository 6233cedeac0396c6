//! The client over real sockets on loopback.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod connection;
mod host;
mod hostile;
mod tokens;
