//! An event stream: what waits for one subscriber, and the stream that it reads.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};

/// How many events wait for a subscriber that does not read. The oldest goes first.
const QUEUE: usize = 16;
/// After so much silence a comment says that the stream lives. The machine's time: transport never scales.
const KEEPALIVE: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<String>,
    closed: bool,
    reader: Option<Waker>,
}

/// Where events are put.
#[derive(Debug, Clone)]
pub(super) struct Mailbox(Weak<Mutex<Inner>>);

impl Mailbox {
    /// Both ends.
    pub(super) fn open() -> (Self, EventStream) {
        let inner = Arc::new(Mutex::new(Inner::default()));
        (Self(Arc::downgrade(&inner)), EventStream { inner, silence: Box::pin(sleep(KEEPALIVE)) })
    }

    /// Puts an event in. `false` when nobody reads any more.
    pub(super) fn put(&self, frame: String) -> bool {
        let Some(inner) = self.0.upgrade() else { return false };
        let mut inner = lock(&inner);
        if inner.closed {
            return false;
        }
        if inner.waiting.len() == QUEUE {
            inner.waiting.pop_front();
        }
        inner.waiting.push_back(frame);
        wake(inner);
        true
    }

    /// Whether somebody still reads.
    pub(super) fn is_read(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Ends the stream once what waits was read.
    pub(super) fn close(&self) {
        if let Some(inner) = self.0.upgrade() {
            let mut inner = lock(&inner);
            inner.closed = true;
            wake(inner);
        }
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(mut inner: MutexGuard<'_, Inner>) {
    let reader = inner.reader.take();
    drop(inner);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// What the subscriber reads.
#[derive(Debug)]
pub(super) struct EventStream {
    inner: Arc<Mutex<Inner>>,
    silence: Pin<Box<Sleep>>,
}

impl Stream for EventStream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = {
            let mut inner = lock(&self.inner);
            match inner.waiting.pop_front() {
                Some(frame) => Some(frame),
                None if inner.closed => return Poll::Ready(None),
                None => {
                    inner.reader = Some(cx.waker().clone());
                    None
                }
            }
        };
        let frame = match next {
            Some(frame) => frame,
            None => {
                std::task::ready!(self.silence.as_mut().poll(cx));
                ": keepalive\n\n".to_owned()
            }
        };
        self.silence.as_mut().reset(Instant::now() + KEEPALIVE);
        Poll::Ready(Some(Ok(Bytes::from(frame))))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn next(stream: &mut EventStream) -> Option<String> {
        let frame = poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await?;
        frame.ok().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn sixteen_events_wait_and_the_oldest_goes_first() {
        let (mailbox, mut stream) = Mailbox::open();
        for number in 0..20 {
            assert!(mailbox.put(number.to_string()));
        }
        mailbox.close();
        assert!(!mailbox.put("late".to_owned()));
        for number in 4..20 {
            assert_eq!(next(&mut stream).await, Some(number.to_string()));
        }
        assert_eq!(next(&mut stream).await, None);
        drop(stream);
        assert!(!mailbox.is_read());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_every_fifteen_seconds() {
        let (mailbox, mut stream) = Mailbox::open();
        let start = Instant::now();
        for count in 1..4 {
            assert_eq!(next(&mut stream).await.as_deref(), Some(": keepalive\n\n"));
            assert_eq!(start.elapsed().as_secs(), count * 15);
        }
        mailbox.put("event".to_owned());
        assert_eq!(next(&mut stream).await.as_deref(), Some("event"));
        assert_eq!(start.elapsed().as_secs(), 45);
    }
}
