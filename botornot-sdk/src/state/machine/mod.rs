//! From one match to the next.
//!
//! | file | what it is |
//! |---|---|
//! | `queueing` | asking for a match, and what the platform answers |
//! | `compliance` | the check between the bot and the queue |
//! | `playing` | entering a match, its chat, its vote, its end |

mod compliance;
mod playing;
mod queueing;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;

use crate::model::{ChatMessage, ClientMessage, MatchId, Push, Reason, Room, ServerEvent};

use self::compliance::is_enterable;
use self::queueing::Ticket;
use super::action::{Action, Ending, NotSent, Notice, SayOutcome, VotedBy, WhyVote};
use super::event::{Answer, Event, RequestNo, Wish};
use super::game::{Ballot, Game, Say};
use super::phase::Phase;
use super::probe::{Entry, Probe};
use super::settings::{Queue, Settings};

/// The first wait before something that was refused is tried again.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// So often a match's room is asked for before the match is given up for lost.
const ROOM_TRIES: u32 = 4;
/// So many requests that were made again are remembered for a late answer.
const REMEMBERED_REQUESTS: usize = 8;

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
    /// How often in a row the compliance check has failed.
    probe_failures: u32,
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
            probe_failures: 0,
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
        self.handle_into(event, now, &mut out);
        out
    }

    /// As [`handle`](Self::handle), where the actions are added to a list whose memory lasts.
    pub(crate) fn handle_into(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::Opened => {
                self.disconnected(out);
                self.online = true;
            }
            Event::Closed => self.disconnected(out),
            Event::Joined { room } => self.on_joined(&room, now, out),
            Event::JoinRefused { room, reason } => self.on_join_refused(&room, reason.as_ref(), now, out),
            Event::Answered { request, answer } => self.on_answer(request, answer, now, out),
            Event::Pushed { push, wall } => self.on_push(push, wall, now, out),
            Event::Tick => {}
            Event::Wish(wish) => self.on_wish(wish, now, out),
        }
        self.expire(now, out);
        self.sync_phase(out);
        self.settle(now, out);
        self.sync_phase(out);
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
            for Say { say, .. } in std::mem::take(&mut game.says) {
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
                Answer::Refused(reason) => self.probe_refused(reason, now, out),
                Answer::Lost => probe.again_at(now + FIRST_RETRY),
            }
            return;
        }
        let Some(game) = &mut self.game else { return };
        if let Some(Say { say, .. }) = game.take_say(request) {
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
        while game.says.front().is_some_and(|said| said.due <= now)
            && let Some(Say { say, .. }) = game.says.pop_front()
        {
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
        if self.gives_up(out) {
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
