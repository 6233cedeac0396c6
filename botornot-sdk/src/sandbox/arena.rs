//! The arena: what BotOrNot's server does, without a socket and without a clock of its own.
//!
//! Events go in with the time they happen at; frames for sessions come out of [`Arena::take_outbox`]. Whoever drives it
//! calls [`Arena::on_time`] at [`Arena::next_deadline`].

mod compliance;
mod direct;
mod ending;
mod lobby;
mod play;
mod sessions;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::Seed;
use serde_json::{Map, Value};

use self::lobby::Waiting;
use super::accounts::{AccountId, Accounts};
use super::contest::Contest;
use super::frames::{self, LOBBY, Object};
use super::house::Act;
use super::records::{SandboxAccount, SandboxMatch};
use super::request::{Frame, Request, What};
use super::settings::{MalformedFrames, Settings, UserIds};
use sdk_core::sandbox::{TimerKey, Timers};

/// Names one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId(u64);

/// What a session is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// A text frame.
    Text(String),
    /// A close frame; nothing follows it.
    Close { code: u16, reason: &'static str },
}

/// Why the sandbox closes a connection. The spec names no codes.
pub(crate) mod close {
    /// Another connection with the same token took over.
    pub(crate) const REPLACED: u16 = 4000;
    /// The token was revoked.
    pub(crate) const REVOKED: u16 = 4001;
    /// The sandbox's owner ended the connection: the standard's "going away".
    pub(crate) const DROPPED: u16 = 1001;
    /// The client was silent for too long.
    pub(crate) const IDLE: u16 = 1001;
    /// The sandbox's owner has reset it: the standard's "service restart".
    pub(crate) const RESET: u16 = 1012;
}

/// Why something is refused: `reason` on the wire.
type Reason = Cow<'static, str>;

#[derive(Debug)]
struct Session {
    account: AccountId,
    rooms: BTreeSet<Arc<str>>,
    /// A push that lets the next one pass.
    held: Option<String>,
    idle: Option<TimerKey>,
}

/// What happens by itself, later.
#[derive(Debug)]
enum Due {
    Idle(SessionId),
    Release(SessionId),
    ProbeExpires(AccountId, u32),
    HouseSitsDown(AccountId),
    JoinEnds(Arc<str>),
    MatchEnds(Arc<str>),
    HouseActs(Arc<str>, Act),
    HarnessTurn(Arc<str>),
}

/// How the agents of the platform do (spec, `meta:state`).
#[derive(Debug)]
struct Seal {
    integrity: i64,
    breaches: u32,
    last_reason: Option<&'static str>,
}

impl Seal {
    const fn new() -> Self {
        Self { integrity: 100, breaches: 0, last_reason: None }
    }
}

/// A topic, taken apart.
#[derive(Debug, Clone, Copy)]
enum Topic<'a> {
    Lobby,
    Match(&'a str),
    Session,
    Direct(&'a str),
}

impl<'a> Topic<'a> {
    fn parse(room: &'a str) -> Option<Self> {
        let named = |prefix| room.strip_prefix(prefix).filter(|name: &&str| !name.is_empty());
        if room == LOBBY {
            Some(Self::Lobby)
        } else if let Some(id) = named("room:game:botornot:") {
            Some(Self::Match(id))
        } else if named("room:session:").is_some() {
            Some(Self::Session)
        } else {
            named("room:agent:direct:").map(Self::Direct)
        }
    }
}

/// The state of the whole platform.
#[derive(Debug)]
pub(crate) struct Arena {
    settings: Settings,
    /// Only for what a span of the arena's time is on the machine's.
    clock: Clock,
    seed: Seed,
    /// Decides which frames are sent twice, late, or never.
    mischief: Rng,
    started: (Instant, SystemTime),
    sessions: BTreeMap<SessionId, Session>,
    sessions_made: u64,
    accounts: Accounts,
    queue: VecDeque<Waiting>,
    matches: HashMap<Arc<str>, Contest>,
    matches_made: u64,
    finished: VecDeque<SandboxMatch>,
    seal: Seal,
    timers: Timers<Due>,
    outbox: Vec<(SessionId, Outgoing)>,
}

impl Arena {
    /// An arena that starts at `now`, which the wall clock calls `system_now`.
    pub(crate) fn new(
        settings: Settings,
        seed: Seed,
        clock: Clock,
        now: Instant,
        system_now: SystemTime,
    ) -> Self {
        let accounts = Accounts::new(&settings, seed);
        Self {
            settings,
            clock,
            seed,
            mischief: seed.stream("mischief"),
            started: (now, system_now),
            sessions: BTreeMap::new(),
            sessions_made: 0,
            accounts,
            queue: VecDeque::new(),
            matches: HashMap::new(),
            matches_made: 0,
            finished: VecDeque::new(),
            seal: Seal::new(),
            timers: Timers::new(),
            outbox: Vec::new(),
        }
    }

    // ---- what comes in

    /// A text frame arrived.
    pub(crate) fn on_text(&mut self, session: SessionId, text: &str, now: Instant) {
        self.on_time(now);
        if !self.sessions.contains_key(&session) {
            return;
        }
        self.heard_from(session, now);
        match Frame::parse(text) {
            Frame::Ping => self.send(session, frames::PONG.to_owned()),
            Frame::Malformed => self.on_malformed(session),
            Frame::Request(request) => {
                if let Err(reason) = self.obey(session, &request, now) {
                    self.answer(session, frames::error(&request.id, &request.room, &reason));
                }
            }
        }
    }

    /// A frame in which no request can be made out, a binary one included.
    pub(crate) fn on_malformed(&mut self, session: SessionId) {
        if self.settings.malformed == MalformedFrames::Answered {
            self.send(session, frames::INVALID_ENVELOPE.to_owned());
        }
    }

    /// Does what is due at `now`, each at its own time.
    pub(crate) fn on_time(&mut self, now: Instant) {
        while let Some((at, due)) = self.timers.pop_due(now) {
            match due {
                Due::Idle(session) => self.close(session, close::IDLE, "you were silent for too long"),
                Due::Release(session) => self.release(session),
                Due::ProbeExpires(account, issued) => self.probe_expires(account, issued, at),
                Due::HouseSitsDown(account) => self.house_sits_down(account, at),
                Due::JoinEnds(id) => self.join_ends(&id, at),
                Due::MatchEnds(id) => self.time_is_up(&id, at),
                Due::HouseActs(id, act) => self.house_acts(&id, act, at),
                Due::HarnessTurn(id) => self.harness_turn(&id, at),
            }
        }
    }

    /// Begins again under a seed: matches, queue, ratings and records are forgotten, connections closed. Accounts and their
    /// tokens stay, so that whoever holds one can go on.
    pub(crate) fn restart(&mut self, seed: Seed) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.close(session, close::RESET, "the sandbox was reset");
        }
        self.seed = seed;
        self.mischief = seed.stream("mischief");
        self.accounts.forget_play();
        self.queue.clear();
        self.matches.clear();
        self.matches_made = 0;
        self.finished.clear();
        self.seal = Seal::new();
        self.timers = Timers::new();
    }

    // ---- what comes out

    /// When [`Arena::on_time`] is wanted next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What is to be sent, in order.
    pub(crate) fn take_outbox(&mut self) -> Vec<(SessionId, Outgoing)> {
        std::mem::take(&mut self.outbox)
    }

    /// Finished matches, oldest first, then the open ones in the order of their making.
    pub(crate) fn matches(&self) -> Vec<SandboxMatch> {
        let mut open: Vec<&Contest> = self.matches.values().collect();
        open.sort_by_key(|open| open.number);
        self.finished.iter().chain(open.into_iter().map(|open| &open.record)).cloned().collect()
    }

    /// Who exists.
    pub(crate) fn accounts(&self) -> Vec<SandboxAccount> {
        self.accounts.records()
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.sessions.len()
    }

    // ---- requests

    fn obey(&mut self, session: SessionId, request: &Request, now: Instant) -> Result<(), Reason> {
        let Some(topic) = Topic::parse(&request.room) else { return Err("invalid_room".into()) };
        match &request.what {
            What::Join => self.join(session, request, topic, now),
            What::Event { event_type, payload } => {
                self.on_event(session, request, topic, event_type, payload, now)
            }
            What::UnknownControl => Err("unsupported_event".into()),
            What::BrokenShape => Err("invalid_envelope".into()),
        }
    }

    fn on_event(
        &mut self,
        session: SessionId,
        request: &Request,
        topic: Topic<'_>,
        event_type: &str,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        match (topic, event_type) {
            (Topic::Lobby, "match:request") => self.request_match(session, request, false, now),
            (Topic::Lobby, "match:test_request") => self.request_match(session, request, true, now),
            (Topic::Match(id), "chat:message" | "chat:typing" | "vote:cast") => {
                self.on_match_event(session, request, id, event_type, payload, now)
            }
            (Topic::Session, "chat:message") => self.echo_probe(session, request, payload, now),
            (Topic::Direct(_), "chat:message") => self.say_directly(session, request, payload, now),
            _ => Err("unsupported_event".into()),
        }
    }

    // ---- for all of them

    fn account_of(&self, session: SessionId) -> Option<AccountId> {
        self.sessions.get(&session).map(|known| known.account)
    }

    fn is_in(&self, session: SessionId, room: &str) -> bool {
        self.sessions.get(&session).is_some_and(|known| known.rooms.contains(room))
    }

    /// The connections of an account that are in a room.
    fn sessions_in(&self, account: AccountId, room: &str) -> Vec<SessionId> {
        let sessions = self.accounts.get(account).map(|account| account.sessions.as_slice());
        sessions.unwrap_or_default().iter().copied().filter(|session| self.is_in(*session, room)).collect()
    }

    /// Pushes an event to every connection of an account in a room, in the account's own name.
    fn push(&mut self, account: AccountId, room: &str, event_type: &str, payload: &Object, now: Instant) {
        let sessions = self.sessions_in(account, room);
        if sessions.is_empty() {
            return;
        }
        let user_id = self.accounts.get(account).map(|account| account.user_id);
        let frame = self.push_frame(room, event_type, payload, user_id, now);
        for session in sessions {
            self.send_push(session, frame.clone(), now);
        }
    }

    /// The text of a push in somebody's name, or in nobody's.
    fn push_frame(
        &self,
        room: &str,
        event_type: &str,
        payload: &Object,
        user_id: Option<u64>,
        now: Instant,
    ) -> String {
        let timestamp = self.stamp(now);
        match (user_id, self.settings.user_ids) {
            (Some(id), UserIds::Numbers) => frames::push(room, event_type, payload, &id, &timestamp),
            (Some(id), UserIds::Texts) => {
                frames::push(room, event_type, payload, &id.to_string(), &timestamp)
            }
            (None, _) | (_, UserIds::Null) => {
                frames::push(room, event_type, payload, &None::<u64>, &timestamp)
            }
        }
    }

    /// A moment of the arena's, on the wire: by the time that the client lives in, to the second, or to the millisecond where
    /// the sandbox's clock runs faster.
    fn stamp(&self, now: Instant) -> String {
        let (instant, system) = self.started;
        let moment = system + self.clock.real_span(now.saturating_duration_since(instant));
        frames::rfc3339(moment, self.clock.speed() > 1.0)
    }

    fn wall_clock(&self, now: Instant) -> SystemTime {
        let (instant, system) = self.started;
        system + self.clock.real_span(now.saturating_duration_since(instant))
    }

    fn later(&mut self, now: Instant, after: Duration, due: Due) -> TimerKey {
        self.timers.set(now + after, due)
    }
}
