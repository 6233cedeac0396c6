//! A machine with a clock, and what it asked for.

use std::time::Duration;

use botornot_sdk::Reason;
use botornot_sdk::model::{ClientMessage, Guess, MatchId, Push, Reply, Room, ServerFrame};
use botornot_sdk::state::{
    Action, Answer, Ending, Event, Machine, Notice, Phase, RequestNo, SayId, SayOutcome, Settings, Wish,
};
use sdk_core::clock::{Clock, Instant};
use serde_json::{Value, json};

pub(crate) const LOBBY: &str = "room:game:botornot:lobby";
pub(crate) const PROBE: &str = "room:session:AbCd1234QwEr";

/// A push as the platform writes it.
pub(crate) fn pushed(room: &str, event_type: &str, payload: Value) -> Push {
    dated(room, event_type, payload, Value::Null)
}

pub(crate) fn dated(room: &str, event_type: &str, payload: Value, timestamp: Value) -> Push {
    let meta = json!({ "user_id": 42, "timestamp": timestamp });
    let frame = json!({ "room": room, "type": event_type, "payload": payload, "meta": meta });
    match ServerFrame::decode(&frame.to_string().into()).unwrap() {
        ServerFrame::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

/// A reply as the platform writes it.
pub(crate) fn reply(payload: Value) -> Reply {
    let frame = json!({ "id": "1", "room": LOBBY, "event": "reply", "payload": payload });
    match ServerFrame::decode(&frame.to_string().into()).unwrap() {
        ServerFrame::Reply { reply, .. } => reply,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn room_of(id: &str) -> Room {
    Room::of_match(&MatchId::from(id))
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) request: RequestNo,
    pub(crate) room: Room,
    pub(crate) message: ClientMessage,
}

pub(crate) struct Stage {
    pub(crate) machine: Machine,
    clock: Clock,
    pub(crate) joins: Vec<Room>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) told: Vec<Notice>,
    pub(crate) given_up: Vec<u32>,
    pub(crate) reconnects: u32,
}

impl Stage {
    pub(crate) fn new(settings: Settings) -> Self {
        settings.check().unwrap();
        let (joins, sent, told, given_up) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let machine = Machine::new(settings);
        Self { machine, clock: Clock::paused(), joins, sent, told, given_up, reconnects: 0 }
    }

    /// In the lobby, with the request for a match on its way.
    pub(crate) fn in_lobby(settings: Settings) -> Self {
        let mut stage = Self::new(settings);
        stage.connect();
        stage
    }

    /// In the queue.
    pub(crate) fn queued() -> Self {
        let mut stage = Self::in_lobby(Settings::default());
        stage.reply(json!({ "status": "queued" }));
        assert_eq!(stage.phase(), Phase::Queued);
        stage
    }

    /// In a match that has begun.
    pub(crate) fn in_match(id: &str) -> Self {
        let mut stage = Self::queued();
        stage.start(id);
        stage
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.machine.phase()
    }

    pub(crate) fn handle(&mut self, event: Event) {
        for action in self.machine.handle(event, self.clock.now()) {
            match action {
                Action::Join { room, .. } => self.joins.push(room),
                Action::Send { request, room, message } => self.sent.push(Sent { request, room, message }),
                Action::Tell(notice) => self.told.push(notice),
                Action::GiveUp { tries } => self.given_up.push(tries),
                Action::Reconnect => self.reconnects += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn connect(&mut self) {
        self.handle(Event::Opened);
        assert_eq!(self.joins.pop(), Some(Room::lobby()));
        self.joined(LOBBY);
    }

    pub(crate) fn joined(&mut self, room: &str) {
        self.handle(Event::Joined { room: room.into() });
    }

    pub(crate) fn push(&mut self, room: &str, event_type: &str, payload: Value) {
        self.handle(Event::Pushed { push: pushed(room, event_type, payload), wall: None });
    }

    /// In the room of a match.
    pub(crate) fn happens(&mut self, id: &str, event_type: &str, payload: Value) {
        self.push(room_of(id).as_str(), event_type, payload);
    }

    pub(crate) fn found(&mut self, id: &str) {
        self.push(LOBBY, "match:found", json!({ "room": room_of(id), "match_id": id }));
    }

    /// Finds, enters and starts a match.
    pub(crate) fn start(&mut self, id: &str) {
        self.found(id);
        assert_eq!(self.joins.pop(), Some(room_of(id)));
        self.joined(room_of(id).as_str());
        self.happens(id, "match:started", json!({ "duration_sec": 240 }));
        assert_eq!(self.phase(), Phase::InMatch);
    }

    pub(crate) fn wish(&mut self, wish: Wish) {
        self.handle(Event::Wish(wish));
    }

    pub(crate) fn vote(&mut self, id: &str, guess: Guess) {
        self.wish(Wish::Vote { match_id: id.into(), guess });
    }

    pub(crate) fn say(&mut self, id: &str, say: u64, body: &str) {
        self.wish(Wish::Say { match_id: id.into(), say: SayId(say), body: body.into() });
    }

    /// The last thing that was sent.
    pub(crate) fn last(&self) -> Sent {
        self.sent.last().cloned().expect("something was sent")
    }

    pub(crate) fn answer(&mut self, request: RequestNo, answer: Answer) {
        self.handle(Event::Answered { request, answer });
    }

    /// A reply to the last thing that was sent.
    pub(crate) fn reply(&mut self, payload: Value) {
        let request = self.last().request;
        self.answer(request, Answer::Reply(reply(payload)));
    }

    pub(crate) fn refuse(&mut self, reason: &str) {
        let request = self.last().request;
        self.answer(request, Answer::Refused(Reason::read(reason)));
    }

    /// Time passes, with every tick in it at its moment.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.clock.now() + span;
        for _ in 0..10_000 {
            match self.machine.next_deadline().filter(|at| *at <= end) {
                Some(at) => {
                    self.clock.advance(at.saturating_duration_since(self.clock.now()));
                    self.handle(Event::Tick);
                    let next = self.machine.next_deadline();
                    assert!(
                        next.is_none_or(|next| next > self.now()),
                        "a tick that leaves its deadline behind"
                    );
                }
                None => {
                    self.clock.advance(end.saturating_duration_since(self.clock.now()));
                    return;
                }
            }
        }
        panic!("it ticks without end");
    }

    /// What was sent since it was last asked, by type.
    pub(crate) fn sent_types(&mut self) -> Vec<String> {
        self.sent.drain(..).map(|sent| sent.message.event_type().to_owned()).collect()
    }

    pub(crate) fn votes(&self) -> Vec<(Room, Guess)> {
        let vote = |sent: &Sent| match sent.message {
            ClientMessage::Vote { guess } => Some((sent.room.clone(), guess)),
            _ => None,
        };
        self.sent.iter().filter_map(vote).collect()
    }

    pub(crate) fn echoes(&self) -> Vec<String> {
        let echo = |sent: &Sent| match &sent.message {
            ClientMessage::Chat { body } if sent.room.as_str() == PROBE => Some(body.clone()),
            _ => None,
        };
        self.sent.iter().filter_map(echo).collect()
    }

    pub(crate) fn chats(&self) -> Vec<String> {
        let body = |notice: &Notice| match notice {
            Notice::Chat { message, own: false, .. } => Some(message.body.clone()),
            _ => None,
        };
        self.told.iter().filter_map(body).collect()
    }

    pub(crate) fn endings(&self) -> Vec<(String, Ending)> {
        let ending = |notice: &Notice| match notice {
            Notice::MatchEnded { match_id, ending, .. } => Some((match_id.to_string(), *ending)),
            _ => None,
        };
        self.told.iter().filter_map(ending).collect()
    }

    pub(crate) fn said(&self) -> Vec<(u64, SayOutcome)> {
        let said = |notice: &Notice| match notice {
            Notice::Said { say, outcome, .. } => Some((say.0, outcome.clone())),
            _ => None,
        };
        self.told.iter().filter_map(said).collect()
    }

    pub(crate) fn count(&self, is: impl Fn(&Notice) -> bool) -> usize {
        self.told.iter().filter(|notice| is(notice)).count()
    }
}
