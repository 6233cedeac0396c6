//! The bots with a language model as a stranger runs them, against a server that speaks the OpenAI chat format: one that
//! answers, one that refuses, and none.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::fake::{Fake, Manner};
use kriegspiel_sdk::sandbox::Sandbox;
use serde_json::Value;

const KEY: &str = "sk-marked-key-0123456789";

/// The bots, with options that make a short run.
const BOTS: [(&str, &str, &[&str]); 3] = [
    ("botornot-llm", env!("CARGO_BIN_EXE_botornot-llm"), &["--matches", "1"]),
    ("botroulette-llm", env!("CARGO_BIN_EXE_botroulette-llm"), &["--messages", "3"]),
    ("kriegspiel-llm", env!("CARGO_BIN_EXE_kriegspiel-llm"), &[]),
];

struct Run {
    lines: Vec<Value>,
    all: String,
    succeeded: bool,
}

/// Runs a bot to its end in a directory of its own, while the server beside it goes on.
async fn run(path: &'static str, options: &[&str], fake: Option<&Fake>) -> Run {
    let run = run_to(path, options, fake).await;
    assert!(run.succeeded, "{}", run.all);
    run
}

/// The same, however it ends.
async fn run_to(path: &'static str, options: &[&str], fake: Option<&Fake>) -> Run {
    let (directory, mut command) = program(path, options, fake);
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let budget = std::fs::read_to_string(directory.join(".llm-budget.json")).unwrap_or_default();
    std::fs::remove_dir_all(directory).unwrap();
    Run {
        lines: stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        all: format!("{stdout}{stderr}{budget}"),
        succeeded: output.status.success(),
    }
}

/// A bot that is to run in a directory of its own, away from this machine's settings.
fn program(path: &'static str, options: &[&str], fake: Option<&Fake>) -> (PathBuf, Command) {
    let directory: PathBuf = std::env::temp_dir().join(format!("llm-bots-{:016x}", unlike_any_other()));
    std::fs::create_dir(&directory).unwrap();
    let mut command = Command::new(path);
    command.args(["--seed", "7", "--json"]).args(options).current_dir(&directory).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy().to_lowercase();
        let is_setting = ["botornot_", "botroulette_", "kriegspiel_", "openai_", "anthropic_"]
            .iter()
            .any(|prefix| shown.starts_with(prefix));
        if is_setting || shown.ends_with("_proxy") || shown == "rust_log" {
            command.env_remove(name);
        }
    }
    if let Some(fake) = fake {
        command.args(["--model", "gpt-4o-mini", "--model-url", fake.url.as_str()]).env("OPENAI_API_KEY", KEY);
    }
    (directory, command)
}

/// A number that no other run has.
fn unlike_any_other() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

#[tokio::test]
async fn with_a_model_that_answers_the_model_is_asked_and_its_key_is_shown_nowhere() {
    for (name, path, options) in BOTS {
        let fake = Fake::start(Manner::Says("e2e4 d2d4 not sure, you?")).await;
        let run = run(path, options, Some(&fake)).await;
        assert!(run.lines.last().unwrap()["summary"].is_object(), "{name}");
        assert!(!fake.questions().is_empty(), "{name} asked the model");
        assert!(!run.all.contains(KEY), "{name}");
        assert!(run.all.contains("The model was asked "), "{name}: {}", run.all);
    }
}

#[tokio::test]
async fn with_a_model_that_refuses_the_bot_goes_on_without_it() {
    // Kriegspiel's bot takes no game without its model, as the platform asks of model bots.
    for (name, path, options) in BOTS.into_iter().filter(|(name, ..)| *name != "kriegspiel-llm") {
        let fake = Fake::start(Manner::Refuses(500)).await;
        let run = run(path, options, Some(&fake)).await;
        assert!(run.lines.last().unwrap()["summary"].is_object(), "{name}");
        assert!(!run.all.contains(KEY), "{name}");
    }
}

#[tokio::test]
async fn kriegspiel_without_its_model_is_not_played_and_the_bot_says_why_and_ends() {
    let (name, path, options) = BOTS[2];
    let fake = Fake::start(Manner::Refuses(500)).await;
    let run = run_to(path, options, Some(&fake)).await;
    assert!(!run.succeeded, "{name}");
    let [summary] = run.lines.as_slice() else { panic!("{:?}", run.lines) };
    assert_eq!(summary["summary"]["games"], 0);
    assert!(run.all.contains("the model is not ready, so no further game is played"), "{}", run.all);
    assert!(!run.all.contains(KEY) && !run.all.contains("waits in the lobby"), "{}", run.all);
}

/// On a server of others it does what the platform's page asks: it reports, takes no game, and waits.
#[tokio::test]
async fn elsewhere_kriegspiel_reports_that_its_model_is_down_and_waits() {
    let fake = Fake::start(Manner::Refuses(500)).await;
    let sandbox = Sandbox::start().await.unwrap();
    let (directory, mut command) = program(BOTS[2].1, &["--url", sandbox.url().as_str()], Some(&fake));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asked = |path: &str| sandbox.requests().into_iter().filter(|request| request.path == path).count();
    tokio::time::timeout(Duration::from_secs(60), async {
        while asked("/bots/availability") == 0 || asked("/game/mine/active") < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it waits for its model");
    assert_eq!(asked("/game/create"), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    sandbox.shutdown().await;
}

/// Nobody is asked, so nobody is down.
#[tokio::test]
async fn a_dry_run_of_kriegspiel_plays_its_game() {
    let (_, path, _) = BOTS[2];
    let run = run(path, &["--dry-run"], None).await;
    assert_eq!(run.lines.last().unwrap()["summary"]["games"], 1);
    assert!(run.all.contains("You may ask: "), "{}", run.all);
}

#[tokio::test]
async fn without_a_model_nobody_is_asked_and_the_bot_plays() {
    for (name, path, options) in BOTS {
        let run = run(path, options, None).await;
        assert!(run.lines.last().unwrap()["summary"].is_object(), "{name}");
        assert!(run.all.contains("No model was named"), "{name}");
    }
}
