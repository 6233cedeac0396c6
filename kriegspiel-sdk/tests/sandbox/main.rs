//! The sandbox over real sockets on loopback: recorded exchanges with a server of the platform's own, asked again; the
//! surprises; whole flows with the crate's own client.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking, and may say what it saw"
)]

mod error_codes;
mod flows;
mod house;
mod raw;
mod recorded;
mod rules;
mod surprises;
