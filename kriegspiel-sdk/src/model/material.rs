//! What is public of the men: how many are left, how many pawns were taken, and what stands in reserve.

use super::open_struct::open_struct;
use super::{Color, PieceKind};

open_struct! {
    /// How many men each side has left.
    pub struct MaterialSummary {
        /// White's.
        pub white: Material,
        /// Black's.
        pub black: Material,
    }
}

impl MaterialSummary {
    /// One side's.
    pub fn of(&self, color: Color) -> &Material {
        match color {
            Color::White => &self.white,
            Color::Black => &self.black,
        }
    }
}

open_struct! {
    /// One side's men.
    pub struct Material {
        /// How many are left on the board. In crazykrieg they may be more than 16.
        pub pieces_remaining: u32,
        /// How many of this side's pawns were taken. `None` where the ruleset does not tell.
        pub pawns_captured: Option<u32>,
    }
}

open_struct! {
    /// The reserves of both sides: all zero outside crazykrieg.
    pub struct ReserveSummary {
        /// White's.
        pub white: Reserve,
        /// Black's.
        pub black: Reserve,
    }
}

impl ReserveSummary {
    /// One side's.
    pub fn of(&self, color: Color) -> &Reserve {
        match color {
            Color::White => &self.white,
            Color::Black => &self.black,
        }
    }
}

open_struct! {
    /// The men that one side can drop.
    #[derive(Eq, Default)]
    pub struct Reserve {
        /// How many pawns.
        pub pawns: u32,
        /// How many knights.
        pub knights: u32,
        /// How many bishops.
        pub bishops: u32,
        /// How many rooks.
        pub rooks: u32,
        /// How many queens.
        pub queens: u32,
    }
}

impl Reserve {
    /// How many of a kind. Kings are never in reserve.
    pub fn count(&self, kind: PieceKind) -> u32 {
        match kind {
            PieceKind::Pawn => self.pawns,
            PieceKind::Knight => self.knights,
            PieceKind::Bishop => self.bishops,
            PieceKind::Rook => self.rooks,
            PieceKind::Queen => self.queens,
            PieceKind::King => 0,
        }
    }

    /// How many in all.
    pub fn total(&self) -> u32 {
        PieceKind::ALL.into_iter().map(|kind| self.count(kind)).fold(0, u32::saturating_add)
    }

    pub(crate) fn count_mut(&mut self, kind: PieceKind) -> Option<&mut u32> {
        match kind {
            PieceKind::Pawn => Some(&mut self.pawns),
            PieceKind::Knight => Some(&mut self.knights),
            PieceKind::Bishop => Some(&mut self.bishops),
            PieceKind::Rook => Some(&mut self.rooks),
            PieceKind::Queen => Some(&mut self.queens),
            PieceKind::King => None,
        }
    }
}
