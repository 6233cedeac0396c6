//! Every error code of the platform, met in the sandbox with its status: by doing what it is about, where that can be done.

use std::collections::BTreeMap;

use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::clock::Clock;
use kriegspiel_sdk::{ErrorCode, Ruleset};
use serde_json::json;

use crate::raw::{Bot, Human, Response, send};

const WHITE: &str = r#"{"rule_variant":"berkeley","play_as":"white"}"#;

/// What a human's wish for a game against this bot is.
fn against(bot_id: &str, ruleset: &str) -> String {
    json!({"rule_variant": ruleset, "opponent_type": "bot", "bot_id": bot_id}).to_string()
}

async fn id_of(bot: &Bot<'_>) -> String {
    bot.get("/auth/me").await.json()["user_id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn every_error_code_has_its_status() {
    let sandbox = Sandbox::builder().no_house().clock(Clock::paused()).start().await.unwrap();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| Bot::new(&sandbox, name));
    let human = Human::new(&sandbox, "ann").await;
    let mut met: BTreeMap<String, u16> = BTreeMap::new();
    let mut meet = |code: ErrorCode, response: Response| {
        assert_eq!(response.code(), code.as_str(), "{response:?}");
        assert_eq!(response.json()["error"]["details"], json!({}));
        met.insert(code.to_string(), response.status);
    };

    // Creating.
    let first = a.create(WHITE).await;
    meet(ErrorCode::BotAlreadyHasOpenGame, a.post("/game/create", WHITE).await);
    let id = id_of(&b).await;
    let reserved = against(&id, "berkeley");
    meet(ErrorCode::BotCreateRequiresHumanOpponent, a.post("/game/create", &reserved).await);
    let create = async |wish: &str| human.send("POST", "/game/create", Some(wish)).await;
    meet(ErrorCode::BotNotFound, create(&against("67eb10247d7e92c4e2f9c456", "berkeley")).await);
    b.post("/bots/profile", r#"{"supported_rule_variants":["berkeley"]}"#).await;
    meet(ErrorCode::BotRuleVariantUnsupported, create(&against(&id, "rand")).await);
    let model = id_of(&Bot::new(&sandbox, "gptnano")).await;
    meet(ErrorCode::BotUnavailable, create(&against(&model, "berkeley")).await);

    // Joining.
    meet(ErrorCode::GameNotFound, b.join("ZZZZZZ").await);
    meet(ErrorCode::CannotJoinOwnGame, a.join(&first).await);
    let picked = create(&reserved).await.json()["game_code"].as_str().unwrap().to_owned();
    meet(ErrorCode::GameReservedForBot, c.join(&picked).await);
    let of_a_human = sandbox.human_opens(Ruleset::Rand).unwrap();
    meet(ErrorCode::Forbidden, b.join(of_a_human.as_str()).await);
    meet(ErrorCode::GameNotActive, a.play(&first, "e2e4").await);
    assert_eq!(b.join(&first).await.status, 200);
    meet(ErrorCode::GameFull, c.join(&first).await);
    let second = d.create(WHITE).await;
    meet(ErrorCode::BotJoinCooldown, b.join(&second).await);

    // Playing.
    meet(ErrorCode::NotYourTurn, b.play(&first, "e7e5").await);
    meet(ErrorCode::ActionNotAvailable, a.post(&format!("/game/{first}/ask-any"), "").await);
    meet(ErrorCode::GameNotWaiting, a.delete(&format!("/game/{first}")).await);

    // What nobody can bring about here is ordered.
    for code in [
        ErrorCode::GameNotJoinable,
        ErrorCode::ArchiveWriteMismatch,
        ErrorCode::LlmBotTierRequired,
        ErrorCode::BotTierRequired,
    ] {
        sandbox.refuse_next("/game/join", code.clone());
        meet(code, c.join("ZZZZZZ").await);
    }

    // A registration says it in a shape of its own.
    let body = r#"{"username":"A","display_name":"Another","owner_email":"owner@bots.example"}"#;
    let kind = [("Content-Type", "application/json")];
    let taken = send(&sandbox, "POST", "/auth/bots/register", &kind, Some(body)).await;
    let detail = json!({"field": "username", "code": "USERNAME_TAKEN", "message": "Username already exists"});
    assert_eq!(taken.json(), json!({ "detail": detail }));
    met.insert(ErrorCode::UsernameTaken.to_string(), taken.status);

    let documented: BTreeMap<String, u16> = [
        ("GAME_NOT_FOUND", 404),
        ("GAME_FULL", 409),
        ("CANNOT_JOIN_OWN_GAME", 409),
        ("GAME_RESERVED_FOR_BOT", 409),
        ("BOT_JOIN_COOLDOWN", 409),
        ("BOT_ALREADY_HAS_OPEN_GAME", 409),
        ("GAME_NOT_WAITING", 409),
        ("GAME_NOT_JOINABLE", 409),
        ("ARCHIVE_WRITE_MISMATCH", 409),
        ("FORBIDDEN", 403),
        ("BOT_CREATE_REQUIRES_HUMAN_OPPONENT", 400),
        ("BOT_NOT_FOUND", 400),
        ("BOT_UNAVAILABLE", 400),
        ("BOT_RULE_VARIANT_UNSUPPORTED", 400),
        ("GAME_NOT_ACTIVE", 400),
        ("NOT_YOUR_TURN", 400),
        ("ACTION_NOT_AVAILABLE", 400),
        ("LLM_BOT_TIER_REQUIRED", 403),
        ("BOT_TIER_REQUIRED", 403),
        ("USERNAME_TAKEN", 409),
    ]
    .map(|(code, status)| (code.to_owned(), status))
    .into();
    assert_eq!(met, documented);
    assert_eq!(met.len(), ErrorCode::KNOWN.len(), "the client knows no other");
    sandbox.shutdown().await;
}
