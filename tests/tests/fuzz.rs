//! The bodies of the fuzz targets on stable Rust: the examples of the specs, changed by chance, from fixed seeds.
//! `FUZZ_RUNS=100000 FUZZ_SEED=7 cargo test --release -p family-tests --test fuzz` does more of it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use family_tests::fuzz::{Mutator, TARGETS, seeds};
use family_tests::programs::root;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Runs a target with its seeds as they are, and then so many times with something changed.
fn target(name: &str, runs: u64) {
    let (_, body, directories) = TARGETS.iter().find(|(known, ..)| *known == name).unwrap();
    let seeds: Vec<Vec<u8>> =
        directories.iter().flat_map(|directory| seeds(&root().join(directory))).collect();
    assert!(seeds.len() > 5, "{name} has seeds");
    let checked = |what: String, bytes: &[u8]| {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(bytes)));
        assert!(outcome.is_ok(), "{name}, {what}: {:?}", String::from_utf8_lossy(bytes));
    };
    let (runs, from) = (number("FUZZ_RUNS", runs), number("FUZZ_SEED", 0));
    if from == 0 {
        for (number, seed) in seeds.iter().enumerate() {
            checked(format!("example {number}"), seed);
        }
    }
    for seed in from..from + runs {
        checked(format!("seed {seed}"), &Mutator::new(&seeds, seed).draw());
    }
}

#[test]
fn the_ground_of_the_family() {
    target("core", 2_000);
}

#[test]
fn answers_over_http() {
    target("answers", 120);
}

#[test]
fn botpit() {
    target("botpit", 1_000);
}

#[test]
fn botornot() {
    target("botornot", 3_000);
}

#[test]
fn botroulette() {
    target("botroulette", 2_000);
}

#[test]
fn kriegspiel() {
    target("kriegspiel", 500);
}

#[test]
fn the_referees_commands() {
    target("referee", 150);
}

#[test]
fn every_target_is_one_of_the_package_and_the_same_seed_gives_the_same_bytes() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _, directories) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let seeds: Vec<_> = directories.iter().flat_map(|directory| seeds(&root().join(directory))).collect();
        let draw = |seed| Mutator::new(&seeds, seed).draw();
        assert_eq!(draw(3), draw(3), "{name}");
        assert!((0..20).any(|seed| draw(seed) != draw(seed + 1)), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
