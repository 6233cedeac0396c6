//! Rock paper scissors: best of 3, ties replay the round (spec: "Rock Paper Scissors").

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, one_of};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

/// Each beats the one before it, and the first beats the last.
const CHOICES: [&str; 3] = ["rock", "paper", "scissors"];

#[derive(Debug)]
pub(super) struct Rps;

fn choice(move_data: Option<&Value>) -> Option<&str> {
    move_data.and_then(|data| one_of(data, "choice", &CHOICES).ok())
}

fn number(choice: &str) -> Option<usize> {
    CHOICES.iter().position(|known| *known == choice)
}

impl GameRules for Rps {
    fn game_type(&self) -> &'static str {
        "rps"
    }

    fn rounds_to_win(&self) -> u32 {
        2
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        one_of(move_data, "choice", &CHOICES).map(drop)
    }

    fn resolve(&mut self, _from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let (a, b) = (choice(moves.a.as_ref()), choice(moves.b.as_ref()));
        let winner = match (a.and_then(number), b.and_then(number)) {
            (Some(a), Some(b)) if a == (b + 1) % 3 => Some(Side::A),
            (Some(a), Some(b)) if b == (a + 1) % 3 => Some(Side::B),
            _ => None,
        };
        (result.with("move_a", a).with("move_b", b), winner)
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let number = match view.strength {
            Strength::Novice => 0,
            Strength::Regular => rng.usize(0..3),
            Strength::Expert => predicted(view).map_or_else(|| rng.usize(0..3), |next| (next + 1) % 3),
        };
        json!({ "choice": CHOICES.get(number).copied().unwrap_or("rock") })
    }
}

/// The opponent's next choice, if one followed its last choice more often than each of the others did.
fn predicted(view: HouseView<'_>) -> Option<usize> {
    let theirs: Vec<usize> = view
        .past
        .iter()
        .filter_map(|moves| choice(moves.get(view.side.other()).as_ref()).and_then(number))
        .collect();
    let last = theirs.last()?;
    let mut counts = [0_u32; 3];
    for (then, next) in theirs.iter().zip(theirs.iter().skip(1)) {
        if then == last
            && let Some(count) = counts.get_mut(*next)
        {
            *count += 1;
        }
    }
    let best = counts.iter().max().copied().filter(|best| *best > 0)?;
    let mut leaders = (0..3).filter(|next| counts.get(*next) == Some(&best));
    leaders.next().filter(|_| leaders.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    fn play(a: &str, b: &str) -> (String, Option<Side>) {
        let moves = Pair { a: Some(json!({ "choice": a })), b: Some(json!({ "choice": b })) };
        let from = RoundSeed { seed: "any", round: 1 };
        let (result, winner) = Rps.resolve(from, &moves, Object::new());
        (result.text(), winner)
    }

    #[test]
    fn the_rules_are_the_old_ones() {
        for (a, b, winner) in [
            ("rock", "scissors", Some(Side::A)),
            ("scissors", "paper", Some(Side::A)),
            ("paper", "rock", Some(Side::A)),
            ("scissors", "rock", Some(Side::B)),
            ("paper", "scissors", Some(Side::B)),
            ("rock", "paper", Some(Side::B)),
            ("rock", "rock", None),
            ("paper", "paper", None),
            ("scissors", "scissors", None),
        ] {
            assert_eq!(play(a, b), (format!(r#"{{"move_a":"{a}","move_b":"{b}"}}"#), winner));
        }
    }

    #[test]
    fn a_refused_move_says_what_is_allowed() {
        for wrong in
            [json!({}), json!({ "choice": "Rock" }), json!({ "choice": 1 }), json!("rock"), json!(null)]
        {
            let message = Rps.check(Side::A, &wrong).unwrap_err();
            assert_eq!(
                message,
                r#"a move is one of {"choice": "rock"}, {"choice": "paper"}, {"choice": "scissors"}"#
            );
        }
        assert_eq!(Rps.check(Side::A, &json!({ "choice": "rock", "taunt": "gg" })), Ok(()));
    }

    #[test]
    fn the_expert_punishes_a_pattern() {
        let mut rng = fastrand::Rng::with_seed(1);
        // Side B, who plays rock, paper, scissors in turn.
        let past: Vec<Moves> = (0..7)
            .map(|n| Pair {
                a: Some(json!({ "choice": "rock" })),
                b: Some(json!({ "choice": CHOICES[n % 3] })),
            })
            .collect();
        let view = HouseView { strength: Strength::Expert, side: Side::A, state: &Value::Null, past: &past };
        for _ in 0..20 {
            // Their last was rock, paper follows: scissors wins.
            assert_eq!(Rps.house_move(view, &mut rng), json!({ "choice": "scissors" }));
        }
    }
}
