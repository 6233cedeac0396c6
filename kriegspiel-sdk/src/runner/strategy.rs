//! Strategies: what decides turns.

use std::fmt;
use std::future::{Future, ready};
use std::time::Duration;

use sdk_core::dispatch::BoxFuture;
use sdk_core::error::Result;

use super::blocking::BlockingStrategy;
use super::choice::StrategyFailure;
use super::position::{GameStart, Position};
use super::report::GameReport;
use crate::client::Reply;
use crate::model::{Availability, UciMove};

/// What a strategy wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Try a move: one of [`Position::moves`].
    Move(UciMove),
    /// Ask Any?, where [`GameState::can_ask_any`](crate::model::GameState::can_ask_any) says so.
    AskAny,
    /// Resign the game.
    Resign,
    /// Nothing for now: the strategy is asked again after this span, which is moved into 100 ms to a minute. The clock runs on.
    Wait(Duration),
}

impl From<UciMove> for Action {
    fn from(uci: UciMove) -> Self {
        Self::Move(uci)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Move(uci) => uci.fmt(f),
            Self::AskAny => f.write_str("Any?"),
            Self::Resign => f.write_str("resign"),
            Self::Wait(span) => write!(f, "wait {:.1} s", span.as_secs_f64()),
        }
    }
}

/// Decides what is asked of the referee.
///
/// A closure from a position to a move or [`Action`] is one. Implement the trait for a strategy that remembers, or that waits
/// for something.
///
/// Games are played at the same time, each by a clone of its own, so that a slow one delays no other. What clones share
/// (a model's budget, an opening book) is kept behind an `Arc`.
///
/// ```
/// use kriegspiel_sdk::{Action, Position, Result, Strategy};
///
/// /// Asks Any? whenever it can, and then plays the first move that is left.
/// #[derive(Clone)]
/// struct Curious;
///
/// impl Strategy for Curious {
///     async fn choose(&mut self, position: &Position) -> Result<Action> {
///         if position.can_ask_any() {
///             return Ok(Action::AskAny);
///         }
///         Ok(position.moves().first().map_or(Action::Resign, |&uci| Action::Move(uci)))
///     }
/// }
/// ```
///
/// What it chooses is checked before it is sent. A strategy that chooses what cannot be asked is asked again, with the reason
/// in [`Position::complaint`]; after the second time a legal fallback is played. One that fails, panics or thinks for too
/// long has the fallback played at once. Each is told to [`on_failure`](Self::on_failure).
pub trait Strategy: Clone + Send + 'static {
    /// What to do in the own turn. It is asked again after every refusal, until a move is made.
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported, and the fallback is played.
    ///
    /// # Cancel safety
    /// The future is dropped when its time is over.
    fn choose(&mut self, position: &Position) -> impl Future<Output = Result<Action>> + Send;

    /// The referee answered. `position` is the one that was asked from.
    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        let _ = (position, action, reply);
    }

    /// A game begins, or goes on after a restart.
    fn on_game_start(&mut self, game: &GameStart) {
        let _ = game;
    }

    /// The game is over, or was left.
    fn on_game_end(&mut self, report: &GameReport) {
        let _ = report;
    }

    /// This strategy did not decide, or chose what cannot be asked.
    fn on_failure(&mut self, failure: &StrategyFailure) {
        let _ = failure;
    }

    /// Whether the bot can take new games (spec, "Model-bot availability"): for bots that depend on a model's provider.
    /// `None`, the default, is for all others: they never report.
    ///
    /// It is asked between games, of a clone that plays none, before each round: at most every 30 s while it is ready, and
    /// every 15 s while it is not. While it is not ready, no game is created or joined.
    ///
    /// # Cancel safety
    /// The future is dropped after 20 s, and the bot counts as not ready.
    fn preflight(&mut self) -> impl Future<Output = Option<Availability>> + Send {
        ready(None)
    }
}

impl<F, A> Strategy for F
where
    F: FnMut(&Position) -> A + Clone + Send + 'static,
    A: Into<Action>,
{
    fn choose(&mut self, position: &Position) -> impl Future<Output = Result<Action>> + Send {
        ready(Ok(self(position).into()))
    }
}

/// What every strategy can be turned into.
pub trait StrategyExt: Strategy {
    /// For a strategy that blocks its thread (a long search, a blocking call): each game's clone runs on a thread of its own,
    /// and neither other games nor the network wait for it.
    ///
    /// ```
    /// use kriegspiel_sdk::{Action, Position, StrategyExt};
    ///
    /// fn search(position: &Position) -> Action {
    ///     std::thread::sleep(std::time::Duration::from_millis(1)); // hard thinking
    ///     position.moves().first().map_or(Action::Resign, |&uci| uci.into())
    /// }
    ///
    /// let strategy = search.blocking();
    /// ```
    fn blocking(self) -> BlockingStrategy<Self> {
        BlockingStrategy::new(self)
    }

    /// A strategy whose type is known only at run time.
    fn boxed(self) -> BoxedStrategy {
        BoxedStrategy(Box::new(self))
    }
}

impl<S: Strategy> StrategyExt for S {}

/// A strategy whose type is chosen at run time.
///
/// ```
/// use kriegspiel_sdk::strategies::{Heuristic, Random};
/// use kriegspiel_sdk::{BoxedStrategy, StrategyExt};
///
/// fn pick(name: &str) -> BoxedStrategy {
///     match name {
///         "heuristic" => Heuristic::new().boxed(),
///         _ => Random::new().boxed(),
///     }
/// }
/// ```
pub struct BoxedStrategy(Box<dyn DynStrategy>);

/// [`Strategy`] with boxed futures, so that it can be a trait object.
trait DynStrategy: Send + 'static {
    fn boxed_clone(&self) -> Box<dyn DynStrategy>;
    fn choose<'a>(&'a mut self, position: &'a Position) -> BoxFuture<'a, Result<Action>>;
    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply);
    fn on_game_start(&mut self, game: &GameStart);
    fn on_game_end(&mut self, report: &GameReport);
    fn on_failure(&mut self, failure: &StrategyFailure);
    fn preflight(&mut self) -> BoxFuture<'_, Option<Availability>>;
}

impl<S: Strategy> DynStrategy for S {
    fn boxed_clone(&self) -> Box<dyn DynStrategy> {
        Box::new(self.clone())
    }

    fn choose<'a>(&'a mut self, position: &'a Position) -> BoxFuture<'a, Result<Action>> {
        Box::pin(Strategy::choose(self, position))
    }

    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        Strategy::on_answer(self, position, action, reply);
    }

    fn on_game_start(&mut self, game: &GameStart) {
        Strategy::on_game_start(self, game);
    }

    fn on_game_end(&mut self, report: &GameReport) {
        Strategy::on_game_end(self, report);
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        Strategy::on_failure(self, failure);
    }

    fn preflight(&mut self) -> BoxFuture<'_, Option<Availability>> {
        Box::pin(Strategy::preflight(self))
    }
}

impl Clone for BoxedStrategy {
    fn clone(&self) -> Self {
        // Of what is inside, not of the box: a box of a strategy is no strategy.
        Self((*self.0).boxed_clone())
    }
}

impl Strategy for BoxedStrategy {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        self.0.choose(position).await
    }

    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        self.0.on_answer(position, action, reply);
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.0.on_game_start(game);
    }

    fn on_game_end(&mut self, report: &GameReport) {
        self.0.on_game_end(report);
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        self.0.on_failure(failure);
    }

    async fn preflight(&mut self) -> Option<Availability> {
        self.0.preflight().await
    }
}

impl fmt::Debug for BoxedStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedStrategy").finish_non_exhaustive()
    }
}
