//! The terrain of blotto.

use super::first_byte;

/// Side A's terrain bonus, 0 to 3: the first byte of `SHA256("{seed}:terrain:{round}")`, modulo 4.
pub fn terrain(server_seed: &str, round: u32) -> u8 {
    first_byte(server_seed, ":terrain:", round) % 4
}
