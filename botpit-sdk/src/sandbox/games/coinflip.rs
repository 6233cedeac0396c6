//! Coinflip: best of 5, who calls the coin alone wins the round (spec: "Coinflip").

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, one_of};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;
use crate::sandbox::seeds::sha256;

const FACES: [&str; 2] = ["heads", "tails"];

#[derive(Debug)]
pub(super) struct Coinflip;

/// `SHA256("{seed}:{round}")`, first byte even is heads.
fn flip(from: RoundSeed<'_>) -> &'static str {
    let [first, ..] = sha256(&format!("{}:{}", from.seed, from.round));
    if first % 2 == 0 { "heads" } else { "tails" }
}

fn face(move_data: Option<&Value>) -> Option<&str> {
    move_data.and_then(|data| one_of(data, "choice", &FACES).ok())
}

impl GameRules for Coinflip {
    fn game_type(&self) -> &'static str {
        "coinflip"
    }

    fn rounds_to_win(&self) -> u32 {
        3
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        one_of(move_data, "choice", &FACES).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let flip = flip(from);
        let (a, b) = (face(moves.a.as_ref()), face(moves.b.as_ref()));
        let winner = match (a == Some(flip), b == Some(flip)) {
            (true, false) => Some(Side::A),
            (false, true) => Some(Side::B),
            _ => None,
        };
        (result.with("flip", flip).with("move_a", a).with("move_b", b), winner)
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        // Nobody can do better than chance here: even the expert only avoids being predictable.
        let heads = view.strength == Strength::Novice || rng.bool();
        json!({ "choice": if heads { "heads" } else { "tails" } })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_coin_follows_the_published_formula() {
        // Computed with the spec's own JavaScript sample.
        for (round, expected) in [(1, "heads"), (2, "tails"), (3, "heads"), (10, "heads")] {
            assert_eq!(flip(RoundSeed { seed: "f9e8d7c6", round }), expected, "round {round}");
        }
    }

    #[test]
    fn only_who_is_right_alone_wins() {
        let from = RoundSeed { seed: "f9e8d7c6", round: 1 };
        for (a, b, winner) in [
            ("heads", "tails", Some(Side::A)),
            ("tails", "heads", Some(Side::B)),
            ("heads", "heads", None),
            ("tails", "tails", None),
        ] {
            let moves = Pair { a: Some(json!({ "choice": a })), b: Some(json!({ "choice": b })) };
            assert_eq!(Coinflip.resolve(from, &moves, Object::new()).1, winner);
        }
        assert!(Coinflip.check(Side::A, &json!({ "choice": "edge" })).is_err());
    }
}
