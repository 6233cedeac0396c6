//! Round numbers, scores and histories: what holds from one round to the next, in every game.

use super::super::evidence::MatchEvidence;
use super::super::finding::{Note, Violation};
use super::Found;
use super::round::{Round, ToldWinner};
use crate::model::{GameType, Score, Side};

/// What the rounds came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// The rounds won, in the order that scores are told in. `None` where that is not known.
    pub(super) score: Option<Score>,
    pub(super) order: Order,
    pub(super) rounds_to_win: Option<i64>,
    /// Whether the numbers show that rounds are missing.
    pub(super) has_gap: bool,
}

/// The order of a told score. The spec does not say; its examples are in A and B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    SideA,
    MineFirst(Side),
}

impl Order {
    pub(super) fn sides(self, told: Score) -> Score {
        match self {
            Self::SideA | Self::MineFirst(Side::A) => told,
            Self::MineFirst(Side::B) => Score::new(told.b, told.a),
        }
    }
}

pub(super) fn check(evidence: &MatchEvidence, rounds: &mut [Round<'_>], found: &mut Found) -> Counted {
    for round in rounds.iter_mut() {
        if let Some(of_round) = round.seen.rewrites {
            round.violation(Violation::HistoryRewritten { of_round });
        }
        let message = round.number();
        for (within, told) in
            [("game_state", round.state.int("round")), ("result", round.result.int("round"))]
        {
            if let Some(told) = told.filter(|told| *told != i64::from(message)) {
                round.violation(Violation::RoundNumbersDiffer { within, message, told });
            }
        }
    }
    let has_gap = numbers(evidence, rounds, found);
    let rounds_to_win = rounds_to_win(evidence, rounds, found);

    let by_side = tally(evidence, rounds, Order::SideA, rounds_to_win);
    let mut best = by_side;
    if evidence.side == Some(Side::B) && !best.wrong.is_empty() {
        let mine_first = tally(evidence, rounds, Order::MineFirst(Side::B), rounds_to_win);
        if mine_first.wrong.is_empty() {
            found.note(Note::ScoreIsMineFirst);
            best = mine_first;
        }
    }
    for (index, violation) in best.wrong {
        if let Some(round) = rounds.get_mut(index) {
            round.violation(violation);
        }
    }
    if !evidence.interrupted {
        for index in best.played_on {
            if let Some(round) = rounds.get_mut(index) {
                round.violation(Violation::PlayedOn);
            }
        }
    }
    Counted { score: best.counted, order: best.order, rounds_to_win, has_gap }
}

/// Returns whether rounds are missing.
fn numbers(evidence: &MatchEvidence, rounds: &mut [Round<'_>], found: &mut Found) -> bool {
    let mut has_gap = false;
    let mut before: Option<(u32, ToldWinner)> = None;
    for round in rounds.iter_mut().filter(|round| round.seen.resolved) {
        let told = round.number();
        match before {
            None if told != 1 => {
                has_gap = true;
                found.note(Note::BeganLate { round: told });
            }
            None => {}
            Some((after, winner)) => {
                let was_tie = winner == ToldWinner::Nobody;
                let may_be_tie = was_tie || matches!(winner, ToldWinner::NotTold | ToldWinner::Other);
                if after.checked_add(1) == Some(told) {
                    if was_tie {
                        found.note(Note::TieTakesTheNextNumber);
                    }
                } else if told == after && may_be_tie {
                    found.note(Note::TieKeepsItsNumber);
                } else {
                    has_gap = true;
                    if !evidence.interrupted {
                        round.violation(Violation::RoundOutOfOrder { after, told });
                    }
                }
            }
        }
        before = Some((told, round.winner.clone()));
    }
    has_gap
}

/// How many won rounds win the match: what the states tell, or else what is documented.
fn rounds_to_win(evidence: &MatchEvidence, rounds: &mut [Round<'_>], found: &mut Found) -> Option<i64> {
    const FIELD: &str = "rounds_to_win";
    let documented = evidence.game_type.as_ref().and_then(GameType::rounds_to_win).map(i64::from);
    let mut first = None;
    for round in rounds {
        let Some(told) = round.state.int(FIELD) else { continue };
        match first {
            None => first = Some(told),
            Some(first) if first != told => {
                round.violation(Violation::RoundsToWinChanged { first, later: told });
            }
            Some(_) => {}
        }
    }
    if let (Some(told), Some(documented)) = (first, documented)
        && told != documented
    {
        let (told, documented) = (told.to_string(), documented.to_string());
        found.note(Note::OtherRules { field: FIELD, told, documented });
    }
    first.or(documented)
}

struct Tally {
    counted: Option<Score>,
    order: Order,
    wrong: Vec<(usize, Violation)>,
    played_on: Vec<usize>,
}

/// Counts the rounds won and lays every told score beside it.
fn tally(evidence: &MatchEvidence, rounds: &[Round<'_>], order: Order, rounds_to_win: Option<i64>) -> Tally {
    let began_late = rounds.first().is_some_and(|first| first.number() != 1);
    let counted = (!began_late).then_some(Score::new(0, 0));
    let mut tally = Tally { counted, order, wrong: Vec::new(), played_on: Vec::new() };
    for (index, round) in rounds.iter().enumerate() {
        tally.told(evidence, index, round.state.pair("score").map(Score::from));
        if !round.seen.resolved {
            continue;
        }
        if let (Some(score), Some(to_win)) = (tally.counted, rounds_to_win)
            && i64::from(score.a.max(score.b)) >= to_win
        {
            tally.played_on.push(index);
        }
        match (&round.winner, &mut tally.counted) {
            (ToldWinner::Side(Side::A), Some(score)) => score.a = score.a.saturating_add(1),
            (ToldWinner::Side(Side::B), Some(score)) => score.b = score.b.saturating_add(1),
            (ToldWinner::NotTold | ToldWinner::Other, counted) => *counted = None,
            _ => {}
        }
        tally.told(evidence, index, round.seen.score);
    }
    tally
}

impl Tally {
    fn told(&mut self, evidence: &MatchEvidence, index: usize, told: Option<Score>) {
        let Some(told) = told else { return };
        let by_side = self.order.sides(told);
        match self.counted {
            Some(counted) if counted != by_side && !evidence.interrupted => {
                self.wrong.push((index, Violation::WrongScore { told, counted }));
            }
            // Where messages may be missing, the server's word is what is counted on from.
            _ => self.counted = Some(by_side),
        }
    }
}
