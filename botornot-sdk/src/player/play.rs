//! The short way: a player that queues, plays and reports.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sdk_core::socket::Drive;

use super::contract::Player;
use super::match_log::MatchLog;
use super::pacing::Pacing;
use super::report::{MatchReport, PlayError, Summary};
use super::runner::Runner;
use crate::client::Client;
use crate::model::Guess;
use crate::state::{Machine, Queue, Settings};

pub(super) type OnMatch = Box<dyn FnMut(&MatchReport) + Send>;

/// Plays matches: made by [`Client::play`], started by [`run`](Self::run).
///
/// ```no_run
/// use botornot_sdk::player::{MatchLog, Persona};
/// use botornot_sdk::{Client, Host};
///
/// # async fn example() -> botornot_sdk::Result<()> {
/// let client = Client::builder("the-token").host(Host::Production).build()?;
/// let summary = client
///     .play(Persona::new(7))
///     .matches(3)
///     .test_mode(true) // the platform's zero-rating harness
///     .log(MatchLog::append_to("matches.jsonl")?)
///     .on_match(|report| println!("{report}"))
///     .run()
///     .await?;
/// println!("{summary}");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is played until it is run"]
pub struct Play<P> {
    client: Client,
    player: P,
    settings: Settings,
    test_mode: Option<bool>,
    matches: Option<u32>,
    pacing: Pacing,
    speed: f64,
    seed: Option<u64>,
    on_match: Option<OnMatch>,
    log: Option<MatchLog>,
}

impl<P: Player> Play<P> {
    pub(crate) fn new(client: Client, player: P) -> Self {
        Self {
            client,
            player,
            settings: Settings::default(),
            test_mode: None,
            matches: None,
            pacing: Pacing::default(),
            speed: 1.0,
            seed: None,
            on_match: None,
            log: None,
        }
    }

    /// Stop after so many matches. Without it the bot plays until it is stopped. A match that was lost from sight does not
    /// count.
    pub fn matches(mut self, matches: u32) -> Self {
        self.matches = Some(matches);
        self
    }

    /// Whether to play on the platform's deterministic harness, without effect on the rating (spec, "Test Match Endpoint").
    /// Default: no.
    pub fn test_mode(mut self, test: bool) -> Self {
        self.test_mode = Some(test);
        self
    }

    /// Another pace than a person's.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// How many times as fast matches pass, as in a sandbox of one's own: the pace is sped up with them, and the times in
    /// transcripts and reports are those of the match. Default 1; a factor that is not a positive number counts as 1.
    pub fn speed(mut self, factor: f64) -> Self {
        self.speed = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        self
    }

    /// What is voted when the player has neither decided nor leaned. Default: human.
    pub fn fallback(mut self, guess: Guess) -> Self {
        self.settings.fallback = guess;
        self
    }

    /// How long before a match's end the vote is cast in the place of a player that takes too long, at most an eighth of
    /// the match. Default 8 s. [`Player::vote`] is asked [`Settings::ask_margin`] before the end at the latest; that is
    /// raised to this span if it is shorter.
    pub fn vote_margin(mut self, span: Duration) -> Self {
        self.settings.vote_margin = span;
        self.settings.ask_margin = self.settings.ask_margin.max(span);
        self
    }

    /// All settings of the state machine. What else is said here wins, in whichever order.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Writes each finished match to a file.
    pub fn log(mut self, log: MatchLog) -> Self {
        self.log = Some(log);
        self
    }

    /// Makes the pace repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Called with the report of each match, once it has ended and its reveal is in. It must be quick.
    pub fn on_match(mut self, callback: impl FnMut(&MatchReport) + Send + 'static) -> Self {
        self.on_match = Some(Box::new(callback));
        self
    }

    /// Queues, plays, and queues again, until the matches are played or the client's shutdown says so: asked once, it
    /// finishes the match in progress; asked twice, it ends now.
    ///
    /// A connection that is lost is made again, and a match that is still there is gone on with.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for settings outside their limits, naming the setting;
    /// what no further attempt would change: the token was refused ([`Error::is_auth`](crate::Error::is_auth)), the
    /// attempts are used up. The [`PlayError`] also has the summary of what was played.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection at once, without a close frame, and the match with it.
    pub async fn run(self) -> Result<Summary, PlayError> {
        let failed = |error| PlayError::new(error, Summary::default());
        let mut settings = self.settings;
        settings.matches = self.matches.or(settings.matches);
        if let Some(test) = self.test_mode {
            settings.queue = Some(if test { Queue::Test } else { Queue::Rated });
        }
        self.pacing.check().map_err(failed)?;
        let mut pacing = self.pacing.sped_up(self.speed);
        if settings.matches == Some(0) {
            return Ok(Summary::default());
        }
        settings.check().map_err(failed)?;
        pacing.max_chars = pacing.max_chars.min(self.client.max_chat_chars());
        let seed = self.seed.or(self.client.seed()).unwrap_or_else(|| fastrand::u64(..));
        let summary = Arc::new(Mutex::new(Summary::default()));
        let runner =
            Runner::new(self.player, (pacing, self.speed), seed, self.on_match, self.log, summary.clone());
        // The handle keeps the connection: it would close when the last one is gone.
        let (driver, _handle, commands) = self.client.parts(Some(Machine::new(settings))).map_err(failed)?;
        let ended = Drive::new(driver, runner, commands, self.client.shutdown()).await;
        let summary = summary.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match ended {
            Ok(()) => Ok(summary),
            Err(error) => Err(PlayError::new(error, summary)),
        }
    }
}

impl<P> fmt::Debug for Play<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("client", &self.client)
            .field("matches", &self.matches)
            .field("settings", &self.settings)
            .field("pacing", &self.pacing)
            .finish_non_exhaustive()
    }
}
