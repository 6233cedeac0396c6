//! What is played when a strategy does not decide.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk_core::error::Error;
use sdk_core::wire::printable;

use super::strategy::GameTurn;
use crate::games::Game;
use crate::model::MatchId;

/// What is played in a turn in which the strategy fails, panics, chooses what the rules do not allow, or is too slow.
///
/// It is played before the turn's deadline: a tenth of the turn's time is kept for it, a second at most. Each of them is
/// reported by [`Strategy::on_failure`](crate::Strategy::on_failure) and in the log.
#[derive(Default)]
#[non_exhaustive]
pub enum Fallback<G: Game> {
    /// The game's [safe move](Game::safe_move); where it has none, the match is resigned. The default.
    #[default]
    SafeMove,
    /// The match is resigned.
    Resign,
    /// Nothing is sent: the platform's rule for a late move decides, the round or the match is forfeited.
    Forfeit,
    /// A move of your own; `None` resigns.
    Custom(Custom<G>),
}

/// A function from a turn to a move, for [`Fallback::with`].
type Custom<G> = Arc<dyn Fn(&GameTurn<G>) -> Option<<G as Game>::Move> + Send + Sync>;

impl<G: Game> Fallback<G> {
    /// A move of your own. It must be quick, and must not fail where the strategy did. `None` resigns, and so does a turn
    /// that is not understood.
    ///
    /// ```
    /// use botpit_sdk::games::rps::{Choice, Rps};
    /// use botpit_sdk::Fallback;
    ///
    /// let fallback = Fallback::<Rps>::with(|_| Some(Choice::Paper.into()));
    /// ```
    pub fn with(choose: impl Fn(&GameTurn<G>) -> Option<G::Move> + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(choose))
    }
}

impl<G: Game> Clone for Fallback<G> {
    fn clone(&self) -> Self {
        match self {
            Self::SafeMove => Self::SafeMove,
            Self::Resign => Self::Resign,
            Self::Forfeit => Self::Forfeit,
            Self::Custom(choose) => Self::Custom(choose.clone()),
        }
    }
}

impl<G: Game> fmt::Debug for Fallback<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SafeMove => "SafeMove",
            Self::Resign => "Resign",
            Self::Forfeit => "Forfeit",
            Self::Custom(_) => "Custom",
        })
    }
}

/// A turn in which the strategy did not decide.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StrategyFailure {
    /// The match.
    pub match_id: MatchId,
    /// The round.
    pub round: u32,
    /// Why: its own error, its panic, a move that the rules do not allow, or that its time was over.
    pub cause: Error,
    /// What was done in its place.
    pub played: Played,
}

/// What was done in a strategy's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Played {
    /// A move was made.
    Move,
    /// The match was resigned.
    Resigned,
    /// Nothing was sent.
    Nothing,
}

impl fmt::Display for StrategyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, cause) = (printable(self.match_id.as_str()), self.cause.chain());
        let played = match self.played {
            Played::Move => "a safe move was played in its place",
            Played::Resigned => "the match was resigned",
            Played::Nothing => "no move was sent",
        };
        write!(f, "the strategy failed in round {} of match {id}: {cause}; {played}", self.round)
    }
}

/// At most so much of a turn's time is kept for the fallback.
const MARGIN_AT_MOST: Duration = Duration::from_secs(1);

/// How much of a turn's time is kept for the fallback.
pub(super) fn margin(timeout: Duration) -> Duration {
    (timeout / 10).min(MARGIN_AT_MOST)
}
