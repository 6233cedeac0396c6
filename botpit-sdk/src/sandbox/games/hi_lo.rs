//! Hi-Lo: best of 5, who guesses alone whether the hidden card is higher or lower wins the round (spec: "Hi-Lo").
//!
//! The spec shows no round result. Here it has `dealer_card`, `hidden_card`, `guess_a` and `guess_b`. When both cards are
//! equal nobody is right, and the round is a tie.

use std::cmp::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, one_of};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

const GUESSES: [&str; 2] = ["higher", "lower"];

#[derive(Debug)]
pub(super) struct HiLo;

/// A card, ace 1 to king 13: `dealer` or `hidden`.
fn card(from: RoundSeed<'_>, which: &str) -> u8 {
    let [first, ..] = from.hash(which);
    first % 13 + 1
}

fn guess(move_data: Option<&Value>) -> Option<&str> {
    move_data.and_then(|data| one_of(data, "guess", &GUESSES).ok())
}

impl GameRules for HiLo {
    fn game_type(&self) -> &'static str {
        "hi_lo"
    }

    fn rounds_to_win(&self) -> u32 {
        3
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn state(&self, from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state.with("dealer_card", card(from, "dealer"))
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        one_of(move_data, "guess", &GUESSES).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let (dealer, hidden) = (card(from, "dealer"), card(from, "hidden"));
        let right = match hidden.cmp(&dealer) {
            Ordering::Greater => Some("higher"),
            Ordering::Less => Some("lower"),
            Ordering::Equal => None,
        };
        let (a, b) = (guess(moves.a.as_ref()), guess(moves.b.as_ref()));
        let winner = match (right.is_some() && a == right, right.is_some() && b == right) {
            (true, false) => Some(Side::A),
            (false, true) => Some(Side::B),
            _ => None,
        };
        let result = result.with("dealer_card", dealer).with("hidden_card", hidden);
        (result.with("guess_a", a).with("guess_b", b), winner)
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let dealer = view.state.get("dealer_card").and_then(Value::as_u64).unwrap_or(7);
        let likelier = match dealer.cmp(&7) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => rng.bool(),
        };
        let is_higher = match view.strength {
            Strength::Novice => true,
            // One time in three it does not look at the card.
            Strength::Regular => {
                if rng.u8(0..3) == 0 {
                    rng.bool()
                } else {
                    likelier
                }
            }
            Strength::Expert => likelier,
        };
        json!({ "guess": if is_higher { "higher" } else { "lower" } })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_cards_follow_the_published_formula() {
        for (round, dealer, hidden) in [(1, 7, 11), (2, 8, 13), (3, 12, 13), (10, 8, 8)] {
            let from = RoundSeed { seed: "f9e8d7c6", round };
            assert_eq!((card(from, "dealer"), card(from, "hidden")), (dealer, hidden), "round {round}");
        }
    }

    #[test]
    fn only_who_is_right_alone_wins_and_nobody_is_when_the_cards_are_equal() {
        for (round, a, b, winner) in [
            (1, "higher", "lower", Some(Side::A)),
            (1, "lower", "higher", Some(Side::B)),
            (1, "higher", "higher", None),
            (1, "lower", "lower", None),
            (10, "higher", "lower", None),
            (10, "lower", "higher", None),
        ] {
            let moves = Pair { a: Some(json!({ "guess": a })), b: Some(json!({ "guess": b })) };
            let from = RoundSeed { seed: "f9e8d7c6", round };
            let (result, by_rules) = HiLo.resolve(from, &moves, Object::new());
            assert_eq!(by_rules, winner, "round {round}: {a}, {b}");
            let cards = if round == 1 { (7, 11) } else { (8, 8) };
            let (dealer, hidden) = cards;
            assert_eq!(
                result.text(),
                format!(
                    r#"{{"dealer_card":{dealer},"hidden_card":{hidden},"guess_a":"{a}","guess_b":"{b}"}}"#
                )
            );
        }
    }
}
