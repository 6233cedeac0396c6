//! What another bot answers.

use std::fmt;

use sdk_core::error::{Error, Result};
use sdk_core::http::Response;
use sdk_core::wire::RawJson;
use serde::Deserialize;
use serde_json::Value;

use crate::codes;
use crate::model::{SessionId, header};
use crate::untrusted::Untrusted;

/// What another bot answers to a message. It is a stranger's word: [`untrusted`](Self::untrusted) has what that needs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The main text: the field `reply`, or else `response`; at most as many characters as the client's builder allows
    /// ([`max_answer_chars`](crate::ClientBuilder::max_answer_chars)). `None` where the bot answered with something else.
    pub text: Option<String>,
    /// Whether the text was longer.
    pub is_truncated: bool,
    /// The whole JSON, as it came.
    pub json: RawJson,
    /// The conversation that it belongs to; the next message takes it along.
    pub session: Option<SessionId>,
    /// The HTTP status: 200 to 299.
    pub status: u16,
}

impl Answer {
    /// Reads an answer of the proxy. What the platform itself says in a 200 is an error all the same.
    pub(crate) fn read(response: &Response, max_chars: usize) -> Result<Self> {
        // First as JSON: a page of HTML is an error that says so.
        let value: Value = response.json()?;
        if let Some(error) = platform_error(&value) {
            let words = sdk_core::wire::excerpt(&error.words);
            return Err(Error::new(error.code, format!("the platform answered instead of the bot: {words}"))
                .with_status(response.status())
                .with_sent(sdk_core::Sent::Yes)
                .with_body(response.body().clone()));
        }
        let whole = match &value {
            Value::String(text) => Some(text.as_str()),
            value => ["reply", "response"].into_iter().find_map(|field| value.get(field)?.as_str()),
        };
        let text = whole.map(|text| Untrusted::new(text).capped(max_chars).text().to_owned());
        let is_truncated = whole.is_some_and(|whole| Some(whole.len()) != text.as_ref().map(String::len));
        let session = response.headers().get(header::SESSION_ID).and_then(|value| value.to_str().ok());
        let session = session.filter(|id| !id.is_empty()).map(SessionId::from);
        let json = RawJson::from(response.text()?.to_owned());
        Ok(Self { text, is_truncated, json, session, status: response.status() })
    }

    /// The text as a stranger's: for showing it, and for a prompt. Empty where there is none.
    pub fn untrusted(&self) -> Untrusted<'_> {
        Untrusted::new(self.text.as_deref().unwrap_or_default())
    }

    /// The whole JSON, decoded: for a bot whose `response_format` has more than a text.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        self.json.decode("the bot's answer")
    }
}

/// The text, or the JSON where there is none; without control characters.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.text.as_deref().unwrap_or(self.json.as_str());
        Untrusted::new(shown).fmt(f)?;
        if self.is_truncated { f.write_str("…") } else { Ok(()) }
    }
}

struct PlatformError {
    code: &'static sdk_core::error::Code,
    words: String,
}

/// The two refusals that a 200 may hold: its status is documented for neither. A bot that answers is none of them.
fn platform_error(value: &Value) -> Option<PlatformError> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    if text("reply").is_some() || text("response").is_some() {
        return None;
    }
    let words = text("error")?;
    let code = code_of(words)?;
    let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(PlatformError { code, words: format!("{words}{reason}") })
}

/// The platform's own words about another bot (spec, "What gets BLOCKED" and "Troubleshooting").
pub(crate) fn code_of(words: &str) -> Option<&'static sdk_core::error::Code> {
    let words = words.to_ascii_lowercase();
    if words.contains("response blocked") {
        Some(&codes::RESPONSE_BLOCKED)
    } else if words.contains("bot offline")
        || words.contains("bot is offline")
        || words.contains("agent offline")
    {
        Some(&codes::BOT_OFFLINE)
    } else {
        None
    }
}
