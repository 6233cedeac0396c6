//! Crash: cash out as high as you dare, but before the crash (spec, "Crash").
//!
//! Best of three, ten seconds a move. The server derives one crash point for both sides, 1 to 100. Each side picks a
//! cash-out, 1.01 to 10. A cash-out at or below the crash point survives and scores itself; one above it busts and scores
//! nothing. The higher surviving cash-out wins the round. Nobody wins it when both bust or both cash out at the same point.
//!
//! # The law
//!
//! The crash point is `1/(1−x)` with `x` evenly spread from 0 to 1. So a cash-out of `c` survives with probability `1/c`:
//! twice the score, half the odds. [`CashOut::survival_odds`] counts it exactly. What decides is therefore not how much to
//! risk, but what the opponent does: see [`round_odds`], [`best_response`] and [`Equilibrium`].
//!
//! ```
//! use botpit_sdk::games::crash::{CashOut, best_response, round_odds};
//!
//! let careful: CashOut = "1.5".parse()?;
//! let bold: CashOut = "2.5".parse()?;
//! assert!((bold.survival_odds() - 0.4).abs() < 1e-9);
//! // The careful one survives two times in three, but in 40 of 100 rounds the bold one does too, and scores more.
//! assert!(round_odds(bold, careful).win > round_odds(careful, bold).win);
//! // One hundredth more than a known cash-out is all it takes.
//! assert_eq!(best_response(&[(bold, 1.0)]), Some("2.51".parse()?));
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord, end_told};
use crate::model::{AgentId, Score, Side};

mod cash_out;
mod strategies;

pub use cash_out::CashOut;
pub use strategies::{Equilibrium, best_response, round_odds};

/// The game of crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crash;

impl Game for Crash {
    const NAME: &'static str = "crash";
    const BEST_OF: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// Within the state's own `min_cashout` and `max_cashout`, where it has them.
    fn check_move(state: &State, _side: Side, answer: &Move) -> Result<()> {
        let asked = answer.cashout.as_f64();
        let (min, max) = (state.min_cashout.unwrap_or(asked), state.max_cashout.unwrap_or(asked));
        if asked < min || asked > max {
            let message = format!("this match takes a cash-out of {min} to {max}, not {asked}");
            return Err(Error::invalid_argument("cashout", message));
        }
        Ok(())
    }

    /// The lowest cash-out that the state allows: it busts the least.
    fn safe_move(state: &State) -> Option<Move> {
        Some(state.nearest_allowed(CashOut::MIN).into())
    }
}

/// A move: `{"cashout":2.5}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// Where to cash out.
    pub cashout: CashOut,
}

impl From<CashOut> for Move {
    fn from(cashout: CashOut) -> Self {
        Self { cashout }
    }
}

/// The `game_state` of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 2.
    pub rounds_to_win: u32,
    /// The lowest cash-out that is taken: 1.01.
    pub min_cashout: Option<f64>,
    /// The highest cash-out that is taken: 10.
    pub max_cashout: Option<f64>,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, history: Vec<RoundResult>) -> Self {
        Self {
            round,
            score,
            rounds_to_win: Crash::rounds_to_win(),
            min_cashout: Some(CashOut::MIN.as_f64()),
            max_cashout: Some(CashOut::MAX.as_f64()),
            history,
            extra: Extra::new(),
        }
    }

    /// The allowed cash-out that is nearest to this one.
    pub(crate) fn nearest_allowed(&self, cash_out: CashOut) -> CashOut {
        let min = self.min_cashout.and_then(CashOut::at_or_above).unwrap_or(CashOut::MIN);
        let max = self.max_cashout.and_then(CashOut::at_or_below).unwrap_or(CashOut::MAX);
        cash_out.min(max).max(min)
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
///
/// Its numbers are as they came: an opponent may cash out at a point that is no whole hundredth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// Where it crashed. `None` where the server does not tell.
    pub crash_point: Option<f64>,
    /// Where side A cashed out. `None` when it did not move.
    pub cashout_a: Option<f64>,
    /// Where side B cashed out. `None` when it did not move.
    pub cashout_b: Option<f64>,
    /// Whether side A survived.
    pub survived_a: Option<bool>,
    /// Whether side B survived.
    pub survived_b: Option<bool>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one. Who survived follows.
    pub fn new(
        round: u32,
        crash_point: f64,
        cashout_a: Option<CashOut>,
        cashout_b: Option<CashOut>,
        round_winner: Option<AgentId>,
    ) -> Self {
        let (cashout_a, cashout_b) = (cashout_a.map(CashOut::as_f64), cashout_b.map(CashOut::as_f64));
        Self {
            round,
            crash_point: Some(crash_point),
            cashout_a,
            cashout_b,
            survived_a: cashout_a.map(|cashout| cashout <= crash_point),
            survived_b: cashout_b.map(|cashout| cashout <= crash_point),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// Where I cashed out, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<f64> {
        side.pick(self.cashout_a, self.cashout_b)
    }

    /// Where the opponent cashed out, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<f64> {
        self.mine(side.other())
    }

    /// Whether a side survived: what the server says, or else what follows from the crash point.
    pub fn survived(&self, side: Side) -> Option<bool> {
        side.pick(self.survived_a, self.survived_b).or_else(|| Some(self.mine(side)? <= self.crash_point?))
    }

    /// What a side scored: its cash-out, or 0 when it bust.
    pub fn points(&self, side: Side) -> Option<f64> {
        Some(if self.survived(side)? { self.mine(side)? } else { 0.0 })
    }
}

impl RoundRecord for RoundResult {
    fn round(&self) -> u32 {
        self.round
    }

    fn round_winner(&self) -> Option<&AgentId> {
        self.round_winner.as_ref()
    }

    fn by_rules(&self) -> Option<RoundEnd> {
        self.points(Side::A)?.partial_cmp(&self.points(Side::B)?).map(RoundEnd::from)
    }

    fn told(&self, side: Side) -> String {
        let at = |cashout: Option<f64>| cashout.map_or("nothing".to_owned(), |cashout| format!("{cashout}x"));
        let crash =
            self.crash_point.map_or("where is not told".to_owned(), |point| format!("at {point:.2}x"));
        let end = end_told(self.by_rules(), side);
        format!("{} against {}, crash {crash}: {end}", at(self.mine(side)), at(self.theirs(side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hundredths: u32) -> CashOut {
        CashOut::from_hundredths(hundredths).unwrap()
    }

    #[test]
    fn the_higher_surviving_cash_out_wins() {
        let end = |point, a, b| RoundResult::new(1, point, Some(at(a)), Some(at(b)), None).by_rules();
        assert_eq!(end(3.42, 250, 500), Some(RoundEnd::Won(Side::A)));
        assert_eq!(end(3.42, 250, 300), Some(RoundEnd::Won(Side::B)));
        assert_eq!((end(3.42, 350, 400), end(3.42, 300, 300)), (Some(RoundEnd::Tie), Some(RoundEnd::Tie)));
        // At the crash point is not above it.
        assert_eq!(end(2.5, 250, 251), Some(RoundEnd::Won(Side::A)));
        assert_eq!(RoundResult::new(1, 2.5, None, Some(at(200)), None).by_rules(), None);
        let told = RoundResult::new(1, 3.42, Some(at(250)), Some(at(500)), None).told(Side::B);
        assert_eq!(told, "5x against 2.5x, crash at 3.42x: lost");
    }

    #[test]
    fn the_states_own_limits_count() {
        let mut state = State::new(1, Score::new(0, 0), Vec::new());
        for hundredths in [101, 250, 1_000] {
            assert!(Crash::check_move(&state, Side::A, &at(hundredths).into()).is_ok());
        }
        (state.min_cashout, state.max_cashout) = (Some(1.5), Some(4.0));
        for (hundredths, allowed) in [(149, false), (150, true), (400, true), (401, false)] {
            let checked = Crash::check_move(&state, Side::B, &at(hundredths).into());
            assert_eq!(checked.is_ok(), allowed, "{hundredths}");
            assert!(checked.err().is_none_or(|error| error.message().contains("1.5 to 4")));
            assert_eq!(state.nearest_allowed(at(hundredths)) == at(hundredths), allowed);
        }
        (state.min_cashout, state.max_cashout) = (None, None);
        assert!(Crash::check_move(&state, Side::A, &at(1_000).into()).is_ok());
    }
}
