//! Rock paper scissors: there is no chance in it. The rules decide.

use super::super::fields::brief;
use super::super::finding::Violation;
use super::round::{Basis, Expected, Round, word};
use crate::games::rps::Choice;
use crate::model::Side;

pub(super) fn check(round: &mut Round<'_>) {
    let shown = round.echoed(["move_a", "move_b"], "choice", word, |told, sent| told == sent);
    for (field, shown) in ["move_a", "move_b"].into_iter().zip(&shown) {
        if let Some(told) = shown
            && told.parse::<Choice>().is_err()
        {
            let told = brief(told);
            round.violation(Violation::OutOfRange { field, told, allowed: "rock, paper, scissors" });
        }
    }
    let [a, b] = shown.map(|shown| shown.and_then(|word| word.parse::<Choice>().ok()));
    let expected = match (a, b) {
        (Some(a), Some(b)) if a.beats(b) => Expected::Exactly(Some(Side::A)),
        (Some(a), Some(b)) if b.beats(a) => Expected::Exactly(Some(Side::B)),
        (Some(_), Some(_)) => Expected::Exactly(None),
        _ => Expected::Unknown,
    };
    if round.won_by(expected) {
        round.basis = Basis::Derived;
    }
}
