//! Every example of the documentation.

use std::collections::BTreeSet;
use std::path::Path;

use kriegspiel_sdk::model::{
    Availability, BotId, CreateGame, GameState, ListedBots, PossibleAction, Provider, RegisterBot,
};
use kriegspiel_sdk::{Color, ErrorCode, Ruleset};
use serde_json::Value;

use crate::server::{Server, json};

macro_rules! fixtures {
    ($($name:ident = $file:literal;)*) => {
        $(const $name: &str = include_str!(concat!("../fixtures/spec/", $file));)*
        const FILES: &[&str] = &[$($file),*];
    };
}

// One that no test uses is a warning of the compiler's.
fixtures! {
    REGISTER_BODY = "register-bot-body.json";
    REGISTER_REQUEST = "register-bot-request.json";
    REGISTER_RESPONSE = "register-bot-response.json";
    PROFILE = "bots-profile.json";
    BOTS = "list-bots-response.json";
    AVAILABILITY = "model-availability-report.json";
    CREATE_BOT_GAME = "create-bot-game-request.json";
    CREATE_WAITING_GAME = "create-waiting-game-request.json";
    STATE = "game-state-response.json";
    MOVE = "submit-move.json";
    ERROR = "error-response.json";
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_example_is_listed() {
    let there: BTreeSet<String> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spec"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
            .collect();
    assert_eq!(there, FILES.iter().map(|file| (*file).to_owned()).collect());
}

#[tokio::test]
async fn registering() {
    let server = Server::start([json(201, REGISTER_RESPONSE)]).await;
    // The example's address is hidden from robots, and no address.
    let bot = RegisterBot::new("randobot", "Random Bot", "owner@bots.example")
        .description("Plays simple random moves.")
        .listed(true)
        .rulesets(Ruleset::ALL);
    let registered = server.client().register(&bot, Some(&"the-shared-key".into())).await.unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.line, "POST /auth/bots/register");
    assert!(call.head.contains("x-bot-registration-key: the-shared-key"));
    for example in [REGISTER_BODY, REGISTER_REQUEST] {
        let mut example = value(example);
        example["owner_email"] = "owner@bots.example".into();
        assert_eq!(call.json(), example);
    }
    assert_eq!(registered.username, "randobot");
    assert_eq!(registered.bot_id, "67eb0f4f7d7e92c4e2f9c123".parse::<BotId>().unwrap());
    assert!(registered.api_token.expose().starts_with("ksbot_abcd1234."));
    assert!(!format!("{registered:?}").contains("ksbot_"));
}

#[tokio::test]
async fn what_a_bot_plays_and_whether_it_is_ready() {
    let stored = r#"{"ok":true,"supported_rule_variants":["berkeley","berkeley_any","wild16"]}"#;
    let server = Server::start([json(200, stored), json(200, r#"{"ok":true}"#)]).await;
    let client = server.client();
    let rulesets = [Ruleset::Berkeley, Ruleset::BerkeleyAny, Ruleset::Wild16];
    assert_eq!(client.sync_profile(rulesets.clone()).await.unwrap().supported_rule_variants, rulesets);
    assert!(client.report_availability(&Availability::ready(Provider::OpenAi)).await.unwrap().ok);
    assert_eq!(server.lines(), ["POST /bots/profile", "POST /bots/availability"]);
    assert_eq!(server.calls()[0].json(), value(PROFILE));
    assert_eq!(server.calls()[1].json(), value(AVAILABILITY));
    assert!(server.calls()[0].head.contains("authorization: Bearer ksbot_1.s3cr3t"));
}

#[test]
fn the_list_of_bots() {
    let list: ListedBots = serde_json::from_str(BOTS).unwrap();
    assert_eq!(list.bots[0].supported_rule_variants, Ruleset::ALL);
    assert_eq!(serde_json::to_value(&list).unwrap(), value(BOTS));
}

#[test]
fn creating_games() {
    let open = CreateGame::open(Ruleset::BerkeleyAny);
    assert_eq!(serde_json::to_value(&open).unwrap(), value(CREATE_WAITING_GAME));
    let against = CreateGame::against("67eb0f4f7d7e92c4e2f9c123".parse().unwrap(), Ruleset::BerkeleyAny);
    assert_eq!(serde_json::to_value(&against).unwrap(), value(CREATE_BOT_GAME));
}

#[test]
fn the_state_of_a_game() {
    let state: GameState = serde_json::from_str(STATE).unwrap();
    assert_eq!(state.your_color, Color::Black);
    assert_eq!(state.possible_actions, [PossibleAction::Move, PossibleAction::AskAny]);
    assert!(state.is_my_turn() && state.can_ask_any() && state.allows("g8f6".parse().unwrap()));
    assert!(state.your_fen.board().is_err(), "the example writes words there");
    assert_eq!(state.clock.remaining(Color::White).as_secs_f64(), 302.4);
    assert_eq!(serde_json::to_value(&state).unwrap(), value(STATE));
}

#[tokio::test]
async fn a_move_and_a_refusal() {
    let server = Server::start([json(400, ERROR)]).await;
    let game = "K2Q9MJ".parse::<kriegspiel_sdk::model::GameCode>().unwrap();
    let error = server.client().submit_move(&game, "e7e5".parse().unwrap()).await.unwrap_err();
    assert_eq!(server.lines(), ["POST /game/K2Q9MJ/move"]);
    assert_eq!(server.calls()[0].json(), value(MOVE));
    assert_eq!(error.platform_code(), Some(ErrorCode::BotUnavailable));
    assert_eq!(error.status(), Some(400));
    assert!(error.message().contains("Selected bot is temporarily unavailable"));
}
