//! The client over real sockets on loopback: against the examples of the platform's documentation ("About bots in
//! Kriegspiel.org"), against recorded exchanges with a platform of one's own, and against servers that misbehave.
//!
//! Each file under `fixtures/spec` is one example of that documentation, to the character. The files under
//! `fixtures/captures` are exchanges with a server of the platform's own, version 1.3.54, on a developer's machine; ids, tokens and e-mail
//! addresses are replaced.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking, and may say what it saw"
)]

mod building;
mod events;
mod limits;
mod lost_answers;
mod recording;
mod replay;
mod server;
mod spec;
mod surprises;
