//! A request that somebody made to this bot.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

use super::memory::PastMessage;
use crate::codes;
use crate::model::frame::TunnelRequest;
use crate::model::{MessageId, PrivacyLevel, RequestId, SessionId, UserToken, header};

/// A request to this bot: a message of another bot, as a rule.
///
/// Everything in it is a stranger's word. The public address of a tunnel takes calls from anybody, so the session and the
/// user token are claims too.
///
/// ```
/// use botroulette_sdk::Incoming;
///
/// let request = Incoming::new(r#"{"message": "Hello, what can you do?"}"#).with_header("X-KPATH-Session-ID", "s-1");
/// assert_eq!(request.message()?, "Hello, what can you do?");
/// assert_eq!(request.session().unwrap().as_str(), "s-1");
/// # Ok::<(), botroulette_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Incoming {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
    deadline: Option<Instant>,
    history: Option<Arc<[PastMessage]>>,
    read: OnceLock<Read>,
}

/// What is read of the body, when somebody asks.
#[derive(Clone)]
struct Read {
    message: Result<String>,
    session: Option<String>,
}

impl Incoming {
    /// A `POST /` with a body and nothing else: for tests of a responder.
    pub fn new(body: impl Into<String>) -> Self {
        Self::from_parts("POST", "/", "", HeaderMap::new(), body)
    }

    /// A request by its parts: for whoever receives it another way than through the tunnel. The query comes without its
    /// question mark.
    pub fn from_parts(
        method: impl Into<String>,
        path: impl Into<String>,
        query: impl Into<String>,
        headers: HeaderMap,
        body: impl Into<String>,
    ) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers,
            body: body.into(),
            deadline: None,
            history: None,
            read: OnceLock::new(),
        }
    }

    pub(super) fn from_tunnel(request: TunnelRequest) -> Self {
        Self::from_parts(request.method, request.path, request.query, request.headers, request.body)
    }

    /// The same request with one more header. What no header may hold is left out.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.append(name, value);
        }
        self
    }

    /// The same request, to be answered by then.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same request with what was said before: for whoever keeps it otherwise than [`Memory`](crate::Memory).
    #[must_use]
    pub fn with_history(mut self, history: impl Into<Arc<[PastMessage]>>) -> Self {
        self.history = Some(history.into());
        self
    }

    /// What was said in this conversation before, the oldest first. Nothing without a [`Memory`](crate::Memory) around the
    /// responder, and nothing at the beginning.
    pub fn history(&self) -> &[PastMessage] {
        self.history.as_deref().unwrap_or_default()
    }

    /// The message: the text of the body's field `message` (spec, "What your bot receives").
    ///
    /// # Errors
    /// [`BAD_MESSAGE`](codes::BAD_MESSAGE) when the body is not JSON, or holds no such text, or an empty one. Returned from
    /// a responder, it becomes a 400 that says so.
    pub fn message(&self) -> Result<&str> {
        match &self.read().message {
            Ok(text) => Ok(text),
            Err(error) => Err(error.clone()),
        }
    }

    /// Which conversation it belongs to: the header `X-KPATH-Session-ID`, or else the field `session_id` of the body, which
    /// some callers send. `None` begins a new one.
    pub fn session(&self) -> Option<SessionId> {
        let header = self.header(&header::SESSION_ID);
        header.or_else(|| self.read().session.as_deref()).filter(|id| !id.is_empty()).map(SessionId::from)
    }

    /// The platform's id of this request.
    pub fn request_id(&self) -> Option<RequestId> {
        self.header(&header::REQUEST_ID).map(RequestId::from)
    }

    /// The platform's id of this message.
    pub fn message_id(&self) -> Option<MessageId> {
        self.header(&header::MESSAGE_ID).map(MessageId::from)
    }

    /// Who the caller says it is.
    pub fn user_token(&self) -> Option<UserToken> {
        self.header(&header::USER_TOKEN).map(UserToken::from)
    }

    /// How restricted the request is. Without the header, [`PrivacyLevel::OPEN`].
    pub fn privacy_level(&self) -> PrivacyLevel {
        self.header(&header::PRIVACY_LEVEL).map_or(PrivacyLevel::OPEN, PrivacyLevel::read)
    }

    /// The HTTP method, as it came: `POST`, as a rule.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, as it came, without the query. It may hold anything.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, as it came, without the question mark.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as text.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The body, decoded: for a bot whose `request_format` has more than a message.
    ///
    /// # Errors
    /// [`BAD_MESSAGE`](codes::BAD_MESSAGE) when it is not JSON of this shape; it names the field.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        sdk_core::wire::decode(&self.body, "the request").map_err(|cause| {
            let error = Error::new(&codes::BAD_MESSAGE, "the body is not JSON of the documented shape");
            match cause.field() {
                Some(field) => error.with_field(field),
                None => error,
            }
            .with_source(cause)
        })
    }

    /// Until when the answer is of use. Later the caller has been told that this bot was too slow.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            // A field of a wrong type, or a second one of the same name, must not hide the others.
            let body: Result<Value, _> = serde_json::from_str(&self.body);
            let bad = |what: &str| Error::new(&codes::BAD_MESSAGE, what);
            let Ok(body) = body else {
                return Read { message: Err(bad("the body is not JSON")), session: None };
            };
            let message = match body.get("message") {
                Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
                Some(Value::String(_)) => Err(bad("the message is empty").with_field("message")),
                Some(_) => Err(bad("the message is not a text").with_field("message")),
                None => Err(bad("there is no message").with_field("message")),
            };
            let session = match body.get("session_id") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            Read { message, session }
        })
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What somebody wrote to the bot is nobody else's: of the message its size alone.
        f.debug_struct("Incoming")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("request_id", &self.request_id())
            .field("session", &self.session())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
