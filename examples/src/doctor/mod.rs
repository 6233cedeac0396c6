//! What the `doctor` command looks at: whether a bot could play now, and what would stop it.
//!
//! It only reads. It queues nowhere, sends no move and no message, opens no game and spends nothing.

mod examine;
mod key;
mod knock;
mod patient;

use std::fmt;

use botpit_sdk::Error;
use botpit_sdk::sdk_core::wire::printable;
use serde::Serialize;

pub use self::examine::{examine, nowhere};
pub use self::key::{Key, from_env};
pub use self::patient::{Patient, elsewhere, in_sandbox};
use crate::Report;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// A bot can play, and something is not as it should be.
    Warn,
    /// A bot cannot play.
    Fail,
}

impl Level {
    const fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one look showed.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The platform.
    pub platform: &'static str,
    /// What was looked at.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was seen.
    pub message: String,
    /// What to do; `None` when all is well.
    pub advice: Option<String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, name, level, message, advice } = self;
        write!(f, "{:<4}  {platform:<11}  {name:<8}  {}", level.id(), printable(message))?;
        match advice {
            Some(advice) => write!(f, "\n      {}", printable(advice)),
            None => Ok(()),
        }
    }
}

/// How many looks came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// As it should be.
    pub ok: u32,
    /// To be looked at.
    pub warn: u32,
    /// What stops a bot.
    pub fail: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ok, {} warn, {} fail", self.ok, self.warn, self.fail)
    }
}

/// Tells what was seen, as it is seen.
#[derive(Debug)]
pub struct Chart {
    report: Report,
    tally: Tally,
    platform: &'static str,
}

impl Chart {
    /// An empty one.
    pub fn new(report: Report) -> Self {
        Self { report, tally: Tally::default(), platform: "" }
    }

    /// What it came to.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn about(&mut self, platform: &'static str) {
        self.platform = platform;
    }

    fn ok(&mut self, name: &'static str, message: impl Into<String>) {
        self.tally.ok += 1;
        self.tell(name, Level::Ok, message.into(), None);
    }

    fn warn(&mut self, name: &'static str, message: impl Into<String>, advice: impl Into<String>) {
        self.tally.warn += 1;
        self.tell(name, Level::Warn, message.into(), Some(advice.into()));
    }

    fn fail(&mut self, name: &'static str, message: impl Into<String>, advice: impl Into<String>) {
        self.tally.fail += 1;
        self.tell(name, Level::Fail, message.into(), Some(advice.into()));
    }

    fn failed(&mut self, name: &'static str, error: &Error) {
        self.fail(name, error.chain(), error.advice());
    }

    fn tell(&self, name: &'static str, level: Level, message: String, advice: Option<String>) {
        self.report.line("check", &Check { platform: self.platform, name, level, message, advice });
    }
}
