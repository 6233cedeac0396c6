//! The end of a match: final score, winner, payout.

use super::super::evidence::{Ending, MatchEvidence};
use super::super::fields::brief;
use super::super::finding::{Note, Violation};
use super::Found;
use super::round::{Round, side_of};
use super::sequence::Counted;
use crate::lamports::Lamports;
use crate::model::Side;

/// Returns whether the rounds make up the whole match, as far as can be seen.
pub(super) fn check(
    evidence: &MatchEvidence,
    rounds: &[Round<'_>],
    counted: Counted,
    found: &mut Found,
) -> bool {
    let Some(ending) = &evidence.ending else { return false };
    let told = ending.final_score.map(|told| counted.order.sides(told));
    check_winner(evidence, ending, rounds, counted, found);
    let is_whole = !counted.has_gap && evidence.left_out == 0;
    // Without a gap in the numbers, only the last rounds can be missing: then the scores differ.
    is_whole && (!evidence.interrupted || (told.is_some() && told == counted.score))
}

fn check_winner(
    evidence: &MatchEvidence,
    ending: &Ending,
    rounds: &[Round<'_>],
    counted: Counted,
    found: &mut Found,
) {
    let winner = ending.winner.as_ref().map(|id| (id, side_of(evidence, id)));
    if let Some((id, None)) = winner
        && [Side::A, Side::B].iter().all(|side| evidence.agent(*side).is_some())
    {
        found.violations.push(Violation::UnknownWinner { told: brief(id).into() });
        return;
    }
    // A winner that cannot be told apart is not checked further.
    let Some(winner) = (match winner {
        None => Some(None),
        Some((_, Some(side))) => Some(Some(side)),
        Some((_, None)) => None,
    }) else {
        return;
    };
    let is_whole = !evidence.interrupted && evidence.left_out == 0;
    let told = ending.final_score.map(|told| counted.order.sides(told));
    // A round that was asked for and led to no result may have been forfeited: that may count, too.
    let is_settled = is_whole && rounds.last().is_none_or(|last| last.seen.resolved);
    if let (Some(told), Some(score), true) = (told, counted.score, is_settled)
        && told != score
    {
        found.violations.push(Violation::WrongFinalScore { told, counted: score });
    }

    let score = if is_whole { counted.score.or(told) } else { told };
    let has_enough = |rounds: u32| counted.rounds_to_win.is_some_and(|to_win| i64::from(rounds) >= to_win);
    if let Some(score) = score {
        let by_score = [(Side::A, score.a), (Side::B, score.b)].into_iter().find(|(_, won)| has_enough(*won));
        match by_score {
            Some((by_score, _)) if winner != Some(by_score) => {
                found.violations.push(Violation::WrongMatchWinner { told: winner, by_score });
            }
            Some(_) => {}
            None => {
                found.note(Note::EndedEarly);
                if winner.is_none() && score.a != score.b {
                    found.note(Note::DrawAtUnequalScore { score });
                }
            }
        }
    }
    payout(evidence, ending, winner, found);
}

fn payout(evidence: &MatchEvidence, ending: &Ending, winner: Option<Side>, found: &mut Found) {
    let (Some(payout), Some(wager), Some(side)) =
        (ending.payout_lamports, evidence.wager_lamports, evidence.side)
    else {
        return;
    };
    if ending.is_sandbox == Some(true) {
        return;
    }
    let wagers = wager.checked_mul(2);
    match winner {
        Some(winner) if winner == side => match ending.fee_lamports {
            Some(fee) => {
                if payout.checked_add(fee) != wagers {
                    found.violations.push(Violation::WrongPayout { payout, fee, wager });
                }
            }
            None => match wagers.and_then(|wagers| wagers.checked_sub(payout)) {
                Some(kept) => found.note(Note::FeeNotTold { kept }),
                None => found.note(Note::PayoutAboveWagers { payout }),
            },
        },
        Some(_) if payout != Lamports::ZERO => found.note(Note::PayoutOfLoser { payout }),
        Some(_) => {}
        None => found.note(Note::PayoutOfDraw { payout }),
    }
}
