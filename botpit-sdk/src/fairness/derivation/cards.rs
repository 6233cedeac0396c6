//! The cards of hi-lo and high card duel.

use super::first_byte;

/// The dealer's card in hi-lo, Ace 1 to King 13: the first byte of `SHA256("{seed}:dealer:{round}")`, modulo 13, plus 1.
///
/// A byte has 256 values and 256 is no multiple of 13: Ace to nine come up 20 times in 256, ten to King 19 times. It is so
/// for all cards.
pub fn dealer_card(server_seed: &str, round: u32) -> u8 {
    card(server_seed, ":dealer:", round)
}

/// The hidden card in hi-lo: as [`dealer_card`], with `hidden`.
pub fn hidden_card(server_seed: &str, round: u32) -> u8 {
    card(server_seed, ":hidden:", round)
}

/// What A and B draw in high card duel: as [`dealer_card`], with `card_a` and `card_b`.
pub fn cards(server_seed: &str, round: u32) -> [u8; 2] {
    [":card_a:", ":card_b:"].map(|what| card(server_seed, what, round))
}

fn card(server_seed: &str, what: &str, round: u32) -> u8 {
    first_byte(server_seed, what, round) % 13 + 1
}
