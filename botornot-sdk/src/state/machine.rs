//! From one match to the next.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;

use crate::model::{
    ChatMessage, ClientMessage, Guess, MatchFound, MatchId, Meta, Push, Reason, Reply, ReplyStatus, Reveal,
    Room, ServerEvent, VotePhase,
};

use super::action::{Action, Ending, NotSent, Notice, SayOutcome, VotedBy, WhyVote};
use super::event::{Answer, Event, RequestNo, SayId, Wish};
use super::game::{Ballot, Game};
use super::probe::{Entry, Probe};
use super::settings::{Queue, Settings};

/// So many matches that are over are remembered: a late repetition of theirs must not open them again.
const REMEMBERED_MATCHES: usize = 64;
/// The first and the last wait before something that was refused is tried again.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// The longest wait for the platform's answer to an echo, which the spec does not document.
const ECHO_GRACE: Duration = Duration::from_secs(2);
/// So often a match's room is asked for before the match is given up for lost.
const ROOM_TRIES: u32 = 4;
/// So many requests that were made again are remembered for a late answer.
const REMEMBERED_REQUESTS: usize = 8;
/// So many texts may wait for their answers.
const MAX_SAYS: usize = 256;

/// Where a bot is (spec, "Client Runtime State Machine").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// There is no socket.
    Offline,
    /// There is a socket; the lobby is not joined yet.
    SocketOpen,
    /// In the lobby.
    LobbyJoined,
    /// A compliance check is under way.
    ProbePending,
    /// Waiting for a match, or about to enter one.
    Queued,
    /// In a match's room, before its beginning.
    MatchJoined,
    /// In a match.
    InMatch,
    /// A match has ended; the lobby follows at once.
    Ended,
}

impl Phase {
    /// The name in the spec's drawing.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::SocketOpen => "socket_open",
            Self::LobbyJoined => "lobby_joined",
            Self::ProbePending => "probe_pending",
            Self::Queued => "queued",
            Self::MatchJoined => "match_joined",
            Self::InMatch => "in_match",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The request for a match.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ticket {
    /// To be made when it is time.
    None,
    /// To be made at this time.
    Later { at: Instant },
    /// Made and not answered. `about` is the match that it asks after, if it does.
    Asked { request: RequestNo, due: Instant, about: Option<MatchId> },
    /// The bot waits in the queue. At this time the request is repeated.
    Queued { again_at: Instant },
}

/// The state machine. See the [module](super).
#[derive(Debug, Clone)]
pub struct Machine {
    settings: Settings,
    phase: Phase,
    online: bool,
    queue: Option<Queue>,
    draining: bool,
    matches_left: Option<u32>,
    last_request: u64,
    lobby: Entry,
    ticket: Ticket,
    /// Requests that took too long and were made again: a late answer to one of them counts too.
    earlier: VecDeque<RequestNo>,
    /// Whether the platform said that the bot waits in its queue.
    queued: bool,
    /// How often in a row the request came to nothing.
    refusals: u32,
    probe: Option<Probe>,
    game: Option<Game>,
    /// Matches that are over, and whether the platform ended them.
    over: VecDeque<(MatchId, Ending)>,
    /// The last match's room, whose reveal may still come.
    unrevealed: Option<(Room, MatchId)>,
    told_done: bool,
}

impl Machine {
    /// A machine without a connection.
    pub fn new(settings: Settings) -> Self {
        Self {
            phase: Phase::Offline,
            online: false,
            queue: settings.queue,
            draining: false,
            matches_left: settings.matches,
            last_request: 0,
            lobby: Entry::Out,
            ticket: Ticket::None,
            earlier: VecDeque::new(),
            queued: false,
            refusals: 0,
            probe: None,
            game: None,
            over: VecDeque::new(),
            unrevealed: None,
            told_done: false,
            settings,
        }
    }

    /// Takes an event, and says what is to be done. `now` never goes back.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut out = Vec::new();
        match event {
            Event::Opened => {
                self.disconnected(&mut out);
                self.online = true;
            }
            Event::Closed => self.disconnected(&mut out),
            Event::Joined { room } => self.on_joined(&room, now, &mut out),
            Event::JoinRefused { room, reason } => {
                self.on_join_refused(&room, reason.as_ref(), now, &mut out)
            }
            Event::Answered { request, answer } => self.on_answer(request, answer, now, &mut out),
            Event::Pushed { push, wall } => self.on_push(push, wall, now, &mut out),
            Event::Tick => {}
            Event::Wish(wish) => self.on_wish(wish, now, &mut out),
        }
        self.expire(now, &mut out);
        self.sync_phase(&mut out);
        self.settle(now, &mut out);
        self.sync_phase(&mut out);
        out
    }

    /// When [`Event::Tick`] is due, if time alone can change anything. After a tick at that time it lies ahead.
    pub fn next_deadline(&self) -> Option<Instant> {
        let game = self.game.as_ref().and_then(Game::next_deadline);
        if !self.online {
            return game;
        }
        let lobby = self.lobby.due();
        let in_lobby = self.lobby == Entry::In;
        let probe = self.probe.as_ref().filter(|_| in_lobby).and_then(Probe::next_deadline);
        let ticket = match &self.ticket {
            Ticket::Later { at } => Some(*at),
            Ticket::Asked { due, .. } => Some(*due),
            Ticket::Queued { again_at } => Some(*again_at),
            Ticket::None => None,
        };
        [lobby, probe, ticket, game].into_iter().flatten().min()
    }

    /// Where the bot is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The match that the bot is in, or is about to enter.
    pub fn current_match(&self) -> Option<&MatchId> {
        self.game.as_ref().map(|game| &game.id)
    }

    /// Whether no match is under way.
    pub fn is_idle(&self) -> bool {
        self.game.is_none()
    }

    /// Whether as many matches as wanted have been played, or none is wanted any more.
    pub fn is_done(&self) -> bool {
        self.is_idle() && (self.draining || self.matches_left == Some(0))
    }

    // ---- the connection -------------------------------------------------------------------------------------------

    fn disconnected(&mut self, out: &mut Vec<Action>) {
        self.online = false;
        self.lobby = Entry::Out;
        self.drop_ticket();
        self.probe = None;
        if let Some(game) = &mut self.game {
            game.entry = Entry::Out;
            game.in_doubt = true;
            game.silent_at = None;
            if let Ballot::Sent { .. } | Ballot::Later { .. } = game.ballot {
                game.ballot = Ballot::Idle;
            }
            for (say, _) in std::mem::take(&mut game.says).into_values() {
                let outcome = SayOutcome::Unanswered;
                out.push(Action::Tell(Notice::Said { match_id: game.id.clone(), say, outcome }));
            }
        }
    }

    fn on_joined(&mut self, room: &Room, now: Instant, out: &mut Vec<Action>) {
        if !self.online {
            return;
        }
        if room.is_lobby() {
            self.lobby = Entry::In;
            return;
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.room == *room) {
            probe.entry = Entry::In;
        }
        if self.game.as_ref().is_some_and(|game| game.room == *room) {
            self.enter(now, out);
        }
    }

    /// The match's room is joined.
    fn enter(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| game.entry != Entry::In) else { return };
        let resumed = game.resumed || game.plan.is_some();
        game.entered(&self.settings, now);
        out.push(Action::Tell(Notice::MatchJoined { match_id: game.id.clone(), resumed }));
        self.sync_phase(out);
    }

    fn on_join_refused(&mut self, room: &Room, reason: Option<&Reason>, now: Instant, out: &mut Vec<Action>) {
        if !self.online {
            return;
        }
        if room.is_lobby() {
            if self.lobby != Entry::In {
                self.lobby = Entry::Later { at: now + FIRST_RETRY };
            }
            return;
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.room == *room)
            && probe.entry != Entry::In
        {
            probe.entry = Entry::Later { at: now + FIRST_RETRY * 2 };
        }
        let Some(game) = self.game.as_mut().filter(|game| game.room == *room && game.entry != Entry::In)
        else {
            return;
        };
        game.tries += 1;
        if reason.is_some_and(Reason::is_stale_match) || game.tries >= ROOM_TRIES {
            self.finish(Ending::Lost, out);
            self.wait_to_ask(now);
        } else {
            game.entry = Entry::Later { at: now + FIRST_RETRY };
        }
    }

    // ---- answers --------------------------------------------------------------------------------------------------

    fn on_answer(&mut self, request: RequestNo, answer: Answer, now: Instant, out: &mut Vec<Action>) {
        if let Ticket::Asked { request: asked, about, .. } = &self.ticket
            && (*asked == request || self.earlier.contains(&request))
        {
            let about = about.clone();
            self.ticket = Ticket::None;
            self.earlier.clear();
            match answer {
                Answer::Reply(reply) => self.on_queue_reply(&reply, about.as_ref(), now, out),
                Answer::Refused(reason) => self.on_queue_refused(reason, now, out),
                Answer::Lost => self.wait_to_ask(now),
            }
            return;
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.is_answer_to(request)) {
            match answer {
                Answer::Reply(_) => self.probe_accepted(),
                Answer::Refused(Reason::RateLimited) => probe.again_at(now + FIRST_RETRY),
                Answer::Refused(Reason::NotJoined) => {
                    probe.entry = Entry::Later { at: now + FIRST_RETRY };
                    probe.again_at(now + FIRST_RETRY);
                }
                Answer::Refused(_) => probe.refused(now + self.settings.challenge_timeout),
                Answer::Lost => probe.again_at(now + FIRST_RETRY),
            }
            return;
        }
        let Some(game) = &mut self.game else { return };
        if let Some((say, _)) = game.says.remove(&request) {
            let outcome = match answer {
                Answer::Reply(_) => SayOutcome::Delivered,
                Answer::Refused(reason) => {
                    if reason == Reason::NotJoined {
                        game.entry = Entry::Out;
                    }
                    SayOutcome::Refused(reason)
                }
                Answer::Lost => SayOutcome::NotSent(NotSent::NotConnected),
            };
            out.push(Action::Tell(Notice::Said { match_id: game.id.clone(), say, outcome }));
        } else if matches!(&answer, Answer::Reply(reply) if reply.is_ok()) && game.votes.contains(&request) {
            self.vote_counted(out);
        } else if let Ballot::Sent { request: sent, phase_seen, .. } = game.ballot
            && sent == request
        {
            match answer {
                // With a status that says something else. Without `vote:ack` the vote is sent again when its time is up.
                Answer::Reply(_) => {}
                Answer::Refused(reason) => self.on_vote_refused(reason, phase_seen, now, out),
                Answer::Lost => game.ballot = Ballot::Later { at: now + FIRST_RETRY },
            }
        }
    }

    fn on_queue_reply(
        &mut self,
        reply: &Reply,
        about: Option<&MatchId>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        match &reply.status {
            Some(ReplyStatus::Queued | ReplyStatus::AlreadyQueued) => {
                self.refusals = 0;
                // Whoever waits in the queue is in no match. One that was found since the request went out is news.
                if about.is_some() && self.current_match() == about {
                    self.supersede(out);
                }
                if self.game.is_none() {
                    self.queued = true;
                    self.ticket = Ticket::Queued { again_at: now + self.settings.recheck };
                }
            }
            Some(ReplyStatus::AlreadyActive) => self.on_already_active(reply, now, out),
            Some(ReplyStatus::ProbeRequired) => self.on_probe_required(reply.room.as_ref(), now),
            _ => {
                // Not documented. If it did not mean the queue, the repetition tells.
                if self.game.is_none() {
                    self.queued = true;
                    self.ticket = Ticket::Queued { again_at: now + self.settings.recheck };
                } else {
                    self.wait_to_ask(now);
                }
            }
        }
    }

    fn on_already_active(&mut self, reply: &Reply, now: Instant, out: &mut Vec<Action>) {
        let match_id = reply.match_id.clone().or_else(|| reply.room.as_ref().and_then(Room::match_id));
        let Some(match_id) = match_id else {
            self.wait_to_ask(now);
            return;
        };
        let room = reply.room.clone().unwrap_or_else(|| Room::of_match(&match_id));
        if let Some(game) = self.game.as_mut().filter(|game| game.id == match_id) {
            game.in_doubt = false;
            self.refusals = 0;
            return;
        }
        // The platform has not cleared the match away that it has just ended.
        if self.over.iter().any(|(id, ending)| *id == match_id && *ending == Ending::Ended) {
            self.wait_to_ask(now);
            return;
        }
        if !is_enterable(&room) {
            self.wait_to_ask(now);
            return;
        }
        self.supersede(out);
        if self.wants_to_ask() {
            self.assign(MatchFound::new(room, match_id), true, out);
        } else {
            out.push(Action::Tell(Notice::MatchDeclined { match_id }));
        }
    }

    fn on_probe_required(&mut self, room: Option<&Room>, now: Instant) {
        self.queued = false;
        let challenge_due = now + self.settings.challenge_timeout;
        match (room, &mut self.probe) {
            (Some(room), Some(probe)) if probe.room == *room => probe.required_again(challenge_due),
            (None, Some(probe)) => probe.required_again(challenge_due),
            (Some(room), _) if is_enterable(room) => {
                self.probe = Some(Probe::new(room.clone(), challenge_due))
            }
            _ => self.wait_to_ask(now),
        }
    }

    fn on_queue_refused(&mut self, reason: Reason, now: Instant, out: &mut Vec<Action>) {
        match reason {
            Reason::ProbeRequired if self.probe.is_some() => return self.on_probe_required(None, now),
            Reason::NotJoined => self.lobby = Entry::Later { at: now + FIRST_RETRY },
            _ => {}
        }
        self.wait_to_ask(now);
        out.push(Action::Tell(Notice::QueueRefused { reason }));
    }

    /// The request came to nothing: again after a wait that grows.
    fn wait_to_ask(&mut self, now: Instant) {
        self.queued = false;
        let wait = FIRST_RETRY.saturating_mul(1 << self.refusals.min(5)).min(LAST_RETRY);
        self.refusals = self.refusals.saturating_add(1);
        self.ticket = Ticket::Later { at: now + wait };
    }

    fn probe_accepted(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.accepted();
        }
        // What was answered before the check is of no use any more.
        self.drop_ticket();
    }

    fn vote_counted(&mut self, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| game.ballot != Ballot::Counted) else { return };
        game.ballot = Ballot::Counted;
        if let Some(guess) = game.cast {
            out.push(Action::Tell(Notice::VoteCounted { match_id: game.id.clone(), guess }));
        }
    }

    fn on_vote_refused(&mut self, reason: Reason, phase_seen: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        game.ballot = match &reason {
            // It opened while the refusal was on its way.
            Reason::VoteNotOpen if game.phase_seen && !phase_seen => Ballot::Idle,
            Reason::VoteNotOpen if game.phase_seen || game.forced => Ballot::Later { at: now + FIRST_RETRY },
            Reason::VoteNotOpen => Ballot::Held,
            Reason::NotJoined => {
                game.entry = Entry::Out;
                Ballot::Idle
            }
            Reason::AgentCannotVote
            | Reason::NotInMatch
            | Reason::NotFound
            | Reason::Forbidden
            | Reason::UnsupportedEvent
            | Reason::InvalidRoom => Ballot::Impossible,
            _ => Ballot::Later { at: now + FIRST_RETRY },
        };
        let retried = game.ballot != Ballot::Impossible;
        let is_stale = matches!(reason, Reason::NotInMatch | Reason::NotFound);
        if is_stale {
            game.in_doubt = true;
        }
        out.push(Action::Tell(Notice::VoteRefused { match_id: game.id.clone(), reason, retried }));
    }

    // ---- pushes ---------------------------------------------------------------------------------------------------

    fn on_push(&mut self, push: Push, wall: Option<SystemTime>, now: Instant, out: &mut Vec<Action>) {
        if !self.online {
            return;
        }
        if self.game.as_ref().is_some_and(|game| game.room == push.room) {
            self.on_match_push(push, wall, now, out);
            return;
        }
        match push.event {
            ServerEvent::MetaState(state) => out.push(Action::Tell(Notice::MetaState(state))),
            ServerEvent::MetaDelta(delta) => out.push(Action::Tell(Notice::MetaDelta(delta))),
            ServerEvent::Leaderboard(state) => out.push(Action::Tell(Notice::Leaderboard(state))),
            ServerEvent::RoomSync(sync) => {
                if is_enterable(&sync.room) && self.probe.as_ref().is_none_or(|probe| probe.room != sync.room)
                {
                    self.probe = Some(Probe::new(sync.room, now + self.settings.challenge_timeout));
                }
            }
            ServerEvent::MatchFound(found) => self.on_match_found(found, out),
            ServerEvent::Chat(ChatMessage { probe_token: Some(token), .. }) if !push.room.is_lobby() => {
                self.on_challenge(push.room, token, push.meta, now);
            }
            ServerEvent::Reveal(reveal) => {
                if let Some((_, match_id)) = self.unrevealed.take_if(|(room, _)| *room == push.room) {
                    out.push(Action::Tell(Notice::Reveal { match_id, reveal }));
                }
            }
            // Of a match that is over.
            ServerEvent::MatchStarted(_)
            | ServerEvent::MatchEnded
            | ServerEvent::VoteAck(_)
            | ServerEvent::VotePhase(_) => {}
            ServerEvent::Chat(_) | ServerEvent::Typing(_) if self.was_a_match(&push.room) => {}
            // A compliance room's small talk means nothing.
            ServerEvent::Chat(_) if self.probe.as_ref().is_some_and(|probe| probe.room == push.room) => {}
            _ => out.push(Action::Tell(Notice::Other(Box::new(push)))),
        }
    }

    fn was_a_match(&self, room: &Room) -> bool {
        self.over.iter().any(|(id, _)| Room::of_match(id) == *room)
            || self.unrevealed.as_ref().is_some_and(|(over, _)| over == room)
    }

    fn on_challenge(&mut self, room: Room, token: String, meta: Meta, now: Instant) {
        if token.is_empty() || !is_enterable(&room) {
            return;
        }
        let challenge_due = now + self.settings.challenge_timeout;
        if self.probe.as_ref().is_none_or(|probe| probe.room != room) {
            self.probe = Some(Probe::new(room, challenge_due));
        }
        if let Some(probe) = &mut self.probe {
            // Whoever is spoken to in a room is in it.
            probe.entry = Entry::In;
            probe.challenged(token, meta.timestamp);
        }
    }

    fn on_match_found(&mut self, found: MatchFound, out: &mut Vec<Action>) {
        if self.over.iter().any(|(id, _)| *id == found.match_id) || !is_enterable(&found.room) {
            return;
        }
        match &mut self.game {
            Some(game) if game.id == found.match_id => return,
            // Which of the two it is, the platform's answer to a request tells.
            Some(game) if game.entry == Entry::In && game.started && !game.revealed => {
                game.in_doubt = true;
                return;
            }
            _ => self.supersede(out),
        }
        if self.wants_to_ask() {
            self.assign(found, false, out);
        } else {
            out.push(Action::Tell(Notice::MatchDeclined { match_id: found.match_id }));
        }
    }

    fn assign(&mut self, found: MatchFound, resumed: bool, out: &mut Vec<Action>) {
        let MatchFound { room, match_id, source } = found;
        self.drop_ticket();
        // One that was lost from sight is back.
        self.over.retain(|(id, _)| *id != match_id);
        self.unrevealed.take_if(|(over, _)| *over == room);
        self.game = Some(Game::new(match_id.clone(), room.clone(), resumed));
        out.push(Action::Tell(Notice::MatchFound { match_id, room, source, resumed }));
    }

    fn on_match_push(&mut self, push: Push, wall: Option<SystemTime>, now: Instant, out: &mut Vec<Action>) {
        // Whoever is spoken to in a room is in it.
        self.enter(now, out);
        let Some(game) = &mut self.game else { return };
        game.silent_at = None;
        let match_id = game.id.clone();
        match push.event {
            ServerEvent::MatchStarted(started) => {
                if game.timed(&self.settings, &started, &push.meta, wall, now) && game.started {
                    let ends_at = game.plan.map_or(now, |plan| plan.ends_at);
                    out.push(Action::Tell(Notice::EndsAt { match_id, ends_at }));
                }
                self.begin(false, now, out);
            }
            ServerEvent::Chat(message) => {
                self.begin(true, now, out);
                self.on_chat(message, push.meta, now, out);
            }
            ServerEvent::Typing(typing) => {
                let own = matches!(&typing.from, Some(from) if *from != crate::model::ChatFrom::Opponent);
                self.begin(true, now, out);
                if !own {
                    out.push(Action::Tell(Notice::Typing { match_id, typing: typing.typing }));
                }
            }
            ServerEvent::VotePhase(phase) => {
                self.begin(true, now, out);
                self.on_vote_phase(phase, out);
            }
            ServerEvent::VoteAck(_) => {
                // One for a vote of which this machine knows nothing: it was cast by an earlier run of the program.
                if game.cast.is_none() {
                    game.ballot = Ballot::Counted;
                }
                self.begin(true, now, out);
                self.vote_counted(out);
            }
            ServerEvent::Reveal(reveal) => self.on_reveal(reveal, now, out),
            ServerEvent::MatchEnded => self.finish(Ending::Ended, out),
            ServerEvent::MetaDelta(delta) => out.push(Action::Tell(Notice::MetaDelta(delta))),
            ServerEvent::MetaState(state) => out.push(Action::Tell(Notice::MetaState(state))),
            ServerEvent::Leaderboard(state) => out.push(Action::Tell(Notice::Leaderboard(state))),
            ServerEvent::MatchFound(found) => self.on_match_found(found, out),
            _ => out.push(Action::Tell(Notice::Other(Box::new(push)))),
        }
    }

    /// The match goes on: from its `match:started`, or from whatever shows that it did.
    fn begin(&mut self, assumed: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| !game.started) else { return };
        game.started = true;
        let (match_id, ends_at) = (game.id.clone(), game.plan.map_or(now, |plan| plan.ends_at));
        self.sync_phase(out);
        out.push(Action::Tell(Notice::MatchStarted { match_id, ends_at, assumed }));
    }

    fn on_chat(&mut self, message: ChatMessage, meta: Meta, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        if game.is_repeated(&message, &meta, now) {
            return;
        }
        let own = game.is_own(&message);
        let match_id = game.id.clone();
        out.push(Action::Tell(Notice::Chat { match_id, own, message, at: meta.timestamp }));
    }

    fn on_vote_phase(&mut self, phase: VotePhase, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        let match_id = game.id.clone();
        game.phase_seen = true;
        if game.ballot == Ballot::Held {
            game.ballot = Ballot::Idle;
        }
        let (opponent_voted, must_vote) = (phase.opponent_voted(), phase.must_vote == Some(true));
        let locked = phase.chat_locked.filter(|locked| *locked != game.chat_locked);
        out.push(Action::Tell(Notice::VotePhase { match_id: match_id.clone(), phase }));
        if let Some(locked) = locked {
            game.chat_locked = locked;
            out.push(Action::Tell(Notice::ChatLocked { match_id, locked }));
        }
        if must_vote {
            self.want_vote(WhyVote::MustVote, out);
        } else if opponent_voted {
            self.want_vote(WhyVote::OpponentVoted, out);
        }
    }

    fn want_vote(&mut self, why: WhyVote, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        let Some(plan) = game.plan else { return };
        if game.ask(why) {
            let match_id = game.id.clone();
            out.push(Action::Tell(Notice::VoteWanted { match_id, why, decide_by: plan.force_at }));
        }
    }

    fn on_reveal(&mut self, reveal: Reveal, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| !game.revealed) else { return };
        game.revealed = true;
        game.reveal_due = Some(now + self.settings.over_grace);
        out.push(Action::Tell(Notice::Reveal { match_id: game.id.clone(), reveal }));
    }

    /// There is another match, or none: the one that was under way is over, however it ended.
    fn supersede(&mut self, out: &mut Vec<Action>) {
        let revealed = self.game.as_ref().is_some_and(|game| game.revealed);
        self.finish(if revealed { Ending::Ended } else { Ending::Lost }, out);
    }

    fn drop_ticket(&mut self) {
        self.ticket = Ticket::None;
        self.earlier.clear();
        self.queued = false;
    }

    /// The match is over.
    fn finish(&mut self, ending: Ending, out: &mut Vec<Action>) {
        let Some(game) = self.game.take() else { return };
        for (say, _) in game.says.into_values() {
            let outcome = SayOutcome::Unanswered;
            out.push(Action::Tell(Notice::Said { match_id: game.id.clone(), say, outcome }));
        }
        self.unrevealed = (!game.revealed).then(|| (game.room, game.id.clone()));
        if self.over.len() >= REMEMBERED_MATCHES {
            self.over.pop_front();
        }
        self.over.push_back((game.id.clone(), ending));
        if ending == Ending::Ended {
            self.matches_left = self.matches_left.map(|left| left.saturating_sub(1));
            self.refusals = 0;
        }
        self.drop_ticket();
        if self.phase != Phase::Offline {
            self.set_phase(Phase::Ended, out);
        }
        out.push(Action::Tell(Notice::MatchEnded { match_id: game.id, ending, vote: game.cast }));
        self.sync_phase(out);
    }

    // ---- wishes ---------------------------------------------------------------------------------------------------

    fn on_wish(&mut self, wish: Wish, now: Instant, out: &mut Vec<Action>) {
        match wish {
            Wish::Queue(queue) => {
                if self.queue != Some(queue) && matches!(self.ticket, Ticket::Queued { .. }) {
                    self.ticket = Ticket::None;
                }
                self.queue = Some(queue);
            }
            Wish::Pause => self.queue = None,
            Wish::Drain => self.draining = true,
            Wish::Say { match_id, say, body } => self.say(match_id, say, body, now, out),
            Wish::Typing { match_id, typing } => {
                let is_free = |game: &&Game| {
                    game.id == match_id && game.entry == Entry::In && game.started && !game.chat_locked
                };
                if let Some(room) = self.game.as_ref().filter(is_free).map(|game| game.room.clone()) {
                    let request = self.request();
                    out.push(Action::Send { request, room, message: ClientMessage::Typing { typing } });
                }
            }
            Wish::Vote { match_id, guess } => {
                if let Some(game) = self.game.as_mut().filter(|game| game.id == match_id)
                    && game.cast.is_none()
                    && !game.is_settled()
                {
                    game.decided = Some((guess, VotedBy::Bot));
                }
            }
            Wish::Lean { match_id, guess } => {
                if let Some(game) = self.game.as_mut().filter(|game| game.id == match_id) {
                    game.leaning = Some(guess);
                }
            }
        }
    }

    fn say(&mut self, match_id: MatchId, say: SayId, body: String, now: Instant, out: &mut Vec<Action>) {
        let request = self.request();
        let due = now + self.settings.call_timeout;
        let not_sent = match &mut self.game {
            _ if body.trim().is_empty() => NotSent::Empty,
            Some(game) if game.id == match_id => {
                if game.revealed {
                    NotSent::MatchOver
                } else if game.entry != Entry::In || game.says.len() >= MAX_SAYS {
                    NotSent::NotConnected
                } else if !game.started {
                    NotSent::NotStarted
                } else if game.chat_locked {
                    NotSent::ChatLocked
                } else {
                    game.note_own_text(&body);
                    game.says.insert(request, (say, due));
                    let room = game.room.clone();
                    out.push(Action::Send { request, room, message: ClientMessage::Chat { body } });
                    return;
                }
            }
            _ => NotSent::MatchOver,
        };
        out.push(Action::Tell(Notice::Said { match_id, say, outcome: SayOutcome::NotSent(not_sent) }));
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    /// What has run out of time.
    fn expire(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.online {
            self.expire_ticket(now);
            if self.lobby == Entry::In {
                self.expire_probe(now, out);
            }
        }
        let may_ask = self.wants_to_ask();
        let Some(game) = &mut self.game else { return };
        if matches!(game.ballot, Ballot::Sent { due: at, .. } | Ballot::Later { at } if at <= now) {
            game.ballot = Ballot::Idle;
        }
        if game.entry.due().is_some_and(|due| due <= now) {
            game.tries += u32::from(matches!(game.entry, Entry::Asked { .. }));
            game.in_doubt |= game.tries >= ROOM_TRIES;
            game.entry = Entry::Out;
        }
        while let Some(entry) = game.says.first_entry().filter(|entry| entry.get().1 <= now) {
            let (say, _) = entry.remove();
            let outcome = SayOutcome::Unanswered;
            out.push(Action::Tell(Notice::Said { match_id: game.id.clone(), say, outcome }));
        }
        if game.silent_at.is_some_and(|at| at <= now) {
            game.silent_at = may_ask.then(|| now + self.settings.silent_after);
            game.in_doubt |= may_ask;
        }
        if game.must_decide(now) {
            game.forced = true;
            if game.decided.is_none() {
                game.decided = Some(match game.leaning {
                    Some(guess) => (guess, VotedBy::Leaning),
                    None => (self.settings.fallback, VotedBy::Fallback),
                });
            }
            if game.ballot == Ballot::Held {
                game.ballot = Ballot::Idle;
            }
        }
        let overdue = game.reveal_due.is_some_and(|at| at <= now);
        let (revealed, over_at) = (game.revealed, game.plan.map(|plan| plan.over_at));
        if revealed && overdue {
            self.finish(Ending::Ended, out);
        } else if over_at.is_some_and(|at| at <= now) {
            if !may_ask && self.online {
                self.finish(Ending::Lost, out);
            } else if let Some(plan) = &mut game.plan {
                // The platform knows; until it says so, the match goes on.
                plan.over_at = now + self.settings.over_grace;
                game.in_doubt = true;
            }
        } else if game.ask_is_due() && game.plan.is_some_and(|plan| plan.ask_at <= now) {
            self.want_vote(WhyVote::DeadlineNear, out);
        }
    }

    fn expire_ticket(&mut self, now: Instant) {
        match &self.ticket {
            Ticket::Asked { request, due, .. } if *due <= now => {
                if self.earlier.len() >= REMEMBERED_REQUESTS {
                    self.earlier.pop_front();
                }
                self.earlier.push_back(*request);
            }
            Ticket::Later { at } | Ticket::Queued { again_at: at } if *at <= now => {}
            _ => return,
        }
        self.ticket = Ticket::None;
    }

    fn expire_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.overdue(now) {
            self.probe_accepted();
        } else if probe.challenge_due.is_some_and(|due| due <= now) {
            // Perhaps the challenge was lost, or another room is meant by now: ask for both again.
            probe.challenge_due = Some(now + self.settings.challenge_timeout);
            probe.entry = Entry::Asked { due: now + self.settings.call_timeout };
            out.push(Action::Join { room: probe.room.clone(), anew: true });
            if self.game.is_none() {
                self.ask(now, out);
            }
        }
    }

    // ---- what is owed ---------------------------------------------------------------------------------------------

    /// Does whatever the state of things asks for. It is the same after every event, so no order of events can miss it.
    fn settle(&mut self, now: Instant, out: &mut Vec<Action>) {
        if !self.online {
            return;
        }
        if self.lobby.wants_join(now) {
            self.lobby = Entry::Asked { due: now + self.settings.call_timeout };
            out.push(Action::Join { room: Room::lobby(), anew: false });
        }
        if self.lobby != Entry::In {
            return;
        }
        self.settle_probe(now, out);
        self.settle_ticket(now, out);
        self.settle_match(now, out);
        let done = self.matches_left == Some(0) && self.game.is_none();
        if done && !std::mem::replace(&mut self.told_done, true) {
            out.push(Action::Tell(Notice::Done));
        }
    }

    fn settle_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.entry.wants_join(now) {
            probe.entry = Entry::Asked { due: now + self.settings.call_timeout };
            out.push(Action::Join { room: probe.room.clone(), anew: false });
        }
        let Some(token) = probe.owed(now).map(str::to_owned) else { return };
        self.last_request += 1;
        let request = RequestNo(self.last_request);
        let room = probe.room.clone();
        probe.echoed(request, now + self.settings.call_timeout.min(ECHO_GRACE));
        out.push(Action::Send { request, room: room.clone(), message: ClientMessage::Chat { body: token } });
        out.push(Action::Tell(Notice::ProbeEchoed { room }));
    }

    fn settle_ticket(&mut self, now: Instant, out: &mut Vec<Action>) {
        let is_due = self.ticket == Ticket::None;
        let in_the_way = self.probe.as_ref().is_some_and(Probe::is_pending);
        let is_wanted = self.game.as_ref().is_none_or(|game| game.in_doubt);
        if is_due && is_wanted && !in_the_way {
            self.ask(now, out);
        }
    }

    /// Asks for a match, or what became of the one in doubt.
    fn ask(&mut self, now: Instant, out: &mut Vec<Action>) {
        if !self.wants_to_ask() {
            return;
        }
        let Some(queue) = self.queue else { return };
        let request = self.request();
        let about = self.game.as_ref().map(|game| game.id.clone());
        self.ticket = Ticket::Asked { request, due: now + self.settings.call_timeout, about };
        out.push(Action::Send { request, room: Room::lobby(), message: queue.request() });
    }

    fn settle_match(&mut self, now: Instant, out: &mut Vec<Action>) {
        let may_ask = self.wants_to_ask();
        let Some(game) = &mut self.game else { return };
        // After a lost connection the platform says first that the match is still there. A bot that wants no other one
        // cannot ask without being queued, so it just goes there.
        if game.entry == Entry::Out && !(game.in_doubt && may_ask) {
            game.entry = Entry::Asked { due: now + self.settings.call_timeout };
            out.push(Action::Join { room: game.room.clone(), anew: false });
        }
        if let Some((guess, by)) = game.owed_vote() {
            self.cast(guess, by, now, out);
        }
    }

    fn cast(&mut self, guess: Guess, by: VotedBy, now: Instant, out: &mut Vec<Action>) {
        let request = self.request();
        let due = now + self.settings.call_timeout;
        let Some(game) = &mut self.game else { return };
        let guess = *game.cast.get_or_insert(guess);
        game.ballot = Ballot::Sent { request, due, phase_seen: game.phase_seen };
        if game.votes.len() >= REMEMBERED_REQUESTS {
            game.votes.pop_front();
        }
        game.votes.push_back(request);
        let (match_id, room) = (game.id.clone(), game.room.clone());
        out.push(Action::Send { request, room, message: ClientMessage::Vote { guess } });
        out.push(Action::Tell(Notice::VoteCast { match_id, guess, by }));
    }

    /// Whether the bot wants matches, so that a request for one is in order.
    fn wants_to_ask(&self) -> bool {
        self.queue.is_some() && !self.draining && self.matches_left != Some(0)
    }

    fn request(&mut self) -> RequestNo {
        self.last_request += 1;
        RequestNo(self.last_request)
    }

    // ---- the phase ------------------------------------------------------------------------------------------------

    fn sync_phase(&mut self, out: &mut Vec<Action>) {
        let phase = match &self.game {
            _ if !self.online => Phase::Offline,
            _ if self.lobby != Entry::In => Phase::SocketOpen,
            Some(game) if game.entry == Entry::In && game.started => Phase::InMatch,
            Some(game) if game.entry == Entry::In => Phase::MatchJoined,
            Some(_) => Phase::Queued,
            None if self.probe.as_ref().is_some_and(Probe::is_pending) => Phase::ProbePending,
            None if self.queued => Phase::Queued,
            None => Phase::LobbyJoined,
        };
        self.set_phase(phase, out);
    }

    fn set_phase(&mut self, phase: Phase, out: &mut Vec<Action>) {
        if self.phase != phase {
            self.phase = phase;
            out.push(Action::Tell(Notice::Phase(phase)));
        }
    }
}

/// Whether a room that the platform names can be a match's or a compliance check's.
fn is_enterable(room: &Room) -> bool {
    !room.is_lobby() && room.check().is_ok()
}
