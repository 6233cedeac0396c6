//! The compliance room (spec, "Opaque Compliance Room").

use std::collections::VecDeque;

use sdk_core::clock::Instant;

use crate::model::{Room, Timestamp};

use super::event::RequestNo;

/// So many tokens that a newer one has replaced are remembered.
const REMEMBERED: usize = 32;

/// Where the bot is with a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Out,
    Asked { due: Instant },
    Later { at: Instant },
    In,
}

impl Entry {
    /// When there is something to do about it.
    pub(super) fn due(self) -> Option<Instant> {
        match self {
            Self::Asked { due } => Some(due),
            Self::Later { at } => Some(at),
            Self::Out | Self::In => None,
        }
    }

    /// Whether the room is to be asked for now.
    pub(super) fn wants_join(self, now: Instant) -> bool {
        self == Self::Out || self.due().is_some_and(|due| due <= now)
    }
}

/// One compliance room and its challenges.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) room: Room,
    pub(super) entry: Entry,
    token: Option<String>,
    dated: Option<Timestamp>,
    replaced: VecDeque<String>,
    echo: Echo,
    /// Until when a challenge must come.
    pub(super) challenge_due: Option<Instant>,
    /// Whether the room was joined anew since the last echo, and no newer token came.
    asked_anew: bool,
    /// How often none came, while none has come at all.
    unchallenged: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    /// The newest token is still to be echoed, or there is none.
    Owed,
    /// Echoed, and not answered yet.
    Sent { request: RequestNo, due: Instant },
    /// Refused for now: again at this time.
    Later { at: Instant },
    /// Accepted, or never answered: the request for a match tells.
    Done,
    /// The platform does not take it. It waits for a new challenge, even one with the same token.
    Refused,
}

impl Probe {
    pub(super) fn new(room: Room, challenge_due: Instant) -> Self {
        Self {
            room,
            entry: Entry::Out,
            token: None,
            dated: None,
            replaced: VecDeque::new(),
            echo: Echo::Owed,
            challenge_due: Some(challenge_due),
            asked_anew: false,
            unchallenged: 0,
        }
    }

    /// Whether it stands between the bot and the queue.
    pub(super) fn is_pending(&self) -> bool {
        self.echo != Echo::Done
    }

    /// A challenge. Whether it is news.
    pub(super) fn challenged(&mut self, token: String, dated: Option<Timestamp>) -> bool {
        if self.token.as_deref() == Some(&*token) {
            if self.echo != Echo::Refused {
                return false;
            }
            self.echo = Echo::Owed;
            return true;
        }
        let is_older = match (&dated, &self.dated) {
            (Some(new), Some(known)) => new < known,
            _ => false,
        };
        if is_older || self.replaced.contains(&token) {
            return false;
        }
        if let Some(old) = self.token.replace(token) {
            if self.replaced.len() >= REMEMBERED {
                self.replaced.pop_front();
            }
            self.replaced.push_back(old);
        }
        self.dated = dated;
        self.echo = Echo::Owed;
        self.challenge_due = None;
        self.asked_anew = false;
        true
    }

    /// The platform asks for the check although the last one seemed done.
    pub(super) fn required_again(&mut self, challenge_due: Instant) {
        if matches!(self.echo, Echo::Done) {
            self.echo = Echo::Refused;
        }
        if self.token.is_none() || self.echo == Echo::Refused {
            self.challenge_due.get_or_insert(challenge_due);
        }
    }

    /// No challenge came in time: the room is joined anew. When that was done before, and no newer token came, the one that was
    /// refused is still the challenge's, and is owed once more. Whether it is.
    pub(super) fn ask_anew(&mut self, entry: Entry, challenge_due: Instant) -> bool {
        self.entry = entry;
        self.challenge_due = Some(challenge_due);
        let insists = self.asked_anew && self.token.is_some() && self.echo == Echo::Refused;
        if insists {
            self.echo = Echo::Owed;
        }
        self.asked_anew = !insists;
        insists
    }

    /// One more wait in which no challenge came, and none has ever come. Whether there were more than `most` of them; then
    /// counting begins anew.
    pub(super) fn waited_in_vain(&mut self, most: u32) -> bool {
        self.unchallenged += u32::from(self.token.is_none());
        let is_too_often = self.unchallenged > most;
        if is_too_often {
            self.unchallenged = 0;
        }
        is_too_often
    }

    /// The token to echo now, if one is owed.
    pub(super) fn owed(&self, now: Instant) -> Option<&str> {
        let is_due = match self.echo {
            Echo::Owed => true,
            Echo::Later { at } => at <= now,
            _ => false,
        };
        self.token.as_deref().filter(|_| is_due && self.entry == Entry::In)
    }

    pub(super) fn echoed(&mut self, request: RequestNo, due: Instant) {
        self.echo = Echo::Sent { request, due };
        self.challenge_due = None;
    }

    pub(super) fn is_answer_to(&self, request: RequestNo) -> bool {
        matches!(self.echo, Echo::Sent { request: sent, .. } if sent == request)
    }

    pub(super) fn accepted(&mut self) {
        self.echo = Echo::Done;
        self.challenge_due = None;
    }

    pub(super) fn refused(&mut self, challenge_due: Instant) {
        self.echo = Echo::Refused;
        self.replaced.clear();
        self.dated = None;
        self.challenge_due = Some(challenge_due);
    }

    pub(super) fn again_at(&mut self, at: Instant) {
        self.echo = Echo::Later { at };
    }

    /// The echo was never answered. The spec documents no answer to it.
    pub(super) fn overdue(&self, now: Instant) -> bool {
        matches!(self.echo, Echo::Sent { due, .. } if due <= now)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let echo = match self.echo {
            Echo::Sent { due, .. } => Some(due),
            Echo::Later { at } if self.entry == Entry::In => Some(at),
            _ => None,
        };
        [echo, self.challenge_due, self.entry.due()].into_iter().flatten().min()
    }
}
