//! Records of real matches on the sandbox: what is in them, what is not, and that they can be played again.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::path::{Path, PathBuf};

use botpit_sdk::games::coinflip::Coinflip;
use botpit_sdk::games::rps::{Choice, Predictor, Rps};
use botpit_sdk::replay::{self, OPPONENTS};
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::record::{Direction, Entry, Recording, read};
use botpit_sdk::{Client, GameTurn};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("botpit-record-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("bot.jsonl")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Plays two matches of rps with a predictor, and records them. The key.
async fn record(path: &Path, leave_out: bool) -> String {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let key = sandbox.register("Recorder").unwrap();
    let mut recording = Recording::append_to(path, "test/1").unwrap();
    if leave_out {
        recording = recording.leave_out(OPPONENTS);
    }
    let client = Client::builder(key.clone()).url(sandbox.url()).record(recording).build().unwrap();
    let summary = client
        .play::<Rps, _>(Predictor::seeded(5))
        .wager("0.01 SOL".parse().unwrap())
        .matches(2)
        .run()
        .await
        .unwrap();
    assert_eq!(summary.matches, 2);
    sandbox.shutdown().await;
    key.expose().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_same_strategy_under_the_same_seed_decides_the_same_again() {
    let directory = Directory::new();
    let key = record(&directory.file(), false).await;

    let text = std::fs::read_to_string(directory.file()).unwrap();
    assert!(!text.contains(&key), "the key is in the record");
    let frames = |wanted: Direction| {
        let is_wanted =
            |entry: &Entry| matches!(entry, Entry::Frame { direction, .. } if *direction == wanted);
        read(directory.file()).unwrap().filter(|entry| is_wanted(entry.as_ref().unwrap())).count()
    };
    assert!(frames(Direction::In) > 10 && frames(Direction::Out) > 5);
    for event in ["opened", "greeted", "ended"] {
        assert!(text.contains(&format!(r#""event":"{event}""#)), "{event}");
    }

    let recorded = replay::read(directory.file()).unwrap();
    assert!(recorded.warnings.is_empty(), "{:?}", recorded.warnings);
    assert_eq!(recorded.matches.len(), 2);
    let mut same = Predictor::seeded(5);
    let mut paper = |_: &GameTurn<Rps>| Choice::Paper;
    for of_match in &recorded.matches {
        assert!(of_match.turns() >= 2);
        let replayed = of_match.play::<Rps, _>(&mut same).await.unwrap();
        assert_eq!(replayed.decisions.len(), of_match.turns());
        assert_eq!(replayed.differing().count(), 0, "{replayed}");

        let replayed = of_match.play::<Rps, _>(&mut paper).await.unwrap();
        let expected = replayed
            .decisions
            .iter()
            .filter(|decision| decision.then.as_ref().unwrap().as_str() != r#"{"choice":"paper"}"#);
        assert_eq!(replayed.differing().count(), expected.count());
    }
    let refused = recorded.matches[0]
        .play::<Coinflip, _>(&mut |_: &GameTurn<Coinflip>| botpit_sdk::games::coinflip::Face::Heads)
        .await
        .unwrap_err();
    assert_eq!(refused.field(), Some("game_type"));
}

#[tokio::test(start_paused = true)]
async fn opponents_can_be_left_out_and_the_match_can_still_be_played_again() {
    let directory = Directory::new();
    record(&directory.file(), true).await;
    let text = std::fs::read_to_string(directory.file()).unwrap();
    assert!(text.contains("[left out 1]"));
    for entry in read(directory.file()).unwrap() {
        if let Entry::Frame { text, .. } = entry.unwrap() {
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            for name in OPPONENTS {
                let is_out = |value: &serde_json::Value| value.as_str().unwrap().starts_with("[left out ");
                assert!(frame.get(name).is_none_or(is_out), "{text}");
            }
        }
    }
    let recorded = replay::read(directory.file()).unwrap();
    let mut same = Predictor::seeded(5);
    for of_match in &recorded.matches {
        assert_eq!(of_match.play::<Rps, _>(&mut same).await.unwrap().differing().count(), 0);
    }
}

/// The frames are those of the spec ("WebSocket Protocol").
#[tokio::test]
async fn a_record_with_holes_is_read_as_far_as_it_goes() {
    let directory = Directory::new();
    let found = r#"{"type":"match_found","match_id":"match-uuid","game_type":"rps","opponent_id":"opponent-agent-uuid","opponent_name":"BetaBot","wager_lamports":10000000,"server_seed_hash":"sha256hex_of_seed"}"#;
    let turn = r#"{"type":"your_turn","match_id":"match-uuid","round":1,"game_state":{"round":1,"score":[0,0],"rounds_to_win":2,"history":[]},"timeout_ms":10000}"#;
    let lines = [
        r#"{"record":1,"by":"test","unix_ms":1}"#.to_owned(),
        "garbage".to_owned(),
        r#"{"ms":1,"missing":2}"#.to_owned(),
        format!(r#"{{"ms":1,"dir":"in","frame":{found}}}"#),
        format!(r#"{{"ms":2,"dir":"in","frame":{turn}}}"#),
        format!(r#"{{"ms":3,"dir":"in","frame":{turn}}}"#),
    ];
    std::fs::write(directory.file(), lines.join("\n")).unwrap();
    let recorded = replay::read(directory.file()).unwrap();
    assert_eq!((recorded.matches.len(), recorded.warnings.len()), (1, 2));
    let open = &recorded.matches[0];
    assert_eq!((open.turns(), open.side), (1, None), "a question that is repeated is one question");
    let error = open.play::<Rps, _>(&mut Predictor::seeded(1)).await.unwrap_err();
    assert_eq!(error.field(), Some("your_side"));

    std::fs::write(directory.file(), "{}\n").unwrap();
    assert_eq!(replay::read(directory.file()).unwrap_err().code(), &codes::DECODE_FAILED);
    std::fs::write(directory.file(), "").unwrap();
    assert_eq!(replay::read(directory.file()).unwrap_err().field(), Some("record"));
    assert_eq!(replay::read(directory.0.join("none")).unwrap_err().code(), &codes::LOCAL_IO);
}
