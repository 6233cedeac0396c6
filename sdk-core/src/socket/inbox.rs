//! The bounded queue between a driver and a stream of events.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll, Waker};

use futures_core::Stream;

use super::drive::Consumer;
use super::driver::Driver;
use super::protocol::Protocol;
use crate::error::Result;

/// What an [`Inbox`] needs to know of an event.
pub trait InboxEvent: Sized + Send + 'static {
    /// About how much memory it holds, in bytes.
    fn weight(&self) -> usize;

    /// Whether a bot that lags can do without it. A turn, a match found or an end is not droppable.
    fn is_droppable(&self) -> bool;

    /// The event that tells how many were dropped.
    fn lagged(dropped: u64) -> Self;

    /// Whether two events belong to the same thing (a match, a room), so that a `lagged` event can name it.
    fn is_akin(&self, other: &Self) -> bool {
        let _ = other;
        false
    }

    /// As [`lagged`](Self::lagged), when all that were dropped belong to the same thing as `one` of them.
    fn lagged_like(dropped: u64, one: &Self) -> Self {
        let _ = one;
        Self::lagged(dropped)
    }
}

/// The writing end: a [`Consumer`] that queues events for an [`InboxStream`].
///
/// While the bot lags, the queue holds at most `max_events` events and `max_bytes` bytes. Beyond that, events that it
/// can do without are dropped, oldest first, and a `lagged` event says how many, ahead of everything that is still queued.
/// Events that it cannot do without are kept beyond the bound, up to four times as many and four times the bytes; then the
/// oldest of them goes too, and is counted in the same event. Nothing is dropped silently, and the connection is never held
/// up. A single event is taken whatever its size.
pub struct Inbox<E>(Arc<Shared<E>>);

/// The reading end: a stream of events in order. It ends after the last one.
pub struct InboxStream<E>(Arc<Shared<E>>);

struct Shared<E> {
    queue: Mutex<Queue<E>>,
    max_events: usize,
    max_bytes: usize,
}

struct Queue<E> {
    events: VecDeque<E>,
    bytes: usize,
    dropped: u64,
    /// One of those that were dropped, as long as all belong together.
    sample: Option<E>,
    reader: Option<Waker>,
    closed: bool,
    reader_gone: bool,
}

/// A queue's two ends.
fn inbox<E: InboxEvent>(max_events: usize, max_bytes: usize) -> (Inbox<E>, InboxStream<E>) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue {
            events: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            sample: None,
            reader: None,
            closed: false,
            reader_gone: false,
        }),
        max_events,
        max_bytes,
    });
    (Inbox(shared.clone()), InboxStream(shared))
}

impl<E: InboxEvent> Inbox<E> {
    /// A queue for at most `max_events` events and `max_bytes` bytes, and the stream that reads it.
    pub fn new(max_events: usize, max_bytes: usize) -> (Self, InboxStream<E>) {
        inbox(max_events, max_bytes)
    }

    /// Queues an event. It never waits.
    pub fn push(&self, event: E) {
        let mut queue = self.0.lock();
        if queue.reader_gone {
            return;
        }
        let weight = event.weight();
        while queue.events.len() >= self.0.max_events || queue.bytes + weight > self.0.max_bytes {
            if let Some(at) = queue.events.iter().position(InboxEvent::is_droppable) {
                queue.drop_at(at);
            } else if event.is_droppable() {
                queue.note_dropped(event);
                queue.wake();
                return;
            } else if !queue.events.is_empty()
                && (queue.events.len() >= self.0.max_events.saturating_mul(4)
                    || queue.bytes + weight > self.0.max_bytes.saturating_mul(4))
            {
                queue.drop_at(0);
            } else {
                break;
            }
        }
        queue.bytes += weight;
        queue.events.push_back(event);
        queue.wake();
    }

    /// No event comes any more.
    pub fn close(&self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        queue.wake();
    }
}

impl<E> Shared<E> {
    fn lock(&self) -> MutexGuard<'_, Queue<E>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: InboxEvent> Queue<E> {
    fn drop_at(&mut self, at: usize) {
        if let Some(event) = self.events.remove(at) {
            self.bytes = self.bytes.saturating_sub(event.weight());
            self.note_dropped(event);
        }
    }

    fn note_dropped(&mut self, event: E) {
        if self.dropped == 0 {
            self.sample = event.is_akin(&event).then_some(event);
        } else {
            self.sample.take_if(|sample| !sample.is_akin(&event));
        }
        self.dropped += 1;
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl<E: InboxEvent> Stream for InboxStream<E> {
    type Item = E;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<E>> {
        let mut queue = self.0.lock();
        if queue.dropped > 0 {
            let dropped = std::mem::take(&mut queue.dropped);
            let sample = queue.sample.take();
            let lagged = sample.map_or_else(|| E::lagged(dropped), |one| E::lagged_like(dropped, &one));
            return Poll::Ready(Some(lagged));
        }
        match queue.events.pop_front() {
            Some(event) => {
                queue.bytes = queue.bytes.saturating_sub(event.weight());
                Poll::Ready(Some(event))
            }
            None if queue.closed => Poll::Ready(None),
            None => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<E> Drop for InboxStream<E> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.reader_gone = true;
        queue.events.clear();
        queue.bytes = 0;
    }
}

impl<E> Drop for Inbox<E> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        if let Some(reader) = queue.reader.take() {
            reader.wake();
        }
    }
}

impl<P: Protocol> Consumer<P> for Inbox<P::Event>
where
    P::Event: InboxEvent,
{
    fn on_event(&mut self, event: P::Event, _: &mut Driver<P>, _: &mut task::Context<'_>) {
        self.push(event);
    }

    fn on_end(&mut self, _: &Result<()>) {
        self.close();
    }
}

impl<E> fmt::Debug for Inbox<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("queued", &self.0.lock().events.len()).finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for InboxStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxStream").field("queued", &self.0.lock().events.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[derive(Debug, PartialEq)]
    enum Event {
        Chatter(u32),
        Turn(u32),
        Lagged(u64),
    }

    impl InboxEvent for Event {
        fn weight(&self) -> usize {
            10
        }
        fn is_droppable(&self) -> bool {
            matches!(self, Self::Chatter(_))
        }
        fn lagged(dropped: u64) -> Self {
            Self::Lagged(dropped)
        }
    }

    fn drain(stream: &mut InboxStream<Event>) -> Vec<Event> {
        std::iter::from_fn(|| stream.next().now_or_never().flatten()).collect()
    }

    #[test]
    fn a_bot_that_lags_keeps_its_turns_and_is_told_what_is_missing() {
        let (inbox, mut stream) = Inbox::new(3, 1_000);
        for event in [Event::Chatter(1), Event::Turn(1), Event::Chatter(2), Event::Turn(2), Event::Chatter(3)]
        {
            inbox.push(event);
        }
        assert_eq!(drain(&mut stream), [Event::Lagged(2), Event::Turn(1), Event::Turn(2), Event::Chatter(3)],);
    }

    #[test]
    fn turns_alone_are_bounded_too_and_bytes_count() {
        let (inbox, mut stream) = Inbox::new(2, 1_000);
        (0..20).for_each(|n| inbox.push(Event::Turn(n)));
        let events = drain(&mut stream);
        assert_eq!(events.first(), Some(&Event::Lagged(12)));
        assert_eq!(events.len(), 9);
        assert_eq!(events.last(), Some(&Event::Turn(19)));

        let (inbox, mut stream) = Inbox::new(100, 25);
        (0..5).for_each(|n| inbox.push(Event::Chatter(n)));
        assert_eq!(drain(&mut stream), [Event::Lagged(3), Event::Chatter(3), Event::Chatter(4)]);

        let (inbox, mut stream) = Inbox::new(100, 25);
        (0..20).for_each(|n| inbox.push(Event::Turn(n)));
        let events = drain(&mut stream);
        assert_eq!((events.first(), events.len()), (Some(&Event::Lagged(10)), 11), "100 bytes at most");

        let (inbox, mut stream) = Inbox::new(100, 1);
        inbox.push(Event::Turn(1));
        assert_eq!(drain(&mut stream), [Event::Turn(1)], "larger than all bounds, and alone");
    }

    #[test]
    fn it_ends_after_the_last_event_and_forgets_when_nobody_reads() {
        let (inbox, mut stream) = Inbox::new(3, 1_000);
        inbox.push(Event::Turn(1));
        drop(inbox);
        assert_eq!(stream.next().now_or_never(), Some(Some(Event::Turn(1))));
        assert_eq!(stream.next().now_or_never(), Some(None));

        let (inbox, stream) = Inbox::<Event>::new(3, 1_000);
        drop(stream);
        inbox.push(Event::Turn(1));
        assert_eq!(inbox.0.lock().events.len(), 0);
    }
}
