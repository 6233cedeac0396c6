//! The queue: asking for a match, and what the platform answers.

use std::time::Duration;

use sdk_core::clock::Instant;

use super::super::action::{Action, Ending, Notice};
use super::super::event::RequestNo;
use super::super::game::Game;
use super::super::probe::{Entry, Probe};
use super::compliance::is_enterable;
use super::{FIRST_RETRY, Machine, REMEMBERED_REQUESTS};
use crate::model::{MatchFound, MatchId, Reason, Reply, ReplyStatus, Room};

/// The longest wait before a request that was refused is made again.
const LAST_RETRY: Duration = Duration::from_secs(30);

/// The request for a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ticket {
    /// To be made when it is time.
    None,
    /// To be made at this time.
    Later { at: Instant },
    /// Made and not answered. `about` is the match that it asks after, if it does.
    Asked { request: RequestNo, due: Instant, about: Option<MatchId> },
    /// The bot waits in the queue. At this time the request is repeated.
    Queued { again_at: Instant },
}

impl Machine {
    pub(super) fn on_queue_reply(
        &mut self,
        reply: &Reply,
        about: Option<&MatchId>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        match &reply.status {
            Some(ReplyStatus::Queued | ReplyStatus::AlreadyQueued) => {
                self.refusals = 0;
                self.probe_failures = 0;
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

    pub(super) fn on_already_active(&mut self, reply: &Reply, now: Instant, out: &mut Vec<Action>) {
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

    pub(super) fn on_queue_refused(&mut self, reason: Reason, now: Instant, out: &mut Vec<Action>) {
        match reason {
            Reason::ProbeRequired if self.probe.is_some() => return self.on_probe_required(None, now),
            Reason::NotJoined => self.lobby = Entry::Later { at: now + FIRST_RETRY },
            _ => {}
        }
        self.wait_to_ask(now);
        out.push(Action::Tell(Notice::QueueRefused { reason }));
    }

    /// The request came to nothing: again after a wait that grows.
    pub(super) fn wait_to_ask(&mut self, now: Instant) {
        self.queued = false;
        let wait = FIRST_RETRY.saturating_mul(1 << self.refusals.min(5)).min(LAST_RETRY);
        self.refusals = self.refusals.saturating_add(1);
        self.ticket = Ticket::Later { at: now + wait };
    }

    pub(super) fn on_match_found(&mut self, found: MatchFound, out: &mut Vec<Action>) {
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

    pub(super) fn assign(&mut self, found: MatchFound, resumed: bool, out: &mut Vec<Action>) {
        let MatchFound { room, match_id, source } = found;
        self.probe_failures = 0;
        self.drop_ticket();
        // One that was lost from sight is back.
        self.over.retain(|(id, _)| *id != match_id);
        self.unrevealed.take_if(|(over, _)| *over == room);
        self.game = Some(Game::new(match_id.clone(), room.clone(), resumed));
        out.push(Action::Tell(Notice::MatchFound { match_id, room, source, resumed }));
    }

    pub(super) fn drop_ticket(&mut self) {
        self.ticket = Ticket::None;
        self.earlier.clear();
        self.queued = false;
    }

    pub(super) fn expire_ticket(&mut self, now: Instant) {
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

    pub(super) fn settle_ticket(&mut self, now: Instant, out: &mut Vec<Action>) {
        let is_due = self.ticket == Ticket::None;
        let in_the_way = self.probe.as_ref().is_some_and(Probe::is_pending);
        let is_wanted = self.game.as_ref().is_none_or(|game| game.in_doubt);
        if is_due && is_wanted && !in_the_way {
            self.ask(now, out);
        }
    }

    /// Asks for a match, or what became of the one in doubt.
    pub(super) fn ask(&mut self, now: Instant, out: &mut Vec<Action>) {
        if !self.wants_to_ask() {
            return;
        }
        let Some(queue) = self.queue else { return };
        let request = self.request();
        let about = self.game.as_ref().map(|game| game.id.clone());
        self.ticket = Ticket::Asked { request, due: now + self.settings.call_timeout, about };
        out.push(Action::Send { request, room: Room::lobby(), message: queue.request() });
    }

    /// Whether the bot wants matches, so that a request for one is in order.
    pub(super) fn wants_to_ask(&self) -> bool {
        self.queue.is_some() && !self.draining && self.matches_left != Some(0)
    }
}
