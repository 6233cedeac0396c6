//! The lobby's rules and the clock's.

use std::time::Duration;

use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::clock::Clock;

use crate::raw::{Bot, Human, send};

async fn stage() -> (Sandbox, Clock) {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder().no_house().clock(clock.clone()).start().await.unwrap();
    (sandbox, clock)
}

const WHITE: &str = r#"{"rule_variant":"berkeley","play_as":"white"}"#;

#[tokio::test(start_paused = true)]
async fn a_bot_has_one_waiting_game_for_ten_minutes() {
    let (sandbox, clock) = stage().await;
    let (a, b) = (Bot::new(&sandbox, "a"), Bot::new(&sandbox, "b"));
    let code = a.create(WHITE).await;
    assert_eq!(a.post("/game/create", WHITE).await.code(), "BOT_ALREADY_HAS_OPEN_GAME");
    clock.advance(Duration::from_millis(599_999));
    assert_eq!(b.get("/game/open").await.json()["games"].as_array().unwrap().len(), 1);
    clock.advance(Duration::from_millis(1));
    assert_eq!(b.get("/game/open").await.json()["games"].as_array().unwrap().len(), 0);
    assert_eq!(b.join(&code).await.code(), "GAME_NOT_FOUND");
    a.create(WHITE).await;
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_joins_one_game_a_minute_and_a_failed_join_costs_nothing() {
    let (sandbox, clock) = stage().await;
    let [a, b, c] = ["a", "b", "c"].map(|name| Bot::new(&sandbox, name));
    assert_eq!(c.join("ZZZZZZ").await.status, 404);
    let first = a.create(WHITE).await;
    assert_eq!(c.join(&first).await.status, 200);
    let second = b.create(WHITE).await;
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(c.join(&second).await.code(), "BOT_JOIN_COOLDOWN");
    clock.advance(Duration::from_millis(1));
    assert_eq!(c.join(&second).await.status, 200);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_game_that_nobody_begins_is_deleted_after_an_hour() {
    let (sandbox, clock) = stage().await;
    let (a, b) = (Bot::new(&sandbox, "a"), Bot::new(&sandbox, "b"));
    let code = a.create(WHITE).await;
    b.join(&code).await;
    clock.advance(Duration::from_secs(3_599));
    // A failed try begins nothing.
    assert_eq!(a.play(&code, "e2d3").await.json()["announcement"], "ILLEGAL_MOVE");
    assert_eq!(a.state(&code).await["clock"]["active_color"], serde_json::Value::Null);
    clock.advance(Duration::from_secs(1));
    assert_eq!(a.get(&format!("/game/{code}/state")).await.status, 404);
    assert_eq!(a.get("/user/a").await.json()["stats"]["games_played"], 0);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_flag_falls_when_somebody_looks_or_at_the_sweep() {
    let (sandbox, clock) = stage().await;
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| Bot::new(&sandbox, name));
    let looked_at = a.create(WHITE).await;
    b.join(&looked_at).await;
    let ignored = c.create(WHITE).await;
    d.join(&ignored).await;
    // The platform looks every 25 minutes, from when there was a game.
    clock.advance(Duration::from_secs(100));
    for (bot, code) in [(&a, &looked_at), (&c, &ignored)] {
        assert_eq!(bot.play(code, "e2e4").await.status, 200);
    }
    clock.advance(Duration::from_secs(1_500));
    let status = |code: &str| {
        let code = code.parse().unwrap();
        sandbox.game(&code).unwrap().status.to_string()
    };
    assert_eq!(status(&looked_at), "active", "nobody has looked");
    let state = a.state(&looked_at).await;
    assert_eq!((&state["state"], &state["result"]["reason"]), (&"completed".into(), &"timeout".into()));
    assert_eq!(state["result"]["winner"], "white");
    assert_eq!(status(&ignored), "active");
    clock.advance(Duration::from_secs(1_400));
    assert_eq!(status(&ignored), "completed");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn failed_tries_cost_time_and_bring_none() {
    let (sandbox, clock) = stage().await;
    let (a, b) = (Bot::new(&sandbox, "a"), Bot::new(&sandbox, "b"));
    let code = a.create(WHITE).await;
    b.join(&code).await;
    a.play(&code, "e2e4").await;
    clock.advance(Duration::from_secs(7));
    let answer = b.play(&code, "e7d6").await.json();
    assert_eq!(answer["announcement"], "ILLEGAL_MOVE");
    assert_eq!(answer["clock"]["black_remaining"], 1_493.0);
    clock.advance(Duration::from_secs(3));
    let answer = b.play(&code, "e7e5").await.json();
    assert_eq!(answer["clock"]["black_remaining"], 1_500.0);
    assert_eq!(answer["clock"]["active_color"], "white");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn humans_pick_bots_and_guests_may_join() {
    let (sandbox, _) = stage().await;
    let bot = Bot::new(&sandbox, "picked");
    let human = Human::new(&sandbox, "ann").await;
    let id = bot.get("/bots").await.json()["bots"][0]["bot_id"].as_str().unwrap().to_owned();
    let wish =
        format!(r#"{{"rule_variant":"english","play_as":"white","opponent_type":"bot","bot_id":"{id}"}}"#);
    let created = human.send("POST", "/game/create", Some(&wish)).await;
    assert_eq!((created.status, &created.json()["state"]), (201, &"active".into()));
    let code = created.json()["game_code"].as_str().unwrap().to_owned();
    let other = Bot::new(&sandbox, "other");
    assert_eq!(other.join(&code).await.code(), "GAME_RESERVED_FOR_BOT");
    human.send("POST", &format!("/game/{code}/move"), Some(r#"{"uci":"e2e4"}"#)).await;
    // A game with a human is written down at once.
    assert_eq!(bot.get("/game/mine/active").await.json()["games"][0]["move_number"], 2);
    let open = bot.create(WHITE).await;
    let guest = send(&sandbox, "POST", "/auth/guest", &[], None).await;
    let cookie = crate::raw::cookie(&guest);
    let joined = send(&sandbox, "POST", &format!("/game/join/{open}"), &[("Cookie", &cookie)], None).await;
    assert_eq!(joined.status, 200);
    let game = bot.get(&format!("/game/{open}")).await.json();
    assert_eq!(game["black"]["role"], "guest");
    let unsupported = wish.replace("english", "rand");
    bot.post("/bots/profile", r#"{"supported_rule_variants":["english"]}"#).await;
    let refused = human.send("POST", "/game/create", Some(&unsupported)).await;
    assert_eq!(refused.code(), "BOT_RULE_VARIANT_UNSUPPORTED");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn paths_methods_and_headers() {
    let (sandbox, _) = stage().await;
    let bot = Bot::new(&sandbox, "a");
    let slash = send(&sandbox, "GET", "/health/", &[], None).await;
    assert_eq!((slash.status, slash.header("location")), (307, Some("/health")));
    let head = send(&sandbox, "HEAD", "/health", &[], None).await;
    assert_eq!((head.status, &*head.body), (405, ""));
    assert_eq!(send(&sandbox, "GET", "/nothing/here", &[], None).await.json()["detail"], "Not Found");
    assert_eq!(send(&sandbox, "PUT", "/bots", &[], None).await.json()["detail"], "Method Not Allowed");
    assert_eq!(bot.get("/api/game/open").await.status, 200);
    for bearer in ["Bearer nonsense", "Basic a:b", "Bearer", ""] {
        let refused = send(&sandbox, "GET", "/game/open", &[("Authorization", bearer)], None).await;
        assert_eq!((refused.status, &refused.json()["detail"]), (401, &"Authentication required".into()));
        assert!(refused.header("www-authenticate").is_none());
    }
    // Who is unknown is told so before the body is looked at.
    let kind = [("Content-Type", "application/json")];
    assert_eq!(send(&sandbox, "POST", "/game/create", &kind, Some("nonsense")).await.status, 401);
    let patched = {
        let token = sandbox.register("b").unwrap();
        let bearer = format!("bearer {}", token.expose());
        let headers = [("Authorization", bearer.as_str()), kind[0]];
        let body = r#"{"board_theme":"dark","sound_enabled":false,"hobby":"chess"}"#;
        send(&sandbox, "PATCH", "/user/settings", &headers, Some(body)).await
    };
    assert_eq!(patched.json(), serde_json::json!({ "board_theme": "dark", "sound_enabled": false }));
    sandbox.shutdown().await;

    let strict = Sandbox::builder().no_house().api_prefix(false).events(false).start().await.unwrap();
    let bot = Bot::new(&strict, "a");
    assert_eq!(bot.get("/api/game/open").await.json()["detail"], "Not Found");
    let code = bot.create(WHITE).await;
    assert_eq!(bot.get(&format!("/game/{code}/events")).await.status, 404);
    strict.shutdown().await;
}
