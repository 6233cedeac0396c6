//! A strategy on a thread of its own.

use std::fmt;

use sdk_core::error::Result;
use sdk_core::own_thread::OwnThread;

use super::choice::StrategyFailure;
use super::position::{GameStart, Position};
use super::report::GameReport;
use super::strategy::{Action, Strategy};
use crate::client::Reply;
use crate::model::Availability;

/// Runs a strategy on a thread of its own: made by [`StrategyExt::blocking`](super::StrategyExt::blocking).
///
/// The thread begins with the first call, and ends when this is dropped and its last job is done.
pub struct BlockingStrategy<S> {
    prototype: S,
    thread: OwnThread<S>,
}

impl<S: Strategy> BlockingStrategy<S> {
    pub(super) fn new(prototype: S) -> Self {
        Self { thread: OwnThread::new("strategy", prototype.clone()), prototype }
    }
}

impl<S: Strategy> Clone for BlockingStrategy<S> {
    /// A strategy as this one was when it was made, with a thread of its own.
    fn clone(&self) -> Self {
        Self::new(self.prototype.clone())
    }
}

impl<S: Strategy> Strategy for BlockingStrategy<S> {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        let position = position.clone();
        self.thread.ask(move |strategy, runtime| runtime.block_on(strategy.choose(&position))).await?
    }

    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        let (position, reply) = (position.clone(), reply.clone());
        self.thread.tell(move |strategy, _| strategy.on_answer(&position, action, &reply));
    }

    fn on_game_start(&mut self, game: &GameStart) {
        let game = game.clone();
        self.thread.tell(move |strategy, _| strategy.on_game_start(&game));
    }

    fn on_game_end(&mut self, report: &GameReport) {
        let report = report.clone();
        self.thread.tell(move |strategy, _| strategy.on_game_end(&report));
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        let failure = failure.clone();
        self.thread.tell(move |strategy, _| strategy.on_failure(&failure));
    }

    async fn preflight(&mut self) -> Option<Availability> {
        match self.thread.ask(|strategy, runtime| runtime.block_on(strategy.preflight())).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "the strategy cannot be asked whether it is ready");
                None
            }
        }
    }
}

impl<S> fmt::Debug for BlockingStrategy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingStrategy").field("thread", &self.thread).finish_non_exhaustive()
    }
}
