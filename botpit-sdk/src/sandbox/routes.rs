//! The paths of the platform.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sdk_core::sandbox::Upgrade;

use super::connection;
use super::floor::Floor;
use super::rest::{self, Answer};

/// The path of the WebSocket.
pub(crate) const WS_PATH: &str = "/api/v1/ws";

/// The longest body of a REST call.
const MAX_BODY: usize = 64 * 1024;

pub(crate) fn router(floor: Arc<Floor>) -> Router {
    Router::new()
        .route(WS_PATH, get(websocket))
        .route("/api/v1/agents", post(register))
        .route("/api/v1/agents/{agent_id}", get(agent))
        .route("/api/v1/stats", get(stats))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(floor)
}

async fn websocket(State(floor): State<Arc<Floor>>, upgrade: Upgrade) -> Response {
    upgrade.on_connect(move |peer| connection::serve(floor, peer))
}

async fn register(State(floor): State<Arc<Floor>>, body: Result<Bytes, BytesRejection>) -> Answer {
    let Ok(body) = body else { return rest::unreadable_body(MAX_BODY) };
    let times = [SystemTime::now(), floor.clock().system_now()];
    floor.act(|arena, now| rest::register(arena, &body, now, &times))
}

async fn agent(State(floor): State<Arc<Floor>>, agent_id: Result<Path<String>, PathRejection>) -> Answer {
    let agent_id = agent_id.map_or_else(|_| String::new(), |Path(agent_id)| agent_id);
    floor.act(|arena, _| rest::agent(arena, &agent_id))
}

async fn stats(State(floor): State<Arc<Floor>>) -> Answer {
    floor.act(|arena, _| rest::stats(arena))
}

async fn not_found(method: Method, uri: Uri) -> Answer {
    rest::not_found(method.as_str(), uri.path())
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
