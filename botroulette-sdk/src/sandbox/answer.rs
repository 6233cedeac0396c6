//! What a caller over HTTP gets.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

/// An answer of the platform.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Boxed, because a refusal is the error of many a `Result`.
    pub(crate) headers: Box<HeaderMap>,
    pub(crate) body: String,
}

/// What most errors are: `{"error": …}`.
#[derive(Serialize)]
struct Trouble<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // What the sandbox answers are strings, numbers and lists of them: always JSON.
        Self::of(status, "application/json", serde_json::to_string(body).unwrap_or_default())
    }

    pub(crate) fn error(status: StatusCode, error: &str) -> Self {
        Self::json(status, &Trouble { error, reason: None })
    }

    pub(crate) fn error_because(status: StatusCode, error: &str, reason: &str) -> Self {
        Self::json(status, &Trouble { error, reason: Some(reason) })
    }

    /// The limit is reached. nginx, which the spec names, answers with a page.
    pub(crate) fn too_many(retry_after: u64, is_html: bool) -> Self {
        const PAGE: &str = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
        let status = StatusCode::TOO_MANY_REQUESTS;
        let answer = if is_html {
            Self::of(status, "text/html", PAGE.to_owned())
        } else {
            Self::error(status, "Too Many Requests")
        };
        answer.with(RETRY_AFTER, HeaderValue::from(retry_after))
    }

    pub(crate) fn with(mut self, name: impl http::header::IntoHeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn of(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers: Box::new(headers), body }
    }
}
