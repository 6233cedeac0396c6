//! The same seed twice gives the same trace: every platform's sandbox with a starter bot, byte for byte.
#![allow(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use family_tests::programs::run;

/// What a run with this seed prints.
fn printed(name: &str, options: &[&str], seed: &str) -> String {
    let run = run(name, [&["--json", "--seed", seed], options].concat()).succeeded();
    assert!(run.stdout.lines().count() >= 2, "{name}: {}", run.stdout);
    run.stdout
}

#[track_caller]
fn repeats(name: &str, options: &[&str]) {
    let (first, again) = (printed(name, options, "7"), printed(name, options, "7"));
    assert!(first == again, "{name}\n{first}\n{again}");
    // And it is the seed that it comes from.
    let other = printed(name, options, "8");
    assert!(first != other, "{name}: {first}");
}

#[test]
fn botpit() {
    repeats("botpit-rps", &[]);
    repeats("botpit-crash", &[]);
}

#[test]
fn botornot() {
    repeats("botornot-chat", &["--matches", "2"]);
}

#[test]
fn botroulette() {
    repeats("botroulette-talk", &["--turns", "2"]);
}

#[test]
fn kriegspiel() {
    repeats("kriegspiel-random", &["--ruleset", "crazykrieg"]);
    repeats("kriegspiel-arena", &["--games", "4", "--plies", "60", "random", "random-any"]);
}
