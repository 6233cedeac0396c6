//! What may stand on a square.

use std::fmt;

use crate::model::{PieceKind, Square, SquareSet};

/// What may stand on a square, of the other side: some kinds of men, or nothing.
///
/// ```
/// use kriegspiel_sdk::knowledge::Knowledge;
/// use kriegspiel_sdk::{Color, Ruleset, model::PieceKind};
///
/// let knowledge = Knowledge::new(Ruleset::Berkeley, Color::White);
/// let e8 = knowledge.tracker().at("e8".parse()?);
/// assert!(e8.may_be(PieceKind::King) && !e8.may_be_empty());
/// assert_eq!(e8.only(), Some(PieceKind::King));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Occupants(u8);

const EMPTY_BIT: u8 = 1;

const fn bit(kind: PieceKind) -> u8 {
    match kind {
        PieceKind::Pawn => 2,
        PieceKind::Knight => 4,
        PieceKind::Bishop => 8,
        PieceKind::Rook => 16,
        PieceKind::Queen => 32,
        PieceKind::King => 64,
    }
}

impl Occupants {
    /// No man.
    pub(super) const EMPTY: Self = Self(EMPTY_BIT);
    /// Any man, or none.
    pub(super) const ANY: Self = Self(127);
    /// Any man.
    pub(super) const MEN: Self = Self(126);
    /// Not even nothing: a contradiction.
    pub(super) const NONE: Self = Self(0);
    /// What a pawn becomes.
    pub(super) const PROMOTED: Self = Self(4 | 8 | 16 | 32);

    pub(super) const fn of(kind: PieceKind) -> Self {
        Self(bit(kind))
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether the square may be free of the other side's men.
    pub const fn may_be_empty(self) -> bool {
        self.0 & EMPTY_BIT != 0
    }

    /// Whether a man may stand there.
    pub const fn may_be_occupied(self) -> bool {
        self.0 & !EMPTY_BIT != 0
    }

    /// Whether a man of this kind may stand there.
    pub const fn may_be(self, kind: PieceKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The kind that stands there, when there is no other possibility.
    pub fn only(self) -> Option<PieceKind> {
        PieceKind::ALL.into_iter().find(|kind| self.0 == bit(*kind))
    }

    /// The kinds that may stand there.
    pub fn kinds(self) -> impl Iterator<Item = PieceKind> {
        PieceKind::ALL.into_iter().filter(move |kind| self.may_be(*kind))
    }
}

impl fmt::Debug for Occupants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        if self.may_be_empty() {
            f.write_str("-")?;
        }
        for kind in self.kinds() {
            write!(f, "{}", kind.letter())?;
        }
        f.write_str("}")
    }
}

/// A value for each square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid<T>([T; 64]);

impl<T: Copy + Default> Grid<T> {
    pub(crate) fn filled(value: T) -> Self {
        Self([value; 64])
    }

    pub(crate) fn at(&self, square: Square) -> T {
        self.0.get(usize::from(square.index())).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, square: Square, value: T) {
        if let Some(slot) = self.0.get_mut(usize::from(square.index())) {
            *slot = value;
        }
    }

    /// The squares whose values are so.
    pub(crate) fn squares(&self, is: impl Fn(T) -> bool) -> SquareSet {
        Square::all().filter(|square| is(self.at(*square))).collect()
    }
}
