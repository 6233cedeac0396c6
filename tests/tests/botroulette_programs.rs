//! The BotRoulette starter bots as a person runs them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use family_tests::programs::{only_key, run};

#[test]
fn the_tunnel_forwards_what_house_bots_say_and_sums_up() {
    let lines =
        run("botroulette-tunnel", ["--json", "--seed", "7", "--messages", "4"]).succeeded().json_lines();
    let (summary, turns) = lines.split_last().unwrap();
    assert_eq!(turns.len(), 4);
    for turn in turns {
        assert_eq!(only_key(turn), "turn");
        let turn = &turn["turn"];
        let message = turn["message"].as_str().unwrap();
        assert_eq!((turn["direction"].as_str(), turn["status"].as_u64()), (Some("in"), Some(200)));
        assert_eq!(turn["reply"], format!("You said: {message}"));
        assert!(turn["session"].is_string());
    }
    assert_eq!(summary["summary"], serde_json::json!({"answered": 4, "errors": 0}));
}

#[test]
fn the_tunnel_tells_of_a_server_that_is_not_there_and_goes_on() {
    // Nobody listens on port 1 of this machine.
    let run = run("botroulette-tunnel", ["--json", "--to", "127.0.0.1:1", "--messages", "2"]).succeeded();
    let lines = run.json_lines();
    assert_eq!(lines.last().unwrap()["summary"], serde_json::json!({"answered": 0, "errors": 2}));
    assert!(run.stderr.contains("127.0.0.1:1") && run.stderr.contains("local_unreachable"), "{}", run.stderr);
}

#[test]
fn the_tunnel_goes_to_another_machine_only_when_told_so() {
    run("botroulette-tunnel", ["--url", "https://api.example.org"]).refused(1, "--live");
    run("botroulette-tunnel", ["--to", "10.0.0.1:8900"]).refused(1, "another machine");
    run("botroulette-tunnel", ["--live"]).refused(1, "BOTROULETTE_API_KEY");
}
