//! What the fuzz targets do with bytes that a network could bring: a plain function for each part of the family. The package
//! `fuzz/` gives them to libFuzzer; the test `tests/fuzz.rs` calls them with the examples of the specs, changed by chance.
//!
//! A body fails by a panic: of the code under test, or of an assertion about what that code says of itself.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a body of a fuzz target fails by a panic"
)]

mod answers;
mod botornot;
mod botpit;
mod botroulette;
mod core;
mod kriegspiel;
mod mutation;

pub use botornot::botornot;
pub use botpit::botpit;
pub use botroulette::botroulette;
pub use core::core;
pub use kriegspiel::{kriegspiel, referee};
pub use mutation::{Mutator, seeds};

pub use answers::answers;

use sdk_core::Error;

/// An error can be shown, in whatever form, and says something.
fn shown(error: &Error) {
    assert!(!error.to_string().is_empty());
    let _ = format!("{error:?} {:#?} {} {}", error, error.chain(), error.advice());
}

/// What came of a decoder, shown.
fn tried<T>(decoded: sdk_core::Result<T>) -> Option<T> {
    decoded.map_err(|error| shown(&error)).ok()
}

/// A target: its name, its body, and the directories with its seeds, from the workspace's.
pub type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

/// All targets.
pub const TARGETS: [Target; 7] = [
    ("core", core, &["botpit-sdk/tests/fixtures/spec", "kriegspiel-sdk/tests/fixtures/spec"]),
    (
        "answers",
        answers,
        &[
            "kriegspiel-sdk/tests/fixtures/spec",
            "kriegspiel-sdk/tests/fixtures/captures",
            "botroulette-sdk/tests/fixtures",
        ],
    ),
    ("botpit", botpit, &["botpit-sdk/tests/fixtures/spec"]),
    ("botornot", botornot, &["botornot-sdk/tests/fixtures/spec"]),
    ("botroulette", botroulette, &["botroulette-sdk/tests/fixtures"]),
    (
        "kriegspiel",
        kriegspiel,
        &["kriegspiel-sdk/tests/fixtures/spec", "kriegspiel-sdk/tests/fixtures/captures"],
    ),
    ("referee", referee, &["kriegspiel-sdk/tests/fixtures/traces"]),
];
