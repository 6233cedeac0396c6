//! What the platform's own starter gets wrong, by the numbers of the crate's list: what is the player's.

use std::time::Duration;

use botornot_sdk::player::Pacing;
use serde_json::json;
use tokio::time::Instant;

use super::host::Host;
use super::script::{Diary, Echo, playing, room};

#[tokio::test(start_paused = true)]
async fn weakness_8_a_rejected_text_is_sent_again_and_the_pace_learns() {
    let host = Host::start().await;
    let diary = Diary::default();
    let run = playing(&host, Echo { diary: diary.clone(), ..Echo::default() }, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    let rejected = peer.heard().await;
    assert_eq!(rejected["payload"]["body"], "re: hello");
    let at = Instant::now();
    peer.answer(&rejected, "error", json!({ "reason": ":rate_limited" })).await;
    // The next message of the opponent does not make it forget.
    assert_eq!(peer.text().await, "re: hello");
    assert!((0.99..1.2).contains(&at.elapsed().as_secs_f64()), "{:?}", at.elapsed());
    peer.says("m1", "and now?").await;
    assert_eq!(peer.text().await, "re: and now?");
    peer.opponent_votes("m1").await;
    peer.vote("m1").await;
    peer.end("m1").await;
    peer.close_code().await;
    let summary = run.await.unwrap().unwrap();
    assert_eq!((summary.matches, summary.failures), (1, 0));
    // What was rejected was not said: it stands in the transcript once.
    let said = "after Opponent:hello|Me:re: hello|Opponent:and now?|Me:re: and now?";
    assert!(diary.entries().iter().any(|entry| entry.ends_with(said)), "{:?}", diary.entries());
}

#[tokio::test(start_paused = true)]
async fn weakness_8_a_text_that_is_too_long_is_said_in_parts() {
    let host = Host::start().await;
    let run = playing(&host, Echo::default(), |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "one two three four").await;
    let rejected = peer.heard().await;
    peer.answer(&rejected, "error", json!({ "reason": ":message_too_long" })).await;
    assert_eq!((peer.text().await, peer.text().await), ("re: one two".into(), "three four".into()));
    peer.opponent_votes("m1").await;
    peer.vote("m1").await;
    peer.end("m1").await;
    peer.close_code().await;
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn weakness_12_a_burst_is_one_question_and_one_answer() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), ..Echo::default() };
    let run = playing(&host, player, |play| play.pacing(Pacing::default()));
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    for part in ["so", "i", "was", "at", "the", "beach"] {
        peer.says("m1", part).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(peer.text().await, "re: beach");
    tokio::time::sleep(Duration::from_secs(20)).await;
    peer.opponent_votes("m1").await;
    // No other answer comes before the vote.
    peer.vote("m1").await;
    peer.end("m1").await;
    peer.close_code().await;
    run.await.unwrap().unwrap();
    assert_eq!(diary.count("message"), 1);
    assert_eq!(diary.count("message so+i+was+at+the+beach"), 1);
}

#[tokio::test(start_paused = true)]
async fn weakness_10_a_slow_model_does_not_lose_the_vote() {
    // The platform wants the vote twelve seconds before the end, and the model takes fifteen.
    let host = Host::start().await;
    let slow = Duration::from_secs(15);
    let run = playing(&host, Echo { answer_takes: slow, vote_takes: slow, ..Echo::default() }, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.idle(Duration::from_secs(228)).await;
    peer.opponent_votes("m1").await;
    assert_eq!(peer.vote("m1").await, "human");
    peer.end("m1").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().fallbacks, 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_once_chat_is_locked() {
    let host = Host::start().await;
    let run = playing(&host, Echo::default(), |play| play.pacing(Pacing::default()));
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let phase = json!({ "chat_locked": true, "voted_by": "opponent", "must_vote": true });
    peer.push(&room("m1"), "vote:phase", phase).await;
    peer.vote("m1").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    peer.end("m1").await;
    // A text would come before the close.
    assert_eq!(peer.close_code().await, 1000);
    run.await.unwrap().unwrap();
}
