//! The check of a match, as a pure function: what was seen goes in, a report comes out.
//!
//! | file | what it checks |
//! |---|---|
//! | `sequence` | round numbers, scores, histories |
//! | `ending` | final score, winner, payout |
//! | `formula` | the readings of formulas that leave something open |
//! | `round` | what the games share: fields, echoed moves, who won |
//! | one file a game | the derived values, and what follows from the fields |

mod blotto;
mod coinflip;
mod crash;
mod dice_duel;
mod ending;
mod formula;
mod hi_lo;
mod high_card_duel;
mod math_duel;
mod mines;
mod reaction_ring;
mod round;
mod rps;
mod sequence;

use self::formula::Formulas;
use self::round::{Basis, Round};
use super::commitment::{CommitmentCheck, verify_commitment};
use super::evidence::{HashSeen, MatchEvidence};
use super::finding::{Note, Violation};
use super::readings::HostReadings;
use super::report::{FairnessReport, RoundCheck, Verdict};
use crate::model::GameType;

/// Checks a match, and lets the host's readings learn from it.
pub(super) fn verify(mut evidence: MatchEvidence, host: &mut HostReadings) -> FairnessReport {
    evidence.bound();
    let mut found = Found::default();
    let commitment = check_commitment(&evidence, host, &mut found);
    found.violations.extend(evidence.retold_violations());
    // A seed that is not the committed one proves nothing about the rounds.
    let proven = commitment.is_none_or(CommitmentCheck::is_match);
    let seed = evidence.server_seed.as_deref().filter(|_| proven);

    let mut rounds: Vec<Round<'_>> = Vec::with_capacity(evidence.rounds.len());
    let tells_moves =
        evidence.side.is_some_and(|side| evidence.rounds.iter().any(|round| round.sent(side).is_some()));
    rounds.extend(evidence.rounds.iter().map(|seen| Round::new(&evidence, seen, seed, tells_moves)));
    let mut formulas = Formulas::default();
    let game = evidence.game_type.as_ref();
    let is_known = game.is_some_and(GameType::is_known);
    let mut is_whole = false;
    if is_known {
        check_rounds(game, &mut rounds, &mut formulas);
        let counted = sequence::check(&evidence, &mut rounds, &mut found);
        is_whole = ending::check(&evidence, &rounds, counted, &mut found);
    } else if !rounds.is_empty() || game.is_some() {
        found.notes.push(Note::UnknownGame);
    }
    let (fits, readings) = formulas.settle(host, &mut found);
    note_what_is_missing(&evidence, &mut found);

    let mut checks = Vec::with_capacity(rounds.len());
    for round in rounds {
        let seen = round.seen;
        let (number, verdict, notes) = round.end(fits);
        // A question that led to no result is told of only when there is something to tell.
        if seen.resolved || verdict.is_violated() {
            checks.push(RoundCheck { round: number, verdict, notes });
        }
    }
    let verdict = of_match(&found, &checks, commitment, is_whole);
    let Found { violations, notes } = found;
    FairnessReport { verdict, commitment, rounds: checks, violations, notes, readings, evidence }
}

/// What belongs to the match, and to no single round.
#[derive(Debug, Default)]
struct Found {
    violations: Vec<Violation>,
    notes: Vec<Note>,
}

impl Found {
    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn check_commitment(
    evidence: &MatchEvidence,
    host: &mut HostReadings,
    found: &mut Found,
) -> Option<CommitmentCheck> {
    let hash = evidence.server_seed_hash.as_deref();
    if let (Some(hash), Some(match_id)) = (hash.filter(|hash| !hash.is_empty()), &evidence.match_id)
        && let Some(other) = host.commitments.other_match(hash, match_id)
    {
        found.violations.push(Violation::CommitmentReused { match_id: other });
    }
    match evidence.hash_seen {
        HashSeen::Never => found.note(Note::CommitmentNotSeen),
        HashSeen::Afterwards => found.note(Note::CommitmentSeenAfterwards),
        HashSeen::AfterFirstMove if !evidence.interrupted => {
            found.violations.push(Violation::CommitmentAfterMove);
        }
        HashSeen::AfterFirstMove | HashSeen::BeforeFirstMove => {}
    }
    let Some(seed) = evidence.server_seed.as_deref() else {
        found.note(Note::SeedNotRevealed);
        return None;
    };
    let check = verify_commitment(hash?, seed);
    match check {
        CommitmentCheck::Matches => {}
        CommitmentCheck::MatchesDecodedBytes => found.violations.push(Violation::CommitmentOfDecodedBytes),
        CommitmentCheck::Differs => found.violations.push(Violation::CommitmentDiffers),
    }
    Some(check)
}

fn check_rounds(game: Option<&GameType>, rounds: &mut [Round<'_>], formulas: &mut Formulas) {
    let mut budgets = blotto::Left::default();
    for round in rounds {
        match game {
            Some(GameType::Coinflip) => coinflip::check(round),
            Some(GameType::Rps) => rps::check(round),
            Some(GameType::HiLo) => hi_lo::check(round),
            Some(GameType::DiceDuel) => dice_duel::check(round),
            Some(GameType::HighCardDuel) => high_card_duel::check(round),
            Some(GameType::Crash) => crash::check(round, formulas),
            Some(GameType::Mines) => mines::check(round, formulas),
            Some(GameType::MathDuel) => math_duel::check(round),
            Some(GameType::ReactionRing) => reaction_ring::check(round, formulas),
            Some(GameType::Blotto) => blotto::check(round, &mut budgets),
            _ => round.basis = Basis::Open,
        }
    }
}

fn note_what_is_missing(evidence: &MatchEvidence, found: &mut Found) {
    if evidence.interrupted {
        found.note(Note::Interrupted);
    }
    if evidence.left_out > 0 {
        found.note(Note::Truncated { left_out: evidence.left_out });
    }
}

fn of_match(
    found: &Found,
    rounds: &[RoundCheck],
    commitment: Option<CommitmentCheck>,
    is_whole: bool,
) -> Verdict {
    let of_rounds = rounds.iter().flat_map(RoundCheck::violations);
    let why: Vec<Violation> = found.violations.iter().chain(of_rounds).cloned().collect();
    if !why.is_empty() {
        return Verdict::Violated { why };
    }
    let is_proven = commitment.is_some_and(CommitmentCheck::is_match);
    if is_whole && is_proven && rounds.iter().all(|round| round.verdict == Verdict::Verified) {
        Verdict::Verified
    } else {
        Verdict::Consistent
    }
}
