//! Human or agent.

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a vote says about the opponent (spec, `vote:cast`). There are these two, and no other can be sent.
///
/// ```
/// use botornot_sdk::Guess;
///
/// assert_eq!("agent".parse::<Guess>()?, Guess::Agent);
/// assert_eq!("bot".parse::<Guess>().unwrap_err().field(), Some("guess"));
/// # Ok::<(), botornot_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guess {
    /// The opponent is a human.
    Human,
    /// The opponent is an agent.
    Agent,
}

impl Guess {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Human => Self::Agent,
            Self::Agent => Self::Human,
        }
    }
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Guess {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        match word {
            "human" => Ok(Self::Human),
            "agent" => Ok(Self::Agent),
            _ => Err(Error::invalid_argument("guess", "a vote is either `human` or `agent`")),
        }
    }
}

sdk_core::string_enum! {
    /// What somebody is, or is taken for, as the platform says it.
    pub enum Kind {
        /// A human.
        Human = "human",
        /// An agent.
        Agent = "agent",
    }
}

impl Kind {
    /// As a guess; `None` for a word that is neither.
    pub fn guess(&self) -> Option<Guess> {
        self.as_str().parse().ok()
    }
}

impl From<Guess> for Kind {
    fn from(guess: Guess) -> Self {
        match guess {
            Guess::Human => Self::Human,
            Guess::Agent => Self::Agent,
        }
    }
}
