//! Ways to play crash.

use fastrand::Rng;

use super::{CashOut, Crash, State};
use crate::games::chance::seeded;
use crate::games::{Game, RoundOdds, odds};
use crate::model::Side;

/// The odds of a round with one cash-out against another, by the exact law.
pub fn round_odds(mine: CashOut, theirs: CashOut) -> RoundOdds {
    RoundOdds::of_same_danger(mine.survival_odds(), theirs.survival_odds())
}

/// The cash-out that wins most rounds, ties replayed, against an opponent who plays these with these weights; the lowest of
/// them where several win as many. `None` without an opponent.
///
/// Against one known cash-out it is a hundredth more, which loses only when it crashes between the two; against a known
/// 10.00 it is 1.01, which wins nine rounds in ten.
///
/// ```
/// use botpit_sdk::games::crash::{CashOut, best_response};
///
/// // Against somebody who picks anything as often as anything else:
/// let evenly: Vec<_> = CashOut::all().map(|cash_out| (cash_out, 1.0)).collect();
/// assert_eq!(best_response(&evenly).unwrap().to_string(), "1.01");
/// assert_eq!(best_response(&[(CashOut::MAX, 1.0)]), Some(CashOut::MIN));
/// assert_eq!(best_response(&[]), None);
/// ```
pub fn best_response(opponent: &[(CashOut, f64)]) -> Option<CashOut> {
    odds::best_response(CashOut::all(), opponent, round_odds)
}

/// Plays a mix of cash-outs that no opponent has an edge on, however well it knows the mix.
///
/// It is the equilibrium of the game with cash-outs of any size: draw `u` evenly from 0 to 1 and cash out at
/// `1.01·(1+u)²`, so between 1.01 and 4.04, the low ones more often. Higher ones are never worth their risk.
///
/// Why that is one. Write a cash-out by its odds to survive, `s = 1/c`; the mix has the density `√a / s^1.5` from `a` to
/// `4a`, with `4a` the odds of 1.01. Against `t`, playing `s` gains `2s − t` if it is bolder, `s − 2t` if it is not. The
/// average of that over the mix is 0 for every `s` from `a` to `4a`, and `2s − 2a < 0` for every bolder one. So nobody
/// gains anything against the mix, and by symmetry it is an equilibrium. Ties are replayed, which changes nothing when
/// the value is even.
///
/// What is played is rounded down to a hundredth. An opponent who knows everything then wins less than 50.3 % of all rounds;
/// a test computes it against all 900 answers.
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

    /// A cash-out.
    pub fn next_cash_out(&mut self) -> CashOut {
        Self::at(self.rng.f64())
    }

    /// The cash-out for a turn, within the state's limits.
    pub fn choose(&mut self, state: &State, _side: Side) -> CashOut {
        state.nearest_allowed(self.next_cash_out())
    }

    fn at(u: f64) -> CashOut {
        CashOut::at_or_below(1.01 * (1.0 + u) * (1.0 + u)).unwrap_or(CashOut::MIN)
    }
}

impl Default for Equilibrium {
    fn default() -> Self {
        Self::new()
    }
}

strategy!(Equilibrium, Crash);

#[cfg(test)]
mod tests {
    use super::*;

    /// The mix as it is played, by its distribution function.
    fn mix() -> Vec<(CashOut, f64)> {
        let below = |hundredths: u16| (f64::from(hundredths) / 101.0).sqrt().clamp(1.0, 2.0) - 1.0;
        CashOut::all()
            .map(|cash_out| (cash_out, below(cash_out.hundredths() + 1) - below(cash_out.hundredths())))
            .filter(|(_, weight)| *weight > 0.0)
            .collect()
    }

    #[test]
    fn the_mix_that_is_played_is_the_one_that_is_proven() {
        let mix = mix();
        assert!((mix.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!((mix[0].0, mix[mix.len() - 1].0), (CashOut::MIN, "4.03".parse().unwrap()));
        let mut player = Equilibrium::seeded(4);
        let draws = 40_000;
        let low = (0..draws).filter(|_| player.next_cash_out().hundredths() < 200).count();
        let expected: f64 =
            mix.iter().filter(|(at, _)| at.hundredths() < 200).map(|(_, weight)| weight).sum();
        assert!((low as f64 / f64::from(draws) - expected).abs() < 0.01, "{low} {expected}");
        // Thousandths of u that sit at the edges.
        assert_eq!(Equilibrium::at(0.0), CashOut::MIN);
        assert!(Equilibrium::at(1.0 - 1e-9) <= "4.04".parse().unwrap());
    }

    #[test]
    fn nobody_wins_more_than_503_rounds_in_1000_against_the_mix() {
        let mix = mix();
        let against = |mine| {
            let parts = mix.iter().map(|&(theirs, weight)| (weight, round_odds(mine, theirs)));
            RoundOdds::averaged(parts).unwrap().decided()
        };
        let best = best_response(&mix).unwrap();
        assert!((0.5..0.503).contains(&against(best)), "{best}: {}", against(best));
        // And bold play loses by a good margin.
        assert!(against(CashOut::MAX) < 0.3, "{}", against(CashOut::MAX));
    }

    #[test]
    fn one_hundredth_more_beats_any_known_cash_out_but_the_highest() {
        for theirs in [101, 150, 250, 400, 700, 999] {
            let theirs = CashOut::from_hundredths(theirs).unwrap();
            let best = best_response(&[(theirs, 2.0)]).unwrap();
            assert_eq!(best.hundredths(), theirs.hundredths() + 1);
            assert!(round_odds(best, theirs).decided() > 0.98);
        }
        assert!(round_odds(CashOut::MIN, CashOut::MAX).decided() > 0.89);
        assert_eq!(round_odds(CashOut::MIN, CashOut::MIN).decided(), 0.5);
    }
}
