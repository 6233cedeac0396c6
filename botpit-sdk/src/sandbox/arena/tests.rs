//! The arena, driven by hand: no socket, and a time that stands still unless told.

mod challenges;
mod exhibition;
mod restored;
mod spectating;
mod taunts;
mod waiting;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use sdk_core::clock::{Clock, Instant};
use serde_json::{Value, json};

use super::{Arena, Outgoing, SessionId, close};
use crate::sandbox::games::{Pair, Side};
use crate::sandbox::house::Strength;
use crate::sandbox::records::EndReason;
use crate::sandbox::seeds::{hex, sha256};
use crate::sandbox::settings::{OnTimeout, Resume, Settings, TieNumbering, WagerRule};

const WAGER: u64 = 10_000_000;

struct Table {
    arena: Arena,
    now: Instant,
    inboxes: BTreeMap<SessionId, Vec<Outgoing>>,
}

fn no_house() -> Settings {
    Settings { house: Vec::new(), ..Settings::default() }
}

impl Table {
    fn new(settings: Settings) -> Self {
        Self::with_clock(settings, Clock::real())
    }

    fn with_clock(settings: Settings, clock: Clock) -> Self {
        let now = Instant::now();
        Self {
            arena: Arena::new(settings, 42, clock, now, SystemTime::UNIX_EPOCH),
            now,
            inboxes: BTreeMap::new(),
        }
    }

    fn collect(&mut self) {
        for (session, outgoing) in self.arena.take_outbox() {
            self.inboxes.entry(session).or_default().push(outgoing);
        }
    }

    fn key(&mut self, name: &str) -> String {
        self.arena.register(name, "wallet", self.now).unwrap().api_key.expose().to_owned()
    }

    fn connect(&mut self) -> SessionId {
        self.arena.connect(self.now)
    }

    fn login(&mut self, key: &str) -> SessionId {
        let session = self.connect();
        self.say(session, json!({ "type": "authenticate", "api_key": key }));
        assert_eq!(self.heard(session)[0]["type"], "authenticated");
        session
    }

    /// A new agent, connected.
    fn agent(&mut self, name: &str) -> SessionId {
        let key = self.key(name);
        self.login(&key)
    }

    fn say(&mut self, session: SessionId, message: Value) {
        self.say_text(session, &message.to_string());
    }

    fn say_text(&mut self, session: SessionId, text: &str) {
        self.arena.on_text(session, text, self.now);
        self.collect();
    }

    fn drop_connection(&mut self, session: SessionId) {
        self.arena.disconnect(session, self.now);
        self.collect();
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.arena.on_time(self.now);
        self.collect();
    }

    /// Lets time run, deadline by deadline, until `span` has passed.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.arena.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.pass(Duration::ZERO);
        }
        self.now = end;
    }

    /// What a session has been sent since it was asked last; frames only.
    fn heard(&mut self, session: SessionId) -> Vec<Value> {
        self.raw(session)
            .into_iter()
            .filter_map(|outgoing| match outgoing {
                Outgoing::Text(text) => Some(serde_json::from_str(&text).unwrap()),
                Outgoing::Close { .. } => None,
            })
            .collect()
    }

    fn raw(&mut self, session: SessionId) -> Vec<Outgoing> {
        self.inboxes.remove(&session).unwrap_or_default()
    }

    fn kinds(&mut self, session: SessionId) -> Vec<String> {
        kinds(&self.heard(session))
    }

    fn error(&mut self, session: SessionId, message: Value) -> (String, String) {
        self.heard(session);
        self.say(session, message);
        let heard = self.heard(session);
        let [error] = heard.as_slice() else { panic!("one answer, not {heard:?}") };
        assert_eq!(error["type"], "error");
        (error["code"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    }

    fn queue(&mut self, session: SessionId, wager: u64) {
        self.say(session, json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": wager }));
    }

    /// Two agents in a match of rock paper scissors, side A first, and the match's id.
    fn seated(&mut self) -> ([SessionId; 2], String) {
        let (x, y) = (self.agent("Alpha"), self.agent("Beta"));
        self.queue(x, WAGER);
        self.queue(y, WAGER);
        let heard = self.heard(x);
        let started = heard.iter().find(|frame| frame["type"] == "game_start").unwrap();
        let id = started["match_id"].as_str().unwrap().to_owned();
        let seats = if started["your_side"] == "a" { [x, y] } else { [y, x] };
        self.heard(y);
        (seats, id)
    }

    fn play(&mut self, session: SessionId, id: &str, choice: &str) {
        self.say(session, json!({ "type": "make_move", "match_id": id, "move_data": { "choice": choice } }));
    }
}

fn kinds(frames: &[Value]) -> Vec<String> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn a_match_goes_as_the_spec_tells_it() {
    let mut table = Table::new(no_house());
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    table.queue(x, WAGER);
    assert_eq!(
        table.raw(x),
        [Outgoing::Text(r#"{"type":"queue_joined","game_type":"rps","position":1}"#.into())]
    );
    table.queue(y, WAGER);
    let heard = table.heard(y);
    assert_eq!(kinds(&heard), ["queue_joined", "match_found", "game_start", "your_turn"]);
    assert_eq!(heard[0]["position"], 2);
    assert_eq!(heard[1]["opponent_name"], "Alpha");
    assert_eq!(heard[1]["wager_lamports"], WAGER);
    assert_eq!(heard[1]["game_type"], "rps");
    let id = heard[1]["match_id"].as_str().unwrap().to_owned();
    let hash = heard[1]["server_seed_hash"].as_str().unwrap().to_owned();
    let (a, b) = if heard[2]["your_side"] == "a" { (y, x) } else { (x, y) };
    let record = table.arena.matches().remove(0);
    let (id_a, id_b) = (record.players.a.agent_id.clone(), record.players.b.agent_id.clone());
    // Frame by frame, in the spec's order of fields.
    table.heard(x);
    table.play(a, &id, "rock");
    assert_eq!(table.raw(a), []);
    assert_eq!(
        table.raw(b),
        [Outgoing::Text(format!(
            r#"{{"type":"opponent_moved","match_id":"{id}","round":1,"move_data":{{}}}}"#
        ))]
    );
    table.play(b, &id, "scissors");
    let result = format!(r#"{{"round":1,"move_a":"rock","move_b":"scissors","round_winner":"{id_a}"}}"#);
    let round_result = Outgoing::Text(format!(
        r#"{{"type":"round_result","match_id":"{id}","round":1,"result":{result},"score":[1,0]}}"#
    ));
    let your_turn = Outgoing::Text(format!(
        r#"{{"type":"your_turn","match_id":"{id}","round":2,"game_state":{{"round":2,"score":[1,0],"rounds_to_win":2,"history":[{result}]}},"timeout_ms":10000}}"#
    ));
    assert_eq!(table.raw(b), [round_result.clone(), your_turn.clone()]);
    let heard = table.raw(a);
    assert_eq!(heard[1..], [round_result, your_turn]);

    table.play(b, &id, "paper");
    table.play(a, &id, "scissors");
    let over_a = table.heard(a).pop().unwrap();
    let over_b = table.raw(b).pop().unwrap();
    let seed = over_a["server_seed"].as_str().unwrap();
    assert_eq!(hex(&sha256(seed)), hash);
    assert_eq!(over_a["winner"], id_a);
    assert_eq!(over_a["payout_lamports"], 19_000_000);
    assert_eq!(
        over_b,
        Outgoing::Text(format!(
            r#"{{"type":"game_over","match_id":"{id}","winner":"{id_a}","final_score":[2,0],"server_seed":"{seed}","payout_lamports":0}}"#
        ))
    );
    let record = table.arena.matches().remove(0);
    assert_eq!((record.ended, record.winner), (Some(EndReason::Score), Some(Side::A)));
    assert_eq!(record.payouts, Pair { a: 19_000_000, b: 0 });
    assert_eq!(record.fee_lamports, 1_000_000);
    assert_eq!((record.moves_sent(1, &id_a), record.moves_sent(2, &id_b)), (1, 1));
    assert_eq!(record.changed_minds(), []);
    assert_eq!(table.arena.stats(), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn authentication_comes_first_and_in_time() {
    let mut table = Table::new(no_house());
    let key = table.key("Alpha");
    let session = table.connect();
    for message in [
        json!({ "type": "ping" }),
        json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": WAGER }),
        json!({ "type": "nonsense" }),
    ] {
        assert_eq!(table.error(session, message).0, "not_authenticated");
    }
    assert_eq!(table.error(session, json!({ "type": "authenticate" })).0, "invalid_message");
    table.say_text(session, "{");
    assert_eq!(table.heard(session)[0]["code"], "invalid_json");
    table.arena.on_binary(session, table.now);
    table.collect();
    assert_eq!(table.heard(session)[0]["code"], "invalid_message");

    table.pass(Duration::from_millis(4_999));
    assert_eq!(table.raw(session), []);
    table.say(session, json!({ "type": "authenticate", "api_key": key }));
    let heard = table.raw(session);
    let Outgoing::Text(text) = &heard[0] else { panic!() };
    assert!(text.starts_with(r#"{"type":"authenticated","agent_id":""#), "{text}");
    assert!(text.ends_with(r#"","agent_name":"Alpha"}"#), "{text}");
    assert_eq!(
        table.error(session, json!({ "type": "authenticate", "api_key": key })).0,
        "already_authenticated"
    );
    table.say(session, json!({ "type": "ping" }));
    assert_eq!(table.raw(session), [Outgoing::Text(r#"{"type":"pong"}"#.into())]);
    table.pass(seconds(3600));
    assert_eq!(table.raw(session), []);

    let late = table.connect();
    table.pass(seconds(5));
    assert!(
        matches!(table.raw(late).as_slice(), [Outgoing::Close { code: close::AUTH_TIMEOUT, .. }]),
        "closed after five seconds"
    );
    table.say(late, json!({ "type": "authenticate", "api_key": key }));
    assert_eq!(table.raw(late), []);
}

#[tokio::test(start_paused = true)]
async fn the_time_to_authenticate_is_the_machines() {
    let mut table = Table::with_clock(no_house(), Clock::scaled(1_000.0));
    let session = table.connect();
    table.pass(seconds(4_999));
    assert_eq!(table.raw(session), []);
    table.pass(seconds(1));
    assert_eq!(table.raw(session).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_refused_and_the_connection_closed() {
    for closes in [true, false] {
        let mut table = Table::new(Settings { close_on_auth_failure: closes, ..no_house() });
        let session = table.connect();
        table.say(session, json!({ "type": "authenticate", "api_key": "bp_live_wrong" }));
        let heard = table.raw(session);
        assert_eq!(
            heard[0],
            Outgoing::Text(
                r#"{"type":"error","code":"auth_failed","message":"invalid or expired API key"}"#.into()
            )
        );
        assert_eq!(heard.len(), if closes { 2 } else { 1 });
        assert_eq!(table.arena.connections(), usize::from(!closes));
    }
}

#[tokio::test(start_paused = true)]
async fn magic_words_make_keys_good_and_bad() {
    let mut table = Table::new(no_house());
    let revoked = table.key("Alpha faultRevoked");
    for key in [revoked.as_str(), "bp_live_faultRevoked", "bp_live_faultRevoked_faultSlow"] {
        let session = table.connect();
        table.say(session, json!({ "type": "authenticate", "api_key": key }));
        assert_eq!(table.heard(session)[0]["code"], "auth_failed", "{key}");
    }
    // A key that orders a fault is an agent of its own, so that the fault can be tried without registering.
    let session = table.login("bp_live_faultDropOnTurn");
    let (id, name, key) = table.arena.identity(session).unwrap();
    assert_eq!((name.as_str(), key.expose()), ("Magic agent", "bp_live_faultDropOnTurn"));
    let again = table.login("bp_live_faultDropOnTurn");
    assert_eq!(table.arena.identity(again).unwrap().0, id);
}

#[tokio::test(start_paused = true)]
async fn a_second_connection_replaces_the_first() {
    let mut table = Table::new(no_house());
    let key = table.key("Alpha");
    let first = table.login(&key);
    table.queue(first, WAGER);
    table.heard(first);
    let second = table.login(&key);
    assert_eq!(
        table.raw(first),
        [
            Outgoing::Text(r#"{"type":"session_replaced"}"#.into()),
            Outgoing::Close { code: close::SESSION_REPLACED, reason: "session replaced" }
        ]
    );
    // The shell's own notice of the old socket's end must not touch the new session.
    table.drop_connection(first);
    assert_eq!(table.arena.stats(), (0, 1));
    // The place in the queue went with the old connection.
    table.queue(second, WAGER);
    assert_eq!(table.heard(second)[0]["position"], 1);
}

#[tokio::test(start_paused = true)]
async fn queueing_is_checked() {
    let mut table = Table::new(no_house());
    let session = table.agent("Alpha");
    let join = |game: &str, wager: Value| json!({ "type": "join_queue", "game_type": game, "wager_lamports": wager });
    let (code, message) = table.error(session, join("chess", json!(WAGER)));
    assert_eq!(code, "unknown_game");
    assert!(message.contains("rps"), "{message}");
    assert_eq!(table.error(session, join("rps", json!(999_999))).0, "invalid_wager");
    assert_eq!(table.error(session, join("rps", json!(u64::MAX))).0, "invalid_wager");
    assert_eq!(table.error(session, join("rps", json!(0.5))).0, "invalid_message");
    assert_eq!(
        table.error(session, json!({ "type": "join_queue", "game_type": "rps" })).0,
        "invalid_message"
    );
    assert_eq!(table.error(session, json!({ "type": "leave_queue" })).0, "not_queued");
    table.queue(session, 1_000_000);
    assert_eq!(table.kinds(session), ["queue_joined"]);
    assert_eq!(table.error(session, join("coinflip", json!(WAGER))).0, "already_queued");
    table.say(session, json!({ "type": "leave_queue" }));
    assert_eq!(table.raw(session), [Outgoing::Text(r#"{"type":"queue_left"}"#.into())]);
    table.queue(session, 1_000_000);
    assert_eq!(table.kinds(session), ["queue_joined"]);
    assert_eq!(table.error(session, json!({ "type": "dance" })).0, "unknown_type");
}

#[tokio::test(start_paused = true)]
async fn only_the_same_game_and_bucket_meet() {
    let mut table = Table::new(no_house());
    let waiting = [table.agent("A"), table.agent("B"), table.agent("C"), table.agent("D")];
    table.queue(waiting[0], 9_999_999);
    table.queue(waiting[1], 100_000_000);
    table.say(
        waiting[2],
        json!({ "type": "join_queue", "game_type": "coinflip", "wager_lamports": 10_000_000 }),
    );
    table.say(waiting[3], json!({ "type": "join_queue", "game_type": "rps", "sandbox": true }));
    for session in waiting {
        assert_eq!(table.kinds(session), ["queue_joined"]);
    }
    let meets = table.agent("E");
    table.queue(meets, 10_000_000);
    assert_eq!(table.kinds(meets), ["queue_joined"]);
    let last = table.agent("F");
    table.queue(last, 99_999_999);
    assert!(table.kinds(meets).contains(&"match_found".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_smaller_wager_counts_unless_told_otherwise() {
    for (rule, expected) in [(WagerRule::Smaller, 10_000_000), (WagerRule::Larger, 90_000_000)] {
        let mut table = Table::new(Settings { wager_rule: rule, ..no_house() });
        let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
        table.queue(x, 10_000_000);
        table.queue(y, 90_000_000);
        for session in [x, y] {
            let heard = table.heard(session);
            let found = heard.iter().find(|frame| frame["type"] == "match_found").unwrap();
            assert_eq!(found["wager_lamports"], expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn free_play_moves_no_money_and_says_so() {
    let mut table = Table::new(Settings { tell_fee: true, ..no_house() });
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 5, "sandbox": true });
    table.say(x, join.clone());
    table.say(y, join);
    let heard = table.heard(x);
    let found = heard.iter().find(|frame| frame["type"] == "match_found").unwrap();
    assert_eq!(found["wager_lamports"], 0);
    table.say(x, json!({ "type": "resign", "match_id": found["match_id"] }));
    let over = table.heard(y).pop().unwrap();
    assert_eq!(
        (&over["payout_lamports"], &over["fee_lamports"], &over["is_sandbox"]),
        (&json!(0), &json!(0), &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn the_fee_is_told_only_when_asked_for() {
    for (tell_fee, fee_bps, payout, fee) in [
        (true, 500, 19_000_000, json!(1_000_000)),
        (true, 250, 19_500_000, json!(500_000)),
        (false, 500, 19_000_000, Value::Null),
    ] {
        let mut table = Table::new(Settings { tell_fee, fee_bps, same_payout_for_both: true, ..no_house() });
        let ([a, b], id) = table.seated();
        table.say(a, json!({ "type": "resign", "match_id": id }));
        for session in [a, b] {
            let over = table.heard(session).pop().unwrap();
            assert_eq!(over["payout_lamports"], payout);
            assert_eq!(over["fee_lamports"], fee);
            assert!(over.get("is_sandbox").is_none());
        }
        assert_eq!(table.arena.matches()[0].ended, Some(EndReason::Resigned));
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_moves_are_named_and_leave_the_turn_open() {
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    let stranger = table.agent("Gamma");
    let make = |id: &str, data: Value| json!({ "type": "make_move", "match_id": id, "move_data": data });
    assert_eq!(table.error(a, make("nowhere", json!({ "choice": "rock" }))).0, "unknown_match");
    assert_eq!(table.error(stranger, make(&id, json!({ "choice": "rock" }))).0, "not_your_match");
    assert_eq!(table.error(stranger, json!({ "type": "resign", "match_id": id })).0, "not_your_match");
    let (code, message) = table.error(a, make(&id, json!({ "choice": "lizard" })));
    assert_eq!(code, "invalid_move");
    assert!(message.contains("scissors"), "{message}");
    let long = json!({ "choice": "rock", "note": "x".repeat(2_000) });
    assert_eq!(table.error(a, make(&id, long)).0, "invalid_move");
    table.play(a, &id, "rock");
    assert_eq!(table.error(a, make(&id, json!({ "choice": "rock" }))).0, "already_moved");
    assert_eq!(table.error(a, make(&id, json!({ "choice": "paper" }))).0, "already_moved");
    table.play(b, &id, "scissors");
    assert_eq!(table.heard(a)[1]["score"], json!([1, 0]), "the first move counts");
    let record = &table.arena.matches()[0];
    assert_eq!(record.moves_sent(1, &record.players.a.agent_id), 5);
    assert_eq!(record.changed_minds(), [(0, Side::A)]);
    table.say(b, json!({ "type": "resign", "match_id": id }));
    assert_eq!(table.error(a, make(&id, json!({ "choice": "rock" }))).0, "match_over");
    assert_eq!(table.error(b, json!({ "type": "resign", "match_id": id })).0, "match_over");
}

#[tokio::test(start_paused = true)]
async fn between_rounds_it_is_nobodys_turn() {
    let mut table = Table::new(Settings { between_rounds: seconds(1), ..no_house() });
    let ([a, b], id) = table.seated();
    let make = json!({ "type": "make_move", "match_id": id, "move_data": { "choice": "rock" } });
    assert_eq!(table.error(a, make.clone()).0, "not_your_turn");
    table.pass(seconds(1));
    assert_eq!(table.kinds(a), ["your_turn"]);
    table.play(a, &id, "rock");
    table.play(b, &id, "paper");
    assert_eq!(table.kinds(a), ["opponent_moved", "round_result"]);
    assert_eq!(table.error(b, make).0, "not_your_turn");
    table.pass(seconds(1));
    assert_eq!(table.kinds(a), ["your_turn"]);
}

#[tokio::test(start_paused = true)]
async fn a_tie_is_replayed_under_either_number() {
    for (tie_numbering, next) in [(TieNumbering::NextNumber, 2), (TieNumbering::SameNumber, 1)] {
        let mut table = Table::new(Settings { tie_numbering, ..no_house() });
        let ([a, b], id) = table.seated();
        table.play(a, &id, "rock");
        table.play(b, &id, "rock");
        let heard = table.heard(a);
        assert_eq!(kinds(&heard), ["opponent_moved", "round_result", "your_turn"]);
        assert_eq!(heard[1]["result"]["round_winner"], Value::Null);
        assert_eq!(heard[1]["score"], json!([0, 0]));
        assert_eq!((&heard[2]["round"], &heard[2]["game_state"]["round"]), (&json!(next), &json!(next)));
        assert_eq!(heard[2]["game_state"]["history"], json!([heard[1]["result"]]));
        table.play(a, &id, "paper");
        table.play(b, &id, "rock");
        assert_eq!(table.heard(a)[1]["round"], next);
        let record = &table.arena.matches()[0];
        assert_eq!(record.changed_minds(), [], "a replay is a question of its own");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endless_match_ends_at_the_limit_of_rounds() {
    for (last, winner) in [("rock", None), ("paper", Some(Side::A))] {
        let mut table = Table::new(Settings { max_rounds: 3, ..no_house() });
        let ([a, b], id) = table.seated();
        for choice in ["rock", "rock", last] {
            table.play(a, &id, choice);
            table.play(b, &id, "rock");
        }
        let record = &table.arena.matches()[0];
        assert_eq!((record.ended, record.winner), (Some(EndReason::RoundLimit), winner));
        let over = table.heard(b).pop().unwrap();
        assert_eq!(over["winner"].is_null(), winner.is_none());
        assert_eq!(over["payout_lamports"], if winner.is_none() { WAGER } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_move_forfeits_the_round() {
    let mut table = Table::new(no_house());
    let ([a, b], id) = table.seated();
    table.play(b, &id, "rock");
    table.pass(Duration::from_millis(9_999));
    table.heard(a);
    table.pass(Duration::from_millis(1));
    let heard = table.heard(a);
    assert_eq!(kinds(&heard), ["round_result", "your_turn"]);
    assert_eq!(
        (&heard[0]["result"]["move_a"], &heard[0]["result"]["move_b"]),
        (&Value::Null, &json!("rock"))
    );
    assert_eq!(heard[0]["score"], json!([0, 1]));
    // A move at the very deadline is late, also when nobody looked at the clock before it arrived.
    table.play(b, &id, "rock");
    table.now += seconds(10);
    table.play(a, &id, "paper");
    let over = table.heard(a).pop().unwrap();
    assert_eq!((over["code"].as_str(), table.arena.stats().0), (Some("match_over"), 0));
    assert_eq!(table.arena.matches()[0].winner, Some(Side::B));
}

#[tokio::test(start_paused = true)]
async fn a_late_move_forfeits_the_game_when_told_so() {
    let settings =
        || Settings { on_timeout: OnTimeout::ForfeitGame, turn_timeout: Some(seconds(2)), ..no_house() };
    let mut table = Table::new(settings());
    let ([a, b], id) = table.seated();
    table.play(a, &id, "rock");
    table.pass(seconds(2));
    assert_eq!(table.kinds(b), ["opponent_moved", "game_over"]);
    let record = &table.arena.matches()[0];
    assert_eq!((record.ended, record.winner), (Some(EndReason::TimedOut), Some(Side::A)));
    assert_eq!(record.payouts.a, 19_000_000);

    let mut table = Table::new(settings());
    table.seated();
    table.pass(seconds(2));
    let record = &table.arena.matches()[0];
    assert_eq!((record.ended, record.winner), (Some(EndReason::NobodyMoved), None));
    assert_eq!((record.payouts, record.fee_lamports), (Pair { a: WAGER, b: WAGER }, 0));
}

#[tokio::test(start_paused = true)]
async fn a_match_that_nobody_plays_ends_as_a_draw() {
    let mut table = Table::new(no_house());
    let ([a, b], _) = table.seated();
    table.drop_connection(a);
    table.drop_connection(b);
    table.run(seconds(29));
    assert_eq!(table.arena.stats(), (1, 0));
    table.run(seconds(1));
    let record = &table.arena.matches()[0];
    assert_eq!((record.ended, record.winner, record.rounds.len()), (Some(EndReason::NobodyMoved), None, 3));
    assert_eq!(record.completed_at, Some(SystemTime::UNIX_EPOCH + seconds(30)));
    assert_eq!(table.arena.next_deadline(), None, "nothing is left behind");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_back_gets_its_open_turn_with_the_time_that_is_left() {
    for (resume, expected) in [
        (Resume::Started, vec!["authenticated", "game_start", "your_turn"]),
        (Resume::Whole, vec!["authenticated", "match_found", "game_start", "your_turn"]),
        (Resume::TurnOnly, vec!["authenticated", "your_turn"]),
    ] {
        // Ten times as fast: ten seconds of the match are one of the client's.
        let mut table = Table::with_clock(Settings { resume, ..no_house() }, Clock::scaled(10.0));
        let key = table.key("Alpha");
        let (x, y) = (table.login(&key), table.agent("Beta"));
        table.queue(x, WAGER);
        table.queue(y, WAGER);
        let asked = table.heard(x).pop().unwrap();
        assert_eq!(asked["timeout_ms"], 1_000);
        table.drop_connection(x);
        table.pass(seconds(4));
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        let heard = table.heard(back);
        assert_eq!(kinds(&heard), expected);
        let again = heard.last().unwrap();
        assert_eq!(again["timeout_ms"], 600);
        assert_eq!(again["game_state"], asked["game_state"]);
        assert_eq!((&again["match_id"], &again["round"]), (&asked["match_id"], &asked["round"]));

        // Moved already: the question is not repeated.
        let id = again["match_id"].as_str().unwrap().to_owned();
        table.play(back, &id, "rock");
        table.drop_connection(back);
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        assert_eq!(table.kinds(back), expected[..expected.len() - 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_goes_on_without_an_agent_that_is_away() {
    for missed_game_over in [true, false] {
        let mut table = Table::new(Settings { missed_game_over, ..no_house() });
        let key = table.key("Alpha");
        let (x, y) = (table.login(&key), table.agent("Beta"));
        table.queue(x, WAGER);
        table.queue(y, WAGER);
        let id = table.heard(y)[1]["match_id"].as_str().unwrap().to_owned();
        table.drop_connection(x);
        for _ in 0..2 {
            table.play(y, &id, "rock");
            table.pass(seconds(10));
        }
        let over = table.heard(y).pop().unwrap();
        assert_eq!((&over["type"], &over["payout_lamports"]), (&json!("game_over"), &json!(19_000_000)));
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        let heard = table.kinds(back);
        let told: &[&str] =
            if missed_game_over { &["authenticated", "game_over"] } else { &["authenticated"] };
        assert_eq!(heard, told);
        table.drop_connection(back);
        let back = table.connect();
        table.say(back, json!({ "type": "authenticate", "api_key": key }));
        assert_eq!(table.kinds(back), ["authenticated"], "told once");
    }
}

#[tokio::test(start_paused = true)]
async fn queueing_during_a_match_can_be_forbidden() {
    for (queue_while_playing, expected) in [(true, "queue_joined"), (false, "error")] {
        let mut table = Table::new(Settings { queue_while_playing, ..no_house() });
        let ([a, _], _) = table.seated();
        table.heard(a);
        table.queue(a, WAGER);
        assert_eq!(table.kinds(a), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_house_agent_sits_down_when_nobody_else_does() {
    let mut table = Table::new(Settings { house: vec![Strength::Novice], ..Settings::default() });
    let session = table.agent("Alpha");
    table.queue(session, WAGER);
    table.pass(Duration::from_millis(249));
    assert_eq!(table.kinds(session), ["queue_joined"]);
    table.pass(Duration::from_millis(1));
    let heard = table.heard(session);
    assert_eq!(kinds(&heard), ["match_found", "game_start", "your_turn"]);
    let name = heard[0]["opponent_name"].as_str().unwrap();
    assert!(["Pebble", "Moss"].contains(&name), "{name}");
    let id = heard[0]["match_id"].as_str().unwrap().to_owned();
    // It plays after a moment's thought, and a novice plays rock.
    table.play(session, &id, "paper");
    table.pass(Duration::from_millis(19));
    assert_eq!(table.kinds(session), [""; 0]);
    table.pass(Duration::from_millis(1));
    assert_eq!(table.kinds(session), ["opponent_moved", "round_result", "your_turn"]);
    table.pass(Duration::from_millis(20));
    table.play(session, &id, "paper");
    assert_eq!(table.kinds(session), ["opponent_moved", "round_result", "game_over"]);
    let record = &table.arena.matches()[0];
    let mine = record.side_of(&record.players.get(record.winner.unwrap()).agent_id).unwrap();
    assert!(!record.players.get(mine).is_house);
    assert_eq!(table.arena.next_deadline(), None);

    // Two who wait for one another get no house agent.
    let other = table.agent("Beta");
    table.queue(session, WAGER);
    table.pass(Duration::from_millis(100));
    table.queue(other, WAGER);
    table.run(Duration::from_millis(500));
    assert!(
        table
            .arena
            .matches()
            .iter()
            .skip(1)
            .all(|played| !played.players.a.is_house && !played.players.b.is_house)
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_evening() {
    let evening = || {
        let mut table = Table::new(Settings::default());
        let session = table.agent("Alpha");
        let mut story = Vec::new();
        for _ in 0..5 {
            table.queue(session, WAGER);
            for _ in 0..60 {
                table.run(Duration::from_millis(50));
                for frame in table.heard(session) {
                    if frame["type"] == "your_turn" {
                        table.play(session, frame["match_id"].as_str().unwrap(), "paper");
                    }
                    story.push(frame.to_string());
                }
            }
        }
        assert_eq!(table.arena.matches().len(), 5);
        story
    };
    assert_eq!(evening(), evening());
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_matches_is_bounded() {
    let mut table = Table::new(Settings { keep_matches: 3, ..no_house() });
    let (x, y) = (table.agent("Alpha"), table.agent("Beta"));
    for _ in 0..10 {
        table.queue(x, WAGER);
        table.queue(y, WAGER);
        let heard = table.heard(x);
        let id = heard.iter().find(|frame| frame["type"] == "match_found").unwrap()["match_id"].clone();
        table.say(x, json!({ "type": "resign", "match_id": id }));
    }
    assert_eq!(table.arena.matches().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_all_but_the_agents() {
    let mut table = Table::new(Settings::default());
    let key = table.key("Alpha");
    let first_match = |table: &mut Table| {
        let session = table.login(&key);
        table.queue(session, WAGER);
        table.run(seconds(1));
        let heard = table.heard(session);
        let found = heard.iter().find(|frame| frame["type"] == "match_found").unwrap();
        (session, found["server_seed_hash"].clone(), found["opponent_name"].clone())
    };
    let before = first_match(&mut table);
    table.arena.restart(42, table.now);
    table.collect();
    assert!(matches!(table.raw(before.0).as_slice(), [Outgoing::Close { code: close::RESET, .. }]));
    assert_eq!((table.arena.stats(), table.arena.matches().len()), ((0, 0), 0));
    assert_eq!(table.arena.next_deadline(), None);
    let after = first_match(&mut table);
    assert_eq!((&before.1, &before.2), (&after.1, &after.2), "the same seed, the same match");
    assert_ne!(before.0, after.0, "a connection of before is never mistaken for one of now");
}

/// Something that a client, or the world, does.
#[derive(Debug, Clone)]
enum Deed {
    Challenge(u64),
    Accept,
    CancelChallenge,
    Watch,
    StopWatching,
    Taunt,
    Rotate,
    Connect,
    Drop,
    Queue { coinflip: bool, wager: u64, free: bool },
    Leave,
    Move(&'static str),
    Resign,
    Noise(String),
    Ping,
    Wait(u64),
}

fn deeds() -> impl Strategy<Value = (bool, Deed)> {
    let deed = prop_oneof![
        2 => Just(Deed::Connect),
        1 => Just(Deed::Drop),
        4 => (any::<bool>(), prop_oneof![Just(1_u64), 1_000_000_u64..12_000_000, Just(u64::MAX)], prop::bool::weighted(0.1))
            .prop_map(|(coinflip, wager, free)| Deed::Queue { coinflip, wager, free }),
        1 => Just(Deed::Leave),
        12 => prop::sample::select(vec!["rock", "paper", "scissors", "heads", "tails", "lizard"]).prop_map(Deed::Move),
        1 => Just(Deed::Resign),
        1 => ".{0,40}".prop_map(Deed::Noise),
        1 => Just(Deed::Ping),
        2 => prop_oneof![Just(0_u64), Just(1), Just(50_000_000)].prop_map(Deed::Challenge),
        2 => Just(Deed::Accept),
        1 => Just(Deed::CancelChallenge),
        1 => Just(Deed::Watch),
        1 => Just(Deed::StopWatching),
        1 => Just(Deed::Taunt),
        1 => Just(Deed::Rotate),
        3 => (0_u64..12_000).prop_map(Deed::Wait),
    ];
    (any::<bool>(), deed)
}

fn any_settings() -> impl Strategy<Value = Settings> {
    (any::<[bool; 7]>(), 0_u16..=10_000, 1_u32..20).prop_map(
        |([house, game, same, larger, strict, pause, kept], fee_bps, max_rounds)| Settings {
            house: if house { vec![Strength::Novice, Strength::Expert] } else { Vec::new() },
            on_timeout: if game { OnTimeout::ForfeitGame } else { OnTimeout::ForfeitRound },
            tie_numbering: if same { TieNumbering::SameNumber } else { TieNumbering::NextNumber },
            wager_rule: if larger { WagerRule::Larger } else { WagerRule::Smaller },
            queue_while_playing: !strict,
            keep_challenges: kept,
            between_rounds: if pause { Duration::from_millis(300) } else { Duration::ZERO },
            fee_bps,
            max_rounds,
            ..Settings::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever two clients do: nothing panics, every match that began ends once, at most one `game_over` a side
    /// arrives, and the money balances to the lamport.
    #[test]
    fn whatever_clients_do_the_books_balance(settings in any_settings(), story in prop::collection::vec(deeds(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut table = Table::new(settings);
            let keys = [table.key("Alpha"), table.key("Beta")];
            let mut sessions: [Option<SessionId>; 2] = [None, None];
            let mut opened: [Vec<String>; 2] = Default::default();
            let mut over: [Vec<String>; 2] = Default::default();
            for (second, deed) in story {
                let who = usize::from(second);
                let match_id = opened[who].last().cloned().unwrap_or_else(|| "none".to_owned());
                let message = match deed {
                    Deed::Connect => {
                        let session = table.connect();
                        sessions[who] = Some(session);
                        Some(json!({ "type": "authenticate", "api_key": keys[who] }).to_string())
                    }
                    Deed::Drop => {
                        if let Some(session) = sessions[who].take() {
                            table.drop_connection(session);
                        }
                        None
                    }
                    Deed::Queue { coinflip, wager, free } => Some(
                        json!({ "type": "join_queue", "game_type": if coinflip { "coinflip" } else { "rps" },
                            "wager_lamports": wager, "sandbox": free }).to_string(),
                    ),
                    Deed::Leave => Some(json!({ "type": "leave_queue" }).to_string()),
                    Deed::Move(choice) => Some(
                        json!({ "type": "make_move", "match_id": match_id, "move_data": { "choice": choice } }).to_string(),
                    ),
                    Deed::Resign => Some(json!({ "type": "resign", "match_id": match_id }).to_string()),
                    Deed::Noise(text) => Some(text),
                    Deed::Ping => Some(json!({ "type": "ping" }).to_string()),
                    Deed::Challenge(wager) => Some(
                        json!({ "type": "create_challenge", "game_type": "rps", "wager_lamports": wager }).to_string(),
                    ),
                    Deed::Accept | Deed::CancelChallenge => {
                        let kind = if matches!(deed, Deed::Accept) { "accept_challenge" } else { "cancel_challenge" };
                        let open = table.arena.open_challenges().pop().map_or_else(String::new, |open| open.id);
                        Some(json!({ "type": kind, "challenge_id": open }).to_string())
                    }
                    Deed::Watch => {
                        let other = opened[1 - who].last().cloned().unwrap_or_default();
                        Some(json!({ "type": "spectate_match", "match_id": other }).to_string())
                    }
                    Deed::StopWatching => Some(json!({ "type": "stop_spectating" }).to_string()),
                    Deed::Taunt => Some(
                        json!({ "type": "send_taunt", "match_id": match_id, "taunt_id": "gg" }).to_string(),
                    ),
                    Deed::Rotate => {
                        if let Some(agent) = table.arena.connected(["Alpha", "Beta"][who]) {
                            table.arena.close_sessions_of(agent, table.now);
                            table.collect();
                        }
                        sessions[who] = None;
                        None
                    }
                    Deed::Wait(ms) => {
                        table.run(Duration::from_millis(ms));
                        None
                    }
                };
                if let (Some(text), Some(session)) = (message, sessions[who]) {
                    table.say_text(session, &text);
                }
                for who in 0..2 {
                    let Some(session) = sessions[who] else { continue };
                    for frame in table.heard(session) {
                        let id = || frame["match_id"].as_str().unwrap().to_owned();
                        match frame["type"].as_str().unwrap() {
                            "match_found" => opened[who].push(id()),
                            "game_over" => over[who].push(id()),
                            _ => {}
                        }
                    }
                }
            }
            // Everybody leaves; what is open is decided by time.
            for session in sessions.into_iter().flatten() {
                table.drop_connection(session);
            }
            table.run(seconds(3600));
            prop_assert_eq!(table.arena.stats(), (0, 0));
            prop_assert_eq!(table.arena.connections(), 0);
            prop_assert_eq!(table.arena.next_deadline(), None);
            prop_assert!(table.arena.spectators.is_empty());
            let matches = table.arena.matches();
            let mut ids: Vec<&String> = matches.iter().map(|played| &played.id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), matches.len(), "each match ends once");
            for played in &matches {
                prop_assert!(played.ended.is_some() && played.completed_at.is_some());
                prop_assert_eq!(
                    u128::from(played.payouts.a) + u128::from(played.payouts.b) + u128::from(played.fee_lamports),
                    u128::from(played.wager_lamports) * 2
                );
                let won = |side| played.rounds.iter().filter(|round| round.winner == Some(side)).count();
                prop_assert_eq!(won(Side::A), played.score.a as usize);
                prop_assert_eq!(won(Side::B), played.score.b as usize);
            }
            for mut told in over {
                let count = told.len();
                told.sort();
                told.dedup();
                prop_assert_eq!(told.len(), count, "game_over comes once");
            }
            Ok(())
        })?;
    }
}
