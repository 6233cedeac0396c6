//! The socket driver over real sockets, through its public API: client and server on one current-thread runtime with a
//! paused clock. Three small protocols show that it carries all kinds: typed messages with a secret greeting
//! ([`typed`]), rooms with request ids ([`rooms`]) and a tunnel ([`tunnel`]).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

mod commands;
mod ending;
mod host;
mod life;
mod rooms;
mod tunnel;
mod typed;
