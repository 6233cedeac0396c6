//! The paths of the platform.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, patch, post};
use sdk_core::sandbox::Upgrade;

use super::answer::Answer;
use super::connection;
use super::floor::Floor;
use super::network::{IngressCall, ProxyCall};
use crate::model::header::{API_KEY, SESSION_ID};

/// The path of the tunnel's WebSocket (spec, step 4).
pub(crate) const WS_PATH: &str = "/ws";
/// In place of `https://CODE.tunnel.botroulette.net` the public address of a bot is a path.
const INGRESS: &str = "/tunnel/";

/// What every handler has.
#[derive(Debug, Clone)]
struct Desk {
    floor: Arc<Floor>,
    max_body: usize,
}

pub(crate) fn router(floor: Arc<Floor>, max_body: usize) -> Router {
    Router::new()
        .route(WS_PATH, get(websocket))
        .route("/api/v1/agents/register", post(register))
        .route("/api/v1/agents/register/options", get(options))
        .route("/api/v1/agents/me", patch(update))
        .route("/roulette", get(roulette))
        .route("/search", get(search))
        .route("/api/proxy/{code}", post(proxy))
        .route("/tunnel/{code}", any(ingress))
        .route("/tunnel/{code}/", any(ingress))
        .route("/tunnel/{code}/{*path}", any(ingress))
        .fallback(not_found)
        .method_not_allowed_fallback(async || {
            Answer::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
        })
        .layer(DefaultBodyLimit::max(max_body))
        .with_state(Desk { floor, max_body })
}

type Sent = Result<Bytes, BytesRejection>;

async fn websocket(State(desk): State<Desk>, upgrade: Upgrade) -> Response {
    // In a frame the body is a JSON string: each of its quotes has a backslash in front.
    let largest = desk.max_body.saturating_mul(2).saturating_add(64 << 10);
    upgrade.max_message_size(largest).on_connect(move |peer| connection::serve(desk.floor, peer))
}

async fn register(State(desk): State<Desk>, body: Sent) -> Answer {
    match body {
        Ok(body) => desk.floor.act(|network, now| network.register(&body, now)),
        Err(rejection) => unreadable(&rejection),
    }
}

async fn options(State(desk): State<Desk>) -> Answer {
    desk.floor.act(|network, now| network.options(now))
}

async fn update(State(desk): State<Desk>, headers: HeaderMap, body: Sent) -> Answer {
    match body {
        Ok(body) => desk.floor.act(|network, now| network.update(key(&headers), &body, now)),
        Err(rejection) => unreadable(&rejection),
    }
}

async fn roulette(State(desk): State<Desk>, headers: HeaderMap) -> Answer {
    desk.floor.act(|network, now| network.roulette(key(&headers), now))
}

async fn search(State(desk): State<Desk>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let words = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "query");
    let words = words.map(|(_, value)| value);
    desk.floor.act(|network, now| network.search(key(&headers), words.as_deref(), now))
}

async fn proxy(State(desk): State<Desk>, Path(code): Path<String>, headers: HeaderMap, body: Sent) -> Answer {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return unreadable(&rejection),
    };
    let code = code.to_lowercase();
    // The spec's own shell line looks for `x-kpath-session`; both are taken.
    let session = text(&headers, SESSION_ID.as_str()).or_else(|| text(&headers, "x-kpath-session"));
    let call = ProxyCall { key: key(&headers), code: &code, session, body: &body };
    desk.floor.call(|network, now| network.proxy(&call, now)).await
}

async fn ingress(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Sent,
) -> Answer {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return unreadable(&rejection),
    };
    // The path goes to the bot as it came, and is not decoded.
    let rest = uri.path().strip_prefix(INGRESS).unwrap_or_default();
    let (code, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let call = IngressCall {
        code: &code.to_lowercase(),
        method: method.as_str(),
        path,
        query: uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    desk.floor.call(|network, now| network.ingress(&call, now)).await
}

async fn not_found() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "Not found")
}

fn key(headers: &HeaderMap) -> Option<&str> {
    text(headers, API_KEY.as_str())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn unreadable(rejection: &BytesRejection) -> Answer {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large")
        }
        status => Answer::error(status, "Request body cannot be read"),
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response
    }
}
