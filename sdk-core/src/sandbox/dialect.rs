//! What the shared part of a sandbox has to know about its platform's messages.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

type TagOf = dyn Fn(&str) -> Option<String> + Send + Sync;
type ErrorBody = dyn Fn(StatusCode, &str) -> Value + Send + Sync;

/// How a platform's messages look, as far as faults need it. The default fits messages that bear their type in the JSON
/// field `type` or, failing that, `event`.
#[derive(Clone)]
pub struct Dialect {
    tag: Arc<TagOf>,
    error_body: Arc<ErrorBody>,
    pub(crate) turn: String,
    pub(crate) action: String,
    pub(crate) pongs: Vec<String>,
    pub(crate) unknown: String,
}

impl Dialect {
    /// How to find the type of a message, where it is neither `type` nor `event`.
    #[must_use]
    pub fn tag(mut self, tag: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.tag = Arc::new(tag);
        self
    }

    /// The type of the message that asks a bot to act (`your_turn`): what `OnTurn` means in a magic word.
    #[must_use]
    pub fn turn(mut self, kind: impl Into<String>) -> Self {
        self.turn = kind.into();
        self
    }

    /// The type of the message by which a bot acts (`make_move`): what `OnMove` and `AfterMove` mean in a magic word.
    #[must_use]
    pub fn action(mut self, kind: impl Into<String>) -> Self {
        self.action = kind.into();
        self
    }

    /// The types of the server's own pongs, beside the protocol's. Default: `pong`.
    #[must_use]
    pub fn pongs<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.pongs = types.into_iter().map(Into::into).collect();
        self
    }

    /// The message that [`Fault::UnknownMessage`](super::Fault::UnknownMessage) sends: well formed, of a type that no
    /// version of the platform knows.
    #[must_use]
    pub fn unknown(mut self, message: impl Into<String>) -> Self {
        self.unknown = message.into();
        self
    }

    /// How the platform words the JSON body of an HTTP error. Default: `{"error": message}`.
    #[must_use]
    pub fn error_body(mut self, body: impl Fn(StatusCode, &str) -> Value + Send + Sync + 'static) -> Self {
        self.error_body = Arc::new(body);
        self
    }

    /// The type of the message that asks a bot to act.
    pub fn turn_type(&self) -> &str {
        &self.turn
    }

    /// The type of the message by which a bot acts.
    pub fn action_type(&self) -> &str {
        &self.action
    }

    /// The type of a message; empty where it has none.
    pub(crate) fn type_of(&self, text: &str) -> String {
        (self.tag)(text).unwrap_or_default()
    }

    pub(crate) fn body_of(&self, status: StatusCode, message: &str) -> Value {
        (self.error_body)(status, message)
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            tag: Arc::new(type_or_event),
            error_body: Arc::new(|_, message| json!({ "error": message })),
            turn: "your_turn".into(),
            action: "make_move".into(),
            pongs: vec!["pong".into()],
            unknown:
                json!({ "type": "fault_unknown", "event": "fault_unknown", "since": "a version to come" })
                    .to_string(),
        }
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect")
            .field("turn", &self.turn)
            .field("action", &self.action)
            .field("pongs", &self.pongs)
            .field("unknown", &self.unknown)
            .finish_non_exhaustive()
    }
}

fn type_or_event(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Tag<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<Cow<'a, str>>,
        #[serde(borrow)]
        event: Option<Cow<'a, str>>,
    }
    let tag: Tag<'_> = serde_json::from_str(text).ok()?;
    tag.kind.or(tag.event).map(Cow::into_owned)
}
