//! Blocking code on a thread of its own.
//!
//! An async handler, however slow, never delays the connection; one that blocks its thread would. An [`OwnThread`] owns
//! somebody's code and runs all of it on one thread with a runtime: questions are awaited, news is only handed over.
//!
//! ```
//! use sdk_core::own_thread::OwnThread;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let counter = OwnThread::new("counter", 0);
//! counter.tell(|count, _| *count += 1);
//! let seen = counter.ask(|count, _| { std::thread::sleep(std::time::Duration::from_millis(1)); *count }).await?;
//! assert_eq!(seen, 1);
//! # Ok::<(), sdk_core::Error>(()) }).unwrap();
//! ```

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::dispatch::panicked;
use crate::error::{Error, Result, codes};

type Job<S> = Box<dyn FnOnce(&mut S, &Runtime) + Send>;

/// Somebody's code and the thread that it runs on. The thread begins with the first call, and ends when this is dropped
/// and its last job is done.
///
/// Jobs run one after another, in the order in which they came. As many may wait as the caller hands over.
pub struct OwnThread<S> {
    name: &'static str,
    state: Mutex<State<S>>,
}

enum State<S> {
    /// Not begun yet.
    Waiting(Option<S>),
    Running(mpsc::UnboundedSender<Job<S>>),
}

impl<S: Send + 'static> OwnThread<S> {
    /// `name` is the thread's, and stands in its errors: `"strategy"`, `"player"`.
    pub fn new(name: &'static str, code: S) -> Self {
        Self { name, state: Mutex::new(State::Waiting(Some(code))) }
    }

    /// Asks the code something, and waits for the answer. A panic there goes on here, where it is caught and reported like
    /// that of any other handler.
    ///
    /// The runtime is the thread's own, for a future: `runtime.block_on(…)`.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the thread cannot be started; [`HANDLER_FAILED`](codes::HANDLER_FAILED) when it
    /// is gone.
    ///
    /// # Cancel safety
    /// A question whose future was dropped while it waited for the thread is not put.
    pub fn ask<T, F>(&self, question: F) -> impl Future<Output = Result<T>> + Send + use<T, F, S>
    where
        T: Send + 'static,
        F: FnOnce(&mut S, &Runtime) -> T + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let handed_over = self.hand_over(Box::new(move |code, runtime| {
            if done.is_closed() {
                return; // given up while it waited for the thread
            }
            let answer = catch_unwind(AssertUnwindSafe(|| question(code, runtime)));
            // Nobody waits any more when it was given up.
            let _ = done.send(answer);
        }));
        let name = self.name;
        async move {
            handed_over?;
            match answer.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(payload)) => resume_unwind(payload),
                Err(_) => Err(Error::new(&codes::HANDLER_FAILED, format!("the {name}'s thread is gone"))),
            }
        }
    }

    /// Tells the code something. It cannot answer, so what goes wrong is logged.
    pub fn tell(&self, news: impl FnOnce(&mut S, &Runtime) + Send + 'static) {
        let name = self.name;
        let handed_over = self.hand_over(Box::new(move |code, runtime| {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| news(code, runtime))) {
                tracing::error!(error = %panicked(&*payload), "the {name} failed over what it was told");
            }
        }));
        if let Err(error) = handed_over {
            tracing::error!(%error, "the {name} was not told");
        }
    }

    fn hand_over(&self, job: Job<S>) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Waiting(code) = &mut *state {
            *state = State::Running(self.start(code)?);
        }
        if let State::Running(jobs) = &*state {
            // The thread lives as long as this, so it takes every job.
            let _ = jobs.send(job);
        }
        Ok(())
    }

    /// Starts the thread, which takes the code only when it stands: one that could not be started can be tried again.
    fn start(&self, code: &mut Option<S>) -> Result<mpsc::UnboundedSender<Job<S>>> {
        let failed = |cause| {
            let what = format!("the {}'s thread cannot be started", self.name);
            Error::new(&codes::LOCAL_IO, what).with_source(cause)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (jobs, mut todo) = mpsc::unbounded_channel::<Job<S>>();
        let (hand, taken) = std::sync::mpsc::sync_channel::<S>(1);
        std::thread::Builder::new()
            .name(format!("bot-{}", self.name))
            .spawn(move || {
                let Ok(mut code) = taken.recv() else { return };
                while let Some(job) = todo.blocking_recv() {
                    job(&mut code, &runtime);
                }
            })
            .map_err(failed)?;
        if let Some(code) = code.take() {
            // It has room for one, and the thread waits for it.
            let _ = hand.send(code);
        }
        Ok(jobs)
    }
}

impl<S> fmt::Debug for OwnThread<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnThread").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc as std_mpsc};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn jobs_run_in_order_on_one_thread_that_is_not_the_callers() {
        let thread = OwnThread::new("test", Vec::new());
        for number in 0..10 {
            thread.tell(move |seen, _| seen.push((number, std::thread::current().id())));
        }
        let seen = thread.ask(|seen, _| seen.clone()).await.unwrap();
        assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert!(seen.iter().all(|(_, id)| *id == seen[0].1 && *id != std::thread::current().id()));
    }

    #[tokio::test]
    async fn a_panic_of_a_question_goes_on_in_who_asked_and_one_of_news_does_not() {
        let thread = OwnThread::new("test", 1);
        thread.tell(|_, _| panic!("over news"));
        let asked = AssertUnwindSafe(thread.ask(|_, _| -> u32 { panic!("over a question") }));
        let payload = asked.catch_unwind().await.unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"over a question"));
        assert_eq!(thread.ask(|number, _| *number).await.unwrap(), 1, "the thread goes on");
    }

    #[tokio::test]
    async fn a_question_that_was_given_up_is_not_put() {
        let thread = OwnThread::new("test", 0);
        let (open, gate) = std_mpsc::channel::<()>();
        thread.tell(move |_, _| _ = gate.recv());
        drop(thread.ask(|asked, _| *asked += 1));
        open.send(()).unwrap();
        assert_eq!(thread.ask(|asked, _| *asked).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_code_is_dropped_with_its_thread() {
        let (code, watched) = std_mpsc::channel::<()>();
        let thread = OwnThread::new("test", Arc::new(code));
        thread.ask(|_, runtime| runtime.block_on(async {})).await.unwrap();
        drop(thread);
        // The sender is gone when the thread has ended.
        assert!(tokio::task::spawn_blocking(move || watched.recv()).await.unwrap().is_err());
    }
}
