//! Watching (documentation: "Spectating").

use std::time::Duration;

use botpit_sdk::sandbox::Sandbox;
use serde_json::json;

use super::agent::{Agent, seated};

const SPECTATE: &str = include_str!("../fixtures/spec/spectate_match.json");
const STOP: &str = include_str!("../fixtures/spec/stop_spectating.json");

#[tokio::test(start_paused = true)]
async fn a_spectator_sees_results_and_the_end_and_nothing_before() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let mut watcher = Agent::new(&sandbox, "Gamma").await;
    watcher.say_example(SPECTATE, "match-uuid", &id).await;
    a.play(&id, "rock").await;
    b.hear_until("opponent_moved").await;
    watcher.hears_nothing().await;
    b.play(&id, "scissors").await;
    let result = a.hear_until("round_result").await;
    let update = watcher.hear().await;
    let expected = format!(r#"{{"type":"spectate_update","match_id":"{id}","event":{}}}"#, result.text);
    assert_eq!(update.text, expected, "what the players got, to the byte");
    a.play(&id, "rock").await;
    b.play(&id, "scissors").await;
    let over = a.hear_until("game_over").await;
    assert_eq!(over["winner"], a.id);
    watcher.hears(&["spectate_update"]).await;
    assert_eq!(watcher.hear().await["event"], over.json);
    // It is over: nothing to stop, and nothing more to watch.
    watcher.say_text(STOP).await;
    watcher.hears_nothing().await;
    watcher.say_example(SPECTATE, "match-uuid", &id).await;
    assert_eq!(watcher.hear().await["code"], "match_over");
}

/// `stop_spectating` has no id in the documentation: it ends the one match that is watched.
#[tokio::test(start_paused = true)]
async fn stop_spectating_without_an_id_ends_it() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let mut watcher = Agent::new(&sandbox, "Gamma").await;
    watcher.say_example(SPECTATE, "match-uuid", &id).await;
    watcher.say_text(STOP).await;
    watcher.hears_nothing().await;
    a.play(&id, "rock").await;
    b.play(&id, "rock").await;
    a.hear_until("round_result").await;
    watcher.hears_nothing().await;
    assert_eq!(watcher.error(json!({ "type": "spectate_match", "match_id": "x" })).await, "unknown_match");
}

#[tokio::test(start_paused = true)]
async fn a_match_with_a_house_agent_can_be_watched_and_a_new_connection_watches_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut player = Agent::new(&sandbox, "Alpha").await;
    player.queue().await;
    let id = player.hear_until("your_turn").await.text_of("match_id");
    let mut watcher = Agent::new(&sandbox, "Gamma").await;
    watcher.say_example(SPECTATE, "match-uuid", &id).await;
    player.play(&id, "rock").await;
    let update = watcher.hear().await;
    assert_eq!(update["event"]["type"], "round_result");
    let mut elsewhere = Agent::login(&sandbox, &watcher.key).await;
    assert_eq!(watcher.close_code().await, 4000);
    player.say(json!({ "type": "resign", "match_id": id })).await;
    player.hear_until("game_over").await;
    elsewhere.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn there_is_always_something_to_watch_when_asked_for() {
    let sandbox = Sandbox::builder().live_showcase(Duration::from_secs(1)).start().await.unwrap();
    let mut watcher = Agent::new(&sandbox, "Gamma").await;
    for _ in 0..3 {
        let open = loop {
            match sandbox.matches().pop().filter(|newest| newest.ended.is_none()) {
                Some(open) => break open,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        assert!(open.players.a.is_house && open.players.b.is_house);
        watcher.say_example(SPECTATE, "match-uuid", &open.id).await;
        while watcher.hear_until("spectate_update").await["event"]["type"] != "game_over" {}
    }
}
