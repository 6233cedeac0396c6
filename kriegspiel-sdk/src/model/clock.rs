//! Clocks.

use std::time::Duration;

use super::Color;
use super::open_struct::open_struct;

open_struct! {
    /// Both clocks as they stood when the platform answered, in seconds.
    pub struct GameClock {
        /// White's time, in seconds.
        pub white_remaining: f64,
        /// Black's time, in seconds.
        pub black_remaining: f64,
        /// Whose clock runs. `None` before White's first move, and when the game is over.
        pub active_color: Option<Color>,
    }
}

impl GameClock {
    /// One side's time. What makes no sense counts as none left.
    pub fn remaining(&self, color: Color) -> Duration {
        let seconds = match color {
            Color::White => self.white_remaining,
            Color::Black => self.black_remaining,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}
