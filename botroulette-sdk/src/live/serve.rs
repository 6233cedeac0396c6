//! Bringing a bot online.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sdk_core::error::{Error, Result, codes};
use sdk_core::socket::{Drive, Driver, Inbox, InboxStream, State};
use tokio::sync::{mpsc, watch};

use super::event::TunnelEvent;
use super::responder::Responder;
use super::runner::runner;
use super::service::{Rules, Service};
use super::tunnel::{Bounds, Command, REFUSALS_WAITING, Tunnel};
use crate::client::Client;
use crate::limits::{DEFAULT_AT_ONCE, DEFAULT_BYTES_AT_ONCE, DEFAULT_DEADLINE};

/// How many commands may wait for the tunnel's task.
const COMMANDS: usize = 16;
/// What a frame has beside the body.
const FRAME_EXTRA: usize = 64 << 10;

/// A bot that is about to go online, made by [`Client::serve`].
#[must_use = "nothing happens until it runs or connects"]
pub struct Serve<R> {
    client: Client,
    responder: R,
    rules: Rules,
    bounds: Bounds,
    max_events: usize,
    max_event_bytes: usize,
}

impl<R: Responder> Serve<R> {
    pub(crate) fn new(client: Client, responder: R) -> Self {
        Self {
            client,
            responder,
            rules: Rules::default(),
            bounds: Bounds {
                max_at_once: DEFAULT_AT_ONCE,
                max_bytes_at_once: DEFAULT_BYTES_AT_ONCE,
                drain_limit: DEFAULT_DEADLINE,
                stays: false,
            },
            max_events: 1_024,
            max_event_bytes: 8 << 20,
        }
    }

    /// How long a request may take before it is answered with 504 and the responder's future is dropped. Default 25 s: the
    /// platform gives up after 30 s.
    pub fn deadline(mut self, span: Duration) -> Self {
        self.rules.deadline = span;
        self
    }

    /// How many requests are answered at once. The next one is refused with 503. Default 256.
    pub fn max_at_once(mut self, requests: usize) -> Self {
        self.bounds.max_at_once = requests;
        self
    }

    /// How many bytes of requests are answered at once. A request beyond it is refused with 503, unless it is the only one.
    /// Default 64 MiB.
    pub fn max_bytes_at_once(mut self, bytes: usize) -> Self {
        self.bounds.max_bytes_at_once = bytes;
        self
    }

    /// How large the body of a request and of a reply may be, in bytes: a larger request is refused with 413, a larger reply
    /// becomes a 500. Default 10 MiB. A frame of more than twice as much and 64 KiB more ends the connection, because nothing
    /// of it can be read.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.rules.max_body = bytes;
        self
    }

    /// Answers 200 where the responder failed, as the spec's sample server does, instead of 400, 429, 500 or 504. The body is
    /// the same. A caller then cannot tell a failure from an answer by the status; some callers show the text of a 200 only.
    pub fn errors_as_200(mut self) -> Self {
        self.rules.errors_as_200 = true;
        self
    }

    /// How long a graceful stop waits for the requests that are being answered. What is not answered by then is answered with
    /// 503. Default 25 s.
    pub fn drain_limit(mut self, span: Duration) -> Self {
        self.bounds.drain_limit = span;
        self
    }

    /// Connects again also when the relay closes in good order (close code 1000). By default that is the end: [`run`](Self::run)
    /// returns `Ok`.
    pub fn stay_online(mut self) -> Self {
        self.bounds.stays = true;
        self
    }

    /// How much [`TunnelEvents`] hold for a program that does not take them: so many events, and so many bytes. Default 1,024
    /// and 8 MiB.
    pub fn event_queue(mut self, max_events: usize, max_bytes: usize) -> Self {
        self.max_events = max_events;
        self.max_event_bytes = max_bytes;
        self
    }

    /// Goes online and answers until the end: the key is refused, another tunnel takes over, the bot drains or closes.
    /// Everything else is survived. What happens is in the log.
    ///
    /// The responder runs on this task: a current-thread runtime is the fastest.
    ///
    /// # Errors
    /// The final reason, unless the bot wanted the end. [`INVALID_CONFIG`](codes::INVALID_CONFIG) for a limit of zero.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection at once, without a close frame.
    pub async fn run(self) -> Result<()> {
        let (service, driver, shutdown) = self.parts()?;
        // As long as there is a sender, the tunnel goes on.
        let (_sender, commands) = mpsc::channel(COMMANDS);
        Drive::new(driver, runner(service, None), commands, &shutdown).await
    }

    /// Goes online, and waits until the relay has accepted the key. The tunnel goes on in a task of its own, until the last
    /// clone of the handle is dropped.
    ///
    /// A relay that cannot be reached is tried again as the backoff says.
    ///
    /// # Errors
    /// What no further attempt would change: the key was refused, the URL is wrong, the attempts are used up.
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) for a limit of zero.
    ///
    /// # Cancel safety
    /// Dropping the future gives the tunnel up.
    pub async fn connect(self) -> Result<(TunnelHandle, TunnelEvents)> {
        let (max_events, max_bytes) = (self.max_events, self.max_event_bytes);
        let (service, driver, shutdown) = self.parts()?;
        let (sender, commands) = mpsc::channel(COMMANDS);
        let (inbox, stream) = Inbox::new(max_events, max_bytes);
        let mut state = driver.state();
        let handle = TunnelHandle(Arc::new(Shared { commands: sender, state: driver.state() }));
        let task = tokio::spawn(Drive::new(driver, runner(service, Some(inbox)), commands, &shutdown));
        let reached = state.wait_for(|state| matches!(state, State::Connected | State::Closed)).await;
        if reached.is_ok_and(|state| *state == State::Connected) {
            return Ok((handle, TunnelEvents(stream)));
        }
        match task.await {
            Ok(Err(error)) => Err(error),
            _ => Err(Error::new(&codes::CLIENT_CLOSED, "the tunnel was closed before it was accepted")),
        }
    }

    fn parts(self) -> Result<(Service<R>, Driver<Tunnel>, sdk_core::shutdown::Shutdown)> {
        for (field, count) in [
            ("max_at_once", self.bounds.max_at_once),
            ("max_bytes_at_once", self.bounds.max_bytes_at_once),
            ("max_body", self.rules.max_body),
            ("max_events", self.max_events),
            ("max_bytes", self.max_event_bytes),
        ] {
            if count == 0 {
                return Err(Error::invalid_config(field, format!("{field} must be at least 1")));
            }
        }
        for (field, span) in [("deadline", self.rules.deadline), ("drain_limit", self.bounds.drain_limit)] {
            if span.is_zero() || span > Duration::from_secs(24 * 60 * 60) {
                let what = format!("{field} must be above 0 and at most 24 h, not {span:?}");
                return Err(Error::invalid_config(field, what));
            }
        }
        let frame = self.rules.max_body.saturating_mul(2).saturating_add(FRAME_EXTRA);
        let mut options = self.client.socket_options();
        // In a frame the body is a JSON string: each of its quotes has a backslash in front.
        options.max_message = frame;
        options.max_outbound = self.bounds.max_at_once.saturating_add(2 * REFUSALS_WAITING);
        // A bound, not a reserve: an answer of the largest size for each request finds room.
        options.max_outbound_bytes = frame.saturating_mul(self.bounds.max_at_once.saturating_add(1));
        let tunnel = self.client.new_tunnel(self.bounds);
        let service = Service::new(self.responder, self.rules);
        Ok((service, Driver::new(tunnel, options)?, self.client.shutdown_of_all()))
    }
}

impl<R> fmt::Debug for Serve<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("client", &self.client)
            .field("rules", &self.rules)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// A bot that is online. Cheap to clone. When the last clone is dropped, the tunnel closes in good order.
#[derive(Clone)]
pub struct TunnelHandle(Arc<Shared>);

struct Shared {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
}

impl TunnelHandle {
    /// The connection's state, to watch.
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.state.clone()
    }

    /// Takes no new request, finishes those that are being answered, and closes.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when it is over already.
    pub async fn drain(&self) -> Result<()> {
        self.push(Command::Drain).await
    }

    /// Closes now: a close frame, and a bounded wait for the relay's.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when it is over already.
    pub async fn close(&self) -> Result<()> {
        self.push(Command::Close).await
    }

    /// Drops the connection and makes a new one.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when it is over already.
    pub async fn reconnect(&self) -> Result<()> {
        self.push(Command::Reconnect).await
    }

    /// Waits until it is over.
    pub async fn closed(&self) {
        // An error means that the tunnel's task is gone, and with it the tunnel.
        let _ = self.0.state.clone().wait_for(|state| *state == State::Closed).await;
    }

    async fn push(&self, command: Command) -> Result<()> {
        let gone = |_| Error::new(&codes::CLIENT_CLOSED, "the tunnel is over");
        self.0.commands.send(command).await.map_err(gone)
    }
}

impl fmt::Debug for TunnelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunnelHandle").field("state", &*self.0.state.borrow()).finish_non_exhaustive()
    }
}

/// What happens to a tunnel, in order. The last one is [`TunnelEvent::Closed`].
///
/// A program that does not take them fast enough misses some, and is told so by [`TunnelEvent::Lagged`]; the tunnel itself is
/// never held up.
#[derive(Debug)]
pub struct TunnelEvents(InboxStream<TunnelEvent>);

impl TunnelEvents {
    /// The next event; `None` after the last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<TunnelEvent> {
        std::future::poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await
    }
}

impl Stream for TunnelEvents {
    type Item = TunnelEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TunnelEvent>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
