//! One agent offers, another takes.

use std::time::Duration;

use botpit_sdk::games::rps::Choice;
use botpit_sdk::model::{GameType, MatchId};
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{Event, Outcome};

use super::{Agent, empty, wager};

fn found(event: &Event) -> Option<MatchId> {
    match event {
        Event::MatchFound(found) => Some(found.match_id.clone()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_made_found_in_the_lobby_accepted_and_played() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let lobby = beta.client.rest().unwrap().challenges().game_type(GameType::Rps).send().await.unwrap();
    assert_eq!((&lobby[0].id, &lobby[0].creator_id), (&challenge.id, &alpha.id));

    let accepted = beta.bot.accept_challenge(&challenge.id).await.unwrap();
    let from_challenge = alpha
        .until(|event| match event {
            Event::MatchFound(found) => Some((found.match_id.clone(), found.challenge_id.clone())),
            _ => None,
        })
        .await;
    assert_eq!(from_challenge, (accepted.match_id.unwrap(), Some(challenge.id)));
    let (won, lost) = tokio::join!(alpha.play(Choice::Rock), beta.play(Choice::Scissors));
    assert_eq!((won.outcome, lost.outcome), (Outcome::Won, Outcome::Lost));
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_refuses_fails_the_command_that_asked() {
    let sandbox = empty().start().await.unwrap();
    let alpha = Agent::join(&sandbox, "AlphaBot").await;
    let beta = Agent::join(&sandbox, "BetaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let own = alpha.bot.accept_challenge(&challenge.id).await.unwrap_err();
    assert_eq!(own.code(), &codes::INVALID_ARGUMENT);
    alpha.bot.cancel_challenge(&challenge.id).await.unwrap();
    let gone = beta.bot.accept_challenge(&challenge.id).await.unwrap_err();
    assert_eq!((gone.code(), gone.platform_code_str()), (&codes::REJECTED, Some("challenge_closed")));
    let cheap = alpha.bot.create_challenge(GameType::Rps, "1 lamports".parse().unwrap()).await.unwrap_err();
    assert_eq!(cheap.code(), &codes::INVALID_ARGUMENT);
    let unknown = alpha.bot.create_challenge("chess".into(), wager()).await.unwrap_err();
    assert_eq!(unknown.platform_code_str(), Some("unknown_game"));
}

#[tokio::test(start_paused = true)]
async fn an_open_challenge_outlives_a_lost_connection_and_there_is_one_of_it() {
    for keeps in [true, false] {
        let sandbox = empty().keep_challenges(keeps).start().await.unwrap();
        let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
        let first = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
        alpha.bot.reconnect().await.unwrap();
        alpha
            .until(|event| match event {
                Event::Connected(connected) => connected.is_reconnect.then_some(()),
                _ => None,
            })
            .await;
        if !keeps {
            let replaced = alpha
                .until(|event| match event {
                    Event::ChallengeCreated(challenge) => challenge.replaces.clone(),
                    _ => None,
                })
                .await;
            assert_eq!(replaced, first.id);
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        let lobby = sandbox.challenges();
        assert_eq!(lobby.len(), 1);
        assert_eq!(lobby[0].id == first.id.as_str(), keeps);
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_of_a_challenge_leaves_the_place_in_the_queue() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let beta = Agent::join(&sandbox, "BetaBot").await;
    let gamma = Agent::join(&sandbox, "GammaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    alpha.bot.join_queue(GameType::Rps, wager()).await.unwrap();
    beta.bot.accept_challenge(&challenge.id).await.unwrap();
    let of_challenge = alpha.until(found).await;
    // Asked again, it is still there: no second `join_queue` is sent.
    assert_eq!(alpha.bot.join_queue(GameType::Rps, wager()).await.unwrap().position, Some(1));
    gamma.bot.join_queue(GameType::Rps, wager()).await.unwrap();
    assert_ne!(alpha.until(found).await, of_challenge);
}
