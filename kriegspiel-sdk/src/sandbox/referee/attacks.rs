//! What attacks what, and the geometry of the board. The tables are `cozy-chess`'s.

use cozy_chess::BitBoard;

use crate::model::{Color, PieceKind, Square, SquareSet};

pub(super) fn cozy_square(square: Square) -> cozy_chess::Square {
    // A square's index is below 64, which is all that this asks for.
    cozy_chess::Square::index(usize::from(square.index()))
}

pub(super) const fn cozy_color(color: Color) -> cozy_chess::Color {
    match color {
        Color::White => cozy_chess::Color::White,
        Color::Black => cozy_chess::Color::Black,
    }
}

pub(super) const fn from_cozy(squares: BitBoard) -> SquareSet {
    SquareSet::from_bits(squares.0)
}

/// The squares that a man attacks from a square: for a pawn, its two diagonals.
pub(super) fn attacks(color: Color, kind: PieceKind, from: Square, occupied: SquareSet) -> SquareSet {
    let (from, blockers) = (cozy_square(from), BitBoard(occupied.bits()));
    from_cozy(match kind {
        PieceKind::Pawn => cozy_chess::get_pawn_attacks(from, cozy_color(color)),
        PieceKind::Knight => cozy_chess::get_knight_moves(from),
        PieceKind::Bishop => cozy_chess::get_bishop_moves(from, blockers),
        PieceKind::Rook => cozy_chess::get_rook_moves(from, blockers),
        PieceKind::Queen => {
            cozy_chess::get_bishop_moves(from, blockers) | cozy_chess::get_rook_moves(from, blockers)
        }
        PieceKind::King => cozy_chess::get_king_moves(from),
    })
}

/// Where a pawn of this side is after one step. `None` on the last rank.
pub(super) const fn step(color: Color, from: Square) -> Option<Square> {
    from.offset(0, forward(color))
}

/// Where a pawn of this side is after two steps. `None` unless it stands where pawns start.
pub(super) const fn double_step(color: Color, from: Square) -> Option<Square> {
    if from.rank() == pawn_rank(color) { from.offset(0, 2 * forward(color)) } else { None }
}

pub(super) const fn forward(color: Color) -> i8 {
    match color {
        Color::White => 1,
        Color::Black => -1,
    }
}

/// The rank on which a side's pieces start: 0 or 7.
pub(super) const fn back_rank(color: Color) -> u8 {
    match color {
        Color::White => 0,
        Color::Black => 7,
    }
}

/// The rank on which a side's pawns start: 1 or 6.
pub(super) const fn pawn_rank(color: Color) -> u8 {
    match color {
        Color::White => 1,
        Color::Black => 6,
    }
}

/// Whether pawns are promoted here, and may not be dropped.
pub(super) const fn is_last_rank(square: Square) -> bool {
    matches!(square.rank(), 0 | 7)
}

/// The first and the last rank.
pub(super) const LAST_RANKS: SquareSet = SquareSet::from_bits(0xff00_0000_0000_00ff);
