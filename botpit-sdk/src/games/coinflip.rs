//! Coinflip: who calls the coin right, alone, wins the round (spec, "Coinflip").
//!
//! Best of five, ten seconds a move. Both sides call at once. Where both call the same, both are right or both are wrong,
//! and the round is replayed. The coin is the first byte of a hash of the server's seed and the round: even is heads, so
//! both faces are equally likely, and no call is better than another.
//!
//! ```
//! use botpit_sdk::games::coinflip::{Caller, Face, State};
//! use botpit_sdk::model::Side;
//!
//! let state: State = serde_json::from_str(
//!     r#"{"round":2,"score":[1,0],"rounds_to_win":3,"history":[
//!         {"round":1,"flip":"heads","move_a":"heads","move_b":"tails","round_winner":"agent-a-uuid"}]}"#,
//! ).unwrap();
//! assert_eq!(state.history[0].theirs(Side::A), Some(Face::Tails));
//! assert_eq!(Caller::new(Face::Tails).choose(&state, Side::A), Face::Tails);
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

/// The game of coinflip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Coinflip;

impl Game for Coinflip {
    const NAME: &'static str = "coinflip";
    const BEST_OF: u32 = 5;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// Heads: neither face is safer than the other.
    fn safe_move(_: &State) -> Option<Move> {
        Some(Face::Heads.into())
    }
}

/// A side of the coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// An even byte.
    Heads,
    /// An odd byte.
    Tails,
}

words!(Face, "choice", "a choice is heads or tails", [Heads = "heads", Tails = "tails"]);

impl Face {
    /// The other side of the coin.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Heads => Self::Tails,
            Self::Tails => Self::Heads,
        }
    }
}

/// A move: `{"choice":"heads"}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// The face that is called.
    pub choice: Face,
}

impl From<Face> for Move {
    fn from(choice: Face) -> Self {
        Self { choice }
    }
}

/// The `game_state` of a turn.
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
        Self { round, score, rounds_to_win: Coinflip::rounds_to_win(), history, extra: Extra::new() }
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// How the coin fell. `None` where the server does not tell.
    pub flip: Option<Face>,
    /// What side A called. `None` when it called nothing.
    pub move_a: Option<Face>,
    /// What side B called. `None` when it called nothing.
    pub move_b: Option<Face>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one.
    pub fn new(
        round: u32,
        flip: Face,
        move_a: Option<Face>,
        move_b: Option<Face>,
        round_winner: Option<AgentId>,
    ) -> Self {
        Self { round, flip: Some(flip), move_a, move_b, round_winner, extra: Extra::new() }
    }

    /// What I called, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<Face> {
        side.pick(self.move_a, self.move_b)
    }

    /// What the opponent called, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<Face> {
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
        let (flip, a, b) = (self.flip?, self.move_a?, self.move_b?);
        Some(RoundEnd::from((a == flip).cmp(&(b == flip))))
    }

    fn told(&self, side: Side) -> String {
        let end = end_told(self.by_rules(), side);
        format!("{} called, {} came up: {end}", shown(self.mine(side)), shown(self.flip))
    }
}

/// Calls the same face always, which is as good as anything else: the coin is fair, and nobody's call changes it.
///
/// With one exception, which costs nothing and may win a round. The coin depends on the seed and the round's *number*
/// alone, and the spec does not say whether a replayed round gets a new number. Where the history has a result for the
/// very round that is to be played, this calls the face that came up then. If the platform flips anew, that call is as
/// good as any other.
///
/// ```
/// use botpit_sdk::games::coinflip::{Caller, Face, RoundResult, State};
/// use botpit_sdk::model::{Score, Side};
///
/// let tie = RoundResult::new(1, Face::Tails, Some(Face::Heads), Some(Face::Heads), None);
/// let again = State::new(1, Score::new(0, 0), vec![tie.clone()]);
/// let next = State::new(2, Score::new(0, 0), vec![tie]);
/// let mut caller = Caller::new(Face::Heads);
/// assert_eq!(caller.choose(&again, Side::A), Face::Tails);
/// assert_eq!(caller.choose(&next, Side::A), Face::Heads);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    face: Face,
}

impl Caller {
    /// A player who calls this face.
    pub const fn new(face: Face) -> Self {
        Self { face }
    }

    /// The call for a turn.
    pub fn choose(&mut self, state: &State, _side: Side) -> Face {
        let same_round = state.history.iter().rev().find(|result| result.round == state.round);
        same_round.and_then(|result| result.flip).unwrap_or(self.face)
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new(Face::Heads)
    }
}

strategy!(Caller, Coinflip);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_right_alone_wins() {
        use Face::{Heads, Tails};
        for flip in Face::ALL {
            let end = |a, b| RoundResult::new(1, flip, Some(a), Some(b), None).by_rules();
            assert_eq!(end(flip, flip.other()), Some(RoundEnd::Won(Side::A)));
            assert_eq!(end(flip.other(), flip), Some(RoundEnd::Won(Side::B)));
            assert_eq!((end(Heads, Heads), end(Tails, Tails)), (Some(RoundEnd::Tie), Some(RoundEnd::Tie)));
        }
        let late = RoundResult::new(1, Heads, None, Some(Tails), None);
        assert_eq!(late.by_rules(), None);
        assert_eq!(late.told(Side::A), "nothing called, heads came up: not decided by the moves");
    }
}
