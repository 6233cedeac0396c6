//! Rock paper scissors: rock beats scissors, scissors beats paper, paper beats rock (spec, "Rock Paper Scissors").
//!
//! Best of three. Both sides move at once, and a tie is replayed. No luck is in it: the server's seed decides nothing.
//!
//! ```
//! use botpit_sdk::games::rps::{Choice, Predictor, State};
//! use botpit_sdk::model::Side;
//!
//! let state: State = serde_json::from_str(
//!     r#"{"round":2,"score":[1,0],"rounds_to_win":2,"history":[
//!         {"round":1,"move_a":"rock","move_b":"scissors","round_winner":"agent-uuid-a"}]}"#,
//! ).unwrap();
//! let last = &state.history[0];
//! assert_eq!(last.mine(Side::A), Some(Choice::Rock));
//! assert_eq!(last.theirs(Side::A), Some(Choice::Scissors));
//!
//! let mut predictor = Predictor::seeded(7);
//! let choice: Choice = predictor.choose(&state, Side::A);
//! assert!(Choice::ALL.contains(&choice));
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::error::Error;
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord};
use crate::model::{AgentId, Score, Side};

mod strategies;

pub use strategies::{Predictor, UniformRandom};

/// The game of rock paper scissors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rps;

impl Game for Rps {
    const NAME: &'static str = "rps";
    const BEST_OF: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// Any choice, by chance: nobody has an edge on it.
    fn safe_move(_: &State) -> Option<Move> {
        Some(UniformRandom::new().next_choice().into())
    }
}

/// What a hand can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Beats scissors.
    Rock,
    /// Beats rock.
    Paper,
    /// Beats paper.
    Scissors,
}

impl Choice {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Rock, Self::Paper, Self::Scissors];

    /// Whether this beats `other`.
    pub fn beats(self, other: Self) -> bool {
        other.beaten_by() == self
    }

    /// What beats this.
    #[must_use]
    pub const fn beaten_by(self) -> Self {
        match self {
            Self::Rock => Self::Paper,
            Self::Paper => Self::Scissors,
            Self::Scissors => Self::Rock,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rock => "rock",
            Self::Paper => "paper",
            Self::Scissors => "scissors",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Choice {
    type Err = Error;

    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for any other word.
    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == word)
            .ok_or_else(|| Error::invalid_argument("choice", "a choice is rock, paper or scissors"))
    }
}

/// A move: `{"choice":"rock"}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What the hand shows.
    pub choice: Choice,
}

impl From<Choice> for Move {
    fn from(choice: Choice) -> Self {
        Self { choice }
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
    /// How many won rounds win the match: 2.
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
        Self { round, score, rounds_to_win: Rps::rounds_to_win(), history, extra: Extra::new() }
    }
}

game_state!(State, RoundResult);

/// The `result` of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// What side A showed. `None` when it showed nothing.
    pub move_a: Option<Choice>,
    /// What side B showed. `None` when it showed nothing.
    pub move_b: Option<Choice>,
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
        move_a: Option<Choice>,
        move_b: Option<Choice>,
        round_winner: Option<AgentId>,
    ) -> Self {
        Self { round, move_a, move_b, round_winner, extra: Extra::new() }
    }

    /// What I showed, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<Choice> {
        side.pick(self.move_a, self.move_b)
    }

    /// What the opponent showed, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<Choice> {
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
        let (a, b) = (self.move_a?, self.move_b?);
        Some(if a.beats(b) {
            RoundEnd::Won(Side::A)
        } else if b.beats(a) {
            RoundEnd::Won(Side::B)
        } else {
            RoundEnd::Tie
        })
    }

    fn told(&self, side: Side) -> String {
        let shown = |choice: Option<Choice>| choice.map_or("nothing", Choice::as_str);
        let end = match self.by_rules() {
            Some(RoundEnd::Won(winner)) if winner == side => "won",
            Some(RoundEnd::Won(_)) => "lost",
            Some(RoundEnd::Tie) => "tie",
            None => "not decided by the hands",
        };
        format!("{} against {}: {end}", shown(self.mine(side)), shown(self.theirs(side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_beats_one_and_loses_to_one() {
        use Choice::{Paper, Rock, Scissors};
        for (winner, loser) in [(Rock, Scissors), (Scissors, Paper), (Paper, Rock)] {
            assert!(winner.beats(loser) && !loser.beats(winner) && !winner.beats(winner));
            let result = RoundResult::new(1, Some(loser), Some(winner), None);
            assert_eq!(result.by_rules(), Some(RoundEnd::Won(Side::B)));
            assert_eq!((result.mine(Side::B), result.theirs(Side::B)), (Some(winner), Some(loser)));
        }
        assert_eq!(RoundResult::new(1, Some(Rock), Some(Rock), None).by_rules(), Some(RoundEnd::Tie));
        assert_eq!(RoundResult::new(1, None, Some(Rock), None).by_rules(), None);
    }

    #[test]
    fn a_word_that_is_no_choice_is_refused() {
        for choice in Choice::ALL {
            assert_eq!(choice.to_string().parse::<Choice>().unwrap(), choice);
        }
        assert_eq!("lizard".parse::<Choice>().unwrap_err().field(), Some("choice"));
        assert!(serde_json::from_str::<Move>(r#"{"choice":"lizard"}"#).is_err());
        assert!(serde_json::from_str::<Move>(r#"{"throw":"rock"}"#).is_err());
    }

    #[test]
    fn what_the_server_adds_is_kept_and_what_it_omits_is_not_made_up() {
        let text = r#"{"round":1,"score":[0,0],"rounds_to_win":2,"history":[{"round":1,"move_a":"rock","move_b":null,"note":"late"}],"mood":7}"#;
        let state: State = serde_json::from_str(text).unwrap();
        assert_eq!(state.extra["mood"], 7);
        assert_eq!(state.history[0].extra["note"], "late");
        assert_eq!((state.history[0].move_b, &state.history[0].round_winner), (None, &None));
        for missing in
            ["{}", r#"{"round":1,"rounds_to_win":2}"#, r#"{"round":1,"score":[1],"rounds_to_win":2}"#]
        {
            assert!(serde_json::from_str::<State>(missing).is_err(), "{missing}");
        }
    }
}
