//! Castling: the squares of it, and the rights.

use super::attacks::back_rank;
use crate::model::{Color, Square, SquareSet, UciMove};

/// On which side of the king.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wing {
    /// With the rook of the h-file.
    Short,
    /// With the rook of the a-file.
    Long,
}

/// Which castling a side still may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rights {
    pub(super) short: bool,
    pub(super) long: bool,
}

impl Rights {
    pub(super) const fn has(self, wing: Wing) -> bool {
        match wing {
            Wing::Short => self.short,
            Wing::Long => self.long,
        }
    }

    pub(super) const fn set(&mut self, wing: Wing, right: bool) {
        match wing {
            Wing::Short => self.short = right,
            Wing::Long => self.long = right,
        }
    }
}

/// The squares of a castling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Castling {
    pub(super) wing: Wing,
    pub(super) king_from: Square,
    pub(super) king_to: Square,
    pub(super) rook_from: Square,
    pub(super) rook_to: Square,
    /// Between king and rook: no man may stand here.
    pub(super) between: SquareSet,
}

impl Wing {
    pub(super) const BOTH: [Self; 2] = [Self::Short, Self::Long];

    /// The letter in a FEN.
    pub(super) const fn letter(self, color: Color) -> char {
        match (color, self) {
            (Color::White, Self::Short) => 'K',
            (Color::White, Self::Long) => 'Q',
            (Color::Black, Self::Short) => 'k',
            (Color::Black, Self::Long) => 'q',
        }
    }

    /// The squares of it.
    pub(super) fn castling(self, color: Color) -> Option<Castling> {
        let on = |file| Square::new(file, back_rank(color));
        let (king_to, rook_from, rook_to, between) = match self {
            Self::Short => (6, 7, 5, 5..7),
            Self::Long => (2, 0, 3, 1..4),
        };
        Some(Castling {
            wing: self,
            king_from: on(4)?,
            king_to: on(king_to)?,
            rook_from: on(rook_from)?,
            rook_to: on(rook_to)?,
            between: between.filter_map(on).collect(),
        })
    }

    /// The castling of a king's move over two files from its first square.
    pub(super) fn of_king_move(color: Color, uci: UciMove) -> Option<Castling> {
        Self::BOTH
            .into_iter()
            .filter_map(|wing| wing.castling(color))
            .find(|castling| uci.from() == Some(castling.king_from) && uci.to() == castling.king_to)
    }
}
