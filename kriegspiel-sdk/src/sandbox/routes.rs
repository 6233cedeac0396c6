//! The socket's side: requests of HTTP into calls, and answers back.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use sdk_core::clock::Instant;

use super::api::{self, Call, Reply};
use super::floor::Floor;
use super::refusal::{Answer, Body, Refusal};

/// The longest body of a request.
const MAX_BODY: usize = 64 * 1024;

pub(super) fn router(floor: Arc<Floor>) -> Router {
    Router::new().fallback(handle).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(floor)
}

async fn handle(
    State(floor): State<Arc<Floor>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else {
        return response(Refusal::detail(413, "The body is too long, or ended early").into());
    };
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let call = Call {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        authorization: text(AUTHORIZATION),
        cookie: text(COOKIE),
        registration_key: text(HeaderName::from_static("x-bot-registration-key")),
        content_type: text(CONTENT_TYPE).unwrap_or_default(),
        body: &body,
        machine_now: Instant::now(),
    };
    match floor.act(|platform, now| api::respond(platform, &call, now)) {
        Reply::Answer(answer) => response(answer),
        Reply::Events(stream) => {
            let mut response = Response::new(HttpBody::from_stream(stream));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
            headers.insert("cache-control", HeaderValue::from_static("no-cache"));
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
    }
}

fn response(answer: Answer) -> Response {
    let (kind, body) = match answer.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(text) => (Some("application/json"), HttpBody::from(text)),
        Body::Plain(text) => (Some("text/plain; charset=utf-8"), HttpBody::from(text)),
        Body::Html(text) => (Some("text/html"), HttpBody::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
