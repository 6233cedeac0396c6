//! An answer that is read while it comes: a stream of events that has no end of its own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::Response;
use super::failure;
use crate::error::{Error, Result};

type Chunk = (reqwest::Response, Result<Option<Bytes>, reqwest::Error>);

/// An answer with a status of success whose body is still to come: made by [`Request::open`](super::Request::open).
///
/// Nothing limits how long or how large it is: whoever reads it bounds both. Dropping it closes the connection.
pub struct Stream {
    head: Response,
    state: State,
}

enum State {
    Idle(Box<reqwest::Response>),
    Reading(Pin<Box<dyn Future<Output = Chunk> + Send>>),
    Ended,
}

impl Stream {
    pub(super) fn new(head: Response, body: reqwest::Response) -> Self {
        Self { head, state: State::Idle(Box::new(body)) }
    }

    /// Status and headers. Its body is empty.
    pub fn head(&self) -> &Response {
        &self.head
    }

    /// The next part of the body, as it comes. `None` at the end, and after an error.
    ///
    /// # Errors
    /// [`CONNECTION_LOST`](crate::error::codes::CONNECTION_LOST) when the connection broke.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// As [`chunk`](Self::chunk), for streams of one's own.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk).
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(Ok(None)),
                State::Idle(mut body) => {
                    self.state = State::Reading(Box::pin(async move {
                        let chunk = body.chunk().await;
                        (*body, chunk)
                    }));
                }
                State::Reading(mut reading) => match reading.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready((body, Ok(Some(chunk)))) => {
                        self.state = State::Idle(Box::new(body));
                        return Poll::Ready(Ok(Some(chunk)));
                    }
                    Poll::Ready((_, Ok(None))) => return Poll::Ready(Ok(None)),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Err(self.lost(error))),
                },
            }
        }
    }

    fn lost(&self, error: reqwest::Error) -> Error {
        failure::body_lost(&self.head.target, self.head.status, error)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("head", &self.head).finish_non_exhaustive()
    }
}
