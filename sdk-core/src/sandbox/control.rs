//! The control endpoint `/__sandbox`: state, faults, reset and seed as JSON.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use super::magic;
use super::order::Order;
use super::seed::Seed;
use super::server::Shared;

/// Where the control endpoint lives, on every platform's sandbox.
pub const CONTROL_PATH: &str = "/__sandbox";

/// Whether a path is the control endpoint's.
pub(crate) fn owns(path: &str) -> bool {
    path.strip_prefix(CONTROL_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) fn router(server: Arc<Shared>) -> Router {
    Router::new()
        .route(CONTROL_PATH, get(state))
        .route("/__sandbox/", get(state))
        .route("/__sandbox/faults", get(faults).post(order).delete(clear))
        .route("/__sandbox/reset", post(reset))
        .route("/__sandbox/seed", post(seed))
        .method_not_allowed_fallback(async || refused(StatusCode::METHOD_NOT_ALLOWED, ROUTES))
        .fallback(async || refused(StatusCode::NOT_FOUND, ROUTES))
        .with_state(server)
}

const ROUTES: &str = "the control endpoint has GET /__sandbox, GET, POST and DELETE /__sandbox/faults, POST /__sandbox/reset and POST /__sandbox/seed";

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

fn refused_order(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": message, "faults": Fault::NAMES }))).into_response()
}

async fn state(State(server): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "seed": server.seed(),
        "speed": server.clock.speed(),
        "connections": server.connections(),
        "accepted": server.accepted(),
        "peers": server.peers(),
        "injected": server.faults.injected(),
        "pending": server.faults.pending(),
    }))
}

async fn faults(State(server): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "faults": Fault::NAMES,
        "magic": magic::words().collect::<Vec<_>>(),
        "pending": server.faults.pending(),
        "injected": server.faults.injected(),
        "log": server.faults.log(),
    }))
}

async fn order(State(server): State<Arc<Shared>>, body: Bytes) -> Response {
    let given = match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(error) => return refused_order(&format!("the body is not JSON: {error}")),
    };
    // All or none: a list with a mistake in it orders nothing.
    let mut orders = Vec::with_capacity(given.len());
    for (index, value) in given.into_iter().enumerate() {
        let order = Order::try_from(value)
            .and_then(|order| order.check().map(|()| order).map_err(|error| error.message().to_owned()));
        match order {
            Ok(order) => orders.push(order),
            Err(message) if index == 0 => return refused_order(&message),
            Err(message) => return refused_order(&format!("order {}: {message}", index + 1)),
        }
    }
    let mut ids = Vec::with_capacity(orders.len());
    for order in orders {
        match server.faults.order(order) {
            Ok(id) => ids.push(id),
            Err(error) => return refused_order(error.message()),
        }
    }
    (StatusCode::CREATED, Json(json!({ "orders": ids }))).into_response()
}

async fn clear(State(server): State<Arc<Shared>>) -> StatusCode {
    server.faults.clear();
    StatusCode::NO_CONTENT
}

async fn reset(State(server): State<Arc<Shared>>) -> Json<Value> {
    let seed = server.seed();
    server.reset(seed);
    Json(json!({ "seed": seed }))
}

async fn seed(State(server): State<Arc<Shared>>, body: Bytes) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NewSeed {
        seed: Seed,
    }
    match serde_json::from_slice::<NewSeed>(&body) {
        Ok(NewSeed { seed }) => {
            server.reset(seed);
            Json(json!({ "seed": seed })).into_response()
        }
        Err(error) => refused(
            StatusCode::BAD_REQUEST,
            &format!("the body must be {{\"seed\": N}} with N from 0 to 2^64 - 1: {error}"),
        ),
    }
}
