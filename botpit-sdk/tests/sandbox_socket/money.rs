//! Fees, free play and wagers.

use botpit_sdk::sandbox::{Sandbox, SandboxBuilder};
use serde_json::{Value, json};

use super::agent::{Agent, Frame, fields, seated};

async fn won(settings: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> [Frame; 2] {
    let sandbox = settings(Sandbox::builder().no_house()).start().await.unwrap();
    let ([mut a, mut b], id) = seated(&sandbox).await;
    let resign = include_str!("../fixtures/spec/resign.json");
    b.say_example(resign, "match-uuid", &id).await;
    [a.hear_until("game_over").await, b.hear_until("game_over").await]
}

#[tokio::test(start_paused = true)]
async fn the_winner_is_paid_as_in_the_documentations_example() {
    let [winner, loser] = won(|builder| builder).await;
    let example = ["type", "match_id", "winner", "final_score", "server_seed", "payout_lamports"];
    assert_eq!(fields(&winner.text), example);
    assert_eq!((&winner["payout_lamports"], &loser["payout_lamports"]), (&json!(19_000_000), &json!(0)));
}

#[tokio::test(start_paused = true)]
async fn the_fee_is_told_when_asked_for_and_has_any_rate() {
    for (bps, payout, fee) in [(500, 19_000_000, 1_000_000), (250, 19_500_000, 500_000), (0, 20_000_000, 0)] {
        let [winner, loser] = won(|builder| builder.tell_fee(true).fee_bps(bps)).await;
        assert_eq!((&winner["payout_lamports"], &winner["fee_lamports"]), (&json!(payout), &json!(fee)));
        assert_eq!((&loser["payout_lamports"], &loser["fee_lamports"]), (&json!(0), &json!(fee)));
    }
}

#[tokio::test(start_paused = true)]
async fn free_play_is_marked_and_moves_nothing() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let (mut x, mut y) = (Agent::new(&sandbox, "Alpha").await, Agent::new(&sandbox, "Beta").await);
    let join = |wager: Value, sandbox: Value| json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": wager, "sandbox": sandbox });
    x.say(join(json!(10_000_000), json!(true))).await;
    // Who plays for money does not meet it.
    y.say(join(json!(10_000_000), json!(false))).await;
    y.hears(&["queue_joined"]).await;
    y.say(json!({ "type": "leave_queue" })).await;
    y.hears(&["queue_left"]).await;
    // A wager of 0 does.
    y.say(join(json!(0), json!(false))).await;
    let found = x.hear_until("match_found").await;
    assert_eq!(found["wager_lamports"], 0);
    x.say(json!({ "type": "resign", "match_id": found["match_id"] })).await;
    let over = y.hear_until("game_over").await;
    assert_eq!((&over["is_sandbox"], &over["payout_lamports"]), (&json!(true), &json!(0)));
    assert_eq!(over["winner"], y.id);
}

#[tokio::test(start_paused = true)]
async fn the_smallest_wager_is_a_thousandth_of_a_sol() {
    let sandbox = Sandbox::builder().no_house().zero_wager_is_free_play(false).start().await.unwrap();
    let mut agent = Agent::new(&sandbox, "Alpha").await;
    for kind in ["join_queue", "create_challenge"] {
        let ask = |wager: u64| json!({ "type": kind, "game_type": "rps", "wager_lamports": wager });
        for wager in [0, 1, 999_999] {
            assert_eq!(agent.error(ask(wager)).await, "invalid_wager", "{wager}");
        }
        agent.say(ask(1_000_000)).await;
        assert_ne!(agent.hear().await.kind(), "error");
    }
}
