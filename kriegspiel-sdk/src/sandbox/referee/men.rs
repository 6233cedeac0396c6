//! Where the men of both sides stand, however many they are.

use super::attacks::attacks;
use super::sides::Sides;
use crate::model::{Color, Man, PieceKind, Square, SquareSet};

/// Where the men of both sides stand, and which of them were pawns once. It is small enough to be copied for a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Men {
    sides: Sides<SquareSet>,
    pawns: SquareSet,
    knights: SquareSet,
    bishops: SquareSet,
    rooks: SquareSet,
    queens: SquareSet,
    kings: SquareSet,
    promoted: SquareSet,
}

impl Men {
    pub(super) fn occupied(&self) -> SquareSet {
        self.sides.white | self.sides.black
    }

    pub(super) const fn of(&self, color: Color) -> SquareSet {
        *self.sides.of(color)
    }

    pub(super) fn pieces(&self, color: Color, kind: PieceKind) -> SquareSet {
        self.of(color) & *self.kind(kind)
    }

    pub(super) const fn promoted(&self) -> SquareSet {
        self.promoted
    }

    pub(super) fn put(&mut self, square: Square, man: Man) {
        self.take(square);
        self.sides.of_mut(man.color).insert(square);
        self.kind_mut(man.kind).insert(square);
        if man.promoted {
            self.promoted.insert(square);
        }
    }

    pub(super) fn take(&mut self, square: Square) {
        let PieceSets { sides: [white, black], kinds } = self.sets();
        white.remove(square);
        black.remove(square);
        kinds.into_iter().for_each(|set| set.remove(square));
    }

    /// The men of one side that attack a square.
    pub(super) fn attackers(&self, square: Square, by: Color) -> SquareSet {
        // A man attacks what it would be attacked from.
        PieceKind::ALL.into_iter().fold(SquareSet::EMPTY, |found, kind| {
            found | (attacks(!by, kind, square, self.occupied()) & self.pieces(by, kind))
        })
    }

    pub(super) fn king(&self, color: Color) -> Option<Square> {
        self.pieces(color, PieceKind::King).iter().next()
    }

    const fn kind(&self, kind: PieceKind) -> &SquareSet {
        match kind {
            PieceKind::Pawn => &self.pawns,
            PieceKind::Knight => &self.knights,
            PieceKind::Bishop => &self.bishops,
            PieceKind::Rook => &self.rooks,
            PieceKind::Queen => &self.queens,
            PieceKind::King => &self.kings,
        }
    }

    const fn kind_mut(&mut self, kind: PieceKind) -> &mut SquareSet {
        match kind {
            PieceKind::Pawn => &mut self.pawns,
            PieceKind::Knight => &mut self.knights,
            PieceKind::Bishop => &mut self.bishops,
            PieceKind::Rook => &mut self.rooks,
            PieceKind::Queen => &mut self.queens,
            PieceKind::King => &mut self.kings,
        }
    }

    const fn sets(&mut self) -> PieceSets<'_> {
        PieceSets {
            sides: [&mut self.sides.white, &mut self.sides.black],
            kinds: [
                &mut self.pawns,
                &mut self.knights,
                &mut self.bishops,
                &mut self.rooks,
                &mut self.queens,
                &mut self.kings,
                &mut self.promoted,
            ],
        }
    }
}

struct PieceSets<'a> {
    sides: [&'a mut SquareSet; 2],
    kinds: [&'a mut SquareSet; 7],
}
