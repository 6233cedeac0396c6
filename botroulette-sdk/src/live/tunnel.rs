//! The tunnel as pure state: frames of the relay and answers of the bot in, frames and events out.
//!
//! | frame of the relay | before `auth_ok` | after it |
//! |---|---|---|
//! | `auth_ok` | the bot is online | its fields are told again |
//! | `error`, or a type that speaks of auth | the key is refused (final), or the relay has trouble (reconnect) | told; final when it is about the key |
//! | `request` | told, not answered | answered once |
//! | `request` without a usable id | told, not answered | told, not answered |
//! | `request` with an id and a field of a wrong type | told, not answered | 400 |
//! | `request` with too many headers | told, not answered | 431 |
//! | `request` with an id that is being answered, or was lately | told, not answered | told; the first one is answered |
//! | `ping`, `pong` | life | life; a ping is answered with a pong |
//! | any other type, or none | told | told |
//! | no JSON, or a binary frame | told | told |
//!
//! There is one exit for answers, [`Tunnel::answer`]: each request is answered once at most, on the connection that it came
//! on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes as core_codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{self, Text, excerpt};
use tokio::sync::watch;
use url::Url;

use super::event::{Connected, TunnelEvent, UnknownFrame};
use super::incoming::Incoming;
use super::response::Response;
use super::service::{busy, stopping, unreadable};
use crate::codes;
use crate::model::ServiceCode;
use crate::model::frame::{self, AuthOk, BadRequest, FrameId, TunnelRequest, TunnelResponse};

/// At most so many refusals wait to be written. A relay that takes none of our bytes gets no more of them.
pub(crate) const REFUSALS_WAITING: usize = 512;

/// So many answered requests are remembered, so that one which comes again is not answered again.
pub(crate) const ANSWERED_KEPT: usize = 4_096;

/// What bounds a tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// How many requests are answered at once.
    pub(crate) max_at_once: usize,
    /// How many bytes of requests are being answered at once, at most.
    pub(crate) max_bytes_at_once: usize,
    /// How long a drain waits for what is being answered.
    pub(crate) drain_limit: Duration,
    /// Whether a relay that closes in good order is dialled again.
    pub(crate) stays: bool,
}

/// What the driver's consumer is told.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "requests are the rule, and each is moved once")]
pub(crate) enum Told {
    /// A request to answer, by [`Tunnel::answer`] with this key.
    Request(RequestKey, Incoming, Cancelled),
    /// For the bot's author.
    Event(TunnelEvent),
}

/// Which request on which connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RequestKey {
    connection: u64,
    id: FrameId,
}

/// Becomes `true`, or closes, when an answer would reach nobody any more.
pub(crate) type Cancelled = watch::Receiver<bool>;

/// What the bot asks of its tunnel.
#[derive(Debug)]
pub(crate) enum Command {
    Drain,
    Close,
    Reconnect,
}

/// The protocol's state.
#[derive(Debug)]
pub(crate) struct Tunnel {
    url: Url,
    key: Secret,
    bounds: Bounds,
    accepted: bool,
    was_online: bool,
    /// The requests of this connection that are not answered yet, with their size.
    open: HashMap<FrameId, usize>,
    open_bytes: usize,
    /// The requests of this connection that were answered last.
    answered: Answered,
    /// Tells the responders of this connection that their answers would reach nobody.
    cancel: watch::Sender<bool>,
    /// Frames that wait to be written.
    waiting: usize,
    draining: bool,
    drain_until: Option<Instant>,
}

impl Tunnel {
    pub(crate) fn new(url: Url, key: Secret, bounds: Bounds) -> Self {
        Self {
            url,
            key,
            bounds,
            accepted: false,
            was_online: false,
            open: HashMap::new(),
            open_bytes: 0,
            answered: Answered::default(),
            cancel: watch::Sender::new(false),
            waiting: 0,
            draining: false,
            drain_until: None,
        }
    }

    /// The one exit for answers. Says whether it left: not when the request was answered before, or when its connection is
    /// gone.
    pub(crate) fn answer(
        &mut self,
        key: &RequestKey,
        response: &Response,
        cx: &mut Context<'_, Told>,
    ) -> bool {
        if key.connection != cx.connection() || !self.accepted {
            return false;
        }
        let Some(size) = self.open.remove(&key.id) else { return false };
        self.open_bytes = self.open_bytes.saturating_sub(size);
        let left = self.write(&key.id, response, cx);
        if self.draining && self.open.is_empty() {
            // What was sent before it still goes out.
            cx.end(None);
        }
        left
    }

    fn write(&mut self, id: &FrameId, response: &Response, cx: &mut Context<'_, Told>) -> bool {
        let Response { status, headers, body } = response;
        let text = TunnelResponse { id, status: *status, headers, body }.encode();
        let sent = cx.send_tracked(text, Token(0));
        match sent {
            Ok(()) => {
                self.waiting += 1;
                self.answered.note(id.clone());
                true
            }
            // The relay takes nothing: the write deadline ends the connection, and with it the request.
            Err(error) => {
                let what = "an answer found no room: the relay does not take our bytes";
                let error = Error::new(&codes::UNANSWERED, what).with_source(error);
                cx.emit(Told::Event(TunnelEvent::NotAnswered(error)));
                false
            }
        }
    }

    /// Answers a request that never reaches the responder, and tells of it.
    fn refuse(&mut self, id: &FrameId, response: &Response, error: Error, cx: &mut Context<'_, Told>) {
        if self.waiting >= REFUSALS_WAITING {
            let what = "a refusal was left out: the relay does not take our bytes";
            let error = Error::new(&codes::UNANSWERED, what).with_source(error);
            cx.emit(Told::Event(TunnelEvent::NotAnswered(error)));
            return;
        }
        if self.write(id, response, cx) {
            cx.emit(Told::Event(TunnelEvent::Refused(error)));
        }
    }

    fn on_auth_ok(&mut self, text: &str, cx: &mut Context<'_, Told>) {
        let AuthOk { tunnel_url, agent_name, service_code, extra } = match AuthOk::decode(text) {
            Ok(auth_ok) => auth_ok,
            Err(error) => {
                cx.emit(Told::Event(TunnelEvent::RelayError(error)));
                AuthOk::default()
            }
        };
        self.accepted = true;
        cx.ready();
        let service_code = service_code.map(ServiceCode::from);
        let is_reconnect = std::mem::replace(&mut self.was_online, true);
        let connected = Connected { tunnel_url, agent_name, service_code, extra, is_reconnect };
        cx.emit(Told::Event(TunnelEvent::Connected(connected)));
    }

    /// An `error` frame, or one of a type that speaks of a failed auth.
    fn on_error(&mut self, kind: &str, text: &str, cx: &mut Context<'_, Told>) {
        let words = frame::error_words(text).unwrap_or_else(|| kind.to_owned());
        let words = self.key.redact(&words);
        let shown = excerpt(&words);
        match complaint(kind, &words, self.accepted) {
            Complaint::Key => {
                let what = format!("the relay refused the key: {shown}");
                cx.end(Some(Error::new(&core_codes::AUTH_REJECTED, what)));
            }
            Complaint::Replaced => {
                let what = format!("another tunnel with the same key took over: {shown}");
                cx.end(Some(Error::new(&core_codes::SESSION_REPLACED, what)));
            }
            Complaint::Other if self.accepted => {
                let error = Error::new(&codes::RELAY_ERROR, format!("the relay says: {shown}"));
                cx.emit(Told::Event(TunnelEvent::RelayError(error)));
            }
            Complaint::Other => {
                let what = format!("the relay did not accept the bot: {shown}");
                cx.drop_connection(Error::new(&codes::RELAY_ERROR, what));
            }
        }
    }

    fn on_request(&mut self, text: &str, cx: &mut Context<'_, Told>) {
        if !self.accepted {
            let error = Error::new(&codes::BAD_FRAME, "a request came before the key was accepted");
            cx.emit(Told::Event(TunnelEvent::NotAnswered(error)));
            return;
        }
        let request = match TunnelRequest::decode(text) {
            Ok(request) => request,
            Err(BadRequest { id: Some(id), status, error }) if !self.is_known(&id) => {
                self.refuse(&id, &unreadable(status, &error), error, cx);
                return;
            }
            Err(BadRequest { error, .. }) => {
                cx.emit(Told::Event(TunnelEvent::NotAnswered(error)));
                return;
            }
        };
        let id = request.id.clone();
        if self.is_known(&id) {
            let when =
                if self.open.contains_key(&id) { "while it was being answered" } else { "after its answer" };
            let what = format!("the request {} came again {when}", id.as_json());
            let error = Error::new(&codes::DUPLICATE_REQUEST, what);
            cx.emit(Told::Event(TunnelEvent::NotAnswered(error)));
            return;
        }
        let size = text.len();
        if self.draining {
            let error = Error::new(&codes::TOO_BUSY, "a request came while the bot is going offline");
            self.refuse(&id, &stopping(), error, cx);
        } else if self.open.len() >= self.bounds.max_at_once {
            let limit = self.bounds.max_at_once;
            let error = Error::new(&codes::TOO_BUSY, format!("{limit} requests are being answered already"));
            self.refuse(&id, &busy(), error, cx);
        } else if self.open_bytes.saturating_add(size) > self.bounds.max_bytes_at_once
            && !self.open.is_empty()
        {
            let limit = self.bounds.max_bytes_at_once;
            let what = format!("requests of more than {limit} bytes would be answered at once");
            self.refuse(&id, &busy(), Error::new(&codes::TOO_BUSY, what), cx);
        } else {
            self.open.insert(id.clone(), size);
            self.open_bytes += size;
            let key = RequestKey { connection: cx.connection(), id };
            cx.emit(Told::Request(key, Incoming::from_tunnel(request), self.cancel.subscribe()));
        }
    }

    /// Whether a request with this id came before, on this connection.
    fn is_known(&self, id: &FrameId) -> bool {
        self.open.contains_key(id) || self.answered.holds(id)
    }

    fn on_unknown(&mut self, frame_type: &str, text: Text, cx: &mut Context<'_, Told>) {
        let frame = UnknownFrame { frame_type: frame_type.to_owned(), text };
        cx.emit(Told::Event(TunnelEvent::Unknown(frame)));
    }

    /// Gives up what is being answered.
    fn forget(&mut self) {
        self.accepted = false;
        self.open.clear();
        self.open_bytes = 0;
        self.answered = Answered::default();
        self.waiting = 0;
        self.cancel.send_replace(true);
        self.cancel = watch::Sender::new(false);
    }

    fn begin_drain(&mut self, now: Instant) {
        if !self.draining {
            self.draining = true;
            self.drain_until = Some(now + self.bounds.drain_limit);
        }
    }
}

/// The ids of the requests that were answered last, at most [`ANSWERED_KEPT`] of them.
#[derive(Debug, Default)]
struct Answered {
    ids: HashSet<FrameId>,
    order: VecDeque<FrameId>,
}

impl Answered {
    fn holds(&self, id: &FrameId) -> bool {
        self.ids.contains(id)
    }

    fn note(&mut self, id: FrameId) {
        if !self.ids.insert(id.clone()) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > ANSWERED_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

/// What an error of the relay is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Complaint {
    Key,
    Replaced,
    Other,
}

/// The spec names one text, "Invalid or expired API key", and no code. So the words decide, and where they say nothing, the
/// bot tries again: it never storms, and a wrong guess ends no bot. Once the key was accepted, an error is about something
/// else as a rule.
fn complaint(kind: &str, words: &str, accepted: bool) -> Complaint {
    const OF_THE_KEY: [&str; 3] = ["api key", "invalid key", "revoked"];
    const OF_THE_GREETING: [&str; 4] = ["unauthori", "auth failed", "authentication", "forbidden"];
    let words = words.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    if says(&["replaced", "another session", "another connection", "another tunnel"]) {
        Complaint::Replaced
    } else if says(&[
        "try again",
        "temporar",
        "unavailable",
        "rate limit",
        "too many",
        "timeout",
        "timed out",
    ]) {
        Complaint::Other
    } else if says(&OF_THE_KEY) || kind.starts_with("auth") || (!accepted && says(&OF_THE_GREETING)) {
        Complaint::Key
    } else {
        Complaint::Other
    }
}

impl Protocol for Tunnel {
    type Event = Told;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
        Ok(Dial {
            url: self.url.clone(),
            headers: HeaderMap::new(),
            greeting: Some(frame::auth(&self.key)),
            secrets: vec![self.key.clone()],
        })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Told>) {
        let kind = wire::tag(text.as_str(), "type");
        match kind.as_deref() {
            Some("request") => self.on_request(text.as_str(), cx),
            Some("pong") => {}
            Some("ping") => drop(cx.send(r#"{"type":"pong"}"#)),
            Some("auth_ok") => self.on_auth_ok(text.as_str(), cx),
            Some(kind) if kind == "error" || kind.starts_with("auth") => {
                self.on_error(kind, text.as_str(), cx);
            }
            Some(kind) => {
                let kind = kind.to_owned();
                self.on_unknown(&kind, text, cx);
            }
            None => match wire::decode::<serde::de::IgnoredAny>(text.as_str(), "a frame of the relay") {
                Ok(_) => self.on_unknown("", text, cx),
                Err(error) => cx.emit(Told::Event(TunnelEvent::NotAnswered(error))),
            },
        }
    }

    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Told>) {
        let what = format!("a binary frame of {} bytes came: the tunnel carries text", bytes.len());
        cx.emit(Told::Event(TunnelEvent::NotAnswered(Error::new(&codes::BAD_FRAME, what))));
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Told>) {
        match command {
            Command::Drain => {
                self.begin_drain(cx.now());
                if self.is_idle() {
                    cx.end(None);
                }
            }
            Command::Close => cx.end(None),
            Command::Reconnect => {
                let what = "the bot asked for a new connection";
                cx.drop_connection(Error::new(&core_codes::CONNECTION_LOST, what));
            }
        }
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Told>) {
        let event = match lifecycle {
            Lifecycle::Lost { cause } => {
                let unanswered = self.open.len();
                self.forget();
                cx.emit(Told::Event(TunnelEvent::Disconnected { cause: cause.clone() }));
                if unanswered == 0 {
                    return;
                }
                let what = format!("{unanswered} requests were being answered when the connection was lost");
                TunnelEvent::NotAnswered(Error::new(&codes::UNANSWERED, what).with_source(cause.clone()))
            }
            Lifecycle::Waiting { attempt, delay, cause } => {
                TunnelEvent::Reconnecting { attempt, delay, cause: cause.clone() }
            }
            Lifecycle::Connecting { attempt } => TunnelEvent::Connecting { attempt },
            Lifecycle::Slow { waited, gives_up_in } => TunnelEvent::StillConnecting { waited, gives_up_in },
            Lifecycle::Blocked { took } => TunnelEvent::HandlerBlocked { took },
            Lifecycle::Ended { reason } => {
                self.forget();
                TunnelEvent::Closed { reason: reason.cloned() }
            }
            _ => return,
        };
        cx.emit(Told::Event(event));
    }

    fn on_write(&mut self, _: Token, _: &mut Context<'_, Told>) -> bool {
        self.waiting = self.waiting.saturating_sub(1);
        true
    }

    fn ping(&mut self) -> Option<Text> {
        // Before the key is accepted, a WebSocket ping: nothing but the greeting is said.
        self.accepted.then(|| frame::PING.into())
    }

    /// That the relay answers a ping is not documented.
    fn pings_socket_too(&self) -> bool {
        true
    }

    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        match Verdict::of(cause, was_ready) {
            Verdict::End if self.bounds.stays && !self.draining => Verdict::RETRY,
            verdict => verdict,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.drain_until
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Told>) {
        if self.drain_until.is_some_and(|until| until <= now) {
            self.drain_until = None;
            // Each gets an answer all the same: a caller that hears nothing waits for the platform's own timeout.
            let connection = cx.connection();
            let open: Vec<FrameId> = self.open.keys().cloned().collect();
            for id in open {
                self.answer(&RequestKey { connection, id }, &stopping(), cx);
            }
            self.cancel.send_replace(true);
            cx.end(None);
        }
    }

    fn on_drain(&mut self, cx: &mut Context<'_, Told>) {
        self.begin_drain(cx.now());
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests;
