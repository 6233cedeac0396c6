//! The referee, through the public API: recorded traces, the corners of the rules, random games, and games that were played
//! over HTTP.
//!
//! The files under `fixtures/traces` are output of the platform's engine, `kriegspiel` 1.7.3: one game a line, each step with
//! its command and how things stood after it. Those that are named for a ruleset are the beginnings of random games;
//! `corners.jsonl` was recorded by `tests/differential/record.py` for positions that such games seldom reach. The files under
//! `fixtures/games` are exchanges with a server of the platform's own, version 1.3.54, on a developer's machine, with the
//! ids replaced.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking, and may say what it saw"
)]

mod corners;
mod games;
mod random_play;
mod traces;

use std::path::{Path, PathBuf};

use kriegspiel_sdk::UciMove;

fn fixtures(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(directory)
}

/// The files with this ending in a directory, in the order of their names.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", directory.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

fn uci(text: &str) -> UciMove {
    text.parse().unwrap()
}
