//! Crash: best of 3, the higher cash-out that the crash does not catch wins the round (spec: "Crash").
//!
//! The spec gives `u32 / u32::MAX -> 1/(1-x)` and "1.0x - 100.0x". Here the `u32` is the hash's first four bytes, big-endian,
//! the arithmetic is in `f64`, and the result is kept within 1 and 100 and rounded down to two decimals.

use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, higher};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

const MIN_CASHOUT: f64 = 1.01;
const MAX_CASHOUT: f64 = 10.0;

#[derive(Debug)]
pub(super) struct Crash;

/// Where it crashes, before rounding.
fn crash(from: RoundSeed<'_>) -> f64 {
    let [first, second, third, fourth, ..] = from.hash("crash");
    let x = f64::from(u32::from_be_bytes([first, second, third, fourth])) / f64::from(u32::MAX);
    // x = 1 gives infinity, which is more than 100 as well.
    (1.0 / (1.0 - x)).clamp(1.0, 100.0)
}

fn cashout(move_data: &Value) -> Result<f64, String> {
    let number = move_data.get("cashout").and_then(Value::as_f64);
    number.filter(|number| (MIN_CASHOUT..=MAX_CASHOUT).contains(number)).ok_or_else(|| {
        format!("a move is {{\"cashout\": x}} with a number x from {MIN_CASHOUT} to {MAX_CASHOUT:.1}")
    })
}

impl GameRules for Crash {
    fn game_type(&self) -> &'static str {
        "crash"
    }

    fn rounds_to_win(&self) -> u32 {
        2
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn state(&self, _from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state.with("min_cashout", MIN_CASHOUT).with("max_cashout", MAX_CASHOUT)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        cashout(move_data).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let point = (crash(from) * 100.0).floor() / 100.0;
        let cashouts = [&moves.a, &moves.b].map(|data| data.as_ref().and_then(|data| cashout(data).ok()));
        let survived = cashouts.map(|cashout| cashout.map(|cashout| cashout <= point));
        let [a, b] = cashouts.map(|cashout| cashout.filter(|cashout| *cashout <= point));
        let ([cashout_a, cashout_b], [survived_a, survived_b]) = (cashouts, survived);
        let result = result
            .with("crash_point", point)
            .with("cashout_a", cashout_a)
            .with("cashout_b", cashout_b)
            .with("survived_a", survived_a)
            .with("survived_b", survived_b);
        (result, higher(&a, &b))
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let wanted = match view.strength {
            // It survives one round in nine.
            Strength::Novice => 9.0,
            Strength::Regular => MIN_CASHOUT + rng.f64() * (MAX_CASHOUT - MIN_CASHOUT),
            Strength::Expert => balanced(rng.f64()),
        };
        json!({ "cashout": ((wanted * 100.0).round() / 100.0).clamp(MIN_CASHOUT, MAX_CASHOUT) })
    }
}

/// The equilibrium's cash-out, from a number that is even in 0..1.
///
/// Both meet the same crash point, and a cash-out of c survives it with the odds 1/c. Whoever dares more wins when it
/// survives, the other when only that one does. Let p be the odds that one chooses to survive with. No p is better than
/// another when the opponent's have the distribution F(p) = 2 - sqrt(b/p) between b/4 and b, where b = 1/1.01 is the most
/// that is allowed; its inverse is p = b/(2-u)².
fn balanced(even: f64) -> f64 {
    MIN_CASHOUT * (2.0 - even).powi(2)
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_crash_point_follows_the_formula() {
        for (round, expected) in [
            (1, 1.065_223_066_317_111_8),
            (2, 2.524_611_845_041_479),
            (3, 5.966_267_592_745_321),
            (10, 7.576_740_337_541_008_5),
        ] {
            let point = crash(RoundSeed { seed: "f9e8d7c6", round });
            assert!((point - expected).abs() < 1e-12, "round {round}: {point}");
        }
    }

    #[test]
    fn the_higher_survivor_wins() {
        // Round 2 crashes at 2.52.
        for (a, b, survived, winner) in [
            (2.5, 5.0, (true, false), Some(Side::A)),
            (1.5, 2.52, (true, true), Some(Side::B)),
            (2.53, 1.01, (false, true), Some(Side::B)),
            (2.0, 2.0, (true, true), None),
            (3.0, 10.0, (false, false), None),
        ] {
            let moves = Pair { a: Some(json!({ "cashout": a })), b: Some(json!({ "cashout": b })) };
            let from = RoundSeed { seed: "f9e8d7c6", round: 2 };
            let (result, by_rules) = Crash.resolve(from, &moves, Object::new());
            let result: Value = serde_json::from_str(&result.text()).unwrap();
            assert_eq!(by_rules, winner, "{a}, {b}");
            assert_eq!(
                result,
                json!({ "crash_point": 2.52, "cashout_a": a, "cashout_b": b,
                        "survived_a": survived.0, "survived_b": survived.1 })
            );
        }
    }

    #[test]
    fn a_refused_move_names_the_range() {
        for wrong in [json!({ "cashout": 1.0 }), json!({ "cashout": 10.01 }), json!({ "cashout_at": 2 })] {
            let message = Crash.check(Side::A, &wrong).unwrap_err();
            assert_eq!(message, r#"a move is {"cashout": x} with a number x from 1.01 to 10.0"#);
        }
        for right in [json!(1.01), json!(10), json!(10.0), json!(2)] {
            assert_eq!(Crash.check(Side::A, &json!({ "cashout": right })), Ok(()));
        }
    }

    #[test]
    fn nothing_does_better_than_even_against_the_experts_cashouts() {
        let theirs: Vec<f64> = (0..2_000).map(|n| balanced((f64::from(n) + 0.5) / 2_000.0)).collect();
        for mine in [1.01, 1.2, 1.7, 2.5, 4.0, 4.1, 7.0, 10.0] {
            let gain = |theirs: f64| {
                let (p, q) = (1.0 / mine, 1.0 / theirs);
                if mine < theirs { p - 2.0 * q } else { 2.0 * p - q }
            };
            let mean = theirs.iter().map(|theirs| gain(*theirs)).sum::<f64>() / 2_000.0;
            assert!(mean < 0.002, "{mine} gains {mean}");
        }
    }
}
