//! A strategy on a thread of its own.

use std::fmt;
use std::marker::PhantomData;

use sdk_core::error::Result;
use sdk_core::own_thread::OwnThread;

use super::fallback::StrategyFailure;
use super::report::MatchReport;
use super::strategy::{GameTurn, Strategy};
use crate::fairness::FairnessReport;
use crate::games::Game;
use crate::model::Side;

/// Runs a strategy on a thread of its own, which begins with the first turn: made by
/// [`StrategyExt::blocking`](crate::StrategyExt::blocking).
pub struct BlockingStrategy<G: Game, S> {
    thread: OwnThread<S>,
    game: PhantomData<fn(G)>,
}

impl<G: Game, S: Strategy<G>> BlockingStrategy<G, S> {
    pub(super) fn new(strategy: S) -> Self {
        Self { thread: OwnThread::new("strategy", strategy), game: PhantomData }
    }
}

impl<G: Game, S: Strategy<G>> Strategy<G> for BlockingStrategy<G, S> {
    async fn choose(&mut self, turn: &GameTurn<G>) -> Result<G::Move> {
        let turn = turn.clone();
        self.thread.ask(move |strategy, runtime| runtime.block_on(strategy.choose(&turn))).await?
    }

    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        let result = result.clone();
        self.thread.tell(move |strategy, _| strategy.on_round(&result, side));
    }

    fn on_fairness(&mut self, report: &FairnessReport) {
        let report = report.clone();
        self.thread.tell(move |strategy, _| strategy.on_fairness(&report));
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        let report = report.clone();
        self.thread.tell(move |strategy, _| strategy.on_match_end(&report));
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        let failure = failure.clone();
        self.thread.tell(move |strategy, _| strategy.on_failure(&failure));
    }
}

impl<G: Game, S> fmt::Debug for BlockingStrategy<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingStrategy").field("game", &G::NAME).finish_non_exhaustive()
    }
}
