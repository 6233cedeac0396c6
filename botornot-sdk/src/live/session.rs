//! A BotOrNot session as pure state: frames and commands in, frames and events out.
//!
//! It keeps the lobby joined, gives every request an id and every reply to whoever asked, and joins again after a reconnect
//! what the bot had joined ([`rooms`]). Where the client entered matches, it drives a [`Machine`] on top of that.

mod rooms;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::correlation::RequestId;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::secret::{Secret, shown_url};
use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{RawJson, Text, printable};
use url::Url;

use self::rooms::{Joining, Membership};
use super::event::{Event, UnknownFrame};
use super::handle::Calls;
use super::refusal;
use crate::model::{ClientMessage, ErrorReply, PING, Push, Reason, Reply, Room, ServerEvent, ServerFrame};
use crate::state::{self, Action, Answer, Machine, Notice, RequestNo, Wish};

/// So many requests for which no task waits are remembered.
const MAX_OWN: usize = 1_024;
/// So many rooms are joined again after a reconnect.
const MAX_WANTED: usize = 1_024;
/// A token that is shorter may stand in a frame by chance.
const SHORTEST_TOKEN: usize = 8;

/// The timings of a session, in the machine's own time: the transport does not scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// How long a join may take before another one is sent.
    pub(crate) answer: Duration,
}

/// What a handle asks for. The ids belong to calls that wait.
#[derive(Debug)]
pub(crate) enum Command {
    Join { id: RequestId, room: Room },
    Push { id: RequestId, room: Room, message: ClientMessage },
    Cast { room: Room, message: ClientMessage },
    Wish(Wish),
    ReplaceToken(Secret),
    Reconnect,
    Drain,
    Close,
}

/// For what a request was sent for which no task waits under its own id.
enum Purpose {
    Join(Room),
    Machine(RequestNo, Room),
    Cast,
}

pub(crate) struct Session {
    url: Url,
    token: Secret,
    timings: Timings,
    calls: Calls,
    own: VecDeque<(RequestId, Purpose)>,
    rooms: BTreeMap<Room, Membership>,
    /// What is joined again after a reconnect.
    wanted: BTreeSet<Room>,
    machine: Option<Machine>,
    /// What it asks for, between two events: kept for its memory.
    actions: Vec<Action>,
    /// The room of the machine's match.
    match_room: Option<Room>,
    connections: u64,
    /// The driver's number of the connection on which the lobby was joined last.
    lobby_on: u64,
    open: bool,
    draining: bool,
    /// The connection ends by itself once it is idle: a bot's own wish, as a signal is the program's.
    ends_when_idle: bool,
}

impl Session {
    pub(crate) fn new(url: Url, token: Secret, timings: Timings, calls: Calls) -> Self {
        Self {
            url,
            token,
            timings,
            calls,
            own: VecDeque::new(),
            rooms: BTreeMap::new(),
            wanted: BTreeSet::new(),
            machine: None,
            actions: Vec::new(),
            match_room: None,
            connections: 0,
            lobby_on: 0,
            open: false,
            draining: false,
            ends_when_idle: false,
        }
    }

    /// Drives a state machine.
    #[must_use]
    pub(crate) fn with_machine(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    // ---- the state machine ----------------------------------------------------------------------------------------

    /// Gives the machine an event, and carries out what it asks for.
    pub(crate) fn feed(&mut self, event: state::Event, cx: &mut Context<'_, Event>) {
        if self.machine.is_some() {
            self.feed_at(event, cx.now(), cx);
        }
    }

    /// As [`feed`](Self::feed), for those who know the time already.
    pub(crate) fn feed_at(&mut self, event: state::Event, now: Instant, cx: &mut Context<'_, Event>) {
        let Some(machine) = &mut self.machine else { return };
        let mut actions = std::mem::take(&mut self.actions);
        machine.handle_into(event, now, &mut actions);
        let mut follows = VecDeque::new();
        loop {
            for action in actions.drain(..) {
                follows.extend(self.carry_out(action, cx));
            }
            let Some((event, machine)) = follows.pop_front().zip(self.machine.as_mut()) else { break };
            machine.handle_into(event, now, &mut actions);
        }
        self.actions = actions;
    }

    /// What follows at once, the machine is to be told.
    fn carry_out(&mut self, action: Action, cx: &mut Context<'_, Event>) -> Option<state::Event> {
        match action {
            Action::Tell(notice) => {
                self.note_match(&notice);
                cx.emit(Event::Notice(notice));
                None
            }
            Action::Join { room, anew } => match self.join(room.clone(), None, anew, cx) {
                Ok(Joining::AlreadyIn) => Some(state::Event::Joined { room }),
                Ok(Joining::UnderWay) => None,
                Err(_) => Some(state::Event::JoinRefused { room, reason: None }),
            },
            Action::Reconnect => {
                let message = "no compliance challenge came, and asking for it again did not help";
                cx.drop_connection(Error::new(&codes::CONNECTION_LOST, message));
                None
            }
            Action::GiveUp { tries } => {
                let message = format!("the compliance check failed {tries} times in a row");
                let error = Error::new(&crate::codes::COMPLIANCE_FAILED, message)
                    .with_platform_code(Reason::InvalidProbeToken.as_str());
                cx.end(Some(error));
                None
            }
            Action::Send { request, room, message } => self
                .send_own(Purpose::Machine(request, room.clone()), &room, &message, cx)
                .is_err()
                .then_some(state::Event::Answered { request, answer: Answer::Lost }),
        }
    }

    /// What of it concerns the session. The platform has no way to leave a room; that of a match which is over is forgotten.
    fn note_match(&mut self, notice: &Notice) {
        match notice {
            Notice::ProbeFailed { reason: Some(reason), tries, .. } => {
                tracing::warn!(%reason, tries, "the echo of the compliance token was refused");
            }
            Notice::ProbeFailed { tries, .. } => tracing::warn!(tries, "no compliance challenge came"),
            Notice::QueueRefused { reason } => tracing::warn!(%reason, "the request for a match was refused"),
            Notice::MatchFound { room, .. } => self.match_room = Some(room.clone()),
            Notice::MatchEnded { .. } => {
                if let Some(room) = self.match_room.take().filter(|room| !self.wanted.contains(room)) {
                    let over = Error::new(&codes::REJECTED, "the match is over");
                    self.fail_join(&room, &over);
                }
            }
            _ => {}
        }
    }

    fn end_if_idle(&self, cx: &mut Context<'_, Event>) {
        if self.ends_when_idle && self.is_idle() {
            cx.end(None);
        }
    }

    // ---- requests -------------------------------------------------------------------------------------------------

    fn note_own(&mut self, id: RequestId, purpose: Purpose) {
        if self.own.len() >= MAX_OWN {
            self.own.pop_front();
        }
        self.own.push_back((id, purpose));
    }

    fn send_own(
        &mut self,
        purpose: Purpose,
        room: &Room,
        message: &ClientMessage,
        cx: &mut Context<'_, Event>,
    ) -> Result<()> {
        if !self.is_joined(room) {
            return Err(not_joined(room));
        }
        self.check_free_of_token(message)?;
        let id = self.calls.next_id();
        cx.send(message.to_frame(&id.to_string(), room)?)?;
        self.note_own(id, purpose);
        Ok(())
    }

    fn push(&mut self, id: RequestId, room: &Room, message: &ClientMessage, cx: &mut Context<'_, Event>) {
        let sent = if !self.in_lobby() {
            Err(not_connected())
        } else if !self.is_joined(room) {
            Err(not_joined(room))
        } else {
            self.check_free_of_token(message)
                .and_then(|()| message.to_frame(&id.to_string(), room))
                .and_then(|frame| cx.send_tracked(frame, id.into()))
        };
        if let Err(error) = sent {
            self.calls.fail(id, &error);
        }
    }

    /// The WebSocket library logs what goes through it, so the token does not.
    fn check_free_of_token(&self, message: &ClientMessage) -> Result<()> {
        let holds = match message {
            ClientMessage::Chat { body } => self.holds_token(body),
            ClientMessage::Other { payload, .. } => self.holds_token(payload.as_str()),
            _ => false,
        };
        if holds {
            return Err(Error::invalid_argument("payload", "the message holds the API token"));
        }
        Ok(())
    }

    // ---- frames ---------------------------------------------------------------------------------------------------

    fn on_frame(&mut self, frame: ServerFrame, cx: &mut Context<'_, Event>) {
        match frame {
            ServerFrame::Pong => {}
            ServerFrame::Push(push) => self.on_push(push, cx),
            ServerFrame::Joined(joined) => {
                let asked = match self.take_own(joined.id.as_deref()) {
                    Some(Purpose::Join(room)) => Some(room),
                    _ => joined.room,
                };
                // One for a room that nobody asked for means nothing.
                if let Some(room) = asked.filter(|room| self.rooms.contains_key(room)) {
                    self.on_joined(room, joined.raw, cx);
                }
            }
            ServerFrame::Reply { id, reply, .. } => match self.take_own(id.as_deref()) {
                Some(Purpose::Machine(request, _)) => {
                    self.feed(state::Event::Answered { request, answer: Answer::Reply(reply) }, cx);
                }
                // A join that is answered like anything else.
                Some(Purpose::Join(room)) => self.on_joined(room, reply.raw, cx),
                Some(Purpose::Cast) => {}
                None => {
                    if let Some(id) = id {
                        self.calls.resolve(&id, reply);
                    }
                }
            },
            ServerFrame::Error(reply) => self.on_refusal(&reply, cx),
            ServerFrame::Unknown { event, text } => cx.emit(Event::Unknown(UnknownFrame::new(event, text))),
        }
    }

    fn take_own(&mut self, id: Option<&str>) -> Option<Purpose> {
        let id = RequestId::parse(id?)?;
        // Replies come in about the order of the requests.
        let at = self.own.iter().position(|(own, _)| *own == id)?;
        self.own.remove(at).map(|(_, purpose)| purpose)
    }

    fn on_refusal(&mut self, reply: &ErrorReply, cx: &mut Context<'_, Event>) {
        let purpose = self.take_own(reply.id.as_deref());
        if let Some(Purpose::Join(room)) = purpose {
            self.on_join_refused(room, reply, cx);
            return;
        }
        let error = refusal::error(reply);
        if reply.reason == Reason::NotJoined {
            let room = match &purpose {
                Some(Purpose::Machine(_, room)) => Some(room),
                _ => reply.room.as_ref(),
            };
            if let Some(room) = room.cloned() {
                self.on_not_joined(&room, cx);
            }
        }
        match (purpose, &reply.id) {
            (Some(Purpose::Machine(request, _)), _) => {
                let answer = Answer::Refused(reply.reason.clone());
                self.feed(state::Event::Answered { request, answer }, cx);
            }
            (None, Some(id)) if RequestId::parse(id).is_some() => {
                // One that nobody waits for any more is of no use to anybody.
                self.calls.reject(id, error);
            }
            _ => cx.emit(Event::Refused(error)),
        }
    }

    fn on_push(&mut self, push: Push, cx: &mut Context<'_, Event>) {
        // Whoever is spoken to in a room is in it. The lobby alone is confirmed in so many words.
        if !push.room.is_lobby() && matches!(self.rooms.get(&push.room), Some(Membership::Joining { .. })) {
            self.on_joined(push.room.clone(), RawJson::from("{}".to_owned()), cx);
        }
        if self.machine.is_some() {
            // Asking for the time costs as much as a small message, and only the beginning of a match needs it.
            let wall = matches!(push.event, ServerEvent::MatchStarted(_)).then(SystemTime::now);
            self.feed(state::Event::Pushed { push, wall }, cx);
        } else {
            cx.emit(Event::Push(push));
        }
    }

    fn holds_token(&self, text: &str) -> bool {
        let token = self.token.expose();
        token.len() >= SHORTEST_TOKEN && text.contains(token)
    }

    /// A text of the platform's without the bot's own token: some servers repeat what they refuse.
    fn without_token(&self, text: Text) -> Text {
        if self.holds_token(text.as_str()) { self.token.redact(text.as_str()).into() } else { text }
    }

    fn connection_lost(&mut self, cause: &Error) {
        self.open = false;
        self.own.clear();
        self.rooms.clear();
        self.calls.fail_all(cause);
    }
}

fn not_joined(room: &Room) -> Error {
    let message = format!("the room {} is not joined; nothing was sent", printable(room.as_str()));
    Error::invalid_argument("room", message)
}

fn not_connected() -> Error {
    Error::new(&codes::NOT_CONNECTED, "there is no connection with the lobby joined")
}

impl Protocol for Session {
    type Event = Event;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("api_key", self.token.expose());
        // A server may repeat it as it stood in the address.
        let encoded: Cow<'_, str> =
            url.query().and_then(|query| query.rsplit_once("api_key=")).map_or("", |(_, key)| key).into();
        let secrets = vec![self.token.clone(), Secret::new(encoded)];
        Ok(Dial { url, headers: HeaderMap::new(), greeting: None, secrets })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Event>) {
        let text = self.without_token(text);
        match ServerFrame::decode(&text) {
            Ok(frame) => self.on_frame(frame, cx),
            Err(error) => {
                tracing::warn!(error = %error, "a frame could not be decoded");
                cx.emit(Event::DecodeError(error));
            }
        }
        self.end_if_idle(cx);
    }

    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Event>) {
        let message = format!("a binary frame of {} bytes; the platform documents none", bytes.len());
        cx.emit(Event::DecodeError(Error::new(&codes::DECODE_FAILED, message)));
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Event>) {
        match command {
            Command::Join { id, room } => {
                if !self.in_lobby() {
                    self.calls.fail(id, &not_connected());
                    return;
                }
                if !room.is_lobby() && self.wanted.len() < MAX_WANTED {
                    self.wanted.insert(room.clone());
                }
                match self.join(room, Some(id), false, cx) {
                    Ok(Joining::AlreadyIn) => {
                        let raw = RawJson::from("{}".to_owned());
                        self.calls.resolve(&id.to_string(), Reply::read(raw));
                    }
                    Ok(Joining::UnderWay) => {}
                    Err(error) => {
                        self.calls.fail(id, &error);
                    }
                }
            }
            Command::Push { id, room, message } => self.push(id, &room, &message, cx),
            Command::Cast { room, message } => {
                if let Err(error) = self.send_own(Purpose::Cast, &room, &message, cx) {
                    cx.emit(Event::Refused(error));
                }
            }
            Command::Wish(wish) => self.feed(state::Event::Wish(wish), cx),
            Command::ReplaceToken(token) => {
                self.token = token;
                let message = "the bot brought another token";
                cx.drop_connection(Error::new(&codes::CONNECTION_LOST, message));
            }
            Command::Reconnect => {
                let message = "the bot asked for a new connection";
                cx.drop_connection(Error::new(&codes::CONNECTION_LOST, message));
            }
            Command::Drain => {
                self.ends_when_idle = true;
                self.on_drain(cx);
                self.end_if_idle(cx);
            }
            Command::Close => cx.end(None),
        }
    }

    fn on_write(&mut self, token: Token, _: &mut Context<'_, Event>) -> bool {
        self.calls.mark(token.into(), Sent::Maybe)
    }

    fn ping(&mut self) -> Option<Text> {
        Some(PING.into())
    }

    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        match Verdict::of(cause, was_ready) {
            // The spec: on disconnect, reconnect. A goodbye in good order is no reason to stop playing.
            Verdict::End if !(self.draining && self.is_idle()) => Verdict::RETRY,
            verdict => verdict,
        }
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Event>) {
        match lifecycle {
            Lifecycle::Connecting { attempt } => cx.emit(Event::Connecting { attempt }),
            Lifecycle::Slow { waited, gives_up_in } => {
                let host = shown_url(&self.url);
                tracing::warn!(
                    %host,
                    "no answer yet after {:.1} s; this try is given up in {:.1} s",
                    waited.as_secs_f64(),
                    gives_up_in.as_secs_f64()
                );
                cx.emit(Event::StillConnecting { waited, gives_up_in });
            }
            Lifecycle::Opened => {
                self.open = true;
                // The outbound queue of a new connection is empty, so it takes this.
                let _ = self.join(Room::lobby(), None, false, cx);
                self.feed(state::Event::Opened, cx);
            }
            Lifecycle::Lost { cause } => {
                self.connection_lost(cause);
                cx.emit(Event::Disconnected { cause: cause.clone() });
                self.feed(state::Event::Closed, cx);
                self.end_if_idle(cx);
            }
            Lifecycle::Waiting { attempt, delay, cause } => {
                let host = shown_url(&self.url);
                let what = if self.connections == 0 { "cannot connect" } else { "disconnected" };
                tracing::warn!(
                    %host,
                    "{what}: {}; try {attempt} in {:.1} s",
                    cause.chain(),
                    delay.as_secs_f64()
                );
                cx.emit(Event::Reconnecting { attempt, delay, cause: cause.clone() });
            }
            Lifecycle::Blocked { took } => {
                tracing::warn!(
                    took_ms = took.as_millis() as u64,
                    "the bot's code blocked the connection's thread"
                );
                cx.emit(Event::HandlerBlocked { took });
            }
            Lifecycle::Ended { reason } => {
                let closed = Error::new(&codes::CLIENT_CLOSED, "the client was closed");
                self.connection_lost(reason.unwrap_or(&closed));
                self.feed(state::Event::Closed, cx);
                cx.emit(Event::Closed { reason: reason.cloned() });
            }
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let retries = self.rooms.values().filter_map(|room| match room {
            Membership::Joining { retry_at, .. } => *retry_at,
            Membership::Joined => None,
        });
        retries.chain(self.machine.as_ref().and_then(Machine::next_deadline)).min()
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        let mut again = Vec::new();
        for (room, state) in &mut self.rooms {
            if let Membership::Joining { retry_at, since, .. } = state
                && retry_at.is_some_and(|at| at <= now)
            {
                *retry_at = None;
                *since = now;
                again.push(room.clone());
            }
        }
        for room in again {
            // Whoever waits hears of a failure.
            let _ = self.send_join(room, None, cx);
        }
        self.feed(state::Event::Tick, cx);
        self.end_if_idle(cx);
    }

    fn on_drain(&mut self, cx: &mut Context<'_, Event>) {
        self.draining = true;
        self.feed(state::Event::Wish(Wish::Drain), cx);
    }

    fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.machine.as_ref().is_none_or(Machine::is_idle)
    }
}

#[cfg(all(test, feature = "sandbox"))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
mod tests;
