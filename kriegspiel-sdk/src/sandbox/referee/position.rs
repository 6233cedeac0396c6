//! The whole position: the true board, and the counters, which end where the platform's do.

use sdk_core::error::{Error, Result};

use super::attacks::{attacks, double_step, step};
use super::board::{Board, Taken, TrueBoard};
use super::castling::{Rights, Wing};
use super::crazyhouse::Crazyhouse;
use super::orthodox::Orthodox;
use super::sides::Sides;
use crate::model::{self, Color, Fen, PieceKind, Reserve, Square, SquareSet, UciMove};

const START: &str = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

/// A position, as a FEN has it.
#[derive(Debug, Clone)]
pub(super) struct Position {
    board: TrueBoard,
    /// Moves of both sides since the last capture or pawn move. A drop is neither, a pawn's included.
    halfmoves: u32,
    /// The number of the full move that is being played.
    full_move: u32,
}

/// What a FEN says, before it is a board.
pub(super) struct Setup<'a> {
    pub(super) board: &'a model::Board,
    pub(super) turn: Color,
    pub(super) rights: Sides<Rights>,
    pub(super) en_passant: Option<Square>,
}

impl Position {
    /// Where every game starts.
    pub(super) fn start(drops: bool) -> Result<Self> {
        Self::parse(START, drops)
    }

    /// Reads a FEN: a full one of an ordinary game, or with `drops` one of crazyhouse, whose pockets may be missing.
    pub(super) fn parse(fen: &str, drops: bool) -> Result<Self> {
        let refused = |message: &str| Error::invalid_argument("fen", message.to_owned());
        let board = Fen::from(fen).board().map_err(|error| refused("it is no FEN").with_source(error))?;
        let has_pockets = Color::BOTH.into_iter().any(|color| board.reserve(color).is_some());
        if !drops && (has_pockets || board.iter().any(|(_, man)| man.promoted)) {
            return Err(refused("pockets and promoted men belong to crazykrieg"));
        }
        let words: Vec<&str> = fen.split(' ').collect();
        let [_, turn, rights, en_passant, halfmoves, full_move] = words.as_slice() else {
            return Err(refused("a position has six fields: men, side, castling, en passant, two counters"));
        };
        let turn = match *turn {
            "w" => Color::White,
            "b" => Color::Black,
            _ => return Err(refused("the side to move is w or b")),
        };
        let rights = rights_of(rights).ok_or_else(|| refused("castling is - or some of KQkq"))?;
        let en_passant = match *en_passant {
            "-" => None,
            square => Some(square.parse().map_err(|_| refused("en passant is - or a square"))?),
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| refused("a counter is a number"));
        let (halfmoves, full_move) = (number(halfmoves)?, number(full_move)?);
        let setup = Setup { board: &board, turn, rights, en_passant };
        let impossible =
            || refused("no game of chess gets there: look at kings, pawns, castling and en passant");
        if !setup.kings_are_apart() || !setup.men_are_home() || !setup.pawn_has_passed() {
            return Err(impossible());
        }
        let board = if drops {
            Crazyhouse::set_up(&setup).map(TrueBoard::Crazyhouse)
        } else {
            Orthodox::set_up(&setup).map(TrueBoard::Orthodox)
        };
        Ok(Self { board: board.ok_or_else(impossible)?, halfmoves, full_move: full_move.max(1) })
    }

    pub(super) fn board(&self) -> &dyn Board {
        self.board.get()
    }

    pub(super) const fn halfmoves(&self) -> u32 {
        self.halfmoves
    }

    pub(super) const fn full_move(&self) -> u32 {
        self.full_move
    }

    /// Makes a legal move, and says what it captured.
    pub(super) fn play(&mut self, uci: UciMove) -> Option<Taken> {
        let board = self.board.get_mut();
        let (mover, taken) = (board.turn(), board.taken_by(uci));
        let of_a_pawn = uci.from().is_some_and(|from| board.pieces(mover, PieceKind::Pawn).contains(from));
        board.play(uci);
        self.halfmoves = if of_a_pawn || taken.is_some() { 0 } else { self.halfmoves.saturating_add(1) };
        if mover == Color::Black {
            self.full_move = self.full_move.saturating_add(1);
        }
        taken
    }

    /// The full FEN. An en passant square is there only when a capture on it is legal.
    pub(super) fn fen(&self) -> String {
        let board = self.board();
        let mut fen = men(board, &Color::BOTH);
        if let Some(pockets) = board.pockets() {
            fen.push('[');
            fen.extend(pocket(&pockets.white));
            fen.extend(pocket(&pockets.black).map(|letter| letter.to_ascii_lowercase()));
            fen.push(']');
        }
        fen.push(' ');
        fen.push(turn_letter(board));
        fen.push(' ');
        let before = fen.len();
        for color in Color::BOTH {
            let wings = Wing::BOTH.into_iter().filter(|wing| board.may_castle(color, *wing));
            fen.extend(wings.map(|wing| wing.letter(color)));
        }
        if fen.len() == before {
            fen.push('-');
        }
        let en_passant = legal_en_passant(board).map_or_else(|| "-".to_owned(), |square| square.to_string());
        fen + &format!(" {en_passant} {} {}", self.halfmoves, self.full_move)
    }

    /// One side's men and the side to move: all that a player's FEN tells during a game.
    pub(super) fn private_fen(&self, color: Color) -> String {
        let board = self.board();
        format!("{} {} - - 0 1", men(board, &[color]), turn_letter(board))
    }
}

impl Setup<'_> {
    /// `cozy-chess` does not look at two kings side by side.
    fn kings_are_apart(&self) -> bool {
        let kings = Color::BOTH.map(|color| self.board.king(color));
        let [Some(white), Some(black)] = kings else { return false };
        white.file().abs_diff(black.file()).max(white.rank().abs_diff(black.rank())) > 1
    }

    /// Whether every king and rook that may castle stands where it started.
    fn men_are_home(&self) -> bool {
        Color::BOTH.into_iter().all(|color| {
            Wing::BOTH.into_iter().filter(|wing| self.rights.of(color).has(*wing)).all(|wing| {
                let is = |square, kind| {
                    self.board.at(square).is_some_and(|man| (man.color, man.kind) == (color, kind))
                };
                wing.castling(color).is_some_and(|castling| {
                    is(castling.king_from, PieceKind::King) && is(castling.rook_from, PieceKind::Rook)
                })
            })
        })
    }

    /// Whether a pawn has just passed the en passant square, if there is one.
    fn pawn_has_passed(&self) -> bool {
        let Some(behind) = self.en_passant else { return true };
        let pusher = !self.turn;
        let (Some(to), Some(from)) = (step(pusher, behind), step(self.turn, behind)) else { return false };
        double_step(pusher, from) == Some(to)
            && self.board.at(behind).is_none()
            && self.board.at(from).is_none()
            && self.board.at(to).is_some_and(|man| (man.color, man.kind) == (pusher, PieceKind::Pawn))
    }
}

fn rights_of(text: &str) -> Option<Sides<Rights>> {
    let mut rights = Sides::<Rights>::default();
    if text == "-" {
        return Some(rights);
    }
    for letter in text.chars() {
        let (color, wing) = Color::BOTH
            .into_iter()
            .flat_map(|color| Wing::BOTH.map(|wing| (color, wing)))
            .find(|(color, wing)| wing.letter(*color) == letter)?;
        rights.of_mut(color).set(wing, true);
    }
    (!text.is_empty()).then_some(rights)
}

fn turn_letter(board: &dyn Board) -> char {
    match board.turn() {
        Color::White => 'w',
        Color::Black => 'b',
    }
}

/// The men of these sides, as a FEN places them.
fn men(board: &dyn Board, colors: &[Color]) -> String {
    let mut text = String::with_capacity(80);
    for rank in (0..8).rev() {
        let mut free = 0;
        for file in 0..8 {
            let man = Square::new(file, rank).and_then(|square| board.man_at(square));
            let Some(man) = man.filter(|man| colors.contains(&man.color)) else {
                free += 1;
                continue;
            };
            text.extend(char::from_digit(free, 10).filter(|_| free > 0));
            free = 0;
            let letter = man.kind.letter();
            text.push(if man.color == Color::White { letter } else { letter.to_ascii_lowercase() });
            text.extend(man.promoted.then_some('~'));
        }
        text.extend(char::from_digit(free, 10).filter(|_| free > 0));
        text.extend((rank > 0).then_some('/'));
    }
    text
}

/// The letters of a pocket, from queen to pawn.
fn pocket(reserve: &Reserve) -> impl Iterator<Item = char> {
    PieceKind::ALL.into_iter().rev().flat_map(|kind| {
        let count = usize::try_from(reserve.count(kind)).unwrap_or_default();
        std::iter::repeat_n(kind.letter(), count)
    })
}

fn legal_en_passant(board: &dyn Board) -> Option<Square> {
    let to = board.en_passant()?;
    let mover = board.turn();
    let pawns = board.pieces(mover, PieceKind::Pawn);
    let beside = attacks(!mover, PieceKind::Pawn, to, SquareSet::EMPTY);
    (pawns & beside)
        .iter()
        .filter_map(|from| UciMove::new(from, to))
        .any(|uci| board.is_legal(uci))
        .then_some(to)
}
