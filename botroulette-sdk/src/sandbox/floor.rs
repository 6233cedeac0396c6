//! The network shared by everything that runs: tunnels, REST calls, and the task that keeps its time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sdk_core::clock::{Clock, Instant};
use tokio::sync::{Notify, mpsc, oneshot};

use super::answer::Answer;
use super::network::{CallNumber, Network, Outgoing, TunnelId};

/// How many frames may wait for a tunnel that does not read. One more, and it is dropped.
pub(crate) const MAX_WAITING_FRAMES: usize = 4_096;

/// What a tunnel is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToTunnel {
    Text(String),
    Close(u16, &'static str),
}

pub(crate) struct Floor {
    clock: Clock,
    state: Mutex<State>,
    sooner: Notify,
}

struct State {
    network: Network,
    tunnels: HashMap<TunnelId, mpsc::Sender<ToTunnel>>,
    callers: HashMap<CallNumber, oneshot::Sender<Answer>>,
}

impl Floor {
    pub(crate) fn new(network: Network, clock: Clock) -> Self {
        let state = State { network, tunnels: HashMap::new(), callers: HashMap::new() };
        Self { clock, state: Mutex::new(state), sooner: Notify::new() }
    }

    /// Does something to the network now, and delivers what comes of it.
    pub(crate) fn act<T>(&self, deed: impl FnOnce(&mut Network, Instant) -> T) -> T {
        self.with(|state, now| deed(&mut state.network, now))
    }

    /// A new tunnel, and what it is to be sent. The receiver ends after a close, and when too much waits.
    pub(crate) fn connect(&self) -> (TunnelId, mpsc::Receiver<ToTunnel>) {
        let (outlet, outgoing) = mpsc::channel(MAX_WAITING_FRAMES);
        let tunnel = self.with(|state, now| {
            let tunnel = state.network.connect(now);
            state.tunnels.insert(tunnel, outlet);
            tunnel
        });
        (tunnel, outgoing)
    }

    pub(crate) fn disconnect(&self, tunnel: TunnelId) {
        self.with(|state, now| {
            state.tunnels.remove(&tunnel);
            state.network.disconnect(tunnel, now);
        });
    }

    /// Makes a call, and waits for its answer.
    pub(crate) async fn call(
        &self,
        begin: impl FnOnce(&mut Network, Instant) -> Result<CallNumber, Answer>,
    ) -> Answer {
        let begun = self.with(|state, now| {
            let number = begin(&mut state.network, now)?;
            let (outlet, answer) = oneshot::channel();
            state.callers.insert(number, outlet);
            Ok(answer)
        });
        let answered = match begun {
            Ok(answer) => answer.await,
            Err(refused) => return refused,
        };
        // The network answers every call; the floor is gone only together with the server.
        let gone = |_| Answer::error(http::StatusCode::SERVICE_UNAVAILABLE, "The sandbox ends");
        answered.unwrap_or_else(gone)
    }

    fn with<T>(&self, deed: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.lock();
        let before = state.network.next_deadline();
        let result = deed(&mut state, self.clock.now());
        state.deliver();
        let after = state.network.next_deadline();
        drop(state);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.notify_one();
        }
        result
    }

    /// Does what is due when it is due, for ever.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.lock().network.next_deadline();
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = sleep_until(&self.clock, next) => {}
            }
            self.act(|network, now| network.on_time(now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The network has no half-done state that a panic elsewhere could leave behind and a later caller could notice.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self) {
        for outgoing in self.network.take_outbox() {
            let (tunnel, message) = match outgoing {
                Outgoing::Frame(tunnel, text) => (tunnel, ToTunnel::Text(text)),
                Outgoing::Close(tunnel, code, reason) => (tunnel, ToTunnel::Close(code, reason)),
                Outgoing::Answer(number, answer) => {
                    // A caller that hung up does not hear it.
                    let _ = self.callers.remove(&number).map(|caller| caller.send(answer));
                    continue;
                }
            };
            let last = matches!(message, ToTunnel::Close(..));
            let taken = self.tunnels.get(&tunnel).is_some_and(|outlet| outlet.try_send(message).is_ok());
            if last || !taken {
                self.tunnels.remove(&tunnel);
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
