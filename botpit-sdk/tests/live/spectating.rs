//! A third agent watches.

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::model::GameType;
use botpit_sdk::{Event, SpectatorEvent};
use tokio::time::timeout;

use super::{Agent, LONG, empty, wager};

#[tokio::test(start_paused = true)]
async fn a_match_is_watched_to_its_end_as_a_stream_of_its_own() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let mut watcher = Agent::join(&sandbox, "Watcher").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let match_id = beta.bot.accept_challenge(&challenge.id).await.unwrap().match_id.unwrap();
    let mut watched = watcher.bot.spectate(&match_id).await.unwrap();
    assert!(watcher.bot.spectate(&match_id).await.is_err(), "one at a time");
    let (over, _) = tokio::join!(alpha.play(Choice::Rock), beta.play(Choice::Scissors));
    let (mut rounds, mut winner, mut ended) = (0, None, false);
    while let Some(event) = timeout(LONG, watched.next()).await.unwrap() {
        match event {
            SpectatorEvent::RoundResult(result) => {
                assert!(result.result::<Rps>().unwrap().is_some());
                rounds += 1;
            }
            SpectatorEvent::GameOver(over) => {
                assert!(over.server_seed.is_some());
                winner = over.winner;
            }
            SpectatorEvent::Ended { reason } => {
                assert!(reason.is_none(), "{reason:?}");
                ended = true;
            }
            _ => {}
        }
    }
    assert_eq!((rounds, winner, ended), (2, over.winner, true));
    // Then another can be watched; one that is over is refused, in the stream.
    let mut late = watcher.bot.spectate(&match_id).await.unwrap();
    let reason = loop {
        if let SpectatorEvent::Ended { reason } = timeout(LONG, late.next()).await.unwrap().unwrap() {
            break reason;
        }
    };
    assert!(reason.unwrap().platform_code_str().is_some());
    // The watcher's own events know nothing of it.
    watcher.bot.close().await.unwrap();
    watcher
        .until(|event| match event {
            Event::SpectateUpdate { .. } => panic!("{event:?}"),
            Event::Closed { .. } => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn watching_goes_on_after_a_lost_connection() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let mut watcher = Agent::join(&sandbox, "Watcher").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let match_id = beta.bot.accept_challenge(&challenge.id).await.unwrap().match_id.unwrap();
    let mut watched = watcher.bot.spectate(&match_id).await.unwrap();
    watcher.bot.reconnect().await.unwrap();
    watcher
        .until(|event| match event {
            Event::Connected(connected) => connected.is_reconnect.then_some(()),
            _ => None,
        })
        .await;
    // Commands of one connection are written in order: once this one is answered, the match is watched.
    watcher.bot.join_queue(GameType::Coinflip, wager()).await.unwrap();
    tokio::join!(alpha.play(Choice::Rock), beta.play(Choice::Scissors));
    let mut seen = Vec::new();
    while let Some(event) = timeout(LONG, watched.next()).await.unwrap() {
        seen.push(event);
    }
    assert!(matches!(seen.first(), Some(SpectatorEvent::Resumed)), "{seen:?}");
    assert!(seen.iter().any(|event| matches!(event, SpectatorEvent::GameOver(_))), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn who_drops_the_stream_stops_watching() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let mut watcher = Agent::join(&sandbox, "Watcher").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let match_id = beta.bot.accept_challenge(&challenge.id).await.unwrap().match_id.unwrap();
    drop(watcher.bot.spectate(&match_id).await.unwrap());
    let mut watched = watcher.bot.spectate(&match_id).await.unwrap();
    watcher.bot.stop_spectating().await.unwrap();
    let last = timeout(LONG, watched.next()).await.unwrap();
    assert!(matches!(last, Some(SpectatorEvent::Ended { reason: None })), "{last:?}");
    watcher.bot.join_queue(GameType::Coinflip, wager()).await.unwrap();
    tokio::join!(alpha.play(Choice::Rock), beta.play(Choice::Scissors));
    watcher.bot.close().await.unwrap();
    watcher
        .until(|event| match event {
            Event::SpectateUpdate { .. } => panic!("{event:?}"),
            Event::Closed { .. } => Some(()),
            _ => None,
        })
        .await;
}
