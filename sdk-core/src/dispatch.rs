//! Handlers in order per key, in parallel across keys.
//!
//! A bot's handler must never delay the connection, and a fast handler must not pay for the slow ones. So a handler's
//! future is polled once where the event arrived: when it is ready, that was all, without a task, a channel or an
//! allocation. When it is not, it moves aside, and later jobs of the same key queue behind it while other keys go on.
//!
//! Keys are what must stay in order: a match, a conversation, a request. The futures run inside whichever task polls the
//! dispatcher. [`caught`] turns a handler's panic into an error.
//!
//! ```
//! use std::task::Poll;
//! use sdk_core::dispatch::{Dispatched, Dispatcher};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let mut dispatcher = Dispatcher::new(16);
//! let double = |n: u32| async move { n * 2 };
//! let done = std::future::poll_fn(|cx| Poll::Ready(dispatcher.dispatch(cx, "match-1", 21, double))).await;
//! assert!(matches!(done, Dispatched::Done(42)));
//! # });
//! ```

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::error::{Error, Result, codes};
use crate::wire::excerpt;

/// A future in a box, as the boxed forms of handlers return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What became of a job that was handed in.
#[derive(Debug)]
#[must_use]
pub enum Dispatched<T, J> {
    /// It ran to its end at once.
    Done(T),
    /// It runs, or waits for an earlier job of its key; [`Dispatcher::poll_next`] will tell its end.
    Deferred,
    /// Its key has as many waiting jobs as the bound allows; here it is back.
    Full(J),
}

type Slot<F> = Pin<Box<Option<F>>>;

/// Runs jobs of type `J` as futures of type `F`, in order per key of type `K`.
pub struct Dispatcher<K, J, F: Future> {
    running: FuturesUnordered<Running<K, F>>,
    /// The jobs that wait behind each key's running one.
    queues: HashMap<K, VecDeque<J>>,
    spare: Vec<Slot<F>>,
    bound: usize,
}

/// At most this many empty slots are kept for reuse.
const SPARE_SLOTS: usize = 16;

impl<K, J, F> Dispatcher<K, J, F>
where
    K: Clone + Eq + Hash + Unpin,
    F: Future,
{
    /// A dispatcher that lets at most `bound` jobs of one key wait behind the running one.
    pub fn new(bound: usize) -> Self {
        Self { running: FuturesUnordered::new(), queues: HashMap::new(), spare: Vec::new(), bound }
    }

    /// Hands a job in. When its key is idle, `start` makes its future, which is polled once, here.
    ///
    /// After [`Dispatched::Deferred`], [`poll_next`](Self::poll_next) must be polled from the same task.
    pub fn dispatch(
        &mut self,
        cx: &mut Context<'_>,
        key: K,
        job: J,
        start: impl FnOnce(J) -> F,
    ) -> Dispatched<F::Output, J> {
        if !self.queues.is_empty()
            && let Some(queue) = self.queues.get_mut(&key)
        {
            if queue.len() >= self.bound {
                return Dispatched::Full(job);
            }
            queue.push_back(job);
            return Dispatched::Deferred;
        }
        let mut slot = self.spare.pop().unwrap_or_else(|| Box::pin(None));
        slot.as_mut().set(Some(start(job)));
        match poll_slot(&mut slot, cx) {
            Poll::Ready(output) => {
                self.recycle(slot);
                Dispatched::Done(output)
            }
            Poll::Pending => {
                self.running.push(Running(Some((key.clone(), slot))));
                self.queues.insert(key, VecDeque::new());
                Dispatched::Deferred
            }
        }
    }

    /// The next job to end, with its key. The key's next waiting job is started. Pending when nothing ended; also when
    /// nothing runs.
    pub fn poll_next(&mut self, cx: &mut Context<'_>, mut start: impl FnMut(J) -> F) -> Poll<(K, F::Output)> {
        let Poll::Ready(Some((key, output, mut slot))) = self.running.poll_next_unpin(cx) else {
            return Poll::Pending;
        };
        match self.queues.get_mut(&key).and_then(VecDeque::pop_front) {
            Some(job) => {
                slot.as_mut().set(Some(start(job)));
                self.running.push(Running(Some((key.clone(), slot))));
            }
            None => {
                self.queues.remove(&key);
                self.recycle(slot);
            }
        }
        Poll::Ready((key, output))
    }

    /// How many keys have a job running.
    pub fn running(&self) -> usize {
        self.queues.len()
    }

    /// How many jobs wait behind the running one of a key.
    pub fn waiting(&self, key: &K) -> usize {
        self.queues.get(key).map_or(0, VecDeque::len)
    }

    fn recycle(&mut self, mut slot: Slot<F>) {
        slot.as_mut().set(None);
        if self.spare.len() < SPARE_SLOTS {
            self.spare.push(slot);
        }
    }
}

impl<K, J, F: Future> fmt::Debug for Dispatcher<K, J, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("running", &self.queues.len())
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

struct Running<K, F: Future>(Option<(K, Slot<F>)>);

impl<K: Unpin, F: Future> Future for Running<K, F> {
    type Output = (K, F::Output, Slot<F>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((_, slot)) = &mut self.0 else { return Poll::Pending };
        let output = ready!(poll_slot(slot, cx));
        match self.0.take() {
            Some((key, slot)) => Poll::Ready((key, output, slot)),
            None => Poll::Pending,
        }
    }
}

fn poll_slot<F: Future>(slot: &mut Slot<F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    match slot.as_mut().as_pin_mut() {
        Some(future) => future.poll(cx),
        None => Poll::Pending,
    }
}

/// Runs a handler's future; its panic becomes a [`HANDLER_FAILED`](codes::HANDLER_FAILED) error instead of unwinding
/// through the connection.
///
/// # Errors
/// When it panicked; the message is the panic's, as an excerpt.
pub fn caught<T>(future: impl Future<Output = T>) -> impl Future<Output = Result<T>> {
    // After a panic the future is dropped and never polled again, so no broken state is seen. An `async fn` would hold the
    // future twice.
    AssertUnwindSafe(future).catch_unwind().map(|caught| caught.map_err(|payload| panicked(&*payload)))
}

/// The error for a panic, from the payload that [`std::panic::catch_unwind`] gives.
pub fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a value that is not a text");
    Error::new(&codes::HANDLER_FAILED, format!("the handler panicked: {}", excerpt(text)))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    type Boxed = Pin<Box<dyn Future<Output = u32> + Send>>;

    fn job(delay_ms: u64, value: u32) -> Boxed {
        Box::pin(async move {
            if delay_ms > 0 {
                sleep(Duration::from_millis(delay_ms)).await;
            }
            value
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_key_keeps_its_order_and_delays_nobody_else() {
        let mut dispatcher = Dispatcher::<&str, (u64, u32), Boxed>::new(8);
        let start = |(delay, value)| job(delay, value);
        let began = Instant::now();
        poll_fn(|cx| {
            assert!(matches!(dispatcher.dispatch(cx, "a", (1_000, 1), start), Dispatched::Deferred));
            assert!(matches!(dispatcher.dispatch(cx, "a", (0, 2), start), Dispatched::Deferred));
            assert!(matches!(dispatcher.dispatch(cx, "b", (0, 3), start), Dispatched::Done(3)));
            Poll::Ready(())
        })
        .await;
        assert_eq!(dispatcher.waiting(&"a"), 1);
        assert_eq!(poll_fn(|cx| dispatcher.poll_next(cx, start)).await, ("a", 1));
        assert_eq!(poll_fn(|cx| dispatcher.poll_next(cx, start)).await, ("a", 2));
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        assert_eq!(dispatcher.running(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_bound_gives_the_job_back() {
        let mut dispatcher = Dispatcher::<u8, (u64, u32), Boxed>::new(1);
        let start = |(delay, value)| job(delay, value);
        poll_fn(|cx| {
            let _ = dispatcher.dispatch(cx, 0, (10, 1), start);
            let _ = dispatcher.dispatch(cx, 0, (0, 2), start);
            assert!(matches!(dispatcher.dispatch(cx, 0, (0, 3), start), Dispatched::Full((0, 3))));
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let error = caught(async { assert_eq!(1, 2, "one is not two") }).await.unwrap_err();
        assert_eq!(error.code(), &codes::HANDLER_FAILED);
        assert!(error.to_string().contains("one is not two"), "{error}");
        assert_eq!(caught(async { 3 }).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_used_again() {
        let mut dispatcher = Dispatcher::<u32, (u64, u32), Boxed>::new(1);
        let start = |(delay, value)| job(delay, value);
        poll_fn(|cx| {
            for key in 0..100 {
                assert!(matches!(dispatcher.dispatch(cx, key, (0, key), start), Dispatched::Done(_)));
            }
            Poll::Ready(())
        })
        .await;
        assert_eq!((dispatcher.spare.len(), dispatcher.running()), (1, 0));
    }
}
