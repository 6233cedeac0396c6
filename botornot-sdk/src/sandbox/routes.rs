//! The paths of the platform: `/ws` and `POST /api/agents/token`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use sdk_core::sandbox::{Dialect, Upgrade, UpgradeRejection};
use serde_json::json;
use url::form_urlencoded;

use super::connection;
use super::floor::Floor;
use super::frames::Object;
use super::records::SandboxIdentity;
use super::settings::MintAnswer;

/// The path of the WebSocket.
pub(crate) const WS_PATH: &str = "/ws";

/// A push of a type that no version of the platform knows.
const UNKNOWN: &str = r#"{"room":"room:game:botornot:lobby","type":"fault:unknown","payload":{"since":"a version to come"},"meta":{"user_id":null,"timestamp":"2026-03-03T00:00:00Z"}}"#;

/// What the faults have to know: a bot is asked to act by `vote:phase`, and acts by `vote:cast`.
pub(crate) fn dialect() -> Dialect {
    Dialect::default().turn("vote:phase").action("vote:cast").unknown(UNKNOWN)
}

#[derive(Clone)]
struct Doors {
    floor: Arc<Floor>,
    dialect: Arc<Dialect>,
    mint_answer: MintAnswer,
}

pub(crate) fn router(floor: Arc<Floor>, mint_answer: MintAnswer) -> Router {
    let doors = Doors { floor, dialect: Arc::new(dialect()), mint_answer };
    Router::new()
        .route(WS_PATH, get(websocket))
        .route("/api/agents/token", post(mint))
        .fallback(async || refused(StatusCode::NOT_FOUND, "not_found"))
        .method_not_allowed_fallback(async || refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"))
        .with_state(doors)
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// The token comes first: without a good one nothing else is said.
async fn websocket(
    State(doors): State<Doors>,
    RawQuery(query): RawQuery,
    upgrade: Result<Upgrade, UpgradeRejection>,
) -> Response {
    let query = query.unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "api_key");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    let account = doors.floor.act(|arena, _| arena.admit(&token, &doors.dialect));
    let Some(account) = account else { return refused(StatusCode::UNAUTHORIZED, "unauthorized") };
    match upgrade {
        Ok(upgrade) => upgrade.on_connect(move |peer| connection::serve(doors.floor, peer, account, token)),
        Err(rejection) => rejection.into_response(),
    }
}

async fn mint(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    match doors.floor.act(|arena, _| arena.mint(&cookies)) {
        Some(identity) => minted(&identity, doors.mint_answer),
        None => refused(StatusCode::UNAUTHORIZED, "unauthorized"),
    }
}

fn minted(identity: &SandboxIdentity, shape: MintAnswer) -> Response {
    let token = identity.token.expose();
    let (body, content_type) = match shape {
        MintAnswer::Token => (Object::new().with("token", token).text(), "application/json"),
        MintAnswer::ApiKey => (Object::new().with("api_key", token).text(), "application/json"),
        MintAnswer::Nested => {
            let data = Object::new()
                .with("id", identity.user_id)
                .with("handle", &identity.handle)
                .with("token", token);
            (Object::new().with("data", data).text(), "application/json")
        }
        MintAnswer::PlainText => (token.to_owned(), "text/plain"),
        MintAnswer::Odd => (Object::new().with("credential", [token]).text(), "application/json"),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
