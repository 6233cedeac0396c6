//! What every true board can be asked, whichever rules of chess it follows.

use super::attacks::{attacks, is_last_rank};
use super::castling::Wing;
use super::crazyhouse::Crazyhouse;
use super::orthodox::Orthodox;
use super::sides::Sides;
use crate::model::{Color, Man, PieceKind, Reserve, Square, SquareSet, UciMove};

/// A true board: men, side to move, castling, en passant, and what is legal.
pub(super) trait Board {
    fn turn(&self) -> Color;

    fn men(&self, color: Color) -> SquareSet;

    fn pieces(&self, color: Color, kind: PieceKind) -> SquareSet;

    /// The squares of men that were pawns once, where that is remembered.
    fn promoted(&self) -> SquareSet;

    /// What both sides can drop, where men are dropped.
    fn pockets(&self) -> Option<&Sides<Reserve>>;

    /// The square behind a pawn that has just made two steps, whether or not it can be taken.
    fn en_passant(&self) -> Option<Square>;

    fn may_castle(&self, color: Color, wing: Wing) -> bool;

    /// The men that give check to the side to move.
    fn checkers(&self) -> SquareSet;

    /// Whether a move that is askable at the start of a turn is legal.
    fn is_legal(&self, uci: UciMove) -> bool;

    fn has_legal_move(&self) -> bool;

    /// Makes a legal move.
    fn play(&mut self, uci: UciMove);

    fn man_at(&self, square: Square) -> Option<Man> {
        let color = Color::BOTH.into_iter().find(|color| self.men(*color).contains(square))?;
        let kind = PieceKind::ALL.into_iter().find(|kind| self.pieces(color, *kind).contains(square))?;
        Some(Man { color, kind, promoted: self.promoted().contains(square) })
    }

    /// What a legal move captures.
    fn taken_by(&self, uci: UciMove) -> Option<Taken> {
        let (from, to) = (uci.from()?, uci.to());
        let mover = self.turn();
        if let Some(man) = self.man_at(to).filter(|man| man.color != mover) {
            return Some(Taken { at: to, man, en_passant: false });
        }
        let by_pawn = self.pieces(mover, PieceKind::Pawn).contains(from) && from.file() != to.file();
        let at = Square::new(to.file(), from.rank()).filter(|_| by_pawn)?;
        Some(Taken { at, man: self.man_at(at)?, en_passant: true })
    }

    /// The legal pawn captures of the side to move, those that promote counted once. A reserve has none.
    fn legal_pawn_captures(&self) -> PawnCaptures {
        let mover = self.turn();
        let mut targets = self.men(!mover);
        targets.extend(self.en_passant());
        let mut captures = PawnCaptures::default();
        for from in self.pieces(mover, PieceKind::Pawn).iter() {
            for to in (attacks(mover, PieceKind::Pawn, from, SquareSet::EMPTY) & targets).iter() {
                let uci = UciMove::new(from, to);
                let uci =
                    if is_last_rank(to) { uci.and_then(|uci| uci.promoting(PieceKind::Queen)) } else { uci };
                if uci.is_some_and(|uci| self.is_legal(uci)) {
                    captures.count += 1;
                    captures.sources.insert(from);
                }
            }
        }
        captures
    }
}

/// A captured man.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// Where it stood.
    pub(super) at: Square,
    pub(super) man: Man,
    pub(super) en_passant: bool,
}

/// The legal pawn captures of a side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PawnCaptures {
    /// How many pairs of squares.
    pub(super) count: u32,
    /// From where.
    pub(super) sources: SquareSet,
}

/// One of the two boards.
#[derive(Debug, Clone)]
pub(super) enum TrueBoard {
    Orthodox(Orthodox),
    Crazyhouse(Crazyhouse),
}

impl TrueBoard {
    pub(super) fn get(&self) -> &dyn Board {
        match self {
            Self::Orthodox(board) => board,
            Self::Crazyhouse(board) => board,
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut dyn Board {
        match self {
            Self::Orthodox(board) => board,
            Self::Crazyhouse(board) => board,
        }
    }
}
