//! Records of matches on the sandbox: every frame is in them, and the token nowhere.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::path::PathBuf;

use botornot_sdk::model::OPPONENTS;
use botornot_sdk::player::Persona;
use botornot_sdk::sandbox::Sandbox;
use botornot_sdk::sdk_core::record::{Direction, Entry, Recording, read};
use botornot_sdk::{Client, Secret};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("botornot-record-{:016x}", fastrand::u64(..)));
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

/// The frames of a record that went one way.
fn frames(directory: &Directory, wanted: Direction) -> Vec<String> {
    let entries = read(directory.file()).unwrap().map(|entry| entry.unwrap());
    let frames = entries.filter_map(|entry| match entry {
        Entry::Frame { direction, text, .. } if direction == wanted => Some(text.to_string()),
        _ => None,
    });
    frames.collect()
}

/// Plays a match that is recorded, and gives the token and what the opponent is called.
async fn play(directory: &Directory, leave_out: bool) -> (Secret, String) {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let token = sandbox.register("Recorder").unwrap();
    let mut recording = Recording::append_to(directory.file(), "test/1").unwrap();
    if leave_out {
        recording = recording.leave_out(OPPONENTS);
    }
    let client = Client::builder(token.clone()).url(sandbox.url()).record(recording).build().unwrap();
    let summary = client.play(Persona::new(7)).matches(1).seed(7).run().await.unwrap();
    assert_eq!(summary.matches, 1);
    let played = &sandbox.matches()[0];
    let seat = played.seat_of("agent:Recorder").unwrap();
    let opponent = played.players.get(seat.other()).handle.clone();
    sandbox.shutdown().await;
    (token, opponent)
}

#[tokio::test(start_paused = true)]
async fn a_record_has_the_whole_match_and_not_the_token() {
    let directory = Directory::new();
    let (token, opponent) = play(&directory, false).await;
    let text = std::fs::read_to_string(directory.file()).unwrap();
    assert!(!text.contains(token.expose()), "the token is in the record");
    assert!(text.contains(&opponent));
    for event in ["opened", "greeted", "ended"] {
        assert!(text.contains(&format!(r#""event":"{event}""#)), "{event}");
    }
    let (told, said) = (frames(&directory, Direction::In), frames(&directory, Direction::Out));
    for word in ["match:found", "match:started", "chat:message", "match:reveal"] {
        assert!(told.iter().any(|frame| frame.contains(word)), "{word} did not come");
    }
    for word in ["match:request", "chat:message", "vote:cast"] {
        assert!(said.iter().any(|frame| frame.contains(word)), "{word} was not sent");
    }
}

#[tokio::test(start_paused = true)]
async fn words_and_names_can_be_left_out() {
    let directory = Directory::new();
    let (_, opponent) = play(&directory, true).await;
    let text = std::fs::read_to_string(directory.file()).unwrap();
    assert!(!text.contains(&opponent) && text.contains(r#""body":"[left out "#), "{text}");
    assert!(frames(&directory, Direction::Out).iter().any(|frame| frame.contains("vote:cast")));
}
