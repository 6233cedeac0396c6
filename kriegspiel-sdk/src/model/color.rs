//! The two sides.

use std::fmt;
use std::ops::Not;

use serde::{Deserialize, Serialize};

/// A side. White moves first.
///
/// ```
/// use kriegspiel_sdk::Color;
///
/// assert_eq!(!Color::White, Color::Black);
/// assert_eq!(Color::to_move(1), Color::White);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// The side that moves first. On the wire: `white`.
    White,
    /// The other side. On the wire: `black`.
    Black,
}

impl Color {
    /// Both sides, White first.
    pub const BOTH: [Self; 2] = [Self::White, Self::Black];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Black => "black",
        }
    }

    /// Whose move it is at a `move_number`, which counts the moves of both sides from 1: White's at odd ones.
    pub const fn to_move(move_number: u32) -> Self {
        if move_number % 2 == 1 { Self::White } else { Self::Black }
    }
}

impl Not for Color {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::White => Self::Black,
            Self::Black => Self::White,
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which side to play when a game is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayAs {
    /// White. On the wire: `white`.
    White,
    /// Black. On the wire: `black`.
    Black,
    /// The platform tosses a coin. On the wire: `random`.
    #[default]
    Random,
}

impl From<Color> for PlayAs {
    fn from(color: Color) -> Self {
        match color {
            Color::White => Self::White,
            Color::Black => Self::Black,
        }
    }
}
