//! Any game at all, its states, moves and results as JSON: for games that have no types here.
//!
//! The platform's set of games is open. [`Client::play_untyped`](crate::Client::play_untyped) queues for a game by its name,
//! and asks a strategy for [`Untyped`], to which the state is a [`Value`] and so is the move. What nearly every game has
//! (round, score, history) is read where it is there.
//!
//! ```
//! use botpit_sdk::games::untyped::Untyped;
//! use botpit_sdk::{Client, GameTurn, Result};
//! use serde_json::json;
//!
//! # async fn example(client: Client) -> Result<()> {
//! let first_column = |turn: &GameTurn<Untyped>| json!({ "column": turn.state.value["free_columns"][0] });
//! let summary =
//!     client.play_untyped("connect_four", first_column).wager("0.01 SOL".parse()?).matches(1).run().await?;
//! # Ok(()) }
//! ```

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Game, GameState, RoundEnd, RoundRecord};
use crate::model::{AgentId, Score, Side};

/// A game that has no types here.
///
/// Its name on the wire is the one that it is played under, not [`Game::NAME`]; best of and timeout are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untyped;

impl Game for Untyped {
    const NAME: &'static str = "untyped";
    const BEST_OF: u32 = 1;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Value;
    type State = State;
    type RoundResult = RoundResult;
}

/// A state as it came, with what could be read of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct State {
    /// All of it.
    pub value: Value,
    round: u32,
    score: Score,
    rounds_to_win: u32,
    history: Vec<RoundResult>,
}

impl GameState for State {
    type RoundResult = RoundResult;

    /// 0 where the state does not tell.
    fn round(&self) -> u32 {
        self.round
    }

    /// Nothing to nothing where the state does not tell.
    fn score(&self) -> Score {
        self.score
    }

    /// 0 where the state does not tell.
    fn rounds_to_win(&self) -> u32 {
        self.rounds_to_win
    }

    /// Empty where the state does not tell.
    fn history(&self) -> &[RoundResult] {
        &self.history
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let score = value.get("score").and_then(|score| Score::deserialize(score).ok());
        let history = value.get("history").and_then(Value::as_array);
        Ok(Self {
            round: number(&value, "round"),
            score: score.unwrap_or(Score::new(0, 0)),
            rounds_to_win: number(&value, "rounds_to_win"),
            history: history.into_iter().flatten().cloned().map(RoundResult::of).collect(),
            value,
        })
    }
}

/// The result of a round as it came.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RoundResult {
    /// All of it.
    pub value: Value,
    round: u32,
    round_winner: Option<AgentId>,
}

impl RoundResult {
    fn of(value: Value) -> Self {
        let round_winner = value.get("round_winner").and_then(Value::as_str).map(AgentId::from);
        Self { round: number(&value, "round"), round_winner, value }
    }
}

impl RoundRecord for RoundResult {
    /// 0 where the result does not tell.
    fn round(&self) -> u32 {
        self.round
    }

    fn round_winner(&self) -> Option<&AgentId> {
        self.round_winner.as_ref()
    }

    /// The rules are not known.
    fn by_rules(&self) -> Option<RoundEnd> {
        None
    }

    /// The result as JSON, at its beginning.
    fn told(&self, _side: Side) -> String {
        sdk_core::wire::excerpt(&self.value.to_string())
    }
}

impl<'de> Deserialize<'de> for RoundResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::of)
    }
}

fn number(value: &Value, name: &str) -> u32 {
    value.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> State {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_there_is_read_and_all_of_it_is_kept() {
        let state = state(
            r#"{"round":2,"score":[1,0],"rounds_to_win":3,"board":[[0,1]],"history":[{"round":1,"round_winner":"a"}]}"#,
        );
        assert_eq!((state.round(), state.score(), state.rounds_to_win()), (2, Score::new(1, 0), 3));
        let [first] = state.history() else { panic!("one round") };
        assert_eq!((first.round(), first.round_winner()), (1, Some(&AgentId::from("a"))));
        assert_eq!(state.value["board"][0][1], 1);
    }

    #[test]
    fn no_state_is_too_strange() {
        for json in ["null", "[]", "7", r#"{"score":"love","round":-1,"history":{"a":1}}"#] {
            let state = state(json);
            assert_eq!(
                (state.round(), state.score(), state.history().len()),
                (0, Score::new(0, 0), 0),
                "{json}"
            );
        }
        assert_eq!(Untyped::safe_move(&state("null")), None);
    }
}
