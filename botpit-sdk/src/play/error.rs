//! Why a run ended in failure, and what was played before.

use std::fmt;

use sdk_core::error::Error;

use super::Summary;

/// Why a [`Play`](crate::Play) ended in failure, together with what was played before: matches that cost or brought
/// something are not lost with the connection.
///
/// `?` makes an [`Error`] of it in a function that returns one, and the summary is let go.
///
/// ```no_run
/// use botpit_sdk::games::rps::{Choice, Rps};
/// use botpit_sdk::{Client, GameTurn, Result};
///
/// # async fn example(client: Client) -> Result<()> {
/// let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock).wager("0.01 SOL".parse()?);
/// match play.run().await {
///     Ok(summary) => println!("{summary}"),
///     Err(ended) => {
///         println!("{} (until then {})", ended.error(), ended.summary());
///         return Err(ended.into());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PlayError {
    error: Error,
    summary: Box<Summary>,
}

impl PlayError {
    pub(super) fn new(error: Error, summary: Summary) -> Self {
        Self { error, summary: Box::new(summary) }
    }

    /// Why it ended.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What was played until then. Where nothing was, it counts no match.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Both.
    pub fn into_parts(self) -> (Error, Summary) {
        (self.error, *self.summary)
    }
}

impl From<PlayError> for Error {
    fn from(ended: PlayError) -> Self {
        ended.error
    }
}

/// The error's own words.
impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for PlayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
