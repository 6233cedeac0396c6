//! `botpit-lab` and `botpit-replay` as a stranger runs them: the programs themselves, their output, their exit codes.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "these are tests")]

use family_tests::programs::{only_key, run, workdir};
use serde_json::Value;

/// A file of this test's own.
fn file(name: &str) -> String {
    let path = workdir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

// ---- the lab --------------------------------------------------------------------------------------------------------

#[test]
fn the_lab_says_which_strategy_is_better_and_how_sure_that_is() {
    let run =
        run("botpit-lab", ["--first", "predictor", "--second", "cycle", "--matches", "2000", "--seed", "7"]);
    let told = run.succeeded().stdout;
    for words in [
        "rps: predictor against cycle, 2000 matches (seed 7)",
        "Win rate ",
        "Payoffs: ",
        "predictor is better than cycle.",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn the_lab_s_json_is_its_report_and_a_seed_repeats_it() {
    let lab = || {
        run("botpit-lab", ["--game", "crash", "--matches", "500", "--seed", "7", "--json"])
            .succeeded()
            .json_lines()
    };
    let lines = lab();
    assert_eq!(lines, lab());
    assert_eq!((lines.len(), only_key(&lines[0])), (1, "summary"));
    let summary = &lines[0]["summary"];
    assert_eq!((&summary["first"], &summary["second"]), (&"equilibrium".into(), &"careful".into()));
    assert_eq!((&summary["game"], &summary["matches"]), (&"crash".into(), &500.into()));
    let rate = |name: &str| summary["win_rate"][name].as_f64().unwrap();
    assert!(rate("low") < rate("rate") && rate("rate") < rate("high"));
    assert!(!summary["payoffs"].as_array().unwrap().is_empty());
}

#[test]
fn every_strategy_of_every_game_plays_against_the_first_of_its_game() {
    let known = run("botpit-lab", ["--list", "--json"]).succeeded().json_lines();
    let known = known[0]["strategies"].as_array().unwrap().clone();
    assert!(known.len() >= 30);
    for entry in known {
        let word = |name: &str| entry[name].as_str().unwrap().to_owned();
        let (game, strategy) = (word("game"), word("strategy"));
        let run =
            run("botpit-lab", ["--game", &game, "--second", &strategy, "--matches", "20", "--seed", "1"]);
        assert!(run.succeeded().stdout.contains(&format!(" against {strategy}, 20 matches")), "{game}");
    }
}

#[test]
fn the_lab_s_page_stands_alone() {
    let path = file("lab.html");
    run("botpit-lab", ["--matches", "200", "--seed", "7", "--html", &path]).succeeded();
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme:dark"));
    for elsewhere in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_the_lab_does_not_know_is_told_with_what_it_knows() {
    run("botpit-lab", ["--game", "chess"]).refused(1, "coinflip, rps, hi_lo");
    run("botpit-lab", ["--first", "magic"]).refused(1, "predictor, random, rock");
}

// ---- records --------------------------------------------------------------------------------------------------------

#[test]
fn a_record_replays_as_it_was_played_and_shows_what_another_strategy_would_do() {
    let path = file("rps.jsonl");
    run("botpit-rps", ["--seed", "7", "--matches", "2", "--record", &path]).succeeded();
    let record = std::fs::read_to_string(&path).unwrap();
    assert!(!record.contains("bp_live_") && record.lines().count() > 20);

    let same = run("botpit-replay", [path.as_str(), "--seed", "7", "--json"]).succeeded().json_lines();
    let [matches @ .., summary] = same.as_slice() else { panic!("no line") };
    assert_eq!(matches.len(), 2);
    for line in matches {
        let decisions = line["match"]["decisions"].as_array().unwrap();
        assert!(decisions.iter().all(|decision| decision["then"] == decision["now"]), "{decisions:?}");
    }
    assert_eq!((&summary["summary"]["matches"], &summary["summary"]["differing"]), (&2.into(), &0.into()));

    let other =
        run("botpit-replay", [path.as_str(), "--strategy", "cycle", "--json"]).succeeded().json_lines();
    let differing = |lines: &[Value]| lines.last().unwrap()["summary"]["differing"].as_u64().unwrap();
    let told = run("botpit-replay", [path.as_str(), "--strategy", "cycle"]).succeeded().stdout;
    assert_eq!(told.matches(" then, ").count() as u64, differing(&other));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn opponents_stay_out_of_a_record_when_they_are_to() {
    let path = file("private.jsonl");
    let options = ["--seed", "7", "--matches", "1", "--record", &path, "--without-opponents", "--json"];
    let played = run("botpit-rps", options).succeeded().json_lines();
    let opponent = played[0]["match"]["opponent"].as_str().unwrap();
    let record = std::fs::read_to_string(&path).unwrap();
    assert!(!record.contains(opponent) && record.contains("[left out 1]"), "{record}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_is_no_record_is_refused() {
    run("botpit-replay", ["nowhere.jsonl"]).refused(1, "nowhere.jsonl");
    let path = file("empty.jsonl");
    std::fs::write(&path, "").unwrap();
    run("botpit-replay", [&path]).refused(1, "is no record");
    std::fs::remove_file(path).unwrap();
}
