//! No key gets out: of no starter bot, whatever it is told to print, log and write; of no client, in no log of any library; in
//! no error and no `{:?}`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

mod directory;
mod echo;
mod in_logs;
mod of_botpit;
mod starter_bots;
