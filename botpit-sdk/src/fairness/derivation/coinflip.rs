//! The coin.

use super::first_byte;
use crate::games::coinflip::Face;

/// How the coin falls: the first byte of `SHA256("{seed}:{round}")`, even is heads (spec, "Verification").
pub fn coin(server_seed: &str, round: u32) -> Face {
    if first_byte(server_seed, ":", round) & 1 == 0 { Face::Heads } else { Face::Tails }
}
