//! The bots with a language model as a stranger runs them, against a server that speaks the OpenAI chat format: one that
//! answers, one that refuses, and none.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::fake::{Fake, Manner};
use botornot_sdk::player::Persona;
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
    /// The lines of `--log matches.jsonl`.
    log: Vec<Value>,
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
    let log = std::fs::read_to_string(directory.join("matches.jsonl")).unwrap_or_default();
    let budget = std::fs::read_to_string(directory.join(".llm-budget.json")).unwrap_or_default();
    std::fs::remove_dir_all(directory).unwrap();
    let objects = |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Run {
        lines: objects(&stdout),
        log: objects(&log),
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

/// BotOrNot's bot, in matches of two seconds that are written down.
async fn chat(options: &[&str], fake: Option<&Fake>) -> Run {
    let short = ["--speed", "120", "--log", "matches.jsonl"];
    run(BOTS[0].1, &[&short, options].concat(), fake).await
}

impl Run {
    /// What the bot said in all its matches.
    fn said(&self) -> Vec<&str> {
        let lines = self.log.iter().flat_map(|record| record["transcript"].as_array().unwrap());
        lines.filter(|line| line["who"] == "me").map(|line| line["text"].as_str().unwrap()).collect()
    }
}

#[tokio::test]
async fn botornots_model_is_one_person_with_a_short_memory_who_says_one_short_line() {
    let fake = Fake::start(Manner::Says(
        "\n\"yeah same, it always happens when the rain starts and everybody wants to get home at once, you know how \
         that goes, so i just stand there and wait and wait until it is over\"\n\nWould you like to hear more?",
    ))
    .await;
    let run = chat(&["--matches", "2", "--turns", "3", "--persona", "5"], Some(&fake)).await;

    let person = Persona::new(5).to_string();
    let questions = fake.questions();
    let mut longest = 0;
    for question in &questions {
        let [system, turns @ ..] = question["messages"].as_array().unwrap().as_slice() else { panic!() };
        assert!(system["content"].as_str().unwrap().contains(&person), "{system} is not {person}");
        assert_eq!(system["content"], questions[0]["messages"][0]["content"], "one person in all matches");
        longest = longest.max(turns.len());
        for turn in turns.iter().filter(|turn| turn["role"] == "user") {
            let words = turn["content"].as_str().unwrap();
            assert!(words.starts_with("<stranger>") && words.ends_with("</stranger>"), "{words}");
        }
        assert!(question["max_tokens"] == 60 || question["max_completion_tokens"] == 60, "{question}");
    }
    assert_eq!(longest, 3, "it remembers as many turns as it is told to, and no more");

    let line = "yeah same, it always happens when the rain starts and everybody wants to get home at once, you know how \
                that goes, so i just stand there and wait and wait until";
    assert!(run.said().contains(&line), "{:?}", run.said());
    assert!(run.said().iter().all(|said| said.chars().count() <= 160 && !said.contains(['\n', '"'])));
}

#[tokio::test]
async fn botornots_persona_answers_and_the_vote_is_cast_however_the_model_fails() {
    for (manner, options, why) in [
        (Manner::Dawdles, ["--model-timeout", "0.03"], "[model_timeout]"),
        (Manner::Says("\"\"\n"), ["--turns", "8"], "the model said nothing"),
        (Manner::Refuses(500), ["--turns", "15"], "[model_failed]"),
    ] {
        let fake = Fake::start(manner).await;
        let run = chat(&[&["--matches", "1"], &options[..]].concat(), Some(&fake)).await;
        let told = run.all.lines().find(|line| line.starts_with("The persona answers: "));
        assert!(told.unwrap_or_else(|| panic!("{}", run.all)).contains(why), "{told:?}");
        assert!(!run.said().is_empty(), "{}", run.all);
        assert!(run.lines[0]["match"]["guess"].is_string(), "{:?}", run.lines);
    }
    // One whose patience is longer than the match says nothing, and votes.
    let fake = Fake::start(Manner::Dawdles).await;
    let run = chat(&["--matches", "1"], Some(&fake)).await;
    assert!(!fake.questions().is_empty());
    assert!(run.lines[0]["match"]["guess"].is_string(), "{:?}", run.lines);
}

#[tokio::test]
async fn botornots_persona_goes_on_when_the_days_budget_is_spent() {
    for options in [["--calls-per-day", "2"], ["--tokens-per-day", "22"]] {
        let fake = Fake::start(Manner::Says("hm, no idea")).await;
        let run = chat(&[&["--matches", "2"], &options[..]].concat(), Some(&fake)).await;
        assert!((1..=2).contains(&fake.questions().len()), "{options:?}: {}", fake.questions().len());
        assert!(run.all.contains("[model_budget_spent]"), "{}", run.all);
        assert_eq!(run.lines.len(), 3, "two matches and the summary");
    }
}

#[tokio::test]
async fn a_dry_run_of_botornot_prints_the_prompts_and_plays() {
    let run = chat(&["--matches", "1", "--dry-run"], None).await;
    let person = Persona::new(1).to_string();
    assert!(run.all.contains(&format!("[system] You are this person: {person}. ")), "{}", run.all);
    assert!(run.all.contains("\n[them] <stranger>"), "{}", run.all);
    assert!(!run.said().is_empty());
    assert!(run.lines[0]["match"]["guess"].is_string(), "{:?}", run.lines);
}
