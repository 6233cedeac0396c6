//! What holds under any events in any order: repeated, late, out of turn, or missing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use botornot_sdk::Reason;
use botornot_sdk::model::{ClientMessage, Guess, MatchId, Room};
use botornot_sdk::state::{
    Action, Answer, Event, Machine, Notice, Phase, Queue, RequestNo, SayId, Settings, Wish,
};
use proptest::prelude::*;
use sdk_core::clock::Clock;
use serde_json::{Value, json};

use super::stage::{LOBBY, PROBE, dated, pushed, reply, room_of};

/// One thing that happens to a machine.
#[derive(Debug, Clone)]
enum Step {
    Opened,
    Closed,
    Joined(usize),
    JoinRefused(usize, usize),
    /// An answer to one of the last requests.
    Answered {
        back: usize,
        answer: usize,
    },
    Pushed {
        room: usize,
        what: usize,
        second: u8,
    },
    Pass(u16),
    Wish(usize, usize),
    /// The last event comes once more.
    Again,
}

const MATCHES: [&str; 3] = ["m1", "m2", "test_1"];
const REASONS: [&str; 12] = [
    ":rate_limited",
    ":not_joined",
    ":forbidden",
    ":not_found",
    ":not_in_match",
    ":vote_not_open",
    ":agent_cannot_vote",
    ":invalid_probe_token",
    "unsupported_event",
    "probe_required",
    "{:already_tracked, 1}",
    ":on_fire",
];

fn rooms() -> Vec<Room> {
    let matches = MATCHES.iter().map(|id| room_of(id));
    [LOBBY, PROBE, "room:session:Other"].into_iter().map(Room::from).chain(matches).collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Opened),
        1 => Just(Step::Closed),
        6 => (0..6_usize).prop_map(Step::Joined),
        2 => (0..6_usize, 0..=REASONS.len()).prop_map(|(room, reason)| Step::JoinRefused(room, reason)),
        8 => (0..4_usize, 0..30_usize).prop_map(|(back, answer)| Step::Answered { back, answer }),
        14 => (0..6_usize, 0..20_usize, 0..4_u8).prop_map(|(room, what, second)| Step::Pushed { room, what, second }),
        6 => (0..60_u16).prop_map(Step::Pass),
        6 => (0..12_usize, 0..3_usize).prop_map(|(wish, id)| Step::Wish(wish, id)),
        4 => Just(Step::Again),
    ]
}

fn answer(number: usize) -> Answer {
    let status = |payload: Value| Answer::Reply(reply(payload));
    match number {
        0..=3 => status(json!({ "status": "queued" })),
        4 | 5 => status(json!({ "status": "already_queued" })),
        6..=8 => {
            let id = MATCHES[number - 6];
            status(json!({ "status": "already_active", "room": room_of(id), "match_id": id }))
        }
        9 => status(json!({ "status": "already_active" })),
        10 | 11 => status(json!({ "status": "probe_required", "room": PROBE })),
        12 => status(json!({ "status": "probe_required" })),
        13..=15 => status(json!({ "status": "ok" })),
        16 => status(json!({ "status": "on_holiday" })),
        17 => Answer::Lost,
        _ => Answer::Refused(Reason::read(REASONS[(number - 18) % REASONS.len()])),
    }
}

fn push_event(room: usize, what: usize, second: u8) -> Event {
    let rooms = rooms();
    let room = rooms[room].as_str();
    let at = json!(format!("2026-03-02T00:00:0{second}Z"));
    let found = |id: &str| pushed(LOBBY, "match:found", json!({ "room": room_of(id), "match_id": id }));
    let token = |token: &str| {
        let room = if room.starts_with("room:session") { room } else { PROBE };
        dated(room, "chat:message", json!({ "body": "echo", "probe_token": token }), at.clone())
    };
    let push = match what {
        0..=2 => found(MATCHES[what]),
        3 => pushed(LOBBY, "room:sync", json!({ "room": PROBE })),
        4 => pushed(LOBBY, "room:sync", json!({ "room": LOBBY })),
        5 => token("t1"),
        6 => token("t2"),
        7 | 8 => pushed(room, "match:started", json!({ "duration_sec": 240 })),
        9 => dated(room, "match:started", json!({ "ends_at": "2026-03-02T00:00:30Z" }), at),
        10 | 11 => dated(room, "chat:message", json!({ "from": "opponent", "body": "hi" }), at),
        12 => pushed(room, "chat:message", json!({ "from": "self", "body": "me" })),
        13 => pushed(room, "vote:phase", json!({ "voted_by": "opponent", "must_vote": true })),
        14 => pushed(room, "vote:phase", json!({ "chat_locked": true })),
        15 => pushed(room, "vote:ack", json!({ "guess": "agent" })),
        16 => pushed(room, "match:reveal", json!({ "correct": true })),
        17 | 18 => pushed(room, "match:ended", json!({})),
        _ => pushed(room, "moon:rise", json!({})),
    };
    Event::Pushed { push, wall: None }
}

/// A machine under watch.
struct Watched {
    machine: Machine,
    clock: Clock,
    online: bool,
    requests: Vec<RequestNo>,
    tokens_in_room: BTreeMap<String, u32>,
    /// How often a token may have become due again: a refusal, a renewed demand, a new connection.
    renewals: u32,
    votes: BTreeMap<MatchId, BTreeSet<Guess>>,
    counted: BTreeSet<MatchId>,
    current: Option<MatchId>,
    started: bool,
    says_open: BTreeSet<u64>,
    next_say: u64,
    phase: Phase,
    last: Option<Event>,
    outstanding_joins: Vec<Room>,
    outstanding_sends: Vec<(RequestNo, Room, ClientMessage)>,
    ended: u32,
}

impl Watched {
    fn new(settings: Settings) -> Self {
        Self {
            machine: Machine::new(settings),
            clock: Clock::paused(),
            online: false,
            requests: Vec::new(),
            tokens_in_room: BTreeMap::new(),
            renewals: 0,
            votes: BTreeMap::new(),
            counted: BTreeSet::new(),
            current: None,
            started: false,
            says_open: BTreeSet::new(),
            next_say: 0,
            phase: Phase::Offline,
            last: None,
            outstanding_joins: Vec::new(),
            outstanding_sends: Vec::new(),
            ended: 0,
        }
    }

    fn handle(&mut self, event: Event) {
        match &event {
            Event::Opened => (self.online, self.renewals) = (true, self.renewals + 1),
            Event::Closed => self.online = false,
            Event::Answered { .. } | Event::JoinRefused { .. } => self.renewals += 1,
            _ => {}
        }
        self.last = Some(event.clone());
        for action in self.machine.handle(event, self.clock.now()) {
            self.watch(action);
        }
    }

    fn watch(&mut self, action: Action) {
        match action {
            Action::Join { room, .. } => {
                assert!(self.online, "a join without a connection");
                self.outstanding_joins.push(room);
            }
            Action::Send { request, room, message } => {
                assert!(self.online, "a message without a connection");
                assert!(!self.requests.contains(&request), "a number that came twice");
                self.requests.push(request);
                self.watch_message(&room, &message);
                self.outstanding_sends.push((request, room, message));
            }
            Action::Tell(notice) => self.watch_notice(notice),
            Action::Reconnect => {
                assert!(self.online, "a new connection without an old one");
                assert_eq!(self.current, None, "a match is not interrupted");
            }
            other => panic!("{other:?}"),
        }
    }

    fn watch_message(&mut self, room: &Room, message: &ClientMessage) {
        let current = self.current.as_ref().map(Room::of_match);
        match message {
            ClientMessage::MatchRequest | ClientMessage::MatchTestRequest => assert!(room.is_lobby()),
            ClientMessage::Vote { guess } => {
                assert_eq!(Some(room), current.as_ref(), "a vote into another room");
                let id = self.current.clone().unwrap();
                assert!(!self.counted.contains(&id), "a vote after it was counted");
                let votes = self.votes.entry(id).or_default();
                votes.insert(*guess);
                assert_eq!(votes.len(), 1, "two different votes in one match");
            }
            ClientMessage::Chat { body } if body.starts_with('t') => {
                assert!(room.as_str().starts_with("room:session:"));
                let echoes = self.tokens_in_room.entry(format!("{room} {body}")).or_default();
                *echoes += 1;
                assert!(*echoes <= 1 + self.renewals, "a token echoed for no reason");
            }
            _ => assert_eq!(Some(room), current.as_ref(), "{message:?} into another room"),
        }
    }

    fn watch_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Phase(phase) => {
                assert!(may_follow(self.phase, phase), "{} -> {phase}", self.phase);
                self.phase = phase;
            }
            Notice::MatchFound { match_id, .. } => {
                assert_eq!(self.current, None, "a match inside a match");
                // One that was lost from sight and came back is a match of its own.
                self.votes.remove(&match_id);
                self.counted.remove(&match_id);
                (self.current, self.started) = (Some(match_id), false);
            }
            Notice::MatchStarted { match_id, .. } => {
                assert_eq!(Some(&match_id), self.current.as_ref());
                assert!(!std::mem::replace(&mut self.started, true), "begun twice");
            }
            Notice::MatchEnded { match_id, .. } => {
                assert_eq!(Some(match_id), self.current.take(), "an end without a match");
                self.ended += 1;
            }
            Notice::VoteCounted { match_id, .. } => {
                assert!(self.counted.insert(match_id), "counted twice");
            }
            Notice::Chat { match_id, .. } | Notice::VoteWanted { match_id, .. } => {
                assert_eq!(Some(match_id), self.current);
            }
            Notice::Said { say, .. } => assert!(self.says_open.remove(&say.0), "told twice"),
            _ => {}
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Opened if !self.online => self.handle(Event::Opened),
            Step::Closed if self.online => self.handle(Event::Closed),
            Step::Joined(room) => self.handle(Event::Joined { room: rooms()[*room].clone() }),
            Step::JoinRefused(room, reason) => {
                let reason = REASONS.get(*reason).map(|reason| Reason::read(reason));
                self.handle(Event::JoinRefused { room: rooms()[*room].clone(), reason });
            }
            Step::Answered { back, answer: number } => {
                if let Some(request) = self.requests.iter().rev().nth(*back).copied() {
                    self.handle(Event::Answered { request, answer: answer(*number) });
                }
            }
            Step::Pushed { room, what, second } => self.handle(push_event(*room, *what, *second)),
            Step::Pass(seconds) => self.pass(Duration::from_secs((*seconds).into())),
            Step::Wish(wish, id) => self.wish(*wish, MATCHES[*id].into()),
            Step::Again => {
                let repeated = self.last.clone().filter(|event| {
                    !matches!(event, Event::Opened | Event::Closed | Event::Wish(Wish::Say { .. }))
                });
                if let Some(event) = repeated {
                    self.handle(event);
                }
            }
            _ => {}
        }
    }

    fn wish(&mut self, wish: usize, match_id: MatchId) {
        let wish = match wish {
            0..=3 => {
                self.next_say += 1;
                self.says_open.insert(self.next_say);
                Wish::Say { match_id, say: SayId(self.next_say), body: "hello".into() }
            }
            4 | 5 => Wish::Vote { match_id, guess: Guess::Human },
            6 => Wish::Vote { match_id, guess: Guess::Agent },
            7 => Wish::Lean { match_id, guess: Guess::Agent },
            8 => Wish::Typing { match_id, typing: true },
            9 => Wish::Pause,
            _ => Wish::Queue(Queue::Rated),
        };
        self.handle(Event::Wish(wish));
    }

    fn pass(&mut self, span: Duration) {
        let end = self.clock.now() + span;
        for _ in 0..10_000 {
            let Some(at) = self.machine.next_deadline().filter(|at| *at <= end) else {
                self.clock.advance(end.saturating_duration_since(self.clock.now()));
                return;
            };
            self.clock.advance(at.saturating_duration_since(self.clock.now()));
            self.handle(Event::Tick);
            let next = self.machine.next_deadline();
            assert!(next.is_none_or(|next| next > self.clock.now()), "a tick leaves its deadline behind");
        }
        panic!("it ticks without end");
    }

    /// From now on the platform behaves. The bot gets to the end of a match of its own, with its vote counted.
    fn recovers(&mut self) {
        self.handle(Event::Wish(Wish::Queue(Queue::Rated)));
        if self.online {
            self.handle(Event::Closed);
        }
        self.outstanding_joins.clear();
        self.outstanding_sends.clear();
        self.handle(Event::Opened);
        let (good, room) = ("good", room_of("good"));
        let mut in_queue = false;
        for _ in 0..400 {
            for joined in std::mem::take(&mut self.outstanding_joins) {
                let is_match = joined == room;
                self.handle(Event::Joined { room: joined });
                if is_match {
                    self.handle(Event::Pushed {
                        push: pushed(room.as_str(), "match:started", json!({ "duration_sec": 240 })),
                        wall: None,
                    });
                }
            }
            for (request, _, message) in std::mem::take(&mut self.outstanding_sends) {
                let answer =
                    |payload: Value| Event::Answered { request, answer: Answer::Reply(reply(payload)) };
                match message {
                    ClientMessage::MatchRequest if self.current == Some(good.into()) => {
                        self.handle(answer(
                            json!({ "status": "already_active", "room": room, "match_id": good }),
                        ));
                    }
                    ClientMessage::MatchRequest => {
                        self.handle(answer(json!({ "status": "queued" })));
                        in_queue = true;
                    }
                    ClientMessage::Vote { .. } => {
                        self.handle(answer(json!({ "status": "ok" })));
                        for (event, payload) in
                            [("match:reveal", json!({ "correct": true })), ("match:ended", json!({}))]
                        {
                            self.handle(Event::Pushed {
                                push: pushed(room.as_str(), event, payload),
                                wall: None,
                            });
                        }
                        assert!(self.counted.contains(&MatchId::from(good)));
                        assert_eq!(self.current, None);
                        return;
                    }
                    _ => {}
                }
            }
            if std::mem::take(&mut in_queue) && self.current.is_none() {
                let found = pushed(LOBBY, "match:found", json!({ "room": room, "match_id": good }));
                self.handle(Event::Pushed { push: found, wall: None });
                continue;
            }
            if self.outstanding_joins.is_empty() && self.outstanding_sends.is_empty() {
                self.pass(Duration::from_secs(10));
            }
        }
        panic!("it never finished a match: {:#?}", self.machine);
    }
}

/// The arrows of the spec's drawing, and the two that every state has: the connection is lost, the lobby is left.
fn may_follow(from: Phase, to: Phase) -> bool {
    use Phase::*;
    match to {
        Offline => true,
        SocketOpen => true,
        LobbyJoined => matches!(from, SocketOpen | Ended | ProbePending | Queued),
        // A match from before the lost connection is on its way back.
        Queued => !matches!(from, Offline | Queued),
        ProbePending => matches!(from, SocketOpen | LobbyJoined | Queued | Ended),
        // A room that is spoken in was entered.
        MatchJoined => matches!(from, Queued | LobbyJoined | SocketOpen | ProbePending | Ended),
        InMatch => matches!(from, MatchJoined | Queued | SocketOpen),
        Ended => matches!(from, Queued | MatchJoined | InMatch | SocketOpen | LobbyJoined | ProbePending),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_a_promise_and_none_is_the_end(
        steps in proptest::collection::vec(step(), 0..120),
        test in any::<bool>(),
    ) {
        let queue = if test { Queue::Test } else { Queue::Rated };
        let settings = Settings::default().queue(queue).compliance_tries(None);
        let mut watched = Watched::new(settings);
        watched.handle(Event::Opened);
        watched.handle(Event::Joined { room: LOBBY.into() });
        for step in &steps {
            watched.step(step);
        }
        watched.recovers();
        watched.handle(Event::Closed);
        prop_assert!(watched.says_open.is_empty(), "a text of which nothing was told");
    }

    #[test]
    fn a_match_in_any_order_is_voted_in(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(), missing in 0..9_usize) {
        let mut watched = Watched::new(Settings::default());
        watched.handle(Event::Opened);
        watched.handle(Event::Joined { room: LOBBY.into() });
        watched.handle(push_event(0, 0, 0));
        let room = room_of("m1");
        for number in order.into_iter().filter(|number| *number != missing) {
            let event = match number {
                0 => Event::Joined { room: room.clone() },
                1 => push_event(3, 7, 0),
                2 => push_event(3, 10, 1),
                3 => push_event(3, 10, 1),
                4 => push_event(3, 13, 2),
                5 => push_event(0, 0, 0),
                6 => push_event(0, 3, 0),
                _ => push_event(0, 5, 0),
            };
            watched.handle(event);
        }
        watched.pass(Duration::from_secs(250));
        prop_assert_eq!(watched.votes.get(&MatchId::from("m1")).map(BTreeSet::len), Some(1));
    }
}
