//! Blotto: best of 5, both bid from 15 points that have to last for the whole match (spec: "Blotto").
//!
//! Side A has a bonus of 0 to 3 that side B does not see, so equal bids favour it. A bid is spent whoever wins the round; a
//! late side has bid nothing and spends nothing, and a bid against it is spent all the same. When both have nothing left side
//! A wins every round with a bonus. Ties are replayed, also with empty budgets: with
//! [`TieNumbering::SameNumber`](crate::sandbox::TieNumbering::SameNumber) a round without a bonus then ties again and again,
//! and [`max_rounds`](crate::sandbox::SandboxBuilder::max_rounds) ends the match.

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, Pair, RoundSeed, Side, higher, whole};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

const BUDGET: u64 = 15;
const MAX_TERRAIN: u64 = 3;

#[derive(Debug)]
pub(super) struct Blotto {
    budgets: Pair<u64>,
}

impl Default for Blotto {
    fn default() -> Self {
        Self { budgets: Pair { a: BUDGET, b: BUDGET } }
    }
}

/// Side A's bonus.
fn terrain(from: RoundSeed<'_>) -> u64 {
    let [first, ..] = from.hash("terrain");
    u64::from(first % 4)
}

impl Blotto {
    fn bid(&self, side: Side, move_data: &Value) -> Result<u64, String> {
        let budget = *self.budgets.get(side);
        whole(move_data, "bid", 0..=budget).map_err(|allowed| format!("{allowed}, your remaining budget"))
    }
}

impl GameRules for Blotto {
    fn game_type(&self) -> &'static str {
        "blotto"
    }

    fn rounds_to_win(&self) -> u32 {
        3
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn state(&self, from: RoundSeed<'_>, side: Side, game_state: Object) -> Object {
        game_state
            .with("terrain_bonus_a", (side == Side::A).then(|| terrain(from)))
            .with("your_budget", self.budgets.get(side))
            .with("opponent_budget", self.budgets.get(side.other()))
            .with("total_budget", BUDGET)
    }

    fn check(&self, side: Side, move_data: &Value) -> Result<(), String> {
        self.bid(side, move_data).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let terrain = terrain(from);
        let [bid_a, bid_b] = Side::BOTH
            .map(|side| moves.get(side).as_ref().and_then(|move_data| self.bid(side, move_data).ok()));
        let (power_a, power_b) = (bid_a.map(|bid| bid + terrain), bid_b);
        self.budgets.a = self.budgets.a.saturating_sub(bid_a.unwrap_or(0));
        self.budgets.b = self.budgets.b.saturating_sub(bid_b.unwrap_or(0));
        let result = result
            .with("bid_a", bid_a)
            .with("bid_b", bid_b)
            .with("terrain_bonus_a", terrain)
            .with("power_a", power_a)
            .with("power_b", power_b)
            .with("budget_a_remaining", self.budgets.a)
            .with("budget_b_remaining", self.budgets.b);
        (result, higher(&power_a, &power_b))
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        json!({ "bid": house_bid(view, rng) })
    }
}

fn house_bid(view: HouseView<'_>, rng: &mut fastrand::Rng) -> u64 {
    let number = |field: &str| view.state.get(field).and_then(Value::as_u64).unwrap_or_default();
    let (mine, theirs) = (number("your_budget"), number("opponent_budget"));
    let wanted = match view.strength {
        // Half of what is left: the later rounds are anybody's.
        Strength::Novice => mine.div_ceil(2),
        Strength::Regular => rng.u64(0..=6),
        Strength::Expert => {
            let score = |side: Side| {
                let index = if side == Side::A { 0 } else { 1 };
                let score = view.state.get("score").and_then(|score| score.get(index));
                score.and_then(Value::as_u64).unwrap_or_default()
            };
            let missing = |side: Side| number("rounds_to_win").saturating_sub(score(side)).max(1);
            let bonus = number("terrain_bonus_a");
            if missing(view.side.other()) > 1 && rng.bool() {
                // A round that may be lost is let go half of the time: what the opponent spends on it is gone.
                0
            } else {
                // An even share for each round that must be won, one more or less so that it cannot be foreseen.
                let share = mine.div_ceil(missing(view.side));
                let bid = rng.u64(share.saturating_sub(1)..=share + 1).saturating_sub(bonus / 2);
                // More is never needed: this beats all that the opponent has.
                let enough = match view.side {
                    Side::A => (theirs + 1).saturating_sub(bonus),
                    Side::B => theirs + MAX_TERRAIN + 1,
                };
                bid.min(enough)
            }
        }
    };
    wanted.min(mine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bids(a: u64, b: u64) -> Moves {
        Pair { a: Some(json!({ "bid": a })), b: Some(json!({ "bid": b })) }
    }

    fn round(round: u32) -> RoundSeed<'static> {
        RoundSeed { seed: "f9e8d7c6", round }
    }

    #[test]
    fn the_terrain_follows_the_published_formula() {
        for (number, expected) in [(1, 1), (2, 2), (3, 0), (10, 3)] {
            assert_eq!(terrain(round(number)), expected, "round {number}");
        }
    }

    #[test]
    fn budgets_last_for_the_whole_match() {
        let mut game = Blotto::default();
        // Round 1 has a bonus of 1.
        let (result, winner) = game.resolve(round(1), &bids(5, 6), Object::new());
        assert_eq!(winner, None);
        assert_eq!(
            result.text(),
            r#"{"bid_a":5,"bid_b":6,"terrain_bonus_a":1,"power_a":6,"power_b":6,"budget_a_remaining":10,"budget_b_remaining":9}"#
        );
        assert_eq!(
            game.check(Side::B, &json!({ "bid": 10 })).unwrap_err(),
            r#"a move is {"bid": n} with a whole number n from 0 to 9, your remaining budget"#
        );
        assert_eq!(game.check(Side::A, &json!({ "bid": 10 })), Ok(()));
        assert_eq!(game.check(Side::B, &json!({ "bid": 9 })), Ok(()));
        // Who is late spends nothing.
        let late = Pair { a: None, b: Some(json!({ "bid": 4 })) };
        let (result, _) = game.resolve(round(2), &late, Object::new());
        assert_eq!(
            result.text(),
            r#"{"bid_a":null,"bid_b":4,"terrain_bonus_a":2,"power_a":null,"power_b":4,"budget_a_remaining":10,"budget_b_remaining":5}"#
        );
        assert_eq!(game.resolve(round(3), &bids(4, 5), Object::new()).1, Some(Side::B));
        // Side B has nothing left.
        assert_eq!(game.check(Side::B, &json!({ "bid": 0 })), Ok(()));
        assert!(game.check(Side::B, &json!({ "bid": 1 })).is_err());
        assert_eq!(game.resolve(round(10), &bids(0, 0), Object::new()).1, Some(Side::A));
    }

    #[test]
    fn only_side_a_sees_the_terrain() {
        let game = Blotto::default();
        for (side, terrain) in [(Side::A, "1"), (Side::B, "null")] {
            assert_eq!(
                game.state(round(1), side, Object::new()).text(),
                format!(
                    r#"{{"terrain_bonus_a":{terrain},"your_budget":15,"opponent_budget":15,"total_budget":15}}"#
                )
            );
        }
    }
}
