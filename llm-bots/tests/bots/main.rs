//! The bots with a language model, against a server that speaks the OpenAI chat format.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod fake;
mod model;
mod programs;
