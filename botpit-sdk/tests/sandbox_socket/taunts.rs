//! Taunts. The documentation has none; the shapes are those of the platform's own SDKs.

use botpit_sdk::sandbox::Sandbox;
use serde_json::json;

use super::agent::{Agent, fields, seated};

#[tokio::test(start_paused = true)]
async fn a_taunt_reaches_the_opponent_once_a_round() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let taunt = |taunt_id: &str| json!({ "type": "send_taunt", "match_id": id, "taunt_id": taunt_id });
    a.say(taunt("gg")).await;
    let received = b.hear().await;
    let expected = ["type", "match_id", "agent_id", "agent_name", "taunt_id", "taunt_text"];
    assert_eq!(fields(&received.text), expected);
    assert_eq!((received.kind(), &received["agent_id"]), ("taunt_received", &json!(a.id)));
    assert_eq!((&received["taunt_id"], &received["taunt_text"]), (&json!("gg"), &json!("Good game!")));
    assert_eq!(a.error(taunt("gg")).await, "taunt_limit");
    assert_eq!(b.error(taunt("no such")).await, "unknown_taunt");
    b.say(taunt("wp")).await;
    assert_eq!(a.hear().await["taunt_id"], "wp");
    a.play(&id, "rock").await;
    b.play(&id, "paper").await;
    a.hear_until("your_turn").await;
    a.say(taunt("oops")).await;
    assert_eq!(b.hear_until("taunt_received").await["taunt_id"], "oops");
    let mut stranger = Agent::new(&sandbox, "Gamma").await;
    assert_eq!(stranger.error(taunt("gg")).await, "not_your_match");
}

#[tokio::test(start_paused = true)]
async fn a_house_agent_taunts_sooner_or_later() {
    let sandbox = Sandbox::builder().seed(3).start().await.unwrap();
    let mut player = Agent::new(&sandbox, "Alpha").await;
    player.queue().await;
    for _ in 0..2_000 {
        let frame = player.hear().await;
        match frame.kind() {
            "your_turn" => player.play(&frame.text_of("match_id"), "rock").await,
            "game_over" => player.queue().await,
            "taunt_received" => return assert_ne!(frame["agent_id"], player.id),
            _ => {}
        }
    }
    panic!("two thousand frames, and no taunt");
}
