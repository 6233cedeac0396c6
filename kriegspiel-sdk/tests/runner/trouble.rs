//! When calls fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kriegspiel_sdk::runner::{DegradePolicy, Leaving, PlayEvent};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Random;
use kriegspiel_sdk::{Color, Ruleset};
use serde_json::json;

use super::platform::{Platform, refusal};

#[tokio::test(start_paused = true)]
async fn a_refused_token_ends_the_run_whenever_it_is_refused() {
    let no = || (401, json!({"detail": "Authentication required"}), "");
    for line in ["GET /auth/me", "POST /bots/profile", "GET /game/mine/active"] {
        let platform = Platform::start().await;
        platform.instead(line, [no()]);
        let error = platform.client().play(Random::seeded(1)).run().await.unwrap_err();
        assert_eq!(error.error().code(), &codes::AUTH_REJECTED, "{line}");
        assert_eq!(platform.count(line), 1, "it is not tried again");
    }
    let platform = Platform::start().await;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::White);
    let state = format!("GET /game/{}/state", platform.world().games[index].id());
    platform.instead(&state, [no()]);
    let error = platform.client().play(Random::seeded(1)).run().await.unwrap_err();
    assert_eq!(error.error().code(), &codes::AUTH_REJECTED);
}

#[tokio::test(start_paused = true)]
async fn after_repeated_trouble_it_does_less_says_why_and_recovers() {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = Some(Duration::from_secs(100));
    platform.world().joined_after = None;
    let broken = || (502, json!("bad gateway"), "");
    platform.instead("GET /game/open", [broken()]);
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = told.clone();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let healing = platform.clone();
    let watching = async move {
        tokio::time::sleep(Duration::from_secs(200)).await;
        assert_eq!(healing.count("POST /game/create"), 0);
        healing.restore("GET /game/open");
        let asked = healing.count("GET /game/open");
        tokio::time::sleep(Duration::from_secs(80)).await;
        assert_eq!(
            healing.count("GET /game/open"),
            asked,
            "while it does less it does not look at the lobby"
        );
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(healing.count("POST /game/create"), 1, "it is well again");
        stop.stop();
    };
    let play = platform
        .client()
        .play(Random::seeded(1))
        .shutdown(&shutdown)
        .on_event(move |event| {
            if matches!(event, PlayEvent::Degraded(_) | PlayEvent::Recovered) {
                kept.lock().unwrap().push(event.to_string());
            }
        })
        .run();
    let (summary, ()) = tokio::join!(play, watching);
    let summary = summary.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("502") && told[0].contains("5 times within"), "{told:?}");
    assert!(summary.degraded.unwrap().contains("502"));
}

#[tokio::test(start_paused = true)]
async fn in_trouble_games_are_finished_or_resigned_as_configured() {
    for (leaving, won, lost) in [(Leaving::Finish, 1, 0), (Leaving::Resign, 0, 1)] {
        let platform = Platform::start().await;
        platform.world().opponent_thinks = Some(Duration::from_secs(20));
        platform.begin(Ruleset::BerkeleyAny, Color::White);
        platform.instead("GET /game/open", [(503, json!({"detail": "Database unavailable"}), "")]);
        let summary = platform
            .client()
            .play(Random::seeded(1))
            .degrade(DegradePolicy::new(2, Duration::from_secs(600)))
            .when_degraded(leaving)
            .games(1)
            .at_once(5)
            .join_probability(1.0)
            .games(2)
            .shutdown(&{
                let shutdown = Shutdown::new();
                let stop = shutdown.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(400)).await;
                    stop.request();
                });
                shutdown
            })
            .run()
            .await
            .unwrap();
        assert_eq!((summary.won, summary.lost), (won, lost), "{leaving:?}");
        assert_eq!(platform.count("POST /game/create"), 0);
    }
}

/// A late move finds the game archived: 404. The state says how it ended.
#[tokio::test(start_paused = true)]
async fn a_move_that_comes_after_the_end_is_no_trouble() {
    let platform = Platform::start().await;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::White);
    let id = platform.world().games[index].id();
    platform.instead(&format!("POST /game/{id}/move"), [refusal(404, "GAME_NOT_FOUND")]);
    let ending = platform.clone();
    let strategy = move |position: &kriegspiel_sdk::Position| {
        ending.world().games[index].referee.run_out_of_time(Color::Black);
        position.moves()[0]
    };
    let summary = platform.client().play(strategy).create_games(false).games(1).run().await.unwrap();
    assert_eq!((summary.won, summary.degraded), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_game_that_vanished_is_reported_without_a_result() {
    let platform = Platform::start().await;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::Black);
    platform.world().opponent_thinks = None;
    let vanishing = platform.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        vanishing.world().games[index].deleted = true;
    });
    let summary = platform.client().play(Random::seeded(1)).create_games(false).games(1).run().await.unwrap();
    assert_eq!((summary.games, summary.unfinished), (0, 1));
}

/// The answer to a move is lost. It is not made twice, and the game goes on.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up_in_the_state() {
    let platform = Platform::start().await;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::White);
    let id = platform.world().games[index].id();
    let making = platform.clone();
    let strategy = move |position: &kriegspiel_sdk::Position| {
        let uci = position.moves()[0];
        if position.move_number == 1 {
            // It arrives, and a proxy answers.
            making.world().games[index].referee.ask(uci);
            making.instead(&format!("POST /game/{id}/move"), [(502, json!("bad gateway"), "")]);
        } else {
            making.restore(&format!("POST /game/{id}/move"));
        }
        uci
    };
    platform.world().opponent_resigns_at = 0;
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        stop.stop();
    });
    platform.client().play(strategy).create_games(false).shutdown(&shutdown).run().await.unwrap();
    assert_eq!(platform.world().tries(index).len(), 1);
}
