//! What goes back to the platform: JSON that its filters let through.
//!
//! The platform blocks an answer that is HTML or holds script, and one whose `Content-Type` is anything but
//! `application/json` (spec, step 2). So nothing leaves before it has been here.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result};
use serde_json::{Map, Value};

use super::reply::{Content, Reply};
use crate::codes;

/// An answer as it leaves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// A JSON object, in which no HTML can be seen.
    pub(crate) body: String,
}

/// The only content type that passes: with `; charset=utf-8` it may be blocked.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Response {
    /// Makes a reply ready. What its author should know of comes second.
    ///
    /// # Errors
    /// [`REPLY_TOO_LARGE`](codes::REPLY_TOO_LARGE) and [`REPLY_NOT_TEXT`](codes::REPLY_NOT_TEXT).
    pub(crate) fn from_reply(reply: Reply, max_body: usize) -> Result<(Self, Option<Error>)> {
        let notice = reply.notice;
        let body = match reply.content {
            Content::Text(field, text) => wrapped(&field, text),
            Content::Json(text) => text,
            Content::Unwritable(why) => {
                let what = format!("the reply cannot be written as JSON: {why}");
                return Err(Error::new(&codes::REPLY_NOT_TEXT, what));
            }
        };
        let html = find_html(&body).map(|html| {
            let Html { what, at } = html;
            let what = format!("the reply holds `{what}` at byte {at}; it was sent with `<` escaped");
            Error::new(&codes::HTML_IN_REPLY, what)
        });
        let body = without_html(body);
        if body.len() > max_body {
            let what = format!("the reply has {} bytes, and the limit is {max_body}", body.len());
            return Err(Error::new(&codes::REPLY_TOO_LARGE, what));
        }
        let mut headers = HeaderMap::with_capacity(1 + reply.headers.len());
        headers.insert(header::CONTENT_TYPE, JSON);
        for (name, value) in &reply.headers {
            if may_pass(name) {
                headers.append(name, value.clone());
            }
        }
        Ok((Self { status: reply.status, headers, body }, notice.or(html)))
    }

    /// A refusal of ours, in `error` and `reply`.
    pub(crate) fn refusal(status: u16, error: &str, reply: &str) -> Self {
        let mut object = Map::new();
        object.insert("error".to_owned(), Value::from(error));
        object.insert(Reply::FIELD.to_owned(), Value::from(reply));
        Self::of(status, Value::from(object).to_string())
    }

    /// A body that is known to be a JSON object without HTML.
    pub(crate) fn of(status: u16, body: String) -> Self {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::CONTENT_TYPE, JSON);
        Self { status, headers, body: without_html(body) }
    }

    /// One more header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }
}

/// A text as the one field of an object.
fn wrapped(field: &str, text: String) -> String {
    let mut object = Map::new();
    object.insert(field.to_owned(), Value::String(text));
    Value::Object(object).to_string()
}

/// In valid JSON a `<` only ever stands in a string, where `\u003c` means the same.
fn without_html(json: String) -> String {
    if json.contains('<') { json.replace('<', "\\u003c") } else { json }
}

/// What looks like HTML to the platform's filter, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Html {
    pub(crate) what: &'static str,
    /// In bytes from the start.
    pub(crate) at: usize,
}

/// The beginnings that the spec names ("What gets BLOCKED"), and their like.
const TAGS: [&str; 7] = ["<!doctype", "<html", "<body", "<script", "</script", "<head", "<iframe"];

/// The first thing in a text that looks like HTML or script.
pub(crate) fn find_html(text: &str) -> Option<Html> {
    let bytes = text.as_bytes();
    let begins = |at: usize, tag: &str| {
        bytes.get(at..at + tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag.as_bytes()))
    };
    text.match_indices('<')
        .find_map(|(at, _)| TAGS.into_iter().find(|tag| begins(at, tag)).map(|what| Html { what, at }))
}

/// Whether a header of an answer may go to the platform. Those of the connection, those that say how long or what the body
/// is, and those that tell of the server behind it stay here (contract of the official clients, and RFC 9110, 7.6.1).
pub(crate) fn may_pass(name: &HeaderName) -> bool {
    const HELD_BACK: [HeaderName; 16] = [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        HeaderName::from_static("keep-alive"),
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        HeaderName::from_static("proxy-connection"),
        header::ETAG,
        HeaderName::from_static("x-powered-by"),
        header::SERVER,
        HeaderName::from_static("alt-svc"),
    ];
    !HELD_BACK.contains(name)
}

/// The `Retry-After` of a wait, in whole seconds.
pub(crate) fn retry_after(until: Option<Instant>, now: Instant) -> HeaderValue {
    let wait = until.map_or(1, |until| until.saturating_duration_since(now).as_secs().max(1));
    HeaderValue::from(wait)
}
