//! What a responder answers.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use sdk_core::error::Error;
use serde::Serialize;
use serde_json::{Map, Value};

/// What a responder answers: a text, or JSON of its own. It always leaves as JSON.
///
/// ```
/// use botroulette_sdk::Reply;
///
/// // {"reply":"Hello"}
/// let text = Reply::from("Hello");
/// // {"response":"Hello"}
/// let other_field = Reply::from("Hello").in_field("response");
/// // {"reply":"Rain","degrees":7}
/// let json = Reply::json(&serde_json::json!({"reply": "Rain", "degrees": 7}));
/// // 404, {"error":"no such city","reply":"no such city"}
/// let refusal = Reply::error(404, "no such city");
/// # let _ = (text, other_field, json, refusal);
/// ```
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
    pub(super) notice: Option<Error>,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A text, and the field it goes into.
    Text(Cow<'static, str>, String),
    /// A JSON object's text.
    Json(String),
    /// What could not be written as JSON, and why.
    Unwritable(String),
}

impl Reply {
    /// The field that a text answer is put into, unless another is asked for (spec, "Required format").
    pub const FIELD: &'static str = "reply";

    /// A text, in the field `reply`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Content::Text(Reply::FIELD.into(), text.into()))
    }

    /// JSON of one's own. Callers look for the main text in `reply` or `response`. The platform wants an object: any other
    /// value is put into `reply`. A value that cannot be written as JSON is answered with a 500, and reported.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Self {
        let content = match serde_json::to_string(value) {
            Ok(text) if text.starts_with('{') => Content::Json(text),
            Ok(text) => Content::Json(format!("{{\"{}\":{text}}}", Self::FIELD)),
            Err(error) => Content::Unwritable(error.to_string()),
        };
        Self::of(content)
    }

    /// The text of what is known to be a JSON object.
    pub(super) fn of_json(object: String) -> Self {
        Self::of(Content::Json(object))
    }

    fn of(content: Content) -> Self {
        Self { status: 200, headers: HeaderMap::new(), content, notice: None }
    }

    /// A refusal in the bot's own words: a status from 400 to 599 (any other becomes 500), and the words in both `error`
    /// and `reply`, so that a program can tell it from an answer, and a bot that only reads `reply` learns it too.
    pub fn error(status: u16, words: &str) -> Self {
        let mut object = Map::new();
        object.insert("error".to_owned(), Value::from(words));
        object.insert(Reply::FIELD.to_owned(), Value::from(words));
        Self::json(&object).with_status(if (400..600).contains(&status) { status } else { 500 })
    }

    /// Puts a text answer into another field. JSON stays as it is.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        if let Content::Text(name, _) = &mut self.content {
            *name = field.into();
        }
        self
    }

    /// Another HTTP status than 200: from 200 to 599. Any other becomes 500.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = if (200..600).contains(&status) { status } else { 500 };
        self
    }

    /// One more header. What no header may hold is left out, and so are those that belong to the connection or that say
    /// what the body is: it is always `application/json`. The tunnel has one place for each name: several of one are joined
    /// with a comma, and of several `Set-Cookie`s the first one stands.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.append(name, value);
        }
        self
    }

    /// Tells the bot's author something beside the reply, by event and log: why it is a refusal, or what was changed in it.
    /// The caller learns nothing of it. The first one stays.
    #[must_use]
    pub fn with_notice(mut self, notice: Error) -> Self {
        self.notice.get_or_insert(notice);
        self
    }

    /// What the bot's author is told beside the reply.
    pub fn notice(&self) -> Option<&Error> {
        self.notice.as_ref()
    }

    /// Its main text: the text itself, or what JSON holds in `reply` or `response`. `None` where that is no text.
    ///
    /// ```
    /// use botroulette_sdk::Reply;
    ///
    /// assert_eq!(Reply::from("Hello").main_text().as_deref(), Some("Hello"));
    /// let json = Reply::json(&serde_json::json!({"response": "Rain", "degrees": 7}));
    /// assert_eq!(json.main_text().as_deref(), Some("Rain"));
    /// ```
    pub fn main_text(&self) -> Option<Cow<'_, str>> {
        match &self.content {
            Content::Text(_, text) => Some(text.into()),
            Content::Json(text) => {
                let value: Value = serde_json::from_str(text).ok()?;
                let field = |name: &str| value.get(name)?.as_str().map(|text| text.to_owned().into());
                field(Reply::FIELD).or_else(|| field("response"))
            }
            Content::Unwritable(_) => None,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Self::json(&value)
    }
}
