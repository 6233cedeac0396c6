//! What a machine is told.

use std::time::SystemTime;

use crate::model::{Guess, MatchId, Push, Reason, Reply, Room};

use super::settings::Queue;

/// Names one request of a machine: [`Action::Send`](super::Action::Send) brings it, [`Event::Answered`] brings it back. It
/// is not the id on the wire; no number comes twice in a machine's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestNo(pub u64);

/// Names one text that the bot wants said: chosen by the bot, it comes back in [`Notice::Said`](super::Notice::Said).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SayId(pub u64);

/// What happened.
#[allow(clippy::large_enum_variant, reason = "pushes are the rule, and each is moved once")]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The socket is open.
    Opened,
    /// The socket is gone. Every room was left with it, and no answer comes any more.
    Closed,
    /// A room was joined, or the platform says that it was already.
    Joined {
        /// The room.
        room: Room,
    },
    /// A join was refused.
    JoinRefused {
        /// The room.
        room: Room,
        /// Why; `None` when the request could not be sent, or no answer came.
        reason: Option<Reason>,
    },
    /// A request was answered.
    Answered {
        /// Which.
        request: RequestNo,
        /// How.
        answer: Answer,
    },
    /// The platform pushed an event.
    Pushed {
        /// It.
        push: Push,
        /// What this machine's wall clock showed: it dates an event that the platform did not date.
        wall: Option<SystemTime>,
    },
    /// Time has passed.
    Tick,
    /// The bot wants something.
    Wish(Wish),
}

/// How a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// With a reply.
    Reply(Reply),
    /// With an error.
    Refused(Reason),
    /// Not at all: it could not be sent.
    Lost,
}

/// What a bot wants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// Matches of this queue, one after the other.
    Queue(Queue),
    /// No new match; one in progress goes on. The platform has no way to leave its queue: a match that it finds all the
    /// same is not entered.
    Pause,
    /// No new match for good.
    Drain,
    /// To say something in a match. It is sent at once or not at all: [`Notice::Said`](super::Notice::Said) tells.
    Say {
        /// The match that it is meant for: no other one gets it.
        match_id: MatchId,
        /// Names it.
        say: SayId,
        /// What.
        body: String,
    },
    /// To show, or no longer show, that it types.
    Typing {
        /// The match that it is meant for.
        match_id: MatchId,
        /// Which.
        typing: bool,
    },
    /// To vote. Until it has been sent, a later vote takes an earlier one's place.
    Vote {
        /// The match that it is meant for.
        match_id: MatchId,
        /// What the opponent is.
        guess: Guess,
    },
    /// What it would vote if it had to now.
    Lean {
        /// The match that it is meant for.
        match_id: MatchId,
        /// What the opponent seems to be.
        guess: Guess,
    },
}
