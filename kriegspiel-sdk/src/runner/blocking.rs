//! A strategy on a thread of its own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use sdk_core::dispatch::panicked;
use sdk_core::error::{Error, Result, codes};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

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
    thread: Option<mpsc::UnboundedSender<Job<S>>>,
}

type Job<S> = Box<dyn FnOnce(&mut S, &Runtime) + Send>;

impl<S: Strategy> BlockingStrategy<S> {
    pub(super) fn new(prototype: S) -> Self {
        Self { prototype, thread: None }
    }

    fn jobs(&mut self) -> Result<&mpsc::UnboundedSender<Job<S>>> {
        let jobs = match self.thread.take() {
            Some(jobs) => jobs,
            None => start(self.prototype.clone())?,
        };
        Ok(self.thread.insert(jobs))
    }

    /// Asks the strategy something, and waits for the answer.
    async fn ask<T: Send + 'static>(
        &mut self,
        what: impl FnOnce(&mut S, &Runtime) -> T + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let job: Job<S> = Box::new(move |strategy, runtime| {
            if done.is_closed() {
                return; // given up while it waited for the thread
            }
            let answer = catch_unwind(AssertUnwindSafe(|| what(strategy, runtime)));
            // Nobody waits any more when it was given up.
            let _ = done.send(answer);
        });
        // The thread lives as long as this strategy, so it takes every job.
        let _ = self.jobs()?.send(job);
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            // It goes on where it is caught and reported like any other strategy's.
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => Err(Error::new(&codes::HANDLER_FAILED, "the strategy's thread is gone")),
        }
    }

    /// Tells the strategy something. It cannot answer, so its panic is told here.
    fn tell(&mut self, what: impl FnOnce(&mut S) + Send + 'static) {
        let job: Job<S> = Box::new(|strategy, _| {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| what(strategy))) {
                tracing::error!(error = %panicked(&*payload), "the strategy failed over what it was told");
            }
        });
        match self.jobs() {
            // As above.
            Ok(jobs) => drop(jobs.send(job)),
            Err(error) => tracing::error!(%error, "the strategy was not told"),
        }
    }
}

fn start<S: Strategy>(mut strategy: S) -> Result<mpsc::UnboundedSender<Job<S>>> {
    let failed =
        |cause| Error::new(&codes::LOCAL_IO, "the strategy's thread cannot be started").with_source(cause);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    // As many jobs come as the referee gives answers; a turn that was given up meanwhile is not run.
    let (jobs, mut todo) = mpsc::unbounded_channel::<Job<S>>();
    std::thread::Builder::new()
        .name("kriegspiel-strategy".into())
        .spawn(move || {
            while let Some(job) = todo.blocking_recv() {
                job(&mut strategy, &runtime);
            }
        })
        .map_err(failed)?;
    Ok(jobs)
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
        self.ask(move |strategy, runtime| runtime.block_on(strategy.choose(&position))).await?
    }

    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        let (position, reply) = (position.clone(), reply.clone());
        self.tell(move |strategy| strategy.on_answer(&position, action, &reply));
    }

    fn on_game_start(&mut self, game: &GameStart) {
        let game = game.clone();
        self.tell(move |strategy| strategy.on_game_start(&game));
    }

    fn on_game_over(&mut self, report: &GameReport) {
        let report = report.clone();
        self.tell(move |strategy| strategy.on_game_over(&report));
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        let failure = failure.clone();
        self.tell(move |strategy| strategy.on_failure(&failure));
    }

    async fn preflight(&mut self) -> Option<Availability> {
        match self.ask(|strategy, runtime| runtime.block_on(strategy.preflight())).await {
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
        f.debug_struct("BlockingStrategy").field("started", &self.thread.is_some()).finish_non_exhaustive()
    }
}
