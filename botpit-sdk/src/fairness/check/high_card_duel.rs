//! High card duel: both cards are derived; the higher wins.

use super::super::derivation::cards;
use super::super::finding::Violation;
use super::dice_duel::compare;
use super::round::Round;
use crate::games::Card;

const FIELDS: [&str; 2] = ["card_a", "card_b"];
const NAMES: [&str; 2] = ["card_a_name", "card_b_name"];

pub(super) fn check(round: &mut Round<'_>) {
    let told = round.both(FIELDS);
    for (field, rank) in NAMES.into_iter().zip(told) {
        let name = round.result.text(field).map(|name| name.trim().to_owned());
        // The spec shows two names only: one that stands for no card at all is nobody's fault.
        let named =
            name.as_deref().and_then(|name| Card::all().find(|card| card.name().eq_ignore_ascii_case(name)));
        if let (Some(named), Some(rank)) = (named, rank)
            && i64::from(named.rank()) != rank
        {
            let follows = u32::try_from(rank).ok().and_then(|rank| Card::new(rank).ok());
            let follows = follows.map_or_else(|| rank.to_string(), |card| card.name().to_owned());
            round.violation(Violation::Contradiction { field, told: named.name().to_owned(), follows });
        }
    }
    let derived = round.seed.map(|seed| cards(seed, round.number()).map(i64::from));
    compare(round, FIELDS, told, derived, ((1, 13), "1 to 13"));
}
