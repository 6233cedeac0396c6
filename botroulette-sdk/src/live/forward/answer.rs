//! The local server's answer as a reply that the platform lets through.

use http::header;
use http::{HeaderMap, StatusCode};
use sdk_core::error::Error;
use serde::de::IgnoredAny;

use super::charset;
use super::encoding::{self, Undecodable};
use super::outbound::named_by_connection;
use crate::codes;
use crate::live::reply::Reply;
use crate::live::response::{Html, find_html};

/// An answer of the local server, read to its end.
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// How large the body may be once it is decoded.
    pub(super) limit: usize,
    /// `POST /path`, as it is shown to the bot's author.
    pub(super) request: &'a str,
}

impl Answer<'_> {
    /// The reply, and in it what the bot's author should know.
    pub(super) fn into_reply(self) -> Reply {
        let status = self.status;
        let encodings = joined(&self.headers, &header::CONTENT_ENCODING);
        let content_type = joined(&self.headers, &header::CONTENT_TYPE);
        let (request, limit) = (self.request, self.limit);
        let refuse = |code, what: &str, words: &str| {
            let what = format!("the local server answered {request} with {what}");
            Reply::error(bad_gateway(status), words).with_notice(Error::new(code, what))
        };
        if charset::is_media(&content_type) {
            let what = format!("`{}`: the tunnel carries text", sdk_core::wire::excerpt(&content_type));
            return refuse(&codes::REPLY_NOT_TEXT, &what, "the answer is not text");
        }
        let body = match encoding::undo(&encodings, self.body, limit) {
            Ok(body) => body,
            Err(Undecodable::Unknown(what)) => {
                let what = format!("{what}, which is not undone here; it was asked for none");
                return refuse(&codes::REPLY_NOT_TEXT, &what, "the answer is in an unknown encoding");
            }
            Err(Undecodable::Broken(encoding)) => {
                let what = format!("a body that is not {encoding}, which its Content-Encoding says");
                return refuse(&codes::REPLY_NOT_TEXT, &what, "the answer cannot be decoded");
            }
            Err(Undecodable::TooLarge) => return too_large(status, request, limit),
        };
        let text = match charset::text(&content_type, body) {
            Ok(text) => text,
            Err(what) => return refuse(&codes::REPLY_NOT_TEXT, &what, "the answer is not text"),
        };
        let mut reply = match body_of(text, &content_type) {
            Ok(Body::Json(json)) => Reply::of_json(json),
            Ok(Body::Text(text)) if text.is_empty() && status.as_u16() >= 400 => {
                Reply::error(status.as_u16(), status.canonical_reason().unwrap_or("error"))
            }
            Ok(Body::Text(text)) => Reply::text(text),
            Err(Html { what, at }) => {
                let what = format!("HTML, which the platform blocks: `{what}` at byte {at}. Return JSON");
                return refuse(&codes::HTML_IN_REPLY, &what, "the answer is HTML");
            }
        };
        reply.status = status.as_u16();
        let named = named_by_connection(&self.headers);
        reply.headers = self.headers;
        for name in named {
            reply.headers.remove(name);
        }
        reply
    }
}

/// The refusal of an answer that is too large.
pub(super) fn too_large(status: StatusCode, request: &str, limit: usize) -> Reply {
    let what = format!("the local server answered {request} with more than {limit} bytes");
    Reply::error(bad_gateway(status), "the answer is too large")
        .with_notice(Error::new(&codes::REPLY_TOO_LARGE, what))
}

/// The status of a refusal: the local server's own where that is an error already.
fn bad_gateway(status: StatusCode) -> u16 {
    if status.is_client_error() || status.is_server_error() { status.as_u16() } else { 502 }
}

enum Body {
    /// The text of a JSON object.
    Json(String),
    Text(String),
}

/// What a body is: JSON, text, or HTML.
fn body_of(text: String, content_type: &str) -> Result<Body, Html> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let says_json = kind == "application/json" || kind.ends_with("+json");
    let trimmed = text.trim();
    let is_object = trimmed.starts_with('{');
    if (is_object || says_json) && serde_json::from_str::<IgnoredAny>(trimmed).is_ok() {
        return Ok(Body::Json(if is_object { text } else { format!("{{\"reply\":{trimmed}}}") }));
    }
    if let Some(html) = find_html(&text) {
        return Err(html);
    }
    // Many a framework calls a bare text HTML; only what begins with a tag is taken for it.
    if kind == "text/html" && trimmed.starts_with('<') {
        let at = text.len() - text.trim_start().len();
        return Err(Html { what: "<", at });
    }
    Ok(Body::Text(text))
}

/// A header's values as one text.
fn joined(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ")
}
