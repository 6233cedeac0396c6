//! Any move that is left.

use fastrand::Rng;
use sdk_core::error::Result;

use crate::runner::{Action, GameStart, Position, Strategy, fallback};

/// Plays at random, in every ruleset: one of the moves that are left and are not known to be illegal. It never asks Any?.
///
/// ```
/// use kriegspiel_sdk::strategies::Random;
///
/// let repeatable = Random::seeded(7);
/// ```
#[derive(Debug, Clone)]
pub struct Random {
    seed: Option<u64>,
    rng: Rng,
}

impl Random {
    /// Different in every run.
    pub fn new() -> Self {
        Self { seed: None, rng: Rng::new() }
    }

    /// The same in every run, and another in each game of it.
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed), rng: Rng::with_seed(seed) }
    }

    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// A game begins: its chance is its own.
    pub(super) fn begin(&mut self, game: &GameStart) {
        self.rng = match self.seed {
            Some(seed) => Rng::with_seed(seed.wrapping_add(u64::from(game.number) << 32)),
            None => Rng::new(),
        };
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

impl Strategy for Random {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        Ok(fallback(position, &mut self.rng))
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.begin(game);
    }
}
