//! The crash point.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Endian, hash};

/// How the formula of the crash point may be meant: `u32 / u32::MAX -> 1/(1-x)` leaves open in which order four bytes make
/// the `u32`, in what arithmetic the rest is done, and how it is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CrashReading {
    /// The order of the first four bytes.
    pub endian: Endian,
    /// The arithmetic.
    pub precision: Precision,
    /// The rounding. The spec's example has two decimals.
    pub rounding: Rounding,
}

/// The arithmetic of a crash point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
}

/// How a crash point is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// Down to the hundredth.
    Floor,
    /// To the nearest hundredth.
    Nearest,
    /// Not at all.
    Unrounded,
}

impl CrashReading {
    /// All twelve.
    pub const ALL: [Self; 12] = {
        let mut all = [Self { endian: Endian::Be, precision: Precision::F64, rounding: Rounding::Floor }; 12];
        let mut at = 0;
        while at < all.len() {
            #[expect(clippy::indexing_slicing, reason = "below the length")]
            let reading = &mut all[at];
            reading.endian = if at % 2 == 0 { Endian::Be } else { Endian::Le };
            reading.precision = if (at / 2) % 2 == 0 { Precision::F64 } else { Precision::F32 };
            reading.rounding = match at / 4 {
                0 => Rounding::Floor,
                1 => Rounding::Nearest,
                _ => Rounding::Unrounded,
            };
            at += 1;
        }
        all
    };

    /// Whether a crash point, as the server tells it, is what this reading gives for 32 bits of a hash.
    pub(in super::super) fn fits(self, bytes: [u8; 4], told: f64) -> bool {
        let point = self.of(bytes);
        let tolerance = match (self.rounding, self.precision) {
            // The same hundredth, written as one.
            (Rounding::Floor | Rounding::Nearest, _) => 1e-6,
            (Rounding::Unrounded, Precision::F64) => point * 1e-9,
            (Rounding::Unrounded, Precision::F32) => point * 1e-6,
        };
        (point - told).abs() <= tolerance
    }

    fn of(self, bytes: [u8; 4]) -> f64 {
        let number = match self.endian {
            Endian::Be => u32::from_be_bytes(bytes),
            Endian::Le => u32::from_le_bytes(bytes),
        };
        match self.precision {
            Precision::F64 => {
                let point = (1.0 / (1.0 - f64::from(number) / f64::from(u32::MAX))).clamp(1.0, 100.0);
                match self.rounding {
                    Rounding::Floor => (point * 100.0).floor() / 100.0,
                    Rounding::Nearest => (point * 100.0).round() / 100.0,
                    Rounding::Unrounded => point,
                }
            }
            Precision::F32 => {
                #[expect(clippy::cast_precision_loss, reason = "that is what this reading is about")]
                let x = number as f32 / u32::MAX as f32;
                let point = (1.0 / (1.0 - x)).clamp(1.0, 100.0);
                match self.rounding {
                    // The hundredths are whole numbers: exact in either width.
                    Rounding::Floor => f64::from((point * 100.0).floor()) / 100.0,
                    Rounding::Nearest => f64::from((point * 100.0).round()) / 100.0,
                    Rounding::Unrounded => f64::from(point),
                }
            }
        }
    }
}

impl fmt::Display for CrashReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = match self.precision {
            Precision::F64 => "f64",
            Precision::F32 => "f32",
        };
        let rounding = match self.rounding {
            Rounding::Floor => "rounded down",
            Rounding::Nearest => "rounded to the nearest",
            Rounding::Unrounded => "not rounded",
        };
        write!(f, "u32 {}, {precision}, {rounding}", self.endian)
    }
}

/// The crash point, 1 to 100: the first four bytes of `SHA256("{seed}:crash:{round}")` as a part x of all, then `1/(1-x)`.
pub fn crash_point(server_seed: &str, round: u32, reading: CrashReading) -> f64 {
    reading.of(crash_bytes(server_seed, round))
}

/// The crash point before any rounding, in 64 bits.
pub fn raw_crash_point(server_seed: &str, round: u32, endian: Endian) -> f64 {
    let reading = CrashReading { endian, precision: Precision::F64, rounding: Rounding::Unrounded };
    crash_point(server_seed, round, reading)
}

/// The bytes that every reading starts from.
pub(in super::super) fn crash_bytes(server_seed: &str, round: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = hash(server_seed, ":crash:", round);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_twelve_readings() {
        assert_eq!(CrashReading::ALL.into_iter().collect::<BTreeSet<_>>().len(), 12);
    }

    #[test]
    fn the_ends_are_kept_within_1_and_100() {
        for reading in CrashReading::ALL {
            assert_eq!(reading.of([0; 4]), 1.0, "{reading}");
            assert_eq!(reading.of([255; 4]), 100.0, "{reading}");
            assert!(reading.fits([255; 4], 100.0) && !reading.fits([255; 4], 99.99));
        }
    }

    #[test]
    fn each_rounding_is_told_apart() {
        // 5.966267592745321 by the published formula.
        let point = |rounding| {
            crash_point(
                "f9e8d7c6",
                3,
                CrashReading { endian: Endian::Be, precision: Precision::F64, rounding },
            )
        };
        assert_eq!((point(Rounding::Floor), point(Rounding::Nearest)), (5.96, 5.97));
        let fitting = |told| {
            let bytes = crash_bytes("f9e8d7c6", 3);
            CrashReading::ALL.into_iter().filter(|reading| reading.fits(bytes, told)).count()
        };
        // Both widths agree on the hundredths here.
        assert_eq!((fitting(5.96), fitting(5.97), fitting(5.98)), (2, 2, 0));
        assert_eq!(fitting(5.966_267_592_745_321), 2);
    }
}
