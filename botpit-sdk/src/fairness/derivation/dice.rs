//! The dice.

use super::first_byte;

/// What A and B roll: the first byte of `SHA256("{seed}:dice_a:{round}")`, modulo 6, plus 1, and the same for `dice_b`
/// (spec, "Verification").
///
/// A byte has 256 values and 256 is no multiple of 6: one to four come up 43 times in 256, five and six 42 times.
pub fn dice(server_seed: &str, round: u32) -> [u8; 2] {
    [":dice_a:", ":dice_b:"].map(|what| first_byte(server_seed, what, round) % 6 + 1)
}
