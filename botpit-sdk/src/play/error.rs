//! Why a run ended in failure, and what was played before.

use sdk_core::error::RunError;

use super::Summary;

/// Why a [`Play`](crate::Play) ended in failure, together with what was played before: matches that cost or brought
/// something are not lost with the connection.
///
/// `?` makes an [`Error`](crate::Error) of it in a function that returns one, and the summary is let go.
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
pub type PlayError = RunError<Summary>;
