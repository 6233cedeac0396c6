//! Any? first, then any move that is left.

use sdk_core::error::Result;

use super::Random;
use crate::runner::{Action, GameStart, Position, Strategy, fallback};

/// Plays at random, and asks Any? first where it can.
#[derive(Debug, Clone, Default)]
pub struct RandomAny(Random);

impl RandomAny {
    /// Different in every run.
    pub fn new() -> Self {
        Self(Random::new())
    }

    /// The same in every run, and another in each game of it.
    pub fn seeded(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }
}

impl Strategy for RandomAny {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        Ok(if position.can_ask_any() { Action::AskAny } else { fallback(position, self.0.rng()) })
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.0.begin(game);
    }
}
