//! How many events a second the pure state machine takes, in whole matches.

use std::hint::black_box;
use std::time::Instant;

use botornot_sdk::Guess;
use botornot_sdk::model::{MatchId, Push, Reply, Room, ServerFrame};
use botornot_sdk::sdk_core::clock::Clock;
use botornot_sdk::state::{Action, Answer, Event, Machine, Settings, Wish};

use crate::Outcome;

/// The messages of one match.
const MESSAGES: usize = 30;

/// Plays so many matches without a socket.
pub(crate) fn measure(matches: usize) -> Outcome<()> {
    let ok = reply()?;
    let id = MatchId::from("abc123");
    let lobby = Room::lobby();
    let room = Room::of_match(&id);
    let found = push(&lobby, "match:found", r#"{"room":"room:game:botornot:abc123","match_id":"abc123"}"#)?;
    let mut pushes = vec![push(&room, "match:started", r#"{"duration_sec":240}"#)?];
    for number in 0..MESSAGES {
        let payload = format!(r#"{{"from":"opponent","body":"and number {number}?"}}"#);
        pushes.push(push(&room, "chat:message", &payload)?);
    }
    let ending = [
        push(&room, "vote:ack", r#"{"guess":"agent"}"#)?,
        push(&room, "match:reveal", r#"{"opponent_kind":"agent","correct":true,"opponent_vote":"human"}"#)?,
        push(&room, "match:ended", "{}")?,
    ];
    let clock = Clock::paused();
    let mut run = Run { machine: Machine::new(Settings::default()), clock, ok, events: 0 };
    let began = Instant::now();
    run.feed(Event::Opened);
    for _ in 0..matches {
        run.push(&found);
        pushes.iter().for_each(|push| run.push(push));
        run.feed(Event::Wish(Wish::Vote { match_id: id.clone(), guess: Guess::Agent }));
        ending.iter().for_each(|push| run.push(push));
    }
    let rate = run.events as f64 / began.elapsed().as_secs_f64();
    println!("machine events/s {rate:.0}");
    Ok(())
}

struct Run {
    machine: Machine,
    clock: Clock,
    ok: Reply,
    events: u64,
}

impl Run {
    fn push(&mut self, push: &Push) {
        self.feed(Event::Pushed { push: push.clone(), wall: None });
    }

    /// Gives the machine an event, and what follows from its actions.
    fn feed(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            self.events += 1;
            for action in self.machine.handle(event, self.clock.now()) {
                match action {
                    Action::Join { room, .. } => events.push(Event::Joined { room }),
                    Action::Send { request, .. } => {
                        events.push(Event::Answered { request, answer: Answer::Reply(self.ok.clone()) });
                    }
                    other => {
                        black_box(other);
                    }
                }
            }
        }
    }
}

fn push(room: &Room, event_type: &str, payload: &str) -> Outcome<Push> {
    let text = format!(
        r#"{{"room":"{room}","type":"{event_type}","payload":{payload},"meta":{{"user_id":42,"timestamp":"2026-03-02T00:00:00Z"}}}}"#
    );
    match ServerFrame::decode(&text.as_str().into())? {
        ServerFrame::Push(push) => Ok(push),
        other => Err(format!("{other:?} is no push").into()),
    }
}

fn reply() -> Outcome<Reply> {
    let text =
        r#"{"id":"1","room":"room:game:botornot:lobby","event":"reply","payload":{"status":"queued"}}"#;
    match ServerFrame::decode(&text.into())? {
        ServerFrame::Reply { reply, .. } => Ok(reply),
        other => Err(format!("{other:?} is no reply").into()),
    }
}
