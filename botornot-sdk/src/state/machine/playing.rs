//! The match: entering its room, its chat, its vote, its end.

use std::time::SystemTime;

use sdk_core::clock::Instant;

use super::super::action::{Action, Ending, NotSent, Notice, SayOutcome, VotedBy, WhyVote};
use super::super::event::SayId;
use super::super::game::{Ballot, Say};
use super::super::phase::Phase;
use super::super::probe::Entry;
use super::{FIRST_RETRY, Machine, REMEMBERED_REQUESTS};
use crate::model::{
    ChatMessage, ClientMessage, Guess, MatchId, Meta, Push, Reason, Reveal, Room, ServerEvent, VotePhase,
};

/// So many matches that are over are remembered: a late repetition of theirs must not open them again.
const REMEMBERED_MATCHES: usize = 64;
/// So many texts may wait for their answers.
const MAX_SAYS: usize = 256;

impl Machine {
    /// The match's room is joined.
    pub(super) fn enter(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| game.entry != Entry::In) else { return };
        let resumed = game.resumed || game.plan.is_some();
        game.entered(&self.settings, now);
        out.push(Action::Tell(Notice::MatchJoined { match_id: game.id.clone(), resumed }));
        self.sync_phase(out);
    }

    pub(super) fn on_match_push(
        &mut self,
        push: Push,
        wall: Option<SystemTime>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
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
    pub(super) fn begin(&mut self, assumed: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| !game.started) else { return };
        game.started = true;
        let (match_id, ends_at) = (game.id.clone(), game.plan.map_or(now, |plan| plan.ends_at));
        self.sync_phase(out);
        out.push(Action::Tell(Notice::MatchStarted { match_id, ends_at, assumed }));
    }

    pub(super) fn on_chat(&mut self, message: ChatMessage, meta: Meta, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        if game.is_repeated(&message, &meta, now) {
            return;
        }
        let own = game.is_own(&message);
        let match_id = game.id.clone();
        out.push(Action::Tell(Notice::Chat { match_id, own, message, at: meta.timestamp }));
    }

    pub(super) fn on_reveal(&mut self, reveal: Reveal, now: Instant, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| !game.revealed) else { return };
        game.revealed = true;
        game.reveal_due = Some(now + self.settings.over_grace);
        out.push(Action::Tell(Notice::Reveal { match_id: game.id.clone(), reveal }));
    }

    pub(super) fn say(
        &mut self,
        match_id: MatchId,
        say: SayId,
        body: String,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
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
                    game.says.push_back(Say { request, say, due });
                    let room = game.room.clone();
                    out.push(Action::Send { request, room, message: ClientMessage::Chat { body } });
                    return;
                }
            }
            _ => NotSent::MatchOver,
        };
        out.push(Action::Tell(Notice::Said { match_id, say, outcome: SayOutcome::NotSent(not_sent) }));
    }

    pub(super) fn on_vote_phase(&mut self, phase: VotePhase, out: &mut Vec<Action>) {
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

    pub(super) fn want_vote(&mut self, why: WhyVote, out: &mut Vec<Action>) {
        let Some(game) = &mut self.game else { return };
        let Some(plan) = game.plan else { return };
        if game.ask(why) {
            let match_id = game.id.clone();
            out.push(Action::Tell(Notice::VoteWanted { match_id, why, decide_by: plan.force_at }));
        }
    }

    pub(super) fn vote_counted(&mut self, out: &mut Vec<Action>) {
        let Some(game) = self.game.as_mut().filter(|game| game.ballot != Ballot::Counted) else { return };
        game.ballot = Ballot::Counted;
        if let Some(guess) = game.cast {
            out.push(Action::Tell(Notice::VoteCounted { match_id: game.id.clone(), guess }));
        }
    }

    pub(super) fn on_vote_refused(
        &mut self,
        reason: Reason,
        phase_seen: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
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

    pub(super) fn settle_match(&mut self, now: Instant, out: &mut Vec<Action>) {
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

    pub(super) fn cast(&mut self, guess: Guess, by: VotedBy, now: Instant, out: &mut Vec<Action>) {
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

    /// There is another match, or none: the one that was under way is over, however it ended.
    pub(super) fn supersede(&mut self, out: &mut Vec<Action>) {
        let revealed = self.game.as_ref().is_some_and(|game| game.revealed);
        self.finish(if revealed { Ending::Ended } else { Ending::Lost }, out);
    }

    /// The match is over.
    pub(super) fn finish(&mut self, ending: Ending, out: &mut Vec<Action>) {
        let Some(game) = self.game.take() else { return };
        for Say { say, .. } in game.says {
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

    pub(super) fn was_a_match(&self, room: &Room) -> bool {
        self.over.iter().any(|(id, _)| Room::of_match(id) == *room)
            || self.unrevealed.as_ref().is_some_and(|(over, _)| over == room)
    }
}
