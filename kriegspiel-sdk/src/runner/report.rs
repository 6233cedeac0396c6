//! How a game went, and how all of them did.

use std::fmt;
use std::sync::Arc;

use sdk_core::wire::printable;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::position::GameStart;
use crate::model::{Board, Color, EndReason, GameResult, Outcome, RefereeTurn};

/// Why a game ended for the bot without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unfinished {
    /// The bot was stopped, and left the game as it was.
    Left,
    /// The platform has no such game any more: one in which White does not move for an hour is deleted, without a result.
    Gone,
    /// The platform does not let the bot into it.
    Refused,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left as it was",
            Self::Gone => "gone from the platform, without a result",
            Self::Refused => "refused by the platform",
        })
    }
}

/// How one game went.
///
/// `Display` tells it in words; as JSON it is the object under `"game"` of a starter bot's `--json` line: `id`, `ruleset`,
/// `color`, `result` (`win`, `loss`, `draw` or null), `reason` and `plies`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GameReport {
    /// The game.
    pub game: Arc<GameStart>,
    /// How it ended. `None` when it did not, for the bot: [`unfinished`](Self::unfinished) says why.
    pub result: Option<GameResult>,
    /// Why it has no result.
    pub unfinished: Option<Unfinished>,
    /// How many moves of both sides were done, as far as the bot knows.
    pub plies: u32,
    /// What the bot heard, turn by turn.
    pub turns: Vec<RefereeTurn>,
    /// The last board: the whole one when the game is over, else the own men. `None` when nothing was seen.
    pub board: Option<Board>,
    /// How often the strategy failed and the fallback was played.
    pub fallbacks: u32,
}

impl GameReport {
    /// How it ended for the bot.
    pub fn outcome(&self) -> Option<Outcome> {
        let result = self.result.as_ref()?;
        Some(match result.winner {
            None => Outcome::Draw,
            Some(winner) if winner == self.game.color => Outcome::Win,
            Some(_) => Outcome::Loss,
        })
    }

    /// Why it ended.
    pub fn reason(&self) -> Option<&EndReason> {
        self.result.as_ref().map(|result| &result.reason)
    }
}

impl Serialize for GameReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("GameReport", 6)?;
        object.serialize_field("id", &self.game.id)?;
        object.serialize_field("ruleset", &self.game.ruleset)?;
        object.serialize_field("color", &self.game.color)?;
        object.serialize_field("result", &self.outcome())?;
        object.serialize_field("reason", &self.reason())?;
        object.serialize_field("plies", &self.plies)?;
        object.end()
    }
}

impl fmt::Display for GameReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GameStart { code, ruleset, color, opponent, .. } = &*self.game;
        write!(f, "Game {} ({}) as {color}", printable(code.as_str()), printable(ruleset.as_str()))?;
        if let Some(opponent) = opponent {
            // The opponent chose its name: nothing in it may steer somebody's terminal.
            let name: String = opponent.username.chars().take(40).collect();
            write!(f, " against {}", printable(&name))?;
        }
        match (&self.result, self.outcome(), self.unfinished) {
            (Some(result), Some(outcome), _) => {
                let word = match outcome {
                    Outcome::Win => "won",
                    Outcome::Loss => "lost",
                    _ => "drawn",
                };
                write!(f, ": {word} by {}", printable(result.reason.as_str()))?;
            }
            (_, _, Some(why)) => write!(f, ": {why}")?,
            _ => write!(f, ": no result")?,
        }
        write!(f, " after {} plies", self.plies)?;
        if self.fallbacks > 0 {
            write!(f, ", {} by the fallback", self.fallbacks)?;
        }
        Ok(())
    }
}

/// How all games of a run went.
///
/// `Display` tells it in words; as JSON it is the object under `"summary"` of a starter bot's last `--json` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many games ended.
    pub games: u32,
    /// Of them won.
    pub won: u32,
    /// Of them lost.
    pub lost: u32,
    /// Of them drawn.
    pub drawn: u32,
    /// How many games were left, or vanished, without a result. They are not among the others.
    pub unfinished: u32,
    /// Of the games that ended, those that the bot played as White.
    pub as_white: u32,
    /// How many moves the fallback played.
    pub fallbacks: u32,
    /// Why the bot did less for a while, the last time that it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
}

impl Summary {
    /// Counts a game.
    pub fn add(&mut self, report: &GameReport) {
        self.fallbacks = self.fallbacks.saturating_add(report.fallbacks);
        let Some(outcome) = report.outcome() else {
            self.unfinished += 1;
            return;
        };
        self.games += 1;
        self.as_white += u32::from(report.game.color == Color::White);
        match outcome {
            Outcome::Win => self.won += 1,
            Outcome::Loss => self.lost += 1,
            _ => self.drawn += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { games, won, lost, drawn, .. } = self;
        let plural = if *games == 1 { "game" } else { "games" };
        write!(f, "{games} {plural}: {won} won, {lost} lost, {drawn} drawn")?;
        if self.unfinished > 0 {
            write!(f, "; {} without a result", self.unfinished)?;
        }
        if self.fallbacks > 0 {
            write!(f, "; {} moves by the fallback", self.fallbacks)?;
        }
        match &self.degraded {
            Some(why) => write!(f, "; did less for a while: {}", printable(why)),
            None => Ok(()),
        }
    }
}

/// Why a [`Play`](super::Play) ended in failure, together with the summary of what was played before. `?` makes an
/// [`Error`](crate::Error) of it in a function that returns one.
pub type PlayError = sdk_core::error::RunError<Summary>;
