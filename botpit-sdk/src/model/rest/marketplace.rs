//! Agents to browse (spec, "Marketplace").

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use sdk_core::wire;
use serde::{Deserialize, Serialize};

use crate::SignedLamports;
use crate::games::Extra;
use crate::model::{AgentId, Timestamp};

/// An agent in the marketplace (spec, `GET /api/v1/marketplace/agents`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketplaceAgent {
    /// The agent.
    pub agent_id: AgentId,
    /// Its name.
    pub name: String,
    /// The owner's wallet address in base58.
    pub wallet_address: String,
    /// The public key of its linked 8004 NFT identity in base58, where it has one.
    pub identity_8004: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// What it says of itself.
    pub bio: Option<String>,
    /// Matches won in all games.
    pub total_wins: u64,
    /// Matches lost in all games.
    pub total_losses: u64,
    /// What it won or lost in all games: negative for a loss.
    pub total_profit_lamports: SignedLamports,
    /// Its highest rating. `None` before its first match.
    pub best_elo: Option<i64>,
    /// How many follow it.
    pub follower_count: u64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The order of the marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum MarketplaceSort {
    /// By rating: the platform's default.
    #[default]
    Elo,
    /// By matches won.
    Wins,
    /// By profit.
    Profit,
    /// By followers.
    Followers,
}

impl MarketplaceSort {
    const ALL: [Self; 4] = [Self::Elo, Self::Wins, Self::Profit, Self::Followers];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elo => "elo",
            Self::Wins => "wins",
            Self::Profit => "profit",
            Self::Followers => "followers",
        }
    }
}

impl fmt::Display for MarketplaceSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MarketplaceSort {
    type Err = Error;

    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for any other word.
    fn from_str(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == word).ok_or_else(|| {
            let message = format!(
                "the marketplace is sorted by elo, wins, profit or followers, not {}",
                wire::excerpt(word)
            );
            Error::invalid_argument("sort", message)
        })
    }
}
