//! What the news of pawn captures say.

use super::geometry::{ahead, pawn_attacks};
use super::occupants::Occupants;
use super::tracker::Tracker;
use crate::model::{PawnNews, PieceKind, Square, SquareSet};

impl Tracker {
    /// The diagonals of the own pawns that own men leave free: from, to.
    fn own_diagonals(&self) -> Vec<(Square, Square)> {
        let pawns = self.own.squares(|man| man == Some(PieceKind::Pawn));
        let diagonals = |from: Square| pawn_attacks(self.color, from).map(move |to| (from, to));
        pawns.iter().flat_map(diagonals).filter(|(_, to)| self.own.at(*to).is_none()).collect()
    }

    /// The own pawns have these legal captures: told before the turn, or as the answer to Any?.
    pub(super) fn own_pawn_news(&mut self, news: PawnNews) {
        let diagonals = self.own_diagonals();
        let mut possible: Vec<(Square, Square)> = diagonals.clone();
        possible.retain(|(_, to)| self.may.at(*to).may_be_occupied() || self.passed_over.contains(*to));
        match news {
            PawnNews::NoCaptures | PawnNews::Tries(0) => self.no_captures(&diagonals),
            PawnNews::HasCapture => {
                let goals: SquareSet = possible.iter().map(|(_, to)| *to).collect();
                if goals.is_empty() {
                    self.contradiction();
                } else if goals.len() == 1 {
                    self.captured_on(goals);
                }
            }
            PawnNews::Tries(count) => match possible.len().cmp(&usize::try_from(count).unwrap_or(usize::MAX))
            {
                std::cmp::Ordering::Less => self.contradiction(),
                std::cmp::Ordering::Equal => self.captured_on(possible.iter().map(|(_, to)| *to).collect()),
                std::cmp::Ordering::Greater => {}
            },
            PawnNews::TriesFrom(pawns) => {
                let others: Vec<_> =
                    diagonals.into_iter().filter(|(from, _)| !pawns.contains(*from)).collect();
                self.no_captures(&others);
                for pawn in pawns.iter() {
                    let goals: SquareSet =
                        possible.iter().filter(|(from, _)| *from == pawn).map(|(_, to)| *to).collect();
                    if goals.is_empty() {
                        self.contradiction();
                    } else if goals.len() == 1 {
                        self.captured_on(goals);
                    }
                }
            }
        }
    }

    /// On each of these a pawn captures: a man stands there, unless it is taken en passant.
    fn captured_on(&mut self, goals: SquareSet) {
        for to in (goals - self.passed_over).iter() {
            self.restrict(to, Occupants::MEN);
        }
    }

    /// None of these captures is legal: where the own king would surely be safe after it, there is nothing to capture.
    fn no_captures(&mut self, diagonals: &[(Square, Square)]) {
        for &(from, to) in diagonals {
            if self.king_is_safe_after(Some(from), to, PieceKind::Pawn) {
                self.restrict(to, Occupants::EMPTY);
                // Nor en passant, if it uncovers nothing: that is left open, since it also takes a man away.
            }
        }
    }

    /// The opponent's pawns have these legal captures.
    pub(super) fn their_pawn_news(&mut self, news: PawnNews) {
        let pawn = Occupants::of(PieceKind::Pawn);
        let them = !self.color;
        let goals = self.own_men();
        let landing = self.just_passed.and_then(|square| square.offset(0, ahead(them)));
        let mut possible: Vec<(Square, Square)> = Vec::new();
        for from in self.may_hold(PieceKind::Pawn).iter() {
            let takes = pawn_attacks(them, from).filter(|to| goals.contains(*to) || landing == Some(*to));
            possible.extend(takes.map(|to| (from, to)));
        }
        let sources: SquareSet = possible.iter().map(|(from, _)| *from).collect();
        match news {
            PawnNews::TriesFrom(squares) => {
                for square in squares.iter() {
                    self.restrict(square, pawn);
                }
            }
            PawnNews::HasCapture if sources.len() == 1 => {
                for square in sources.iter() {
                    self.restrict(square, pawn);
                }
            }
            PawnNews::Tries(count) if usize::try_from(count).is_ok_and(|count| count == possible.len()) => {
                for square in sources.iter() {
                    self.restrict(square, pawn);
                }
            }
            // That there is none says little: pawns may be pinned, or their king in check.
            PawnNews::NoCaptures | PawnNews::HasCapture | PawnNews::Tries(_) => {}
        }
    }
}
