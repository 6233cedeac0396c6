//! Two players of one's own against each other.

use std::convert::Infallible;
use std::fmt;

use sdk_core::error::Result;
use sdk_core::shutdown::Shutdown;
use serde::Serialize;

use super::contract::Player;
use super::pacing::Pacing;
use super::play::Play;
use super::report::{MatchReport, Summary};
use crate::client::Client;

/// Two players at the same time on the same host, to compare them: in a sandbox that pairs its clients with each other,
/// they play against each other.
///
/// Each player has a client of its own, with a token of its own. It ends when one of them has played its matches, and the
/// other has finished the one that it is in.
///
/// ```no_run
/// use botornot_sdk::Client;
/// use botornot_sdk::player::{Persona, SelfPlay};
///
/// # async fn example(url: &str) -> botornot_sdk::Result<()> {
/// let first = Client::builder("one-token").url(url).build()?;
/// let second = Client::builder("another-token").url(url).build()?;
/// let report = SelfPlay::new(("calm", first, Persona::new(1)), ("chatty", second, Persona::new(2)))
///     .matches(200)
///     .speed(100.0)
///     .run()
///     .await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is played until it is run"]
pub struct SelfPlay<P, Q> {
    names: [String; 2],
    parent: Shutdown,
    shutdowns: [Shutdown; 2],
    first: Play<P>,
    second: Play<Q>,
}

impl<P: Player, Q: Player> SelfPlay<P, Q> {
    /// Two players: for each its name in the table, its client and itself. The shutdown of the first client is that of the
    /// whole.
    pub fn new<N: Into<String>, M: Into<String>>(first: (N, Client, P), second: (M, Client, Q)) -> Self {
        let shutdowns = [Shutdown::new(), Shutdown::new()];
        let parent = first.1.shutdown().clone();
        let [one, other] = &shutdowns;
        Self {
            names: [first.0.into(), second.0.into()],
            parent,
            first: Play::new(first.1.with_shutdown(one), first.2),
            second: Play::new(second.1.with_shutdown(other), second.2),
            shutdowns,
        }
    }

    /// How many matches. Without it they play until they are stopped.
    pub fn matches(mut self, matches: u32) -> Self {
        self.first = self.first.matches(matches);
        self.second = self.second.matches(matches);
        self
    }

    /// The pace of both.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.first = self.first.pacing(pacing.clone());
        self.second = self.second.pacing(pacing);
        self
    }

    /// How many times as fast matches pass: see [`Play::speed`].
    pub fn speed(mut self, factor: f64) -> Self {
        self.first = self.first.speed(factor);
        self.second = self.second.speed(factor);
        self
    }

    /// Makes the paces repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.first = self.first.seed(seed);
        self.second = self.second.seed(seed.wrapping_add(1));
        self
    }

    /// Called with each report of the first player, as a match ends.
    pub fn on_match(mut self, callback: impl FnMut(&MatchReport) + Send + 'static) -> Self {
        self.first = self.first.on_match(callback);
        self
    }

    /// Changes what else is to be said of the two, such as their logs.
    pub fn each(
        mut self,
        first: impl FnOnce(Play<P>) -> Play<P>,
        second: impl FnOnce(Play<Q>) -> Play<Q>,
    ) -> Self {
        self.first = first(self.first);
        self.second = second(self.second);
        self
    }

    /// Plays.
    ///
    /// # Errors
    /// As [`Play::run`], of whichever of the two fails first.
    ///
    /// # Cancel safety
    /// As [`Play::run`].
    pub async fn run(self) -> Result<SelfPlayReport> {
        let [one, other] = &self.shutdowns;
        let first = async {
            let played = self.first.run().await;
            other.drain();
            played
        };
        let second = async {
            let played = self.second.run().await;
            one.drain();
            played
        };
        let both = async { tokio::try_join!(first, second) };
        let (first, second) = tokio::select! {
            played = both => played?,
            never = pass_on(&self.parent, &self.shutdowns) => match never {},
        };
        Ok(SelfPlayReport { names: self.names, first, second })
    }
}

/// Whoever stops the whole stops both.
async fn pass_on(parent: &Shutdown, both: &[Shutdown; 2]) -> Infallible {
    parent.draining().await;
    both.iter().for_each(Shutdown::drain);
    parent.stopping().await;
    both.iter().for_each(Shutdown::stop);
    std::future::pending().await
}

impl<P, Q> fmt::Debug for SelfPlay<P, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfPlay")
            .field("names", &self.names)
            .field("first", &self.first)
            .field("second", &self.second)
            .finish_non_exhaustive()
    }
}

/// How two players compare. `Display` tells it as a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SelfPlayReport {
    /// The two names.
    pub names: [String; 2],
    /// The first one's matches.
    pub first: Summary,
    /// The second one's.
    pub second: Summary,
}

impl fmt::Display for SelfPlayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<20} {:>8} {:>14} {:>14} {:>10}",
            "player", "matches", "win rate", "pass-as-human", "rating"
        )?;
        let [one, other] = &self.names;
        for (name, summary) in [(one, &self.first), (other, &self.second)] {
            let name: String = name.chars().take(20).collect();
            let rating = summary.rating_after.map_or_else(|| "–".to_owned(), |rating| format!("{rating:.0}"));
            write!(
                f,
                "\n{name:<20} {:>8} {:>14} {:>14} {rating:>10}",
                summary.matches, summary.win_rate, summary.pass_rate
            )?;
        }
        Ok(())
    }
}
