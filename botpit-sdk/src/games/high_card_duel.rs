//! High Card Duel: the higher card wins (spec, "High Card Duel").
//!
//! Best of five, ten seconds a move. Both sides commit to drawing, then the server derives two cards, Ace = 1 to King = 13,
//! from its seed. The Ace is the lowest. Ties are replayed. It is pure luck, and the same luck for both; [`Card`] says how
//! likely each card is.
//!
//! ```
//! use botpit_sdk::games::high_card_duel::RoundResult;
//! use botpit_sdk::games::{Card, RoundRecord};
//! use botpit_sdk::model::Side;
//!
//! let result: RoundResult = serde_json::from_str(
//!     r#"{"round":1,"card_a":11,"card_b":5,"card_a_name":"Jack","card_b_name":"5","round_winner":"agent-a-uuid"}"#,
//! ).unwrap();
//! assert_eq!(result.mine(Side::A), Some(Card::new(11)?));
//! assert_eq!(result.told(Side::A), "drew Jack against 5: won");
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Card, Extra, Game, GameState, RoundEnd, RoundOdds, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

/// The game of high card duel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HighCardDuel;

impl Game for HighCardDuel {
    const NAME: &'static str = "high_card_duel";
    const BEST_OF: u32 = 5;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// There is only one.
    fn safe_move(_: &State) -> Option<Move> {
        Some(Action::Draw.into())
    }
}

/// What there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Draw a card.
    #[default]
    Draw,
}

words!(Action, "action", "the action is draw", [Draw = "draw"]);

/// A move: `{"action":"draw"}` on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What to do.
    pub action: Action,
}

impl From<Action> for Move {
    fn from(action: Action) -> Self {
        Self { action }
    }
}

/// The `game_state` of a turn. The spec shows none for this game; it is what all games' states have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 3.
    pub rounds_to_win: u32,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, history: Vec<RoundResult>) -> Self {
        Self { round, score, rounds_to_win: HighCardDuel::rounds_to_win(), history, extra: Extra::new() }
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// The rank that side A drew, as the server tells it. `None` when it drew nothing.
    pub card_a: Option<u32>,
    /// The rank that side B drew, as the server tells it. `None` when it drew nothing.
    pub card_b: Option<u32>,
    /// The name of A's card: `Jack`.
    pub card_a_name: Option<String>,
    /// The name of B's card: `5`.
    pub card_b_name: Option<String>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one.
    pub fn new(
        round: u32,
        card_a: Option<Card>,
        card_b: Option<Card>,
        round_winner: Option<AgentId>,
    ) -> Self {
        let rank = |card: Option<Card>| card.map(|card| card.rank().into());
        let name = |card: Option<Card>| card.map(|card| card.name().to_owned());
        Self {
            round,
            card_a: rank(card_a),
            card_b: rank(card_b),
            card_a_name: name(card_a),
            card_b_name: name(card_b),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// What I drew, when I am on `side`. `None` also where the server tells of a card that does not exist.
    pub fn mine(&self, side: Side) -> Option<Card> {
        side.pick(self.card_a, self.card_b).and_then(|rank| Card::new(rank).ok())
    }

    /// What the opponent drew, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<Card> {
        self.mine(side.other())
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
        Some(RoundEnd::from(self.card_a?.cmp(&self.card_b?)))
    }

    fn told(&self, side: Side) -> String {
        let end = end_told(self.by_rules(), side);
        format!("drew {} against {}: {end}", shown(self.mine(side)), shown(self.theirs(side)))
    }
}

/// The odds of a round, by the exact law of the cards: one in thirteen is a tie, and the rest is even.
pub fn round_odds() -> RoundOdds {
    let same: u32 = Card::all().map(|card| card.chances().pow(2)).sum();
    let tie = f64::from(same) / f64::from(Card::CHANCES * Card::CHANCES);
    RoundOdds { win: (1.0 - tie) / 2.0, lose: (1.0 - tie) / 2.0, tie }
}

/// Draws. There is nothing else to do, so nobody does better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlwaysDraw;

impl AlwaysDraw {
    /// The action for a turn.
    pub fn choose(&mut self, _state: &State, _side: Side) -> Action {
        Action::Draw
    }
}

strategy!(AlwaysDraw, HighCardDuel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ace_is_low_and_the_higher_card_wins() {
        let card = |rank| Card::new(rank).ok();
        let end = |a, b| RoundResult::new(1, card(a), card(b), None).by_rules();
        assert_eq!(end(13, 1), Some(RoundEnd::Won(Side::A)));
        assert_eq!(end(1, 2), Some(RoundEnd::Won(Side::B)));
        assert_eq!((end(9, 9), end(9, 0)), (Some(RoundEnd::Tie), None));
        let odds = round_odds();
        assert!((odds.tie - 1.0 / 13.0).abs() < 1e-3 && odds.decided() == 0.5);
    }
}
