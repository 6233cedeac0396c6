//! Connections that end and come back (documentation: "Connection", "Rotating your API key …").

use botpit_sdk::sandbox::{Fault, Sandbox, When};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::agent::{Agent, seated};

#[tokio::test(start_paused = true)]
async fn a_second_connection_takes_over() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let mut second = Agent::login(&sandbox, &a.key).await;
    assert_eq!(a.hear().await.text, r#"{"type":"session_replaced"}"#);
    assert_eq!(a.close_code().await, 4000);
    second.hears(&["game_start", "your_turn"]).await;
    second.play(&id, "rock").await;
    b.hears(&["opponent_moved"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_gets_the_open_turns_of_two_matches_back() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], first) = seated(&sandbox).await;
    let challenge = b.challenge().await;
    a.say(json!({ "type": "accept_challenge", "challenge_id": challenge })).await;
    let second = a.hear_until("your_turn").await.text_of("match_id");
    assert_ne!(first, second);
    b.hear_until("your_turn").await;
    let order = Fault::DropTcp.on(When::sent("opponent_moved")).only(&a.id);
    sandbox.faults().order(order).unwrap();
    b.play(&second, "rock").await;
    while let Some(Message::Text(_)) = a.next().await {}

    let mut a = Agent::login(&sandbox, &a.key).await;
    let frames = a.hears(&["game_start", "your_turn", "game_start", "your_turn"]).await;
    let ids: Vec<String> = frames.iter().map(|frame| frame.text_of("match_id")).collect();
    assert_eq!(ids, [&first, &first, &second, &second].map(String::clone));
    assert!(
        frames
            .iter()
            .all(|frame| frame.kind() != "your_turn" || frame["timeout_ms"].as_u64() <= Some(10_000))
    );
    a.play(&second, "paper").await;
    assert_eq!(a.hear_until("round_result").await["match_id"], second);
    a.play(&first, "paper").await;
    b.play(&first, "rock").await;
    loop {
        let result = a.hear_until("round_result").await;
        if result["match_id"] == first {
            break assert_eq!(result["result"]["round_winner"], a.id);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_can_be_sent_away_as_by_rotating_its_key() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let name = &sandbox.matches()[0].players.a.name.clone();
    for agent in [a.id.clone(), name.clone()] {
        assert!(sandbox.disconnect(&agent));
        assert_eq!(a.close_code().await, 4002);
        assert!(!sandbox.disconnect(&agent), "it is gone");
        a = Agent::login(&sandbox, &a.key).await;
        a.hears(&["game_start", "your_turn"]).await;
    }
    a.play(&id, "rock").await;
    b.hears(&["opponent_moved"]).await;
    b.hears_nothing().await;
}
