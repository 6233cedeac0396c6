//! What happens to an HTTP request before and after the platform handles it: the guard at the door, and the faults.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, LOCATION, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::control;
use super::fault::{Fault, Layer};
use super::faults::{Moment, OrderId};
use super::io::Cut;
use super::magic;
use super::order::When;
use super::server::{Connection, Shared, hash};
use super::upgrade::is_upgrade;

/// The longest answer that [`Fault::PartialBody`] cuts in half; a longer one is cut here first.
const MAX_PARTIAL: usize = 8 * 1024 * 1024;

/// A fault that is due at a request, and who asked for it.
struct Due {
    id: Option<OrderId>,
    fault: Fault,
    when: When,
}

/// Answers one request.
pub(crate) async fn handle(
    connection: &Connection,
    request: Request,
    platform: TowerToHyperService<Router>,
    control: TowerToHyperService<Router>,
) -> Response {
    let server = &connection.server;
    if let Err(refusal) = guard(server, &request) {
        return (StatusCode::FORBIDDEN, Json(serde_json::json!({ "error": refusal }))).into_response();
    }
    if server.plain {
        return call(platform, request).await;
    }
    let path = request.uri().path().to_owned();
    if control::owns(&path) {
        connection.line.became_control();
        return call(control, request).await;
    }
    let Some(recorder) = &server.recorder else { return respond(connection, &path, request, platform).await };
    let request = recorder.request(&connection.line, request).await;
    let answer = respond(connection, &path, request, platform).await;
    recorder.answer(&connection.line, answer).await
}

/// What the platform answers, or a fault does.
async fn respond(
    connection: &Connection,
    path: &str,
    request: Request,
    platform: TowerToHyperService<Router>,
) -> Response {
    let server = &connection.server;
    let before = ordered(connection, Moment::Request { path, upgrade: is_upgrade(request.headers()) })
        .or_else(|| asked_for(connection, &request));
    let partial = match before {
        None => false,
        Some(due) => {
            server.faults.happened(due.id, &due.fault, &due.when, connection.line.id());
            match due.fault {
                Fault::PartialBody => true,
                fault => match instead(connection, &fault).await {
                    Some(answer) => return answer,
                    None => false,
                },
            }
        }
    };
    let answer = call(platform, request).await;
    if partial {
        return half_of(answer).await;
    }
    match ordered(connection, Moment::Answered(path)) {
        None => answer,
        Some(due) => {
            server.faults.happened(due.id, &due.fault, &due.when, connection.line.id());
            match due.fault {
                Fault::PartialBody => half_of(answer).await,
                fault => instead(connection, &fault).await.unwrap_or(answer),
            }
        }
    }
}

async fn call(router: TowerToHyperService<Router>, request: Request) -> Response {
    match router.call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

fn ordered(connection: &Connection, moment: Moment<'_>) -> Option<Due> {
    let taken = connection.server.faults.take(moment, Some(&connection.line))?;
    Some(Due { id: Some(taken.id), fault: taken.fault, when: taken.when })
}

/// The fault that a magic word in the request's URL or key asks for, each once.
fn asked_for(connection: &Connection, request: &Request) -> Option<Due> {
    let server = &connection.server;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let key = header(AUTHORIZATION.as_str()).map(|value| value.split_once(' ').map_or(value, |(_, key)| key));
    let query = request.uri().query().unwrap_or_default();
    let query = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let texts = request.uri().path().split('/').chain(query).chain(key).chain(header("x-api-key"));
    let upgrade = is_upgrade(request.headers());
    for text in texts.filter(|text| text.contains("fault")) {
        for (word, order) in magic::found_in(text, &server.dialect) {
            let here = match order.fault.layer() {
                Layer::Accept | Layer::Http => true,
                // At an upgrade the session orders it, once it knows the agent.
                Layer::Line => order.when == When::Now && !upgrade,
                Layer::Message => false,
            };
            if here && server.faults.first_time(hash(text), word) {
                let when =
                    When::request(if upgrade { "an upgrade with its key" } else { "something with its key" });
                return Some(Due { id: None, fault: order.fault, when });
            }
        }
    }
    None
}

/// What a fault does instead of the platform's answer; `None` where the platform goes on.
async fn instead(connection: &Connection, fault: &Fault) -> Option<Response> {
    let server = &connection.server;
    let error = |status: StatusCode, message: &str| {
        (status, Json(server.dialect.body_of(status, message))).into_response()
    };
    let with = |mut response: Response, name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
        response
    };
    match fault {
        Fault::Unauthorized => Some(error(StatusCode::UNAUTHORIZED, "unauthorized (by order of a fault)")),
        Fault::Forbidden => Some(error(StatusCode::FORBIDDEN, "forbidden (by order of a fault)")),
        Fault::ServerError => {
            Some(error(StatusCode::INTERNAL_SERVER_ERROR, "internal error (by order of a fault)"))
        }
        Fault::RateLimited { retry_after } => {
            let answer = error(StatusCode::TOO_MANY_REQUESTS, "too many requests (by order of a fault)");
            Some(with(answer, RETRY_AFTER, retry_after))
        }
        Fault::Unavailable { retry_after } => {
            let answer = error(StatusCode::SERVICE_UNAVAILABLE, "unavailable (by order of a fault)");
            Some(with(answer, RETRY_AFTER, retry_after))
        }
        Fault::Redirect { status, location } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
            Some(with(status.into_response(), LOCATION, location))
        }
        Fault::Html { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            let reason = status.canonical_reason().unwrap_or("Error");
            let page = format!(
                "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{reason}</h1></center>\r\n</body>\r\n</html>\r\n"
            );
            Some((status, Html(page)).into_response())
        }
        Fault::Slow { delay_ms } => {
            tokio::time::sleep(Duration::from_millis(*delay_ms)).await;
            None
        }
        Fault::RefuseConnect | Fault::DropTcp | Fault::Fin => {
            let how = if *fault == Fault::Fin { Cut::Fin } else { Cut::Rst };
            connection.line.cut(how);
            // It cannot leave any more: trying to write it ends the connection's task.
            Some(StatusCode::NO_CONTENT.into_response())
        }
        Fault::HalfOpen | Fault::NeverAnswer => {
            connection.line.carry_out(fault);
            // The connection's task ends with the server.
            std::future::pending().await
        }
        stream_fault => {
            connection.line.carry_out(stream_fault);
            None
        }
    }
}

/// The answer with its full length announced and half of its body.
async fn half_of(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, MAX_PARTIAL).await.unwrap_or_else(|_| Bytes::from(vec![b' '; MAX_PARTIAL]));
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let broken = std::io::Error::other("the rest is withheld by order of a fault");
    // The pause lets the half leave before the connection ends.
    let body = stream::unfold((Some(half), Some(broken)), async |(half, mut broken)| match half {
        Some(half) => Some((Ok(half), (None, broken))),
        None => {
            tokio::task::yield_now().await;
            broken.take().map(|error| (Err(error), (None, None)))
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// Lets in who comes to the sandbox itself: no page of another origin, no name that was bent to loopback.
fn guard(server: &Shared, request: &Request) -> Result<(), String> {
    let host =
        single(request.headers(), HOST.as_str()).or(request.uri().authority().map(|host| host.as_str()));
    let Some(host) = host else {
        return Err("the request must have one `Host`, and it must be loopback".into());
    };
    if !is_allowed_host(server, host) {
        return Err(format!("the `Host` must be loopback, not {host:?}"));
    }
    if request.headers().contains_key(ORIGIN) {
        let own = single(request.headers(), ORIGIN.as_str())
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
        if !own {
            return Err(format!("the `Origin` must be absent or http://{host}"));
        }
    }
    Ok(())
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    }
}

fn is_allowed_host(server: &Shared, host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if name.eq_ignore_ascii_case("localhost")
        || server.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    {
        return true;
    }
    // A literal address cannot be bent to another machine; a name can.
    name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || server.allow_non_loopback)
}
