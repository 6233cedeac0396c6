//! The state machine that owns the socket.

use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};

use super::dial::{Socket, dial, gives_up_in};
use super::options::SocketOptions;
use super::protocol::{Context, Lifecycle, Protocol, Shared, State, Verdict, Wanted};
use crate::backoff::{Backoff, MAX_SERVER_WAIT};
use crate::error::{Error, Result, codes};
use crate::heartbeat::{Beat, Heartbeat};
use crate::record::{Direction, Occurrence};
use crate::secret::Secret;
use crate::wire::Text;

/// After so many frames, or so many reads of the socket, writing, commands, timers and handlers get their turn. The
/// runtime grants a task about twice as many operations in a row.
const READS_IN_A_ROW: u32 = 64;

/// One step of a [`Driver`].
#[derive(Debug)]
pub(super) enum Step<E> {
    /// The protocol tells the bot something.
    Event(E),
    /// It is over: `Ok` when the bot wanted it or the server ended it in good order.
    Ended(Result<()>),
}

/// Owns the socket of one bot: dials, reads, writes, beats, reconnects. It does something only while it is polled;
/// [`Drive`](super::Drive) is the loop that does so.
pub struct Driver<P: Protocol> {
    protocol: P,
    shared: Shared<P::Event>,
    link: Link,
    options: SocketOptions,
    backoff: Backoff,
    heartbeat: Option<Heartbeat>,
    timer: Timer,
    frames: u64,
    reads_left: u32,
    flush_wanted: bool,
    /// Since when the server has taken no bytes, and how many it had taken by then.
    stalled: Option<(Instant, u64)>,
    greeting_due: Option<Instant>,
    was_ready: bool,
    attempt: u32,
    state: watch::Sender<State>,
    outcome: Option<Result<()>>,
    touched: bool,
    /// Of the last dial: what must not be shown even when the server repeats it in a close frame.
    secrets: Vec<Secret>,
}

enum Link {
    Idle,
    Waiting { until: Instant },
    Dialing { dial: Pin<Box<dyn Future<Output = Result<Socket>> + Send>>, notice: Option<Instant> },
    Open(Box<Socket>),
    Closing { socket: Box<Socket>, until: Instant, reason: Option<Error>, said: bool },
    Over,
}

impl<P: Protocol> Driver<P> {
    /// A driver that dials as soon as it is polled.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) when an option is out of its limits.
    pub fn new(protocol: P, options: SocketOptions) -> Result<Self> {
        options.check()?;
        Ok(Self {
            protocol,
            shared: Shared::new(&options),
            link: Link::Idle,
            backoff: Backoff::new(options.backoff.clone(), options.seed),
            heartbeat: None,
            timer: Timer::new(),
            frames: 0,
            reads_left: READS_IN_A_ROW,
            flush_wanted: false,
            stalled: None,
            greeting_due: None,
            was_ready: false,
            attempt: 0,
            state: watch::Sender::new(State::Connecting),
            outcome: None,
            touched: false,
            secrets: Vec::new(),
            options,
        })
    }

    /// The connection's state, to watch.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// How many frames have arrived, over all connections.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The protocol.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    /// Lets the protocol act outside the reading of frames: on a command, on a handler's answer.
    pub fn act<R>(&mut self, f: impl FnOnce(&mut P, &mut Context<'_, P::Event>) -> R) -> R {
        self.touched = true;
        f(&mut self.protocol, &mut Context { shared: &mut self.shared })
    }

    /// Begins a new round of polling: the read allowance is full again.
    pub(super) fn begin_round(&mut self) {
        self.reads_left = READS_IN_A_ROW;
        if let Link::Open(socket) | Link::Closing { socket, .. } = &mut self.link {
            socket.get_mut().allow_reads(READS_IN_A_ROW);
        }
    }

    /// Whether the read allowance ran out, so that there may be more to read at once.
    pub(super) fn has_more(&self) -> bool {
        self.reads_left == 0
    }

    /// Whether something was asked of it since the last step, so that it must be polled before the task sleeps.
    pub(super) fn is_touched(&self) -> bool {
        self.touched
    }

    /// The bot's code took long.
    pub(super) fn blocked(&mut self, took: Duration) {
        self.lifecycle(Lifecycle::Blocked { took });
    }

    pub(super) fn options(&self) -> &SocketOptions {
        &self.options
    }

    /// Closes in good order: what waits is written, a close frame goes out, and the server's is awaited for a bounded
    /// time. One that is not accepted yet gets the close frame, and is not waited for.
    pub fn close(&mut self) {
        self.touched = true;
        self.shared.want_end(None);
    }

    /// The next step. After [`Step::Ended`] it must not be polled again.
    pub(super) fn poll_step(&mut self, cx: &mut task::Context<'_>) -> Poll<Step<P::Event>> {
        self.touched = false;
        loop {
            if self.shared.became_ready {
                self.shared.became_ready = false;
                self.on_ready();
            }
            if let Some(event) = self.shared.events.pop_front() {
                return Poll::Ready(Step::Event(event));
            }
            if let Some(wanted) = self.shared.verdict.take() {
                match wanted {
                    Wanted::Drop(cause) => {
                        if matches!(self.link, Link::Open(_) | Link::Dialing { .. }) {
                            self.lose(cx, cause);
                        }
                    }
                    Wanted::End(reason) => self.begin_close(reason),
                }
                continue;
            }
            match &mut self.link {
                Link::Idle => self.begin_dial(),
                Link::Waiting { until } => {
                    let until = *until;
                    let Poll::Ready(now) = self.poll_timer(cx, Some(until)) else { return Poll::Pending };
                    if until <= now {
                        self.begin_dial();
                    }
                }
                Link::Dialing { .. } => {
                    if self.poll_dialing(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Link::Open(_) => {
                    if self.poll_open(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Link::Closing { .. } => {
                    if self.poll_closing(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Link::Over => match self.outcome.take() {
                    Some(outcome) => return Poll::Ready(Step::Ended(outcome)),
                    None => return Poll::Pending,
                },
            }
        }
    }

    fn lifecycle(&mut self, lifecycle: Lifecycle<'_>) {
        self.protocol.on_lifecycle(lifecycle, &mut Context { shared: &mut self.shared });
    }

    fn set_state(&self, state: State) {
        self.state.send_if_modified(|current| std::mem::replace(current, state) != state);
    }

    // ---- dialling -------------------------------------------------------------------------------------------------

    fn begin_dial(&mut self) {
        self.set_state(if self.attempt == 0 && !self.was_ready {
            State::Connecting
        } else {
            State::Reconnecting
        });
        self.lifecycle(Lifecycle::Connecting { attempt: self.attempt });
        match self.protocol.dial() {
            Ok(target) => {
                self.secrets.clone_from(&target.secrets);
                if let Some(record) = &self.options.record {
                    record.keep_secret(&self.secrets);
                }
                self.timer.disarm();
                let future = Box::pin(dial(target, self.options.clone()));
                let notice = Some(Instant::now() + self.options.slow_notice);
                self.link = Link::Dialing { dial: future, notice };
            }
            Err(error) => self.finish(Some(error)),
        }
    }

    fn poll_dialing(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Link::Dialing { dial, notice } = &mut self.link else { return Poll::Ready(()) };
        match dial.as_mut().poll(cx) {
            Poll::Ready(Ok(socket)) => {
                self.opened(socket);
                return Poll::Ready(());
            }
            Poll::Ready(Err(cause)) => {
                self.lose(cx, cause);
                return Poll::Ready(());
            }
            Poll::Pending => {}
        }
        let at = *notice;
        let now = std::task::ready!(self.poll_timer(cx, at));
        if at.is_some_and(|at| at <= now) {
            if let Link::Dialing { notice, .. } = &mut self.link {
                *notice = None;
            }
            let (waited, gives_up_in) = (self.options.slow_notice, gives_up_in(&self.options));
            self.lifecycle(Lifecycle::Slow { waited, gives_up_in });
        }
        Poll::Ready(())
    }

    fn opened(&mut self, mut socket: Socket) {
        let now = Instant::now();
        socket.get_mut().allow_reads(self.reads_left);
        self.link = Link::Open(Box::new(socket));
        self.shared.opened();
        self.heartbeat = Some(Heartbeat::new(self.options.heartbeat, now, self.options.seed));
        self.greeting_due = Some(now + self.options.greeting_timeout);
        self.stalled = None;
        self.flush_wanted = false;
        self.timer.disarm();
        self.record(|| Occurrence::Opened);
        self.lifecycle(Lifecycle::Opened);
    }

    fn record(&self, occurrence: impl FnOnce() -> Occurrence) {
        if let Some(record) = &self.options.record {
            record.occurred(occurrence());
        }
    }

    fn on_ready(&mut self) {
        self.greeting_due = None;
        self.was_ready = true;
        self.backoff.healthy(Instant::now());
        self.record(|| Occurrence::Greeted);
        self.set_state(State::Connected);
    }

    // ---- an open connection ---------------------------------------------------------------------------------------

    /// Ready when something happened that the loop should look at; Pending when only the outside can wake it.
    fn poll_open(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        if self.reads_left > 0 {
            let Link::Open(socket) = &mut self.link else { return Poll::Ready(()) };
            match Pin::new(&mut **socket).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    self.reads_left -= 1;
                    self.on_message(message);
                    return Poll::Ready(());
                }
                Poll::Ready(Some(Err(error))) => {
                    if matches!(error, WsError::Utf8(_)) {
                        // A code of its own; the one that all other violations get comes too late after it.
                        let frame = CloseFrame { code: CloseCode::Invalid, reason: "".into() };
                        let _ = Pin::new(&mut **socket).start_send(Message::Close(Some(frame)));
                    }
                    let cause = socket_error(error);
                    self.lose(cx, cause);
                    return Poll::Ready(());
                }
                Poll::Ready(None) => {
                    self.lose(cx, Error::new(&codes::CONNECTION_LOST, "the server closed the connection"));
                    return Poll::Ready(());
                }
                Poll::Pending => {}
            }
        }
        if let Err(cause) = self.poll_write(cx) {
            self.lose(cx, cause);
            return Poll::Ready(());
        }
        if !self.shared.events.is_empty() || self.shared.verdict.is_some() {
            return Poll::Ready(());
        }
        self.poll_timers(cx)
    }

    fn on_message(&mut self, message: Message) {
        self.frames = self.frames.wrapping_add(1);
        let mut cx = Context { shared: &mut self.shared };
        match message {
            Message::Text(text) => {
                let text = Text(text);
                if let Some(record) = &self.options.record {
                    record.frame(Direction::In, &text);
                }
                self.protocol.on_text(text, &mut cx);
            }
            Message::Binary(bytes) => {
                if let Some(record) = &self.options.record
                    && let Ok(text) = Utf8Bytes::try_from(bytes.clone())
                {
                    record.frame(Direction::In, &Text(text));
                }
                self.protocol.on_binary(bytes, &mut cx);
            }
            // The library answers a ping by itself; the answer leaves with the next flush.
            Message::Ping(_) => self.flush_wanted = true,
            Message::Pong(_) | Message::Frame(_) => {}
            Message::Close(frame) => {
                let cause = close_error(frame.as_ref(), &self.secrets);
                cx.drop_connection(cause);
            }
        }
    }

    /// Writes what waits, and flushes when everything is written or the socket takes no more.
    fn poll_write(&mut self, cx: &mut task::Context<'_>) -> Result<()> {
        let (Link::Open(socket) | Link::Closing { socket, .. }) = &mut self.link else { return Ok(()) };
        let mut socket = Pin::new(&mut **socket);
        while self.shared.has_outbound() {
            match socket.as_mut().poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Err(socket_error(error)),
                Poll::Pending => {
                    self.flush_wanted = true;
                    break;
                }
            }
            let Some(outgoing) = self.shared.next_outgoing() else { break };
            if let Some(token) = outgoing.token
                && !self.protocol.on_write(token, &mut Context { shared: &mut self.shared })
            {
                continue;
            }
            if let Some(record) = &self.options.record {
                record.frame(Direction::Out, &outgoing.text);
            }
            socket.as_mut().start_send(Message::Text(outgoing.text.0)).map_err(socket_error)?;
            self.flush_wanted = true;
        }
        if self.flush_wanted {
            match socket.as_mut().poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.flush_wanted = self.shared.has_outbound();
                    self.stalled = None;
                }
                Poll::Ready(Err(error)) => return Err(socket_error(error)),
                Poll::Pending => {
                    let taken = socket.get_ref().taken();
                    if self.stalled.is_none_or(|(_, before)| before != taken) {
                        self.stalled = Some((Instant::now(), taken));
                    }
                }
            }
        }
        Ok(())
    }

    fn poll_timers(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let stall = self.stalled.map(|(since, _)| since + self.options.write_timeout);
        let beat = self.heartbeat.as_ref().map(Heartbeat::next_beat);
        let next = [beat, self.greeting_due, stall].into_iter().flatten().min();
        let now = std::task::ready!(self.poll_timer(cx, next));
        if stall.is_some_and(|at| at <= now) {
            let message =
                format!("the server took no bytes for {:.1} s", self.options.write_timeout.as_secs_f64());
            self.lose(cx, Error::new(&codes::WRITE_STALLED, message));
            return Poll::Ready(());
        }
        if self.greeting_due.is_some_and(|at| at <= now) {
            let span = self.options.greeting_timeout.as_secs_f64();
            let message = format!("the server did not answer the greeting within {span:.1} s");
            self.lose(cx, Error::new(&codes::GREETING_TIMEOUT, message));
            return Poll::Ready(());
        }
        if beat.is_some_and(|at| at <= now)
            && let Some(heartbeat) = &mut self.heartbeat
            && let Link::Open(socket) = &self.link
        {
            // Bytes, not frames: a large message on a slow line is life long before it is whole.
            match heartbeat.beat(now, socket.get_ref().received()) {
                Beat::Quiet => {}
                Beat::Ping => self.ping(),
                Beat::Dead { silent_for } => {
                    let message = format!("nothing was heard for {:.1} s", silent_for.as_secs_f64());
                    self.lose_at(cx, Error::new(&codes::SERVER_SILENT, message), now - silent_for);
                }
            }
        }
        Poll::Ready(())
    }

    /// Ready, with the time, when `own` has come, or the protocol's deadline (which it is told), or sooner.
    fn poll_timer(&mut self, cx: &mut task::Context<'_>, own: Option<Instant>) -> Poll<Instant> {
        let next = [own, self.protocol.next_deadline()].into_iter().flatten().min();
        let Some(next) = next else { return Poll::Pending };
        std::task::ready!(self.timer.poll_no_later_than(cx, next));
        let now = Instant::now();
        if self.protocol.next_deadline().is_some_and(|at| at <= now) {
            self.protocol.on_deadline(now, &mut Context { shared: &mut self.shared });
        }
        Poll::Ready(now)
    }

    fn ping(&mut self) {
        let own = self.protocol.ping();
        if (own.is_none() || self.protocol.pings_socket_too())
            && let Link::Open(socket) = &mut self.link
            && Pin::new(&mut **socket).start_send(Message::Ping(bytes::Bytes::new())).is_ok()
        {
            self.flush_wanted = true;
        }
        if let Some(text) = own {
            // A full outbound queue means that the server takes nothing: the write deadline watches that.
            drop(Context { shared: &mut self.shared }.send(text));
        }
    }

    // ---- the end of a connection ----------------------------------------------------------------------------------

    fn lose(&mut self, cx: &mut task::Context<'_>, cause: Error) {
        self.lose_at(cx, cause, Instant::now());
    }

    /// `alive_at` is when it was last known to be well.
    fn lose_at(&mut self, cx: &mut task::Context<'_>, cause: Error, alive_at: Instant) {
        if let Link::Open(socket) = &mut self.link {
            // Best effort: tell the server why, then let go.
            let code = match cause.code().id() {
                "message_too_large" => Some(CloseCode::Size),
                "protocol_violation" => Some(CloseCode::Protocol),
                "server_silent" | "greeting_timeout" => Some(CloseCode::Away),
                _ => None,
            };
            let mut socket = Pin::new(&mut **socket);
            if let Some(code) = code {
                let frame = CloseFrame { code, reason: "".into() };
                let _ = socket.as_mut().start_send(Message::Close(Some(frame)));
            }
            // With it goes the library's own answer to the server's close frame.
            let _ = socket.poll_flush(cx);
        }
        self.leave_link();
        self.record(|| Occurrence::Lost(cause.to_string()));
        self.lifecycle(Lifecycle::Lost { cause: &cause });
        if matches!(self.shared.verdict, Some(Wanted::End(_))) {
            return; // the protocol wants no more; without a link the next step is the end
        }
        self.shared.verdict = None;
        match self.protocol.classify(&cause, self.was_ready) {
            Verdict::Fatal => self.finish(Some(cause)),
            Verdict::End => self.finish(None),
            Verdict::Retry { at_least, restart } => {
                if self.backoff.lost(alive_at) {
                    self.attempt = 0;
                }
                let may_retry = self.options.backoff.max_attempts() != Some(0);
                let delay = if restart && self.attempt == 0 && may_retry {
                    let spread = self.backoff.spread(self.options.restart_spread);
                    Some(spread.max(at_least.unwrap_or_default().min(MAX_SERVER_WAIT)))
                } else {
                    self.backoff.next_delay_at_least(at_least)
                };
                let Some(delay) = delay else {
                    let message = format!("gave up after {} attempts: {}", self.attempt + 1, cause.message());
                    self.finish(Some(Error::new(&codes::GAVE_UP, message).with_source(cause)));
                    return;
                };
                self.attempt += 1;
                self.set_state(State::Reconnecting);
                self.lifecycle(Lifecycle::Waiting { attempt: self.attempt, delay, cause: &cause });
                self.link = Link::Waiting { until: Instant::now() + delay };
            }
        }
    }

    fn leave_link(&mut self) {
        self.link = Link::Idle;
        self.shared.gone();
        self.heartbeat = None;
        self.greeting_due = None;
        self.timer.disarm();
    }

    fn begin_close(&mut self, reason: Option<Error>) {
        match std::mem::replace(&mut self.link, Link::Over) {
            Link::Open(socket) => {
                let patience = if self.shared.ready { self.options.close_timeout } else { Duration::ZERO };
                self.shared.shut();
                self.heartbeat = None;
                self.greeting_due = None;
                self.timer.disarm();
                let until = Instant::now() + patience;
                self.link = Link::Closing { socket, until, reason, said: false };
            }
            link @ (Link::Closing { .. } | Link::Over) => self.link = link,
            Link::Idle | Link::Waiting { .. } | Link::Dialing { .. } => self.finish(reason),
        }
    }

    /// What was asked for before the close still goes out; then the close frame; then the server's is awaited.
    fn poll_closing(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let mut over = self.poll_write(cx).is_err();
        let Link::Closing { socket, until, reason, said } = &mut self.link else { return Poll::Ready(()) };
        let mut stream = Pin::new(&mut **socket);
        if !over && !*said && !self.shared.has_outbound() {
            *said = true;
            let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            over = stream.as_mut().start_send(Message::Close(Some(frame))).is_err();
        }
        if *said && !over {
            over = matches!(stream.as_mut().poll_flush(cx), Poll::Ready(Err(_)));
        }
        while !over {
            match stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => over = true,
                Poll::Pending => break,
            }
        }
        let until = *until;
        if over || self.timer.poll_at(cx, until).is_ready() {
            let reason = reason.take();
            self.finish(reason);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn finish(&mut self, reason: Option<Error>) {
        self.leave_link();
        self.link = Link::Over;
        self.record(|| Occurrence::Ended(reason.as_ref().map(ToString::to_string)));
        self.lifecycle(Lifecycle::Ended { reason: reason.as_ref() });
        self.shared.over = true;
        self.shared.verdict = None;
        self.set_state(State::Closed);
        self.outcome = Some(reason.map_or(Ok(()), Err));
    }
}

impl<P: Protocol> fmt::Debug for Driver<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("state", &*self.state.borrow())
            .field("attempt", &self.attempt)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

fn socket_error(error: WsError) -> Error {
    match error {
        WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => Error::new(
            &codes::MESSAGE_TOO_LARGE,
            format!("a message of {size} bytes is larger than the limit of {max_size}"),
        ),
        WsError::Capacity(cause) => {
            Error::new(&codes::MESSAGE_TOO_LARGE, "a message is larger than the limit").with_source(cause)
        }
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Error::new(&codes::CONNECTION_LOST, "the connection broke without a close frame")
        }
        WsError::Protocol(cause) => {
            Error::new(&codes::PROTOCOL_VIOLATION, "the server broke the WebSocket protocol")
                .with_source(cause)
        }
        WsError::Utf8(_) => Error::new(&codes::PROTOCOL_VIOLATION, "a text message is not UTF-8"),
        WsError::Io(cause) => Error::new(&codes::CONNECTION_LOST, "the connection broke").with_source(cause),
        other => Error::new(&codes::CONNECTION_LOST, "the connection broke").with_source(other),
    }
}

/// What a close frame says: key refused and session replaced are told apart by code or reason.
fn close_error(frame: Option<&CloseFrame>, secrets: &[Secret]) -> Error {
    let Some(frame) = frame else {
        return Error::new(&codes::CLOSED_BY_SERVER, "the server closed the connection without a code");
    };
    let code = u16::from(frame.code);
    let reason = secrets.iter().fold(frame.reason.to_string(), |reason, secret| secret.redact(&reason));
    let words = reason.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let private = (4000..5000).contains(&code) || code == 1008;
    let (kind, what) =
        if code == 4409 || (private && says(&["replaced", "another session", "another connection"])) {
            (&codes::SESSION_REPLACED, "another session took over")
        } else if matches!(code, 4001 | 4003 | 4401 | 4403)
            || (private && says(&["auth", "invalid key", "api key", "token", "forbidden", "revoked"]))
        {
            (&codes::AUTH_REJECTED, "the server closed the connection because of the key")
        } else {
            (&codes::CLOSED_BY_SERVER, "the server closed the connection")
        };
    let message = if reason.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {}", crate::wire::excerpt(&reason))
    };
    Error::new(kind, message).with_close_code(code)
}

/// One timer, armed for the earliest moment that matters and moved as seldom as possible: moving it costs more than
/// waking once too often.
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
}

impl Timer {
    fn new() -> Self {
        Self { sleep: None, armed: None }
    }

    fn disarm(&mut self) {
        self.armed = None;
    }

    /// Ready once `at` has come.
    fn poll_at(&mut self, cx: &mut task::Context<'_>, at: Instant) -> Poll<()> {
        if self.armed != Some(at) {
            self.arm(at);
        }
        self.poll(cx)
    }

    /// Ready at `at`, or sooner when it was armed for something sooner before.
    fn poll_no_later_than(&mut self, cx: &mut task::Context<'_>, at: Instant) -> Poll<()> {
        if self.armed.is_none_or(|armed| at < armed) {
            self.arm(at);
        }
        self.poll(cx)
    }

    fn arm(&mut self, at: Instant) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(at))),
        }
        self.armed = Some(at);
    }

    fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        std::task::ready!(sleep.as_mut().poll(cx));
        self.armed = None;
        Poll::Ready(())
    }
}
