//! Moves in UCI form (spec, "Submit a move"), parsed before they are sent.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use sdk_core::wire::excerpt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{PieceKind, Square};

/// A move in UCI form: from square to square (`e2e4`, castling as the king's move `e1g1`), with the piece that a pawn
/// becomes (`e7e8q`), or a drop from the reserve (`P@e4`).
///
/// That it is well formed is all that it promises: whether the move may be asked says
/// `allowed_moves` of the state, whether it is legal the referee. The platform answers a malformed
/// text with an internal error, so a text is parsed here first.
///
/// ```
/// use kriegspiel_sdk::UciMove;
/// use kriegspiel_sdk::model::PieceKind;
///
/// let uci: UciMove = "e7e8q".parse()?;
/// assert_eq!(uci.promotion(), Some(PieceKind::Queen));
/// assert_eq!("n@f3".parse::<UciMove>()?.to_string(), "N@f3");
/// assert!("E2E4".parse::<UciMove>().is_err());
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UciMove {
    source: Source,
    to: Square,
    promotion: Option<PieceKind>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Source {
    Reserve(PieceKind),
    Board(Square),
}

impl UciMove {
    /// From one square to another. `None` when they are the same.
    pub fn new(from: Square, to: Square) -> Option<Self> {
        (from != to).then_some(Self { source: Source::Board(from), to, promotion: None })
    }

    /// The same move of a pawn, that becomes this piece. `None` for a drop, and for a piece that no pawn becomes.
    #[must_use]
    pub fn promoting(mut self, piece: PieceKind) -> Option<Self> {
        self.promotion = Some(piece);
        (piece.is_promotion() && matches!(self.source, Source::Board(_))).then_some(self)
    }

    /// Drops a man from the reserve. `None` for a king.
    pub fn drop(piece: PieceKind, to: Square) -> Option<Self> {
        piece.is_droppable().then_some(Self { source: Source::Reserve(piece), to, promotion: None })
    }

    /// Where the man stands. `None` for a drop.
    pub fn from(self) -> Option<Square> {
        match self.source {
            Source::Board(from) => Some(from),
            Source::Reserve(_) => None,
        }
    }

    /// Where the man goes.
    pub fn to(self) -> Square {
        self.to
    }

    /// What a pawn becomes.
    pub fn promotion(self) -> Option<PieceKind> {
        self.promotion
    }

    /// Which man is dropped. `None` for a move on the board.
    pub fn dropped(self) -> Option<PieceKind> {
        match self.source {
            Source::Reserve(piece) => Some(piece),
            Source::Board(_) => None,
        }
    }

    /// Whether a man is dropped.
    pub fn is_drop(self) -> bool {
        self.dropped().is_some()
    }

    fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            // Either case: the platform takes both, and writes the upper one.
            [piece, b'@', to @ ..] => {
                Self::drop(PieceKind::from_letter(char::from(*piece))?, lower_square(to)?)
            }
            [a, b, c, d, promotion @ ..] => {
                let uci = Self::new(lower_square(&[*a, *b])?, lower_square(&[*c, *d])?)?;
                match promotion {
                    [] => Some(uci),
                    [piece @ (b'q' | b'r' | b'b' | b'n')] => {
                        uci.promoting(PieceKind::from_letter(char::from(*piece))?)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// A square in lower case: UCI knows no other.
fn lower_square(bytes: &[u8]) -> Option<Square> {
    Square::from_bytes(bytes).filter(|_| bytes.first().is_some_and(u8::is_ascii_lowercase))
}

impl FromStr for UciMove {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| {
            let message = format!("{} is not a move in UCI form such as e2e4, e7e8q or P@e4", excerpt(text));
            Error::invalid_argument("uci", message)
        })
    }
}

impl fmt::Display for UciMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Source::Board(from) => write!(f, "{from}{}", self.to)?,
            Source::Reserve(piece) => write!(f, "{}@{}", piece.letter(), self.to)?,
        }
        self.promotion.map_or(Ok(()), |piece| write!(f, "{}", piece.letter().to_ascii_lowercase()))
    }
}

impl fmt::Debug for UciMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UciMove {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UciMove {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &"a move in UCI form")
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moves_go_there_and_back() {
        for text in ["e2e4", "e1g1", "a7b8n", "h2h1q", "P@e4", "Q@a8"] {
            assert_eq!(text.parse::<UciMove>().unwrap().to_string(), text);
        }
    }

    /// The platform answers these with 500 (or 422).
    #[test]
    fn what_is_malformed_is_refused() {
        for text in [
            "", "e2", "e2e", "E2E4", "zzzz", "e2e4x", "e7e8Q", "e7e8k", "e7e8p", "e4e4", "e2e4qq", "K@e4",
            "@e4", "P@e9", "P@E4", "P@e4q", "P@", "e2-e4", " e2e4", "0000", "é2e4",
        ] {
            let error = text.parse::<UciMove>().unwrap_err();
            assert_eq!(error.field(), Some("uci"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_what_was_written(text in "\\PC{0,8}") {
            if let Ok(uci) = text.parse::<UciMove>() {
                prop_assert!(uci.to_string().eq_ignore_ascii_case(&text));
            }
        }
    }
}
