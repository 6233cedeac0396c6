//! Moves by what they do.

use super::legality::Legality;
use super::log::Knowledge;
use crate::model::{PieceKind, UciMove};

impl Knowledge {
    /// The moves that are not known to be illegal.
    pub fn hopeful<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(|uci| self.tracker().legality(*uci) != Legality::Illegal)
    }

    /// The moves that are known to be legal.
    pub fn certain<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(|uci| self.tracker().legality(*uci) == Legality::Legal)
    }

    /// The moves of pawns along their diagonals.
    pub fn pawn_captures<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(|uci| self.tracker().is_pawn_capture(*uci))
    }

    /// The moves that may capture, those of pawns along their diagonals among them.
    pub fn captures_among<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(|uci| self.tracker().may_capture(*uci))
    }

    /// The moves to where the opponent captured just now.
    pub fn recaptures<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        let at = self.just_captured();
        moves.iter().copied().filter(move |uci| at == Some(uci.to()) && !uci.is_drop())
    }

    /// The moves by which a pawn becomes this piece.
    pub fn promotions<'a>(
        &'a self,
        moves: &'a [UciMove],
        to: PieceKind,
    ) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(move |uci| uci.promotion() == Some(to))
    }

    /// The moves that put a man from the reserve on the board.
    pub fn drops<'a>(&'a self, moves: &'a [UciMove]) -> impl Iterator<Item = UciMove> + 'a {
        moves.iter().copied().filter(|uci| uci.is_drop())
    }
}
