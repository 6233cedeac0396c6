//! Model bots: readiness before games, reports in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kriegspiel_sdk::model::{Availability, Provider};
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::{Action, Color, Position, Result, Ruleset, Strategy};
use serde_json::json;

use super::platform::Platform;

#[derive(Clone, Default)]
struct Model {
    out_of_quota: Arc<AtomicBool>,
}

impl Strategy for Model {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        Ok(position.moves()[0].into())
    }

    async fn preflight(&mut self) -> Option<Availability> {
        Some(if self.out_of_quota.load(Ordering::Relaxed) {
            Availability::not_ready(Provider::OpenAi, "http_429: insufficient_quota")
        } else {
            Availability::ready(Provider::OpenAi)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_bot_reports_before_it_takes_games_and_every_thirty_seconds() {
    let platform = Platform::start().await;
    platform.world().joined_after = None;
    platform.world().opponent_thinks = None;
    let model = Model::default();
    let shutdown = Shutdown::new();
    let (stop, quota, watching) = (shutdown.clone(), model.out_of_quota.clone(), platform.clone());
    let watching = async move {
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(watching.count("POST /game/create"), 1);
        quota.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let deleted = watching.lines().into_iter().filter(|line| line.starts_with("DELETE")).count();
        assert_eq!(deleted, 1, "a game that waits would begin without the model");
        watching.begin(Ruleset::BerkeleyAny, Color::White);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(watching.count("POST /game/create"), 1, "no new game while it is not ready");
        assert_eq!(watching.world().tries(1).len(), 1, "the game at hand is played");
        stop.stop();
    };
    let (summary, ()) = tokio::join!(platform.client().play(model).shutdown(&shutdown).run(), watching);
    summary.unwrap();
    let world = platform.world();
    let reports: Vec<_> = world.calls.iter().filter(|call| call.line == "POST /bots/availability").collect();
    assert_eq!(reports[0].body, json!({"provider": "openai", "ready": true, "reason": "ok"}));
    assert_eq!(reports.last().unwrap().body["reason"], "http_429: insufficient_quota");
    let first_list = world.calls.iter().position(|call| call.line == "GET /game/mine/active");
    let first_report = world.calls.iter().position(|call| call.line == "POST /bots/availability");
    assert!(first_report < first_list, "before each round");
    for pair in reports.windows(2) {
        let apart = pair[1].at.duration_since(pair[0].at);
        if pair[0].body == pair[1].body {
            assert!((30..60).contains(&apart.as_secs()), "{apart:?}");
        }
    }
}

/// It never answers: the bot counts as not ready once it is known to be a model's, and games go on.
#[tokio::test(start_paused = true)]
async fn a_preflight_that_hangs_is_given_up() {
    #[derive(Clone)]
    struct Hanging(Arc<AtomicBool>);
    impl Strategy for Hanging {
        async fn choose(&mut self, position: &Position) -> Result<Action> {
            Ok(position.moves()[0].into())
        }
        async fn preflight(&mut self) -> Option<Availability> {
            if self.0.swap(true, Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            Some(Availability::ready(Provider::Anthropic))
        }
    }
    let platform = Platform::start().await;
    platform.world().joined_after = None;
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(120)).await;
        stop.stop();
    });
    let strategy = Hanging(Arc::default());
    platform.client().play(strategy).shutdown(&shutdown).run().await.unwrap();
    let world = platform.world();
    let last = world.calls.iter().rfind(|call| call.line == "POST /bots/availability").unwrap();
    assert_eq!(last.body, json!({"provider": "anthropic", "ready": false, "reason": "timeout"}));
}
