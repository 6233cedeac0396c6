//! Handlers in order per key, in parallel across keys.
//!
//! A bot's handler must never delay the connection, and a fast handler must not pay for the slow ones. So a handler's
//! future is polled once where the event arrived: when it is ready, that was all, without a task, a channel or an
//! allocation. When it is not, it moves aside, and later jobs of the same key queue behind it while other keys go on.
//!
//! Keys are what must stay in order: a match, a conversation, a request. The futures run inside whichever task polls the
//! dispatcher. A panic of a handler is caught and given back as [`Outcome::Panicked`].
//!
//! ```
//! use std::task::Poll;
//! use sdk_core::dispatch::{Dispatched, Dispatcher, Outcome};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let mut dispatcher = Dispatcher::new(16);
//! let double = |n: u32| async move { n * 2 };
//! let done = std::future::poll_fn(|cx| Poll::Ready(dispatcher.dispatch(cx, "match-1", 21, double))).await;
//! assert!(matches!(done, Dispatched::Done(Outcome::Finished(42))));
//! # });
//! ```

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Its future returned.
    Finished(T),
    /// Its future panicked, with this message.
    Panicked(String),
}

/// What became of a job that was handed in.
#[derive(Debug)]
#[must_use]
pub enum Dispatched<T, J> {
    /// It ran to its end at once.
    Done(Outcome<T>),
    /// It runs, or waits for an earlier job of its key; [`Dispatcher::poll_next`] will tell its end.
    Deferred,
    /// Its key has as many waiting jobs as the bound allows; here it is back.
    Full(J),
}

type Slot<F> = Pin<Box<Option<F>>>;

/// Runs jobs of type `J` as futures of type `F`, in order per key of type `K`.
pub struct Dispatcher<K, J, F: Future> {
    running: FuturesUnordered<Running<K, F>>,
    queues: HashMap<K, Queue<J>>,
    spare: Vec<Slot<F>>,
    bound: usize,
    tickets: u64,
}

struct Queue<J> {
    waiting: VecDeque<J>,
    ticket: u64,
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
        Self {
            running: FuturesUnordered::new(),
            queues: HashMap::new(),
            spare: Vec::new(),
            bound,
            tickets: 0,
        }
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
            if queue.waiting.len() >= self.bound {
                return Dispatched::Full(job);
            }
            queue.waiting.push_back(job);
            return Dispatched::Deferred;
        }
        let mut slot = self.spare.pop().unwrap_or_else(|| Box::pin(None));
        slot.as_mut().set(Some(start(job)));
        match poll_slot(&mut slot, cx) {
            Poll::Ready(outcome) => {
                self.recycle(slot);
                Dispatched::Done(outcome)
            }
            Poll::Pending => {
                let ticket = self.admit(key.clone(), slot);
                self.queues.insert(key, Queue { waiting: VecDeque::new(), ticket });
                Dispatched::Deferred
            }
        }
    }

    /// The next job to end, with its key. The key's next waiting job is started. Pending when nothing ended; also when
    /// nothing runs.
    pub fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        mut start: impl FnMut(J) -> F,
    ) -> Poll<(K, Outcome<F::Output>)> {
        loop {
            let Poll::Ready(Some((key, ticket, outcome, mut slot))) = self.running.poll_next_unpin(cx) else {
                return Poll::Pending;
            };
            let Some(queue) = self.queues.get_mut(&key) else { continue };
            if queue.ticket != ticket {
                continue; // cancelled, and the key is in use again
            }
            match queue.waiting.pop_front() {
                Some(job) => {
                    slot.as_mut().set(Some(start(job)));
                    let ticket = self.admit(key.clone(), slot);
                    if let Some(queue) = self.queues.get_mut(&key) {
                        queue.ticket = ticket;
                    }
                }
                None => {
                    self.queues.remove(&key);
                    self.recycle(slot);
                }
            }
            return Poll::Ready((key, outcome));
        }
    }

    /// Drops the running job of a key; its end will not be told. The jobs that waited behind it are started in order.
    /// Returns whether one was running.
    ///
    /// Use it when the answer of the running job has become worthless, such as a turn whose deadline has passed.
    pub fn cancel_running(&mut self, key: &K, start: impl FnOnce(J) -> F) -> bool {
        let Some(queue) = self.queues.get_mut(key) else { return false };
        for running in self.running.iter_mut() {
            if running.ticket == queue.ticket {
                running.slot = None;
                if let Some(waker) = running.waker.take() {
                    waker.wake(); // so that the emptied entry is taken out
                }
            }
        }
        match queue.waiting.pop_front() {
            Some(job) => {
                let mut slot: Slot<F> = Box::pin(None);
                slot.as_mut().set(Some(start(job)));
                let ticket = self.admit(key.clone(), slot);
                if let Some(queue) = self.queues.get_mut(key) {
                    queue.ticket = ticket;
                }
            }
            None => {
                self.queues.remove(key);
            }
        }
        true
    }

    /// How many keys have a job running.
    pub fn running(&self) -> usize {
        self.queues.len()
    }

    /// How many jobs wait behind the running one of a key.
    pub fn waiting(&self, key: &K) -> usize {
        self.queues.get(key).map_or(0, |queue| queue.waiting.len())
    }

    fn admit(&mut self, key: K, slot: Slot<F>) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.running.push(Running { key: Some(key), ticket, slot: Some(slot), waker: None });
        ticket
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

struct Running<K, F: Future> {
    key: Option<K>,
    ticket: u64,
    slot: Option<Slot<F>>,
    waker: Option<Waker>,
}

impl<K: Unpin + Clone, F: Future> Future for Running<K, F> {
    type Output = (K, u64, Outcome<F::Output>, Slot<F>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(slot) = &mut this.slot else {
            // Cancelled: ends with an empty slot, under a ticket that nobody holds any more.
            return match this.key.take() {
                Some(key) => Poll::Ready((key, this.ticket, Outcome::Panicked(String::new()), Box::pin(None))),
                None => Poll::Pending,
            };
        };
        match poll_slot(slot, cx) {
            Poll::Pending => {
                this.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Poll::Ready(outcome) => match (this.key.take(), this.slot.take()) {
                (Some(key), Some(slot)) => Poll::Ready((key, this.ticket, outcome, slot)),
                _ => Poll::Pending,
            },
        }
    }
}

fn poll_slot<F: Future>(slot: &mut Slot<F>, cx: &mut Context<'_>) -> Poll<Outcome<F::Output>> {
    let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Pending };
    // The future is dropped after a panic and never polled again, so no broken state is seen.
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Outcome::Finished(output)),
        Err(payload) => {
            slot.as_mut().set(None);
            let message = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a value that is not a text".to_owned());
            Poll::Ready(Outcome::Panicked(message))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
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
            assert!(matches!(
                dispatcher.dispatch(cx, "b", (0, 3), start),
                Dispatched::Done(Outcome::Finished(3))
            ));
            Poll::Ready(())
        })
        .await;
        assert_eq!(dispatcher.waiting(&"a"), 1);
        assert_eq!(poll_fn(|cx| dispatcher.poll_next(cx, start)).await, ("a", Outcome::Finished(1)));
        assert_eq!(poll_fn(|cx| dispatcher.poll_next(cx, start)).await, ("a", Outcome::Finished(2)));
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

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_an_outcome_and_the_key_goes_on() {
        let mut dispatcher = Dispatcher::<u8, u32, Boxed>::new(4);
        let start = |n: u32| -> Boxed {
            Box::pin(async move {
                tokio::task::yield_now().await;
                assert!(n != 1, "one is not wanted");
                n
            })
        };
        poll_fn(|cx| {
            let _ = dispatcher.dispatch(cx, 0, 1, start);
            let _ = dispatcher.dispatch(cx, 0, 2, start);
            Poll::Ready(())
        })
        .await;
        let (_, first) = poll_fn(|cx| dispatcher.poll_next(cx, start)).await;
        assert_eq!(first, Outcome::Panicked("one is not wanted".into()));
        assert_eq!(poll_fn(|cx| dispatcher.poll_next(cx, start)).await, (0, Outcome::Finished(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_job_is_dropped_and_those_behind_it_run() {
        struct CountDrop(Arc<AtomicUsize>);
        impl Drop for CountDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut dispatcher = Dispatcher::<u8, (u64, u32), Boxed>::new(4);
        let guard = dropped.clone();
        let start = move |(delay, value): (u64, u32)| -> Boxed {
            let guard = CountDrop(guard.clone());
            Box::pin(async move {
                let _guard = guard;
                job(delay, value).await
            })
        };
        poll_fn(|cx| {
            let _ = dispatcher.dispatch(cx, 0, (3_600_000, 1), start.clone());
            let _ = dispatcher.dispatch(cx, 0, (5, 2), start.clone());
            Poll::Ready(())
        })
        .await;
        assert!(dispatcher.cancel_running(&0, start.clone()));
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        assert_eq!(
            poll_fn(|cx| dispatcher.poll_next(cx, start.clone())).await,
            (0, Outcome::Finished(2))
        );
        assert!(!dispatcher.cancel_running(&0, start.clone()));
        assert!(poll_fn(|cx| Poll::Ready(dispatcher.poll_next(cx, start.clone()))).await.is_pending());
        assert_eq!((dispatcher.running(), dispatcher.running.len()), (0, 0));
    }
}
