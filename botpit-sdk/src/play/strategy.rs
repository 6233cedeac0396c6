//! Strategies: what decides turns of one game.

use std::future::ready;
use std::ops::Deref;

use sdk_core::dispatch::BoxFuture;
use sdk_core::error::{Error, Result, codes};

use super::fallback::StrategyFailure;
use super::report::MatchReport;
use crate::fairness::FairnessReport;
use crate::games::Game;
use crate::live::Turn;
use crate::model::Side;

/// Decides turns of one game.
///
/// A closure from a turn to a move is one: `|turn: &GameTurn<Rps>| Choice::Rock`. Implement the trait for a strategy that
/// learns from rounds, or waits for something.
///
/// ```
/// use botpit_sdk::{GameTurn, Result, Strategy, games::rps::{Choice, Move, Rps}};
///
/// /// Plays what would have won the round before.
/// struct CounterLast;
///
/// impl Strategy<Rps> for CounterLast {
///     async fn choose(&mut self, turn: &GameTurn<Rps>) -> Result<Move> {
///         let last = turn.state.history.last().and_then(|round| round.theirs(turn.side));
///         Ok(last.map_or(Choice::Rock, Choice::beaten_by).into())
///     }
/// }
/// ```
///
/// A strategy that fails, panics or is too slow is reported, and the [`Fallback`](crate::Fallback) is played in its place.
/// One that keeps its thread busy for long cannot be given up in time: declare it with [`StrategyExt::blocking`].
pub trait Strategy<G: Game>: Send + 'static {
    /// The move for a turn. It is sent at most once, and not after the deadline.
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported, and the fallback is played.
    ///
    /// # Cancel safety
    /// The future is dropped when the time for the fallback has come, or its match ends.
    fn choose(&mut self, turn: &GameTurn<G>) -> impl Future<Output = Result<G::Move>> + Send;

    /// A round ended.
    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        let _ = (result, side);
    }

    /// A match that is over was checked against its revealed seed; [`on_match_end`](Self::on_match_end) comes next.
    fn on_fairness(&mut self, report: &FairnessReport) {
        let _ = report;
    }

    /// A match ended.
    fn on_match_end(&mut self, report: &MatchReport) {
        let _ = report;
    }

    /// This strategy failed in a turn, and the fallback was played.
    fn on_failure(&mut self, failure: &StrategyFailure) {
        let _ = failure;
    }
}

impl<G, F, M> Strategy<G> for F
where
    G: Game,
    F: FnMut(&GameTurn<G>) -> M + Send + 'static,
    M: Into<G::Move>,
{
    fn choose(&mut self, turn: &GameTurn<G>) -> impl Future<Output = Result<G::Move>> + Send {
        ready(Ok(self(turn).into()))
    }
}

/// A turn of a game that is known: its state is typed, and so is the answer. It derefs to the [`Turn`].
#[derive(Debug)]
#[non_exhaustive]
pub struct GameTurn<G: Game> {
    /// The state (spec, "Game Types").
    pub state: G::State,
    /// The agent's side.
    pub side: Side,
    turn: Turn,
}

impl<G: Game> GameTurn<G> {
    /// The typed form of a turn.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when the state has not the game's shape, or the side is not known.
    pub fn new(turn: Turn) -> Result<Self> {
        Self::of(turn).map_err(|(error, _)| error)
    }

    /// A turn whose state did not come off the wire.
    pub(crate) fn of_state(turn: Turn, state: G::State, side: Side) -> Self {
        Self { state, side, turn }
    }

    /// As [`new`](Self::new); the turn comes back with the error.
    pub(super) fn of(turn: Turn) -> Result<Self, (Error, Box<Turn>)> {
        let Some(side) = turn.side else {
            let message = "the match's beginning was not seen, so the side is not known";
            let error = Error::new(&codes::DECODE_FAILED, message).with_field("your_side");
            return Err((error, Box::new(turn)));
        };
        match turn.state::<G>() {
            Ok(state) => Ok(Self { state, side, turn }),
            Err(error) => Err((error, Box::new(turn))),
        }
    }
}

impl<G: Game> Clone for GameTurn<G> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), side: self.side, turn: self.turn.clone() }
    }
}

impl<G: Game> Deref for GameTurn<G> {
    type Target = Turn;

    fn deref(&self) -> &Turn {
        &self.turn
    }
}

/// What every strategy can be turned into.
pub trait StrategyExt<G: Game>: Strategy<G> + Sized {
    /// For a strategy that blocks its thread (a long search, a blocking call): it runs on a thread of its own, and the
    /// connection never waits for it. What it decides too late is dropped, and the fallback is played in time.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the thread cannot be started.
    ///
    /// ```
    /// use botpit_sdk::games::rps::{Choice, Rps};
    /// use botpit_sdk::{GameTurn, StrategyExt};
    ///
    /// fn search(turn: &GameTurn<Rps>) -> Choice {
    ///     std::thread::sleep(std::time::Duration::from_millis(1)); // hard thinking
    ///     Choice::Rock
    /// }
    ///
    /// let strategy = search.blocking();
    /// ```
    fn blocking(self) -> super::BlockingStrategy<G, Self> {
        super::BlockingStrategy::new(self)
    }

    /// A strategy whose type is known only at run time.
    fn boxed(self) -> BoxedStrategy<G> {
        BoxedStrategy(Box::new(self))
    }
}

impl<G: Game, S: Strategy<G>> StrategyExt<G> for S {}

/// A strategy whose type is chosen at run time.
///
/// ```
/// use botpit_sdk::games::rps::{Choice, Predictor, Rps};
/// use botpit_sdk::{BoxedStrategy, GameTurn, StrategyExt};
///
/// fn pick(name: &str) -> BoxedStrategy<Rps> {
///     match name {
///         "predictor" => Predictor::new().boxed(),
///         _ => (|_: &GameTurn<Rps>| Choice::Rock).boxed(),
///     }
/// }
/// ```
pub struct BoxedStrategy<G: Game>(Box<dyn DynStrategy<G>>);

/// [`Strategy`] with boxed futures, so that it can be a trait object.
trait DynStrategy<G: Game>: Send + 'static {
    fn choose<'a>(&'a mut self, turn: &'a GameTurn<G>) -> BoxFuture<'a, Result<G::Move>>;
    fn on_round(&mut self, result: &G::RoundResult, side: Side);
    fn on_fairness(&mut self, report: &FairnessReport);
    fn on_match_end(&mut self, report: &MatchReport);
    fn on_failure(&mut self, failure: &StrategyFailure);
}

impl<G: Game, S: Strategy<G>> DynStrategy<G> for S {
    fn choose<'a>(&'a mut self, turn: &'a GameTurn<G>) -> BoxFuture<'a, Result<G::Move>> {
        Box::pin(Strategy::choose(self, turn))
    }

    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        Strategy::on_round(self, result, side);
    }

    fn on_fairness(&mut self, report: &FairnessReport) {
        Strategy::on_fairness(self, report);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        Strategy::on_match_end(self, report);
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        Strategy::on_failure(self, failure);
    }
}

impl<G: Game> Strategy<G> for BoxedStrategy<G> {
    async fn choose(&mut self, turn: &GameTurn<G>) -> Result<G::Move> {
        self.0.choose(turn).await
    }

    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        self.0.on_round(result, side);
    }

    fn on_fairness(&mut self, report: &FairnessReport) {
        self.0.on_fairness(report);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        self.0.on_match_end(report);
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        self.0.on_failure(failure);
    }
}

impl<G: Game> std::fmt::Debug for BoxedStrategy<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoxedStrategy").field("game", &G::NAME).finish_non_exhaustive()
    }
}
