//! The tunnel played through without a socket.

use std::collections::HashSet;
use std::time::Duration;

use sdk_core::error::{Error, codes as core_codes};
use sdk_core::socket::{Rehearsal, Verdict};
use serde_json::Value;

use super::{
    ANSWERED_KEPT, Bounds, Command, Complaint, REFUSALS_WAITING, RequestKey, Told, Tunnel, complaint,
};
use crate::live::TunnelEvent;
use crate::live::response::Response;

const AUTH_OK: &str = r#"{"type":"auth_ok","tunnel_url":"https://zeph.tunnel.botroulette.net"}"#;

struct Stage(Rehearsal<Tunnel>);

impl Stage {
    fn new(max_at_once: usize) -> Self {
        let bounds = Bounds {
            max_at_once,
            max_bytes_at_once: 1 << 20,
            drain_limit: Duration::from_secs(25),
            stays: false,
        };
        let url = "ws://127.0.0.1/ws".parse().unwrap();
        Self(Rehearsal::new(Tunnel::new(url, "kp_live_s3cr3t".into(), bounds)))
    }

    fn online(max_at_once: usize) -> Self {
        let mut stage = Self::new(max_at_once);
        stage.0.connect().unwrap();
        stage.0.hear(AUTH_OK);
        stage.0.events();
        stage
    }

    fn ask(&mut self, id: u64) {
        self.0.hear(format!(r#"{{"type":"request","id":{id},"body":"{{}}"}}"#));
    }

    fn requests(&mut self) -> Vec<RequestKey> {
        self.0
            .events()
            .into_iter()
            .filter_map(|told| match told {
                Told::Request(key, ..) => Some(key),
                Told::Event(_) => None,
            })
            .collect()
    }

    fn answer(&mut self, key: &RequestKey) -> bool {
        let response = Response::of(200, "{}".to_owned());
        self.0.act(|tunnel, cx| tunnel.answer(key, &response, cx))
    }

    fn lose(&mut self) -> Verdict {
        self.0.lose(Error::new(&core_codes::CONNECTION_LOST, "the connection broke"))
    }

    /// The ids and statuses of what was written.
    fn written(&mut self) -> Vec<(u64, u64)> {
        let frames = self.0.written();
        let frames = frames.iter().map(|text| serde_json::from_str::<Value>(text.as_str()).unwrap());
        frames.map(|frame| (frame["id"].as_u64().unwrap(), frame["status"].as_u64().unwrap())).collect()
    }
}

#[test]
fn the_greeting_is_the_documented_one_and_shows_no_key() {
    let mut stage = Stage::new(1);
    let dial = stage.0.connect().unwrap();
    let greeting = dial.greeting.as_ref().unwrap();
    assert_eq!(greeting.expose(), r#"{"type":"auth","api_key":"kp_live_s3cr3t"}"#);
    assert!(!format!("{dial:?} {:?}", stage.0.protocol()).contains("s3cr3t"));
    assert!(!stage.0.is_ready());
    stage.0.hear(AUTH_OK);
    assert!(stage.0.is_ready());
}

#[test]
fn a_refusal_that_repeats_the_key_does_not_show_it() {
    let mut stage = Stage::new(1);
    stage.0.connect().unwrap();
    stage.0.hear(r#"{"type":"error","message":"Invalid API key kp_live_s3cr3t"}"#);
    let error = stage.0.outcome().unwrap().clone().unwrap_err();
    assert!(error.is_auth() && !format!("{error} {error:?}").contains("s3cr3t"), "{error}");
}

/// In every interleaving of requests, answers, losses and drains: one answer a request at most, on its own connection, and
/// none before the key was accepted.
#[test]
fn no_interleaving_gets_past_the_one_exit() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut stage = Stage::new(4);
        let (mut connected, mut online) = (false, false);
        let mut known: Vec<RequestKey> = Vec::new();
        let (mut asked, mut answered) = (HashSet::new(), HashSet::new());
        let mut connection = 0;
        for _ in 0..200 {
            if stage.0.outcome().is_some() {
                break;
            }
            match random.u8(0..20) {
                0 if connected => {
                    stage.lose();
                    (connected, online) = (false, false);
                }
                1..=3 if !connected => {
                    stage.0.connect().unwrap();
                    connected = true;
                    connection += 1;
                }
                4..=6 if connected => {
                    stage.0.hear(AUTH_OK);
                    online = true;
                }
                7 if random.u8(0..40) == 0 => stage.0.command(Command::Drain),
                8..=13 if connected => {
                    let id = random.u64(0..40);
                    stage.ask(id);
                    if online {
                        asked.insert((connection, id));
                    }
                }
                _ => {
                    // Any key that was ever handed out, fresh or stale.
                    if let Some(key) = random.choice(&known).cloned() {
                        stage.answer(&key);
                    }
                }
            }
            known.extend(stage.requests());
            for (id, _) in stage.written() {
                assert!(online, "seed {seed}: written before the key was accepted");
                assert!(
                    asked.contains(&(connection, id)),
                    "seed {seed}: nobody asked {id} on this connection"
                );
                assert!(answered.insert((connection, id)), "seed {seed}: {id} was answered twice");
            }
        }
        assert!(stage.0.protocol().open.len() <= 4, "seed {seed}");
    }
}

#[test]
fn an_answer_leaves_once() {
    let mut stage = Stage::online(4);
    stage.ask(1);
    let keys = stage.requests();
    assert!(stage.answer(&keys[0]));
    assert!(!stage.answer(&keys[0]));
    assert_eq!(stage.written(), [(1, 200)]);
}

#[test]
fn a_request_that_comes_again_after_its_answer_is_told_and_not_answered_again() {
    let mut stage = Stage::online(4);
    stage.ask(1);
    let keys = stage.requests();
    assert!(stage.answer(&keys[0]));
    stage.ask(1);
    let told = stage.0.events();
    assert!(matches!(
        told.as_slice(),
        [Told::Event(TunnelEvent::NotAnswered(error))] if error.code().id() == "duplicate_request"
    ));
    // One that was refused was answered too.
    let refused = r#"{"type":"request","id":2,"method":7}"#;
    stage.0.hear(refused);
    stage.0.hear(refused);
    assert_eq!(stage.written(), [(1, 200), (2, 400)]);
    // Another connection counts anew.
    stage.lose();
    stage.0.connect().unwrap();
    stage.0.hear(AUTH_OK);
    stage.0.events();
    stage.ask(1);
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn what_was_answered_is_remembered_within_a_bound() {
    let mut stage = Stage::online(4);
    for id in 0..2 * ANSWERED_KEPT as u64 {
        stage.ask(id);
        let keys = stage.requests();
        assert!(stage.answer(&keys[0]));
        assert_eq!(stage.written().len(), 1);
    }
    let answered = &stage.0.protocol().answered;
    assert_eq!((answered.ids.len(), answered.order.len()), (ANSWERED_KEPT, ANSWERED_KEPT));
    stage.ask(ANSWERED_KEPT as u64);
    assert!(stage.requests().is_empty(), "the oldest that is remembered");
    stage.ask(ANSWERED_KEPT as u64 - 1);
    assert_eq!(stage.requests().len(), 1, "forgotten");
}

#[test]
fn a_relay_that_takes_nothing_gets_no_endless_refusals_and_every_answer_still_finds_room() {
    let mut stage = Stage::online(1);
    stage.ask(0);
    let keys = stage.requests();
    stage.0.stall(true);
    for id in 1..=3_000 {
        stage.ask(id);
    }
    assert!(stage.answer(&keys[0]));
    stage.0.stall(false);
    let written = stage.written();
    assert_eq!(written.iter().filter(|(_, status)| *status == 503).count(), REFUSALS_WAITING);
    assert_eq!(written.last(), Some(&(0, 200)));
    let left_out = stage.0.events().into_iter().filter(
        |told| matches!(told, Told::Event(TunnelEvent::NotAnswered(error)) if error.code().id() == "unanswered"),
    );
    assert_eq!(left_out.count(), 3_000 - REFUSALS_WAITING, "none is left out silently");
    // Written, and there is room again.
    stage.ask(9_000);
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn words_tell_a_refused_key_from_other_trouble() {
    for (kind, words, before, after) in [
        ("error", "Invalid or expired API key", Complaint::Key, Complaint::Key),
        ("error", "Auth failed", Complaint::Key, Complaint::Other),
        ("error", "Unauthorized", Complaint::Key, Complaint::Other),
        ("error", "forbidden path", Complaint::Key, Complaint::Other),
        ("auth_error", "nope", Complaint::Key, Complaint::Key),
        ("auth_failed", "try again later", Complaint::Other, Complaint::Other),
        ("error", "Key was revoked", Complaint::Key, Complaint::Key),
        ("error", "replaced by another connection", Complaint::Replaced, Complaint::Replaced),
        ("error", "Service unavailable", Complaint::Other, Complaint::Other),
        ("error", "Rate limit for this API key", Complaint::Other, Complaint::Other),
        ("error", "", Complaint::Other, Complaint::Other),
    ] {
        assert_eq!(complaint(kind, words, false), before, "{kind} {words}");
        assert_eq!(complaint(kind, words, true), after, "{kind} {words}");
    }
}

#[test]
fn the_relays_ping_is_answered() {
    let mut stage = Stage::online(1);
    stage.0.hear(r#"{"type":"ping"}"#);
    assert_eq!(stage.0.written()[0].as_str(), r#"{"type":"pong"}"#);
}
