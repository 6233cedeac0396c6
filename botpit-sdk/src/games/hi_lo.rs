//! Hi-Lo: is the hidden card higher or lower than the dealer's (spec, "Hi-Lo")?
//!
//! Best of five, ten seconds a move. Both sides see the dealer's card, 1 (Ace) to 13 (King), and guess at once. Who is
//! right alone wins the round; both right or both wrong is a tie. Where both cards are equal, nobody is right. Both cards
//! come from a hash of the server's seed, and the low ones are a little likelier: see [`Card`].
//!
//! ```
//! use botpit_sdk::games::Card;
//! use botpit_sdk::games::hi_lo::{ByOdds, Guess, Odds, State};
//! use botpit_sdk::model::Side;
//!
//! let state: State = serde_json::from_str(
//!     r#"{"round":1,"score":[0,0],"rounds_to_win":3,"dealer_card":7,"history":[]}"#,
//! ).unwrap();
//! assert_eq!(state.dealer(), Some(Card::new(7)?));
//!
//! // Six cards are higher than a seven and six are lower; the lower ones come up more often.
//! let odds = Odds::of(Card::new(7)?);
//! assert_eq!((odds.higher, odds.lower, odds.equal), (116, 120, 20));
//! assert_eq!(ByOdds.choose(&state, Side::A), Guess::Lower);
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Extra, Game, GameState, RoundEnd, RoundOdds, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

/// The game of hi-lo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HiLo;

impl Game for HiLo {
    const NAME: &'static str = "hi_lo";
    const BEST_OF: u32 = 5;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// The likelier guess.
    fn safe_move(state: &State) -> Option<Move> {
        let dealer = state.dealer();
        Some(dealer.map_or(Guess::Higher, |dealer| Odds::of(dealer).likelier()).into())
    }
}

/// What the hidden card is against the dealer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guess {
    /// Higher than the dealer's.
    Higher,
    /// Lower than the dealer's.
    Lower,
}

words!(Guess, "guess", "a guess is higher or lower", [Higher = "higher", Lower = "lower"]);

impl Guess {
    /// The other guess.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Higher => Self::Lower,
            Self::Lower => Self::Higher,
        }
    }

    /// Whether it is right. No guess is, when both cards are equal.
    pub fn is_right(self, dealer: Card, hidden: Card) -> bool {
        match self {
            Self::Higher => hidden > dealer,
            Self::Lower => hidden < dealer,
        }
    }
}

/// A move: `{"guess":"higher"}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What the hidden card is.
    pub guess: Guess,
}

impl From<Guess> for Move {
    fn from(guess: Guess) -> Self {
        Self { guess }
    }
}

/// The `game_state` of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 3.
    pub rounds_to_win: u32,
    /// The rank of the dealer's card as the server tells it; [`dealer`](Self::dealer) is the card.
    pub dealer_card: u32,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, dealer: Card, history: Vec<RoundResult>) -> Self {
        let (rounds_to_win, dealer_card) = (HiLo::rounds_to_win(), dealer.rank().into());
        Self { round, score, rounds_to_win, dealer_card, history, extra: Extra::new() }
    }

    /// The dealer's card. `None` where the server tells of a card that does not exist.
    pub fn dealer(&self) -> Option<Card> {
        Card::new(self.dealer_card).ok()
    }
}

game_state!(State, RoundResult);

/// The `result` of a round.
///
/// The spec does not show one. So only what all games' results have is typed, everything else is in [`extra`](Self::extra)
/// as it came, and the methods look there under the names that the other games make likely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result under the likeliest names, for the server's side and for trying a strategy without one.
    pub fn new(
        round: u32,
        dealer: Card,
        hidden: Card,
        guess_a: Option<Guess>,
        guess_b: Option<Guess>,
        round_winner: Option<AgentId>,
    ) -> Self {
        let word = |guess: Option<Guess>| guess.map_or(Value::Null, |guess| guess.as_str().into());
        let extra = [
            ("dealer_card".to_owned(), dealer.rank().into()),
            ("hidden_card".to_owned(), hidden.rank().into()),
            ("guess_a".to_owned(), word(guess_a)),
            ("guess_b".to_owned(), word(guess_b)),
        ];
        Self { round, round_winner, extra: Extra::from_iter(extra) }
    }

    /// The dealer's card, where the server tells: `dealer_card`.
    pub fn dealer(&self) -> Option<Card> {
        self.card(&["dealer_card"])
    }

    /// The hidden card, where the server tells: `hidden_card`, `next_card` or `card`.
    pub fn hidden(&self) -> Option<Card> {
        self.card(&["hidden_card", "next_card", "card"])
    }

    /// What I guessed, when I am on `side`, where the server tells: `guess_a` or `move_a`, and the same for B.
    pub fn mine(&self, side: Side) -> Option<Guess> {
        let word = self.first(side.pick(&["guess_a", "move_a"], &["guess_b", "move_b"]))?;
        word.as_str()?.parse().ok()
    }

    /// What the opponent guessed, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<Guess> {
        self.mine(side.other())
    }

    fn card(&self, names: &[&str]) -> Option<Card> {
        let rank = self.first(names)?.as_u64()?;
        Card::new(u32::try_from(rank).ok()?).ok()
    }

    fn first(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.extra.get(*name))
    }
}

impl RoundRecord for RoundResult {
    fn round(&self) -> u32 {
        self.round
    }

    fn round_winner(&self) -> Option<&AgentId> {
        self.round_winner.as_ref()
    }

    fn by_rules(&self) -> Option<RoundEnd> {
        let (dealer, hidden) = (self.dealer()?, self.hidden()?);
        let right = |side| Some(self.mine(side)?.is_right(dealer, hidden));
        Some(RoundEnd::from(right(Side::A)?.cmp(&right(Side::B)?)))
    }

    fn told(&self, side: Side) -> String {
        let end = match (self.by_rules(), &self.round_winner) {
            (None, None) => "tie",
            (None, Some(_)) => "decided",
            (end, _) => end_told(end, side),
        };
        match (self.dealer(), self.hidden()) {
            (Some(dealer), Some(hidden)) => {
                format!(
                    "{} against {} on {dealer}, {hidden} came: {end}",
                    shown(self.mine(side)),
                    shown(self.theirs(side))
                )
            }
            _ => format!("the cards were not told: {end}"),
        }
    }
}

/// How many of the 256 bytes that a card is drawn from make the hidden card what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Odds {
    /// Higher than the dealer's, of 256.
    pub higher: u32,
    /// Lower than the dealer's, of 256.
    pub lower: u32,
    /// The dealer's card again, of 256: nobody is right.
    pub equal: u32,
}

impl Odds {
    /// The odds against a card of the dealer's, by the exact law: `byte % 13 + 1`.
    pub fn of(dealer: Card) -> Self {
        let mut odds = Self { higher: 0, lower: 0, equal: 0 };
        for hidden in Card::all() {
            let of_which = match hidden.cmp(&dealer) {
                Ordering::Greater => &mut odds.higher,
                Ordering::Less => &mut odds.lower,
                Ordering::Equal => &mut odds.equal,
            };
            *of_which += hidden.chances();
        }
        odds
    }

    /// The probability that a guess is right.
    pub fn right(self, guess: Guess) -> f64 {
        let chances = match guess {
            Guess::Higher => self.higher,
            Guess::Lower => self.lower,
        };
        f64::from(chances) / f64::from(Card::CHANCES)
    }

    /// The guess that is right more often. The two are never as likely as each other.
    pub const fn likelier(self) -> Guess {
        if self.higher > self.lower { Guess::Higher } else { Guess::Lower }
    }

    /// The odds of the round with one guess against another.
    pub fn round(self, mine: Guess, theirs: Guess) -> RoundOdds {
        let (win, lose) = if mine == theirs { (0.0, 0.0) } else { (self.right(mine), self.right(theirs)) };
        RoundOdds { win, lose, tie: 1.0 - win - lose }
    }
}

/// Guesses what is likelier by the exact law of the cards.
///
/// That is a dominant strategy: against the same guess the round is a tie, and against the other one it wins more often
/// than it loses. On a seven it guesses lower, because the law favours the low cards by a hair (120 to 116 of 256).
///
/// Two players who both do this tie every round. What the platform does about a match that is never decided is not
/// documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByOdds;

impl ByOdds {
    /// The guess for a turn.
    pub fn choose(&mut self, state: &State, _side: Side) -> Guess {
        state.dealer().map_or(Guess::Higher, |dealer| Odds::of(dealer).likelier())
    }
}

strategy!(ByOdds, HiLo);

#[cfg(test)]
mod tests {
    use super::*;

    fn card(rank: u32) -> Card {
        Card::new(rank).unwrap()
    }

    #[test]
    fn the_odds_are_those_of_all_bytes() {
        for dealer in Card::all() {
            let count = |wanted| {
                (0..=255_u8).filter(|byte| (byte % 13 + 1).cmp(&dealer.rank()) == wanted).count() as u32
            };
            let odds = Odds::of(dealer);
            assert_eq!(odds.higher, count(Ordering::Greater), "{dealer}");
            assert_eq!(odds.lower, count(Ordering::Less), "{dealer}");
            assert_eq!(odds.equal, count(Ordering::Equal), "{dealer}");
        }
    }

    #[test]
    fn the_likelier_guess_never_has_the_worse_of_it() {
        for dealer in Card::all() {
            let odds = Odds::of(dealer);
            let likelier = odds.likelier();
            assert!(odds.round(likelier, likelier.other()).gain() > 0.0, "{dealer}");
            assert_eq!(odds.round(likelier, likelier).tie, 1.0);
            let expected = if dealer.rank() <= 6 { Guess::Higher } else { Guess::Lower };
            assert_eq!(
                ByOdds.choose(&State::new(1, Score::new(0, 0), dealer, Vec::new()), Side::B),
                expected
            );
        }
    }

    #[test]
    fn equal_cards_are_a_tie() {
        for (a, b) in [(Guess::Higher, Guess::Lower), (Guess::Lower, Guess::Lower)] {
            let result = RoundResult::new(1, card(8), card(8), Some(a), Some(b), None);
            assert_eq!(result.by_rules(), Some(RoundEnd::Tie));
        }
        let result = RoundResult::new(1, card(7), card(11), Some(Guess::Higher), Some(Guess::Lower), None);
        assert_eq!(result.by_rules(), Some(RoundEnd::Won(Side::A)));
        assert_eq!(result.told(Side::B), "lower against higher on 7, Jack came: lost");
    }

    #[test]
    fn a_result_of_unknown_shape_is_kept_whole() {
        for (text, hidden, mine) in [
            (r#"{"round":1,"next_card":3,"move_a":"lower"}"#, Some(card(3)), Some(Guess::Lower)),
            (r#"{"round":1,"hidden_card":"King","guess_a":7}"#, None, None),
            (
                r#"{"round":1,"hidden_card":99,"guess_a":"higher","move_a":"lower"}"#,
                None,
                Some(Guess::Higher),
            ),
        ] {
            let result: RoundResult = serde_json::from_str(text).unwrap();
            assert_eq!((result.hidden(), result.mine(Side::A)), (hidden, mine), "{text}");
            assert_eq!(result.by_rules(), None, "{text}");
            let before: Value = serde_json::from_str(text).unwrap();
            for (name, value) in before.as_object().unwrap() {
                assert_eq!(&serde_json::to_value(&result).unwrap()[name], value);
            }
        }
    }
}
