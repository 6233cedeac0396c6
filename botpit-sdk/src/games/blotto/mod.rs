//! Blotto: bid a budget of strength over the rounds of a match (spec, "Blotto").
//!
//! Best of five, fifteen seconds a move. Each side has a budget of 15 for the whole match. In each round both bid some of
//! what is left, at once. Side A gets a terrain bonus of 0 to 3 that only it sees before the round; power is the bid plus
//! the bonus for A, and the bid alone for B. The higher power wins the round. What is left at the end is wasted.
//!
//! In B's state the bonus is `null`: [`State::terrain_bonus_a`] is `None`. Results show it to both.
//!
//! ```
//! use botpit_sdk::games::blotto::{Equilibrium, State};
//! use botpit_sdk::model::Side;
//!
//! let as_b: State = serde_json::from_str(
//!     r#"{"round":1,"score":[0,0],"rounds_to_win":3,"terrain_bonus_a":null,
//!         "your_budget":15,"opponent_budget":15,"total_budget":15,"history":[]}"#,
//! ).unwrap();
//! assert_eq!(as_b.bid(5)?.points(), 5);
//! assert_eq!(as_b.bid(16).unwrap_err().message(), "a bid is 0 to 15, the budget that is left, not 16");
//!
//! let bid = Equilibrium::seeded(7).choose(&as_b, Side::B);
//! assert!(bid.points() <= as_b.your_budget);
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

mod equilibrium;

pub use equilibrium::Equilibrium;

/// The game of blotto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Blotto;

impl Blotto {
    /// What each side has for the whole match.
    pub const BUDGET: u32 = 15;

    /// The highest terrain bonus. All from 0 are equally likely: the bonus is `byte % 4`.
    pub const MAX_TERRAIN: u32 = 3;
}

impl Game for Blotto {
    const NAME: &'static str = "blotto";
    const BEST_OF: u32 = 5;
    const TIMEOUT: Duration = Duration::from_secs(15);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// At most the state's `your_budget`.
    fn check_move(state: &State, _side: Side, answer: &Move) -> Result<()> {
        state.bid(answer.bid.points()).map(drop)
    }

    /// An even share of the budget for each round that may come, rounded down.
    fn safe_move(state: &State) -> Option<Move> {
        let decided = state.score.a.saturating_add(state.score.b);
        let rounds = Self::BEST_OF.saturating_sub(decided).max(1);
        state.bid(state.your_budget / rounds).ok().map(Into::into)
    }
}

/// A bid, made within a budget: [`State::bid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bid(u32);

impl Bid {
    /// Nothing, which every budget allows.
    pub const ZERO: Self = Self(0);

    /// A bid within the budget that is left.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) above it.
    pub fn within(points: u32, budget: u32) -> Result<Self> {
        if points > budget {
            let message = format!("a bid is 0 to {budget}, the budget that is left, not {points}");
            return Err(Error::invalid_argument("bid", message));
        }
        Ok(Self(points))
    }

    /// The points.
    pub const fn points(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A move: `{"bid":5}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What to bid.
    pub bid: Bid,
}

impl From<Bid> for Move {
    fn from(bid: Bid) -> Self {
        Self { bid }
    }
}

/// The `game_state` of a turn, as one side sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 3.
    pub rounds_to_win: u32,
    /// A's bonus in this round, 0 to 3. `None` for side B, which does not see it.
    pub terrain_bonus_a: Option<u32>,
    /// What this side has left.
    pub your_budget: u32,
    /// What the opponent has left.
    pub opponent_budget: u32,
    /// What each side had at first: 15.
    pub total_budget: Option<u32>,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round as a side sees it, for the server's side and for trying a strategy without one. The terrain
    /// bonus is left out for B.
    pub fn new(
        round: u32,
        score: Score,
        side: Side,
        terrain_bonus_a: u32,
        budgets: Budgets,
        history: Vec<RoundResult>,
    ) -> Self {
        Self {
            round,
            score,
            rounds_to_win: Blotto::rounds_to_win(),
            terrain_bonus_a: side.pick(Some(terrain_bonus_a), None),
            your_budget: budgets.of(side),
            opponent_budget: budgets.of(side.other()),
            total_budget: Some(Blotto::BUDGET),
            history,
            extra: Extra::new(),
        }
    }

    /// A bid within what is left.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) above it.
    pub fn bid(&self, points: u32) -> Result<Bid> {
        Bid::within(points, self.your_budget)
    }

    /// What is left to bid with, by side, when I am on `side`.
    pub fn budgets(&self, side: Side) -> Budgets {
        Budgets {
            a: side.pick(self.your_budget, self.opponent_budget),
            b: side.pick(self.opponent_budget, self.your_budget),
        }
    }
}

game_state!(State, RoundResult);

/// What each side has left to bid with.
///
/// ```
/// use botpit_sdk::games::blotto::Budgets;
/// use botpit_sdk::model::Side;
///
/// let left = Budgets::FULL.after(5, 4);
/// assert_eq!((left.of(Side::A), left.of(Side::B)), (10, 11));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budgets {
    /// What side A has left.
    pub a: u32,
    /// What side B has left.
    pub b: u32,
}

impl Budgets {
    /// What a match begins with: 15 each.
    pub const FULL: Self = Self { a: Blotto::BUDGET, b: Blotto::BUDGET };

    /// What a side has left.
    pub fn of(self, side: Side) -> u32 {
        side.pick(self.a, self.b)
    }

    /// What is left after two bids; nothing, where a bid is more than there is.
    #[must_use]
    pub const fn after(self, bid_a: u32, bid_b: u32) -> Self {
        Self { a: self.a.saturating_sub(bid_a), b: self.b.saturating_sub(bid_b) }
    }
}

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// What side A bid. `None` when it did not.
    pub bid_a: Option<u32>,
    /// What side B bid. `None` when it did not.
    pub bid_b: Option<u32>,
    /// A's bonus, now shown to both.
    pub terrain_bonus_a: Option<u32>,
    /// A's bid and bonus.
    pub power_a: Option<u32>,
    /// B's bid.
    pub power_b: Option<u32>,
    /// What side A has left.
    pub budget_a_remaining: Option<u32>,
    /// What side B has left.
    pub budget_b_remaining: Option<u32>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one. Powers and what is left follow.
    pub fn new(
        round: u32,
        before: Budgets,
        bid_a: Option<Bid>,
        bid_b: Option<Bid>,
        terrain_bonus_a: u32,
        round_winner: Option<AgentId>,
    ) -> Self {
        let (bid_a, bid_b) = (bid_a.map(Bid::points), bid_b.map(Bid::points));
        let left = before.after(bid_a.unwrap_or(0), bid_b.unwrap_or(0));
        Self {
            round,
            bid_a,
            bid_b,
            terrain_bonus_a: Some(terrain_bonus_a),
            power_a: bid_a.map(|bid| bid.saturating_add(terrain_bonus_a)),
            power_b: bid_b,
            budget_a_remaining: Some(left.a),
            budget_b_remaining: Some(left.b),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// What I bid, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<u32> {
        side.pick(self.bid_a, self.bid_b)
    }

    /// What the opponent bid, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<u32> {
        self.mine(side.other())
    }

    /// What is left to a side after the round.
    pub fn remaining(&self, side: Side) -> Option<u32> {
        side.pick(self.budget_a_remaining, self.budget_b_remaining)
    }

    /// A side's power: what the server says, or else what follows from its bid.
    pub fn power(&self, side: Side) -> Option<u32> {
        let bonus = side.pick(self.terrain_bonus_a, Some(0));
        side.pick(self.power_a, self.power_b).or_else(|| self.mine(side)?.checked_add(bonus?))
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
        Some(RoundEnd::from(self.power(Side::A)?.cmp(&self.power(Side::B)?)))
    }

    fn told(&self, side: Side) -> String {
        let one = |side| match (side, self.terrain_bonus_a) {
            (Side::A, Some(bonus @ 1..)) => format!("{}+{bonus}", shown(self.mine(side))),
            _ => shown(self.mine(side)),
        };
        format!("bid {} against {}: {}", one(side), one(side.other()), end_told(self.by_rules(), side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(side: Side, budgets: Budgets) -> State {
        State::new(1, Score::new(0, 0), side, 2, budgets, Vec::new())
    }

    #[test]
    fn side_bs_null_terrain() {
        assert_eq!(state(Side::A, Budgets::FULL).terrain_bonus_a, Some(2));
        let of_b = state(Side::B, Budgets::FULL);
        assert_eq!(of_b.terrain_bonus_a, None);
        let text = serde_json::to_string(&of_b).unwrap();
        assert!(text.contains(r#""terrain_bonus_a":null"#), "{text}");
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), of_b);
        // Side B always has a bid, though it does not know the terrain.
        for seed in 0..20 {
            let bid = Equilibrium::seeded(seed).choose(&of_b, Side::B);
            assert!(Blotto::check_move(&of_b, Side::B, &bid.into()).is_ok());
        }
    }

    #[test]
    fn a_bid_is_within_what_is_left() {
        let left = Budgets { a: 4, b: 9 };
        for (side, budget) in [(Side::A, 4), (Side::B, 9)] {
            let state = state(side, left);
            assert_eq!((state.budgets(side), state.your_budget), (left, budget));
            for points in 0..20 {
                assert_eq!(state.bid(points).is_ok(), points <= budget, "{points}");
                let checked = Blotto::check_move(&state, side, &Move { bid: Bid(points) });
                assert_eq!(checked.is_ok(), points <= budget, "{points}");
            }
        }
    }

    #[test]
    fn the_higher_power_wins() {
        let bid = |points| Bid::within(points, 15).ok();
        let result = |a, b, terrain| RoundResult::new(1, Budgets::FULL, bid(a), bid(b), terrain, None);
        assert_eq!(result(5, 4, 2).by_rules(), Some(RoundEnd::Won(Side::A)));
        assert_eq!(result(5, 7, 1).by_rules(), Some(RoundEnd::Won(Side::B)));
        assert_eq!((result(5, 7, 2).by_rules(), result(5, 16, 2).by_rules()), (Some(RoundEnd::Tie), None));
        assert_eq!(result(5, 4, 2).told(Side::B), "bid 4 against 5+2: lost");
        let mut told_less = result(5, 4, 2);
        (told_less.power_a, told_less.power_b) = (None, None);
        assert_eq!(told_less.by_rules(), Some(RoundEnd::Won(Side::A)));
        told_less.terrain_bonus_a = None;
        assert_eq!(told_less.by_rules(), None);
    }
}
