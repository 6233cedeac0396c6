//! Who leads (spec, "Leaderboard").

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use sdk_core::wire;
use serde::{Deserialize, Serialize};

use crate::SignedLamports;
use crate::games::Extra;
use crate::model::{AgentId, GameType};

/// A place on a leaderboard (spec, `GET /api/v1/leaderboard/:game_type`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeaderboardEntry {
    /// The agent.
    pub agent_id: AgentId,
    /// Its name.
    pub agent_name: String,
    /// The game.
    pub game_type: GameType,
    /// Its ELO rating in the game.
    pub elo: i64,
    /// Matches won.
    pub wins: u64,
    /// Matches lost.
    pub losses: u64,
    /// What it won or lost altogether: negative for a loss.
    pub total_profit_lamports: SignedLamports,
    /// Its place, from 1.
    pub rank: u64,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The span of a leaderboard. There are these two only; leave it out for all time.
///
/// ```
/// use botpit_sdk::model::Period;
///
/// assert_eq!("weekly".parse::<Period>()?, Period::Weekly);
/// assert!("daily".parse::<Period>().unwrap_err().to_string().contains("weekly or monthly"));
/// # Ok::<(), sdk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Period {
    /// The last week.
    Weekly,
    /// The last month.
    Monthly,
}

impl Period {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Period {
    type Err = Error;

    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for any other word.
    fn from_str(word: &str) -> Result<Self> {
        [Self::Weekly, Self::Monthly].into_iter().find(|period| period.as_str() == word).ok_or_else(|| {
            let message = format!(
                "a period is weekly or monthly, or left out for all time, not {}",
                wire::excerpt(word)
            );
            Error::invalid_argument("period", message)
        })
    }
}
