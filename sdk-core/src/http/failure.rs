//! What went wrong with a call, as an [`Error`]. No URL, header or query comes in here, only what may be shown.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::envelope::{self, Envelope};
use super::excerpt::{Mask, hide_secrets};
use super::retry_after;
use crate::error::{Error, Sent, codes};
use crate::secret::shown_url;

/// At most this many characters of a platform's words are in a message.
pub(super) const MAX_WORDS: usize = 300;

/// At most this many characters of a path are in a message.
const MAX_PATH: usize = 200;

const REQUEST_ID: &str = "x-request-id";

/// A call as it may be shown: `GET /api/v1/agents on api.example:8080`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) method: Method,
    pub(super) path: String,
    host: String,
}

impl Target {
    pub(super) fn new(method: &Method, url: &Url, mask: &Mask) -> Self {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            method: method.clone(),
            path: mask.line(url.path(), MAX_PATH),
            host: format!("{}{port}", url.host_str().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} on {}", self.method, self.path, self.host)
    }
}

/// No answer came within the time of the call or of its try.
pub(super) fn timed_out(target: &Target, allowed: Duration) -> Error {
    Error::new(
        &codes::HTTP_TIMEOUT,
        format!("{target}: no whole answer within {:.1} s", allowed.as_secs_f64()),
    )
    .with_sent(Sent::Maybe)
}

/// The call failed before an answer came.
pub(super) fn transport(target: &Target, error: reqwest::Error) -> Error {
    let (timed_out, connecting) = (error.is_timeout(), error.is_connect());
    let error = error.without_url();
    let (code, sent, what) = if connecting && timed_out {
        (&codes::CONNECT_TIMEOUT, Sent::No, "the connection was not made in time")
    } else if connecting && is_tls(&error) {
        (&codes::TLS_FAILED, Sent::No, "the TLS handshake failed")
    } else if connecting && error.is_dns() {
        (&codes::CONNECT_FAILED, Sent::No, "the host's name could not be resolved")
    } else if connecting {
        (&codes::CONNECT_FAILED, Sent::No, "the host could not be reached")
    } else if error.is_builder() {
        (&codes::INVALID_ARGUMENT, Sent::No, "the request could not be built")
    } else if timed_out {
        (&codes::HTTP_TIMEOUT, Sent::Maybe, "no answer in time")
    } else {
        (&codes::CONNECTION_LOST, Sent::Maybe, "the connection broke before the answer came")
    };
    Error::new(code, format!("{target}: {what}")).with_sent(sent).with_source(error)
}

/// The answer came, and its body did not come whole.
pub(super) fn body_lost(target: &Target, status: StatusCode, error: reqwest::Error) -> Error {
    Error::new(&codes::CONNECTION_LOST, format!("{target}: the connection broke in the middle of the answer"))
        .with_status(status.as_u16())
        .with_sent(Sent::Yes)
        .with_source(error.without_url())
}

/// The answer's body is larger than the client takes.
pub(super) fn too_large(target: &Target, status: StatusCode, limit: usize) -> Error {
    Error::new(
        &codes::BODY_TOO_LARGE,
        format!("{target}: the answer is larger than the limit of {limit} bytes"),
    )
    .with_status(status.as_u16())
    .with_sent(Sent::Yes)
}

/// A client of the user's own followed a redirect.
pub(super) fn followed(target: &Target, mask: &Mask, landed: &Url) -> Error {
    let landed = mask.line(&shown_url(landed), MAX_WORDS);
    Error::new(
        &codes::REDIRECT_REFUSED,
        format!("{target}: the REST client that was given follows redirects, and ended at {landed}"),
    )
    .with_sent(Sent::Yes)
}

/// What came as an answer, when it is a refusal.
pub(super) struct Refusal<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    /// The start of the body, as much as came.
    pub(super) body: &'a Bytes,
    pub(super) url: &'a Url,
    pub(super) now: SystemTime,
}

impl Refusal<'_> {
    pub(super) fn into_error(self, target: &Target, mask: &Mask) -> Error {
        let envelope = envelope::parse(self.body);
        let location = self.header(LOCATION.as_str());
        let code = match self.status.as_u16() {
            401 => &codes::AUTH_REJECTED,
            // The platform said so itself; otherwise it may have been anything on the way.
            403 if envelope.is_some() => &codes::REJECTED,
            429 => &codes::RATE_LIMITED,
            300..=399 if location.is_some() => &codes::REDIRECT_REFUSED,
            301 | 302 | 303 | 307 | 308 => &codes::REDIRECT_REFUSED,
            _ => &codes::HTTP_STATUS,
        };
        let said = match location {
            Some(location) if self.status.is_redirection() => self.redirect(location),
            _ => self.words(envelope.as_ref()),
        };
        let mut error = Error::new(code, format!("{target}: {}", mask.line(&said, MAX_WORDS)))
            .with_status(self.status.as_u16())
            .with_sent(Sent::Yes)
            .with_body(mask.body(self.body));
        if let Some(wait) = retry_after::parse(self.headers, self.now) {
            error = error.with_retry_after(wait);
        }
        if let Some(time) = retry_after::server_time(self.headers) {
            error = error.with_server_time(time);
        }
        if let Some(id) = self.header(REQUEST_ID) {
            error = error.with_request_id(mask.line(id, MAX_WORDS));
        }
        if let Some(Envelope { code, field, .. }) = envelope {
            if let Some(code) = code {
                error = error.with_platform_code(mask.line(&code, MAX_WORDS));
            }
            if let Some(field) = field {
                error = error.with_field(mask.line(&field, MAX_WORDS));
            }
        }
        error
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn redirect(&self, location: &str) -> String {
        match self.url.join(location) {
            Ok(target) => format!("it points to {}, which is not followed", shown_url(&target)),
            Err(_) => "it points somewhere else, which is not followed".to_owned(),
        }
    }

    /// What was said, in the platform's words where they can be told from a page for people.
    fn words(&self, envelope: Option<&Envelope>) -> String {
        if let Some(message) = envelope.and_then(|envelope| envelope.message.clone()) {
            return message;
        }
        let reason = self.status.canonical_reason().unwrap_or("refused");
        let start = self.body.slice(..self.body.len().min(4 * MAX_WORDS));
        let text = String::from_utf8_lossy(&start);
        let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        if text.trim().is_empty() {
            format!("{reason}, without a body")
        } else if kind.starts_with("text/html") || text.trim_start().starts_with('<') {
            format!("{reason}, with a page of HTML: a proxy may have answered")
        } else if kind.starts_with("text/plain") {
            // It may be the answer to a registration after all, with the new key.
            hide_secrets(&text).0
        } else {
            reason.to_owned()
        }
    }
}

/// Whether TLS itself is among the causes. An I/O error hides its inner error from `source`.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    false
}
