//! `botornot-chat` and `botornot-selfplay` as a stranger runs them: the programs themselves, their output, their exit codes.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;

use botornot_sdk::player::MatchLog;
use botornot_sdk::sandbox::Sandbox;
use family_tests::programs::{Run, only_key, program, root, run, wait, workdir};
use serde_json::Value;

/// A file of this test's own.
fn file(name: &str) -> String {
    let path = workdir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The matches of a run, and its summary.
fn matches_and_summary(run: &Run) -> (Vec<Value>, Value) {
    let mut lines = run.json_lines();
    let last = lines.pop().unwrap();
    assert_eq!(only_key(&last), "summary");
    let matches = lines.iter().map(|line| {
        assert_eq!(only_key(line), "match");
        line["match"].clone()
    });
    (matches.collect(), last["summary"].clone())
}

/// What stays of a line when the words, the figures and the outcomes differ, as they do from run to run.
fn form(line: &str) -> String {
    if let Some(who) = ["we", "they"].into_iter().find(|who| line.contains(&format!(" {who}: "))) {
        return format!("{who} said something");
    }
    let mut form = match line.split_once(": it was ") {
        Some((_, outcome)) if line.starts_with("Match ") && line.contains(" against ") => {
            format!("Match: {outcome}")
        }
        _ => line.to_owned(),
    };
    for tier in [" (easy)", " (medium)", " (hard)"] {
        form = form.replace(tier, "");
    }
    for (word, stands_for) in
        [("an agent", "a human"), ("guessed agent", "guessed human"), ("wrong", "right"), ("(-", "(+")]
    {
        form = form.replace(word, stands_for);
    }
    let is_curve = |c: &char| ('▁'..='█').contains(c);
    let mut out = String::new();
    for c in form.chars().filter(|c| !is_curve(c)) {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !out.ends_with('#') {
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

#[test]
fn the_book_shows_lines_as_they_are_printed() {
    let page = std::fs::read_to_string(root().join("docs/src/botornot/first-bot.md")).unwrap();
    let (_, rest) = page.split_once("<!-- output:botornot-chat -->\n```text\n").unwrap();
    let (shown, _) = rest.split_once("```\n<!-- /output:botornot-chat -->").unwrap();
    assert!(page.contains("cargo run --bin botornot-chat -- --seed 7\n"));
    let told = run("botornot-chat", ["--seed", "7"]).succeeded();
    let printed: BTreeSet<String> = told.stdout.lines().map(form).collect();
    let lines = shown.lines().filter(|line| line.trim() != "…").map(form);
    for line in lines.collect::<BTreeSet<_>>() {
        assert!(printed.contains(&line), "{line:?} is none of {printed:#?}");
    }
}

// ---- botornot-chat --------------------------------------------------------------------------------------------------

#[test]
fn three_matches_are_chatted_voted_and_revealed() {
    let told = run("botornot-chat", ["--seed", "7"]).succeeded();
    for words in [
        "A BotOrNot of your own runs on ws://127.0.0.1:",
        "3 matches\n  win rate ",
        "\n  pass-as-human ",
        "\n  rating ",
    ] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    let reveals: Vec<&str> = told.stdout.lines().filter(|line| line.starts_with("Match ")).collect();
    assert_eq!(reveals.len(), 3, "{}", told.stdout);
    for reveal in reveals {
        for words in [" against ", ": it was a", "; guessed ", "; rating 1", " → "] {
            assert!(reveal.contains(words), "{words}: {reveal}");
        }
    }
    assert!(told.stdout.contains("   we: ") && told.stdout.contains(" they: "), "{}", told.stdout);
}

#[test]
fn json_is_one_object_a_line_and_the_last_is_the_summary() {
    let run = run("botornot-chat", ["--seed", "7", "--json"]).succeeded();
    let (matches, summary) = matches_and_summary(&run);
    assert_eq!((matches.len(), &summary["matches"]), (3, &3.into()));
    let mut rating = 1_000.0;
    for told in &matches {
        let mut expected = [
            "id",
            "opponent_kind",
            "opponent_tier",
            "guess",
            "opponent_vote",
            "correct",
            "rating_before",
            "rating_after",
            "rating_delta",
        ];
        expected.sort_unstable();
        let mut found = keys(told);
        found.sort_unstable();
        assert_eq!(found, expected);
        let is_right = told["guess"] == told["opponent_kind"];
        assert_eq!(told["correct"], is_right, "{told}");
        assert_eq!(told["opponent_tier"].is_null(), told["opponent_kind"] == "human", "{told}");
        assert_eq!(told["rating_before"], rating, "{told}");
        rating += told["rating_delta"].as_f64().unwrap();
        assert_eq!(told["rating_after"], rating, "{told}");
    }
    assert_eq!(summary["rating_after"], rating);
    assert_eq!(summary["ratings"].as_array().unwrap().len(), 3);
    assert_eq!(summary["fallbacks"], 0);
}

#[test]
fn humans_and_agents_are_both_met() {
    let options = ["--seed", "7", "--json", "--matches", "12", "--speed", "400"];
    let (matches, _) = matches_and_summary(&run("botornot-chat", options).succeeded());
    let kinds: Vec<&Value> = matches.iter().map(|told| &told["opponent_kind"]).collect();
    assert!(kinds.contains(&&"human".into()) && kinds.contains(&&"agent".into()), "{kinds:?}");
}

#[test]
fn a_rehearsal_costs_no_rating() {
    let options = ["--test", "--seed", "7", "--json", "--matches", "2"];
    let (matches, summary) = matches_and_summary(&run("botornot-chat", options).succeeded());
    for told in &matches {
        assert!(told["id"].as_str().unwrap().starts_with("test_"), "{told}");
        assert_eq!(told["rating_delta"], 0.0, "{told}");
    }
    assert_eq!((&summary["matches"], &summary["rating_after"]), (&2.into(), &1_000.0.into()));
}

#[test]
fn the_log_grows_from_run_to_run_and_its_figures_are_told() {
    let path = file("matches.jsonl");
    let options = ["--log", &path, "--seed", "7", "--matches", "2", "--speed", "400"];
    let first = run("botornot-chat", options).succeeded();
    assert!(first.stdout.contains(&format!("The log {path} by now:")), "{}", first.stdout);
    run("botornot-chat", [&options[..], &["--without-opponents"]].concat()).succeeded();
    let records: Vec<_> = MatchLog::read(&path).unwrap().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4);
    let named: Vec<bool> = records.iter().map(|record| record.opponent_label.is_some()).collect();
    assert_eq!(named, [true, true, false, false]);
    assert!(records.iter().all(|record| record.ended && record.guess.is_some()), "{records:?}");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn it_plays_in_a_sandbox_of_another_process() {
    let sandbox = Sandbox::builder().seed(7).speed(200.0).start().await.unwrap();
    let options = ["--url", sandbox.ws_url().as_str(), "--speed", "200", "--matches", "2", "--json", "-vv"];
    let token = sandbox.token(0).unwrap();
    let mut command = program("botornot-chat", options);
    command.env("BOTORNOT_API_KEY", token.expose());
    let run = wait(command).await.succeeded();
    let (matches, _) = matches_and_summary(&run);
    let known = sandbox.matches();
    assert_eq!((matches.len(), known.len()), (2, 2));
    for (told, known) in matches.iter().zip(&known) {
        assert_eq!(told["id"], known.id.to_string());
    }
    assert!(!run.stderr.contains(token.expose()) && run.stderr.contains("DEBUG"), "{}", run.stderr);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_token_that_is_refused_ends_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut command = program("botornot-chat", ["--url", sandbox.ws_url().as_str()]);
    command.env("BOTORNOT_API_KEY", "token_of_nobody");
    let run = wait(command).await;
    run.refused(1, "[auth_rejected]");
    assert!(!run.stderr.contains("token_of_nobody"), "{}", run.stderr);
    sandbox.shutdown().await;
}

#[test]
fn nothing_leaves_this_machine_without_live_and_live_wants_a_key() {
    run("botornot-chat", ["--url", "wss://botornot.invalid/ws"]).refused(1, "--live");
    run("botornot-chat", ["--live"]).refused(1, "BOTORNOT_API_KEY");
    let both = run("botornot-chat", ["--live", "--speed", "60"]);
    assert!(both.code == 2 && both.stderr.contains("--speed"), "{}", both.stderr);
    let standstill = run("botornot-chat", ["--speed", "0"]);
    assert!(standstill.code == 2 && standstill.stderr.contains("from 1 to 1000"), "{}", standstill.stderr);
}

// ---- botornot-selfplay ----------------------------------------------------------------------------------------------

#[test]
fn two_personas_are_compared_in_a_table() {
    let told = run("botornot-selfplay", ["--matches", "6", "--seed", "7"]).succeeded().stdout;
    let table: Vec<Vec<&str>> = told
        .lines()
        .skip_while(|line| !line.starts_with("player "))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let [head, first, second] = table.as_slice() else { panic!("{told}") };
    assert_eq!(head.as_slice(), ["player", "matches", "win", "rate", "pass-as-human", "rating"]);
    assert_eq!((&first[..2], &second[..2]), (&["chatty", "6"][..], &["plain", "6"][..]), "{told}");
}

#[test]
fn what_one_wins_the_other_loses() {
    let options = ["--matches", "6", "--seed", "7", "--json"];
    let (matches, summary) = matches_and_summary(&run("botornot-selfplay", options).succeeded());
    assert_eq!((matches.len(), &summary["matches"]), (6, &6.into()));
    assert_eq!(summary["names"], serde_json::json!(["chatty", "plain"]));
    let rating = |who: &str| summary[who]["rating_after"].as_f64().unwrap();
    assert_eq!(rating("first") + rating("second"), 2_000.0);
    assert!(matches.iter().all(|told| told["opponent_kind"] == "agent"), "{matches:?}");
}

#[test]
fn two_of_one_s_own_meet_nowhere_else() {
    run("botornot-selfplay", ["--live"]).refused(1, "a sandbox of their own");
    run("botornot-selfplay", ["--url", "ws://127.0.0.1:1/ws"]).refused(1, "a sandbox of their own");
}
