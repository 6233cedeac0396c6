//! What surprises who knows the documentation alone, reproduced: each with its test.

use std::time::Duration;

use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::clock::Clock;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::raw::{Bot, Human, send};

async fn stage() -> (Sandbox, Clock) {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder().no_house().clock(clock.clone()).start().await.unwrap();
    (sandbox, clock)
}

/// A game between two bots.
async fn pair<'a>(sandbox: &'a Sandbox, ruleset: &str) -> (Bot<'a>, Bot<'a>, String) {
    let (white, black) = (Bot::new(sandbox, "white_bot"), Bot::new(sandbox, "black_bot"));
    let code = white.create(&json!({ "rule_variant": ruleset, "play_as": "white" }).to_string()).await;
    assert_eq!(black.join(&code).await.status, 200);
    (white, black, code)
}

async fn register(sandbox: &Sandbox, key: Option<&str>) -> u16 {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(key.map(|key| ("X-Bot-Registration-Key", key)));
    let body = r#"{"username":"newbot","display_name":"New Bot","owner_email":"owner@bots.example"}"#;
    send(sandbox, "POST", "/auth/bots/register", &headers, Some(body)).await.status
}

#[tokio::test(start_paused = true)]
async fn s01_and_s02_no_key_is_needed_and_no_token_is_given_twice() {
    let (sandbox, _) = stage().await;
    assert_eq!(register(&sandbox, None).await, 201);
    assert_eq!(register(&sandbox, Some("anything")).await, 409);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s03_and_s04_two_shapes_of_errors_and_a_crash_in_plain_text() {
    let (sandbox, _) = stage().await;
    let (white, _, code) = pair(&sandbox, "berkeley").await;
    for uci in ["E2E4", "zzzz", "e2e4x", "e7e8Q", "e4e4"] {
        let crash = white.play(&code, uci).await;
        assert_eq!((crash.status, &*crash.body), (500, "Internal Server Error"), "{uci}");
        assert_eq!(crash.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    assert_eq!(white.play(&code, "0000").await.json()["announcement"], "IMPOSSIBLE_TO_ASK");
    let refused = white.post(&format!("/game/{code}/ask-any"), "").await.json();
    assert_eq!(refused["error"]["details"], json!({}));
    assert!(white.play(&code, "e2").await.json()["detail"].is_array());
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s05_the_listing_of_a_game_between_bots_lags_behind() {
    let (sandbox, clock) = stage().await;
    let (white, black, code) = pair(&sandbox, "berkeley").await;
    let listed = async || {
        let game = &white.get("/game/mine/active").await.json()["games"][0];
        (game["turn"].as_str().unwrap().to_owned(), game["move_number"].as_u64().unwrap())
    };
    for ply in 0..20 {
        let (mover, there, back) =
            if ply % 2 == 0 { (&white, "g1f3", "f3g1") } else { (&black, "g8f6", "f6g8") };
        assert_eq!(mover.play(&code, if ply % 4 < 2 { there } else { back }).await.json()["move_done"], true);
        let expected = if ply < 19 { 1 } else { 21 };
        assert_eq!(listed().await, ("white".to_owned(), expected), "after {ply}");
        assert_eq!(white.get(&format!("/game/{code}")).await.json()["move_number"], ply + 2);
    }
    white.play(&code, "e2e4").await;
    assert_eq!(listed().await, ("white".to_owned(), 21));
    clock.advance(Duration::from_secs(29));
    assert_eq!(listed().await.1, 21);
    clock.advance(Duration::from_secs(1));
    assert_eq!(listed().await, ("black".to_owned(), 22));
    sandbox.shutdown().await;

    let fresh = Sandbox::builder().no_house().stale_listings(false).start().await.unwrap();
    let (white, _, code) = pair(&fresh, "berkeley").await;
    white.play(&code, "e2e4").await;
    assert_eq!(white.get("/game/mine/active").await.json()["games"][0]["move_number"], 2);
    fresh.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s06_the_listing_has_waiting_games_and_20_at_most() {
    let (sandbox, _) = stage().await;
    let bot = Bot::new(&sandbox, "busy");
    let human = Human::new(&sandbox, "ann").await;
    let id = bot.get("/bots").await.json()["bots"][0]["bot_id"].as_str().unwrap().to_owned();
    let wish = format!(r#"{{"opponent_type":"bot","bot_id":"{id}"}}"#);
    for _ in 0..22 {
        assert_eq!(human.send("POST", "/game/create", Some(&wish)).await.status, 201);
    }
    let waiting = bot.create("{}").await;
    let games = bot.get("/game/mine/active?limit=100").await.json()["games"].as_array().unwrap().clone();
    assert_eq!(games.len(), 20);
    assert_eq!((&games[0]["game_code"], &games[0]["state"]), (&waiting.into(), &"waiting".into()));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s07_to_s09_the_state_counts_plies_and_names_nobody() {
    let (sandbox, _) = stage().await;
    let (white, black, code) = pair(&sandbox, "rand").await;
    for (bot, uci) in [(&white, "e2e4"), (&black, "d7d5"), (&white, "e4d5")] {
        bot.play(&code, uci).await;
    }
    let state = black.state(&code).await;
    assert_eq!((&state["move_number"], &state["scoresheet"]["last_move_number"]), (&json!(4), &json!(2)));
    assert_eq!(state["turn"], "black");
    for absent in ["rule_variant", "game_code", "white", "black", "ply_count"] {
        assert!(state.get(absent).is_none(), "{absent}");
    }
    let log = state["referee_log"].as_array().unwrap();
    let capture =
        log.iter().find(|item| item["announcement"] == "Opponent move — Pawn captured at D5").unwrap();
    assert_eq!(capture["ply"], 3);
    for empty in ["special_announcement", "capture_square", "timestamp", "replay_fen"] {
        assert_eq!(capture[empty], Value::Null);
    }
    assert_eq!(state["referee_turns"], state["scoresheet"]["turns"]);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s10_and_s11_a_finished_game_has_a_turn_and_the_whole_board() {
    let (sandbox, _) = stage().await;
    let (white, black, code) = pair(&sandbox, "berkeley").await;
    assert_eq!(white.state(&code).await["your_fen"], "8/8/8/8/8/8/PPPPPPPP/RNBQKBNR w - - 0 1");
    for (bot, uci) in [(&white, "f2f3"), (&black, "e7e5"), (&white, "g2g4"), (&black, "d8h4")] {
        bot.play(&code, uci).await;
    }
    let state = white.state(&code).await;
    assert_eq!((&state["state"], &state["turn"]), (&"completed".into(), &"white".into()));
    assert_eq!(state["your_fen"], "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3");
    assert_eq!((&state["allowed_moves"], &state["possible_actions"]), (&json!([]), &json!([])));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s12_players_can_read_the_transcript_of_their_active_game() {
    let (sandbox, _) = stage().await;
    let (white, black, code) = pair(&sandbox, "wild16").await;
    // In wild16 nobody hears of White's failed try.
    assert_eq!(white.play(&code, "e2d3").await.json()["announcement"], "ILLEGAL_MOVE");
    white.play(&code, "e2e4").await;
    let moves = black.get(&format!("/game/{code}/moves")).await.json()["moves"].clone();
    assert_eq!(moves.as_array().unwrap().len(), 1);
    assert_eq!((&moves[0]["uci"], &moves[0]["ply"]), (&"e2e4".into(), &json!(1)));
    assert_eq!(moves[0]["replay_fen"]["full"], "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1");
    black.post(&format!("/game/{code}/resign"), "").await;
    // Once it is over everybody sees it, without a time.
    let stranger = Bot::new(&sandbox, "stranger");
    let moves = stranger.get(&format!("/game/{code}/moves")).await.json()["moves"].clone();
    assert_eq!((&moves[0]["uci"], &moves[0]["timestamp"]), (&"e2d3".into(), &Value::Null));
    assert_eq!(moves.as_array().unwrap().len(), 2);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s13_moments_are_spelled_in_three_ways() {
    let (sandbox, _) = stage().await;
    let (white, _, code) = pair(&sandbox, "berkeley").await;
    let mut events = white.events(&code).await;
    white.play(&code, "e2e4").await;
    white.post(&format!("/game/{code}/resign"), "").await;
    let mut text = String::new();
    while !text.contains("completed") {
        let mut bytes = [0; 4_096];
        let count = events.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(text.contains("content-type: text/event-stream; charset=utf-8"), "{text}");
    assert!(text.contains("event: connected\ndata: {\"type\":\"connected\",\"game_id\":"), "{text}");
    assert!(text.contains("+00:00\"}\n\n"), "{text}");
    let game = white.get(&format!("/game/{code}")).await.json();
    assert!(!game["updated_at"].as_str().unwrap().ends_with('Z'), "{game}");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s13_an_active_game_s_moment_has_a_zone() {
    let (sandbox, _) = stage().await;
    let (white, _, code) = pair(&sandbox, "berkeley").await;
    let written =
        async || white.get(&format!("/game/{code}")).await.json()["updated_at"].as_str().unwrap().to_owned();
    assert!(!written().await.ends_with('Z'));
    white.play(&code, "e2e4").await;
    assert!(written().await.ends_with('Z'));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn s14_reasons_are_long_and_providers_two() {
    let (sandbox, _) = stage().await;
    let bot = Bot::new(&sandbox, "haiku");
    let report = |provider: &str, length: usize| {
        json!({ "provider": provider, "ready": true, "reason": "r".repeat(length) }).to_string()
    };
    assert_eq!(bot.post("/bots/availability", &report("openai", 500)).await.status, 200);
    assert_eq!(bot.post("/bots/availability", &report("openai", 501)).await.status, 422);
    assert_eq!(bot.post("/bots/availability", &report("openrouter", 2)).await.status, 422);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn events_tell_even_of_attempts_that_nobody_hears_of() {
    let (sandbox, _) = stage().await;
    let (white, black, code) = pair(&sandbox, "wild16").await;
    let mut events = black.events(&code).await;
    let mut text = String::new();
    let mut bytes = [0; 4_096];
    while !text.contains("event: connected") {
        let count = events.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    white.play(&code, "e2d3").await;
    white.play(&code, "a1a8").await;
    while text.matches("event: game_changed").count() < 2 {
        let count = events.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(black.state(&code).await["referee_log"].as_array().unwrap().is_empty());
    sandbox.shutdown().await;
}
