//! Math Duel: best of 3, who alone has the right answer wins the round (spec: "Math Duel").
//!
//! The spec derives "problem params" from the hash and does not say which. Here, with the hash's bytes h and the level, which
//! is the round but at most 4:
//!
//! - level + 2 operands: operand i is the `u16` of `h[2i]` and `h[2i+1]`, big-endian, modulo `50 * level`, plus 1;
//! - between operands i and i + 1 the operator `h[12+i] % 3`: `+`, `-`, `*`;
//! - from round 3 on a division without a remainder at the end: the operator `h[18] % 3`, then `q*d / d`, the product
//!   worked out, with `q = h[19] % 20 + 1` and `d = h[20] % 11 + 2`;
//! - from round 4 on parentheses around the first two operands.
//!
//! `*` and `/` go before `+` and `-`. Every result is a whole number below 2^53.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

#[derive(Debug)]
pub(super) struct MathDuel;

fn expression(from: RoundSeed<'_>) -> String {
    let hash = from.hash("math");
    let byte = |index: usize| u64::from(hash.get(index).copied().unwrap_or_default());
    let operator = |index: usize| match byte(index) % 3 {
        0 => '+',
        1 => '-',
        _ => '*',
    };
    let level = from.round.min(4);
    let operand = |i: usize| (byte(2 * i) * 256 + byte(2 * i + 1)) % u64::from(50 * level) + 1;
    let mut text = operand(0).to_string();
    for i in 0..=level as usize {
        // Writing into a string does not fail.
        let _ = write!(text, " {} {}", operator(12 + i), operand(i + 1));
        if i == 0 && from.round >= 4 {
            text = format!("({text})");
        }
    }
    if from.round >= 3 {
        let (quotient, divisor) = (byte(19) % 20 + 1, byte(20) % 11 + 2);
        let _ = write!(text, " {} {} / {divisor}", operator(18), quotient * divisor);
    }
    text
}

/// What an expression of [`expression`]'s form comes to.
fn value(expression: &str) -> Option<i64> {
    let (first, rest) = match expression.strip_prefix('(') {
        Some(inside) => {
            let (inner, rest) = inside.split_once(')')?;
            (value(inner)?, rest)
        }
        None => {
            let (first, rest) = expression.split_once(' ')?;
            (first.parse().ok()?, rest)
        }
    };
    let mut words = rest.split_whitespace();
    let (mut sum, mut product) = (0_i64, first);
    while let (Some(operator), Some(operand)) = (words.next(), words.next()) {
        let operand: i64 = operand.parse().ok()?;
        match operator {
            "*" => product = product.checked_mul(operand)?,
            "/" => product = product.checked_div(operand)?,
            _ => {
                sum = sum.checked_add(product)?;
                product = if operator == "-" { -operand } else { operand };
            }
        }
    }
    sum.checked_add(product)
}

/// What comes out from left to right, without precedence.
fn left_to_right(expression: &str) -> Option<i64> {
    let plain = expression.replace(['(', ')'], "");
    let mut words = plain.split_whitespace();
    let mut result: i64 = words.next()?.parse().ok()?;
    while let (Some(operator), Some(operand)) = (words.next(), words.next()) {
        let operand = operand.parse().ok()?;
        result = match operator {
            "*" => result.checked_mul(operand)?,
            "/" => result.checked_div(operand)?,
            "-" => result.checked_sub(operand)?,
            _ => result.checked_add(operand)?,
        };
    }
    Some(result)
}

fn answer(move_data: &Value) -> Result<i64, String> {
    let number = move_data.get("answer").and_then(Value::as_i64);
    number.ok_or_else(|| "a move is {\"answer\": n} with a whole number n of 64 bits".to_owned())
}

impl GameRules for MathDuel {
    fn game_type(&self) -> &'static str {
        "math_duel"
    }

    fn rounds_to_win(&self) -> u32 {
        2
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn state(&self, from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state.with("expression", expression(from))
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        answer(move_data).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let expression = expression(from);
        let correct = value(&expression);
        let [a, b] = [&moves.a, &moves.b].map(|data| data.as_ref().and_then(|data| answer(data).ok()));
        let (a_correct, b_correct) = (a.is_some() && a == correct, b.is_some() && b == correct);
        let winner = match (a_correct, b_correct) {
            (true, false) => Some(Side::A),
            (false, true) => Some(Side::B),
            _ => None,
        };
        let result = result
            .with("expression", expression)
            .with("correct_answer", correct)
            .with("answer_a", a)
            .with("answer_b", b)
            .with("a_correct", a_correct)
            .with("b_correct", b_correct);
        (result, winner)
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let expression = view.state.get("expression").and_then(Value::as_str).unwrap_or_default();
        let right = value(expression).unwrap_or_default();
        // Two that are always right tie for ever: even the expert slips one time in ten.
        let answer = match view.strength {
            Strength::Novice => left_to_right(expression).unwrap_or_default(),
            Strength::Regular if rng.u8(0..3) == 0 => right + rng.i64(1..=9),
            Strength::Expert if rng.u8(0..10) == 0 => right + 10,
            Strength::Regular | Strength::Expert => right,
        };
        json!({ "answer": answer })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;
    use crate::games::math_duel::evaluate;

    #[test]
    fn the_problems_are_as_documented() {
        // Computed with a program in another language from the rules above.
        for (round, text, result) in [
            (1, "16 + 6 - 45", -23),
            (2, "97 - 10 + 88 + 43", 218),
            (3, "26 + 111 * 8 * 98 - 46 - 80 / 10", 86996),
            (4, "(76 - 173) - 156 - 21 - 55 - 131 + 70 / 5", -446),
            (9, "(62 + 27) * 42 * 3 * 182 - 175 - 120 / 8", 2040758),
        ] {
            let from = RoundSeed { seed: "f9e8d7c6", round };
            assert_eq!(expression(from), text, "round {round}");
            assert_eq!(value(text), Some(result), "round {round}");
        }
    }

    #[test]
    fn every_problem_has_an_exact_answer_that_another_evaluator_agrees_with() {
        for round in 1..3_000 {
            let text = expression(RoundSeed { seed: "any", round });
            let result = value(&text).unwrap();
            assert_eq!(evaluate(&text), Ok(i128::from(result)), "{text}");
            assert!(result.unsigned_abs() < 1 << 53, "{text}");
        }
        assert_eq!(value("42 + 17 * 3"), Some(93));
        assert_eq!(left_to_right("42 + 17 * 3"), Some(177));
    }

    #[test]
    fn only_who_is_right_alone_wins() {
        let from = RoundSeed { seed: "f9e8d7c6", round: 1 };
        let right = value(&expression(from)).unwrap();
        for (a, b, winner) in [
            (right, right + 1, Some(Side::A)),
            (right - 1, right, Some(Side::B)),
            (right, right, None),
            (0, 1, None),
        ] {
            let moves = Pair { a: Some(json!({ "answer": a })), b: Some(json!({ "answer": b })) };
            assert_eq!(MathDuel.resolve(from, &moves, Object::new()).1, winner);
        }
        for wrong in [json!("93"), json!(93.5), json!(null), json!(u64::MAX)] {
            let message = MathDuel.check(Side::A, &json!({ "answer": wrong })).unwrap_err();
            assert_eq!(message, r#"a move is {"answer": n} with a whole number n of 64 bits"#);
        }
    }
}
