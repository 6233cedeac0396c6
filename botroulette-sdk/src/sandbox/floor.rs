//! The network shared by everything that runs: tunnels, REST calls, and the task that keeps its time.

use std::collections::HashMap;

use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::{Timed, Timekeeper};
use tokio::sync::{mpsc, oneshot};

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

#[derive(Debug)]
pub(crate) struct Floor(Timekeeper<State>);

struct State {
    network: Network,
    tunnels: HashMap<TunnelId, mpsc::Sender<ToTunnel>>,
    callers: HashMap<CallNumber, oneshot::Sender<Answer>>,
}

impl Floor {
    pub(crate) fn new(network: Network, clock: Clock) -> Self {
        let state = State { network, tunnels: HashMap::new(), callers: HashMap::new() };
        Self(Timekeeper::new(state, clock))
    }

    /// Does something to the network now, and delivers what comes of it.
    pub(crate) fn act<T>(&self, deed: impl FnOnce(&mut Network, Instant) -> T) -> T {
        self.0.act(|state, now| deed(&mut state.network, now))
    }

    /// A new tunnel, and what it is to be sent. The receiver ends after a close, and when too much waits.
    pub(crate) fn connect(&self) -> (TunnelId, mpsc::Receiver<ToTunnel>) {
        let (outlet, outgoing) = mpsc::channel(MAX_WAITING_FRAMES);
        let tunnel = self.0.act(|state, now| {
            let tunnel = state.network.connect(now);
            state.tunnels.insert(tunnel, outlet);
            tunnel
        });
        (tunnel, outgoing)
    }

    pub(crate) fn disconnect(&self, tunnel: TunnelId) {
        self.0.act(|state, now| {
            state.tunnels.remove(&tunnel);
            state.network.disconnect(tunnel, now);
        });
    }

    /// Makes a call, and waits for its answer.
    pub(crate) async fn call(
        &self,
        begin: impl FnOnce(&mut Network, Instant) -> Result<CallNumber, Answer>,
    ) -> Answer {
        let begun = self.0.act(|state, now| {
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

    /// Does what is due when it is due, for ever.
    pub(crate) async fn keep_time(&self) {
        self.0.keep_time().await;
    }
}

impl Timed for State {
    fn next_deadline(&self) -> Option<Instant> {
        self.network.next_deadline()
    }

    fn on_time(&mut self, now: Instant) {
        self.network.on_time(now);
    }

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
