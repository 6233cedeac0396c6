//! Dice duel: both rolls are derived; the higher wins.

use super::super::derivation::dice;
use super::round::{Basis, Round, more};

const FIELDS: [&str; 2] = ["roll_a", "roll_b"];

pub(super) fn check(round: &mut Round<'_>) {
    let rolls = round.both(FIELDS);
    let derived = round.seed.map(|seed| dice(seed, round.number()).map(i64::from));
    compare(round, FIELDS, rolls, derived, ((1, 6), "1 to 6"));
}

/// What dice and cards have in common.
pub(super) fn compare(
    round: &mut Round<'_>,
    fields: [&'static str; 2],
    told: [Option<i64>; 2],
    derived: Option<[i64; 2]>,
    (bounds, allowed): ((i64, i64), &'static str),
) {
    for (index, (field, told)) in fields.into_iter().zip(told).enumerate() {
        round.within(field, told, bounds, allowed);
        let derived = derived.as_ref().and_then(|derived| derived.get(index));
        if let (Some(told), Some(derived)) = (told, derived) {
            round.derived(field, &told, derived);
        }
    }
    // Who gets none was late.
    let _: [Option<i64>; 2] = round.echoed(fields, "", |_, _| None, |_, _| true);
    let [a, b] = told;
    let is_decided = round.won_by(more(a, b));
    if derived.is_some() && is_decided {
        round.basis = Basis::Derived;
    }
}
