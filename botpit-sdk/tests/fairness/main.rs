//! Checking matches: honest ones, tampered ones, ones from REST and from files, and garbage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

mod garbage;
#[cfg(feature = "sandbox")]
mod honest;
mod readings;
mod rest;
mod scenes;
mod tampering;
mod undocumented;
