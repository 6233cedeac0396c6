//! Won rounds, by side.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Side;

/// How many rounds each side has won. `[a, b]` on the wire.
///
/// The spec does not say in words whether the order is A and B or you and your opponent; its examples are in A and B, as
/// is everything else on the wire.
///
/// ```
/// use botpit_sdk::model::{Score, Side};
///
/// let score: Score = serde_json::from_str("[1, 0]").unwrap();
/// assert_eq!((score.mine(Side::B), score.theirs(Side::B)), (0, 1));
/// assert_eq!(score.leader(), Some(Side::A));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[u32; 2]", into = "[u32; 2]")]
pub struct Score {
    /// Rounds that side A has won.
    pub a: u32,
    /// Rounds that side B has won.
    pub b: u32,
}

impl Score {
    /// A score from both sides' rounds.
    pub const fn new(a: u32, b: u32) -> Self {
        Self { a, b }
    }

    /// The rounds of a side.
    pub fn mine(self, side: Side) -> u32 {
        side.pick(self.a, self.b)
    }

    /// The rounds of the other side.
    pub fn theirs(self, side: Side) -> u32 {
        self.mine(side.other())
    }

    /// The side that is ahead, or `None` when they are level.
    pub fn leader(self) -> Option<Side> {
        match self.a.cmp(&self.b) {
            std::cmp::Ordering::Greater => Some(Side::A),
            std::cmp::Ordering::Less => Some(Side::B),
            std::cmp::Ordering::Equal => None,
        }
    }
}

impl From<[u32; 2]> for Score {
    fn from([a, b]: [u32; 2]) -> Self {
        Self { a, b }
    }
}

impl From<Score> for [u32; 2] {
    fn from(score: Score) -> Self {
        [score.a, score.b]
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.a, self.b)
    }
}
