//! An answer, and its decoding.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::excerpt::{Mask, hide_secrets};
use super::failure::{MAX_WORDS, Target};
use super::retry_after;
use crate::error::{Code, Error, Result, Sent, codes};

/// At most this many characters of an answer are in a decode error's message.
const MAX_EXCERPT: usize = 200;

/// An answer with a status of success, read to its end.
#[derive(Clone)]
pub struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) target: Target,
    pub(super) mask: Mask,
}

impl Response {
    /// The HTTP status: 200 to 299, or one that was [expected](super::Request::expect).
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The headers. They may hold secrets (`Set-Cookie`).
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What the server's clock showed when it answered, to the second, where it said so: the `Date` header.
    pub fn server_time(&self) -> Option<SystemTime> {
        retry_after::server_time(&self.headers)
    }

    /// The body's bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body)
            .map_err(|error| self.error(&codes::DECODE_FAILED, "the answer is not UTF-8").with_source(error))
    }

    /// The body, decoded from JSON.
    ///
    /// # Errors
    /// [`NOT_JSON`](codes::NOT_JSON) when it is no JSON text; [`DECODE_FAILED`](codes::DECODE_FAILED) when it is, and has
    /// another shape than `T`: [`Error::field`] is the path to where they part.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // The plain pass is the fast one; only a failure pays for finding out where.
        if let Ok(value) = serde_json::from_slice(&self.body) {
            return Ok(value);
        }
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        let decoded = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| (error.path().to_string(), error.into_inner()))
            .and_then(|value| json.end().map(|()| value).map_err(|error| (String::new(), error)));
        decoded.map_err(|(path, error)| self.undecodable(&path, &error))
    }

    fn undecodable(&self, path: &str, error: &serde_json::Error) -> Error {
        if self.body.is_empty() {
            return self.error(&codes::NOT_JSON, "the answer is empty, and should be JSON");
        }
        let (shown, hidden) = hide_secrets(&String::from_utf8_lossy(&self.body));
        let excerpt = self.mask.line(&shown, MAX_EXCERPT);
        if error.classify() != Category::Data {
            return self.error(&codes::NOT_JSON, &format!("the answer is not JSON: {excerpt}"));
        }
        // serde's message quotes the value that it stumbled over, which may be the very one that is hidden.
        let cause =
            if hidden { String::new() } else { self.mask.line(&format!("{error}; "), MAX_WORDS) + " " };
        let what = format!("the answer has not the documented shape: {cause}it is {excerpt}");
        let error = self.error(&codes::DECODE_FAILED, &what);
        // The path of the whole answer is a dot.
        if matches!(path, "" | ".") { error } else { error.with_field(self.mask.line(path, MAX_WORDS)) }
    }

    fn error(&self, code: &'static Code, what: &str) -> Error {
        Error::new(code, format!("{}: {what}", self.target))
            .with_status(self.status.as_u16())
            .with_sent(Sent::Yes)
            .with_body(self.mask.body(&self.body))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("target", &format_args!("{}", self.target))
            .field("status", &self.status.as_u16())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
