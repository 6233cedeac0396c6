//! Coinflip: the coin is derived; who is right alone wins.

use super::super::derivation::coin;
use super::round::{Basis, Expected, Round, right_alone, word};

pub(super) fn check(round: &mut Round<'_>) {
    let called = round.echoed(["move_a", "move_b"], "choice", word, |told, sent| told == sent);
    let told = word(&round.result, "flip");
    let derived = round.seed.map(|seed| coin(seed, round.number()).as_str().to_owned());
    if let (Some(told), Some(derived)) = (&told, &derived) {
        round.derived("flip", told, derived);
    }
    let flip = told.clone().or_else(|| derived.clone());
    let [a, b] = called.map(|called| Some(called? == *flip.as_ref()?));
    let expected = if flip.is_some() { right_alone(a, b) } else { Expected::Unknown };
    let is_decided = round.won_by(expected);
    // The coin itself, or a winner that only this coin explains.
    if derived.is_some() && (told.is_some() || is_decided) {
        round.basis = Basis::Derived;
    }
}
