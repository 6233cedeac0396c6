//! The status page of the `sandbox` command: what goes on in the sandboxes, and buttons that make things go wrong.
//!
//! It works without script, by plain forms. With script it also keeps itself up to date. Nothing of it comes from elsewhere,
//! and no key is on it.

mod orders;
mod page;
mod snapshot;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use botpit_sdk::Result;
use botpit_sdk::sdk_core::sandbox::{Server, ServerOptions, serve};
use tokio::time::Instant;

use crate::served::{Name, Platform, Settings, line};

/// Everything on the page is its own: no script, style, image or frame from elsewhere, and none within the text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The status page and the sandboxes that it is about.
#[derive(Debug)]
pub struct StatusPage {
    desk: Arc<Desk>,
    server: Server,
    line: String,
}

#[derive(Debug)]
struct Desk {
    platforms: Vec<Platform>,
    seed: u64,
    speed: f64,
    began: Instant,
    /// What came of the last button.
    said: Mutex<Option<Said>>,
}

/// What came of a button.
#[derive(Debug, Clone)]
struct Said {
    is_error: bool,
    words: String,
}

impl StatusPage {
    /// Serves the page.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn serve(
        platforms: Vec<Platform>,
        settings: &Settings,
        options: ServerOptions,
    ) -> Result<Self> {
        let desk = Arc::new(Desk {
            platforms,
            seed: settings.seed,
            speed: settings.speed,
            began: Instant::now(),
            said: Mutex::new(None),
        });
        let router = Router::new()
            .route("/", get(page))
            .route("/status.json", get(json))
            .route("/status.css", get(async || file("text/css; charset=utf-8", include_str!("status.css"))))
            .route(
                "/status.js",
                get(async || file("text/javascript; charset=utf-8", include_str!("status.js"))),
            )
            .route("/icon.svg", get(async || file("image/svg+xml", include_str!("icon.svg"))))
            .route("/{platform}/{deed}", post(act))
            .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here but the page at /.\n"))
            .with_state(Arc::clone(&desk));
        let server = serve(options.plain().recent(0), router).await?;
        let url = server.base_url().as_str().trim_end_matches('/');
        let line = line(&desk.platforms, url);
        Ok(Self { desk, server, line })
    }

    /// The page's address, without a slash at its end.
    pub fn url(&self) -> &str {
        self.server.base_url().as_str().trim_end_matches('/')
    }

    /// The sandboxes.
    pub fn platforms(&self) -> &[Platform] {
        &self.desk.platforms
    }

    /// The addresses and keys of all platforms, and the page's address, as one JSON object.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Closes every connection with a close frame, and ends: within a few seconds.
    pub async fn shutdown(self) {
        // All at once: each has its own time to end in.
        for platform in &self.desk.platforms {
            platform.server().stopping().cancel();
        }
        self.server.shutdown().await;
        // The page is gone, and whatever it was asked with it.
        for platform in Arc::into_inner(self.desk).into_iter().flat_map(|desk| desk.platforms) {
            platform.shutdown().await;
        }
    }
}

impl Desk {
    fn say(&self, said: Said) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }

    fn said(&self) -> Option<Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn page(State(desk): State<Arc<Desk>>) -> Response {
    let html = page::page(&snapshot::Snapshot::of(&desk));
    guarded(([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html).into_response())
}

async fn json(State(desk): State<Arc<Desk>>) -> Response {
    guarded(Json(snapshot::Snapshot::of(&desk)).into_response())
}

fn file(kind: &'static str, text: &'static str) -> Response {
    guarded(([(CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response())
}

/// A button: does it, and shows the page again.
async fn act(
    State(desk): State<Arc<Desk>>,
    Path((platform, deed)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let found = desk.platforms.iter().find(|served| Name::of(&platform) == Some(served.name()));
    let Some(found) = found else { return StatusCode::NOT_FOUND.into_response() };
    let title = found.name().title();
    let said = match orders::carry_out(found, &deed, &body) {
        Some(Ok(words)) => Said { is_error: false, words: format!("{title}: {words}") },
        Some(Err(error)) => {
            let words = format!("{title}: not ordered. {}", error.message());
            Said { is_error: true, words }
        }
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    desk.say(said);
    let place = HeaderValue::from_str(&format!("/#{platform}")).unwrap_or(HeaderValue::from_static("/"));
    guarded((StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response())
}

/// Nothing of it is stored, framed, guessed at, or mixed with anything from elsewhere.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: the page's own forms would then come from the origin `null`, and be refused.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
