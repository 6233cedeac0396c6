//! What a refusal says; and which moves are known to be legal, or not to be.

use super::geometry::pawn_attacks;
use super::occupants::Occupants;
use super::tracker::Tracker;
use crate::model::{PieceKind, Square, SquareSet, UciMove};

/// What is known of a move before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Legality {
    /// It is legal on the true board.
    Legal,
    /// It is not.
    Illegal,
    /// Nobody can say.
    Unknown,
}

/// How an own move is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Piece,
    PawnStep,
    PawnCapture,
    Castling,
    Drop,
}

impl Tracker {
    fn manner(&self, uci: UciMove) -> Option<(Manner, PieceKind)> {
        if let Some(kind) = uci.dropped() {
            return Some((Manner::Drop, kind));
        }
        let from = uci.from()?;
        let kind = self.own.at(from)?;
        let files = from.file().abs_diff(uci.to().file());
        let manner = match kind {
            PieceKind::Pawn if files == 0 => Manner::PawnStep,
            PieceKind::Pawn => Manner::PawnCapture,
            PieceKind::King if files == 2 => Manner::Castling,
            _ => Manner::Piece,
        };
        Some((manner, kind))
    }

    /// Whether the own king is surely not attacked after a man moved, whatever it captured. A capture en passant takes a man
    /// away elsewhere too, and is not meant.
    pub(super) fn king_is_safe_after(&self, from: Option<Square>, to: Square, kind: PieceKind) -> bool {
        let mut own = self.own.clone();
        if let Some(from) = from {
            own.set(from, None);
        }
        own.set(to, Some(kind));
        let king = own.squares(|man| man == Some(PieceKind::King));
        king.iter().all(|king| !self.may_attack(king, &own)) && !king.is_empty()
    }

    /// Whether the king is surely not attacked where it stands, passes and arrives.
    fn castling_is_safe(&self, from: Square, to: Square) -> bool {
        let ranks = from.file().min(to.file())..=from.file().max(to.file());
        ranks.filter_map(|file| Square::new(file, from.rank())).all(|square| {
            square == from && !self.may_be_attacked(from) || {
                square != from && self.king_is_safe_after(Some(from), square, PieceKind::King)
            }
        })
    }

    /// An own try was refused.
    pub(super) fn refused(&mut self, uci: UciMove) {
        let Some((manner, kind)) = self.manner(uci) else { return };
        let to = uci.to();
        let safe = match (manner, uci.from()) {
            (Manner::Castling, Some(from)) => self.castling_is_safe(from, to),
            (_, from) => self.king_is_safe_after(from, to, kind),
        };
        if !safe {
            return; // The king may be the reason.
        }
        let path = self.path(uci, kind);
        match manner {
            // What cannot be reached over free squares is not refused for them.
            Manner::Piece if path.is_empty() => self.contradiction(),
            Manner::Piece | Manner::Castling => self.at_least_one(path),
            Manner::PawnStep => {
                let mut path = path;
                path.insert(to);
                self.at_least_one(path);
            }
            Manner::PawnCapture => self.restrict(to, Occupants::EMPTY),
            Manner::Drop => self.restrict(to, Occupants::MEN),
        }
    }

    /// Whether a move is known to be legal, or known not to be, in the own turn. One that is not among the allowed moves is
    /// not judged.
    pub fn legality(&self, uci: UciMove) -> Legality {
        let Some((manner, kind)) = self.manner(uci) else { return Legality::Unknown };
        let to = uci.to();
        let must = self.must_be_occupied();
        let path = self.path(uci, kind);
        let blocked = !(path & must).is_empty()
            || matches!(manner, Manner::PawnStep | Manner::Drop) && must.contains(to)
            || manner == Manner::PawnCapture
                && !self.may.at(to).may_be_occupied()
                && !self.passed_over.contains(to);
        if blocked || self.leaves_check(uci, manner, kind) {
            return Legality::Illegal;
        }
        let may = self.may_be_occupied();
        let free = (path & may).is_empty();
        let arrives = match manner {
            Manner::Piece | Manner::Castling => true,
            Manner::PawnStep | Manner::Drop => !may.contains(to),
            Manner::PawnCapture => must.contains(to),
        };
        let safe = || match (manner, uci.from()) {
            (Manner::Castling, Some(from)) => self.castling_is_safe(from, to),
            (_, from) => self.king_is_safe_after(from, to, kind),
        };
        // Its king is never captured.
        let capturable = self.may.at(to) != Occupants::of(PieceKind::King);
        if free && arrives && capturable && safe() { Legality::Legal } else { Legality::Unknown }
    }

    /// Whether a move surely leaves the own king in an announced check.
    fn leaves_check(&self, uci: UciMove, manner: Manner, kind: PieceKind) -> bool {
        if self.checks.is_empty() {
            return false;
        }
        match kind {
            PieceKind::King => manner == Manner::Castling,
            _ if self.in_double_check => true,
            // The pawn that gives check may be taken in passing.
            PieceKind::Pawn if manner == Manner::PawnCapture && self.passed_over.contains(uci.to()) => false,
            _ => !self.checks.iter().all(|line| line.squares().contains(uci.to())),
        }
    }

    /// Whether a move of an own pawn goes along its diagonal.
    pub fn is_pawn_capture(&self, uci: UciMove) -> bool {
        matches!(self.manner(uci), Some((Manner::PawnCapture, _)))
    }

    /// Whether a move may capture: a man may stand on its goal, or be taken in passing.
    pub fn may_capture(&self, uci: UciMove) -> bool {
        let passing = self.is_pawn_capture(uci) && self.passed_over.contains(uci.to());
        !uci.is_drop() && !self.is_pawn_step(uci) && (self.may.at(uci.to()).may_be_occupied() || passing)
    }

    fn is_pawn_step(&self, uci: UciMove) -> bool {
        matches!(self.manner(uci), Some((Manner::PawnStep, _)))
    }

    /// Whether a move captures, if it is legal.
    pub fn must_capture(&self, uci: UciMove) -> bool {
        let pawn = self.is_pawn_capture(uci);
        pawn || !uci.is_drop() && !self.is_pawn_step(uci) && !self.may.at(uci.to()).may_be_empty()
    }

    /// The squares that an own man attacks, as far as own men and men that must be there let it.
    pub fn attacks_of(&self, from: Square) -> SquareSet {
        let Some(kind) = self.own.at(from) else { return SquareSet::EMPTY };
        let mut squares = SquareSet::EMPTY;
        if kind == PieceKind::Pawn {
            squares.extend(pawn_attacks(self.color, from));
        }
        squares.extend(
            super::geometry::steps(kind).iter().filter_map(|&(files, ranks)| from.offset(files, ranks)),
        );
        for &direction in super::geometry::slides(kind) {
            for square in super::geometry::ray(from, direction) {
                squares.insert(square);
                if self.own.at(square).is_some() || !self.may.at(square).may_be_empty() {
                    break;
                }
            }
        }
        squares
    }
}
