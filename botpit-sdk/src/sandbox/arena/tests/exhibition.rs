//! Live showcase matches.

use super::*;

fn live() -> Settings {
    Settings { live_showcase: Some(seconds(2)), ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn the_house_plays_for_whoever_watches() {
    let mut table = Table::new(live());
    let record = table.arena.matches().remove(0);
    assert!(record.players.a.is_house && record.players.b.is_house);
    assert_ne!(record.players.a.agent_id, record.players.b.agent_id);
    let watcher = table.agent("Alpha");
    table.say(watcher, json!({ "type": "spectate_match", "match_id": record.id }));
    table.run(Duration::from_millis(1_999));
    assert_eq!(table.raw(watcher), []);
    table.run(Duration::from_millis(1));
    let heard = table.heard(watcher);
    assert_eq!(kinds(&heard), ["spectate_update"]);
    assert_eq!(heard[0]["event"]["type"], "round_result");
    // One at a time, one after the other.
    for _ in 0..100 {
        table.run(seconds(60));
        assert!(table.arena.stats().0 <= 1);
    }
    assert_eq!(table.heard(watcher).pop().unwrap()["event"]["type"], "game_over");
    let matches = table.arena.matches();
    assert!(matches.len() > 10, "{}", matches.len());
    let mut games: Vec<&str> = matches.iter().map(|played| played.game_type.as_str()).collect();
    games.sort_unstable();
    games.dedup();
    assert!(games.len() >= 5, "{games:?}");
}

#[tokio::test(start_paused = true)]
async fn it_changes_no_match_of_anybody_else() {
    let seeds = |settings| {
        let mut table = Table::new(settings);
        let session = table.agent("Alpha");
        let mut hashes = Vec::new();
        for _ in 0..5 {
            table.queue(session, WAGER);
            table.run(seconds(7));
            let heard = table.heard(session);
            let found = heard.iter().find(|frame| frame["type"] == "match_found").unwrap();
            table.say(session, json!({ "type": "resign", "match_id": found["match_id"] }));
            hashes.push(found["server_seed_hash"].clone());
        }
        hashes
    };
    assert_eq!(seeds(live()), seeds(Settings::default()));
}

#[tokio::test(start_paused = true)]
async fn there_is_none_without_a_house_or_unless_asked_for() {
    assert!(Table::new(Settings::default()).arena.matches().is_empty());
    let table = Table::new(Settings { house: Vec::new(), ..live() });
    assert!(table.arena.matches().is_empty());
    // A reset begins it again, the same as before.
    let mut table = Table::new(live());
    let first = table.arena.matches().remove(0).id;
    table.run(seconds(300));
    table.arena.restart(42, table.now);
    assert_eq!(table.arena.matches().remove(0).id, first);
}
