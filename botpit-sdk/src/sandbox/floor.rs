//! The arena shared by everything that runs: connections, REST calls, and the task that keeps its time.

use std::collections::HashMap;

use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::{Timed, Timekeeper};
use tokio::sync::mpsc;

use super::arena::{Arena, Outgoing, SessionId};

/// How many frames may wait for a client that does not read. One more, and its connection is dropped.
pub(crate) const MAX_WAITING_FRAMES: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Floor(Timekeeper<State>);

struct State {
    arena: Arena,
    outlets: HashMap<SessionId, mpsc::Sender<Outgoing>>,
}

impl Floor {
    pub(crate) fn new(arena: Arena, clock: Clock) -> Self {
        Self(Timekeeper::new(State { arena, outlets: HashMap::new() }, clock))
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.0.clock()
    }

    /// Does something to the arena now, and delivers what comes of it.
    pub(crate) fn act<T>(&self, deed: impl FnOnce(&mut Arena, Instant) -> T) -> T {
        self.0.act(|state, now| deed(&mut state.arena, now))
    }

    /// A new connection, and what it is to be sent. The receiver ends after a close frame, and when too much waits.
    pub(crate) fn connect(&self) -> (SessionId, mpsc::Receiver<Outgoing>) {
        let (outlet, outgoing) = mpsc::channel(MAX_WAITING_FRAMES);
        let session = self.0.act(|state, now| {
            let session = state.arena.connect(now);
            state.outlets.insert(session, outlet);
            session
        });
        (session, outgoing)
    }

    pub(crate) fn disconnect(&self, session: SessionId) {
        self.0.act(|state, now| {
            state.outlets.remove(&session);
            state.arena.disconnect(session, now);
        });
    }

    /// Does what is due when it is due, for ever.
    pub(crate) async fn keep_time(&self) {
        self.0.keep_time().await;
    }
}

impl Timed for State {
    fn next_deadline(&self) -> Option<Instant> {
        self.arena.next_deadline()
    }

    fn on_time(&mut self, now: Instant) {
        self.arena.on_time(now);
    }

    fn deliver(&mut self) {
        for (session, outgoing) in self.arena.take_outbox() {
            let last = matches!(outgoing, Outgoing::Close { .. });
            let taken = self.outlets.get(&session).is_some_and(|outlet| outlet.try_send(outgoing).is_ok());
            if last || !taken {
                self.outlets.remove(&session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use serde_json::{Value, json};

    use super::super::settings::Settings;
    use super::*;

    fn floor() -> Arc<Floor> {
        let clock = Clock::real();
        let arena = Arena::new(Settings::default(), 1, clock.clone(), clock.now(), SystemTime::UNIX_EPOCH);
        Arc::new(Floor::new(arena, clock))
    }

    async fn frame(outgoing: &mut mpsc::Receiver<Outgoing>) -> Value {
        match outgoing.recv().await {
            Some(Outgoing::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_moves_the_arena_on() {
        let floor = floor();
        let keeper = tokio::spawn({
            let floor = Arc::clone(&floor);
            async move { floor.keep_time().await }
        });
        let key = floor.act(|arena, now| arena.register("Alpha", "wallet", now)).unwrap().api_key;
        let (session, mut outgoing) = floor.connect();
        let say = |message: Value| floor.act(|arena, now| arena.on_text(session, &message.to_string(), now));
        say(json!({ "type": "authenticate", "api_key": key.expose() }));
        assert_eq!(frame(&mut outgoing).await["type"], "authenticated");
        let start = Instant::now();
        say(json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 }));
        let mut kinds = Vec::new();
        loop {
            let frame = frame(&mut outgoing).await;
            let kind = frame["type"].as_str().unwrap().to_owned();
            kinds.push(kind);
            if frame["type"] == "your_turn" {
                say(
                    json!({ "type": "make_move", "match_id": frame["match_id"], "move_data": { "choice": "paper" } }),
                );
            }
            if frame["type"] == "game_over" {
                break;
            }
        }
        assert_eq!(kinds[..4], ["queue_joined", "match_found", "game_start", "your_turn"]);
        assert!(start.elapsed() >= Duration::from_millis(250), "a house agent waits first");
        floor.disconnect(session);
        assert_eq!(floor.act(|arena, _| arena.connections()), 0);
        keeper.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_dropped() {
        let floor = floor();
        let (session, mut outgoing) = floor.connect();
        for _ in 0..=MAX_WAITING_FRAMES {
            floor.act(|arena, now| arena.on_text(session, "nonsense", now));
        }
        let mut received = 0;
        while outgoing.recv().await.is_some() {
            received += 1;
        }
        assert_eq!(received, MAX_WAITING_FRAMES);
    }
}
