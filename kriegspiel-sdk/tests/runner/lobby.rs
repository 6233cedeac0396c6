//! Creating and joining.

use std::time::Duration;

use kriegspiel_sdk::Ruleset;
use kriegspiel_sdk::runner::PlayEvent;
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Random;
use serde_json::json;

use super::platform::{Platform, open_game, refusal};

fn stop_after(shutdown: &Shutdown, seconds: u64) {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        shutdown.stop();
    });
}

#[tokio::test(start_paused = true)]
async fn only_other_bots_games_in_its_rulesets_are_joined() {
    let platform = Platform::start().await;
    platform.world().open = vec![
        open_game("AAAAA2", "ME", "berkeley_any"),
        open_game("AAAAA3", "human", "berkeley_any"),
        open_game("AAAAA4", "rival", "crazykrieg"),
        open_game("AAAAA5", "rival", "berkeley_any"),
    ];
    let summary = platform
        .client()
        .play(Random::seeded(1))
        .create_games(false)
        .join_probability(1.0)
        .games(1)
        .run()
        .await
        .unwrap();
    assert_eq!(summary.games, 1);
    let joins: Vec<String> =
        platform.lines().into_iter().filter(|line| line.starts_with("POST /game/join/")).collect();
    assert_eq!(joins, ["POST /game/join/AAAAA5"]);
    assert!(platform.count("GET /user/human") <= 1, "who is known is not looked up again");
}

#[tokio::test(start_paused = true)]
async fn it_joins_at_most_once_a_minute() {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = None;
    platform.world().open =
        ["AAAAA2", "AAAAA3", "AAAAA4"].map(|code| open_game(code, "rival", "berkeley_any")).to_vec();
    let shutdown = Shutdown::new();
    stop_after(&shutdown, 150);
    let play = platform.client().play(Random::seeded(1)).create_games(false).join_probability(1.0);
    play.shutdown(&shutdown).run().await.unwrap();
    let world = platform.world();
    let at: Vec<_> = world
        .calls
        .iter()
        .filter(|call| call.line.starts_with("POST /game/join/"))
        .map(|call| call.at)
        .collect();
    assert_eq!(at.len(), 3);
    assert!(at.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= Duration::from_secs(60)), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_handled_as_the_spec_says() {
    for (status, code, joins) in [
        (409, "BOT_JOIN_COOLDOWN", 2),
        (409, "GAME_FULL", 1),
        (409, "GAME_RESERVED_FOR_BOT", 1),
        (409, "CANNOT_JOIN_OWN_GAME", 1),
        (403, "FORBIDDEN", 1),
        (404, "GAME_NOT_FOUND", 1),
    ] {
        let platform = Platform::start().await;
        platform.world().open = vec![open_game("AAAAA2", "rival", "berkeley_any")];
        platform.instead("POST /game/join/AAAAA2", [refusal(status, code)]);
        let shutdown = Shutdown::new();
        stop_after(&shutdown, 90);
        let play = platform.client().play(Random::seeded(1)).create_games(false).join_probability(1.0);
        let summary = play.shutdown(&shutdown).run().await.unwrap();
        assert_eq!(platform.count("POST /game/join/AAAAA2"), joins, "{code}");
        assert_eq!(summary.degraded, None, "a refusal is no trouble");
    }
}

#[tokio::test(start_paused = true)]
async fn one_waiting_game_at_most_whatever_the_lists_say() {
    let platform = Platform::start().await;
    platform.world().joined_after = None;
    let shutdown = Shutdown::new();
    stop_after(&shutdown, 120);
    platform.client().play(Random::seeded(1)).at_once(5).shutdown(&shutdown).run().await.unwrap();
    assert_eq!(platform.count("POST /game/create"), 1);
    let deleted = platform.lines().into_iter().filter(|line| line.starts_with("DELETE /game/")).count();
    assert_eq!(deleted, 1, "the waiting game is deleted at the end");

    // The list of own games shows twenty at most, so that it can miss the waiting one.
    let platform = Platform::start().await;
    platform.instead("POST /game/create", [refusal(409, "BOT_ALREADY_HAS_OPEN_GAME")]);
    let shutdown = Shutdown::new();
    stop_after(&shutdown, 150);
    let play = platform.client().play(Random::seeded(1)).shutdown(&shutdown);
    let play = play.on_event(|event| assert!(!matches!(event, PlayEvent::Degraded(_))));
    play.run().await.unwrap();
    let creations = platform.count("POST /game/create");
    assert!((2..=3).contains(&creations), "once a minute it looks whether that changed: {creations}");
}

#[tokio::test(start_paused = true)]
async fn the_cap_holds_for_creating_and_joining_but_humans_are_always_played() {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = None;
    platform.world().joined_after = Some(Duration::from_secs(1));
    platform.world().open = vec![open_game("AAAAA2", "rival", "berkeley_any")];
    for _ in 0..3 {
        platform.begin(Ruleset::BerkeleyAny, kriegspiel_sdk::Color::Black);
    }
    let shutdown = Shutdown::new();
    stop_after(&shutdown, 90);
    let play = platform.client().play(Random::seeded(1)).at_once(2).join_probability(1.0);
    let summary = play.shutdown(&shutdown).run().await.unwrap();
    assert_eq!(summary.unfinished, 3, "all three are played");
    assert_eq!(platform.count("POST /game/create"), 0);
    assert_eq!(platform.count("GET /game/open"), 0, "the lobby is not even looked at");
}

#[tokio::test(start_paused = true)]
async fn a_ruleset_that_the_platform_refuses_is_not_created_again() {
    let platform = Platform::start().await;
    platform.world().joined_after = None;
    let detail = json!({"detail": [{"loc": ["body", "rule_variant"], "msg": "unknown", "type": "enum"}]});
    platform.instead("POST /game/create", [(422, detail, "")]);
    let shutdown = Shutdown::new();
    stop_after(&shutdown, 300);
    platform.client().play(Random::seeded(1)).shutdown(&shutdown).run().await.unwrap();
    assert_eq!(platform.count("POST /game/create"), 1);
}
