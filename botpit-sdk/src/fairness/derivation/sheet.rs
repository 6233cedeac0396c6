//! Everything that a seed gives for one round, on one sheet.

use std::fmt;

use serde::Serialize;

use super::{
    Endian, RingReading, cards, coin, dealer_card, dice, hidden_card, raw_crash_point, target, terrain,
};
use crate::fairness::commitment;
use crate::games::Card;
use crate::games::coinflip::Face;

/// What a seed gives for a round, in every game whose formula is told.
///
/// Its JSON form has exactly the keys of its fields. The target and the crash point have two each: the formulas do not say in
/// which order bytes make a number. The crash points are not rounded, and within 1 and 100.
///
/// ```
/// use botpit_sdk::fairness::derivation::Sheet;
///
/// let sheet = Sheet::of("f9e8d7c6", 1);
/// assert_eq!((sheet.dealer, sheet.hidden, sheet.dice), (7, 11, [2, 5]));
/// assert!(serde_json::to_string(&sheet).unwrap().contains(r#""coin":"heads","dealer":7"#));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sheet {
    /// The commitment to the seed.
    pub commit: String,
    /// The coin.
    pub coin: Face,
    /// The dealer's card in hi-lo.
    pub dealer: u8,
    /// The hidden card in hi-lo.
    pub hidden: u8,
    /// The dice of A and B.
    pub dice: [u8; 2],
    /// The cards of A and B in high card duel.
    pub cards: [u8; 2],
    /// A's terrain bonus in blotto.
    pub terrain: u8,
    /// The target of the reaction ring, big-endian.
    pub target_be: u16,
    /// The target of the reaction ring, little-endian.
    pub target_le: u16,
    /// The crash point, big-endian.
    pub crash_be: f64,
    /// The crash point, little-endian.
    pub crash_le: f64,
}

impl Sheet {
    /// The sheet of a seed and a round.
    pub fn of(server_seed: &str, round: u32) -> Self {
        let ring = |endian| target(server_seed, round, RingReading { endian });
        Self {
            commit: commitment(server_seed),
            coin: coin(server_seed, round),
            dealer: dealer_card(server_seed, round),
            hidden: hidden_card(server_seed, round),
            dice: dice(server_seed, round),
            cards: cards(server_seed, round),
            terrain: terrain(server_seed, round),
            target_be: ring(Endian::Be),
            target_le: ring(Endian::Le),
            crash_be: raw_crash_point(server_seed, round, Endian::Be),
            crash_le: raw_crash_point(server_seed, round, Endian::Le),
        }
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            |rank: u8| Card::new(rank.into()).map_or_else(|_| rank.to_string(), |card| card.to_string());
        let ([roll_a, roll_b], [card_a, card_b]) = (self.dice, self.cards);
        writeln!(f, "commitment       {}", self.commit)?;
        writeln!(f, "coinflip         {}", self.coin)?;
        writeln!(f, "hi-lo            dealer {}, hidden {}", name(self.dealer), name(self.hidden))?;
        writeln!(f, "dice duel        {roll_a} against {roll_b}")?;
        writeln!(f, "high card duel   {} against {}", name(card_a), name(card_b))?;
        writeln!(f, "blotto           terrain bonus {}", self.terrain)?;
        writeln!(f, "reaction ring    {} big-endian, {} little-endian", self.target_be, self.target_le)?;
        write!(f, "crash            {} big-endian, {} little-endian", self.crash_be, self.crash_le)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors for the seed `f9e8d7c6`, computed with a program in another language from the spec's samples.
    #[test]
    fn every_cell_of_the_vectors() {
        use Face::{Heads, Tails};
        let rows = [
            (1, Heads, 7, 11, [2, 5], [11, 1], 1, 32, 187, 1.065_223_066_317_111_8, 1.670_331_395_821_274_7),
            (2, Tails, 8, 13, [4, 2], [7, 4], 2, 411, 271, 2.524_611_845_041_479, 1.804_832_642_731_940_8),
            (3, Heads, 12, 13, [4, 4], [2, 8], 0, 809, 64, 5.966_267_592_745_321, 1.010_174_703_144_920_2),
            (10, Heads, 8, 8, [5, 1], [3, 2], 3, 266, 566, 7.576_740_337_541_008_5, 3.785_191_827_628_063_6),
        ];
        for (round, coin, dealer, hidden, dice, cards, terrain, target_be, target_le, crash_be, crash_le) in
            rows
        {
            let expected = Sheet {
                commit: "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe".into(),
                coin,
                dealer,
                hidden,
                dice,
                cards,
                terrain,
                target_be,
                target_le,
                crash_be,
                crash_le,
            };
            assert_eq!(Sheet::of("f9e8d7c6", round), expected, "round {round}");
        }
    }
}
