//! Challenges.

use super::*;

fn create(game: &str, wager: u64) -> Value {
    json!({ "type": "create_challenge", "game_type": game, "wager_lamports": wager })
}

fn accept(id: &str) -> Value {
    json!({ "type": "accept_challenge", "challenge_id": id })
}

fn cancel(id: &str) -> Value {
    json!({ "type": "cancel_challenge", "challenge_id": id })
}

impl Table {
    /// Creates a challenge, and says its id.
    fn challenge(&mut self, session: SessionId, game: &str, wager: u64) -> String {
        self.heard(session);
        self.say(session, create(game, wager));
        let heard = self.heard(session);
        assert_eq!(kinds(&heard), ["challenge_created"]);
        heard[0]["challenge_id"].as_str().unwrap().to_owned()
    }

    fn open(&self) -> Vec<String> {
        self.arena.open_challenges().into_iter().map(|open| open.id).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_goes_as_the_spec_tells_it() {
    let mut table = Table::new(no_house());
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    table.pass(seconds(7));
    table.say(x, create("coinflip", 50_000_000));
    let [open] = table.arena.open_challenges().try_into().unwrap();
    let id = open.id.clone();
    assert_eq!(
        table.raw(x),
        [Outgoing::Text(format!(
            r#"{{"type":"challenge_created","challenge_id":"{id}","game_type":"coinflip","wager_lamports":50000000}}"#
        ))]
    );
    assert_eq!(open.creator_id, table.arena.identity(x).unwrap().0);
    assert_eq!((open.creator_name.as_str(), open.is_house), ("Alpha", false));
    assert_eq!((open.game_type.as_str(), open.wager_lamports), ("coinflip", 50_000_000));
    assert_eq!(open.created_at, SystemTime::UNIX_EPOCH + seconds(7));
    assert_eq!(table.raw(y), [], "the lobby is looked at, not told");

    table.say(y, accept(&id));
    let match_id = table.arena.matches().remove(0).id;
    let accepted = Outgoing::Text(format!(
        r#"{{"type":"challenge_accepted","challenge_id":"{id}","match_id":"{match_id}"}}"#
    ));
    for session in [x, y] {
        let raw = table.raw(session);
        assert_eq!(raw[0], accepted);
        let heard: Vec<Value> = raw
            .iter()
            .map(|outgoing| match outgoing {
                Outgoing::Text(text) => serde_json::from_str(text).unwrap(),
                Outgoing::Close { .. } => panic!(),
            })
            .collect();
        assert_eq!(kinds(&heard), ["challenge_accepted", "match_found", "game_start", "your_turn"]);
        assert_eq!(
            (&heard[1]["match_id"], &heard[1]["wager_lamports"]),
            (&json!(match_id), &json!(50_000_000))
        );
        assert_eq!(heard[1]["game_type"], "coinflip");
    }
    assert!(table.open().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_challenge_is_gone() {
    let mut table = Table::new(no_house());
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    let id = table.challenge(x, "rps", WAGER);
    table.say(x, cancel(&id));
    assert_eq!(
        table.raw(x),
        [Outgoing::Text(format!(r#"{{"type":"challenge_cancelled","challenge_id":"{id}"}}"#))]
    );
    assert!(table.open().is_empty());
    assert_eq!(table.error(y, accept(&id)).0, "challenge_closed");
    assert_eq!(table.error(x, cancel(&id)).0, "challenge_closed");
    assert!(table.arena.matches().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_challenge_is_named() {
    let mut table = Table::new(no_house());
    let (x, y, z) = (table.agent("Alpha"), table.agent("Beta"), table.agent("Gamma"));
    let (code, message) = table.error(x, create("chess", WAGER));
    assert!(code == "unknown_game" && message.contains("blotto"), "{message}");
    for wager in [999_999, u64::MAX] {
        assert_eq!(table.error(x, create("rps", wager)).0, "invalid_wager", "{wager}");
    }
    let (code, message) = table.error(x, json!({ "type": "create_challenge", "game_type": "rps" }));
    assert!(code == "invalid_message" && message.contains("wager_lamports"), "{message}");
    let id = table.challenge(x, "rps", 1_000_000);
    assert_eq!(table.error(x, accept(&id)).0, "own_challenge");
    assert_eq!(table.error(y, cancel(&id)).0, "not_your_challenge");
    assert_eq!(table.error(y, accept("nowhere")).0, "unknown_challenge");
    assert_eq!(table.error(y, cancel("nowhere")).0, "unknown_challenge");
    table.say(y, accept(&id));
    let (code, message) = table.error(z, accept(&id));
    assert!(code == "challenge_closed" && message.contains("accepted"), "{message}");
    assert_eq!(table.error(x, cancel(&id)).0, "challenge_closed", "too late to take it back");

    for _ in 0..16 {
        table.challenge(z, "rps", WAGER);
    }
    assert_eq!(table.error(z, create("rps", WAGER)).0, "too_many_challenges");
    let first = table.open().remove(0);
    table.say(z, cancel(&first));
    table.challenge(z, "rps", WAGER);
}

#[tokio::test(start_paused = true)]
async fn parallel_matches_come_from_challenges() {
    let mut table = Table::new(no_house());
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    let ids = [
        table.challenge(x, "rps", WAGER),
        table.challenge(x, "coinflip", WAGER),
        table.challenge(y, "rps", 2 * WAGER),
    ];
    table.queue(x, 100_000_000);
    table.say(y, accept(&ids[0]));
    table.say(y, accept(&ids[1]));
    table.say(x, accept(&ids[2]));
    assert_eq!(table.arena.stats(), (3, 2));
    let heard = table.heard(x);
    let mut open: Vec<(String, u64, String)> = heard
        .iter()
        .filter(|frame| frame["type"] == "match_found")
        .map(|frame| {
            (
                frame["game_type"].as_str().unwrap().to_owned(),
                frame["wager_lamports"].as_u64().unwrap(),
                frame["match_id"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    open.sort();
    let games: Vec<(&str, u64)> = open.iter().map(|(game, wager, _)| (game.as_str(), *wager)).collect();
    assert_eq!(games, [("coinflip", WAGER), ("rps", WAGER), ("rps", 2 * WAGER)]);
    // A round of one match touches none of the others, and the place in the queue stays.
    let id = &open[1].2;
    table.play(x, id, "rock");
    table.play(y, id, "scissors");
    let heard = table.heard(x);
    assert_eq!(kinds(&heard), ["opponent_moved", "round_result", "your_turn"]);
    assert!(heard.iter().all(|frame| frame["match_id"] == *id));
    table.say(x, json!({ "type": "leave_queue" }));
    assert_eq!(table.kinds(x), ["queue_left"]);
}

#[tokio::test(start_paused = true)]
async fn a_challenge_can_be_for_nothing() {
    for create in [
        json!({ "type": "create_challenge", "game_type": "rps", "wager_lamports": 0 }),
        json!({ "type": "create_challenge", "game_type": "rps", "wager_lamports": 5, "sandbox": true }),
        json!({ "type": "create_challenge", "game_type": "rps", "sandbox": true }),
    ] {
        let mut table = Table::new(no_house());
        let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
        table.say(x, create);
        assert_eq!(table.heard(x)[0]["wager_lamports"], 0);
        let id = table.open().remove(0);
        table.say(y, accept(&id));
        let match_id = table.arena.matches()[0].id.clone();
        table.say(x, json!({ "type": "resign", "match_id": match_id }));
        let over = table.heard(y).pop().unwrap();
        assert_eq!((&over["payout_lamports"], &over["is_sandbox"]), (&json!(0), &json!(true)));
        assert!(table.arena.matches()[0].is_free_play);
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_goes_with_its_creator_unless_told_otherwise() {
    for keep_challenges in [false, true] {
        let mut table = Table::new(Settings { keep_challenges, ..no_house() });
        let key = table.key("Alpha");
        let (x, y) = (table.login(&key), table.agent("Beta"));
        let id = table.challenge(x, "rps", WAGER);
        table.drop_connection(x);
        assert_eq!(table.open().len(), usize::from(keep_challenges));
        if !keep_challenges {
            let (code, message) = table.error(y, accept(&id));
            assert!(code == "challenge_closed" && message.contains("left"), "{message}");
            continue;
        }
        table.say(y, accept(&id));
        assert_eq!(table.kinds(y), ["challenge_accepted", "match_found", "game_start", "your_turn"]);
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        let heard = table.heard(back);
        assert_eq!(kinds(&heard), ["authenticated", "challenge_accepted", "game_start", "your_turn"]);
        assert_eq!(heard[1]["challenge_id"], id);
        assert_eq!(heard[1]["match_id"], heard[3]["match_id"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_house_agent_accepts_after_a_while_when_it_may() {
    let settings = |house_accepts_after| Settings {
        house: vec![Strength::Novice],
        house_challenges: 0,
        house_accepts_after,
        ..Settings::default()
    };
    let mut table = Table::new(settings(Some(seconds(1))));
    let session = table.agent("Alpha");
    let id = table.challenge(session, "rps", WAGER);
    let cancelled = table.challenge(session, "rps", WAGER);
    table.say(session, cancel(&cancelled));
    table.heard(session);
    table.pass(Duration::from_millis(999));
    assert_eq!(table.raw(session), []);
    table.pass(Duration::from_millis(1));
    let heard = table.heard(session);
    assert_eq!(kinds(&heard), ["challenge_accepted", "match_found", "game_start", "your_turn"]);
    assert_eq!(heard[0]["challenge_id"], id);
    assert!(["Pebble", "Moss"].contains(&heard[1]["opponent_name"].as_str().unwrap()));
    // It plays on to the end.
    let match_id = heard[1]["match_id"].as_str().unwrap().to_owned();
    table.play(session, &match_id, "paper");
    table.run(seconds(1));
    table.play(session, &match_id, "paper");
    table.run(seconds(1));
    assert!(table.arena.matches()[0].ended.is_some());
    assert_eq!(table.arena.next_deadline(), None);

    // Somebody else was quicker: no house agent comes.
    let other = table.agent("Beta");
    let id = table.challenge(session, "rps", WAGER);
    table.say(other, accept(&id));
    table.run(seconds(2));
    assert_eq!(table.kinds(session).iter().filter(|kind| *kind == "match_found").count(), 1);

    let mut table = Table::new(settings(None));
    let session = table.agent("Alpha");
    table.challenge(session, "rps", WAGER);
    assert_eq!(table.arena.next_deadline(), None, "never");
}

#[tokio::test(start_paused = true)]
async fn the_house_challenges_whoever_comes() {
    let mut table = Table::new(Settings::default());
    let offered = table.arena.open_challenges();
    assert_eq!(offered.len(), 3);
    assert!(offered.iter().all(|open| open.is_house && open.wager_lamports >= 1_000_000));
    assert_eq!(table.arena.next_deadline(), None, "house agents do not accept one another's");
    let session = table.agent("Alpha");
    table.say(session, accept(&offered[1].id));
    let heard = table.heard(session);
    assert_eq!(kinds(&heard), ["challenge_accepted", "match_found", "game_start", "your_turn"]);
    assert_eq!(heard[1]["opponent_id"], offered[1].creator_id);
    assert_eq!(heard[1]["game_type"], offered[1].game_type);
    assert_eq!(heard[1]["wager_lamports"], offered[1].wager_lamports);
    assert_eq!(table.error(session, cancel(&offered[0].id)).0, "not_your_challenge");
    assert_eq!(table.open().len(), 2);
    table.run(Duration::from_millis(250));
    assert_eq!(table.open().len(), 3, "another one follows");

    // The same seed, the same lobby, after a reset too; other seeds have others.
    table.arena.restart(42, table.now);
    assert_eq!(table.open(), offered.iter().map(|open| open.id.clone()).collect::<Vec<_>>());
    table.arena.restart(43, table.now);
    assert_ne!(table.open()[0], offered[0].id);
    assert!(Table::new(no_house()).open().is_empty());
}
