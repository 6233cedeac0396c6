//! Request ids, each used once and answered once.
//!
//! A [`Correlator`] hands out ids and remembers who waits for which. A [`Call`] is the waiting side: a guard whose drop
//! forgets the id, so that nobody who gave up leaves anything behind. Every call ends in exactly one of: its reply, the
//! platform's refusal, its timeout, or the cause of a lost connection together with whether *its own* request had left.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::clock::Clock;
//! use sdk_core::correlation::{Correlator, Resolved};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let correlator = Correlator::<String>::new();
//! let call = correlator.call("join_queue")?;
//! assert_eq!(call.id().to_string(), "1"); // goes out with the request …
//!
//! // … and comes back with its reply, on the task that reads:
//! assert_eq!(correlator.resolve("1", "queued".to_owned()), Resolved::Delivered);
//! assert_eq!(correlator.resolve("1", "queued".to_owned()), Resolved::Stale); // a duplicate is counted, not fatal
//!
//! assert_eq!(call.wait(&Clock::paused(), Duration::from_secs(10)).await?, "queued");
//! # Ok::<_, sdk_core::Error>(()) }).unwrap();
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::error::{Error, Result, Sent, codes};

/// How many calls may wait at once, unless [`Correlator::with_capacity`] says otherwise.
pub const DEFAULT_CAPACITY: usize = 1_024;

/// The id of one request: `1`, `2`, `3`, … in the life of a [`Correlator`], reconnects included; none comes twice.
///
/// It is decimal text on the wire: `Display` and `Serialize` give `"17"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The id that was shown as a number by [`get`](Self::get).
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The id as a number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The id that `text` shows, if it is written exactly as we write them: no sign, no space, no leading zero.
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if canonical { text.parse().ok().map(Self) } else { None }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolved {
    /// Its call has it.
    Delivered,
    /// The id was ours, and nobody waits for it any more: a duplicate, or too late (timed out, given up, failed with a
    /// lost connection). It was dropped and counted. Which of them it was would take a memory of every id.
    Stale,
    /// The id was never ours. The reply was dropped and counted.
    Unknown,
}

/// Hands out request ids, and takes each reply to the call that waits for it. Cheap to clone; clones share the calls.
///
/// Nothing here waits: a lock is held for the time of a look-up, and never across an await. When the last clone is
/// dropped, calls that still wait end with [`CLIENT_CLOSED`](codes::CLIENT_CLOSED).
pub struct Correlator<R>(Arc<Shared<R>>);

struct Shared<R> {
    capacity: usize,
    state: Mutex<State<R>>,
}

struct State<R> {
    /// The last id that was handed out.
    last: u64,
    /// In the order of the ids, so that a lost connection fails the calls in the order in which they were made.
    waiting: BTreeMap<u64, Waiting<R>>,
    stale: u64,
    unknown: u64,
}

struct Waiting<R> {
    sent: Sent,
    answer: oneshot::Sender<Result<R>>,
}

impl<R> Correlator<R> {
    /// At most [`DEFAULT_CAPACITY`] calls at once.
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// At most `max` calls at once; 0 counts as 1.
    pub fn with_capacity(max: usize) -> Self {
        let state = State { last: 0, waiting: BTreeMap::new(), stale: 0, unknown: 0 };
        Self(Arc::new(Shared { capacity: max.max(1), state: Mutex::new(state) }))
    }

    /// A call with a fresh id, not sent yet. `label` is what its errors call it: a command's name, no secret.
    ///
    /// # Errors
    /// [`OUTBOUND_FULL`](codes::OUTBOUND_FULL) when as many calls wait as may. Nothing was sent.
    pub fn call(&self, label: impl Into<Cow<'static, str>>) -> Result<Call<R>> {
        let label = label.into();
        let (answer, receiver) = oneshot::channel();
        let mut state = self.0.lock();
        if state.waiting.len() >= self.0.capacity {
            drop(state);
            let message =
                format!("{label} was not sent: {} calls wait for their answers already", self.0.capacity);
            return Err(Error::new(&codes::OUTBOUND_FULL, message));
        }
        state.last += 1;
        let id = RequestId(state.last);
        state.waiting.insert(id.0, Waiting { sent: Sent::No, answer });
        drop(state);
        Ok(Call { id, label, answer: receiver, shared: Arc::downgrade(&self.0) })
    }

    /// A fresh id for a request for which no task waits: whoever sends it looks after the reply. To this table a reply to it
    /// is [`Resolved::Stale`].
    pub fn next_id(&self) -> RequestId {
        let mut state = self.0.lock();
        state.last += 1;
        RequestId(state.last)
    }

    /// Notes how far a request got. It only ever advances (`No`, `Maybe`, `Yes`): bytes do not come back. False when nobody
    /// waits for the id any more: a request that has not left yet is then better taken back.
    pub fn mark(&self, id: RequestId, sent: Sent) -> bool {
        let mut state = self.0.lock();
        let Some(waiting) = state.waiting.get_mut(&id.0) else { return false };
        waiting.sent = match (waiting.sent, sent) {
            (Sent::Yes, _) | (_, Sent::Yes) => Sent::Yes,
            (Sent::Maybe, _) | (_, Sent::Maybe) => Sent::Maybe,
            (Sent::No, Sent::No) => Sent::No,
        };
        true
    }

    /// Takes the platform's reply to its call.
    pub fn resolve(&self, id: &str, reply: R) -> Resolved {
        self.settle(id, Ok(reply))
    }

    /// Takes the platform's refusal to its call. The error gets the request's id, and [`Sent::Yes`]: who refuses has
    /// received.
    pub fn reject(&self, id: &str, error: Error) -> Resolved {
        self.settle(id, Err(error.with_sent(Sent::Yes).with_request_id(id)))
    }

    /// Fails one call for a reason on our side, such as a command that could not be written. The error gets the
    /// request's id and how far it got. False when nobody waits for it.
    pub fn fail(&self, id: RequestId, cause: &Error) -> bool {
        let waiting = self.0.lock().waiting.remove(&id.0);
        waiting.is_some_and(|waiting| waiting.fail(id.0, cause))
    }

    /// The connection is lost: every waiting call gets `cause`, with its own id and how far its own request got.
    /// Returns how many there were.
    pub fn fail_all(&self, cause: &Error) -> usize {
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        waiting.into_iter().filter_map(|(id, waiting)| waiting.fail(id, cause).then_some(())).count()
    }

    /// How many calls wait.
    pub fn len(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Whether no call waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many replies bore an id that was never ours.
    pub fn unknown(&self) -> u64 {
        self.0.lock().unknown
    }

    /// How many replies came for a call that no longer waited.
    pub fn stale(&self) -> u64 {
        self.0.lock().stale
    }

    fn settle(&self, id: &str, answer: Result<R>) -> Resolved {
        let mut state = self.0.lock();
        let Some(id) = RequestId::parse(id).filter(|id| id.0 <= state.last) else {
            state.unknown = state.unknown.saturating_add(1);
            return Resolved::Unknown;
        };
        let Some(waiting) = state.waiting.remove(&id.0) else {
            state.stale = state.stale.saturating_add(1);
            return Resolved::Stale;
        };
        drop(state);
        match waiting.answer.send(answer) {
            Ok(()) => Resolved::Delivered,
            // The call was dropped between the look-up and here.
            Err(_) => {
                let mut state = self.0.lock();
                state.stale = state.stale.saturating_add(1);
                Resolved::Stale
            }
        }
    }
}

impl<R> Waiting<R> {
    fn fail(self, id: u64, cause: &Error) -> bool {
        let error = cause.clone().with_sent(self.sent).with_request_id(id.to_string());
        self.answer.send(Err(error)).is_ok()
    }
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing under the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Clone for Correlator<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Default for Correlator<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Correlator<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Correlator")
            .field("last_id", &state.last)
            .field("waiting", &state.waiting.len())
            .field("capacity", &self.0.capacity)
            .field("stale", &state.stale)
            .field("unknown", &state.unknown)
            .finish()
    }
}

/// One request that waits for its answer. Dropping it forgets the id; a reply that comes later is
/// [`Resolved::Stale`].
#[must_use = "dropping a call forgets it; its reply would be lost"]
pub struct Call<R> {
    id: RequestId,
    label: Cow<'static, str>,
    answer: oneshot::Receiver<Result<R>>,
    shared: Weak<Shared<R>>,
}

impl<R> Call<R> {
    /// The id that goes out with the request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// What the request is called in errors.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Waits for the answer, for at most `timeout`, counted from the first poll. An answer that is there already is
    /// taken even when the time is up.
    ///
    /// # Errors
    /// - [`CALL_TIMEOUT`](codes::CALL_TIMEOUT) when no answer came in time.
    /// - What the platform refused with ([`Correlator::reject`]).
    /// - The cause of a lost connection ([`Correlator::fail_all`]).
    /// - [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the last [`Correlator`] is gone.
    ///
    /// Each bears the request's id, and [`Error::sent`] says whether it had left.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the call. Whether its request is sent then is not undone.
    pub async fn wait(mut self, clock: &Clock, timeout: Duration) -> Result<R> {
        let deadline = clock.now().checked_add(timeout);
        let time_is_up = async {
            match deadline {
                Some(deadline) => clock.sleep_until(deadline).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = &mut self.answer => return self.received(answer),
            () = time_is_up => {}
        }
        match self.forget() {
            Some(waiting) => {
                let message = format!("no answer to {} within {timeout:?}", self.label);
                Err(Error::new(&codes::CALL_TIMEOUT, message)
                    .with_sent(waiting.sent)
                    .with_request_id(self.id.to_string()))
            }
            // Somebody took it out in this very moment, to answer it.
            None => {
                let answer = (&mut self.answer).await;
                self.received(answer)
            }
        }
    }

    fn received(&self, answer: Result<Result<R>, oneshot::error::RecvError>) -> Result<R> {
        answer.unwrap_or_else(|_| {
            let message = format!("the client was closed while {} waited for its answer", self.label);
            // How far it got went with the table: the careful answer.
            Err(Error::new(&codes::CLIENT_CLOSED, message)
                .with_sent(Sent::Maybe)
                .with_request_id(self.id.to_string()))
        })
    }

    fn forget(&self) -> Option<Waiting<R>> {
        self.shared.upgrade()?.lock().waiting.remove(&self.id.0)
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        self.forget();
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("id", &self.id.0).field("label", &self.label).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use proptest::prelude::*;

    use super::*;
    use crate::clock::Instant;

    const TIMEOUT: Duration = Duration::from_secs(10);

    type Waiter = Pin<Box<dyn Future<Output = Result<u64>> + Send>>;

    fn waiter(call: Call<u64>, clock: &Clock, timeout: Duration) -> Waiter {
        let clock = clock.clone();
        Box::pin(async move { call.wait(&clock, timeout).await })
    }

    fn poll(waiter: &mut Waiter) -> Poll<Result<u64>> {
        waiter.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn lost() -> Error {
        Error::new(&codes::CONNECTION_LOST, "the connection to 127.0.0.1:1 was lost")
    }

    #[test]
    fn clones_share_what_waits_and_a_call_knows_its_label() {
        let correlator = Correlator::<u64>::new();
        assert!(correlator.is_empty());
        let call = correlator.clone().call("ping").unwrap();
        assert_eq!((correlator.len(), correlator.is_empty(), call.label()), (1, false, "ping"));
        drop(call);
        assert!(correlator.is_empty());
    }

    #[test]
    fn ids_are_decimal_text_and_never_come_twice() {
        let correlator = Correlator::<u64>::new();
        let mut ids = Vec::new();
        for _ in 0..3 {
            let call = correlator.call("ping").unwrap();
            assert_eq!(serde_json::to_string(&call.id()).unwrap(), format!("\"{}\"", call.id()));
            ids.push(call.id());
        }
        correlator.fail_all(&lost());
        ids.push(correlator.call("ping").unwrap().id());
        assert_eq!(ids.iter().map(|id| id.get()).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(RequestId::parse(&ids[3].to_string()), Some(ids[3]));
    }

    #[tokio::test]
    async fn a_reply_reaches_exactly_the_caller_that_asked() {
        let (correlator, clock) = (Correlator::new(), Clock::paused());
        let [first, second] = ["a", "b"].map(|label| {
            let waiter = waiter(correlator.call(label).unwrap(), &clock, TIMEOUT);
            tokio::spawn(waiter)
        });
        tokio::task::yield_now().await; // both wait now, and are woken by their replies
        assert_eq!(correlator.resolve("2", 22), Resolved::Delivered);
        assert_eq!(correlator.resolve("1", 11), Resolved::Delivered);
        assert_eq!(second.await.unwrap().unwrap(), 22);
        assert_eq!(first.await.unwrap().unwrap(), 11);
        assert!(correlator.is_empty());
    }

    #[test]
    fn replies_that_nobody_waits_for_are_told_apart_and_counted() {
        let correlator = Correlator::new();
        let call = correlator.call("a").unwrap();
        for foreign in ["2", "0", "01", "+1", " 1", "1 ", "-1", "", "1a", "t1", "18446744073709551617", "١"]
        {
            assert_eq!(correlator.resolve(foreign, 0), Resolved::Unknown, "{foreign:?}");
        }
        assert_eq!((correlator.unknown(), correlator.stale(), correlator.len()), (12, 0, 1));
        drop(call);
        assert_eq!(correlator.resolve("1", 0), Resolved::Stale);
        assert_eq!(correlator.reject("1", lost()), Resolved::Stale);
        assert_eq!((correlator.unknown(), correlator.stale(), correlator.len()), (12, 2, 0));
    }

    #[test]
    fn a_call_times_out_at_its_own_time_and_says_whether_it_was_sent() {
        let (correlator, clock) = (Correlator::new(), Clock::paused());
        let call = correlator.call("join_queue").unwrap();
        correlator.mark(call.id(), Sent::Maybe);
        correlator.mark(call.id(), Sent::No);
        clock.advance(TIMEOUT * 5); // its time runs from the first poll
        let mut waiter = waiter(call, &clock, TIMEOUT);
        assert!(poll(&mut waiter).is_pending());
        clock.advance(TIMEOUT - Duration::from_nanos(1));
        assert!(poll(&mut waiter).is_pending());
        clock.advance(Duration::from_nanos(1));
        let Poll::Ready(Err(error)) = poll(&mut waiter) else { panic!("still waits") };
        assert_eq!((error.code(), error.sent()), (&codes::CALL_TIMEOUT, Sent::Maybe));
        assert_eq!(error.request_id(), Some("1"));
        assert_eq!(error.message(), "no answer to join_queue within 10s");
        assert!(correlator.is_empty());
        assert_eq!(correlator.resolve("1", 0), Resolved::Stale);
    }

    #[test]
    fn an_endless_timeout_is_no_trouble() {
        let (correlator, clock) = (Correlator::new(), Clock::paused());
        let mut waiter = waiter(correlator.call("a").unwrap(), &clock, Duration::MAX);
        assert!(poll(&mut waiter).is_pending());
        clock.advance(Duration::from_secs(1_000_000_000));
        assert!(poll(&mut waiter).is_pending());
        correlator.resolve("1", 5);
        assert!(matches!(poll(&mut waiter), Poll::Ready(Ok(5))));
    }

    #[tokio::test]
    async fn on_loss_every_waiter_gets_the_cause_and_its_own_sent() {
        let (correlator, clock) = (Correlator::<u64>::new(), Clock::paused());
        let calls = [Sent::No, Sent::Maybe, Sent::Yes].map(|sent| {
            let call = correlator.call("a").unwrap();
            correlator.mark(call.id(), sent);
            (sent, call)
        });
        assert_eq!(correlator.fail_all(&lost().with_close_code(1012)), 3);
        assert!(correlator.is_empty());
        for (sent, call) in calls {
            let id = call.id().to_string();
            let error = call.wait(&clock, TIMEOUT).await.unwrap_err();
            assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, sent));
            assert_eq!((error.close_code(), error.request_id()), (Some(1012), Some(&*id)));
        }
    }

    #[tokio::test]
    async fn one_call_can_fail_alone() {
        let (correlator, clock) = (Correlator::<u64>::new(), Clock::paused());
        let (call, other) = (correlator.call("a").unwrap(), correlator.call("b").unwrap());
        let id = call.id();
        correlator.mark(id, Sent::Maybe);
        assert!(correlator.fail(id, &lost()));
        assert!(!correlator.fail(id, &lost()));
        let error = call.wait(&clock, TIMEOUT).await.unwrap_err();
        assert_eq!((error.sent(), error.request_id()), (Sent::Maybe, Some("1")));
        assert_eq!(correlator.len(), 1);
        drop(other);
    }

    #[test]
    fn an_id_for_which_nobody_waits_is_no_calls_id() {
        let correlator = Correlator::<u64>::with_capacity(1);
        assert_eq!(correlator.next_id().get(), 1);
        let call = correlator.call("a").unwrap();
        assert_eq!(call.id().get(), 2);
        assert_eq!(correlator.next_id().get(), 3, "however many calls wait");
        assert_eq!(
            (correlator.resolve("1", 0), correlator.resolve("3", 0)),
            (Resolved::Stale, Resolved::Stale)
        );
        assert_eq!(correlator.len(), 1);
    }

    #[tokio::test]
    async fn a_refusal_means_that_it_arrived() {
        let (correlator, clock) = (Correlator::<u64>::new(), Clock::paused());
        let call = correlator.call("a").unwrap();
        let refusal = Error::new(&codes::REJECTED, "room is full").with_platform_code("room_full");
        assert_eq!(correlator.reject("1", refusal), Resolved::Delivered);
        let error = call.wait(&clock, TIMEOUT).await.unwrap_err();
        assert_eq!((error.sent(), error.request_id()), (Sent::Yes, Some("1")));
        assert_eq!(error.platform_code_str(), Some("room_full"));
    }

    #[test]
    fn beyond_its_capacity_a_call_is_refused_until_one_ends() {
        let correlator = Correlator::<u64>::with_capacity(2);
        let (first, _second) = (correlator.call("a").unwrap(), correlator.call("b").unwrap());
        let error = correlator.call("c").unwrap_err();
        assert_eq!((error.code(), error.sent()), (&codes::OUTBOUND_FULL, Sent::No));
        drop(first);
        assert_eq!(correlator.call("d").unwrap().id().get(), 3, "a refused call uses no id");
        assert!(Correlator::<u64>::with_capacity(0).call("a").is_ok());
    }

    #[tokio::test]
    async fn when_the_last_correlator_goes_its_calls_end() {
        let correlator = Correlator::<u64>::new();
        let call = correlator.call("a").unwrap();
        drop(correlator);
        let error = call.wait(&Clock::paused(), Duration::MAX).await.unwrap_err();
        assert_eq!((error.code(), error.sent()), (&codes::CLIENT_CLOSED, Sent::Maybe));
        assert_eq!(error.request_id(), Some("1"));
    }

    #[test]
    fn answers_and_drops_on_many_threads_lose_nothing() {
        let correlator = Correlator::with_capacity(100_000);
        let calls: Vec<_> = (0..4_000).map(|_| correlator.call("a").unwrap()).collect();
        let ids: Vec<_> = calls.iter().map(Call::id).collect();
        let mut calls = calls.into_iter();
        let delivered: usize = std::thread::scope(|scope| {
            let answering: Vec<_> = (0..2)
                .map(|_| {
                    let (correlator, ids) = (&correlator, &ids);
                    scope.spawn(move || {
                        let answer = |id: &&RequestId| {
                            correlator.resolve(&id.to_string(), id.get()) == Resolved::Delivered
                        };
                        ids.iter().filter(answer).count()
                    })
                })
                .collect();
            for call in calls.by_ref().step_by(2) {
                drop(call);
            }
            answering.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(correlator.is_empty());
        assert_eq!(delivered as u64 + correlator.stale(), 2 * ids.len() as u64);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Call,
        /// A reply (right, duplicate or late, as it comes) to one of the ids handed out so far.
        Reply(usize),
        Refuse(usize),
        UnknownId(String),
        Mark(usize, Sent),
        Poll(usize),
        Advance(u64),
        Cancel(usize),
        Disconnect,
    }

    fn event() -> impl Strategy<Value = Event> {
        let sent = prop_oneof![Just(Sent::No), Just(Sent::Maybe), Just(Sent::Yes)];
        prop_oneof![
            6 => Just(Event::Call),
            6 => (0..40_usize).prop_map(Event::Reply),
            2 => (0..40_usize).prop_map(Event::Refuse),
            1 => "[0-9a-z+ -]{0,3}".prop_map(Event::UnknownId),
            3 => (0..40_usize, sent).prop_map(|(call, sent)| Event::Mark(call, sent)),
            6 => (0..40_usize).prop_map(Event::Poll),
            3 => (0..6_000_u64).prop_map(Event::Advance),
            2 => (0..40_usize).prop_map(Event::Cancel),
            1 => Just(Event::Disconnect),
        ]
    }

    /// What a caller is told, as plain data.
    #[derive(Debug, Clone, PartialEq)]
    enum Told {
        Reply(u64),
        Refused,
        Lost(Sent),
        TimedOut(Sent),
    }

    fn told(answer: Result<u64>) -> Told {
        match answer {
            Ok(reply) => Told::Reply(reply),
            Err(error) if *error.code() == codes::REJECTED => Told::Refused,
            Err(error) if *error.code() == codes::CONNECTION_LOST => Told::Lost(error.sent()),
            Err(error) if *error.code() == codes::CALL_TIMEOUT => Told::TimedOut(error.sent()),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// A caller, and what the model knows of it.
    struct Caller {
        waiter: Option<Waiter>,
        /// What it will be told at its next poll, once that is settled.
        expected: Option<Told>,
        answers: Vec<Told>,
        deadline: Option<Instant>,
        sent: Sent,
        cancelled: bool,
    }

    impl Caller {
        fn in_table(&self) -> bool {
            self.waiter.is_some() && self.expected.is_none()
        }

        fn poll(&mut self, now: Instant) {
            let Some(waiter) = &mut self.waiter else { return };
            let deadline = *self.deadline.get_or_insert(now + TIMEOUT);
            if self.expected.is_none() && now >= deadline {
                self.expected = Some(Told::TimedOut(self.sent));
            }
            match poll(waiter) {
                Poll::Ready(answer) => {
                    self.answers.push(told(answer));
                    assert_eq!(self.answers.last(), self.expected.as_ref());
                    self.waiter = None;
                }
                Poll::Pending => assert_eq!(self.expected, None, "kept waiting"),
            }
        }
    }

    proptest! {
        #[test]
        fn after_any_interleaving_the_table_is_empty_and_everybody_was_answered_once(
            events in proptest::collection::vec(event(), 0..200)
        ) {
            let (correlator, clock) = (Correlator::with_capacity(8), Clock::paused());
            let mut callers: Vec<Caller> = Vec::new();
            let (mut stale, mut unknown) = (0, 0);
            let id = |call: usize| (call + 1).to_string();

            for event in events {
                let now = clock.now();
                match event {
                    Event::Call => match correlator.call("a") {
                        Ok(call) => {
                            prop_assert_eq!(call.id().get(), callers.len() as u64 + 1);
                            callers.push(Caller {
                                waiter: Some(waiter(call, &clock, TIMEOUT)),
                                expected: None,
                                answers: Vec::new(),
                                deadline: None,
                                sent: Sent::No,
                                cancelled: false,
                            });
                        }
                        Err(error) => {
                            prop_assert_eq!(error.code(), &codes::OUTBOUND_FULL);
                            prop_assert_eq!(correlator.len(), 8);
                        }
                    },
                    Event::Reply(call) | Event::Refuse(call) => {
                        let reply = call as u64 * 10;
                        let (resolved, answer) = if matches!(event, Event::Reply(_)) {
                            (correlator.resolve(&id(call), reply), Told::Reply(reply))
                        } else {
                            let error = Error::new(&codes::REJECTED, "no");
                            (correlator.reject(&id(call), error), Told::Refused)
                        };
                        match callers.get_mut(call) {
                            None => {
                                unknown += 1;
                                prop_assert_eq!(resolved, Resolved::Unknown);
                            }
                            Some(caller) if caller.in_table() => {
                                caller.expected = Some(answer);
                                prop_assert_eq!(resolved, Resolved::Delivered);
                            }
                            Some(_) => {
                                stale += 1;
                                prop_assert_eq!(resolved, Resolved::Stale);
                            }
                        }
                    }
                    Event::UnknownId(text) => {
                        let ours = (0..callers.len()).any(|call| id(call) == text);
                        if !ours {
                            unknown += 1;
                            prop_assert_eq!(correlator.resolve(&text, 0), Resolved::Unknown);
                        }
                    }
                    Event::Mark(call, sent) => {
                        correlator.mark(RequestId(call as u64 + 1), sent);
                        if let Some(caller) = callers.get_mut(call).filter(|caller| caller.in_table()) {
                            caller.sent = match (caller.sent, sent) {
                                (Sent::Yes, _) => Sent::Yes,
                                (Sent::Maybe, Sent::No) => Sent::Maybe,
                                (_, sent) => sent,
                            };
                        }
                    }
                    Event::Poll(call) => {
                        if let Some(caller) = callers.get_mut(call) {
                            caller.poll(now);
                        }
                    }
                    Event::Advance(millis) => clock.advance(Duration::from_millis(millis)),
                    Event::Cancel(call) => {
                        if let Some(caller) = callers.get_mut(call) {
                            caller.cancelled |= caller.waiter.take().is_some();
                        }
                    }
                    Event::Disconnect => {
                        let mut failed = 0;
                        for caller in callers.iter_mut().filter(|caller| caller.in_table()) {
                            caller.expected = Some(Told::Lost(caller.sent));
                            failed += 1;
                        }
                        prop_assert_eq!(correlator.fail_all(&lost()), failed);
                    }
                }
                prop_assert_eq!(correlator.len(), callers.iter().filter(|caller| caller.in_table()).count());
            }

            // Nobody does anything any more: time alone must end every wait.
            for caller in &mut callers {
                caller.poll(clock.now());
            }
            clock.advance(TIMEOUT);
            for caller in &mut callers {
                caller.poll(clock.now());
                prop_assert_eq!(caller.answers.len(), usize::from(!caller.cancelled), "{:?}", caller.answers);
            }
            prop_assert!(correlator.is_empty());
            prop_assert_eq!((correlator.stale(), correlator.unknown()), (stale, unknown));
        }
    }
}
