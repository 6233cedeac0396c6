//! The arena shared by everything that runs: connections, REST calls, and the task that keeps its time.

use std::collections::HashMap;

use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::{Timed, Timekeeper};
use tokio::sync::mpsc;

use super::accounts::AccountId;
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

    /// Does something to the arena now, and delivers what comes of it.
    pub(crate) fn act<T>(&self, deed: impl FnOnce(&mut Arena, Instant) -> T) -> T {
        self.0.act(|state, now| deed(&mut state.arena, now))
    }

    /// A new connection, and what it is to be sent. The receiver ends after a close frame, and when too much waits.
    pub(crate) fn connect(&self, account: AccountId) -> (SessionId, mpsc::Receiver<Outgoing>) {
        let (outlet, outgoing) = mpsc::channel(MAX_WAITING_FRAMES);
        let session = self.0.act(|state, now| {
            let session = state.arena.connect(account, now);
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
