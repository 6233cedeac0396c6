//! The queue (documentation: "Matchmaking"), and its news, which only the platform's own SDKs know.

use std::time::Duration;

use botpit_sdk::sandbox::Sandbox;
use serde_json::json;

use super::agent::{Agent, fields};

#[tokio::test(start_paused = true)]
async fn news_comes_while_one_waits_and_no_longer() {
    let sandbox = Sandbox::builder().no_house().queue_updates(Duration::from_secs(2)).start().await.unwrap();
    let mut agent = Agent::new(&sandbox, "Alpha").await;
    agent.say_text(include_str!("../fixtures/spec/join_queue.json")).await;
    let joined = agent.hear().await;
    joined.is_shaped_like(include_str!("../fixtures/spec/queue_joined.json"));
    for n in 1..=3 {
        let update = agent.hear().await;
        let expected = [
            "type",
            "game_type",
            "position",
            "wait_time_ms",
            "search_radius",
            "players_in_queue",
            "players_online",
        ];
        assert_eq!(
            (update.kind(), fields(&update.text)),
            ("queue_update", expected.map(String::from).to_vec())
        );
        assert_eq!((&update["game_type"], &update["position"]), (&json!("rps"), &json!(1)));
        assert_eq!((&update["players_in_queue"], &update["players_online"]), (&json!(1), &json!(1)));
        let waited = update["wait_time_ms"].as_u64().unwrap();
        assert!((n * 2_000..n * 2_000 + 100).contains(&waited), "{waited}");
    }
    agent.say_text(include_str!("../fixtures/spec/leave_queue.json")).await;
    let left = agent.hear().await;
    left.is_shaped_like(include_str!("../fixtures/spec/queue_left.json"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    agent.hears_nothing().await;
}

/// "micro (0.001-0.01 SOL), small (0.01-0.1), medium (0.1-1), large (1-10), whale (10+)"; a bound belongs to the bucket
/// that begins with it.
#[tokio::test(start_paused = true)]
async fn only_wagers_of_one_bucket_meet() {
    let bounds: [u64; 5] = [1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000];
    for pair in bounds.windows(2) {
        let (low, high) = (pair[0], pair[1] - 1);
        let sandbox = Sandbox::builder().no_house().queue_updates(None).start().await.unwrap();
        let names = ["Low", "High", "Next"];
        let mut agents = Vec::new();
        for (name, wager) in names.into_iter().zip([low, pair[1], high]) {
            let mut agent = Agent::new(&sandbox, name).await;
            agent.say(json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": wager })).await;
            agent.hears(&["queue_joined"]).await;
            agents.push(agent);
        }
        let found = agents[0].hear_until("match_found").await;
        assert_eq!((&found["opponent_name"], &found["wager_lamports"]), (&json!("Next"), &json!(low)));
        agents[1].hears_nothing().await;
    }
}
