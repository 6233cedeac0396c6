//! How a game ends on the board.

use super::board::Board;
use super::position::Position;
use crate::model::{ActionSurface, Color, EndReason, PieceKind, SpecialAnnouncement, SquareSet, Stalemate};

/// At so many moves of both sides without capture or pawn move the game is drawn. No other number of moves or repetitions
/// ends one.
pub(super) const REVERSIBLE_MOVES: u32 = 2000;

/// How the last move ended the game. `None` when it goes on.
pub(super) fn ending(
    position: &Position,
    surface: &ActionSurface,
) -> Option<(SpecialAnnouncement, EndReason)> {
    let board = position.board();
    let stuck = !board.has_legal_move();
    let in_check = !board.checkers().is_empty();
    if stuck && !in_check {
        let special = match (surface.stalemate, board.turn()) {
            (Stalemate::Draw, _) => SpecialAnnouncement::DrawStalemate,
            (Stalemate::Loses, Color::White) => SpecialAnnouncement::StalemateBlackWins,
            (Stalemate::Loses, Color::Black) => SpecialAnnouncement::StalemateWhiteWins,
        };
        return Some((special, EndReason::Stalemate));
    }
    if nobody_can_win(board) {
        return Some((SpecialAnnouncement::DrawInsufficient, EndReason::Insufficient));
    }
    if stuck {
        let special = match board.turn() {
            Color::White => SpecialAnnouncement::CheckmateBlackWins,
            Color::Black => SpecialAnnouncement::CheckmateWhiteWins,
        };
        return Some((special, EndReason::Checkmate));
    }
    (position.halfmoves() == REVERSIBLE_MOVES)
        .then_some((SpecialAnnouncement::DrawTooManyReversibleMoves, EndReason::TooManyReversibleMoves))
}

fn nobody_can_win(board: &dyn Board) -> bool {
    let Some(pockets) = board.pockets() else {
        return Color::BOTH.into_iter().all(|color| !can_win(board, color));
    };
    // Men that can be dropped do not leave the game. Three men are two kings and one more.
    let men = board.men(Color::White) | board.men(Color::Black);
    pockets.white.total() == 0
        && pockets.black.total() == 0
        && men.len() <= 3
        && board.promoted().is_empty()
        && MATING.into_iter().all(|kind| of_both(board, kind).is_empty())
}

/// Each of these is enough to mate, with time.
const MATING: [PieceKind; 3] = [PieceKind::Pawn, PieceKind::Rook, PieceKind::Queen];

fn of_both(board: &dyn Board, kind: PieceKind) -> SquareSet {
    board.pieces(Color::White, kind) | board.pieces(Color::Black, kind)
}

/// Whether there is any way for a side to give mate, however badly the other one plays.
fn can_win(board: &dyn Board, color: Color) -> bool {
    /// The squares of a1's colour.
    const DARK: SquareSet = SquareSet::from_bits(0xaa55_aa55_aa55_aa55);

    let own = |kind| board.pieces(color, kind);
    let all = |kind| of_both(board, kind);
    if MATING.into_iter().any(|kind| !own(kind).is_empty()) {
        return true;
    }
    if !own(PieceKind::Knight).is_empty() {
        let other = board.men(!color)
            - board.pieces(!color, PieceKind::King)
            - board.pieces(!color, PieceKind::Queen);
        return board.men(color).len() > 2 || !other.is_empty();
    }
    if !own(PieceKind::Bishop).is_empty() {
        let bishops = all(PieceKind::Bishop);
        let one_colour = (bishops & DARK).is_empty() || (bishops - DARK).is_empty();
        return !one_colour || !all(PieceKind::Pawn).is_empty() || !all(PieceKind::Knight).is_empty();
    }
    false
}
