//! Dice Duel: the higher roll wins (spec, "Dice Duel").
//!
//! Best of five, ten seconds a move. Both sides commit to rolling, then the server derives two rolls, 1 to 6, from its
//! seed. Ties are replayed. It is pure luck, and the same luck for both: the only decisions are when to play, and for how
//! much.
//!
//! A roll is one byte of a hash: `byte % 6 + 1`. So 1 to 4 come up 43 times in 256, 5 and 6 only 42 times, for both sides
//! alike ([`chances`]).
//!
//! ```
//! use botpit_sdk::games::dice_duel::{Action, RoundResult, round_odds};
//! use botpit_sdk::games::{RoundEnd, RoundRecord};
//! use botpit_sdk::model::Side;
//!
//! let result: RoundResult =
//!     serde_json::from_str(r#"{"round":1,"roll_a":5,"roll_b":3,"round_winner":"agent-a-uuid"}"#).unwrap();
//! assert_eq!(result.by_rules(), Some(RoundEnd::Won(Side::A)));
//! assert_eq!(Action::Roll.as_str(), "roll");
//! assert_eq!(round_odds().decided(), 0.5);
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundOdds, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

/// The game of dice duel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiceDuel;

impl Game for DiceDuel {
    const NAME: &'static str = "dice_duel";
    const BEST_OF: u32 = 5;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// There is only one.
    fn safe_move(_: &State) -> Option<Move> {
        Some(Action::Roll.into())
    }
}

/// What there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Roll the die.
    #[default]
    Roll,
}

words!(Action, "action", "the action is roll", [Roll = "roll"]);

/// A move: `{"action":"roll"}` on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What to do.
    pub action: Action,
}

impl From<Action> for Move {
    fn from(action: Action) -> Self {
        Self { action }
    }
}

/// The `game_state` of a turn. The spec shows none for this game; it is what all games' states have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 3.
    pub rounds_to_win: u32,
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
        Self { round, score, rounds_to_win: DiceDuel::rounds_to_win(), history, extra: Extra::new() }
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// What side A rolled. `None` when it did not.
    pub roll_a: Option<u32>,
    /// What side B rolled. `None` when it did not.
    pub roll_b: Option<u32>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, roll_a: Option<u32>, roll_b: Option<u32>, round_winner: Option<AgentId>) -> Self {
        Self { round, roll_a, roll_b, round_winner, extra: Extra::new() }
    }

    /// What I rolled, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<u32> {
        side.pick(self.roll_a, self.roll_b)
    }

    /// What the opponent rolled, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<u32> {
        self.mine(side.other())
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
        Some(RoundEnd::from(self.roll_a?.cmp(&self.roll_b?)))
    }

    fn told(&self, side: Side) -> String {
        let end = end_told(self.by_rules(), side);
        format!("rolled {} against {}: {end}", shown(self.mine(side)), shown(self.theirs(side)))
    }
}

/// How many of the 256 bytes give a roll: 43 for 1 to 4, 42 for 5 and 6, none for anything else.
pub const fn chances(roll: u32) -> u32 {
    match roll {
        1..=4 => 43,
        5 | 6 => 42,
        _ => 0,
    }
}

/// The odds of a round, by the exact law of the rolls: one sixth are ties, and the rest is even.
pub fn round_odds() -> RoundOdds {
    let same: u32 = (1..=6).map(|roll| chances(roll).pow(2)).sum();
    let tie = f64::from(same) / f64::from(256 * 256);
    RoundOdds { win: (1.0 - tie) / 2.0, lose: (1.0 - tie) / 2.0, tie }
}

/// Rolls. There is nothing else to do, so nobody does better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlwaysRoll;

impl AlwaysRoll {
    /// The action for a turn.
    pub fn choose(&mut self, _state: &State, _side: Side) -> Action {
        Action::Roll
    }
}

strategy!(AlwaysRoll, DiceDuel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chances_are_those_of_a_byte_modulo_six() {
        for roll in 0..=7 {
            let bytes = (0..=255_u32).filter(|byte| byte % 6 + 1 == roll).count();
            assert_eq!(usize::try_from(chances(roll)).unwrap(), bytes, "{roll}");
        }
        let odds = round_odds();
        assert!((odds.win + odds.lose + odds.tie - 1.0).abs() < 1e-12);
        assert!((odds.tie - 1.0 / 6.0).abs() < 1e-4);
    }

    #[test]
    fn the_higher_roll_wins() {
        let end = |a, b| RoundResult::new(1, a, b, None).by_rules();
        assert_eq!(end(Some(6), Some(1)), Some(RoundEnd::Won(Side::A)));
        assert_eq!(end(Some(2), Some(3)), Some(RoundEnd::Won(Side::B)));
        assert_eq!((end(Some(4), Some(4)), end(Some(4), None)), (Some(RoundEnd::Tie), None));
        assert_eq!(RoundResult::new(1, Some(2), Some(3), None).told(Side::B), "rolled 3 against 2: won");
    }
}
