//! The server's side of one WebSocket.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::broken::broken;
use super::fault::{Fault, Layer};
use super::faults::{Moment, Taken};
use super::frame::{self, Decoder, Frame, Violation};
use super::io::{Cut, Line, Told};
use super::magic;
use super::order::When;
use super::recent::Sender;
use super::server::{Connection, hash};

/// How long a client has to answer a close frame before the connection is ended.
pub const CLOSE_WAIT: Duration = Duration::from_secs(1);
/// How long a client may leave our bytes unread before the connection is reset.
pub const SEND_DEADLINE: Duration = Duration::from_secs(30);
/// How many messages to an agent are kept for [`Fault::Stale`](super::Fault::Stale) and its like.
pub const KEPT_MESSAGES: usize = 64;

const READ_BUFFER: usize = 8 * 1024;
/// Pongs to a client that does not read them pile up to here, and not further.
const MAX_BACKLOG: usize = 1024;

/// What came from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The connection is over, for whatever reason. From now on [`Peer::recv`] says nothing else.
    Closed,
}

/// The server's side of one WebSocket: pings are answered, closes are acknowledged, and faults are injected unasked.
///
/// A session is a loop over [`Peer::recv`] and whatever else the platform waits for:
///
/// ```
/// use sdk_core::sandbox::{Incoming, Peer};
/// use tokio::sync::mpsc;
///
/// async fn session(mut peer: Peer, mut from_arena: mpsc::Receiver<String>) {
///     loop {
///         tokio::select! {
///             incoming = peer.recv() => match incoming {
///                 Incoming::Text(text) => peer.send(format!("heard {text}")).await,
///                 Incoming::Binary(_) => return peer.close(1003, "text only").await,
///                 Incoming::Closed => return,
///             },
///             Some(message) = from_arena.recv() => peer.send(message).await,
///         }
///     }
/// }
/// ```
pub struct Peer {
    stream: TokioIo<Upgraded>,
    connection: Connection,
    decoder: Decoder,
    /// What is being written right now.
    out: Bytes,
    /// What is written or done next, by the time it is due.
    steps: VecDeque<Step>,
    /// When the last step that is not a pong is due: messages and endings keep their order.
    last_due: Instant,
    timer: Pin<Box<Sleep>>,
    /// Faults that wait for the next outgoing message.
    armed: Vec<Taken>,
    /// A fault that waits until the platform has taken the message that it was handed last.
    after_handling: Option<(Taken, String)>,
    slow: Duration,
    pongs: Pongs,
    kept: Kept,
    /// The close frame went out: when to stop waiting for the client's.
    closing: Option<Instant>,
    over: bool,
}

/// The last messages to an agent, oldest first.
pub(crate) type Kept = Arc<Mutex<VecDeque<String>>>;

#[derive(Debug, Clone, Copy)]
enum Pongs {
    After(Duration),
    Never,
}

#[derive(Debug)]
struct Step {
    due: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    Write(Bytes),
    Cut(Cut),
    Hush { deaf: bool, mute: bool },
}

impl Peer {
    pub(crate) fn new(
        stream: TokioIo<Upgraded>,
        connection: Connection,
        path: &str,
        max_message_size: usize,
    ) -> Self {
        connection.line.became_websocket(path);
        let now = Instant::now();
        let mut peer = Self {
            stream,
            connection,
            decoder: Decoder::new(max_message_size),
            out: Bytes::new(),
            steps: VecDeque::new(),
            last_due: now,
            timer: Box::pin(sleep(Duration::ZERO)),
            armed: Vec::new(),
            after_handling: None,
            slow: Duration::ZERO,
            pongs: Pongs::After(Duration::ZERO),
            kept: Kept::default(),
            closing: None,
            over: false,
        };
        peer.ask(Moment::Upgraded);
        peer.ask(Moment::Frames(0));
        peer
    }

    /// The number of this connection: no other connection of the server has it.
    pub fn id(&self) -> u64 {
        self.line().id()
    }

    /// Whether messages can still go out. A connection that the client lost is noticed only in time.
    pub fn is_open(&self) -> bool {
        !self.over && self.closing.is_none() && self.line().is_open()
    }

    /// Says whose connection it is, once the platform knows.
    ///
    /// `label` (an agent's id or name) is what [`Order::only`](super::Order::only) means, and is shown on the status
    /// page: no secret. `texts` are the agent's name and key: the [magic words](super::magic) in them are ordered for
    /// this agent, each once.
    pub fn identify(&mut self, label: &str, texts: &[&str]) {
        self.line().add_label(label);
        self.kept = self.connection.server.kept_for(label, &self.kept);
        let server = self.connection.server.clone();
        for text in texts {
            for (word, order) in magic::found_in(text, &server.dialect) {
                let of_connecting = matches!(order.fault.layer(), Layer::Accept | Layer::Http);
                let credential = if of_connecting { hash(text) } else { hash(label) };
                if !server.faults.first_time(credential, word) {
                    continue;
                }
                let order = if of_connecting {
                    self.push(What::Cut(Cut::Rst));
                    Fault::on(order.fault, When::NextConnection).times(order.times)
                } else {
                    order.only(label)
                };
                if let Err(error) = server.faults.order(order) {
                    tracing::warn!(%error, word, "a magic word could not be ordered");
                }
            }
        }
    }

    /// Adds another label under which [`Order::only`](super::Order::only) finds this connection.
    pub fn add_label(&mut self, label: &str) {
        self.line().add_label(label);
    }

    /// The next message of the client.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped: it may stand in a `select!`. Pongs, delayed messages and faults move
    /// only while it (or [`Peer::send`]) is awaited.
    pub async fn recv(&mut self) -> Incoming {
        loop {
            self.after_handling();
            while let Some(told) = self.line().next_told() {
                match told {
                    Told::Fault(taken) => self.inject(taken, ""),
                    Told::Close(code, reason) => self.start_closing(code, reason),
                }
            }
            if self.connection.server.stopping.is_cancelled() {
                self.start_closing(1001, "the sandbox shuts down");
            }
            if self.over || !self.line().is_open() {
                self.over = true;
                return Incoming::Closed;
            }
            if !self.line().is_deaf() {
                match self.decoder.next() {
                    Ok(Some(frame)) => match self.take_in(frame) {
                        Some(incoming) => return incoming,
                        None => continue,
                    },
                    Ok(None) => {}
                    Err(Violation(code, reason)) => {
                        tracing::debug!(code, reason, "the client broke the protocol");
                        self.decoder.buffer.clear();
                        self.start_closing(code, reason);
                    }
                }
            }
            self.step().await;
        }
    }

    /// Sends a text message. A connection that is over swallows it: [`Peer::recv`] says so.
    ///
    /// A client that does not read for [`SEND_DEADLINE`] loses the connection.
    ///
    /// # Cancel safety
    /// The message is queued at once; when the future is dropped, it goes out with the next `recv` or `send`.
    pub async fn send(&mut self, text: impl Into<String>) {
        if self.over || self.closing.is_some() {
            return;
        }
        self.after_handling();
        self.queue(text.into());
        let flushed = timeout(SEND_DEADLINE, std::future::poll_fn(|cx| self.poll_steps(cx))).await;
        match flushed {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.end(Cut::Fin),
            Err(_) => {
                tracing::debug!(connection = self.id(), "the client does not read; its connection is reset");
                self.end(Cut::Rst);
            }
        }
    }

    /// Closes with a code and a reason (at most 123 bytes of it), and waits at most [`CLOSE_WAIT`] for the client's
    /// answer.
    pub async fn close(&mut self, code: u16, reason: &str) {
        self.after_handling();
        self.start_closing(code, reason);
        while self.recv().await != Incoming::Closed {}
    }

    fn line(&self) -> &Line {
        &self.connection.line
    }

    /// What a frame of the client means to the platform, if anything.
    fn take_in(&mut self, frame: Frame) -> Option<Incoming> {
        let incoming = match frame {
            Frame::Ping(payload) => {
                self.push_pong(frame::pong(&payload));
                return None;
            }
            Frame::Pong => return None,
            Frame::Close(answer) => {
                if let Some(recorder) = &self.connection.server.recorder {
                    let (code, reason) =
                        answer.as_ref().map_or((None, ""), |(code, reason)| (Some(*code), reason.as_str()));
                    recorder.close(self.line(), Sender::Client, code, reason);
                }
                if self.closing.is_none() {
                    self.push(What::Write(match answer {
                        Some((code, _)) => frame::close(code, ""),
                        None => frame::close_without_code(),
                    }));
                    self.closing = Some(Instant::now() + CLOSE_WAIT);
                }
                self.push(What::Cut(Cut::Fin));
                return None;
            }
            Frame::Text(_) | Frame::Binary(_) if self.closing.is_some() => return None,
            Frame::Text(text) => Incoming::Text(text),
            Frame::Binary(bytes) => Incoming::Binary(bytes),
        };
        self.line().received.fetch_add(1, Ordering::Relaxed);
        let server = self.connection.server.clone();
        if let Some(recorder) = &server.recorder {
            match &incoming {
                Incoming::Text(text) => {
                    recorder.message(self.line(), Sender::Client, &server.dialect.type_of(text), text)
                }
                Incoming::Binary(bytes) => recorder.bytes(self.line(), Sender::Client, bytes.len()),
                Incoming::Closed => {}
            }
        }
        if server.faults.is_idle() {
            return Some(incoming);
        }
        let kind = match &incoming {
            Incoming::Text(text) => server.dialect.type_of(text),
            _ => String::new(),
        };
        if let Some(taken) = server.faults.take(Moment::Received(&kind), Some(self.line())) {
            let ends = taken.fault.ends_the_connection();
            self.inject(taken, &kind);
            if ends {
                return None;
            }
        }
        self.after_handling =
            server.faults.take(Moment::Handled(&kind), Some(self.line())).map(|taken| (taken, kind));
        Some(incoming)
    }

    fn after_handling(&mut self) {
        if let Some((taken, kind)) = self.after_handling.take() {
            self.inject(taken, &kind);
        }
    }

    /// Carries out the fault that is due at this moment, if any.
    fn ask(&mut self, moment: Moment<'_>) {
        let faults = &self.connection.server.faults;
        if let Some(taken) = faults.take(moment, Some(self.line())) {
            let kind = match moment {
                Moment::Sending(kind) | Moment::Sent(kind) => kind,
                _ => "",
            };
            self.inject(taken, kind);
        }
    }

    /// Queues a message of the platform, with the faults that are due before, in and after it.
    fn queue(&mut self, text: String) {
        let server = self.connection.server.clone();
        let idle = server.faults.is_idle() && self.armed.is_empty();
        let kind = if idle && matches!(self.pongs, Pongs::After(Duration::ZERO)) {
            String::new()
        } else {
            server.dialect.type_of(&text)
        };
        if server.dialect.pongs.contains(&kind) && !matches!(self.pongs, Pongs::After(Duration::ZERO)) {
            self.push_pong(frame::message(frame::TEXT, text.as_bytes()));
            return;
        }
        if !idle {
            self.ask(Moment::Sending(&kind));
            if self.closing.is_some() {
                return;
            }
        }
        if let Some(recorder) = &server.recorder {
            recorder.message(self.line(), Sender::Sandbox, &server.dialect.type_of(&text), &text);
        }
        let mut frames = frame::message(frame::TEXT, text.as_bytes());
        let mut torn = false;
        let mut twice = false;
        for taken in std::mem::take(&mut self.armed) {
            match &taken.fault {
                Fault::TornFrame => torn = true,
                Fault::Duplicate => twice = true,
                Fault::Binary => frames = frame::message(frame::BINARY, text.as_bytes()),
                Fault::BrokenField { field } => match broken(&text, field.as_deref()) {
                    Some(broken) => frames = frame::message(frame::TEXT, broken.as_bytes()),
                    // This message has no such field: the next may.
                    None => {
                        self.armed.push(taken);
                        continue;
                    }
                },
                Fault::Fragments { count } => {
                    let mut padded = text.clone().into_bytes();
                    padded.resize((*count).max(padded.len()), b' ');
                    frames = frame::one_byte_fragments(&padded);
                }
                _ => {}
            }
            server.faults.happened(Some(taken.id), &taken.fault, &taken.when, self.id());
        }
        self.keep(text);
        if torn {
            frames.truncate((frames.len() / 2).max(1));
            self.push(What::Write(frames));
            self.push(What::Cut(Cut::Rst));
            return;
        }
        if twice {
            self.push(What::Write(frames.clone()));
        }
        self.push(What::Write(frames));
        let count = self.line().sent.fetch_add(1, Ordering::Relaxed) + 1;
        if !idle {
            self.ask(Moment::Sent(&kind));
            self.ask(Moment::Frames(count));
        }
    }

    fn keep(&self, text: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MESSAGES {
            kept.pop_front();
        }
        kept.push_back(text);
    }

    fn inject(&mut self, taken: Taken, kind: &str) {
        let server = self.connection.server.clone();
        let fault = taken.fault.clone();
        if fault.alters_a_message() {
            self.armed.push(taken);
            return;
        }
        match &fault {
            Fault::DropTcp => self.push(What::Cut(Cut::Rst)),
            Fault::Fin => self.push(What::Cut(Cut::Fin)),
            Fault::HalfOpen => self.push(What::Hush { deaf: true, mute: true }),
            Fault::StopReading => self.push(What::Hush { deaf: true, mute: false }),
            Fault::Silence => self.push(What::Hush { deaf: false, mute: true }),
            Fault::Slow { delay_ms } => self.slow = Duration::from_millis(*delay_ms),
            Fault::DelayPongs { delay_ms } => self.pongs = Pongs::After(Duration::from_millis(*delay_ms)),
            Fault::DropPongs => self.pongs = Pongs::Never,
            Fault::Close { code, reason } => self.start_closing(*code, reason),
            Fault::GarbageText => self.push_message(b"{\"type\": \"your_tu<html>\x07 this is not JSON"),
            Fault::InvalidUtf8 => self.push_message(b"{\"type\": \"\xff\xfe\xc0\x80\"}"),
            Fault::ReservedBits => self.push(What::Write(frame::with_reserved_bit(b"{}"))),
            Fault::BadOpcode => self.push(What::Write(frame::with_unknown_opcode(b"{}"))),
            Fault::MaskedFrame => self.push(What::Write(frame::masked(b"{}"))),
            Fault::UnknownMessage => self.push_message(server.dialect.unknown.as_bytes()),
            Fault::Huge { bytes } => {
                let mut padded = server.dialect.unknown.clone().into_bytes();
                padded.resize((*bytes).max(padded.len()), b' ');
                self.push_message(&padded);
            }
            Fault::Stale => match self.earlier(&taken.when, kind) {
                Some(text) => self.push_message(text.as_bytes()),
                None => {
                    server.faults.give_back(taken);
                    return;
                }
            },
            _ => return,
        }
        server.faults.happened(Some(taken.id), &fault, &taken.when, self.id());
    }

    /// The oldest kept message of a type (of any, where the moment has none), but not the one that just went out.
    fn earlier(&self, when: &When, kind: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let just_sent = usize::from(matches!(when, When::Sent(_)));
        let kind = if matches!(when, When::Sending(_) | When::Sent(_)) { kind } else { "" };
        kept.iter()
            .take(kept.len().saturating_sub(just_sent))
            .find(|text| kind.is_empty() || self.connection.server.dialect.type_of(text) == kind)
            .cloned()
    }

    fn push_message(&mut self, payload: &[u8]) {
        self.push(What::Write(frame::message(frame::TEXT, payload)));
    }

    fn push(&mut self, what: What) {
        self.last_due = self.last_due.max(Instant::now() + self.slow);
        self.push_due(self.last_due, what);
    }

    fn push_pong(&mut self, pong: Bytes) {
        match self.pongs {
            Pongs::After(delay) if self.steps.len() < MAX_BACKLOG => {
                self.push_due(Instant::now() + delay, What::Write(pong));
            }
            Pongs::After(_) | Pongs::Never => {}
        }
    }

    fn push_due(&mut self, due: Instant, what: What) {
        let place = self.steps.partition_point(|step| step.due <= due);
        self.steps.insert(place, Step { due, what });
    }

    /// Queues a close frame behind what is due already; what is delayed beyond that is dropped.
    fn start_closing(&mut self, code: u16, reason: &str) {
        if self.over || self.closing.is_some() {
            return;
        }
        let now = Instant::now();
        self.closing = Some(now + CLOSE_WAIT);
        if self.line().is_deaf() {
            // It cannot hear the answer.
            return self.end(Cut::Rst);
        }
        self.steps.retain(|step| step.due <= now);
        let end = (0..=reason.len().min(123)).rev().find(|end| reason.is_char_boundary(*end));
        let reason = end.and_then(|end| reason.get(..end)).unwrap_or_default();
        if let Some(recorder) = &self.connection.server.recorder {
            recorder.close(self.line(), Sender::Sandbox, Some(code), reason);
        }
        self.push_due(now, What::Write(frame::close(code, reason)));
    }

    fn end(&mut self, how: Cut) {
        self.line().cut(how);
        self.over = true;
    }

    /// Waits until something has been read, written for good, told, or timed out.
    async fn step(&mut self) {
        let (line, server) = (self.connection.line.clone(), self.connection.server.clone());
        let closing = self.closing;
        tokio::select! {
            biased;
            () = server.stopping.cancelled(), if closing.is_none() => {}
            () = line.was_told() => {}
            result = std::future::poll_fn(|cx| self.poll_io(cx)) => {
                if result.is_err() {
                    self.end(Cut::Fin);
                }
            }
            () = async {
                match closing {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            } => self.end(Cut::Fin),
        }
    }

    /// Writes what is due, and reads. Ready when bytes were read, or the connection ended.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(result) = self.poll_steps(cx) {
            result?;
            if self.over {
                return Poll::Ready(Ok(()));
            }
        }
        let mut scratch = [0; READ_BUFFER];
        let mut scratch = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut scratch))?;
        if scratch.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.decoder.buffer.extend_from_slice(scratch.filled());
        Poll::Ready(Ok(()))
    }

    /// Writes and does what is due. Ready when nothing more is due now; the timer wakes the task for the rest.
    fn poll_steps(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.over {
                return Poll::Ready(Ok(()));
            }
            if self.out.has_remaining() {
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.out.advance(written);
                continue;
            }
            let Some(due) = self.steps.front().map(|step| step.due) else { break };
            if due > Instant::now() {
                self.timer.as_mut().reset(due);
                if self.timer.as_mut().poll(cx).is_pending() {
                    break;
                }
            }
            match self.steps.pop_front().map(|step| step.what) {
                Some(What::Write(bytes)) => self.out = bytes,
                Some(What::Cut(how)) => {
                    ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
                    self.end(how);
                }
                Some(What::Hush { deaf, mute }) => self.line().hush(deaf, mute),
                None => {}
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("id", &self.id())
            .field("labels", &self.line().labels())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
