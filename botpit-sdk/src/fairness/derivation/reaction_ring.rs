//! The target of the reaction ring.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Endian, hash};

/// How the formula of the target may be meant: `u16 % 1000 + 1` does not say in which order two bytes make the `u16`. They
/// are taken to be the hash's first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RingReading {
    /// The order of the two bytes.
    pub endian: Endian,
}

impl RingReading {
    /// Both.
    pub const ALL: [Self; 2] = [Self { endian: Endian::Be }, Self { endian: Endian::Le }];
}

impl fmt::Display for RingReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u16 {}", self.endian)
    }
}

/// The hidden number, 1 to 1000: the first two bytes of `SHA256("{seed}:target:{round}")`, modulo 1000, plus 1.
///
/// There are 65,536 pairs of bytes: the targets 1 to 536 come up 66 times, the others 65 times.
pub fn target(server_seed: &str, round: u32, reading: RingReading) -> u16 {
    let [first, second, ..] = hash(server_seed, ":target:", round);
    let number = match reading.endian {
        Endian::Be => u16::from_be_bytes([first, second]),
        Endian::Le => u16::from_le_bytes([first, second]),
    };
    number % 1_000 + 1
}
