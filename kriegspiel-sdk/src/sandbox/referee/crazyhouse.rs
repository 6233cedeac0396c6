//! The board of crazykrieg: captured men change sides and are dropped, so a side may have more than 16 on the board.

use super::askable::{Diagonals, board_moves, drops};
use super::attacks::{attacks, back_rank, double_step, is_last_rank, step};
use super::board::Board;
use super::castling::{Castling, Rights, Wing};
use super::men::Men;
use super::position::Setup;
use super::sides::Sides;
use crate::model::{Color, Man, PieceKind, Reserve, Square, SquareSet, UciMove};

/// A board with a reserve for each side.
#[derive(Debug, Clone)]
pub(super) struct Crazyhouse {
    turn: Color,
    men: Men,
    pockets: Sides<Reserve>,
    rights: Sides<Rights>,
    en_passant: Option<Square>,
}

impl Crazyhouse {
    /// `None` when the men cannot stand so.
    pub(super) fn set_up(setup: &Setup<'_>) -> Option<Self> {
        let mut men = Men::default();
        for (square, man) in setup.board.iter() {
            men.put(square, man);
        }
        let pocket = |color| setup.board.reserve(color).cloned().unwrap_or_default();
        let board = Self {
            turn: setup.turn,
            men,
            pockets: Sides { white: pocket(Color::White), black: pocket(Color::Black) },
            rights: setup.rights,
            en_passant: setup.en_passant,
        };
        board.is_possible().then_some(board)
    }

    fn is_possible(&self) -> bool {
        let one_king = |color| self.men.pieces(color, PieceKind::King).len() == 1;
        let no_pawn_at_the_end = Color::BOTH
            .into_iter()
            .flat_map(|color| self.men.pieces(color, PieceKind::Pawn).iter())
            .all(|square| !is_last_rank(square));
        // Who has just moved has not left the king in check.
        let waiting_king = self.men.king(!self.turn);
        let safe = waiting_king.is_some_and(|king| self.men.attackers(king, self.turn).is_empty());
        Color::BOTH.into_iter().all(one_king) && no_pawn_at_the_end && safe
    }

    /// The men after a move that the rules for its man allow, whether or not it leaves the king in check. `None` for
    /// every other move.
    fn men_after(&self, uci: UciMove) -> Option<Men> {
        let (mover, to) = (self.turn, uci.to());
        let mut men = self.men;
        let Some(from) = uci.from() else {
            let kind = uci.dropped()?;
            let pawn_at_the_end = kind == PieceKind::Pawn && is_last_rank(to);
            if men.occupied().contains(to) || pawn_at_the_end || self.pockets.of(mover).count(kind) == 0 {
                return None;
            }
            men.put(to, Man { color: mover, kind, promoted: false });
            return Some(men);
        };
        let man = self.man_at(from).filter(|man| man.color == mover)?;
        if man.kind == PieceKind::King
            && let Some(castling) = Wing::of_king_move(mover, uci)
        {
            return self.men_after_castling(castling);
        }
        let promotes = man.kind == PieceKind::Pawn && is_last_rank(to);
        if !self.reaches(man, from, to) || promotes != uci.promotion().is_some() {
            return None;
        }
        if let Some(taken) = self.taken_by(uci) {
            men.take(taken.at);
        }
        men.take(from);
        men.put(
            to,
            match uci.promotion() {
                Some(kind) => Man { color: mover, kind, promoted: true },
                None => man,
            },
        );
        Some(men)
    }

    /// Whether a man gets there, all men of both sides considered.
    fn reaches(&self, man: Man, from: Square, to: Square) -> bool {
        let occupied = self.men.occupied();
        let attacked = attacks(man.color, man.kind, from, occupied).contains(to);
        if man.kind != PieceKind::Pawn {
            return attacked && !self.men.of(man.color).contains(to);
        }
        if from.file() != to.file() {
            return attacked && (self.men.of(!man.color).contains(to) || self.en_passant == Some(to));
        }
        let free = |square: &Square| !occupied.contains(*square);
        let Some(one) = step(man.color, from).filter(free) else { return false };
        to == one || (double_step(man.color, from) == Some(to) && free(&to))
    }

    fn men_after_castling(&self, castling: Castling) -> Option<Men> {
        let mover = self.turn;
        let Castling { wing, king_from, king_to, rook_from, rook_to, between } = castling;
        let passes = [king_from, rook_to, king_to];
        let may = self.rights.of(mover).has(wing)
            && (self.men.occupied() & between).is_empty()
            && passes.into_iter().all(|square| self.men.attackers(square, !mover).is_empty());
        if !may {
            return None;
        }
        let mut men = self.men;
        men.take(king_from);
        men.take(rook_from);
        men.put(king_to, Man { color: mover, kind: PieceKind::King, promoted: false });
        men.put(rook_to, Man { color: mover, kind: PieceKind::Rook, promoted: false });
        Some(men)
    }

    /// Castling rights end when king or rook leave their first squares, or the rook is captured there.
    fn touch(&mut self, square: Square) {
        for color in Color::BOTH.into_iter().filter(|color| square.rank() == back_rank(*color)) {
            for wing in Wing::BOTH {
                let touched = wing
                    .castling(color)
                    .is_some_and(|castling| square == castling.king_from || square == castling.rook_from);
                if touched {
                    self.rights.of_mut(color).set(wing, false);
                }
            }
        }
    }
}

impl Board for Crazyhouse {
    fn turn(&self) -> Color {
        self.turn
    }

    fn men(&self, color: Color) -> SquareSet {
        self.men.of(color)
    }

    fn pieces(&self, color: Color, kind: PieceKind) -> SquareSet {
        self.men.pieces(color, kind)
    }

    fn promoted(&self) -> SquareSet {
        self.men.promoted()
    }

    fn pockets(&self) -> Option<&Sides<Reserve>> {
        Some(&self.pockets)
    }

    fn en_passant(&self) -> Option<Square> {
        self.en_passant
    }

    fn may_castle(&self, color: Color, wing: Wing) -> bool {
        self.rights.of(color).has(wing)
    }

    fn checkers(&self) -> SquareSet {
        let king = self.men.king(self.turn);
        king.map_or(SquareSet::EMPTY, |king| self.men.attackers(king, !self.turn))
    }

    fn is_legal(&self, uci: UciMove) -> bool {
        self.men_after(uci).is_some_and(|men| {
            men.king(self.turn).is_some_and(|king| men.attackers(king, !self.turn).is_empty())
        })
    }

    fn has_legal_move(&self) -> bool {
        let mut moves = Vec::new();
        board_moves(self, Diagonals::All, &mut moves);
        moves.into_iter().any(|uci| self.is_legal(uci))
            || drops(self).into_iter().any(|uci| self.is_legal(uci))
    }

    fn play(&mut self, uci: UciMove) {
        let Some(men) = self.men_after(uci) else { return };
        let mover = self.turn;
        let taken = self.taken_by(uci);
        let pocket = self.pockets.of_mut(mover);
        if let Some(count) = uci.dropped().and_then(|kind| pocket.count_mut(kind)) {
            *count = count.saturating_sub(1);
        }
        if let Some(taken) = taken {
            let kind = if taken.man.promoted { PieceKind::Pawn } else { taken.man.kind };
            if let Some(count) = pocket.count_mut(kind) {
                *count = count.saturating_add(1);
            }
        }
        self.en_passant = uci
            .from()
            .filter(|from| {
                self.men.pieces(mover, PieceKind::Pawn).contains(*from)
                    && double_step(mover, *from) == Some(uci.to())
            })
            .and_then(|from| step(mover, from));
        if let Some(from) = uci.from() {
            self.touch(from);
            self.touch(uci.to());
        }
        self.men = men;
        self.turn = !mover;
    }
}
