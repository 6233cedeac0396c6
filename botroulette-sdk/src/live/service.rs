//! One request, from its arrival to the response: routing, the deadline, panics, honest errors. The same however it came.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::HeaderValue;
use http::header::{ALLOW, RETRY_AFTER};
use sdk_core::clock::Instant;
use sdk_core::dispatch::caught;
use sdk_core::error::{Error, ErrorKind, Result};

use super::incoming::Incoming;
use super::reply::Reply;
use super::responder::Responder;
use super::response::{Response, retry_after};
use crate::codes;
use crate::limits::{DEFAULT_DEADLINE, DEFAULT_MAX_BODY};

/// How requests are answered.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) deadline: Duration,
    pub(crate) max_body: usize,
    pub(crate) errors_as_200: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { deadline: DEFAULT_DEADLINE, max_body: DEFAULT_MAX_BODY, errors_as_200: false }
    }
}

/// A responder with its rules. Cheap to clone.
pub(crate) struct Service<R>(Arc<(R, Rules)>);

impl<R> Clone for Service<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What becomes of a request: the response, and what the bot's author should know.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response,
    pub(crate) notice: Option<Error>,
}

impl From<Response> for Answered {
    fn from(response: Response) -> Self {
        Self { response, notice: None }
    }
}

impl<R: Responder> Service<R> {
    pub(crate) fn new(responder: R, rules: Rules) -> Self {
        Self(Arc::new((responder, rules)))
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.1
    }

    /// The response to a request that does not reach the responder.
    pub(crate) fn without_responder(&self, request: &Incoming) -> Option<Response> {
        let (responder, rules) = &*self.0;
        if request.body().len() > rules.max_body {
            return Some(too_large(rules.max_body));
        }
        if responder.takes_every_path() { None } else { route(request) }
    }

    /// Answers a request that the responder takes. It ends by itself when the deadline is over; nothing that the responder
    /// does unwinds through it.
    pub(crate) async fn answer(&self, request: Incoming) -> Answered {
        let (responder, rules) = &*self.0;
        let deadline = request.deadline().unwrap_or_else(|| Instant::now() + rules.deadline);
        let result = within(deadline, caught(self.call(responder, request))).await;
        let failed = match result {
            Some(Ok(Ok(reply))) => match Response::from_reply(reply, rules.max_body) {
                Ok((response, notice)) => return Answered { response, notice },
                Err(error) => error,
            },
            Some(Ok(Err(error)) | Err(error)) => error,
            None => {
                let what = format!("no reply within {:.1} s", rules.deadline.as_secs_f64());
                Error::new(&codes::REPLY_TIMEOUT, what)
            }
        };
        let mut response = failure(&failed);
        if rules.errors_as_200 {
            response.status = 200;
        }
        Answered { response, notice: Some(failed) }
    }

    /// A closure may panic before it has made its future: that happens inside this one.
    async fn call(&self, responder: &R, request: Incoming) -> Result<Reply> {
        responder.reply(request).await
    }
}

/// The future's output, or `None` when the deadline comes first. A future that is ready at once costs no timer.
async fn within<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = None;
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The paths of the spec's sample servers, and what everything else gets: `None` is the responder's.
fn route(request: &Incoming) -> Option<Response> {
    match (request.path(), request.method()) {
        ("/" | "/api/chat", "POST") => None,
        ("/health", "GET" | "HEAD") => Some(Response::of(200, r#"{"status":"ok"}"#.to_owned())),
        ("/" | "/api/chat", _) => Some(method_not_allowed("POST")),
        ("/health", _) => Some(method_not_allowed("GET")),
        _ => Some(Response::refusal(404, "not found", "There is nothing here: POST / takes a message.")),
    }
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let reply = format!("This path takes {allowed} alone.");
    Response::refusal(405, "method not allowed", &reply).with_header(ALLOW, HeaderValue::from_static(allowed))
}

fn too_large(limit: usize) -> Response {
    Response::refusal(413, "message too long", &format!("A request may have {limit} bytes at most."))
}

/// More requests than can be taken now.
pub(crate) fn busy() -> Response {
    Response::refusal(503, "too busy", "This bot has too many requests at once. Try again in a moment.")
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// No request is taken any more.
pub(crate) fn stopping() -> Response {
    Response::refusal(503, "stopping", "This bot is going offline.")
}

/// A request that cannot be read. Its own words name the field, and are safe to show.
pub(crate) fn unreadable(status: u16, error: &Error) -> Response {
    Response::refusal(status, error.message(), "This request cannot be read.")
}

/// What a caller learns of a responder's failure.
fn failure(error: &Error) -> Response {
    if *error.code() == codes::BAD_MESSAGE {
        let words = match error.field() {
            Some("message") => "missing or invalid message field".to_owned(),
            Some(field) => format!("invalid field: {field}"),
            None => "invalid JSON".to_owned(),
        };
        return Response::refusal(400, &words, "Please send JSON with a text in the field `message`.");
    }
    match error.kind() {
        ErrorKind::RateLimited => {
            let now = Instant::now();
            let wait = retry_after(error.retry_after().map(|wait| now + wait), now);
            Response::refusal(429, "rate limited", "This bot gets too many messages. Try again later.")
                .with_header(RETRY_AFTER, wait)
        }
        _ if error.is_timeout() || *error.code() == codes::REPLY_TIMEOUT => {
            Response::refusal(504, "timeout", "This bot took too long to answer. Try again.")
        }
        _ => Response::refusal(500, "internal error", "Something went wrong in this bot. Try again."),
    }
}
