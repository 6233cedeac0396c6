//! Recorded traces: zero differences.

use std::path::Path;
use std::process::Command;

use kriegspiel_sdk::sandbox::referee::trace::Session;
use serde_json::Value;

use crate::{files, fixtures};

#[test]
fn the_traces_of_this_repository() {
    let replayed = replay(&fixtures("traces"));
    assert!(replayed.games >= 80 && replayed.steps >= 700, "{replayed:?}");
}

/// Further directories, with the path separator of the system between. Files ending in `.gz` are read through `gzip`.
#[test]
fn further_traces() {
    let Some(directories) = std::env::var_os("KRIEGSPIEL_TRACES") else { return };
    for directory in std::env::split_paths(&directories) {
        let replayed = replay(&directory);
        println!("{}: {replayed:?}, no difference", directory.display());
        assert!(replayed.steps > 0, "{} has no traces", directory.display());
    }
}

#[derive(Debug, Default)]
struct Replayed {
    games: usize,
    steps: usize,
}

fn replay(directory: &Path) -> Replayed {
    let mut replayed = Replayed::default();
    for path in files(directory, ".jsonl").into_iter().chain(files(directory, ".jsonl.gz")) {
        for line in text(&path).lines() {
            replay_game(&path, line, &mut replayed);
        }
    }
    replayed
}

fn replay_game(path: &Path, line: &str, replayed: &mut Replayed) {
    let game: Value = serde_json::from_str(line).unwrap();
    let mut session = Session::default();
    for (number, step) in game["steps"].as_array().unwrap().iter().enumerate() {
        let command = step["cmd"].to_string();
        let place = || {
            let (ruleset, seed, note) = (&game["ruleset"], &game["seed"], &game["note"]);
            format!("{}: {ruleset}, seed {seed}, {note}, step {number}: {command}", path.display())
        };
        let output = session.run(&command).unwrap_or_else(|error| panic!("{}: {error}", place()));
        let output: Value = serde_json::from_str(&output.to_json()).unwrap();
        assert_eq!(output, step["out"], "{}", place());
        replayed.steps += 1;
    }
    replayed.games += 1;
}

fn text(path: &Path) -> String {
    if path.extension().is_some_and(|extension| extension == "gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
        assert!(unpacked.status.success(), "gzip cannot read {}", path.display());
        return String::from_utf8(unpacked.stdout).unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}
