//! The arena: what BOTPIT's server does, without a socket and without a clock of its own.
//!
//! Events go in with the time they happen at; frames for sessions come out of [`Arena::take_outbox`]. Whoever drives it
//! calls [`Arena::on_time`] at [`Arena::next_deadline`].

mod challenges;
mod exhibition;
mod lobby;
mod play;
mod public;
mod sessions;
mod spectating;
mod taunts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::clock::{Clock, Instant};
use sdk_core::secret::Secret;

use super::challenges::Lobby;
use super::chronicle::Chronicle;
use super::games::Side;
use super::json::Object;
use super::match_state::{Ending, Match};
use super::matchmaking::Queue;
use super::messages::{Command, Frame, Problem};
use super::records::{EndReason, SandboxMatch};
use super::registry::{AgentKey, Registered, Registry};
use super::settings::Settings;
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
    /// Another connection with the same key took over.
    pub(crate) const SESSION_REPLACED: u16 = 4000;
    /// The key was refused.
    pub(crate) const AUTH_FAILED: u16 = 4001;
    /// Nobody authenticated in time.
    pub(crate) const AUTH_TIMEOUT: u16 = 1008;
    /// The agent's key was rotated (spec: "Rotating your API key immediately disconnects any active WebSocket session").
    pub(crate) const KEY_ROTATED: u16 = 4002;
    /// The sandbox's owner has reset it: the standard's "service restart".
    pub(crate) const RESET: u16 = 1012;
}

#[derive(Debug)]
struct Session {
    agent: Option<AgentKey>,
    auth_timer: Option<TimerKey>,
    /// The match that is watched. The spec's `stop_spectating` has no id: it is one at a time.
    watching: Option<Arc<str>>,
}

/// What happens by itself, later.
#[derive(Debug)]
enum Due {
    Auth(SessionId),
    QueueUpdate(AgentKey),
    HouseSitsDown(AgentKey),
    HouseAccepts(Arc<str>),
    HouseChallenges,
    Showcase,
    HouseMoves(Arc<str>, Side),
    TurnEnds(Arc<str>),
    PauseEnds(Arc<str>),
}

/// The sandbox's randomness. Registering one agent more, or a challenge or a taunt, does not change the seeds of matches.
#[derive(Debug)]
struct Streams {
    agents: fastrand::Rng,
    matches: fastrand::Rng,
    /// Challenges and taunts.
    lobby: fastrand::Rng,
    /// Matches among house agents.
    showcase: fastrand::Rng,
}

impl Streams {
    fn new(seed: u64) -> Self {
        let mut root = fastrand::Rng::with_seed(seed);
        Self { agents: root.fork(), matches: root.fork(), lobby: root.fork(), showcase: root.fork() }
    }
}

/// The state of the whole platform.
#[derive(Debug)]
pub(crate) struct Arena {
    settings: Settings,
    /// Only for what a span of the arena's time is on the machine's.
    clock: Clock,
    rng: Streams,
    started: (Instant, SystemTime),
    sessions: BTreeMap<SessionId, Session>,
    sessions_made: u64,
    registry: Registry,
    queue: Queue,
    lobby: Lobby,
    matches: HashMap<Arc<str>, Match>,
    matches_made: u64,
    spectators: HashMap<Arc<str>, BTreeSet<SessionId>>,
    finished: VecDeque<SandboxMatch>,
    chronicle: Chronicle,
    timers: Timers<Due>,
    outbox: Vec<(SessionId, Outgoing)>,
}

impl Arena {
    /// An arena that starts at `now`, which the wall clock calls `system_now`.
    pub(crate) fn new(
        settings: Settings,
        seed: u64,
        clock: Clock,
        now: Instant,
        system_now: SystemTime,
    ) -> Self {
        let mut rng = Streams::new(seed);
        let registry = Registry::new(&settings.house, &mut rng.agents, system_now);
        let chronicle = Chronicle::new(settings.keep_matches, seed);
        let mut arena = Self {
            settings,
            clock,
            rng,
            started: (now, system_now),
            sessions: BTreeMap::new(),
            sessions_made: 0,
            registry,
            queue: Queue::default(),
            lobby: Lobby::default(),
            matches: HashMap::new(),
            matches_made: 0,
            spectators: HashMap::new(),
            finished: VecDeque::new(),
            chronicle,
            timers: Timers::new(),
            outbox: Vec::new(),
        };
        arena.show_off(seed, now);
        arena.open_lobby(now);
        arena.exhibit(now);
        arena
    }

    // ---- what comes in

    /// Registers an agent. `None` when there is no room for another.
    pub(crate) fn register(&mut self, name: &str, wallet_address: &str, now: Instant) -> Option<Registered> {
        let at = self.wall_clock(now);
        self.registry.register(name, wallet_address, &mut self.rng.agents, at)
    }

    /// A connection was made.
    pub(crate) fn connect(&mut self, now: Instant) -> SessionId {
        self.on_time(now);
        self.sessions_made += 1;
        let id = SessionId(self.sessions_made);
        let within = self.clock.scaled_span(self.settings.auth_within);
        let auth_timer = Some(self.timers.set(now + within, Due::Auth(id)));
        self.sessions.insert(id, Session { agent: None, auth_timer, watching: None });
        id
    }

    /// A text frame arrived.
    pub(crate) fn on_text(&mut self, session: SessionId, text: &str, now: Instant) {
        self.on_time(now);
        if let Err(problem) = self.obey(session, text, now) {
            self.send(session, &Object::error(problem.code, &problem.message));
        }
    }

    /// A binary frame arrived. The protocol has none.
    pub(crate) fn on_binary(&mut self, session: SessionId, now: Instant) {
        self.on_time(now);
        self.send(session, &Object::error("invalid_message", "the protocol has text frames only"));
    }

    /// A connection is gone. The agent leaves the queue and keeps its matches.
    pub(crate) fn disconnect(&mut self, session: SessionId, now: Instant) {
        self.on_time(now);
        self.forget_session(session);
    }

    /// Does what is due at `now`.
    pub(crate) fn on_time(&mut self, now: Instant) {
        while let Some((_, due)) = self.timers.pop_due(now) {
            match due {
                Due::Auth(session) => {
                    self.close(session, close::AUTH_TIMEOUT, "authenticate within 5 seconds");
                }
                Due::QueueUpdate(agent) => self.tell_of_the_queue(agent, now),
                Due::HouseAccepts(challenge) => self.house_accepts(&challenge, now),
                Due::Showcase => self.exhibit(now),
                Due::HouseChallenges => self.house_challenges(now),
                Due::HouseSitsDown(agent) => self.house_sits_down(agent, now),
                Due::HouseMoves(id, side) => self.house_moves(&id, side, now),
                Due::TurnEnds(id) => self.end_turn(&id, now),
                Due::PauseEnds(id) => self.open_turn(&id, now),
            }
        }
    }

    /// Begins again under a seed: matches, queue, challenges and records are forgotten, connections closed. Agents and
    /// their keys stay, so that whoever holds one can go on.
    pub(crate) fn restart(&mut self, seed: u64, now: Instant) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.close(session, close::RESET, "the sandbox was reset");
        }
        self.rng = Streams { agents: self.rng.agents.clone(), ..Streams::new(seed) };
        self.registry.forget_matches();
        self.queue = Queue::default();
        self.lobby = Lobby::default();
        self.matches.clear();
        self.finished.clear();
        self.timers = Timers::new();
        self.chronicle.forget_matches(seed);
        self.show_off(seed, now);
        self.open_lobby(now);
        self.exhibit(now);
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
        let mut open: Vec<&Match> = self.matches.values().collect();
        open.sort_by_key(|open| open.number);
        self.finished.iter().chain(open.into_iter().map(|open| &open.record)).cloned().collect()
    }

    /// Matches in progress, and agents connected: the platform's own statistics.
    pub(crate) fn stats(&self) -> (usize, usize) {
        let connected = self.sessions.values().filter(|session| session.agent.is_some()).count();
        (self.matches.len(), connected)
    }

    /// Connections, authenticated or not.
    pub(crate) fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// Whose a session is: id, name and key.
    pub(crate) fn identity(&self, session: SessionId) -> Option<(String, String, Secret)> {
        let agent = self.registry.get(self.sessions.get(&session)?.agent?)?;
        Some((agent.id.clone(), agent.name.clone(), agent.api_key.clone()?))
    }

    // ---- commands

    fn obey(&mut self, session: SessionId, text: &str, now: Instant) -> Result<(), Problem> {
        let Some(known) = self.sessions.get(&session) else { return Ok(()) };
        let agent = known.agent;
        let frame = Frame::parse(text)?;
        let Some(agent) = agent else {
            if frame.kind != "authenticate" {
                return Err(Problem::new(
                    "not_authenticated",
                    "the first message must be {\"type\": \"authenticate\", \"api_key\": …}",
                ));
            }
            if let Command::Authenticate { api_key } = frame.command()? {
                self.authenticate(session, &api_key, now);
            }
            return Ok(());
        };
        match frame.command()? {
            Command::Authenticate { .. } => {
                Err(Problem::new("already_authenticated", "this connection is authenticated already"))
            }
            Command::Ping => {
                self.send(session, &Object::message("pong"));
                Ok(())
            }
            Command::JoinQueue(stake) => self.join_queue(agent, stake, now),
            Command::LeaveQueue => {
                let left = self.leave_queue(agent);
                if !left {
                    return Err(Problem::new("not_queued", "you are not in a queue"));
                }
                self.send(session, &Object::message("queue_left"));
                Ok(())
            }
            Command::MakeMove { match_id, move_data } => {
                if let Some(over) = self.finished.iter_mut().rfind(|over| over.id == match_id) {
                    over.moves_after_end += 1;
                }
                let (id, side) = self.seat(agent, &match_id)?;
                self.play(&id, side, move_data, now)
            }
            Command::Resign { match_id } => {
                let (id, side) = self.seat(agent, &match_id)?;
                let ending = Ending { winner: Some(side.other()), reason: EndReason::Resigned };
                self.finish(&id, ending, now);
                Ok(())
            }
            Command::CreateChallenge(stake) => self.create_challenge(agent, stake, now),
            Command::AcceptChallenge { challenge_id } => self.accept_challenge(agent, &challenge_id, now),
            Command::CancelChallenge { challenge_id } => self.cancel_challenge(agent, &challenge_id),
            Command::SpectateMatch { match_id } => self.spectate(session, &match_id),
            Command::StopSpectating => {
                self.stop_spectating(session);
                Ok(())
            }
            Command::SendTaunt { match_id, taunt_id } => {
                let (id, side) = self.seat(agent, &match_id)?;
                self.taunt(&id, side, &taunt_id)
            }
        }
    }

    // ---- for all of them

    fn send(&mut self, session: SessionId, frame: &Object) {
        if self.sessions.contains_key(&session) {
            self.outbox.push((session, Outgoing::Text(frame.text())));
        }
    }

    fn send_to(&mut self, agent: AgentKey, frame: &Object) {
        if let Some(session) = self.registry.get(agent).and_then(|known| known.session) {
            self.send(session, frame);
        }
    }

    fn wall_clock(&self, now: Instant) -> SystemTime {
        let (instant, system) = self.started;
        system + now.saturating_duration_since(instant)
    }

    /// A span as the client will live through it.
    fn wire_ms(&self, span: Duration) -> u64 {
        u64::try_from(self.clock.real_span(span).as_millis()).unwrap_or(u64::MAX)
    }
}
