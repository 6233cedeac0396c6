//! Lines and steps on the board.

use crate::model::{Color, PieceKind, SpecialAnnouncement, Square, SquareSet};

pub(super) const STRAIGHT: [(i8, i8); 4] = [(0, 1), (1, 0), (0, -1), (-1, 0)];
pub(super) const DIAGONAL: [(i8, i8); 4] = [(1, 1), (1, -1), (-1, -1), (-1, 1)];
const ALL: [(i8, i8); 8] = [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1)];
const KNIGHT: [(i8, i8); 8] = [(1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2)];

/// The directions in which a piece slides. None for the others.
pub(crate) const fn slides(kind: PieceKind) -> &'static [(i8, i8)] {
    match kind {
        PieceKind::Bishop => &DIAGONAL,
        PieceKind::Rook => &STRAIGHT,
        PieceKind::Queen => &ALL,
        PieceKind::Pawn | PieceKind::Knight | PieceKind::King => &[],
    }
}

/// The single steps of a knight or king. None for the others.
pub(crate) const fn steps(kind: PieceKind) -> &'static [(i8, i8)] {
    match kind {
        PieceKind::Knight => &KNIGHT,
        PieceKind::King => &ALL,
        PieceKind::Pawn | PieceKind::Bishop | PieceKind::Rook | PieceKind::Queen => &[],
    }
}

/// The squares of a direction, from the next one to the edge.
pub(crate) fn ray(from: Square, (files, ranks): (i8, i8)) -> impl Iterator<Item = Square> {
    std::iter::successors(from.offset(files, ranks), move |square| square.offset(files, ranks))
}

/// One rank ahead, for a side.
pub(crate) const fn ahead(color: Color) -> i8 {
    match color {
        Color::White => 1,
        Color::Black => -1,
    }
}

/// A rank as a side counts it: 0 is its own first.
pub(crate) const fn rank_for(color: Color, square: Square) -> u8 {
    match color {
        Color::White => square.rank(),
        Color::Black => 7 - square.rank(),
    }
}

/// The squares that a pawn attacks.
pub(crate) fn pawn_attacks(color: Color, from: Square) -> impl Iterator<Item = Square> {
    [-1, 1].into_iter().filter_map(move |files| from.offset(files, ahead(color)))
}

/// The squares between two on one line, both left out. Empty where there is no line, and for neighbours.
pub(crate) fn between(a: Square, b: Square) -> SquareSet {
    let step = |x: u8, y: u8| match x.cmp(&y) {
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => -1,
    };
    let direction = (step(a.file(), b.file()), step(a.rank(), b.rank()));
    let (files, ranks) = (a.file().abs_diff(b.file()), a.rank().abs_diff(b.rank()));
    if a == b || (files != ranks && files != 0 && ranks != 0) {
        return SquareSet::EMPTY;
    }
    ray(a, direction).take_while(|square| *square != b).collect()
}

/// Kinds of checks as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CheckKinds(u8);

impl CheckKinds {
    pub(super) const NONE: Self = Self(0);
    pub(super) const FILE: Self = Self(1);
    pub(super) const RANK: Self = Self(2);
    pub(super) const LONG: Self = Self(4);
    pub(super) const SHORT: Self = Self(8);
    pub(super) const KNIGHT: Self = Self(16);

    /// The single kinds that were announced.
    pub(super) fn announced(specials: &[SpecialAnnouncement]) -> Self {
        specials.iter().map(Self::of).fold(Self::NONE, Self::or)
    }

    fn of(special: &SpecialAnnouncement) -> Self {
        match special {
            SpecialAnnouncement::CheckFile => Self::FILE,
            SpecialAnnouncement::CheckRank => Self::RANK,
            SpecialAnnouncement::CheckLongDiagonal => Self::LONG,
            SpecialAnnouncement::CheckShortDiagonal => Self::SHORT,
            SpecialAnnouncement::CheckKnight => Self::KNIGHT,
            _ => Self::NONE,
        }
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kind of a check along a direction, to a king on a square.
    pub(super) const fn along((files, ranks): (i8, i8), king: Square) -> Self {
        if files == 0 {
            Self::FILE
        } else if ranks == 0 {
            Self::RANK
        } else {
            // In the quarters a1-d4 and e5-h8 the diagonal that rises to the right is the long one.
            let rises = (files > 0) == (ranks > 0);
            let rising_is_long = (king.file() < 4) == (king.rank() < 4);
            if rises == rising_is_long { Self::LONG } else { Self::SHORT }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(text: &str) -> Square {
        text.parse().unwrap()
    }

    #[test]
    fn lines_between_squares() {
        for (a, b, squares) in [
            ("a1", "d4", "{b2, c3}"),
            ("d4", "a1", "{b2, c3}"),
            ("h1", "h4", "{h2, h3}"),
            ("a5", "c5", "{b5}"),
            ("a1", "b3", "{}"),
            ("a1", "a2", "{}"),
            ("a1", "c4", "{}"),
            ("a1", "a1", "{}"),
        ] {
            assert_eq!(format!("{:?}", between(square(a), square(b))), squares, "{a} {b}");
        }
    }

    #[test]
    fn long_and_short_diagonals_in_each_quarter() {
        for (king, rising, falling) in [
            ("b2", CheckKinds::LONG, CheckKinds::SHORT),
            ("g7", CheckKinds::LONG, CheckKinds::SHORT),
            ("b7", CheckKinds::SHORT, CheckKinds::LONG),
            ("g2", CheckKinds::SHORT, CheckKinds::LONG),
        ] {
            assert_eq!(CheckKinds::along((1, 1), square(king)), rising, "{king}");
            assert_eq!(CheckKinds::along((-1, -1), square(king)), rising, "{king}");
            assert_eq!(CheckKinds::along((1, -1), square(king)), falling, "{king}");
        }
    }
}
