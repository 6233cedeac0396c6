//! Squares, and sets of them.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not, Sub};
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A square of the board. Squares are ordered as a1, b1, …, h1, a2, …, h8.
///
/// ```
/// use kriegspiel_sdk::Square;
///
/// let square: Square = "e4".parse()?;
/// assert_eq!((square.file(), square.rank()), (4, 3));
/// assert_eq!(square, "E4".parse()?);
/// assert_eq!(square.to_string(), "e4");
/// assert_eq!(square.offset(1, 1), Some("f5".parse()?));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Square(u8);

impl Square {
    /// The square of a file (0 is the a-file) and a rank (0 is the first rank). `None` off the board.
    pub const fn new(file: u8, rank: u8) -> Option<Self> {
        if file < 8 && rank < 8 { Some(Self(rank * 8 + file)) } else { None }
    }

    /// The square of an index: a1 is 0, b1 is 1, h8 is 63. `None` above.
    pub const fn from_index(index: u8) -> Option<Self> {
        if index < 64 { Some(Self(index)) } else { None }
    }

    /// Its index: a1 is 0, b1 is 1, h8 is 63.
    pub const fn index(self) -> u8 {
        self.0
    }

    /// Its file: 0 is the a-file.
    pub const fn file(self) -> u8 {
        self.0 % 8
    }

    /// Its rank: 0 is the first rank.
    pub const fn rank(self) -> u8 {
        self.0 / 8
    }

    /// The square so many files to the right and ranks up, as White sees the board. `None` off the board.
    pub const fn offset(self, files: i8, ranks: i8) -> Option<Self> {
        let file = self.file() as i8 + files;
        let rank = self.rank() as i8 + ranks;
        if file < 0 || rank < 0 { None } else { Self::new(file as u8, rank as u8) }
    }

    /// All 64, from a1 to h8.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..64).map(Self)
    }

    /// Reads two letters such as `e4` or `E4`.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [file, rank] = bytes else { return None };
        Self::new(file.to_ascii_lowercase().wrapping_sub(b'a'), rank.wrapping_sub(b'1'))
    }
}

impl FromStr for Square {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_bytes(text.as_bytes())
            .ok_or_else(|| Error::invalid_argument("square", "a square is written from a1 to h8"))
    }
}

impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(b'a' + self.file()), char::from(b'1' + self.rank()))
    }
}

impl fmt::Debug for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Square {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Square {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Square;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a square from a1 to h8")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Square, E> {
                Square::from_bytes(text.as_bytes())
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// A set of squares. It is a word of 64 bits, so it is copied.
///
/// ```
/// use kriegspiel_sdk::{Square, model::SquareSet};
///
/// let set: SquareSet = [Square::new(3, 3), Square::new(4, 3)].into_iter().flatten().collect();
/// assert_eq!(set.len(), 2);
/// assert!(set.contains("e4".parse()?));
/// assert_eq!(format!("{set:?}"), "{d4, e4}");
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SquareSet(u64);

impl SquareSet {
    /// No square.
    pub const EMPTY: Self = Self(0);
    /// Every square.
    pub const FULL: Self = Self(!0);

    /// The set of these bits: bit 0 is a1, bit 63 is h8.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its bits: bit 0 is a1, bit 63 is h8.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the square is in it.
    pub const fn contains(self, square: Square) -> bool {
        self.0 & (1 << square.0) != 0
    }

    /// Adds a square.
    pub const fn insert(&mut self, square: Square) {
        self.0 |= 1 << square.0;
    }

    /// Takes a square away.
    pub const fn remove(&mut self, square: Square) {
        self.0 &= !(1 << square.0);
    }

    /// How many squares it has.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its squares, from a1 to h8.
    pub fn iter(self) -> impl Iterator<Item = Square> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let square = Square::from_index(u8::try_from(left.trailing_zeros()).ok()?)?;
            left &= left - 1;
            Some(square)
        })
    }
}

impl FromIterator<Square> for SquareSet {
    fn from_iter<I: IntoIterator<Item = Square>>(squares: I) -> Self {
        let mut set = Self::EMPTY;
        squares.into_iter().for_each(|square| set.insert(square));
        set
    }
}

impl Extend<Square> for SquareSet {
    fn extend<I: IntoIterator<Item = Square>>(&mut self, squares: I) {
        squares.into_iter().for_each(|square| self.insert(square));
    }
}

impl BitAnd for SquareSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for SquareSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for SquareSet {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Not for SquareSet {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl fmt::Debug for SquareSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for SquareSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for SquareSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Square>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_square_goes_there_and_back() {
        for (index, square) in (0..).zip(Square::all()) {
            assert_eq!(square.index(), index);
            assert_eq!(Square::new(square.file(), square.rank()), Some(square));
            assert_eq!(square.to_string().parse::<Square>().unwrap(), square);
            assert_eq!(square.to_string().to_uppercase().parse::<Square>().unwrap(), square);
            let json = serde_json::to_string(&square).unwrap();
            assert_eq!(serde_json::from_str::<Square>(&json).unwrap(), square);
        }
        assert_eq!(SquareSet::FULL.iter().collect::<Vec<_>>(), Square::all().collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_square_is_refused() {
        for text in ["", "e", "e44", "i1", "a0", "a9", "4e", "é4", "-4", "`1", "\u{1}1"] {
            assert!(text.parse::<Square>().is_err(), "{text:?}");
        }
        assert_eq!(Square::from_index(64), None);
        let corner = Square::new(7, 7).unwrap();
        assert_eq!((corner.offset(1, 0), corner.offset(0, 1)), (None, None));
        assert_eq!(corner.offset(-7, -7), Square::new(0, 0));
        assert_eq!(corner.offset(-8, 0), None);
        assert_eq!(corner.offset(i8::MIN, 120), None);
    }

    #[test]
    fn sets_do_what_sets_do() {
        let (a, b): (Square, Square) = ("a1".parse().unwrap(), "h8".parse().unwrap());
        let mut set = SquareSet::from_iter([a, b]);
        assert_eq!((set & !SquareSet::from_iter([a])).iter().collect::<Vec<_>>(), [b]);
        assert_eq!(set - set, SquareSet::EMPTY);
        assert_eq!((set | SquareSet::FULL).len(), 64);
        set.remove(a);
        assert!(!set.contains(a) && set.contains(b) && !set.is_empty());
        set.extend([a]);
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["a1","h8"]"#);
    }
}
