//! High Card Duel: best of 5, the higher card wins the round, and the ace is the lowest (spec: "High Card Duel").
//!
//! Whoever was late has no card.

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, higher, one_of};
use crate::sandbox::json::Object;

#[derive(Debug)]
pub(super) struct HighCardDuel;

/// `SHA256("{seed}:card_a:{round}")` or `card_b`: ace 1 to king 13.
fn card(from: RoundSeed<'_>, which: &str) -> u8 {
    let [first, ..] = from.hash(which);
    first % 13 + 1
}

/// The spec names "Jack" and "5"; the others follow from these.
fn name(card: u8) -> String {
    match card {
        1 => "Ace".to_owned(),
        11 => "Jack".to_owned(),
        12 => "Queen".to_owned(),
        13 => "King".to_owned(),
        number => number.to_string(),
    }
}

impl GameRules for HighCardDuel {
    fn game_type(&self) -> &'static str {
        "high_card_duel"
    }

    fn rounds_to_win(&self) -> u32 {
        3
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        one_of(move_data, "action", &["draw"]).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let a = moves.a.as_ref().map(|_| card(from, "card_a"));
        let b = moves.b.as_ref().map(|_| card(from, "card_b"));
        let result = result.with("card_a", a).with("card_b", b);
        (result.with("card_a_name", a.map(name)).with("card_b_name", b.map(name)), higher(&a, &b))
    }

    fn house_move(&self, _view: HouseView<'_>, _rng: &mut fastrand::Rng) -> Value {
        // There is nothing to choose: all strengths play the same.
        json!({ "action": "draw" })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_cards_follow_the_published_formula_and_the_higher_wins() {
        for (round, a, b, names, winner) in [
            (1, 11, 1, ("Jack", "Ace"), Some(Side::A)),
            (2, 7, 4, ("7", "4"), Some(Side::A)),
            (3, 2, 8, ("2", "8"), Some(Side::B)),
            (10, 3, 2, ("3", "2"), Some(Side::A)),
        ] {
            let moves = Pair { a: Some(json!({ "action": "draw" })), b: Some(json!({ "action": "draw" })) };
            let from = RoundSeed { seed: "f9e8d7c6", round };
            let (result, by_rules) = HighCardDuel.resolve(from, &moves, Object::new());
            let (name_a, name_b) = names;
            let expected =
                format!(r#"{{"card_a":{a},"card_b":{b},"card_a_name":"{name_a}","card_b_name":"{name_b}"}}"#);
            assert_eq!((result.text(), by_rules), (expected, winner), "round {round}");
        }
        assert_eq!([10, 12, 13].map(name), ["10", "Queen", "King"]);
        assert!(HighCardDuel.check(Side::A, &json!({ "action": "roll" })).is_err());
    }
}
