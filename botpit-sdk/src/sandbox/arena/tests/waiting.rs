//! The queue's news, and playing for nothing.

use super::*;

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_how_it_goes() {
    // Ten times as fast: what the agent reads is its own time.
    let settings = Settings { queue_updates: Some(seconds(5)), ..no_house() };
    let mut table = Table::with_clock(settings, Clock::scaled(10.0));
    let (x, other) = (table.agent("Alpha"), table.agent("Beta"));
    table.queue(x, WAGER);
    table.queue(other, 1_000_000);
    table.heard(x);
    table.run(Duration::from_millis(4_999));
    assert_eq!(table.raw(x), []);
    table.run(Duration::from_millis(1));
    assert_eq!(
        table.raw(x),
        [Outgoing::Text(
            r#"{"type":"queue_update","game_type":"rps","position":1,"wait_time_ms":500,"search_radius":100,"players_in_queue":1,"players_online":2}"#
                .into()
        )]
    );
    table.run(seconds(100));
    let heard = table.heard(x);
    assert_eq!(heard.len(), 20);
    let radii: Vec<u64> = heard.iter().map(|frame| frame["search_radius"].as_u64().unwrap()).collect();
    assert!(radii.is_sorted() && radii.last() == Some(&1_000), "{radii:?}");
    assert_eq!(heard[19]["wait_time_ms"], 10_500);

    // A match, leaving and a lost connection end the news.
    table.say(other, json!({ "type": "leave_queue" }));
    table.queue(other, WAGER);
    let id = table.arena.matches()[0].id.clone();
    table.say(x, json!({ "type": "resign", "match_id": id }));
    table.queue(x, WAGER);
    table.drop_connection(x);
    assert_eq!(table.arena.next_deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn the_news_can_be_turned_off() {
    let mut table = Table::new(Settings { queue_updates: None, ..no_house() });
    let session = table.agent("Alpha");
    table.queue(session, WAGER);
    assert_eq!(table.arena.next_deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn a_house_agent_that_sits_down_ends_the_news() {
    let mut table = Table::new(Settings { house_wait: seconds(12), ..Settings::default() });
    let session = table.agent("Alpha");
    table.queue(session, WAGER);
    table.run(seconds(12));
    assert_eq!(
        table.kinds(session),
        ["queue_joined", "queue_update", "queue_update", "match_found", "game_start", "your_turn"]
    );
    table.run(seconds(9));
    assert!(!table.kinds(session).contains(&"queue_update".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_wager_of_nothing_is_free_play_or_too_small() {
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 0 });
    let mut table = Table::new(no_house());
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    table.say(x, join.clone());
    // The other way to say it waits in the same queue.
    table.say(y, json!({ "type": "join_queue", "game_type": "rps", "sandbox": true }));
    let record = table.arena.matches().remove(0);
    assert!(record.is_free_play && record.wager_lamports == 0);
    table.say(y, json!({ "type": "resign", "match_id": record.id }));
    let over = table.heard(x).pop().unwrap();
    assert_eq!((&over["is_sandbox"], &over["payout_lamports"]), (&json!(true), &json!(0)));
    let record = table.arena.matches().remove(0);
    assert_eq!((record.payouts, record.fee_lamports), (Pair { a: 0, b: 0 }, 0));

    let mut table = Table::new(Settings { zero_wager_is_free_play: false, ..no_house() });
    let session = table.agent("Alpha");
    assert_eq!(table.error(session, join).0, "invalid_wager");
}

/// The smallest wager of the spec's smallest bucket: 0.001 SOL.
#[tokio::test(start_paused = true)]
async fn the_minimum_wager_is_a_thousandth_of_a_sol() {
    for kind in ["join_queue", "create_challenge"] {
        let mut table = Table::new(no_house());
        let session = table.agent("Alpha");
        let ask = |wager: u64| json!({ "type": kind, "game_type": "rps", "wager_lamports": wager });
        for wager in [1, 999_999] {
            let (code, message) = table.error(session, ask(wager));
            assert!(code == "invalid_wager" && message.contains("1000000 to"), "{message}");
        }
        table.say(session, ask(1_000_000));
        assert!(["queue_joined", "challenge_created"].contains(&table.kinds(session)[0].as_str()));
    }
}
