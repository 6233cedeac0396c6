//! A playing card without a suit.

use std::fmt;

use sdk_core::error::{Error, Result};

/// A card: Ace = 1 to King = 13 (spec, "Hi-Lo" and "High Card Duel"). The Ace is the lowest.
///
/// The platform draws a card from one byte of a hash: `byte % 13 + 1`. There are 256 bytes, so the low cards are a little
/// likelier: Ace to nine come up 20 times in 256, ten to King 19 times ([`chances`](Self::chances)).
///
/// ```
/// use botpit_sdk::games::Card;
///
/// let jack = Card::new(11)?;
/// assert_eq!(jack.to_string(), "Jack");
/// assert!(jack > Card::new(5)?);
/// assert_eq!(Card::new(14).unwrap_err().message(), "a card is 1 (Ace) to 13 (King), not 14");
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Card(u8);

impl Card {
    /// How many bytes a draw is one of: [`chances`](Self::chances) is out of so many.
    pub const CHANCES: u32 = 256;

    /// A card by its rank.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) outside of 1 to 13.
    pub fn new(rank: u32) -> Result<Self> {
        match u8::try_from(rank) {
            Ok(small @ 1..=13) => Ok(Self(small)),
            _ => Err(Error::invalid_argument("card", format!("a card is 1 (Ace) to 13 (King), not {rank}"))),
        }
    }

    /// All thirteen, the Ace first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + Clone {
        (1..=13).map(Self)
    }

    /// The card that a byte of a hash stands for (spec, "Seed Derivation Formulas"): its rank is the byte modulo 13, plus 1.
    pub(crate) const fn of_byte(byte: u8) -> Self {
        Self(byte % 13 + 1)
    }

    /// The rank: 1 to 13.
    pub const fn rank(self) -> u8 {
        self.0
    }

    /// How many of the 256 bytes give this card: 20 up to nine, 19 from ten.
    pub const fn chances(self) -> u32 {
        if self.0 <= 9 { 20 } else { 19 }
    }

    /// The name, as the platform tells it: `Ace`, `2` to `10`, `Jack`, `Queen`, `King`.
    ///
    /// The spec shows `Jack` and `5`, and says "Ace=1 through King=13"; `Queen` is what fits.
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "Ace",
            2 => "2",
            3 => "3",
            4 => "4",
            5 => "5",
            6 => "6",
            7 => "7",
            8 => "8",
            9 => "9",
            10 => "10",
            11 => "Jack",
            12 => "Queen",
            _ => "King",
        }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chances_are_those_of_a_byte_modulo_thirteen() {
        for card in Card::all() {
            let bytes = (0..=255_u8).filter(|byte| byte % 13 + 1 == card.rank()).count();
            assert_eq!(usize::try_from(card.chances()).unwrap(), bytes, "{card}");
        }
        assert_eq!(Card::all().map(Card::chances).sum::<u32>(), Card::CHANCES);
    }

    #[test]
    fn thirteen_cards_and_no_more() {
        for rank in 0..400 {
            assert_eq!(Card::new(rank).is_ok(), (1..=13).contains(&rank), "{rank}");
        }
        let names: Vec<&str> = Card::all().map(Card::name).collect();
        assert_eq!(names, ["Ace", "2", "3", "4", "5", "6", "7", "8", "9", "10", "Jack", "Queen", "King"]);
    }
}
