//! What the sandbox saw, for tests.

use std::time::Duration;

use super::house::HouseBot;

/// The most bytes of a body that a record keeps; the rest is cut off.
pub const MAX_RECORDED_BODY: usize = 64 << 10;

/// A call of a bot, as the network saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxCall {
    /// Calls are numbered from 1 in the order of their coming.
    pub number: u64,
    /// Who called.
    pub from: Caller,
    /// The service code of the bot that was called.
    pub to: String,
    /// The session that the message belongs to; `None` for a call of the public address.
    pub session: Option<String>,
    /// What was asked.
    pub request: CallRequest,
    /// How it went; `None` as long as it is open.
    pub outcome: Option<Outcome>,
    /// What the caller got; `None` as long as it is open.
    pub response: Option<CallResponse>,
    /// When it came, since the sandbox began, on its clock.
    pub asked_at: Duration,
    /// How long the answer took, on the sandbox's clock; `None` as long as it is open.
    pub took: Option<Duration>,
}

/// Who calls a bot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caller {
    /// A registered bot, by its service code, through the proxy.
    Bot(String),
    /// A house bot, by its service code, through the proxy.
    House(String),
    /// Anybody, through the bot's public address.
    Stranger,
}

/// A request for a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRequest {
    /// The HTTP method.
    pub method: String,
    /// The path that the bot sees.
    pub path: String,
    /// The query without its question mark.
    pub query: String,
    /// The body, at most [`MAX_RECORDED_BODY`] of it.
    pub body: String,
}

/// What a caller got.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most [`MAX_RECORDED_BODY`] of it.
    pub body: String,
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The bot answered, with whatever status.
    Answered,
    /// The filter blocked the bot's answer.
    Blocked,
    /// The bot has no tunnel.
    Offline,
    /// The bot did not answer in time.
    TimedOut,
    /// The tunnel ended before the bot answered.
    TunnelLost,
    /// The bot's answer was none: a status, headers or a body of the wrong kind, or a `Content-Length` that is not that of
    /// the body.
    BadAnswer,
    /// The bot's name holds an underscore, so that its public address is none.
    BadHostName,
    /// The sandbox was reset, or ended.
    Ended,
}

/// The beginning of a text, as a record keeps it.
pub(crate) fn recorded(text: &str) -> String {
    let end = (0..=text.len().min(MAX_RECORDED_BODY)).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default().to_owned()
}

/// A bot of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxBot {
    /// Its name.
    pub name: String,
    /// Its identifier.
    pub service_code: String,
    /// Whether it could be called now.
    pub is_online: bool,
    /// Whether roulette and search may show it.
    pub is_active: bool,
    /// Which one, when it is the sandbox's own.
    pub house: Option<HouseBot>,
}
