//! What may be asked at the start of a turn: what the own men could do if the opponent's did not exist, and the pawn
//! captures that the ruleset lets a player try.

use super::attacks::{LAST_RANKS, attacks, double_step, is_last_rank, step};
use super::board::Board;
use super::castling::Wing;
use crate::model::{PieceKind, Square, SquareSet, UciMove};

/// Which diagonals of the own pawns may be asked. En passant may always be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Diagonals {
    /// All that no own man stands on.
    All,
    /// Those of the pawns on these squares.
    From(SquareSet),
}

/// The moves that may be asked, in the order of their UCI texts.
pub(super) fn askable(board: &dyn Board, diagonals: Diagonals) -> Vec<UciMove> {
    // Drops are many, and made in order; a capital letter comes before every file.
    let mut moves = drops(board);
    let dropped = moves.len();
    board_moves(board, diagonals, &mut moves);
    if let Some(moves) = moves.get_mut(dropped..) {
        moves.sort_unstable_by_key(|uci| as_written(*uci));
    }
    moves
}

/// The moves of the men on the board, in no order.
pub(super) fn board_moves(board: &dyn Board, diagonals: Diagonals, moves: &mut Vec<UciMove>) {
    moves.reserve(64);
    pawn_moves(board, diagonals, moves);
    piece_moves(board, moves);
    castling(board, moves);
}

/// The drops, in the order of their UCI texts.
pub(super) fn drops(board: &dyn Board) -> Vec<UciMove> {
    use PieceKind::{Bishop, Knight, Pawn, Queen, Rook};

    let mut moves = Vec::new();
    let Some(pockets) = board.pockets() else { return moves };
    let free = !board.men(board.turn());
    let pocket = pockets.of(board.turn());
    for kind in [Bishop, Knight, Pawn, Queen, Rook].into_iter().filter(|kind| pocket.count(*kind) > 0) {
        let targets = if kind == Pawn { free - LAST_RANKS } else { free };
        let in_order = (0..8).flat_map(|file| (0..8).filter_map(move |rank| Square::new(file, rank)));
        let to = in_order.filter(|square| targets.contains(*square));
        moves.extend(to.filter_map(|to| UciMove::drop(kind, to)));
    }
    moves
}

fn pawn_moves(board: &dyn Board, diagonals: Diagonals, moves: &mut Vec<UciMove>) {
    let mover = board.turn();
    let own = board.men(mover);
    let en_passant = SquareSet::from_iter(board.en_passant());
    let free = |square: &Square| !own.contains(*square);
    for from in board.pieces(mover, PieceKind::Pawn).iter() {
        let mut targets = SquareSet::EMPTY;
        if let Some(one) = step(mover, from).filter(free) {
            targets.insert(one);
            targets.extend(double_step(mover, from).filter(free));
        }
        let open = match diagonals {
            Diagonals::All => true,
            Diagonals::From(sources) => sources.contains(from),
        };
        let ahead = attacks(mover, PieceKind::Pawn, from, SquareSet::EMPTY);
        targets = targets | if open { ahead - own } else { ahead & en_passant };
        for to in targets.iter() {
            let Some(uci) = UciMove::new(from, to) else { continue };
            if is_last_rank(to) {
                let pieces = PieceKind::ALL.into_iter().filter(|kind| kind.is_promotion());
                moves.extend(pieces.filter_map(|kind| uci.promoting(kind)));
            } else {
                moves.push(uci);
            }
        }
    }
}

fn piece_moves(board: &dyn Board, moves: &mut Vec<UciMove>) {
    let mover = board.turn();
    let own = board.men(mover);
    for kind in PieceKind::ALL.into_iter().filter(|kind| *kind != PieceKind::Pawn) {
        for from in board.pieces(mover, kind).iter() {
            let targets = attacks(mover, kind, from, own) - own;
            moves.extend(targets.iter().filter_map(|to| UciMove::new(from, to)));
        }
    }
}

fn castling(board: &dyn Board, moves: &mut Vec<UciMove>) {
    let mover = board.turn();
    let own = board.men(mover);
    for wing in Wing::BOTH.into_iter().filter(|wing| board.may_castle(mover, *wing)) {
        let free = wing.castling(mover).filter(|castling| (castling.between & own).is_empty());
        moves.extend(free.and_then(|castling| UciMove::new(castling.king_from, castling.king_to)));
    }
}

/// The bytes of the UCI text, as a number that sorts as the texts do.
fn as_written(uci: UciMove) -> u64 {
    let square = |square: Square| [b'a' + square.file(), b'1' + square.rank()];
    let letter = |kind: PieceKind| u8::try_from(kind.letter()).unwrap_or_default();
    let [first, second] = match (uci.from(), uci.dropped()) {
        (Some(from), _) => square(from),
        (None, dropped) => [dropped.map_or(0, letter), b'@'],
    };
    let [file, rank] = square(uci.to());
    let promotion = uci.promotion().map_or(0, |kind| letter(kind).to_ascii_lowercase());
    u64::from_be_bytes([first, second, file, rank, promotion, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_texts() {
        let texts =
            ["B@a1", "N@h8", "P@a2", "P@b1", "Q@e4", "a2a3", "a2b1", "a7a8b", "a7a8n", "a7a8q", "b1a1"];
        let mut moves: Vec<UciMove> = texts.iter().rev().map(|text| text.parse().unwrap()).collect();
        moves.sort_by_key(|uci| as_written(*uci));
        assert_eq!(moves.iter().map(ToString::to_string).collect::<Vec<_>>(), texts);
    }
}
