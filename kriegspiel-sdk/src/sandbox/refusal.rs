//! What the platform answers when it refuses: two shapes of JSON, and a plain text.

use serde_json::{Value, json};

use crate::model::ErrorCode;

/// An answer as it goes out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    pub(super) headers: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Empty,
    Json(String),
    Plain(&'static str),
    Html(&'static str),
}

impl Answer {
    pub(super) fn json(status: u16, body: &impl serde::Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(text) => Self { status, body: Body::Json(text), headers: Vec::new() },
            // What the sandbox writes has string keys only, so this is never reached.
            Err(_) => Refusal::Crash.into(),
        }
    }

    /// An answer whose JSON is written already.
    pub(super) fn text(status: u16, json: String) -> Self {
        Self { status, body: Body::Json(json), headers: Vec::new() }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty, headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// A game service's `{"error": {code, message, details}}`.
    Game(ErrorCode, String),
    /// Everything else's `{"detail": …}`: a string, an object or a list.
    Detail(u16, Value),
    /// An exception inside the platform: 500 in plain text, and the connection closes.
    Crash,
    /// A proxy's page in front of the platform: 429.
    TooMany {
        /// The wait, in whole seconds.
        retry_after: u64,
    },
}

pub(super) type Outcome<T = Answer> = Result<T, Refusal>;

impl Refusal {
    pub(super) fn game(code: ErrorCode, message: &str) -> Self {
        Self::Game(code, message.to_owned())
    }

    pub(super) fn not_found() -> Self {
        Self::game(ErrorCode::GameNotFound, "Game not found")
    }

    pub(super) fn detail(status: u16, text: &str) -> Self {
        Self::Detail(status, text.into())
    }

    /// The list that a body or a query with mistakes is answered with.
    pub(super) fn invalid(problems: Vec<Value>) -> Self {
        Self::Detail(422, Value::Array(problems))
    }
}

/// The status that goes with a code.
pub(super) fn status_of(code: &ErrorCode) -> u16 {
    match code {
        ErrorCode::GameNotFound => 404,
        ErrorCode::Forbidden | ErrorCode::LlmBotTierRequired | ErrorCode::BotTierRequired => 403,
        ErrorCode::GameFull
        | ErrorCode::CannotJoinOwnGame
        | ErrorCode::GameReservedForBot
        | ErrorCode::BotJoinCooldown
        | ErrorCode::BotAlreadyHasOpenGame
        | ErrorCode::GameNotWaiting
        | ErrorCode::GameNotJoinable
        | ErrorCode::ArchiveWriteMismatch
        | ErrorCode::UsernameTaken => 409,
        _ => 400,
    }
}

const TOO_MANY: &str = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Game(code, message) => {
                let body = json!({ "error": { "code": code, "message": message, "details": {} } });
                Self::json(status_of(&code), &body)
            }
            Refusal::Detail(status, detail) => Self::json(status, &json!({ "detail": detail })),
            Refusal::Crash => {
                Self { status: 500, body: Body::Plain("Internal Server Error"), headers: Vec::new() }
                    .with("connection", "close")
            }
            Refusal::TooMany { retry_after } => {
                Self { status: 429, body: Body::Html(TOO_MANY), headers: Vec::new() }
                    .with("retry-after", retry_after.to_string())
            }
        }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        outcome.unwrap_or_else(Self::from)
    }
}
