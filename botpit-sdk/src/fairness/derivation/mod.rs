//! What a seed gives for a round (spec, "Seed Derivation Formulas"), one file for each subject.
//!
//! Everything comes from SHA-256 over the text `{seed}:{what}:{round}`: the seed's text as it was revealed, and numbers in
//! decimal. Some formulas are whole; others leave something open, and have a reading for each way to understand them:
//!
//! | subject | text | status |
//! |---|---|---|
//! | [`coin`] | `{seed}:{round}` | whole |
//! | [`dealer_card`], [`hidden_card`] | `:dealer:`, `:hidden:` | whole |
//! | [`dice`] | `:dice_a:`, `:dice_b:` | whole |
//! | [`cards`] | `:card_a:`, `:card_b:` | whole |
//! | [`terrain`] | `:terrain:` | whole |
//! | [`target`] | `:target:` | the order of two bytes: [`RingReading`] |
//! | [`crash_point`] | `:crash:` | the order of the bytes, the arithmetic, the rounding: [`CrashReading`] |
//! | [`mine_positions`] | `:mine:{round}:{n}` | how a hash becomes a tile: [`LayoutReading`] |
//! | [`reveal_order`] | `:order:{round}:{i}` | how hashes become a shuffle: [`OrderReading`] |
//!
//! The formula of math duel ("problem params") is not told at all, and rock paper scissors has no chance in it.
//!
//! ```
//! use botpit_sdk::fairness::derivation;
//! use botpit_sdk::games::coinflip::Face;
//!
//! assert_eq!(derivation::coin("f9e8d7c6", 1), Face::Heads);
//! assert_eq!(derivation::dice("f9e8d7c6", 1), [2, 5]);
//! ```

mod blotto;
mod cards;
mod coinflip;
mod crash;
mod dice;
mod mines;
mod reaction_ring;
mod sheet;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use blotto::terrain;
pub use cards::{cards, dealer_card, hidden_card};
pub use coinflip::coin;
pub use crash::{CrashReading, Precision, Rounding, crash_point, raw_crash_point};
pub use dice::dice;
pub use mines::{
    Collision, Counting, LayoutReading, OrderReading, Reduction, Shuffle, mine_positions, reveal_order,
};
pub use reaction_ring::{RingReading, target};
pub use sheet::Sheet;

pub(super) use crash::crash_bytes;
pub(super) use mines::{Hashes, fitting_layouts, fitting_orders};

/// The order in which bytes make a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endian {
    /// The first byte counts most.
    Be,
    /// The first byte counts least.
    Le,
}

impl Endian {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Be, Self::Le];
}

impl fmt::Display for Endian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Be => "big-endian",
            Self::Le => "little-endian",
        })
    }
}

/// SHA-256 of `{seed}{what}{round}`, where `what` has its colons.
fn hash(seed: &str, what: &str, round: u32) -> [u8; 32] {
    let mut digits = [0; 10];
    Sha256::new()
        .chain_update(seed)
        .chain_update(what)
        .chain_update(decimal(round, &mut digits))
        .finalize()
        .into()
}

/// SHA-256 of `{seed}{what}{round}:{number}`, where `what` has its colons.
fn numbered_hash(seed: &str, what: &str, round: u32, number: u32) -> [u8; 32] {
    let (mut digits, mut more) = ([0; 10], [0; 10]);
    Sha256::new()
        .chain_update(seed)
        .chain_update(what)
        .chain_update(decimal(round, &mut digits))
        .chain_update(":")
        .chain_update(decimal(number, &mut more))
        .finalize()
        .into()
}

/// The first byte of [`hash`].
fn first_byte(seed: &str, what: &str, round: u32) -> u8 {
    let [first, ..] = hash(seed, what, round);
    first
}

/// A number's digits. The buffer holds the longest: 4294967295.
fn decimal(mut number: u32, buffer: &mut [u8; 10]) -> &[u8] {
    let mut used = 0;
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        used += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer.get(buffer.len() - used..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 1, 9, 10, 99, 100, 4_096, 4_294_967_295] {
            assert_eq!(decimal(number, &mut [0; 10]), number.to_string().as_bytes());
        }
    }

    #[test]
    fn the_text_is_hashed_piece_by_piece() {
        let whole: [u8; 32] = Sha256::digest(b"f9e8d7c6:dice_a:10").into();
        assert_eq!(hash("f9e8d7c6", ":dice_a:", 10), whole);
        let whole: [u8; 32] = Sha256::digest(b"f9e8d7c6:mine:10:24").into();
        assert_eq!(numbered_hash("f9e8d7c6", ":mine:", 10, 24), whole);
    }
}
