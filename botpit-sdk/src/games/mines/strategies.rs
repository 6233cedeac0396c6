//! Ways to play mines.

use std::sync::LazyLock;

use fastrand::Rng;

use super::{Mines, State, Tiles};
use crate::games::chance::seeded;
use crate::games::equilibrium::solve;
use crate::games::{Game, RoundOdds, odds};
use crate::model::Side;

/// The odds of a round with so many tiles against so many, on the spec's grid.
pub fn round_odds(mine: Tiles, theirs: Tiles) -> RoundOdds {
    RoundOdds::of_same_danger(mine.survival_odds(), theirs.survival_odds())
}

/// The number of tiles that wins most rounds, ties replayed, against an opponent who plays these with these weights; the
/// lowest of them where several win as many. `None` without an opponent.
///
/// ```
/// use botpit_sdk::games::mines::{Tiles, best_response};
///
/// // Against somebody who picks anything as often as anything else, care pays.
/// let evenly: Vec<_> = Tiles::all().map(|tiles| (tiles, 1.0)).collect();
/// assert_eq!(best_response(&evenly), Some(Tiles::new(1)?));
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
pub fn best_response(opponent: &[(Tiles, f64)]) -> Option<Tiles> {
    odds::best_response(Tiles::all(), opponent, round_odds)
}

/// Plays a mix of one to a few tiles that no opponent has an edge on, however well it knows the mix.
///
/// The mix is the equilibrium of the round, solved exactly (to rounding errors) when it is first needed. A test computes
/// what the best of all answers gains against it: nothing. Ties are replayed, which changes nothing when the value is
/// even.
///
/// It is the equilibrium of the spec's grid. On another one it plays within the state's limit, and proves nothing.
#[derive(Debug, Clone)]
pub struct Equilibrium {
    rng: Rng,
}

impl Equilibrium {
    /// A player with a seed of its own.
    pub fn new() -> Self {
        Self { rng: Rng::new() }
    }

    /// A player that makes the same choices for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: seeded(seed) }
    }

    /// The mix: what it plays, and how often. The probabilities add up to 1.
    pub fn mix() -> &'static [(Tiles, f64)] {
        static MIX: LazyLock<Vec<(Tiles, f64)>> = LazyLock::new(|| {
            let share = |mine: Tiles| {
                Tiles::all().map(|theirs| (1.0 + round_odds(mine, theirs).gain()) / 2.0).collect()
            };
            let solved = solve(&[Tiles::all().map(share).collect()]);
            let mix = solved.and_then(|solution| solution.rows.into_iter().next());
            match mix {
                Some(mix) => Tiles::all().zip(mix).filter(|(_, p)| *p > 0.0).collect(),
                None => vec![(Tiles::MIN, 1.0)],
            }
        });
        &MIX
    }

    /// A number of tiles.
    pub fn next_tiles(&mut self) -> Tiles {
        let mut left = self.rng.f64();
        for &(tiles, p) in Self::mix() {
            left -= p;
            if left < 0.0 {
                return tiles;
            }
        }
        Tiles::MIN
    }

    /// The number of tiles for a turn, within the state's limit.
    pub fn choose(&mut self, state: &State, _side: Side) -> Tiles {
        let max = state.max_tiles.and_then(|max| Tiles::new(max).ok()).unwrap_or(Tiles::MAX);
        self.next_tiles().min(max)
    }
}

impl Default for Equilibrium {
    fn default() -> Self {
        Self::new()
    }
}

strategy!(Equilibrium, Mines);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gains_anything_against_the_mix() {
        let mix = Equilibrium::mix();
        assert!(mix.len() > 1 && (mix.iter().map(|(_, p)| p).sum::<f64>() - 1.0).abs() < 1e-9, "{mix:?}");
        for mine in Tiles::all() {
            let gain: f64 = mix.iter().map(|&(theirs, p)| p * round_odds(mine, theirs).gain()).sum();
            assert!(gain < 1e-9, "{mine} tiles gain {gain} against {mix:?}");
        }
    }

    #[test]
    fn the_mix_is_what_is_played() {
        let mut player = Equilibrium::seeded(9);
        let draws = 20_000;
        let drawn: Vec<Tiles> = (0..draws).map(|_| player.next_tiles()).collect();
        for &(tiles, p) in Equilibrium::mix() {
            let seen = drawn.iter().filter(|drawn| **drawn == tiles).count() as f64 / f64::from(draws);
            assert!((seen - p).abs() < 0.015, "{tiles}: {seen} {p}");
        }
        let mut state = State::new(1, crate::model::Score::new(0, 0), Vec::new());
        state.max_tiles = Some(1);
        assert!((0..100).all(|_| player.choose(&state, Side::A) == Tiles::MIN));
    }
}
