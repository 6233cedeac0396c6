//! Crash: the crash point has a few readings; the higher cash-out that survives wins.

use super::super::derivation::{CrashReading, Endian, crash_bytes, raw_crash_point};
use super::super::fields::Fields;
use super::super::finding::{Note, Violation};
use super::formula::Formulas;
use super::round::{Basis, Round, more};
use crate::model::Side;

/// How much one round says about a reading, in bits: two unrelated crash points are the same hundredth about three times in
/// a thousand, and there are about four readings that differ.
const BITS: u32 = 6;

/// What rounding can move a crash point by.
const HUNDREDTH: f64 = 0.01 + 1e-9;

pub(super) fn check(round: &mut Round<'_>, formulas: &mut Formulas) {
    // An echo that a server has rounded to the hundredth is the same move.
    let cashouts = round.echoed(
        ["cashout_a", "cashout_b"],
        "cashout",
        |fields: &Fields<'_>, name| fields.number(name),
        |told, sent| (told - sent).abs() <= 0.005 + 1e-9,
    );
    for (field, cashout) in ["cashout_a", "cashout_b"].into_iter().zip(cashouts) {
        round.within(field, cashout, (1.01 - 1e-9, 10.0 + 1e-9), "1.01 to 10");
    }
    let Some(point) = round.result.number("crash_point") else {
        let survived = survived_flags(round);
        let points = points(cashouts, survived);
        round.won_by(more(points[0], points[1]));
        return;
    };
    round.within("crash_point", Some(point), (1.0, 100.0), "1 to 100");

    let mut true_points = vec![point];
    if let Some(seed) = round.seed {
        let bytes = crash_bytes(seed, round.number());
        let formula = &mut formulas.crash_point;
        let fitting: Vec<CrashReading> = formula
            .in_question(CrashReading::ALL)
            .into_iter()
            .filter(|reading| reading.fits(bytes, point))
            .collect();
        for endian in Endian::ALL {
            if fitting.iter().any(|reading| reading.endian == endian) {
                true_points.push(raw_crash_point(seed, round.number(), endian));
            }
        }
        formula.fitted(round.number(), fitting, BITS);
    }
    if true_points.len() == 1 {
        // Nothing is known of how it was rounded.
        true_points.extend([point - HUNDREDTH, point + HUNDREDTH]);
    }

    let told = survived_flags(round);
    let mut survived = [None; 2];
    for (index, side) in [Side::A, Side::B].into_iter().enumerate() {
        let Some(cashout) = side.pick(cashouts[0], cashouts[1]) else { continue };
        let field = side.pick("survived_a", "survived_b");
        let by_told_point = cashout <= point + 1e-9;
        let says = side.pick(told[0], told[1]);
        let is_possible = |says: bool| true_points.iter().any(|point| (cashout <= point + 1e-9) == says);
        let value = match says {
            Some(says) if says == by_told_point => says,
            Some(says) if (cashout - point).abs() <= HUNDREDTH && is_possible(says) => {
                round.note(Note::CloseToTheCrash { side });
                says
            }
            Some(says) => {
                let (told, follows) = (says.to_string(), by_told_point.to_string());
                round.violation(Violation::Contradiction { field, told, follows });
                by_told_point
            }
            None => by_told_point,
        };
        if let Some(slot) = survived.get_mut(index) {
            *slot = Some(value);
        }
    }
    let [a, b] = points(cashouts, survived);
    let is_decided = round.won_by(more(a, b));
    if round.seed.is_some() && is_decided {
        round.basis = Basis::Formulas;
    }
}

fn survived_flags(round: &Round<'_>) -> [Option<bool>; 2] {
    ["survived_a", "survived_b"].map(|field| round.result.flag(field))
}

fn points([a, b]: [Option<f64>; 2], [survived_a, survived_b]: [Option<bool>; 2]) -> [Option<f64>; 2] {
    [(a, survived_a), (b, survived_b)]
        .map(|(cashout, survived)| survived.and_then(|survived| if survived { cashout } else { Some(0.0) }))
}
