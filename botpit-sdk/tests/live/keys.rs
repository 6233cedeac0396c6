//! A key is rotated while its connection lives.

use botpit_sdk::games::rps::Choice;
use botpit_sdk::model::GameType;
use botpit_sdk::rest::StoredKey;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::secret::Secret;
use botpit_sdk::{Client, Event, Outcome};

use super::{Agent, empty, wager};

#[tokio::test(start_paused = true)]
async fn rotating_the_key_stores_it_reconnects_and_plays_the_match_on() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    beta.bot.accept_challenge(&challenge.id).await.unwrap();
    let file = std::env::temp_dir().join(format!("botpit-live-{}.key", std::process::id()));
    let stored = alpha.client.rotate_key(&alpha.id, &alpha.wallet, &file).await.unwrap();
    let on_disk = StoredKey::load(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(on_disk.api_key.expose(), stored.api_key.expose());
    let (won, lost) = tokio::join!(alpha.play(Choice::Paper), beta.play(Choice::Rock));
    assert_eq!((won.outcome, lost.outcome), (Outcome::Won, Outcome::Lost));
    assert!(!format!("{:?} {:?}", alpha.client, alpha.bot).contains(stored.api_key.expose()));
}

#[tokio::test(start_paused = true)]
async fn a_key_kept_elsewhere_is_handed_over_before_it_is_used() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut kept = None;
    let store = |key: Secret| {
        kept = Some(key);
        std::future::ready(Ok(()))
    };
    alpha.client.rotate_key_with(&alpha.id, &alpha.wallet, store).await.unwrap();
    assert!(kept.is_some());
    alpha
        .until(|event| match event {
            Event::Connected(connected) => connected.is_reconnect.then_some(()),
            _ => None,
        })
        .await;
    alpha.bot.join_queue(GameType::Rps, wager()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handle_takes_a_new_key_and_a_wrong_one_is_refused_for_good() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let rest = alpha.client.rest().unwrap();
    let other = rest.register("OtherBot", &alpha.wallet).await.unwrap();
    alpha.bot.replace_key(other.api_key).unwrap();
    let id = alpha
        .until(|event| match event {
            Event::Connected(connected) if connected.is_reconnect => Some(connected.agent_id.clone()),
            _ => None,
        })
        .await;
    assert_eq!(id, other.agent_id);
    assert_eq!(alpha.bot.replace_key("").unwrap_err().code(), &codes::INVALID_CONFIG);
    alpha.bot.replace_key("bp_live_wrong").unwrap();
    let reason = alpha
        .until(|event| match event {
            Event::Closed { reason } => reason.clone(),
            _ => None,
        })
        .await;
    assert_eq!(reason.code(), &codes::AUTH_REJECTED);
    let again: Client = alpha.client.clone();
    assert_eq!(again.connect().await.unwrap_err().code(), &codes::AUTH_REJECTED, "clones share the key");
}
