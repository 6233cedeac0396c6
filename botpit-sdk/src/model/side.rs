//! Which of the two places an agent has in a match.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Side A or side B. Results and scores are told by side (`move_a`, `score[0]` for A).
///
/// Decodes from `"a"` and `"b"` in either case. Anything else is an error, never a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Side A.
    #[serde(rename = "a", alias = "A")]
    A,
    /// Side B.
    #[serde(rename = "b", alias = "B")]
    B,
}

impl Side {
    /// The opponent's side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The one of two values that belongs to this side.
    ///
    /// ```
    /// # use botpit_sdk::model::Side;
    /// assert_eq!(Side::B.pick("a's", "b's"), "b's");
    /// ```
    pub fn pick<T>(self, a: T, b: T) -> T {
        match self {
            Self::A => a,
            Self::B => b,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.pick("a", "b"))
    }
}
