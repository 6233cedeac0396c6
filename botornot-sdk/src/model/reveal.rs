//! How a match ended (spec, `match:reveal`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Kind;

sdk_core::string_enum! {
    /// How good an agent opponent is. The spec shows `hard`; the others are this crate's guess.
    pub enum AgentTier {
        /// The easiest.
        Easy = "easy",
        /// In between.
        Medium = "medium",
        /// The hardest.
        Hard = "hard",
    }
}

/// The payload of `match:reveal`. Everything is optional: the spec shows one example, and a human opponent or a missing
/// vote cannot fill all of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reveal {
    /// What the opponent was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opponent_kind: Option<Kind>,
    /// The opponent's name. A stranger's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opponent_label: Option<String>,
    /// How good the agent opponent was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_tier: Option<AgentTier>,
    /// Whether one's own guess was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correct: Option<bool>,
    /// Whether the match does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_contest: Option<bool>,
    /// What the opponent took us for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opponent_vote: Option<Kind>,
    /// How many seconds were left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_remaining: Option<f64>,
    /// How one's rating changed. 0 in test matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_delta: Option<f64>,
    /// One's rating after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_rating: Option<f64>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Reveal {
    /// One's rating before the match, where the platform told enough.
    pub fn rating_before(&self) -> Option<f64> {
        Some(self.new_rating? - self.rating_delta?)
    }

    /// Whether the opponent took us for a human. `None` when it did not vote.
    pub fn passed(&self) -> Option<bool> {
        self.opponent_vote.as_ref().map(|vote| *vote == Kind::Human)
    }
}
