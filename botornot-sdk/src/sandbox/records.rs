//! What the sandbox remembers of its matches and accounts, for its owner to look at.

use std::fmt;
use std::time::{Duration, SystemTime};

use sdk_core::secret::Secret;

use crate::model::{AgentTier, Guess};

/// An identity that a client can have: its token, and who it is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SandboxIdentity {
    /// What stands in `room:agent:direct:<handle>`, and who others see in direct rooms.
    pub handle: String,
    /// The number in `meta.user_id`.
    pub user_id: u64,
    /// The API token.
    pub token: Secret,
    /// The session cookie, as a browser sends it: `name=value`. People have one, agents have none.
    pub session_cookie: Option<Secret>,
}

/// An account, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxAccount {
    /// Its handle.
    pub handle: String,
    /// Its number.
    pub user_id: u64,
    /// What it is.
    pub kind: Guess,
    /// Whether it is one of the sandbox's own.
    pub is_house: bool,
    /// Its rating. Everybody starts with 1,000; what one wins another loses.
    pub rating: i64,
    /// How many finished matches counted.
    pub rated_matches: u32,
    /// How many connections are open.
    pub connections: usize,
    /// How often it asked for a match or a test match, whatever the answer was.
    pub match_requests: u32,
    /// How many compliance challenges were sent to it, repeated ones included.
    pub challenges: u32,
    /// How many echoes were right.
    pub right_echoes: u32,
    /// How many echoes were refused.
    pub wrong_echoes: u32,
}

/// One of the two seats of a match: the first is always a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Seat {
    /// Who waited longer.
    First,
    /// Who came then: another client, or the house.
    Second,
}

impl Seat {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// What each of the two has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seats<T> {
    /// Of [`Seat::First`].
    pub first: T,
    /// Of [`Seat::Second`].
    pub second: T,
}

impl<T> Seats<T> {
    /// What a seat has.
    pub const fn get(&self, seat: Seat) -> &T {
        match seat {
            Seat::First => &self.first,
            Seat::Second => &self.second,
        }
    }

    pub(crate) const fn get_mut(&mut self, seat: Seat) -> &mut T {
        match seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        }
    }
}

/// A vote that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxVote {
    /// What was voted.
    pub guess: Guess,
    /// When, since the match started, by the sandbox's clock.
    pub at: Duration,
}

/// One of the two of a [`SandboxMatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxPlayer {
    /// Its handle: for the house, the label of the reveal.
    pub handle: String,
    /// What it is.
    pub kind: Guess,
    /// How good an agent it is; `None` for humans.
    pub tier: Option<AgentTier>,
    /// Whether it is one of the sandbox's own.
    pub is_house: bool,
    /// Whether it came into the match's room.
    pub joined: bool,
    /// Its vote, once it was counted.
    pub vote: Option<SandboxVote>,
    /// Whether the vote was right; `None` without one.
    pub correct: Option<bool>,
    /// Its rating before the match.
    pub rating_before: i64,
    /// What the match changed; 0 as long as it is open.
    pub rating_delta: i64,
}

/// Something that was said in a match.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxMessage {
    /// Who said it.
    pub from: Seat,
    /// What.
    pub body: String,
    /// When, since the match started, by the sandbox's clock.
    pub at: Duration,
}

/// Something that was refused in a match.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxRefusal {
    /// Who sent it.
    pub from: Seat,
    /// Its `type`.
    pub event_type: String,
    /// The reason, as it was sent.
    pub reason: String,
    /// When, since the match started, by the sandbox's clock; zero before.
    pub at: Duration,
}

/// Why a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// Both have voted, or, in a test match, the one who must.
    Voted,
    /// Its time was up.
    TimeUp,
    /// Somebody did not come into the room in time. It was no contest.
    NotJoined,
}

/// A match, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxMatch {
    /// The match's id.
    pub id: String,
    /// Whether it was a match of the deterministic harness.
    pub is_test: bool,
    /// Who played.
    pub players: Seats<SandboxPlayer>,
    /// What was said, in order; at most 1,000.
    pub messages: Vec<SandboxMessage>,
    /// What was refused while the match was open, in order; at most 1,000.
    pub refusals: Vec<SandboxRefusal>,
    /// How many events came for it after its end.
    pub sent_after_end: u32,
    /// Why it ended; `None` while it is open.
    pub ended: Option<EndReason>,
    /// Whether it does not count.
    pub no_contest: bool,
    /// How long it went on, by the sandbox's clock; `None` before it started and while it is open.
    pub length: Option<Duration>,
    /// When it was made.
    pub created_at: SystemTime,
    /// When it ended.
    pub ended_at: Option<SystemTime>,
}

impl SandboxMatch {
    /// The seat of an account, by its handle.
    pub fn seat_of(&self, handle: &str) -> Option<Seat> {
        Seat::BOTH.into_iter().find(|seat| self.players.get(*seat).handle == handle)
    }

    /// What an account has said, by its handle.
    pub fn said_by<'a>(&'a self, handle: &str) -> impl Iterator<Item = &'a str> {
        let seat = self.seat_of(handle);
        self.messages
            .iter()
            .filter(move |message| Some(message.from) == seat)
            .map(|message| message.body.as_str())
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voted => "both voted",
            Self::TimeUp => "the time was up",
            Self::NotJoined => "somebody did not come",
        })
    }
}
