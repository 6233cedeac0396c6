//! The model behind the bots, against a server that speaks the OpenAI chat format.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake::{Fake, Manner};
use clap::Parser;
use llm_bots::{Budget, Limits, Model, ModelOptions, Prompt, Provider, Speaker};
use sdk_core::error::codes;
use sdk_core::secret::Secret;

const KEY: &str = "sk-marked-key-0123456789";
const LIMITS: Limits = Limits { calls: 3, tokens: 1_000 };

fn model(fake: &Fake, limits: Limits) -> Model {
    let budget = Budget::in_memory(limits);
    let key = Some(Secret::new(KEY));
    let (url, patience) = (Some(fake.url.clone()), Duration::from_secs(20));
    Model::new(Provider::Openai, url, "gpt-4o-mini", key, patience, budget).unwrap()
}

fn prompt() -> Prompt {
    Prompt::new("You are a postman.")
        .said(Speaker::Other, "hi!")
        .said(Speaker::Other, "where are you from?")
        .said(Speaker::Own, "the north")
        .said(Speaker::Other, "cold there?")
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_out_in_the_format_and_the_answer_comes_back() {
    let fake = Fake::start(Manner::Says("  freezing, mate \n")).await;
    let model = model(&fake, LIMITS);
    assert_eq!(model.ask(&prompt().max_tokens(60)).await.unwrap(), "freezing, mate");
    assert_eq!(model.used(), (1, 21));
    let asked = &fake.questions()[0];
    assert_eq!(asked["model"], "gpt-4o-mini");
    let messages: Vec<(&str, &str)> = asked["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect();
    assert_eq!(
        messages,
        [
            ("system", "You are a postman."),
            ("user", "hi!\nwhere are you from?"),
            ("assistant", "the north"),
            ("user", "cold there?"),
        ]
    );
    assert!(asked["max_tokens"] == 60 || asked["max_completion_tokens"] == 60, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_dawdles_costs_its_time_and_no_more() {
    let fake = Fake::start(Manner::Dawdles).await;
    let model = model(&fake, LIMITS);
    let began = tokio::time::Instant::now();
    let error = model.ask(&prompt()).await.unwrap_err();
    assert_eq!((error.code().id(), error.is_timeout()), ("model_timeout", true));
    assert_eq!(began.elapsed().as_secs(), 20);
    let (calls, tokens) = model.used();
    assert!(calls == 1 && tokens >= 120, "nobody knows what it has cost: {tokens}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_without_the_key_that_it_repeats() {
    for manner in
        [Manner::Refuses(401), Manner::Refuses(429), Manner::Refuses(500), Manner::Babbles, Manner::Says(" ")]
    {
        let fake = Fake::start(manner.clone()).await;
        let model = model(&fake, LIMITS);
        let error = model.ask(&prompt()).await.unwrap_err();
        assert_eq!(error.code().id(), "model_failed", "{manner:?}");
        let shown = format!("{error} {error:?} {model:?} {}", error.chain());
        assert!(!shown.contains(KEY), "{shown}");
        assert_eq!(fake.questions().len(), 1, "nothing is asked twice");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_budget_is_spent_nothing_is_sent() {
    let fake = Fake::start(Manner::Says("yes")).await;
    let by_calls = model(&fake, LIMITS);
    for _ in 0..3 {
        by_calls.ask(&prompt()).await.unwrap();
    }
    assert_eq!(by_calls.ask(&prompt()).await.unwrap_err().field(), Some("calls-per-day"));
    let by_tokens = model(&fake, Limits { calls: 9, tokens: 42 });
    for _ in 0..2 {
        by_tokens.ask(&prompt()).await.unwrap();
    }
    assert_eq!(by_tokens.ask(&prompt()).await.unwrap_err().field(), Some("tokens-per-day"));
    assert_eq!(fake.questions().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_a_failure() {
    let fake = Fake::start(Manner::Dawdles).await;
    let mut url = fake.url.clone();
    drop(fake);
    url.set_port(Some(1)).unwrap();
    let (budget, patience) = (Budget::in_memory(LIMITS), Duration::from_secs(20));
    let model = Model::new(Provider::Ollama, Some(url), "llama3", None, patience, budget).unwrap();
    assert_eq!(model.ask(&prompt()).await.unwrap_err().code().id(), "model_failed");
}

#[test]
fn a_key_does_not_travel_in_the_clear_to_another_machine() {
    let url = Some("http://models.example.org/v1".parse().unwrap());
    let budget = Budget::in_memory(LIMITS);
    let refused =
        Model::new(Provider::Openai, url, "m", Some(Secret::new(KEY)), Duration::from_secs(1), budget)
            .unwrap_err();
    assert_eq!(refused.code(), &codes::INSECURE_URL);
}

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    model: ModelOptions,
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_the_prompt_and_asks_nobody() {
    let shown = Arc::new(Mutex::new(String::new()));
    let page = Arc::clone(&shown);
    let args = Args::parse_from(["bot", "--dry-run"]);
    let model = args.model.open(move |prompt| *page.lock().unwrap() = prompt.to_string()).unwrap().unwrap();
    assert_eq!(model.ask(&prompt()).await.unwrap_err().code().id(), "dry_run");
    assert!(shown.lock().unwrap().contains("[system] You are a postman.\n[them] hi!"), "{shown:?}");

    let nobody = Args::parse_from(["bot"]).model.open(|_| ()).unwrap();
    assert!(nobody.is_none(), "no model is asked that was not named");
    assert!(Args::try_parse_from(["bot", "--provider", "ollama"]).is_err());
    assert_eq!(Args::parse_from(["bot", "--model-timeout", "0.25"]).model.model_timeout.as_millis(), 250);
    for never in ["0", "-1", "NaN", "1e9", "soon"] {
        assert!(Args::try_parse_from(["bot", &format!("--model-timeout={never}")]).is_err(), "{never}");
    }
}

#[test]
fn others_words_are_bounded() {
    let long = "x".repeat(10_000);
    let prompt = Prompt::new("s").said(Speaker::Other, &long);
    assert_eq!(prompt.turns()[0].1.chars().count(), Prompt::MAX_TURN_CHARS);
}
