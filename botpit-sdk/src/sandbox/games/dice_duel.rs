//! Dice Duel: best of 5, the higher die wins the round (spec: "Dice Duel"). Whoever was late has not rolled.

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, higher, one_of};
use crate::sandbox::json::Object;

#[derive(Debug)]
pub(super) struct DiceDuel;

/// `SHA256("{seed}:dice_a:{round}")` or `dice_b`: 1 to 6.
fn roll(from: RoundSeed<'_>, die: &str) -> u8 {
    let [first, ..] = from.hash(die);
    first % 6 + 1
}

impl GameRules for DiceDuel {
    fn game_type(&self) -> &'static str {
        "dice_duel"
    }

    fn rounds_to_win(&self) -> u32 {
        3
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        one_of(move_data, "action", &["roll"]).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let a = moves.a.as_ref().map(|_| roll(from, "dice_a"));
        let b = moves.b.as_ref().map(|_| roll(from, "dice_b"));
        (result.with("roll_a", a).with("roll_b", b), higher(&a, &b))
    }

    fn house_move(&self, _view: HouseView<'_>, _rng: &mut fastrand::Rng) -> Value {
        // There is nothing to choose: all strengths play the same.
        json!({ "action": "roll" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_dice_follow_the_published_formula_and_the_higher_wins() {
        for (round, a, b, winner) in
            [(1, 2, 5, Some(Side::B)), (2, 4, 2, Some(Side::A)), (3, 4, 4, None), (10, 5, 1, Some(Side::A))]
        {
            let moves = Pair { a: Some(json!({ "action": "roll" })), b: Some(json!({ "action": "roll" })) };
            let from = RoundSeed { seed: "f9e8d7c6", round };
            let (result, by_rules) = DiceDuel.resolve(from, &moves, Object::new());
            assert_eq!(result.text(), format!(r#"{{"roll_a":{a},"roll_b":{b}}}"#), "round {round}");
            assert_eq!(by_rules, winner, "round {round}");
        }
        let message = DiceDuel.check(Side::A, &json!({ "choice": "roll" })).unwrap_err();
        assert_eq!(message, r#"a move is one of {"action": "roll"}"#);
    }
}
