//! The short way for one game: a strategy that queues, plays and reports.
//!
//! | file | what it is |
//! |---|---|
//! | `strategy` | what decides turns, chosen at compile time or at run time |
//! | `blocking` | a strategy on a thread of its own |
//! | `fallback` | what is played when a strategy does not decide |
//! | `player` | the handler that queues, asks the strategy, and queues again |
//! | `error` | why a run ended in failure, and what was played before |
//! | `report` | how a match went, and how all of them did |

mod blocking;
mod error;
mod fallback;
mod player;
mod report;
mod strategy;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sdk_core::error::{Error, Result};

pub use self::blocking::BlockingStrategy;
pub use self::error::PlayError;
pub use self::fallback::{Fallback, Played, StrategyFailure};
use self::player::{Player, Table};
pub use self::report::{MAX_ROUNDS, MatchReport, RoundReport, Summary};
pub use self::strategy::{BoxedStrategy, GameTurn, Strategy, StrategyExt};
use crate::bankroll::Bankroll;
use crate::client::Client;
use crate::games::Game;
use crate::lamports::Lamports;
use crate::model::GameType;
use crate::wager::WagerBucket;

/// Plays matches of one game: made by [`Client::play`], started by [`run`](Self::run).
///
/// Every wager passes the client's [`Bankroll`]: by default a session stops when ten wagers are lost.
#[must_use = "nothing is played until it is run"]
pub struct Play<G: Game, S> {
    client: Client,
    strategy: S,
    game_type: GameType,
    wager: Option<Lamports>,
    matches: Option<u32>,
    fallback: Fallback<G>,
    fallback_before: Option<Duration>,
    on_match: Option<OnMatch>,
    game: PhantomData<G>,
}

type OnMatch = Box<dyn FnMut(&MatchReport) + Send>;

impl<G: Game, S: Strategy<G>> Play<G, S> {
    pub(crate) fn new(client: Client, game_type: GameType, strategy: S) -> Self {
        Self {
            client,
            strategy,
            game_type,
            wager: None,
            matches: None,
            fallback: Fallback::default(),
            fallback_before: None,
            on_match: None,
            game: PhantomData,
        }
    }

    /// What to put into each match. Without it nothing is played: there is no default wager.
    pub fn wager(mut self, wager: Lamports) -> Self {
        self.wager = Some(wager);
        self
    }

    /// Stop after so many matches. Without it the bot plays until it is stopped, or its bankroll's guard says so.
    pub fn matches(mut self, matches: u32) -> Self {
        self.matches = Some(matches);
        self
    }

    /// Other limits than the client's: [`ClientBuilder::bankroll`](crate::ClientBuilder::bankroll). They hold for the
    /// client from now on; what it has lost so far still counts.
    pub fn bankroll(self, bankroll: Bankroll) -> Self {
        self.client.guard().lock().set_bankroll(bankroll);
        self
    }

    /// What is played when the strategy does not decide. Default: the game's safe move, and where there is none, the match
    /// is resigned.
    pub fn fallback(mut self, fallback: Fallback<G>) -> Self {
        self.fallback = fallback;
        self
    }

    /// How much of a turn's time is kept for the fallback. Default: a tenth, at most a second.
    pub fn fallback_before(mut self, span: Duration) -> Self {
        self.fallback_before = Some(span);
        self
    }

    /// Called with the report of each match as it ends.
    pub fn on_match(mut self, callback: impl FnMut(&MatchReport) + Send + 'static) -> Self {
        self.on_match = Some(Box::new(callback));
        self
    }

    /// Queues, plays, and queues again, until the matches are played, the bankroll's guard refuses another
    /// ([`Summary::stopped`] says why), or the client's shutdown says so. A server that says goodbye in good order before
    /// that is dialled again.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a wager that is missing or too small;
    /// [`BANKROLL_REFUSED`](crate::codes::BANKROLL_REFUSED) when the guard refuses the very first; what the platform
    /// refused when the queue was to be joined; otherwise as [`Client::run`]. The error comes with the summary of what was
    /// played before it.
    pub async fn run(self) -> Result<Summary, PlayError> {
        let wager = self.checked_wager().map_err(|error| PlayError::new(error, Summary::default()))?;
        if self.matches == Some(0) {
            return Ok(Summary::default());
        }
        let table = Arc::new(Mutex::new(Table::default()));
        let player = Player::<G, S> {
            strategy: tokio::sync::Mutex::new(self.strategy),
            game_type: self.game_type,
            wager,
            matches: self.matches,
            fallback: self.fallback,
            fallback_before: self.fallback_before,
            on_match: Mutex::new(self.on_match),
            table: table.clone(),
            shutdown: self.client.shutdown_of_all(),
        };
        let ended = self.client.run_staying(player).await;
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = table.refused.take().map_or(ended, Err);
        let summary = std::mem::take(&mut table.summary);
        match ended {
            Ok(()) => Ok(summary),
            Err(error) => Err(PlayError::new(error, summary)),
        }
    }

    fn checked_wager(&self) -> Result<Lamports> {
        let wager = self.wager.ok_or_else(|| {
            Error::invalid_argument("wager", "no wager was given: use .wager(\"0.01 SOL\".parse()?)")
        })?;
        WagerBucket::of(wager)?;
        Ok(wager)
    }
}

impl<G: Game, S> fmt::Debug for Play<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("client", &self.client)
            .field("game", &self.game_type)
            .field("wager", &self.wager)
            .field("matches", &self.matches)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}
