//! Blotto: the terrain is derived; the higher power wins; budgets only shrink.

use super::super::derivation::terrain;
use super::super::fields::Fields;
use super::super::finding::{Note, Violation};
use super::round::{Basis, Round, more};
use crate::model::Side;

const BUDGET: i64 = 15;

/// What each side has left. `None` where that is not known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left([Option<i64>; 2]);

pub(super) fn check(round: &mut Round<'_>, left: &mut Left) {
    if let Some(told) = round.state.int("total_budget").filter(|told| *told != BUDGET) {
        let (told, documented) = (told.to_string(), BUDGET.to_string());
        round.note(Note::OtherRules { field: "total_budget", told, documented });
        // Then bids have other bounds as well: what follows is measured by what the states tell.
    } else if round.number() == 1 && left.0 == [None; 2] {
        left.0 = [Some(BUDGET); 2];
    }
    let bonus = check_terrain(round);
    check_shown_budgets(round, left);

    let bids = round.echoed(
        ["bid_a", "bid_b"],
        "bid",
        |fields: &Fields<'_>, name| fields.int(name),
        |told, sent| told == sent,
    );
    let fields = [(Side::A, "bid_a", "budget_a_remaining"), (Side::B, "bid_b", "budget_b_remaining")];
    for ((budget, bid), (side, field, remaining)) in left.0.iter_mut().zip(bids).zip(fields) {
        if let Some(bid) = bid {
            round.within(field, Some(bid), (0, i64::MAX), "0 to the budget that is left");
            if let Some(budget) = budget.filter(|budget| bid > *budget) {
                round.violation(Violation::OverBudget { side, bid, budget });
            }
        }
        if !round.seen.resolved {
            continue;
        }
        let said = round.result.int(remaining);
        // What a missing move costs is not documented: then the server's word counts from here on.
        let follows = budget.zip(bid).map(|(budget, bid)| budget.saturating_sub(bid).max(0));
        round.follows(remaining, said, follows);
        *budget = follows.or(said);
    }

    let [bid_a, bid_b] = bids;
    let power_a = bid_a.zip(bonus).map(|(bid, bonus)| bid.saturating_add(bonus));
    let (said_a, said_b) = (round.result.int("power_a"), round.result.int("power_b"));
    round.follows("power_a", said_a, power_a);
    round.follows("power_b", said_b, bid_b);
    let is_decided = round.won_by(more(power_a.or(said_a), bid_b.or(said_b)));
    if round.seed.is_some() && bonus.is_some() && is_decided {
        round.basis = Basis::Derived;
    }
}

/// A's bonus, as told or else as derived.
fn check_terrain(round: &mut Round<'_>) -> Option<i64> {
    const FIELD: &str = "terrain_bonus_a";
    let derived = round.seed.map(|seed| i64::from(terrain(seed, round.number())));
    let (shown, told) = (round.state.int(FIELD), round.result.int(FIELD));
    if let (Some(Side::B), Some(shown)) = (round.side, shown) {
        let (told, follows) = (shown.to_string(), "null, as side B does not see it".to_owned());
        round.violation(Violation::Contradiction { field: FIELD, told, follows });
    }
    round.follows(FIELD, told, shown);
    let told = told.or(shown);
    round.within(FIELD, told, (0, 3), "0 to 3");
    if let (Some(told), Some(derived)) = (told, derived) {
        round.derived(FIELD, &told, &derived);
    }
    told.or(derived)
}

/// The budgets of a state, as its reader sees them.
fn check_shown_budgets(round: &mut Round<'_>, Left(left): &mut Left) {
    let Some(side) = round.side else { return };
    let (mine, theirs) = ("your_budget", "opponent_budget");
    let [left_a, left_b] = left;
    let fields = [(side.pick(mine, theirs), left_a), (side.pick(theirs, mine), left_b)];
    for (field, left) in fields {
        let shown = round.state.int(field);
        round.follows(field, shown, *left);
        *left = left.or(shown);
    }
}
