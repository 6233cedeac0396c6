//! The board of six rulesets: ordinary chess, with `cozy-chess` as the arbiter of what is legal.

use cozy_chess::{BoardBuilder, CastleRights, File, Piece};

use super::attacks::{cozy_color, cozy_square, from_cozy};
use super::board::Board;
use super::castling::Wing;
use super::position::Setup;
use super::sides::Sides;
use crate::model::{Color, PieceKind, Reserve, Square, SquareSet, UciMove};

/// An ordinary board. The counters of `cozy-chess` end at 100: they are not used.
#[derive(Debug, Clone)]
pub(super) struct Orthodox(cozy_chess::Board);

impl Orthodox {
    /// `None` when the men cannot stand so.
    pub(super) fn set_up(setup: &Setup<'_>) -> Option<Self> {
        let mut builder = BoardBuilder::empty();
        for (square, man) in setup.board.iter() {
            *builder.square_mut(cozy_square(square)) = Some((cozy_piece(man.kind), cozy_color(man.color)));
        }
        for color in Color::BOTH {
            let rights = setup.rights.of(color);
            *builder.castle_rights_mut(cozy_color(color)) =
                CastleRights { short: rights.short.then_some(File::H), long: rights.long.then_some(File::A) };
        }
        builder.side_to_move = cozy_color(setup.turn);
        builder.en_passant = setup.en_passant.map(cozy_square);
        builder.build().ok().map(Self)
    }

    /// The move as `cozy-chess` writes it: castling is the king's move onto its rook.
    fn cozy_move(&self, uci: UciMove) -> Option<cozy_chess::Move> {
        let from = uci.from()?;
        let castling = Wing::of_king_move(self.turn(), uci)
            .filter(|_| self.pieces(self.turn(), PieceKind::King).contains(from));
        let to = castling.map_or(uci.to(), |castling| castling.rook_from);
        Some(cozy_chess::Move {
            from: cozy_square(from),
            to: cozy_square(to),
            promotion: uci.promotion().map(cozy_piece),
        })
    }
}

impl Board for Orthodox {
    fn turn(&self) -> Color {
        match self.0.side_to_move() {
            cozy_chess::Color::White => Color::White,
            cozy_chess::Color::Black => Color::Black,
        }
    }

    fn men(&self, color: Color) -> SquareSet {
        from_cozy(self.0.colors(cozy_color(color)))
    }

    fn pieces(&self, color: Color, kind: PieceKind) -> SquareSet {
        from_cozy(self.0.colored_pieces(cozy_color(color), cozy_piece(kind)))
    }

    fn promoted(&self) -> SquareSet {
        SquareSet::EMPTY
    }

    fn pockets(&self) -> Option<&Sides<Reserve>> {
        None
    }

    fn en_passant(&self) -> Option<Square> {
        let behind = match self.turn() {
            Color::White => 5,
            Color::Black => 2,
        };
        self.0.en_passant().and_then(|file| Square::new(file as u8, behind))
    }

    fn may_castle(&self, color: Color, wing: Wing) -> bool {
        let rights = self.0.castle_rights(cozy_color(color));
        match wing {
            Wing::Short => rights.short.is_some(),
            Wing::Long => rights.long.is_some(),
        }
    }

    fn checkers(&self) -> SquareSet {
        from_cozy(self.0.checkers())
    }

    fn is_legal(&self, uci: UciMove) -> bool {
        self.cozy_move(uci).is_some_and(|cozy| self.0.is_legal(cozy))
    }

    fn has_legal_move(&self) -> bool {
        self.0.generate_moves(|moves| !moves.is_empty())
    }

    fn play(&mut self, uci: UciMove) {
        if let Some(cozy) = self.cozy_move(uci) {
            // An illegal move leaves the board as it is.
            let _ = self.0.try_play(cozy);
        }
    }
}

const fn cozy_piece(kind: PieceKind) -> Piece {
    match kind {
        PieceKind::Pawn => Piece::Pawn,
        PieceKind::Knight => Piece::Knight,
        PieceKind::Bishop => Piece::Bishop,
        PieceKind::Rook => Piece::Rook,
        PieceKind::Queen => Piece::Queen,
        PieceKind::King => Piece::King,
    }
}
