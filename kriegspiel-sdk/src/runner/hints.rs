//! A game's event stream as wake-up hints: opened where the server has one, opened again when it breaks.

use std::time::Duration;

use sdk_core::backoff::{Backoff, BackoffPolicy, Jitter};
use sdk_core::clock::{Clock, Instant};
use sdk_core::error::{ErrorKind, codes};

use crate::client::{Client, GameEvents};
use crate::model::{GameEvent, GameHint, GameId};

/// A game's events. Without any, its [`next`](Self::next) waits for ever.
#[derive(Debug)]
pub(super) struct Hints {
    client: Client,
    clock: Clock,
    game: GameId,
    backoff: Backoff,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// The server has none, or they are not wanted.
    Off,
    /// To be opened then.
    Closed(Instant),
    Open(Box<GameEvents>),
}

/// What came.
#[derive(Debug)]
pub(super) enum Hint {
    /// How the game stands.
    Game(Box<GameHint>),
    /// The stream ended: until it is back, the game is polled.
    Lost,
}

impl Hints {
    pub(super) fn new(client: Client, clock: Clock, game: GameId, wanted: bool) -> Self {
        let steps = [5, 10, 20, 40, 60].map(Duration::from_secs);
        let policy = BackoffPolicy::steps(steps.to_vec()).with_jitter(Jitter::Equal);
        let source = if wanted { Source::Closed(clock.now()) } else { Source::Off };
        Self { client, clock, game, backoff: Backoff::new(policy, None), source }
    }

    /// Whether events come.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.source, Source::Open(_))
    }

    /// The next hint.
    ///
    /// # Cancel safety
    /// No hint is lost when the future is dropped; a stream that was being opened is opened anew.
    pub(super) async fn next(&mut self) -> Hint {
        loop {
            match &mut self.source {
                Source::Off => std::future::pending().await,
                Source::Closed(at) => {
                    let at = *at;
                    self.clock.sleep_until(at).await;
                    self.source = self.open().await;
                }
                Source::Open(events) => match events.next().await {
                    Some(Ok(GameEvent::Connected(hint) | GameEvent::Changed(hint))) => {
                        return Hint::Game(Box::new(hint));
                    }
                    Some(Ok(GameEvent::Shutdown | GameEvent::Unknown { .. })) => {}
                    // One that cannot be read is skipped; the stream goes on.
                    Some(Err(error)) if error.kind() == ErrorKind::Decode => {
                        tracing::warn!(game = %self.game, %error, "an event was not understood");
                    }
                    Some(Err(_)) | None => {
                        self.source = self.later();
                        return Hint::Lost;
                    }
                },
            }
        }
    }

    async fn open(&mut self) -> Source {
        match self.client.events(&self.game).await {
            Ok(events) => {
                self.backoff.healthy(self.clock.now());
                Source::Open(Box::new(events))
            }
            // A server without event streams, or a game that is over: polling does.
            Err(error)
                if matches!(error.status(), Some(401 | 403 | 404 | 405 | 501))
                    || *error.code() == codes::DECODE_FAILED =>
            {
                tracing::debug!(game = %self.game, %error, "there are no events: the game is polled");
                Source::Off
            }
            Err(error) => {
                tracing::debug!(game = %self.game, %error, "events cannot be had now: the game is polled");
                self.later()
            }
        }
    }

    fn later(&mut self) -> Source {
        let now = self.clock.now();
        self.backoff.lost(now);
        // The policy has no last attempt.
        self.backoff.next_delay().map_or(Source::Off, |delay| Source::Closed(now + delay))
    }
}
