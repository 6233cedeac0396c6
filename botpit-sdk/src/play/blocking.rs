//! A strategy on a thread of its own.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use sdk_core::dispatch::panicked;
use sdk_core::error::{Error, Result, codes};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::fallback::StrategyFailure;
use super::report::MatchReport;
use super::strategy::{GameTurn, Strategy};
use crate::fairness::FairnessReport;
use crate::games::Game;
use crate::model::Side;

/// Runs a strategy on a thread of its own: made by [`StrategyExt::blocking`](crate::StrategyExt::blocking).
pub struct BlockingStrategy<G: Game, S> {
    jobs: mpsc::UnboundedSender<Job<S>>,
    game: PhantomData<fn(G)>,
}

type Job<S> = Box<dyn FnOnce(&mut S, &Runtime) + Send>;

impl<G: Game, S: Strategy<G>> BlockingStrategy<G, S> {
    pub(super) fn new(mut strategy: S) -> Result<Self> {
        let failed = |cause| {
            Error::new(&codes::LOCAL_IO, "the strategy's thread cannot be started").with_source(cause)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        // As many jobs come as the platform ends rounds; a turn that was given up meanwhile is not run.
        let (jobs, mut todo) = mpsc::unbounded_channel::<Job<S>>();
        std::thread::Builder::new()
            .name("botpit-strategy".into())
            .spawn(move || {
                while let Some(job) = todo.blocking_recv() {
                    job(&mut strategy, &runtime);
                }
            })
            .map_err(failed)?;
        Ok(Self { jobs, game: PhantomData })
    }

    /// Tells the strategy something. It cannot answer, so its panic is told here.
    fn tell(&self, what: impl FnOnce(&mut S) + Send + 'static) {
        let job: Job<S> = Box::new(|strategy, _| {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| what(strategy))) {
                tracing::error!(error = %panicked(&*payload), "the strategy failed over what it was told");
            }
        });
        // The thread lives as long as this strategy, so it takes every job.
        let _ = self.jobs.send(job);
    }
}

impl<G: Game, S: Strategy<G>> Strategy<G> for BlockingStrategy<G, S> {
    async fn choose(&mut self, turn: &GameTurn<G>) -> Result<G::Move> {
        let (done, answer) = oneshot::channel();
        let turn = turn.clone();
        let job: Job<S> = Box::new(move |strategy, runtime| {
            if done.is_closed() {
                return; // given up while it waited for the thread
            }
            let chosen = catch_unwind(AssertUnwindSafe(|| runtime.block_on(strategy.choose(&turn))));
            // Nobody waits any more when the turn was given up.
            let _ = done.send(chosen);
        });
        // As above.
        let _ = self.jobs.send(job);
        match answer.await {
            Ok(Ok(chosen)) => chosen,
            // It goes on where it is caught and reported like any other strategy's.
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => Err(Error::new(&codes::HANDLER_FAILED, "the strategy's thread is gone")),
        }
    }

    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        let result = result.clone();
        self.tell(move |strategy| strategy.on_round(&result, side));
    }

    fn on_fairness(&mut self, report: &FairnessReport) {
        let report = report.clone();
        self.tell(move |strategy| strategy.on_fairness(&report));
    }

    fn on_match(&mut self, report: &MatchReport) {
        let report = report.clone();
        self.tell(move |strategy| strategy.on_match(&report));
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        let failure = failure.clone();
        self.tell(move |strategy| strategy.on_failure(&failure));
    }
}

impl<G: Game, S> fmt::Debug for BlockingStrategy<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingStrategy").field("game", &G::NAME).finish_non_exhaustive()
    }
}
