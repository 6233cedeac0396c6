//! Hi-lo: both cards are derived; who is right alone wins. The spec shows no result, so its names are guessed at.

use super::super::derivation::{dealer_card, hidden_card};
use super::super::finding::Note;
use super::round::{Basis, Expected, Round, right_alone, word};
use crate::model::Side;

const RANKS: (i64, i64) = (1, 13);

pub(super) fn check(round: &mut Round<'_>) {
    let number = round.number();
    let derived_dealer = round.seed.map(|seed| i64::from(dealer_card(seed, number)));
    let derived_hidden = round.seed.map(|seed| i64::from(hidden_card(seed, number)));

    let shown = round.state.int("dealer_card");
    let again = round.result.int("dealer_card");
    round.follows("dealer_card", again, shown);
    let dealer = shown.or(again);
    round.within("dealer_card", dealer, RANKS, "1 to 13");
    if let (Some(told), Some(derived)) = (dealer, derived_dealer) {
        round.derived("dealer_card", &told, &derived);
    }
    let mut hidden = None;
    for field in ["hidden_card", "next_card", "card"] {
        let told = round.result.int(field);
        round.within(field, told, RANKS, "1 to 13");
        if let (Some(told), Some(derived)) = (told, derived_hidden) {
            round.derived(field, &told, &derived);
        }
        hidden = hidden.or(told);
    }

    let by_guess = round.echoed(["guess_a", "guess_b"], "guess", word, |told, sent| told == sent);
    let by_move = round.echoed(["move_a", "move_b"], "guess", word, |told, sent| told == sent);
    let [guess_a, guess_b] = by_guess;
    let [move_a, move_b] = by_move;
    let a = guess_a.or(move_a).or_else(|| round.sent(Side::A, "guess", word));
    let b = guess_b.or(move_b).or_else(|| round.sent(Side::B, "guess", word));

    let cards = dealer.or(derived_dealer).zip(hidden.or(derived_hidden));
    let expected = match cards {
        Some((dealer, hidden)) if dealer == hidden => {
            if !matches!(round.winner, super::round::ToldWinner::Nobody) && round.seen.result.is_some() {
                round.note(Note::EqualCards);
            }
            Expected::Unknown
        }
        Some((dealer, hidden)) => {
            let right = if hidden > dealer { "higher" } else { "lower" };
            right_alone(a.map(|guess| guess == right), b.map(|guess| guess == right))
        }
        None => Expected::Unknown,
    };
    let is_decided = round.won_by(expected);
    // The hidden card itself, or a winner that only this card explains.
    if derived_hidden.is_some() && dealer.is_some() && (hidden.is_some() || is_decided) {
        round.basis = Basis::Derived;
    }
}
