//! The FEN of a state, as a board that can be asked.

use std::fmt;

use sdk_core::error::{Error, Result, codes};
use sdk_core::wire::excerpt;
use serde::{Deserialize, Serialize};

use super::{Color, PieceKind, Reserve, Square, SquareSet, open_struct::open_struct};

/// A position as the platform writes it. While the game is played it has the viewer's own men only, and nothing of
/// castling, en passant and counters; when it is over, the whole board.
///
/// ```
/// use kriegspiel_sdk::{Color, model::{Fen, PieceKind}};
///
/// let fen = Fen::from("8/8/8/8/4P3/8/PPPP1PPP/RNBQKBNR b - - 0 1");
/// let board = fen.board()?;
/// assert_eq!(board.men(Color::White).len(), 16);
/// assert_eq!(board.king(Color::White), Some("e1".parse()?));
/// assert_eq!(board.at("e4".parse()?).map(|man| man.kind), Some(PieceKind::Pawn));
/// assert_eq!(fen.side_to_move(), Some(Color::Black));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(Box<str>);

impl Fen {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its board.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when the text is no FEN.
    pub fn board(&self) -> Result<Board> {
        Board::parse(&self.0).ok_or_else(|| {
            Error::new(&codes::DECODE_FAILED, format!("{} is no FEN", excerpt(&self.0))).with_field("fen")
        })
    }

    /// Whose move it is. `None` when the text does not say.
    pub fn side_to_move(&self) -> Option<Color> {
        match self.0.split(' ').nth(1)? {
            "w" => Some(Color::White),
            "b" => Some(Color::Black),
            _ => None,
        }
    }
}

impl From<&str> for Fen {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Fen {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

open_struct! {
    /// The three boards after an attempt: the true one, and what each side knew of it.
    pub struct ReplayFen {
        /// The whole board.
        pub full: Fen,
        /// White's men.
        pub white: Fen,
        /// Black's men.
        pub black: Fen,
    }
}

/// A man on the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Man {
    /// Its side.
    pub color: Color,
    /// Its kind.
    pub kind: PieceKind,
    /// Whether it was a pawn once, where that matters: in crazykrieg it is captured as a pawn.
    pub promoted: bool,
}

/// A board that can be asked what stands where. It prints as a picture.
///
/// ```
/// use kriegspiel_sdk::model::Fen;
///
/// let board = Fen::from("8/8/8/8/4P3/8/PPPP1PPP/RNBQKBNR b - - 0 1").board()?;
/// assert!(board.to_string().ends_with("1 ♖ ♘ ♗ ♕ ♔ ♗ ♘ ♖\n  a b c d e f g h"));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Board {
    squares: [Option<Man>; 64],
    reserves: Option<[Reserve; 2]>,
}

impl Board {
    /// What stands on a square.
    pub fn at(&self, square: Square) -> Option<Man> {
        self.squares.get(usize::from(square.index())).copied().flatten()
    }

    /// Every man and its square, from a1 to h8.
    pub fn iter(&self) -> impl Iterator<Item = (Square, Man)> {
        Square::all().filter_map(|square| Some((square, self.at(square)?)))
    }

    /// The squares of one side's men.
    pub fn men(&self, color: Color) -> SquareSet {
        self.iter().filter(|(_, man)| man.color == color).map(|(square, _)| square).collect()
    }

    /// The squares of one side's men of a kind.
    pub fn pieces(&self, color: Color, kind: PieceKind) -> SquareSet {
        self.iter()
            .filter(|(_, man)| (man.color, man.kind) == (color, kind))
            .map(|(square, _)| square)
            .collect()
    }

    /// Where one side's king stands. `None` where it is not seen.
    pub fn king(&self, color: Color) -> Option<Square> {
        self.pieces(color, PieceKind::King).iter().next()
    }

    /// A side's reserve, where the FEN tells it: crazykrieg's, when the game is over.
    pub fn reserve(&self, color: Color) -> Option<&Reserve> {
        let [white, black] = self.reserves.as_ref()?;
        Some(match color {
            Color::White => white,
            Color::Black => black,
        })
    }

    fn parse(fen: &str) -> Option<Self> {
        let placement = fen.split(' ').next()?;
        let (placement, pocket) = match placement.split_once('[') {
            Some((placement, pocket)) => (placement, Some(pocket.strip_suffix(']')?)),
            None => (placement, None),
        };
        let mut squares: [Option<Man>; 64] = [None; 64];
        let mut ranks = 0;
        for (rank, row) in (0..8).rev().zip(placement.split('/')) {
            let mut file = 0;
            for c in row.chars() {
                match c {
                    '1'..='8' => file += u8::try_from(c.to_digit(10)?).ok()?,
                    '~' => {
                        let last = Square::new(file.checked_sub(1)?, rank)?;
                        squares.get_mut(usize::from(last.index()))?.as_mut()?.promoted = true;
                    }
                    letter => {
                        let square = Square::new(file, rank)?;
                        *squares.get_mut(usize::from(square.index()))? = Some(man(letter)?);
                        file += 1;
                    }
                }
            }
            if file != 8 {
                return None;
            }
            ranks += 1;
        }
        let reserves = match pocket {
            Some(pocket) => Some(reserves(pocket)?),
            None => None,
        };
        (ranks == 8 && placement.split('/').count() == 8).then_some(Self { squares, reserves })
    }
}

fn man(letter: char) -> Option<Man> {
    let kind = PieceKind::from_letter(letter)?;
    let color = if letter.is_ascii_uppercase() { Color::White } else { Color::Black };
    Some(Man { color, kind, promoted: false })
}

fn reserves(pocket: &str) -> Option<[Reserve; 2]> {
    let (mut white, mut black) = (Reserve::default(), Reserve::default());
    for letter in pocket.chars() {
        let man = man(letter)?;
        let reserve = if man.color == Color::White { &mut white } else { &mut black };
        *reserve.count_mut(man.kind)? += 1;
    }
    Some([white, black])
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rank in (0..8).rev() {
            write!(f, "{}", rank + 1)?;
            for file in 0..8 {
                let man = Square::new(file, rank).and_then(|square| self.at(square));
                write!(f, " {}", man.map_or('·', picture))?;
            }
            writeln!(f)?;
        }
        f.write_str("  a b c d e f g h")
    }
}

fn picture(man: Man) -> char {
    match (man.color, man.kind) {
        (Color::White, PieceKind::King) => '♔',
        (Color::White, PieceKind::Queen) => '♕',
        (Color::White, PieceKind::Rook) => '♖',
        (Color::White, PieceKind::Bishop) => '♗',
        (Color::White, PieceKind::Knight) => '♘',
        (Color::White, PieceKind::Pawn) => '♙',
        (Color::Black, PieceKind::King) => '♚',
        (Color::Black, PieceKind::Queen) => '♛',
        (Color::Black, PieceKind::Rook) => '♜',
        (Color::Black, PieceKind::Bishop) => '♝',
        (Color::Black, PieceKind::Knight) => '♞',
        (Color::Black, PieceKind::Pawn) => '♟',
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(square, man)| {
                let letter = man.kind.letter();
                (square, if man.color == Color::White { letter } else { letter.to_ascii_lowercase() })
            }))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn promoted_men_and_pockets_are_read() {
        let board = Fen::from("3Q~4/8/8/8/8/8/8/K6k[QPPn] w - - 0 1").board().unwrap();
        let queen = board.at("d8".parse().unwrap()).unwrap();
        assert!(queen.promoted && queen.kind == PieceKind::Queen);
        let white = board.reserve(Color::White).unwrap();
        assert_eq!((white.pawns, white.queens), (2, 1));
        assert_eq!(board.reserve(Color::Black).unwrap().knights, 1);
        assert_eq!(
            Fen::from("8/8/8/8/8/8/8/8[] w - - 0 1").board().unwrap().reserve(Color::White).unwrap().total(),
            0
        );
        assert!(Fen::from("8/8/8/8/8/8/8/8 w - - 0 1").board().unwrap().reserve(Color::White).is_none());
    }

    #[test]
    fn what_is_no_fen_is_an_error() {
        for text in [
            "",
            "private FEN for this player",
            "8/8/8/8/8/8/8 w",
            "8/8/8/8/8/8/8/8/8 w",
            "9/8/8/8/8/8/8/8",
            "7/8/8/8/8/8/8/8",
            "ppppppppp/8/8/8/8/8/8/8",
            "~8/8/8/8/8/8/8/8",
            "1~7/8/8/8/8/8/8/8",
            "8/8/8/8/8/8/8/8[K]",
            "8/8/8/8/8/8/8/8[",
            "x7/8/8/8/8/8/8/8",
        ] {
            assert_eq!(Fen::from(text).board().unwrap_err().code(), &codes::DECODE_FAILED, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[1-9a-zA-Z/~\\[\\] é]{0,80}") {
            let _ = Fen::from(text).board();
        }
    }
}
