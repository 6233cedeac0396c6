//! What an agent finds when it is back, and how it is sent away.

use super::*;

/// Two matches between the same agents: one by the queue, one by a challenge.
fn two_matches(table: &mut Table, x: SessionId, y: SessionId) -> [String; 2] {
    table.queue(x, WAGER);
    table.queue(y, WAGER);
    table.say(x, json!({ "type": "create_challenge", "game_type": "coinflip", "wager_lamports": WAGER }));
    let id = table.arena.open_challenges()[0].id.clone();
    table.pass(seconds(3));
    table.say(y, json!({ "type": "accept_challenge", "challenge_id": id }));
    let matches = table.arena.matches();
    [matches[0].id.clone(), matches[1].id.clone()]
}

#[tokio::test(start_paused = true)]
async fn both_open_matches_are_restored_with_their_own_time() {
    for (resume, each) in [
        (Resume::Started, vec!["game_start", "your_turn"]),
        (Resume::Whole, vec!["match_found", "game_start", "your_turn"]),
        (Resume::TurnOnly, vec!["your_turn"]),
    ] {
        let mut table = Table::new(Settings { resume, ..no_house() });
        let key = table.key("Alpha");
        let (x, y) = (table.login(&key), table.agent("Beta"));
        let ids = two_matches(&mut table, x, y);
        table.drop_connection(x);
        table.pass(seconds(2));
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        let heard = table.heard(back);
        let expected: Vec<&str> = std::iter::once("authenticated").chain(each.repeat(2)).collect();
        assert_eq!(kinds(&heard), expected);
        let turns: Vec<(&Value, &Value)> = heard
            .iter()
            .filter(|frame| frame["type"] == "your_turn")
            .map(|turn| (&turn["match_id"], &turn["timeout_ms"]))
            .collect();
        assert_eq!(turns, [(&json!(ids[0]), &json!(5_000)), (&json!(ids[1]), &json!(8_000))]);
        // The one that is answered is not asked again; the other is.
        table.play(back, &ids[0], "rock");
        table.drop_connection(back);
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        let heard = table.heard(back);
        let turns: Vec<&Value> = heard.iter().filter(|frame| frame["type"] == "your_turn").collect();
        assert_eq!((turns.len(), &turns[0]["match_id"]), (1, &json!(ids[1])));
        // Both go on.
        table.play(y, &ids[0], "paper");
        table.play(y, &ids[1], "heads");
        table.play(back, &ids[1], "tails");
        let over = table.kinds(back);
        assert_eq!(over.iter().filter(|kind| *kind == "round_result").count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn one_match_may_end_while_the_other_waits() {
    let mut table = Table::new(no_house());
    let key = table.key("Alpha");
    let (x, y) = (table.login(&key), table.agent("Beta"));
    let ids = two_matches(&mut table, x, y);
    table.drop_connection(x);
    table.say(y, json!({ "type": "resign", "match_id": ids[1] }));
    let back = table.connect();
    table.say(back, json!({ "type": "authenticate", "api_key": key }));
    let heard = table.heard(back);
    assert_eq!(kinds(&heard), ["authenticated", "game_over", "game_start", "your_turn"]);
    assert_eq!((&heard[1]["match_id"], &heard[3]["match_id"]), (&json!(ids[1]), &json!(ids[0])));
}

#[tokio::test(start_paused = true)]
async fn taking_over_restores_both_matches_too() {
    let mut table = Table::new(no_house());
    let key = table.key("Alpha");
    let (x, y) = (table.login(&key), table.agent("Beta"));
    two_matches(&mut table, x, y);
    table.heard(x);
    let second = table.connect();
    table.say(second, json!({ "type": "authenticate", "api_key": key }));
    assert_eq!(table.kinds(second), ["authenticated", "game_start", "your_turn", "game_start", "your_turn"]);
    assert!(matches!(
        table.raw(x).as_slice(),
        [Outgoing::Text(_), Outgoing::Close { code: close::SESSION_REPLACED, .. }]
    ));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_ends_the_connection_and_not_the_match() {
    let mut table = Table::new(no_house());
    let key = table.key("Alpha");
    let (x, y) = (table.login(&key), table.agent("Beta"));
    let [id, _] = two_matches(&mut table, x, y);
    let lobby = json!({ "type": "create_challenge", "game_type": "rps", "wager_lamports": WAGER });
    table.say(x, lobby);
    table.queue(x, 100_000_000);
    table.heard(x);
    let agent = table.arena.connected("Alpha").unwrap();
    table.arena.close_sessions_of(agent, table.now);
    table.collect();
    assert_eq!(
        table.raw(x),
        [Outgoing::Close { code: close::KEY_ROTATED, reason: "the API key was rotated" }]
    );
    assert_eq!(table.arena.stats(), (2, 1));
    assert!(table.arena.open_challenges().is_empty());
    assert_eq!((table.arena.connected("Alpha"), table.arena.connected("nobody")), (None, None));
    // What the old connection still says is not heard, and a second time there is nothing to close.
    table.play(x, &id, "rock");
    table.arena.close_sessions_of(agent, table.now);
    table.collect();
    assert_eq!((table.raw(x), table.arena.matches()[0].moves_received.len()), (vec![], 0));
    let back = table.login(&key);
    assert_eq!(table.arena.connected("Alpha"), Some(agent));
    table.play(back, &id, "rock");
    assert_eq!(table.arena.matches()[0].moves_received.len(), 1);
}
