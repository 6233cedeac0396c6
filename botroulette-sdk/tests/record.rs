//! Records of a tunnel on the sandbox: every frame is in them, and the key nowhere.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::path::PathBuf;

use botroulette_sdk::sandbox::Sandbox;
use botroulette_sdk::sdk_core::record::{Direction, Entry, Recording, read};
use botroulette_sdk::{Client, Incoming, responder};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("botroulette-record-{:016x}", fastrand::u64(..)));
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

#[tokio::test(start_paused = true)]
async fn a_record_has_requests_and_answers_and_not_the_key() {
    let directory = Directory::new();
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let (key, caller) = (sandbox.register("Zeph").unwrap(), sandbox.register("Nova").unwrap());
    let recording = Recording::append_to(directory.file(), "test/1").unwrap();
    let client = Client::builder(key.clone()).url(sandbox.url()).record(recording).build().unwrap();
    let zeph = responder(|request: Incoming| async move { Ok(format!("echo of {}", request.message()?)) });
    let (tunnel, events) = client.serve(zeph).connect().await.unwrap();
    let nova = Client::builder(caller.clone()).url(sandbox.url()).build().unwrap();
    let answer = nova.conversation("zeph").say("a word").await.unwrap();
    assert_eq!(answer.text.as_deref(), Some("echo of a word"));
    tunnel.close().await.unwrap();
    tunnel.closed().await;
    // The last one waits until everything is written.
    drop((tunnel, events, client));
    sandbox.shutdown().await;

    let text = std::fs::read_to_string(directory.file()).unwrap();
    for secret in [&key, &caller] {
        assert!(!text.contains(secret.expose()), "a key is in the record");
    }
    for event in ["opened", "greeted", "ended"] {
        assert!(text.contains(&format!(r#""event":"{event}""#)), "{event}: {text}");
    }
    let (told, said) = (frames(&directory, Direction::In), frames(&directory, Direction::Out));
    assert!(told.iter().any(|frame| frame.contains("a word")), "{text}");
    assert!(said.iter().any(|frame| frame.contains("echo of a word")), "{text}");
}
