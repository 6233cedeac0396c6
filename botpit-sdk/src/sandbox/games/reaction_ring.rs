//! Reaction Ring: best of 3, the guess closer to the hidden target wins the round (spec: "Reaction Ring").
//!
//! The spec gives `u16 % 1000 + 1`. Here the `u16` is the hash's first two bytes, big-endian.

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, higher, whole};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

const MIN_GUESS: u64 = 1;
const MAX_GUESS: u64 = 1_000;

#[derive(Debug)]
pub(super) struct ReactionRing;

fn target(from: RoundSeed<'_>) -> u64 {
    let [first, second, ..] = from.hash("target");
    u64::from(u16::from_be_bytes([first, second]) % 1_000 + 1)
}

fn guess(move_data: &Value) -> Result<u64, String> {
    whole(move_data, "guess", MIN_GUESS..=MAX_GUESS)
}

impl GameRules for ReactionRing {
    fn game_type(&self) -> &'static str {
        "reaction_ring"
    }

    fn rounds_to_win(&self) -> u32 {
        2
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn state(&self, _from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state.with("min_guess", MIN_GUESS).with("max_guess", MAX_GUESS)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        guess(move_data).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let target = target(from);
        let [a, b] = [&moves.a, &moves.b].map(|data| data.as_ref().and_then(|data| guess(data).ok()));
        let [distance_a, distance_b] = [a, b].map(|guess| guess.map(|guess| guess.abs_diff(target)));
        let result = result
            .with("target", target)
            .with("guess_a", a)
            .with("guess_b", b)
            .with("distance_a", distance_a)
            .with("distance_b", distance_b);
        // The smaller distance wins.
        (result, higher(&distance_b, &distance_a))
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let guess = match view.strength {
            // Whoever stays on the other side of it, and close, wins three rounds of four.
            Strength::Novice => 250,
            Strength::Regular => rng.u64(MIN_GUESS..=MAX_GUESS),
            // The median of `u16 % 1000 + 1` is 497. Its neighbours are as good, and two that always guess the same would
            // tie for ever.
            Strength::Expert => rng.u64(496..=498),
        };
        json!({ "guess": guess })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_target_follows_the_formula() {
        for (round, expected) in [(1, 32), (2, 411), (3, 809), (10, 266)] {
            assert_eq!(target(RoundSeed { seed: "f9e8d7c6", round }), expected, "round {round}");
        }
    }

    #[test]
    fn the_closer_guess_wins_from_either_side() {
        // Round 2's target is 411.
        for (a, b, distances, winner) in [
            (411, 412, (0, 1), Some(Side::A)),
            (1, 821, (410, 410), None),
            (1, 820, (410, 409), Some(Side::B)),
            (350, 600, (61, 189), Some(Side::A)),
            (500, 500, (89, 89), None),
        ] {
            let moves = Pair { a: Some(json!({ "guess": a })), b: Some(json!({ "guess": b })) };
            let from = RoundSeed { seed: "f9e8d7c6", round: 2 };
            let (result, by_rules) = ReactionRing.resolve(from, &moves, Object::new());
            let (distance_a, distance_b) = distances;
            let expected = format!(
                r#"{{"target":411,"guess_a":{a},"guess_b":{b},"distance_a":{distance_a},"distance_b":{distance_b}}}"#
            );
            assert_eq!((result.text(), by_rules), (expected, winner));
        }
        let message = ReactionRing.check(Side::A, &json!({ "guess": 1001 })).unwrap_err();
        assert_eq!(message, r#"a move is {"guess": n} with a whole number n from 1 to 1000"#);
    }
}
