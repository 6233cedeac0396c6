//! Math Duel: work out the same expression as the opponent (spec, "Math Duel").
//!
//! Best of three, fifteen seconds a move. Both sides get an expression such as `42 + 17 * 3`, harder in later rounds, and
//! answer with a whole number. Who is right alone wins the round; both right or both wrong is a tie.
//!
//! [`evaluate`] works it out exactly.
//!
//! ```
//! use botpit_sdk::games::math_duel::{Solver, State, evaluate};
//! use botpit_sdk::model::Side;
//!
//! assert_eq!(evaluate("42 + 17 * 3"), Ok(93));
//! assert_eq!(evaluate("-(4 - 6) * (8 / 2)"), Ok(8));
//!
//! let state: State = serde_json::from_str(
//!     r#"{"round":1,"score":[0,0],"rounds_to_win":2,"expression":"42 + 17 * 3","history":[]}"#,
//! ).unwrap();
//! assert_eq!(Solver.choose(&state, Side::A).answer, 93);
//! ```

use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

mod expression;

pub use expression::{EvaluateError, MAX_DEPTH, evaluate};

/// The game of math duel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MathDuel;

impl Game for MathDuel {
    const NAME: &'static str = "math_duel";
    const BEST_OF: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(15);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// The answer, or 0 where it cannot be worked out: a wrong answer costs a round at most.
    fn safe_move(state: &State) -> Option<Move> {
        Some(Solver.choose(state, Side::A))
    }
}

/// A move: `{"answer":93}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// The answer.
    pub answer: i64,
}

impl From<i64> for Move {
    fn from(answer: i64) -> Self {
        Self { answer }
    }
}

impl TryFrom<i128> for Move {
    type Error = Error;

    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for what does not fit 64 bits.
    fn try_from(answer: i128) -> Result<Self> {
        i64::try_from(answer).map(Self::from).map_err(|_| {
            Error::invalid_argument(
                "answer",
                format!("an answer is {} to {}, not {answer}", i64::MIN, i64::MAX),
            )
        })
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
    /// What is to be worked out.
    pub expression: String,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, expression: impl Into<String>, history: Vec<RoundResult>) -> Self {
        let (rounds_to_win, expression) = (MathDuel::rounds_to_win(), expression.into());
        Self { round, score, rounds_to_win, expression, history, extra: Extra::new() }
    }

    /// What the expression comes to.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn solution(&self) -> Result<i128, EvaluateError> {
        evaluate(&self.expression)
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// What was to be worked out.
    pub expression: Option<String>,
    /// What it comes to, by the server's reckoning.
    pub correct_answer: Option<i64>,
    /// What side A answered. `None` when it did not.
    pub answer_a: Option<i64>,
    /// What side B answered. `None` when it did not.
    pub answer_b: Option<i64>,
    /// Whether side A was right.
    pub a_correct: Option<bool>,
    /// Whether side B was right.
    pub b_correct: Option<bool>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one. Who was right follows.
    pub fn new(
        round: u32,
        expression: impl Into<String>,
        correct_answer: i64,
        answer_a: Option<i64>,
        answer_b: Option<i64>,
        round_winner: Option<AgentId>,
    ) -> Self {
        Self {
            round,
            expression: Some(expression.into()),
            correct_answer: Some(correct_answer),
            answer_a,
            answer_b,
            a_correct: Some(answer_a == Some(correct_answer)),
            b_correct: Some(answer_b == Some(correct_answer)),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// What I answered, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<i64> {
        side.pick(self.answer_a, self.answer_b)
    }

    /// What the opponent answered, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<i64> {
        self.mine(side.other())
    }

    /// Whether a side was right: what the server says, or else what follows from its answer.
    pub fn is_correct(&self, side: Side) -> Option<bool> {
        side.pick(self.a_correct, self.b_correct).or_else(|| Some(self.mine(side)? == self.correct_answer?))
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
        // Who has not answered may have lost more than the round: that is not for the sums to decide.
        self.answer_a.and(self.answer_b)?;
        Some(RoundEnd::from(self.is_correct(Side::A)?.cmp(&self.is_correct(Side::B)?)))
    }

    fn told(&self, side: Side) -> String {
        let end = end_told(self.by_rules(), side);
        // The server's words, on somebody's terminal.
        let expression: String = self
            .expression
            .iter()
            .flat_map(|text| text.chars())
            .filter(|c| !c.is_control())
            .take(60)
            .collect();
        let right = shown(self.correct_answer);
        format!(
            "{expression} = {right}, {} against {}: {end}",
            shown(self.mine(side)),
            shown(self.theirs(side))
        )
    }
}

/// Works it out. Nobody does better than always being right; two who are tie every round.
///
/// Where a division has a remainder, the spec does not say what counts: then it cuts towards zero, as most languages'
/// whole numbers do. Where the expression is beyond it, it answers 0, because a wrong answer costs the round and silence
/// may cost the match. [`evaluate`] tells the two apart from an exact answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Solver;

impl Solver {
    /// The answer for a turn.
    pub fn choose(&mut self, state: &State, _side: Side) -> Move {
        let answer = match state.solution() {
            Err(EvaluateError::Inexact) => expression::evaluate_cut(&state.expression),
            solution => solution,
        };
        answer.ok().and_then(|answer| Move::try_from(answer).ok()).unwrap_or(Move { answer: 0 })
    }
}

strategy!(Solver, MathDuel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_right_alone_wins() {
        let end = |a, b| RoundResult::new(1, "42 + 17 * 3", 93, a, b, None).by_rules();
        assert_eq!(end(Some(93), Some(87)), Some(RoundEnd::Won(Side::A)));
        assert_eq!(end(Some(0), Some(93)), Some(RoundEnd::Won(Side::B)));
        assert_eq!(
            (end(Some(93), Some(93)), end(Some(1), Some(2))),
            (Some(RoundEnd::Tie), Some(RoundEnd::Tie))
        );
        assert_eq!(end(None, Some(93)), None);
        let told = RoundResult::new(1, "42 + 17 * 3", 93, Some(93), Some(87), None).told(Side::A);
        assert_eq!(told, "42 + 17 * 3 = 93, 93 against 87: won");
    }

    #[test]
    fn the_solver_always_has_an_answer() {
        let answer = |expression: &str| {
            Solver.choose(&State::new(1, Score::new(0, 0), expression, Vec::new()), Side::B).answer
        };
        assert_eq!(answer("7 * (8 - 10)"), -14);
        assert_eq!((answer("7 / 2"), answer("-7 / 2"), answer("7 / 2 * 2")), (3, -3, 6));
        assert_eq!((answer("1 / 0"), answer("how many?"), answer("9223372036854775807 + 1")), (0, 0, 0));
    }

    #[test]
    fn an_answer_fits_the_wire() {
        assert_eq!(Move::try_from(i128::from(i64::MIN)).unwrap().answer, i64::MIN);
        let refused = Move::try_from(i128::from(i64::MAX) + 1).unwrap_err();
        assert_eq!(refused.field(), Some("answer"));
        assert!(refused.message().contains("-9223372036854775808 to 9223372036854775807"), "{refused}");
    }
}
