//! A game's event stream: hints that its state changed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use sdk_core::error::{Error, Result, codes};
use sdk_core::http;
use tokio::time::{Instant, Sleep, sleep};

use super::Client;
use super::sse::Parser;
use crate::model::{GameEvent, GameRef, GameStatus};

/// After so long without a byte a stream is given up. The platform says something every 15 s.
pub const EVENTS_SILENCE: Duration = Duration::from_secs(45);

impl Client {
    /// The events of a game that is waiting or being played. They are hints to read the state again, not in the spec, and
    /// not every server has them: one without answers 404, and is polled.
    ///
    /// ```no_run
    /// # async fn example(client: kriegspiel_sdk::Client, game: kriegspiel_sdk::model::GameCode) -> kriegspiel_sdk::Result<()> {
    /// let mut events = client.events(&game).await?;
    /// while let Some(event) = events.next().await {
    ///     event?;
    ///     let state = client.state(&game).await?;
    ///     println!("move {}", state.move_number);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors), for what comes before the first event;
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when the answer is no event stream.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn events(&self, game: impl Into<GameRef>) -> Result<GameEvents> {
        let request = self.get(["game", game.into().as_str(), "events"]);
        let stream = request.header("accept", "text/event-stream").open().await?;
        let kind = stream.head().headers().get(::http::header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream") {
            let error = Error::new(&codes::DECODE_FAILED, "the answer is no stream of events");
            return Err(error.with_status(stream.head().status()).with_field("content-type"));
        }
        Ok(GameEvents {
            stream: Some(stream),
            parser: Parser::default(),
            silence: Box::pin(sleep(EVENTS_SILENCE)),
        })
    }
}

/// The events of a game, in order: made by [`Client::events`]. It ends after the event that says that the game is over,
/// after [`GameEvent::Shutdown`], when the server ends it, and after an error that broke it.
pub struct GameEvents {
    stream: Option<http::Stream>,
    parser: Parser,
    silence: Pin<Box<Sleep>>,
}

impl GameEvents {
    /// The next event. `None` at the end.
    ///
    /// # Errors
    /// An event of a known type that cannot be read is [`DECODE_FAILED`](codes::DECODE_FAILED) or
    /// [`NOT_JSON`](codes::NOT_JSON), and the stream goes on. A broken connection, an event that is too large and a silence of
    /// [`EVENTS_SILENCE`] end it.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<GameEvent>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn take_event(&mut self) -> Option<Result<GameEvent>> {
        let message = self.parser.next()?;
        let event = GameEvent::decode(&message.event, &message.data);
        if let Ok(event) = &event {
            let over = event.hint().is_some_and(|hint| hint.state == GameStatus::Completed);
            if over || *event == GameEvent::Shutdown {
                // What comes after it is keepalives, for ever.
                self.end();
            }
        }
        Some(event)
    }

    fn end(&mut self) {
        self.stream = None;
        self.parser = Parser::default();
    }
}

impl Stream for GameEvents {
    type Item = Result<GameEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.take_event() {
                return Poll::Ready(Some(event));
            }
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            match stream.poll_chunk(cx) {
                Poll::Ready(Ok(Some(chunk))) => {
                    self.silence.as_mut().reset(Instant::now() + EVENTS_SILENCE);
                    if let Err(error) = self.parser.push(&chunk) {
                        self.end();
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Poll::Ready(Ok(None)) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(error)) => {
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {
                    ready!(self.silence.as_mut().poll(cx));
                    self.end();
                    let message = format!("no event and no keepalive for {} s", EVENTS_SILENCE.as_secs());
                    return Poll::Ready(Some(Err(Error::new(&codes::SERVER_SILENT, message))));
                }
            }
        }
    }
}

impl fmt::Debug for GameEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GameEvents").field("open", &self.stream.is_some()).finish_non_exhaustive()
    }
}
