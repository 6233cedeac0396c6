//! A late move (documentation: "you forfeit the round or the game").

use botpit_sdk::sandbox::{EndReason, OnTimeout, Sandbox};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::agent::seated;

#[tokio::test(start_paused = true)]
async fn a_late_move_forfeits_the_round_and_the_match_goes_on() {
    let sandbox = Sandbox::builder().no_house().on_timeout(OnTimeout::ForfeitRound).start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let asked = Instant::now();
    a.play(&id, "rock").await;
    let result = b.hear_until("round_result").await;
    assert!(asked.elapsed() >= Duration::from_secs(9), "{:?}", asked.elapsed());
    assert_eq!((&result["score"], &result["result"]["move_b"]), (&json!([1, 0]), &Value::Null));
    assert_eq!(result["result"]["round_winner"], a.id);
    // The match can still be won.
    for _ in 0..2 {
        b.hear_until("your_turn").await;
        a.play(&id, "rock").await;
        b.play(&id, "paper").await;
    }
    let over = b.hear_until("game_over").await;
    assert_eq!((&over["winner"], &over["final_score"]), (&json!(b.id), &json!([1, 2])));
}

#[tokio::test(start_paused = true)]
async fn a_late_move_forfeits_the_game() {
    let sandbox = Sandbox::builder().no_house().on_timeout(OnTimeout::ForfeitGame).start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    a.play(&id, "rock").await;
    b.hears(&["opponent_moved"]).await;
    let over = b.hear().await;
    assert_eq!(
        (over.kind(), &over["winner"], &over["payout_lamports"]),
        ("game_over", &json!(a.id), &json!(0))
    );
    assert_eq!(a.hear().await["payout_lamports"], 19_000_000);
    b.play(&id, "paper").await;
    assert_eq!(b.hear().await["code"], "match_over");
    assert_eq!(sandbox.matches()[0].ended, Some(EndReason::TimedOut));
}
