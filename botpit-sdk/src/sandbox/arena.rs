//! The arena: what BOTPIT's server does, without a socket and without a clock of its own.
//!
//! Events go in with the time they happen at; frames for sessions come out of [`Arena::take_outbox`]. Whoever drives it
//! calls [`Arena::on_time`] at [`Arena::next_deadline`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::clock::{Clock, Instant};
use serde_json::Value;

use super::games::{self, KNOWN, Pair, Side};
use super::json::Object;
use super::match_state::{Ending, Match};
use super::matchmaking::{MAX_WAGER, MIN_WAGER, Pool, Queue, Waiting};
use super::messages::{Command, Frame, Problem};
use super::records::{EndReason, SandboxMatch, SandboxPlayer};
use super::registry::{Agent, AgentKey, Registered, Registry};
use super::seeds;
use super::settings::{Resume, Settings, WagerRule};
use super::timers::{TimerKey, Timers};

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
    /// The sandbox's owner has reset it: the standard's "service restart".
    pub(crate) const RESET: u16 = 1012;
}

#[derive(Debug)]
struct Session {
    agent: Option<AgentKey>,
    auth_timer: Option<TimerKey>,
}

/// What happens by itself, later.
#[derive(Debug)]
enum Due {
    Auth(SessionId),
    HouseSitsDown(AgentKey),
    HouseMoves(Arc<str>, Side),
    TurnEnds(Arc<str>),
    PauseEnds(Arc<str>),
}

/// The sandbox's randomness. Registering one agent more does not change the matches.
#[derive(Debug)]
struct Streams {
    agents: fastrand::Rng,
    matches: fastrand::Rng,
}

impl Streams {
    fn new(seed: u64) -> Self {
        let mut root = fastrand::Rng::with_seed(seed);
        Self { agents: root.fork(), matches: root.fork() }
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
    matches: HashMap<Arc<str>, Match>,
    matches_made: u64,
    finished: VecDeque<SandboxMatch>,
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
        Self {
            settings,
            clock,
            rng,
            started: (now, system_now),
            sessions: BTreeMap::new(),
            sessions_made: 0,
            registry,
            queue: Queue::default(),
            matches: HashMap::new(),
            matches_made: 0,
            finished: VecDeque::new(),
            timers: Timers::new(),
            outbox: Vec::new(),
        }
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
        self.sessions.insert(id, Session { agent: None, auth_timer });
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
        while let Some(due) = self.timers.pop_due(now) {
            match due {
                Due::Auth(session) => {
                    self.close(session, close::AUTH_TIMEOUT, "authenticate within 5 seconds");
                }
                Due::HouseSitsDown(agent) => self.house_sits_down(agent, now),
                Due::HouseMoves(id, side) => self.house_moves(&id, side, now),
                Due::TurnEnds(id) => self.end_turn(&id, now),
                Due::PauseEnds(id) => self.open_turn(&id, now),
            }
        }
    }

    /// Begins again under a seed: matches, queue and records are forgotten, connections closed. Agents and their keys
    /// stay, so that whoever holds one can go on.
    pub(crate) fn restart(&mut self, seed: u64) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.close(session, close::RESET, "the sandbox was reset");
        }
        self.rng.matches = Streams::new(seed).matches;
        self.registry.forget_matches();
        self.queue = Queue::default();
        self.matches.clear();
        self.finished.clear();
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

    /// An agent by its id.
    pub(crate) fn agent(&self, id: &str) -> Option<&Agent> {
        self.registry.by_id(id)
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
            Command::JoinQueue { game_type, wager_lamports, free_play } => {
                self.join_queue(agent, game_type, wager_lamports, free_play, now)
            }
            Command::LeaveQueue => {
                let left = self.leave_queue(agent);
                if !left {
                    return Err(Problem::new("not_in_queue", "you are not in a queue"));
                }
                self.send(session, &Object::message("queue_left"));
                Ok(())
            }
            Command::MakeMove { match_id, move_data } => {
                let (id, side) = self.seat(agent, &match_id)?;
                self.play(&id, side, move_data, now)
            }
            Command::Resign { match_id } => {
                let (id, side) = self.seat(agent, &match_id)?;
                let ending = Ending { winner: Some(side.other()), reason: EndReason::Resigned };
                self.finish(&id, ending, now);
                Ok(())
            }
        }
    }

    fn authenticate(&mut self, session: SessionId, api_key: &str, now: Instant) {
        let Some(agent) = self.registry.by_api_key(api_key) else {
            self.send(session, &Object::error("auth_failed", "invalid or expired API key"));
            if self.settings.close_on_auth_failure {
                self.close(session, close::AUTH_FAILED, "authentication failed");
            }
            return;
        };
        let Some(known) = self.registry.get_mut(agent) else { return };
        let replaced = known.session.replace(session);
        let authenticated =
            Object::message("authenticated").with("agent_id", &known.id).with("agent_name", &known.name);
        let missed = known.take_missed();
        let open: Vec<Arc<str>> = known.open_matches.iter().map(|(_, id)| Arc::clone(id)).collect();
        if let Some(old) = replaced {
            self.send(old, &Object::message("session_replaced"));
            self.close(old, close::SESSION_REPLACED, "session replaced");
            // Closing the old session has also taken the agent's name off it.
            if let Some(known) = self.registry.get_mut(agent) {
                known.session = Some(session);
            }
        }
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.agent = Some(agent);
            self.timers.cancel(entry.auth_timer.take());
        }
        self.send(session, &authenticated);
        for frame in missed {
            self.send(session, &frame);
        }
        for id in open {
            self.resume(session, agent, &id, now);
        }
    }

    /// Tells an agent that is back what it needs to go on with an open match.
    fn resume(&mut self, session: SessionId, agent: AgentKey, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get(id) else { return };
        let Some(side) = open.side_of(agent) else { return };
        let (found, started, question) = (open.match_found(side), open.game_start(side), open.question(side));
        if self.settings.resume == Resume::Whole {
            self.send(session, &found);
        }
        if self.settings.resume != Resume::TurnOnly {
            self.send(session, &started);
        }
        if let Some((deadline, frame)) = question {
            let frame = frame.with("timeout_ms", self.wire_ms(deadline.saturating_duration_since(now)));
            self.send(session, &frame);
        }
    }

    fn join_queue(
        &mut self,
        agent: AgentKey,
        game_type: String,
        wager_lamports: Option<u64>,
        free_play: bool,
        now: Instant,
    ) -> Result<(), Problem> {
        if !KNOWN.contains(&game_type.as_str()) {
            let games = KNOWN.join(", ");
            return Err(Problem::new("unknown_game_type", format!("this sandbox plays {games}")));
        }
        let (pool, wager_lamports) = if free_play {
            (Pool::FreePlay, 0)
        } else {
            let wager = wager_lamports.ok_or_else(|| {
                Problem::new("invalid_message", "join_queue: the field \"wager_lamports\" is missing")
            })?;
            let pool = Pool::of_wager(wager).ok_or_else(|| {
                Problem::new(
                    "invalid_wager",
                    format!(
                        "a wager is {MIN_WAGER} to {MAX_WAGER} lamports, not {wager}; \"sandbox\": true plays for nothing"
                    ),
                )
            })?;
            (pool, wager)
        };
        if let Some(waiting) = self.queue.find(agent) {
            let game = &waiting.game_type;
            return Err(Problem::new(
                "already_queued",
                format!("you are in the queue for {game} already; leave it first"),
            ));
        }
        let playing = self.registry.get(agent).is_some_and(|known| !known.open_matches.is_empty());
        if playing && !self.settings.queue_while_playing {
            return Err(Problem::new("already_in_match", "finish your match before you queue again"));
        }
        let house_timer = (!self.settings.house.is_empty())
            .then(|| self.timers.set(now + self.settings.house_wait, Due::HouseSitsDown(agent)));
        let joined = Object::message("queue_joined").with("game_type", &game_type);
        let position = self.queue.push(Waiting { agent, game_type, pool, wager_lamports, house_timer });
        self.send_to(agent, &joined.with("position", position));
        if let Some((first, second)) = self.queue.pair_up(agent) {
            self.timers.cancel(first.house_timer);
            self.timers.cancel(second.house_timer);
            let wager = match self.settings.wager_rule {
                WagerRule::Smaller => first.wager_lamports.min(second.wager_lamports),
                WagerRule::Larger => first.wager_lamports.max(second.wager_lamports),
            };
            self.start_match(first.agent, second.agent, &first.game_type, first.pool, wager, now);
        }
        Ok(())
    }

    fn leave_queue(&mut self, agent: AgentKey) -> bool {
        let left = self.queue.remove(agent);
        self.timers.cancel(left.as_ref().and_then(|waiting| waiting.house_timer));
        left.is_some()
    }

    /// The match and the agent's side in it.
    fn seat(&self, agent: AgentKey, match_id: &str) -> Result<(Arc<str>, Side), Problem> {
        match self.matches.get(match_id) {
            Some(open) => open
                .side_of(agent)
                .map(|side| (Arc::clone(&open.id), side))
                .ok_or_else(|| Problem::new("not_your_match", "you do not play in this match")),
            None if self.finished.iter().any(|finished| finished.id == match_id) => {
                Err(Problem::new("match_over", "this match is over"))
            }
            None => Err(Problem::new("match_not_found", "there is no match with this id")),
        }
    }

    // ---- matches

    fn house_sits_down(&mut self, agent: AgentKey, now: Instant) {
        let Some(waiting) = self.queue.remove(agent) else { return };
        if let Some(house) = self.registry.pick_house(&mut self.rng.matches) {
            self.start_match(agent, house, &waiting.game_type, waiting.pool, waiting.wager_lamports, now);
        }
    }

    fn start_match(
        &mut self,
        first: AgentKey,
        second: AgentKey,
        game_type: &str,
        pool: Pool,
        wager_lamports: u64,
        now: Instant,
    ) {
        let players =
            if self.rng.matches.bool() { Pair { a: first, b: second } } else { Pair { a: second, b: first } };
        let (Some(a), Some(b), Some(rules)) =
            (self.player(players.a), self.player(players.b), games::rules_of(game_type))
        else {
            return;
        };
        let (server_seed, server_seed_hash) = seeds::server_seed(&mut self.rng.matches);
        let record = SandboxMatch {
            id: seeds::uuid(&mut self.rng.matches),
            game_type: game_type.to_owned(),
            players: Pair { a, b },
            wager_lamports,
            is_free_play: pool == Pool::FreePlay,
            server_seed,
            server_seed_hash,
            rounds: Vec::new(),
            score: Pair::default(),
            moves_received: Vec::new(),
            ended: None,
            winner: None,
            payouts: Pair::default(),
            fee_lamports: 0,
            created_at: self.wall_clock(now),
            completed_at: None,
        };
        self.matches_made += 1;
        let made = Match::new(self.matches_made, players, record, rules, self.rng.matches.fork());
        let id = Arc::clone(&made.id);
        for side in Side::BOTH {
            let agent = *players.get(side);
            if let Some(known) = self.registry.get_mut(agent)
                && known.house.is_none()
            {
                known.open_matches.insert((made.number, Arc::clone(&id)));
            }
            self.send_to(agent, &made.match_found(side));
            self.send_to(agent, &made.game_start(side));
        }
        self.matches.insert(Arc::clone(&id), made);
        self.next_turn(&id, now);
    }

    fn player(&self, agent: AgentKey) -> Option<SandboxPlayer> {
        self.registry.get(agent).map(|known| SandboxPlayer {
            agent_id: known.id.clone(),
            name: known.name.clone(),
            is_house: known.house.is_some(),
        })
    }

    fn next_turn(&mut self, id: &Arc<str>, now: Instant) {
        let pause = self.settings.between_rounds;
        if pause.is_zero() {
            self.open_turn(id, now);
        } else if let Some(open) = self.matches.get_mut(id) {
            open.timer = Some(self.timers.set(now + pause, Due::PauseEnds(Arc::clone(id))));
        }
    }

    fn open_turn(&mut self, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        let timeout = self.settings.turn_timeout.unwrap_or_else(|| open.timeout());
        open.open_turn(now + timeout);
        open.timer = Some(self.timers.set(now + timeout, Due::TurnEnds(Arc::clone(id))));
        let mut questions = Vec::new();
        for side in Side::BOTH {
            let agent = *open.players.get(side);
            if self.registry.get(agent).is_some_and(|known| known.house.is_some()) {
                let at = now + self.settings.house_thinks;
                let timer = self.timers.set(at, Due::HouseMoves(Arc::clone(id), side));
                *open.house_timers.get_mut(side) = Some(timer);
            } else if let Some((_, frame)) = open.question(side) {
                questions.push((agent, frame));
            }
        }
        let timeout_ms = self.wire_ms(timeout);
        for (agent, frame) in questions {
            self.send_to(agent, &frame.with("timeout_ms", timeout_ms));
        }
    }

    fn house_moves(&mut self, id: &Arc<str>, side: Side, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        *open.house_timers.get_mut(side) = None;
        let strength = self.registry.get(*open.players.get(side)).and_then(|known| known.house);
        let Some(strength) = strength else { return };
        let move_data = open.house_move(side, strength);
        // A house move follows the rules and comes once a turn: there is nobody to tell of a refusal.
        let _ = self.play(id, side, move_data, now);
    }

    fn play(&mut self, id: &Arc<str>, side: Side, move_data: Value, now: Instant) -> Result<(), Problem> {
        let Some(open) = self.matches.get_mut(id) else { return Ok(()) };
        let complete = open.play(side, move_data)?;
        let (opponent, frame) = (*open.players.get(side.other()), open.opponent_moved());
        self.send_to(opponent, &frame);
        if complete {
            self.end_turn(id, now);
        }
        Ok(())
    }

    /// Ends the open turn: both have moved, or time is up.
    fn end_turn(&mut self, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        self.timers.cancel(open.timer.take());
        for side in Side::BOTH {
            self.timers.cancel(open.house_timers.get_mut(side).take());
        }
        let Some(resolved) = open.resolve(&self.settings) else { return };
        let players = open.players;
        if let Some(frame) = resolved.round_result {
            self.send_to(players.a, &frame);
            self.send_to(players.b, &frame);
        }
        match resolved.ending {
            Some(ending) => self.finish(id, ending, now),
            None => self.next_turn(id, now),
        }
    }

    fn finish(&mut self, id: &Arc<str>, ending: Ending, now: Instant) {
        let Some(mut over) = self.matches.remove(id) else { return };
        self.timers.cancel(over.timer);
        self.timers.cancel(over.house_timers.a);
        self.timers.cancel(over.house_timers.b);
        over.settle(ending, &self.settings);
        over.record.completed_at = Some(self.wall_clock(now));
        for side in Side::BOTH {
            let agent = *over.players.get(side);
            let frame = over.game_over(side, &self.settings);
            if let Some(known) = self.registry.get_mut(agent)
                && known.house.is_none()
            {
                known.open_matches.remove(&(over.number, Arc::clone(id)));
                if known.session.is_none() && self.settings.missed_game_over {
                    known.miss(frame.clone());
                }
            }
            self.send_to(agent, &frame);
        }
        self.finished.push_back(over.record);
        while self.finished.len() > self.settings.keep_matches {
            self.finished.pop_front();
        }
    }

    // ---- sessions and time

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

    fn close(&mut self, session: SessionId, code: u16, reason: &'static str) {
        if self.sessions.contains_key(&session) {
            self.outbox.push((session, Outgoing::Close { code, reason }));
            self.forget_session(session);
        }
    }

    fn forget_session(&mut self, session: SessionId) {
        let Some(gone) = self.sessions.remove(&session) else { return };
        self.timers.cancel(gone.auth_timer);
        if let Some(agent) = gone.agent {
            self.leave_queue(agent);
            if let Some(known) = self.registry.get_mut(agent) {
                known.session = None;
            }
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
