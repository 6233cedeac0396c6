//! What a platform tells the driver.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;
use url::Url;

use super::options::SocketOptions;
use crate::correlation::RequestId;
use crate::error::{Error, ErrorKind, Result, codes};
use crate::secret::{Secret, shown_url};
use crate::wire::Text;

/// A platform's WebSocket protocol, as pure state: frames, commands and time in; frames and events out, through the
/// [`Context`].
pub trait Protocol: Send + Unpin + 'static {
    /// What the bot is told.
    type Event: Send + 'static;
    /// What the bot asks for.
    type Command: Send + 'static;

    /// How to open the next connection. Called at every dial, so that signatures and tokens are fresh.
    ///
    /// # Errors
    /// Whatever makes dialling pointless (a malformed URL, a key that cannot be sent); the driver ends with it.
    fn dial(&mut self) -> Result<Dial>;

    /// A text frame arrived.
    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Self::Event>);

    /// A binary frame arrived. None of the platforms documents any.
    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Self::Event>);

    /// The bot asks for something. It may come at any time, connected or not.
    fn on_command(&mut self, command: Self::Command, cx: &mut Context<'_, Self::Event>);

    /// The connection's life: see [`Lifecycle`].
    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Self::Event>);

    /// A frame sent with [`Context::send_tracked`] is about to be written. `false` takes it back. From `true` on it may
    /// have arrived.
    fn on_write(&mut self, token: Token, cx: &mut Context<'_, Self::Event>) -> bool {
        let _ = (token, cx);
        true
    }

    /// The platform's own ping message. `None`: a WebSocket ping is sent.
    fn ping(&mut self) -> Option<Text> {
        None
    }

    /// Whether a WebSocket ping goes out beside the platform's own: for a platform that is not known to answer that one.
    /// Every WebSocket server answers the other by itself.
    fn pings_socket_too(&self) -> bool {
        false
    }

    /// Which causes are final. The default is [`Verdict::of`].
    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        Verdict::of(cause, was_ready)
    }

    /// When [`on_deadline`](Self::on_deadline) wants to be called next, connected or not. It is asked after everything that
    /// happens.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The time that [`next_deadline`](Self::next_deadline) named has come. What it names from now on must lie ahead.
    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Self::Event>) {
        let _ = (now, cx);
    }

    /// Finish what is under way and begin nothing new.
    fn on_drain(&mut self, cx: &mut Context<'_, Self::Event>) {
        let _ = cx;
    }

    /// Whether nothing is under way, so that a draining connection can close.
    fn is_idle(&self) -> bool {
        true
    }
}

/// How to open a connection.
#[derive(Clone)]
pub struct Dial {
    /// `ws://` or `wss://`. Its query may hold a token: it is never shown.
    pub url: Url,
    /// Headers for the upgrade; mark secrets sensitive.
    pub headers: HeaderMap,
    /// The first message, when it carries a key: it is written past every log of the WebSocket library.
    pub greeting: Option<Secret>,
    /// What must not be shown, even when the server repeats it in a refusal.
    pub secrets: Vec<Secret>,
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the headers the names alone: a value that was not marked sensitive may be a key all the same.
        f.debug_struct("Dial")
            .field("url", &shown_url(&self.url))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("greeting", &self.greeting)
            .finish_non_exhaustive()
    }
}

/// Marks a frame whose writing the protocol wants to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// A request's frame is marked with its id, so that [`Protocol::on_write`] can note that it left:
/// `self.calls.mark(token.into(), Sent::Maybe)`.
impl From<RequestId> for Token {
    fn from(id: RequestId) -> Self {
        Self(id.get())
    }
}

impl From<Token> for RequestId {
    fn from(token: Token) -> Self {
        Self::from_number(token.0)
    }
}

/// What happens to the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Lifecycle<'a> {
    /// A dial begins; the first is attempt 0.
    Connecting {
        /// How many dials came before it without a healthy connection.
        attempt: u32,
    },
    /// A dial takes long.
    Slow {
        /// How long it has taken.
        waited: Duration,
        /// How long until it is given up.
        gives_up_in: Duration,
    },
    /// The upgrade succeeded (and the greeting is on its way).
    Opened,
    /// The connection, or the dial, is over. Whatever was not written is gone. A connection that is closed because the bot
    /// wants it is not lost: only [`Ended`](Self::Ended) comes then.
    Lost {
        /// Why.
        cause: &'a Error,
    },
    /// The next dial comes after a wait.
    Waiting {
        /// Which attempt it will be.
        attempt: u32,
        /// How long the wait is.
        delay: Duration,
        /// Why.
        cause: &'a Error,
    },
    /// The bot's code kept the driver's thread for too long.
    Blocked {
        /// For how long.
        took: Duration,
    },
    /// It is over; no event comes after those of this call. `None` when the bot wanted it.
    Ended {
        /// Why.
        reason: Option<&'a Error>,
    },
}

/// The state of a connection, to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Dialling, or waiting for the greeting's answer.
    Connecting,
    /// Authenticated and in use.
    Connected,
    /// Lost; the next dial is on its way.
    Reconnecting,
    /// Over.
    Closed,
}

/// What a lost connection means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Dial again.
    Retry {
        /// Not sooner than the server asks.
        at_least: Option<Duration>,
        /// The server restarts: come back spread over a span, so that not everybody comes at once.
        restart: bool,
    },
    /// Never dial again: the error goes to the bot.
    Fatal,
    /// The server ended the session in good order.
    End,
}

impl Verdict {
    /// Dial again, when the backoff says so.
    pub const RETRY: Self = Self::Retry { at_least: None, restart: false };

    /// The verdict that all platforms share:
    ///
    /// | cause | verdict |
    /// |---|---|
    /// | key refused (401, 403, a close code or reason that says so), session replaced | fatal |
    /// | a mistake of the client's own set-up | fatal |
    /// | another 4xx at the upgrade, before the first success | fatal: the URL is wrong |
    /// | 429, 503 with `Retry-After` | retry, not sooner |
    /// | close 1012 or 1013 | retry, spread |
    /// | close 1000, after the first success | end |
    /// | everything else | retry |
    pub fn of(cause: &Error, was_ready: bool) -> Self {
        let code = cause.code();
        if cause.is_auth() || *code == codes::SESSION_REPLACED || cause.kind() == ErrorKind::Misuse {
            return Self::Fatal;
        }
        if let Some(status) = cause.status()
            && (400..500).contains(&status)
            && !matches!(status, 408 | 425 | 429)
            && !was_ready
        {
            return Self::Fatal;
        }
        match cause.close_code() {
            Some(1000) if was_ready => Self::End,
            Some(1012 | 1013) => Self::Retry { at_least: cause.retry_after(), restart: true },
            _ => Self::Retry { at_least: cause.retry_after(), restart: false },
        }
    }
}

/// Through which a [`Protocol`] acts.
pub struct Context<'a, E> {
    pub(super) shared: &'a mut Shared<E>,
}

/// What the driver and the contexts share.
pub(super) struct Shared<E> {
    pub(super) events: VecDeque<E>,
    outbound: VecDeque<Outgoing>,
    outbound_bytes: usize,
    max_outbound: usize,
    max_outbound_bytes: usize,
    /// The number of the connection, or of the last one.
    connection: u64,
    pub(super) verdict: Option<Wanted>,
    pub(super) open: bool,
    pub(super) ready: bool,
    pub(super) became_ready: bool,
    /// Nothing is told any more.
    pub(super) over: bool,
}

impl<E> Shared<E> {
    pub(super) fn new(options: &SocketOptions) -> Self {
        Self {
            events: VecDeque::new(),
            outbound: VecDeque::new(),
            outbound_bytes: 0,
            max_outbound: options.max_outbound,
            max_outbound_bytes: options.max_outbound_bytes,
            connection: 0,
            verdict: None,
            open: false,
            ready: false,
            became_ready: false,
            over: false,
        }
    }

    pub(super) fn opened(&mut self) {
        self.connection += 1;
        self.open = true;
        self.ready = false;
        self.became_ready = false;
    }

    /// Nothing more is sent on this connection; what waits already may still be written.
    pub(super) fn shut(&mut self) {
        self.open = false;
        self.ready = false;
        self.became_ready = false;
    }

    /// The connection is gone, and what was not written with it.
    pub(super) fn gone(&mut self) {
        self.shut();
        self.outbound.clear();
        self.outbound_bytes = 0;
    }

    pub(super) fn has_outbound(&self) -> bool {
        !self.outbound.is_empty()
    }

    pub(super) fn next_outgoing(&mut self) -> Option<Outgoing> {
        let outgoing = self.outbound.pop_front()?;
        self.outbound_bytes -= outgoing.text.len();
        Some(outgoing)
    }

    /// An end beats everything that was wanted before.
    pub(super) fn want_end(&mut self, reason: Option<Error>) {
        if !matches!(self.verdict, Some(Wanted::End(_))) {
            self.verdict = Some(Wanted::End(reason));
        }
    }
}

pub(super) struct Outgoing {
    pub(super) text: Text,
    pub(super) token: Option<Token>,
}

/// What a protocol decided about the connection.
pub(super) enum Wanted {
    Drop(Error),
    End(Option<Error>),
}

impl<E> Context<'_, E> {
    /// Tells the bot something. Events reach it in this order. Once [`Lifecycle::Ended`] has been told, nothing follows.
    pub fn emit(&mut self, event: E) {
        if !self.shared.over {
            self.shared.events.push_back(event);
        }
    }

    /// Sends a frame on this connection. It is dropped if the connection breaks first.
    ///
    /// # Errors
    /// [`codes::NOT_CONNECTED`] when there is no open connection, [`codes::OUTBOUND_FULL`] when too much waits already.
    pub fn send(&mut self, text: impl Into<Text>) -> Result<()> {
        self.push(Outgoing { text: text.into(), token: None })
    }

    /// As [`send`](Self::send); [`Protocol::on_write`] is asked with `token` right before it is written.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_tracked(&mut self, text: impl Into<Text>, token: Token) -> Result<()> {
        self.push(Outgoing { text: text.into(), token: Some(token) })
    }

    fn push(&mut self, outgoing: Outgoing) -> Result<()> {
        if !self.is_open() {
            return Err(Error::new(&codes::NOT_CONNECTED, "there is no open connection"));
        }
        if self.shared.outbound.len() >= self.shared.max_outbound {
            let limit = self.shared.max_outbound;
            return Err(Error::new(&codes::OUTBOUND_FULL, format!("{limit} messages wait to be written")));
        }
        let (waiting, size) = (self.shared.outbound_bytes, outgoing.text.len());
        if waiting + size > self.shared.max_outbound_bytes {
            let limit = self.shared.max_outbound_bytes;
            let message = format!("{waiting} bytes wait to be written, and {size} more would pass {limit}");
            return Err(Error::new(&codes::OUTBOUND_FULL, message));
        }
        self.shared.outbound_bytes += size;
        self.shared.outbound.push_back(outgoing);
        Ok(())
    }

    /// The greeting was accepted: the connection is in use, and health begins to count. Without an open connection, or
    /// said again, it means nothing.
    ///
    /// A platform without a greeting says it as soon as the connection has proved to be of use (a room was joined); until
    /// then the greeting's deadline runs.
    pub fn ready(&mut self) {
        if self.shared.open && !self.shared.ready {
            self.shared.ready = true;
            self.shared.became_ready = true;
        }
    }

    /// The number of the open connection, from 1, or of the last one. What belongs to one connection only (the answer to a
    /// request that came on it) remembers it, and is not sent on another.
    pub fn connection(&self) -> u64 {
        self.shared.connection
    }

    /// Whether there is an open connection that can be written to. One that was just given up, or is to end, is not.
    pub fn is_open(&self) -> bool {
        self.shared.open && self.shared.verdict.is_none()
    }

    /// Gives this connection, or this dial, up; [`Protocol::classify`] decides what follows. While the next dial is waited
    /// for there is none, and nothing happens.
    pub fn drop_connection(&mut self, cause: Error) {
        self.shared.verdict.get_or_insert(Wanted::Drop(cause));
    }

    /// Ends for good, with a reason or because the bot wants it. What was sent before it is still written.
    pub fn end(&mut self, reason: Option<Error>) {
        self.shared.want_end(reason);
    }

    /// The time now. Ask only where it matters: a clock call costs as much as a small message.
    pub fn now(&self) -> Instant {
        Instant::now()
    }
}

impl<E> fmt::Debug for Context<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("open", &self.shared.open)
            .field("ready", &self.shared.ready)
            .field("outbound", &self.shared.outbound.len())
            .finish_non_exhaustive()
    }
}
