//! One value for each side.

use crate::model::Color;

/// One value for White and one for Black.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sides<T> {
    pub(super) white: T,
    pub(super) black: T,
}

impl<T> Sides<T> {
    pub(super) const fn of(&self, color: Color) -> &T {
        match color {
            Color::White => &self.white,
            Color::Black => &self.black,
        }
    }

    pub(super) const fn of_mut(&mut self, color: Color) -> &mut T {
        match color {
            Color::White => &mut self.white,
            Color::Black => &mut self.black,
        }
    }
}
