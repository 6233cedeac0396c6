//! What surprises who knows the documentation alone, each with its test.

use std::time::Duration;

use kriegspiel_sdk::model::{
    Availability, Fen, GameCode, GameId, GameMetadata, GameState, GameStatus, Provider, RefereeEvent,
    RegisterBot, Timestamp,
};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::sdk_core::http::RetryPolicy;
use kriegspiel_sdk::{Client, Color, ErrorCode, Host, UciMove, codes as own_codes};

use crate::recording::{Exchange, own_captures, read_directory};
use crate::server::{Server, answer, json};

fn recorded(wanted: impl Fn(&Exchange) -> bool) -> Vec<Exchange> {
    let all = read_directory(&own_captures());
    let found: Vec<_> = all.into_iter().flat_map(|(_, exchanges)| exchanges).filter(wanted).collect();
    assert!(!found.is_empty());
    found
}

fn states() -> Vec<GameState> {
    recorded(|exchange| exchange.path.ends_with("/state") && exchange.is_success())
        .iter()
        .map(|exchange| serde_json::from_str(&exchange.answer).unwrap())
        .collect()
}

fn bot() -> RegisterBot {
    RegisterBot::new("randobot", "Random Bot", "owner@bots.example")
}

#[tokio::test]
async fn s01_the_registration_key_is_sent_where_there_is_one_and_not_demanded() {
    let registered =
        recorded(|exchange| exchange.path.ends_with("/register") && exchange.status == 201).remove(0);
    let gated = recorded(|exchange| exchange.path.ends_with("/register") && exchange.status == 401).remove(0);
    let server = Server::start([registered.replayed(), registered.replayed(), gated.replayed()]).await;
    let client = Client::anonymous().url(&server.url).build().unwrap();
    client.register(&bot(), None).await.unwrap();
    client.register(&bot(), Some(&"the-shared-key".into())).await.unwrap();
    let error = client.register(&bot(), Some(&"another".into())).await.unwrap_err();
    assert!(error.is_auth() && error.message().contains("Invalid bot registration key"));
    let heads: Vec<_> = server.calls().into_iter().map(|call| call.head).collect();
    assert!(!heads[0].contains("x-bot-registration-key"));
    assert!(heads[1].contains("x-bot-registration-key: the-shared-key"));
    assert!(heads.iter().all(|head| !head.contains("authorization")));
}

#[tokio::test]
async fn s02_a_taken_name_says_that_there_is_no_new_token() {
    let taken = recorded(|exchange| exchange.path.ends_with("/register") && exchange.status == 409).remove(0);
    let server = Server::start([taken.replayed()]).await;
    let error = server.client().register(&bot(), None).await.unwrap_err();
    assert_eq!(error.platform_code(), Some(ErrorCode::UsernameTaken));
    assert_eq!((error.field(), error.status()), (Some("username"), Some(409)));
    assert!(error.message().contains("no new token"), "{error}");
}

#[tokio::test]
async fn s03_every_shape_of_a_refusal_is_one_error() {
    for (status, kind, body, code, platform_code, words) in [
        (
            409,
            "application/json",
            r#"{"error":{"code":"GAME_FULL","message":"Game is not joinable","details":{}}}"#,
            &codes::HTTP_STATUS,
            Some(ErrorCode::GameFull),
            "Game is not joinable",
        ),
        (
            401,
            "application/json",
            r#"{"detail":"Authentication required"}"#,
            &codes::AUTH_REJECTED,
            None,
            "Authentication required",
        ),
        (
            409,
            "application/json",
            r#"{"detail":{"field":"username","code":"USERNAME_TAKEN","message":"Username already exists"}}"#,
            &codes::HTTP_STATUS,
            Some(ErrorCode::UsernameTaken),
            "Username already exists",
        ),
        (
            422,
            "application/json",
            r#"{"detail":[{"type":"missing","loc":["body","uci"],"msg":"Field required","input":{}}]}"#,
            &codes::HTTP_STATUS,
            None,
            "body.uci: Field required",
        ),
        (500, "text/plain", "Internal Server Error", &codes::HTTP_STATUS, None, "Internal Server Error"),
        (429, "text/html", "<html><h1>429</h1></html>", &codes::RATE_LIMITED, None, "HTML"),
        (502, "text/html", "<html><h1>502</h1></html>", &codes::HTTP_STATUS, None, "HTML"),
        (
            403,
            "application/json",
            r#"{"error":{"code":"ON_FIRE","message":"hot","details":{}}}"#,
            &codes::REJECTED,
            Some(ErrorCode::Other("ON_FIRE".into())),
            "hot",
        ),
    ] {
        let server = Server::start([answer(status, kind, body)]).await;
        let error = server.client().open_games().await.unwrap_err();
        assert_eq!((error.code(), error.status()), (code, Some(status)), "{body}");
        assert_eq!(error.platform_code(), platform_code);
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn s04_what_the_platform_crashes_on_is_no_move() {
    let crashed = recorded(|exchange| exchange.status == 500);
    for exchange in crashed {
        let body: serde_json::Value = serde_json::from_str(exchange.body.as_deref().unwrap()).unwrap();
        let text = body["uci"].as_str().unwrap();
        assert!(text.parse::<UciMove>().is_err(), "{text}");
    }
    for text in ["E2E4", "zzzz", "e2e4x", "e7e8Q", "e4e4"] {
        assert!(text.parse::<UciMove>().is_err(), "{text}");
    }
}

/// The listing of a game between bots is written down now and then: its type does not offer whose turn it is as a question,
/// and the state is the current one.
#[test]
fn s05_a_listing_that_is_behind_does_not_say_whose_turn_it_is() {
    let listed = recorded(|exchange| exchange.path == "/game/mine/active" && exchange.is_success()).remove(0);
    let games: serde_json::Value = serde_json::from_str(&listed.answer).unwrap();
    let game: GameMetadata = serde_json::from_value(games["games"][0].clone()).unwrap();
    let state = states().into_iter().rfind(|state| state.game_id == game.game_id).unwrap();
    assert!(game.move_number <= state.move_number);
    assert_eq!(game.game_id, state.game_id);
}

#[tokio::test]
async fn s06_the_active_listing_has_no_limit_and_holds_waiting_games_too() {
    let waiting =
        recorded(|exchange| exchange.path == "/game/mine/active" && exchange.is_success()).remove(0);
    let server = Server::start([json(200, &waiting.answer.replacen("\"active\"", "\"waiting\"", 1))]).await;
    let games = server.client().active_games().await.unwrap();
    assert_eq!(games[0].state, GameStatus::Waiting);
    assert_eq!(server.lines(), ["GET /game/mine/active"]);
}

#[test]
fn s07_move_number_counts_the_moves_of_both_sides() {
    for state in states().into_iter().filter(|state| state.state == GameStatus::Active) {
        assert_eq!(state.turn, Some(Color::to_move(state.move_number)));
        assert_eq!(state.full_move_number(), state.move_number.div_ceil(2));
        if let Some(last) = state.scoresheet.turns.last() {
            assert!(last.turn <= state.full_move_number());
        }
    }
}

#[tokio::test]
async fn s08_ruleset_code_and_names_are_in_the_metadata() {
    let recorded = recorded(|exchange| {
        exchange.method == "GET" && exchange.segments().len() == 2 && exchange.answer.contains("rule_variant")
    });
    let recorded = recorded.into_iter().find(|exchange| exchange.path.len() == "/game/K2Q9MJ".len()).unwrap();
    let server = Server::start([recorded.replayed()]).await;
    let code: GameCode = recorded.segments()[1].parse().unwrap();
    let game = server.client().game(&code).await.unwrap();
    assert_eq!(game.game_code, code);
    assert!(game.rule_variant.is_known());
    let creator = game.white.as_ref().or(game.black.as_ref()).unwrap();
    assert!(game.color_of(&creator.username.to_uppercase()).is_some());
}

#[test]
fn s09_what_the_opponent_did_is_read_from_the_referees_sentences() {
    let mut captures = 0;
    for state in states() {
        for item in &state.referee_log {
            assert_eq!((&item.special_announcement, &item.capture_square), (&None, &None));
            assert!(!item.announcement.events.iter().any(|event| matches!(event, RefereeEvent::Unknown(_))));
            captures += item
                .announcement
                .events
                .iter()
                .filter(|event| matches!(event, RefereeEvent::Captured { .. }))
                .count();
        }
    }
    assert!(captures > 0);
}

#[test]
fn s10_a_finished_game_is_nobodys_turn_though_it_says_one() {
    let mut state = states().into_iter().find(GameState::is_my_turn).unwrap();
    state.state = GameStatus::Completed;
    assert_eq!(state.turn, Some(state.your_color));
    assert!(!state.is_my_turn() && !state.can_move() && !state.can_ask_any());
    assert!(!state.allows(state.allowed_moves[0]));
}

#[test]
fn s11_the_board_is_ones_own_men_and_in_the_end_all_of_it() {
    for state in states() {
        let board = state.your_fen.board().unwrap();
        let others = board.men(!state.your_color);
        assert_eq!(others.is_empty(), !state.is_over(), "{}", state.your_fen);
    }
    let end = Fen::from("r1b1k1nr/pppp1ppp/2n5/4p3/8/8/PPPPQPPP/RNB1KBNR[Qp] b KQkq - 3 7").board().unwrap();
    assert_eq!(end.reserve(Color::White).unwrap().queens, 1);
    assert_eq!(end.men(Color::Black).len(), 14);
}

#[tokio::test]
async fn s12_a_transcript_of_a_game_that_is_played_is_refused() {
    let listed = recorded(|exchange| {
        exchange.path == "/game/mine/active" && exchange.answer.contains(r#""state":"active""#)
    });
    let games: serde_json::Value = serde_json::from_str(&listed[0].answer).unwrap();
    let game =
        games["games"].as_array().unwrap().iter().find(|game| game["state"] == "active").unwrap().to_string();
    let metadata: GameMetadata = serde_json::from_str(&game).unwrap();
    assert_eq!(metadata.state, GameStatus::Active);
    let server = Server::start([json(200, &game), json(200, &game)]).await;
    let client = server.client();
    let error = client.transcript(&metadata.game_code).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&own_codes::ACTIVE_GAME, Some("game_ref")));
    assert_eq!(client.review(&metadata.game_id).await.unwrap_err().code(), &own_codes::ACTIVE_GAME);
    // Nothing was asked but the game itself.
    assert_eq!(
        server.lines(),
        [format!("GET /game/{}", metadata.game_code), format!("GET /game/{}", metadata.game_id)]
    );
}

#[test]
fn s13_moments_come_in_three_spellings() {
    let spellings =
        ["2026-11-20T11:12:23.372000", "2026-11-20T11:12:23.372000Z", "2026-11-20T11:12:23.372000+00:00"];
    let read: Vec<Timestamp> = spellings.map(|text| serde_json::from_value(text.into()).unwrap()).into();
    assert!(read.iter().all(|moment| *moment == read[0] && moment.to_system_time().is_some()));
    assert_eq!(Timestamp::from("2026-11-20T11:12:23"), Timestamp::from("2026-11-20T11:12:23Z"));
}

#[test]
fn s14_a_reason_has_500_characters_and_a_provider_two_names() {
    Availability::not_ready(Provider::OpenAi, "♞".repeat(500)).check().unwrap();
    assert!(Availability::not_ready(Provider::OpenAi, "♞".repeat(501)).check().is_err());
    assert!(serde_json::from_str::<Availability>(r#"{"provider":"openrouter","ready":true}"#).is_err());
}

#[tokio::test]
async fn s15_an_api_prefix_is_refused_on_the_public_host_alone() {
    for url in [
        "https://api.kriegspiel.org/api",
        "https://API.Kriegspiel.org/api/",
        "https://api.kriegspiel.org:443/api/x",
    ] {
        let error = Client::builder("ksbot_1.a").url(url).build().unwrap_err();
        assert_eq!((error.code(), error.field()), (&codes::INVALID_CONFIG, Some("url")));
        assert!(error.message().contains("no /api in front"), "{error}");
    }
    for url in ["https://app.kriegspiel.org/api", "https://api.kriegspiel.org", "https://api.kriegspiel.org/"]
    {
        Client::builder("ksbot_1.a").url(url).build().unwrap();
    }
    Client::builder("ksbot_1.a").host(Host::Production).build().unwrap();
    let server = Server::start([json(200, r#"{"games":[]}"#)]).await;
    let client = Client::builder("ksbot_1.a").url(format!("{}/api", server.url)).build().unwrap();
    client.open_games().await.unwrap();
    assert_eq!(server.lines(), ["GET /api/game/open"]);
}

/// A call that reads is tried again; nothing else is.
#[tokio::test(start_paused = true)]
async fn reading_is_tried_again_and_nothing_else_is() {
    let broken = || answer(502, "text/html", "<html>");
    let server = Server::start([broken(), json(200, r#"{"games":[]}"#), broken()]).await;
    let retry = RetryPolicy::new().first(Duration::from_millis(1));
    let client = Client::builder("ksbot_1.a").url(&server.url).retry(retry).build().unwrap();
    client.open_games().await.unwrap();
    let game: GameId = "67eb10247d7e92c4e2f9c456".parse().unwrap();
    assert_eq!(client.resign(&game).await.unwrap_err().status(), Some(502));
    assert_eq!(
        server.lines(),
        ["GET /game/open", "GET /game/open", "POST /game/67eb10247d7e92c4e2f9c456/resign"]
    );
}
