//! The arena, driven by hand: no socket, and a time that stands still unless told.

mod compliance;
mod matches;
mod rooms;
mod whatever_clients_do;

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::Seed;
use serde_json::{Value, json};

use super::{Arena, LOBBY, Outgoing, SessionId};
use crate::sandbox::records::{SandboxAccount, SandboxIdentity, SandboxMatch};
use crate::sandbox::settings::{Compliance, Settings};

/// 2026-03-03T00:00:00Z, the day of the spec's examples.
const EPOCH: u64 = 1_772_496_000;

struct Table {
    arena: Arena,
    now: Instant,
    inboxes: BTreeMap<SessionId, Vec<Outgoing>>,
    asked: u32,
}

/// Two clients, no house, no compliance check.
fn quiet() -> Settings {
    Settings { house: Vec::new(), compliance: Compliance::Off, ..Settings::default() }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn types(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().or(frame["event"].as_str()).unwrap_or("?").to_owned())
        .collect()
}

fn find<'a>(frames: &'a [Value], event_type: &str) -> &'a Value {
    frames
        .iter()
        .find(|frame| frame["type"] == event_type)
        .unwrap_or_else(|| panic!("no {event_type} in {frames:#?}"))
}

impl Table {
    fn new(settings: Settings) -> Self {
        Self::with_clock(settings, Clock::real())
    }

    fn with_clock(settings: Settings, clock: Clock) -> Self {
        let now = Instant::now();
        let start = UNIX_EPOCH + seconds(EPOCH);
        Self {
            arena: Arena::new(settings, Seed(42), clock, now, start),
            now,
            inboxes: BTreeMap::new(),
            asked: 0,
        }
    }

    fn collect(&mut self) {
        for (session, outgoing) in self.arena.take_outbox() {
            self.inboxes.entry(session).or_default().push(outgoing);
        }
    }

    fn identity(&mut self, name: &str) -> SandboxIdentity {
        self.arena.register_agent(name, None).unwrap()
    }

    fn connect(&mut self, identity: &SandboxIdentity) -> SessionId {
        let dialect = crate::sandbox::routes::dialect();
        let account = self.arena.admit(identity.token.expose(), &dialect).unwrap();
        let session = self.arena.connect(account, self.now);
        self.collect();
        session
    }

    /// A new agent in the lobby, which has heard the snapshots.
    fn agent(&mut self, name: &str) -> SessionId {
        let identity = self.identity(name);
        self.in_lobby(&identity)
    }

    fn in_lobby(&mut self, identity: &SandboxIdentity) -> SessionId {
        let session = self.connect(identity);
        self.join(session, LOBBY);
        self.heard(session);
        session
    }

    fn text(&mut self, session: SessionId, text: &str) {
        self.arena.on_text(session, text, self.now);
        self.collect();
    }

    fn join(&mut self, session: SessionId, room: &str) -> String {
        self.asked += 1;
        let id = self.asked.to_string();
        self.text(session, &json!({ "id": id, "room": room, "event": "join", "payload": {} }).to_string());
        id
    }

    fn say(&mut self, session: SessionId, room: &str, event_type: &str, payload: Value) -> String {
        self.asked += 1;
        let id = self.asked.to_string();
        self.text(
            session,
            &json!({ "id": id, "room": room, "type": event_type, "payload": payload }).to_string(),
        );
        id
    }

    /// Sends, and gives the answer: its payload. What else was heard is forgotten.
    fn ask(&mut self, session: SessionId, room: &str, event_type: &str, payload: Value) -> Value {
        self.heard(session);
        let id = self.say(session, room, event_type, payload);
        let heard = self.heard(session);
        let mut answers = heard.iter().filter(|frame| frame["id"] == id.as_str());
        let answer = answers.next().unwrap_or_else(|| panic!("no answer in {heard:?}"));
        assert!(answers.next().is_none(), "one answer, not {heard:?}");
        assert_eq!(answer["room"], room);
        answer["payload"].clone()
    }

    fn refusal(&mut self, session: SessionId, room: &str, event_type: &str, payload: Value) -> String {
        let answer = self.ask(session, room, event_type, payload);
        answer["reason"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn join_refusal(&mut self, session: SessionId, room: &str) -> String {
        self.heard(session);
        let id = self.join(session, room);
        let heard = self.heard(session);
        let answer = heard.iter().find(|frame| frame["id"] == id.as_str()).unwrap();
        assert_eq!(answer["event"], "error", "{answer}");
        answer["payload"]["reason"].as_str().unwrap().to_owned()
    }

    fn drop_connection(&mut self, session: SessionId) {
        self.arena.disconnect(session, self.now);
        self.collect();
    }

    /// Lets time run, deadline by deadline, until `span` has passed.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.arena.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.arena.on_time(self.now);
            self.collect();
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

    fn texts(&mut self, session: SessionId) -> Vec<String> {
        self.raw(session)
            .into_iter()
            .filter_map(|outgoing| match outgoing {
                Outgoing::Text(text) => Some(text),
                Outgoing::Close { .. } => None,
            })
            .collect()
    }

    fn raw(&mut self, session: SessionId) -> Vec<Outgoing> {
        self.inboxes.remove(&session).unwrap_or_default()
    }

    fn request(&mut self, session: SessionId) {
        self.say(session, LOBBY, "match:request", json!({}));
    }

    /// Two agents in a match that has started, and its room. Both have heard what came until then.
    fn seated(&mut self) -> ([SessionId; 2], String) {
        let (x, y) = (self.agent("alpha"), self.agent("beta"));
        let room = self.meet(x, y);
        ([x, y], room)
    }

    fn meet(&mut self, x: SessionId, y: SessionId) -> String {
        self.request(x);
        self.request(y);
        let heard = self.heard(x);
        let room = find(&heard, "match:found")["payload"]["room"].as_str().unwrap().to_owned();
        self.join(x, &room);
        self.join(y, &room);
        self.heard(x);
        self.heard(y);
        room
    }

    fn last_match(&self) -> SandboxMatch {
        self.arena.matches().pop().unwrap()
    }

    fn account(&self, handle: &str) -> SandboxAccount {
        self.arena.accounts().into_iter().find(|account| account.handle == handle).unwrap()
    }
}
