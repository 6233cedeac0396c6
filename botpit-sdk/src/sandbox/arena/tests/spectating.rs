//! Watching matches.

use super::*;

fn watch(id: &str) -> Value {
    json!({ "type": "spectate_match", "match_id": id })
}

#[tokio::test(start_paused = true)]
async fn a_spectator_is_shown_what_both_players_were() {
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    let (c, d) = (table.agent("Gamma"), table.agent("Delta"));
    table.say(c, watch(&id));
    assert_eq!(table.raw(c), [], "the protocol has no answer to it");
    table.heard(a);
    table.play(a, &id, "rock");
    assert_eq!(table.raw(c), [], "who has moved, and what, stays hidden");
    table.play(b, &id, "scissors");
    let Outgoing::Text(result) = table.raw(a).remove(1) else { panic!() };
    assert!(result.starts_with(r#"{"type":"round_result""#), "{result}");
    let update = |event: &str| {
        Outgoing::Text(format!(r#"{{"type":"spectate_update","match_id":"{id}","event":{event}}}"#))
    };
    assert_eq!(table.raw(c), [update(&result)]);

    // Who comes later sees what happens later.
    table.say(d, watch(&id));
    table.play(b, &id, "paper");
    table.play(a, &id, "scissors");
    let Outgoing::Text(over) = table.raw(a).pop().unwrap() else { panic!() };
    assert!(over.starts_with(r#"{"type":"game_over""#), "{over}");
    for session in [c, d] {
        let heard = table.raw(session);
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[1], update(&over), "with the winner's payout, whoever won");
    }
    // It has ended with the match: the next one is not shown.
    table.queue(a, WAGER);
    table.queue(b, WAGER);
    table.run(seconds(60));
    assert_eq!(table.raw(c), []);
    assert!(table.arena.spectators.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_spectator_of_any_game_learns_nothing_before_its_time() {
    for game in crate::sandbox::games::KNOWN {
        let mut table = Table::new(Settings { turn_timeout: Some(seconds(1)), ..no_house() });
        let (x, y, watcher) = (table.agent("Alpha"), table.agent("Beta"), table.agent("Gamma"));
        for session in [x, y] {
            table.say(session, json!({ "type": "join_queue", "game_type": game, "wager_lamports": WAGER }));
        }
        let record = table.arena.matches().remove(0);
        table.say(watcher, watch(&record.id));
        table.heard(x);
        let mut shown_to_players = Vec::new();
        for _ in 0..40 {
            table.pass(Duration::from_millis(500));
            shown_to_players.extend(
                table
                    .heard(x)
                    .into_iter()
                    .filter(|frame| ["round_result", "game_over"].contains(&frame["type"].as_str().unwrap())),
            );
            for update in table.heard(watcher) {
                assert_eq!(update["type"], "spectate_update");
                let event = &update["event"];
                let position = shown_to_players.iter().position(|shown| shown == event);
                assert!(position.is_some(), "{game}: {event} was not shown to the players first");
                let has_seed = event.to_string().contains(&record.server_seed);
                assert_eq!(has_seed, event["type"] == "game_over", "{game}");
            }
        }
        assert_eq!(shown_to_players.last().unwrap()["type"], "game_over", "{game}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_match_is_watched_at_a_time_and_stopping_needs_no_id() {
    let mut table = Table::new(no_house());
    let ([a, b], first) = table.seated();
    let (x, y) = (table.agent("Gamma"), table.agent("Delta"));
    table.queue(x, 100_000_000);
    table.queue(y, 100_000_000);
    let second = table.arena.matches().remove(1).id;
    let watcher = table.agent("Epsilon");
    table.say(watcher, watch(&first));
    table.say(watcher, watch(&first));
    table.say(watcher, watch(&second));
    let round = |table: &mut Table, [one, other]: [SessionId; 2], id: &str| {
        table.play(one, id, "rock");
        table.play(other, id, "rock");
    };
    round(&mut table, [a, b], &first);
    assert_eq!(table.raw(watcher), []);
    round(&mut table, [x, y], &second);
    let heard = table.heard(watcher);
    assert_eq!((heard.len(), &heard[0]["match_id"]), (1, &json!(second)));
    for _ in 0..2 {
        table.say(watcher, json!({ "type": "stop_spectating" }));
        assert_eq!(table.raw(watcher), [], "no answer, as in the spec; nor for who watches nothing");
    }
    round(&mut table, [x, y], &second);
    assert_eq!(table.raw(watcher), []);
}

#[tokio::test(start_paused = true)]
async fn only_open_matches_can_be_watched() {
    let mut table = Table::new(no_house());
    let ([a, _], id) = table.seated();
    let watcher = table.agent("Gamma");
    assert_eq!(table.error(watcher, watch("nowhere")).0, "unknown_match");
    table.say(watcher, watch(&id));
    // A refused one leaves what is watched alone.
    assert_eq!(table.error(watcher, watch("nowhere")).0, "unknown_match");
    table.say(a, json!({ "type": "resign", "match_id": id }));
    assert_eq!(table.heard(watcher)[0]["event"]["type"], "game_over");
    assert_eq!(table.error(watcher, watch(&id)).0, "match_over");
}

#[tokio::test(start_paused = true)]
async fn a_draw_shows_what_each_side_gets_back() {
    let mut table = Table::new(no_house());
    let (_, id) = table.seated();
    let watcher = table.agent("Gamma");
    table.say(watcher, watch(&id));
    table.run(seconds(30));
    let heard = table.heard(watcher);
    assert_eq!(heard.len(), 4);
    let over = &heard[3]["event"];
    assert_eq!((&over["winner"], &over["payout_lamports"]), (&Value::Null, &json!(WAGER)));
}

#[tokio::test(start_paused = true)]
async fn watching_ends_with_the_connection() {
    let mut table = Table::new(no_house());
    let ([a, _], id) = table.seated();
    let key = table.key("Gamma");
    let watcher = table.login(&key);
    table.say(watcher, watch(&id));
    table.drop_connection(watcher);
    assert!(table.arena.spectators.is_empty());
    let back = table.login(&key);
    table.say(back, watch(&id));
    // The same agent takes over from elsewhere: the new connection has not asked for anything.
    let elsewhere = table.login(&key);
    assert!(table.arena.spectators.is_empty());
    table.say(a, json!({ "type": "resign", "match_id": id }));
    assert_eq!(table.raw(elsewhere), []);
}

#[tokio::test(start_paused = true)]
async fn one_may_watch_what_one_plays() {
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    table.heard(a);
    table.say(a, watch(&id));
    table.play(b, &id, "rock");
    table.play(a, &id, "paper");
    assert_eq!(table.kinds(a), ["opponent_moved", "round_result", "spectate_update", "your_turn"]);
}
