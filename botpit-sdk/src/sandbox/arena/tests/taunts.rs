//! Taunts.

use super::*;

fn taunt(id: &str, taunt_id: &str) -> Value {
    json!({ "type": "send_taunt", "match_id": id, "taunt_id": taunt_id })
}

#[tokio::test(start_paused = true)]
async fn a_taunt_reaches_the_opponent_alone_and_once_a_round() {
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    let watcher = table.agent("Gamma");
    table.say(watcher, json!({ "type": "spectate_match", "match_id": id }));
    table.heard(a);
    table.say(a, taunt(&id, "gl_hf"));
    assert_eq!((table.raw(a), table.raw(watcher)), (vec![], vec![]));
    let record = &table.arena.matches()[0];
    let (agent_id, name) = (&record.players.a.agent_id, &record.players.a.name);
    let expected = Outgoing::Text(format!(
        r#"{{"type":"taunt_received","match_id":"{id}","agent_id":"{agent_id}","agent_name":"{name}","taunt_id":"gl_hf","taunt_text":"Good luck, have fun!"}}"#
    ));
    assert_eq!(table.raw(b), [expected]);
    assert_eq!(table.error(a, taunt(&id, "oops")).0, "taunt_limit");
    assert_eq!(table.raw(b), []);
    // The other side has its own, and the next round, a replayed tie too, brings another.
    table.say(b, taunt(&id, "bring_it"));
    assert_eq!(table.kinds(a), ["taunt_received"]);
    table.play(a, &id, "rock");
    table.play(b, &id, "rock");
    table.heard(b);
    table.say(a, taunt(&id, "oops"));
    assert_eq!(table.kinds(b), ["taunt_received"]);
    assert_eq!(table.error(a, taunt(&id, "oops")).0, "taunt_limit");
}

#[tokio::test(start_paused = true)]
async fn every_known_taunt_has_words_and_others_are_refused() {
    // The ids that the platform's own SDKs document.
    let ids =
        "nice_move, going_down, gg, lucky, calculated, too_easy, bring_it, not_bad, oops, gl_hf, rematch, wp";
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    for taunt_id in ids.split(", ") {
        table.heard(b);
        table.say(a, taunt(&id, taunt_id));
        let heard = table.heard(b);
        assert_eq!(heard[0]["taunt_id"], taunt_id);
        assert!(!heard[0]["taunt_text"].as_str().unwrap().is_empty());
        table.play(a, &id, "rock");
        table.play(b, &id, "rock");
    }
    let (code, message) = table.error(a, taunt(&id, "your_mother"));
    assert_eq!(code, "unknown_taunt");
    assert!(message.ends_with(ids), "{message}");
    // A refused taunt is not counted.
    table.say(a, taunt(&id, "gg"));
    assert_eq!(table.raw(a), []);
    let stranger = table.agent("Gamma");
    assert_eq!(table.error(stranger, taunt(&id, "gg")).0, "not_your_match");
    assert_eq!(table.error(a, taunt("nowhere", "gg")).0, "unknown_match");
    table.say(b, json!({ "type": "resign", "match_id": id }));
    assert_eq!(table.error(a, taunt(&id, "gg")).0, "match_over");
}

#[tokio::test(start_paused = true)]
async fn house_agents_taunt_rarely_and_not_at_all_when_told_so() {
    for house_taunts in [true, false] {
        let mut table =
            Table::new(Settings { house: vec![Strength::Regular], house_taunts, ..Settings::default() });
        let session = table.agent("Alpha");
        let (mut moves, mut taunts) = (0, 0);
        for _ in 0..100 {
            table.queue(session, WAGER);
            table.run(Duration::from_millis(250));
            loop {
                let heard = table.heard(session);
                taunts += heard.iter().filter(|frame| frame["type"] == "taunt_received").count();
                moves += heard.iter().filter(|frame| frame["type"] == "opponent_moved").count();
                let Some(turn) = heard.iter().find(|frame| frame["type"] == "your_turn") else { break };
                table.play(session, turn["match_id"].as_str().unwrap(), "paper");
                table.run(Duration::from_millis(20));
            }
        }
        assert!(moves > 200, "{moves}");
        if house_taunts {
            assert!(taunts > 0 && taunts < moves / 10, "{taunts} of {moves}");
        } else {
            assert_eq!(taunts, 0);
        }
    }
}
