//! The arena shared by everything that runs: connections, REST calls, and the task that keeps its time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sdk_core::clock::{Clock, Instant};
use tokio::sync::{Notify, mpsc};

use super::accounts::AccountId;
use super::arena::{Arena, Outgoing, SessionId};

/// How many frames may wait for a client that does not read. One more, and its connection is dropped.
pub(crate) const MAX_WAITING_FRAMES: usize = 1_024;

pub(crate) struct Floor {
    clock: Clock,
    state: Mutex<State>,
    sooner: Notify,
}

struct State {
    arena: Arena,
    outlets: HashMap<SessionId, mpsc::Sender<Outgoing>>,
}

impl Floor {
    pub(crate) fn new(arena: Arena, clock: Clock) -> Self {
        Self { clock, state: Mutex::new(State { arena, outlets: HashMap::new() }), sooner: Notify::new() }
    }

    /// Does something to the arena now, and delivers what comes of it.
    pub(crate) fn act<T>(&self, deed: impl FnOnce(&mut Arena, Instant) -> T) -> T {
        self.with(|state, now| deed(&mut state.arena, now))
    }

    /// A new connection, and what it is to be sent. The receiver ends after a close frame, and when too much waits.
    pub(crate) fn connect(&self, account: AccountId) -> (SessionId, mpsc::Receiver<Outgoing>) {
        let (outlet, outgoing) = mpsc::channel(MAX_WAITING_FRAMES);
        let session = self.with(|state, now| {
            let session = state.arena.connect(account, now);
            state.outlets.insert(session, outlet);
            session
        });
        (session, outgoing)
    }

    pub(crate) fn disconnect(&self, session: SessionId) {
        self.with(|state, now| {
            state.outlets.remove(&session);
            state.arena.disconnect(session, now);
        });
    }

    fn with<T>(&self, deed: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.lock();
        let before = state.arena.next_deadline();
        let result = deed(&mut state, self.clock.now());
        state.deliver();
        let after = state.arena.next_deadline();
        drop(state);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.notify_one();
        }
        result
    }

    /// Does what is due when it is due, for ever.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.lock().arena.next_deadline();
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = sleep_until(&self.clock, next) => {}
            }
            self.act(Arena::on_time);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The arena has no half-done state that a panic elsewhere could leave behind and a later caller could notice.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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

async fn sleep_until(clock: &Clock, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").field("clock", &self.clock).finish_non_exhaustive()
    }
}
