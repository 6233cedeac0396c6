//! The paths of the platform.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, RawPathParamsRejection};
use axum::extract::{DefaultBodyLimit, RawPathParams, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};
use sdk_core::sandbox::Upgrade;

use super::connection;
use super::floor::Floor;
use super::rest::{
    self, Answer, Call, Endpoint, agents, auth, challenges, leaderboard, marketplace, matches, platform,
    profiles, social,
};

/// The path of the WebSocket.
pub(crate) const WS_PATH: &str = "/api/v1/ws";

/// The longest body of a REST call.
const MAX_BODY: usize = 64 * 1024;

pub(crate) fn router(floor: Arc<Floor>) -> Router {
    let agent = Router::new()
        .route("/", reads(agents::agent))
        .route("/rotate-key", takes(MethodFilter::POST, agents::rotate_key))
        .route("/stats", reads(agents::stats))
        .route("/elo-history", reads(agents::elo_history))
        .route("/matches", reads(matches::of_agent))
        .route("/identity-8004", takes(MethodFilter::PUT, agents::link_identity))
        .route("/profile", reads(profiles::profile).merge(takes(MethodFilter::PUT, profiles::update)))
        .route(
            "/follow",
            takes(MethodFilter::POST, social::follow).merge(takes(MethodFilter::DELETE, social::unfollow)),
        )
        .route("/followers", reads(social::followers))
        .route("/activity", reads(social::activity));
    Router::new()
        .route(WS_PATH, get(websocket))
        .route("/api/v1/auth/token", takes(MethodFilter::POST, auth::token))
        .route("/api/v1/agents", takes(MethodFilter::POST, agents::register))
        .route("/api/v1/agents/wallet/{wallet_address}", reads(agents::of_wallet))
        .nest("/api/v1/agents/{agent_id}", agent)
        .route("/api/v1/matches", reads(matches::active))
        .route("/api/v1/matches/{match_id}", reads(matches::one))
        .route("/api/v1/matches/{match_id}/replay", reads(matches::replay))
        .route("/api/v1/matches/{match_id}/proof", reads(matches::proof))
        .route("/api/v1/leaderboard/{game_type}", reads(leaderboard::of_game))
        .route("/api/v1/marketplace/agents", reads(marketplace::agents))
        .route("/api/v1/feed", reads(social::feed))
        .route("/api/v1/challenges", reads(challenges::open))
        .route("/api/v1/stats", reads(platform::stats))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(floor)
}

async fn websocket(State(floor): State<Arc<Floor>>, upgrade: Upgrade) -> Response {
    upgrade.on_connect(move |peer| connection::serve(floor, peer))
}

fn reads(answers: Endpoint) -> MethodRouter<Arc<Floor>> {
    get(move |floor, path, query| serve(answers, floor, path, query, Ok(Bytes::new())))
}

/// An endpoint that takes a body.
fn takes(method: MethodFilter, answers: Endpoint) -> MethodRouter<Arc<Floor>> {
    on(method, move |floor, path, query, body| serve(answers, floor, path, query, body))
}

async fn serve(
    answers: Endpoint,
    State(floor): State<Arc<Floor>>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let Ok(body) = body else { return rest::unreadable_body(MAX_BODY).into() };
    // A path that is no UTF-8 names nobody.
    let id = path.as_ref().ok().and_then(|params| params.iter().next()).map_or("", |(_, value)| value);
    let times = [SystemTime::now(), floor.clock().system_now()];
    let query = query.unwrap_or_default();
    floor.act(|arena, now| {
        let call = Call { id, query: &query, body: &body, now, times: &times };
        answers(arena, &call).unwrap_or_else(Answer::from)
    })
}

async fn not_found(method: Method, uri: Uri) -> Answer {
    rest::no_endpoint(method.as_str(), uri.path()).into()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let has_body = !self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        if has_body {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}
