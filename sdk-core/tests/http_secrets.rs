//! No secret of a REST call is shown, in any error, `{:?}` or log. A program of its own: a log of every target is only
//! complete when no other test is the first to reach an event.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use scripted::{Answer, Server, answer, everything, json};
use sdk_core::http::Auth;
use sdk_core::secret::Secret;

/// Keeps every event and span of every target, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_shown_anywhere() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let echo = r#"{"error":{"code":"c-k3y-1","message":"bad key k3y-1 and r3g-1","field":"k3y-1"}}"#;
    let headers = "Content-Type: application/json\r\nX-Request-Id: k3y-1\r\nLocation: /x/k3y-1?q=k3y-1\r\n";
    for script in [
        vec![answer(400, headers, echo)],
        vec![answer(503, headers, echo)],
        vec![answer(302, headers, echo)],
        vec![answer(500, "Content-Type: text/plain\r\n", "k3y-1 r3g-1")],
        vec![Answer::Vanish],
        vec![json(200, "\"k3y-1\"")],
        vec![Answer::Stall(String::new())],
        vec![Answer::Endless],
    ] {
        let server = Server::start(script).await;
        let builder = server.builder().max_body(1000).auth(Auth::Bearer(Secret::new("k3y-1")));
        let client = builder.clone().build().unwrap();
        let request = client
            .get(&["x", "k3y-1"])
            .query("token", "qu3ry")
            .secret_header("x-other".parse().unwrap(), &Secret::new("r3g-1"));
        let mut shown = format!("{builder:?} {client:?} {request:?}");
        let error = request.send_json::<u32>().await.unwrap_err();
        shown.push_str(&everything(&error));
        shown.push_str(&String::from_utf8_lossy(error.body().unwrap_or_default()));
        shown.push_str(error.request_id().unwrap_or_default());
        for secret in ["k3y-1", "r3g-1", "qu3ry"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
    let log = log.0.lock().unwrap();
    assert!(
        log.contains("path=/x/[redacted]") && log.contains("method=GET") && log.contains("status=503"),
        "{log}"
    );
    for secret in ["k3y-1", "r3g-1", "qu3ry", "Bearer"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
