//! What a run tells while it goes on.

use std::fmt;
use std::sync::Arc;

use sdk_core::error::Error;
use sdk_core::wire::printable;

use super::choice::StrategyFailure;
use super::position::GameStart;
use super::report::GameReport;
use super::strategy::Action;
use crate::model::{Color, GameCode, RefereeEntry, Ruleset};

/// Something that happened: for [`Play::on_event`](super::Play::on_event).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PlayEvent {
    /// A game of the bot's own waits in the lobby.
    Created {
        /// Its code.
        code: GameCode,
        /// Its ruleset.
        ruleset: Ruleset,
    },
    /// The bot joined another bot's game.
    Joined {
        /// Its code.
        code: GameCode,
        /// Its ruleset.
        ruleset: Ruleset,
    },
    /// A game begins, or goes on after a restart.
    Started(Arc<GameStart>),
    /// The bot decided, and asks the referee.
    Asked {
        /// The game.
        game: Arc<GameStart>,
        /// What it asks.
        action: Action,
    },
    /// The referee was heard.
    Heard {
        /// The game.
        game: Arc<GameStart>,
        /// The number of the full move.
        turn: u32,
        /// Whose turn it was.
        side: Color,
        /// What was said.
        entry: Box<RefereeEntry>,
    },
    /// The strategy did not decide, or chose what cannot be asked.
    Failed(Box<StrategyFailure>),
    /// A game is over, or was left.
    Over(Box<GameReport>),
    /// A call failed; the bot goes on.
    Trouble(Box<Error>),
    /// The platform refused to create or to let join.
    LobbyRefused {
        /// Its refusal.
        error: Box<Error>,
        /// What the bot does about it.
        follows: &'static str,
    },
    /// From now on the bot does less: it creates and joins no games.
    Degraded(String),
    /// The bot is well again.
    Recovered,
}

impl fmt::Display for PlayEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { code, ruleset } => {
                write!(f, "{} waits in the lobby ({})", printable(code.as_str()), printable(ruleset.as_str()))
            }
            Self::Joined { code, ruleset } => {
                write!(f, "joined {} ({})", printable(code.as_str()), printable(ruleset.as_str()))
            }
            Self::Started(game) => {
                let (code, ruleset) = (printable(game.code.as_str()), printable(game.ruleset.as_str()));
                write!(f, "game {code} ({ruleset}) begins, as {}", game.color)
            }
            Self::Asked { game, action } => write!(f, "{}: {action}?", printable(game.code.as_str())),
            Self::Heard { game, turn, side, entry } => {
                let code = printable(game.code.as_str());
                write!(f, "{code}: {turn}. {side}: {}", printable(&entry.message()))
            }
            Self::Failed(failure) => failure.fmt(f),
            Self::Over(report) => report.fmt(f),
            Self::Trouble(error) => write!(f, "trouble: {}", error.chain()),
            Self::LobbyRefused { error, follows } => write!(f, "{error}: {follows}"),
            Self::Degraded(why) => write!(f, "the bot does less now: {}", printable(why)),
            Self::Recovered => f.write_str("the bot is well again"),
        }
    }
}
