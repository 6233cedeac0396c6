//! Reaction ring: the target has two readings; the smaller distance wins.

use super::super::derivation::{RingReading, target};
use super::super::fields::Fields;
use super::formula::Formulas;
use super::round::{Basis, Round, more};

/// How much a target says about a reading, in bits: there are a thousand targets and two readings.
const BITS: u32 = 9;

pub(super) fn check(round: &mut Round<'_>, formulas: &mut Formulas) {
    let guesses = round.echoed(
        ["guess_a", "guess_b"],
        "guess",
        |fields: &Fields<'_>, name| fields.int(name),
        |told, sent| told == sent,
    );
    for (field, guess) in ["guess_a", "guess_b"].into_iter().zip(guesses) {
        round.within(field, guess, (1, 1_000), "1 to 1000");
    }
    let told = round.result.int("target");
    round.within("target", told, (1, 1_000), "1 to 1000");

    let mut distances = [None; 2];
    for ((slot, guess), field) in distances.iter_mut().zip(guesses).zip(["distance_a", "distance_b"]) {
        let said = round.result.int(field);
        let follows = guess.zip(told).map(|(guess, target)| guess.saturating_sub(target).saturating_abs());
        round.follows(field, said, follows);
        *slot = follows.or(said);
    }
    let [a, b] = distances;
    let is_decided = round.won_by(more(b, a));

    if let (Some(seed), Some(told)) = (round.seed, told) {
        let formula = &mut formulas.target;
        let fitting = formula
            .in_question(RingReading::ALL)
            .into_iter()
            .filter(|reading| i64::from(target(seed, round.number(), *reading)) == told)
            .collect();
        formula.fitted(round.number(), fitting, BITS);
        if is_decided {
            round.basis = Basis::Formulas;
        }
    }
}
