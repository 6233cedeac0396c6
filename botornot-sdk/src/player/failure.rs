//! What a player's own code failed at.

use std::fmt;

use sdk_core::error::Error;
use sdk_core::wire::printable;

use crate::model::MatchId;

/// A callback of a player that failed, panicked or took too long. The match goes on without it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlayerFailure {
    /// The match, where it belongs to one.
    pub match_id: Option<MatchId>,
    /// What it was asked.
    pub during: Asked,
    /// Its own error, its panic, or that its time was over.
    pub cause: Error,
}

/// What a player was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Asked {
    /// How to open a match.
    Opening,
    /// What to answer.
    Answer,
    /// Its vote. The connection votes in its place.
    Vote,
    /// To say what it had answered: the platform did not take it.
    Saying,
    /// It was told something.
    Told,
}

impl Asked {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "to open the match",
            Self::Answer => "for an answer",
            Self::Vote => "for its vote",
            Self::Saying => "to say its answer",
            Self::Told => "to take a piece of news",
        }
    }
}

impl fmt::Display for PlayerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the player failed when it was asked {}", self.during.as_str())?;
        if let Some(id) = &self.match_id {
            write!(f, " in match {}", printable(id.as_str()))?;
        }
        write!(f, ": {}", self.cause.chain())
    }
}
