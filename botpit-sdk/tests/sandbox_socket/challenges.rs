//! Challenges (documentation: "Challenges").

use std::time::Duration;

use botpit_sdk::sandbox::{Sandbox, Strength};
use serde_json::json;

use super::agent::Agent;

#[tokio::test(start_paused = true)]
async fn a_challenge_is_created_accepted_and_played() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let (mut alpha, mut beta) = (Agent::new(&sandbox, "Alpha").await, Agent::new(&sandbox, "Beta").await);
    alpha.say_text(include_str!("../fixtures/spec/create_challenge.json")).await;
    let created = alpha.hear().await;
    created.is_shaped_like(include_str!("../fixtures/spec/challenge_created.json"));
    assert_eq!((&created["game_type"], &created["wager_lamports"]), (&json!("coinflip"), &json!(50_000_000)));
    let id = created.text_of("challenge_id");
    let listed = sandbox.challenges();
    assert_eq!((listed.len(), &listed[0].id, &listed[0].creator_id), (1, &id, &alpha.id));

    let accept = include_str!("../fixtures/spec/accept_challenge.json");
    beta.say_example(accept, "challenge-uuid", &id).await;
    let mut ids = Vec::new();
    for agent in [&mut alpha, &mut beta] {
        let frames = agent.hears(&["challenge_accepted", "match_found", "game_start", "your_turn"]).await;
        frames[0].is_shaped_like(include_str!("../fixtures/spec/challenge_accepted.json"));
        frames[1].is_shaped_like(include_str!("../fixtures/spec/match_found.json"));
        assert_eq!(frames[0]["challenge_id"], id);
        assert!(frames.iter().all(|frame| frame["match_id"] == frames[0]["match_id"]));
        ids.push(frames[0].text_of("match_id"));
    }
    assert_eq!(ids[0], ids[1]);
    assert!(sandbox.challenges().is_empty());
    // A stranger is too late, and so is the creator.
    let mut gamma = Agent::new(&sandbox, "Gamma").await;
    gamma.say_example(accept, "challenge-uuid", &id).await;
    assert_eq!(gamma.hear().await["code"], "challenge_closed");
    assert_eq!(
        alpha.error(json!({ "type": "cancel_challenge", "challenge_id": id })).await,
        "challenge_closed"
    );

    let over = loop {
        alpha.play(&ids[0], "heads").await;
        beta.play(&ids[0], "tails").await;
        alpha.hear_until("round_result").await;
        let next = alpha.hear().await;
        if next.kind() == "game_over" {
            break next;
        }
    };
    let paid = if over["winner"] == alpha.id { 95_000_000 } else { 0 };
    assert_eq!(over["payout_lamports"], paid);
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_cancelled_by_its_creator_alone() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let (mut alpha, mut beta) = (Agent::new(&sandbox, "Alpha").await, Agent::new(&sandbox, "Beta").await);
    let id = alpha.challenge().await;
    let accept = json!({ "type": "accept_challenge", "challenge_id": id });
    let cancel = json!({ "type": "cancel_challenge", "challenge_id": id });
    assert_eq!(alpha.error(accept.clone()).await, "own_challenge");
    assert_eq!(beta.error(cancel).await, "not_your_challenge");
    assert_eq!(
        beta.error(json!({ "type": "accept_challenge", "challenge_id": "x" })).await,
        "unknown_challenge"
    );
    assert_eq!(beta.error(json!({ "type": "accept_challenge" })).await, "invalid_message");
    alpha.say_example(include_str!("../fixtures/spec/cancel_challenge.json"), "challenge-uuid", &id).await;
    let cancelled = alpha.hear().await;
    cancelled.is_shaped_like(include_str!("../fixtures/spec/challenge_cancelled.json"));
    assert_eq!(cancelled["challenge_id"], id);
    assert_eq!(beta.error(accept).await, "challenge_closed");
    assert!(sandbox.challenges().is_empty() && sandbox.matches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn house_agents_accept_and_offer_challenges_unless_told_not_to() {
    let sandbox = Sandbox::builder().house([Strength::Novice]).start().await.unwrap();
    let mut alpha = Agent::new(&sandbox, "Alpha").await;
    let offered = sandbox.challenges();
    assert!(offered.len() == 3 && offered.iter().all(|open| open.is_house));
    let id = alpha.challenge().await;
    let accepted = alpha.hear_until("challenge_accepted").await;
    assert_eq!(accepted["challenge_id"], id);
    alpha.say(json!({ "type": "accept_challenge", "challenge_id": offered[0].id })).await;
    let second = alpha.hear_until("challenge_accepted").await;
    let found = alpha.hear_until("match_found").await;
    assert_eq!(found["opponent_id"], offered[0].creator_id);
    assert_ne!(accepted["match_id"], second["match_id"]);
    assert_eq!(sandbox.matches().len(), 2, "two at once");

    let sandbox = Sandbox::builder().house_accepts_after(None).house_challenges(0).start().await.unwrap();
    let mut alpha = Agent::new(&sandbox, "Alpha").await;
    alpha.challenge().await;
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    alpha.hears_nothing().await;
    assert_eq!((sandbox.challenges().len(), sandbox.matches().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_challenge_outlives_its_creators_connection_when_told_so() {
    for keeps in [false, true] {
        let sandbox = Sandbox::builder().no_house().keep_challenges(keeps).start().await.unwrap();
        let mut beta = Agent::new(&sandbox, "Beta").await;
        let mut alpha = Agent::new(&sandbox, "Alpha").await;
        let (id, key) = (alpha.challenge().await, alpha.key.clone());
        drop(alpha);
        while sandbox.connections() > 1 {
            tokio::task::yield_now().await;
        }
        let accept = json!({ "type": "accept_challenge", "challenge_id": id });
        if !keeps {
            assert_eq!(beta.error(accept).await, "challenge_closed");
            continue;
        }
        beta.say(accept).await;
        beta.hears(&["challenge_accepted", "match_found", "game_start", "your_turn"]).await;
        let mut alpha = Agent::login(&sandbox, &key).await;
        let frames = alpha.hears(&["challenge_accepted", "game_start", "your_turn"]).await;
        assert_eq!(frames[0]["challenge_id"], id);
    }
}
