//! The same seed twice gives the same trace: every platform's sandbox with a starter bot, byte for byte.
#![allow(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::sync::{Arc, Mutex};

use botornot_sdk::Client;
use botornot_sdk::player::Persona;
use botornot_sdk::sandbox::Sandbox;
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

/// Every line of every chat with its moment, and how each match ended.
async fn chats(seed: u64) -> Vec<String> {
    let sandbox = Sandbox::builder().seed(seed).start().await.unwrap();
    let client = Client::builder(sandbox.token(0).unwrap()).url(sandbox.url()).seed(seed).build().unwrap();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tell = told.clone();
    let play = client.play(Persona::new(seed)).matches(3).on_match(move |report| {
        let mut told = tell.lock().unwrap();
        told.extend(report.transcript.lines().iter().map(|line| format!("{line:?}")));
        told.push(format!("{} {report}", report.id));
    });
    play.run().await.unwrap();
    sandbox.shutdown().await;
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert!(told.len() > 12, "{told:#?}");
    told
}

/// A chat lives by the clock: how long an answer takes decides what the other has said by then. So on one clock, which waits
/// for both.
#[tokio::test(start_paused = true)]
async fn botornot() {
    let first = chats(7).await;
    assert_eq!(first, chats(7).await);
    assert_ne!(first, chats(8).await);
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
