//! A responder as an HTTP server of its own, asked by hand over sockets.
#![cfg(feature = "server")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::time::Duration;

use botroulette_sdk::sdk_core::shutdown::Shutdown;
use botroulette_sdk::{HttpServer, Incoming, Reply, Responder, Result, RunningServer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `sleep N` answers after N seconds, `panic` panics, `long N` answers N letters; everything else is said back.
struct Parrot;

impl Responder for Parrot {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let message = request.message()?.to_owned();
        if let Some(span) = message.strip_prefix("sleep ") {
            sleep(seconds(span.parse().unwrap())).await;
        }
        if let Some(count) = message.strip_prefix("long ") {
            return Ok("x".repeat(count.parse().unwrap()).into());
        }
        assert_ne!(message, "panic", "as it was told to");
        let session = request.session().map(|session| session.to_string());
        Ok(Reply::json(&json!({"reply": message, "session": session, "query": request.query()})))
    }
}

fn server() -> HttpServer<Parrot> {
    HttpServer::new(Parrot).bind(([127, 0, 0, 1], 0))
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

struct Caller(TcpStream);

impl Caller {
    async fn new(server: &RunningServer) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn send(&mut self, line: &str, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let head = format!("{line} HTTP/1.1\r\nHost: bot\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        self.write([head.as_bytes(), body].concat()).await;
    }

    async fn post(&mut self, body: impl AsRef<[u8]>) -> Answer {
        self.send("POST /", "Content-Type: application/json\r\n", body).await;
        self.answer().await
    }

    async fn say(&mut self, message: &str) -> Answer {
        self.post(json!({ "message": message }).to_string()).await
    }

    /// Every answer is JSON, and says so.
    async fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        assert_eq!(header("content-type"), "application/json", "{head}");
        let mut body = vec![0; header("content-length").parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        Answer { status: head[9..12].parse().unwrap(), body: serde_json::from_slice(&body).unwrap(), head }
    }

    async fn closes(mut self) -> bool {
        self.0.read(&mut [0; 64]).await.is_ok_and(|count| count == 0)
    }
}

#[tokio::test(start_paused = true)]
async fn the_documented_calls_are_answered_over_one_kept_connection() {
    let server = server().start().await.unwrap();
    let mut caller = Caller::new(&server).await;
    caller
        .send(
            "POST /?lang=en",
            "X-KPATH-Session-ID: s-1\r\n",
            include_str!("fixtures/spec/message.json").trim_end(),
        )
        .await;
    let answer = caller.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!((&answer.body["session"], &answer.body["query"]), (&json!("s-1"), &json!("lang=en")));
    caller.send("POST /api/chat", "", r#"{"message":"🦀 <b>"}"#).await;
    assert_eq!(caller.answer().await.body["reply"], "🦀 <b>");
    caller.write("GET /health HTTP/1.1\r\nHost: bot\r\n\r\n").await;
    assert_eq!(caller.answer().await.body, json!({"status": "ok"}));
}

#[tokio::test(start_paused = true)]
async fn every_error_is_json_with_words() {
    let server = server().max_body(1_000).start().await.unwrap();
    for (line, body, status) in [
        ("GET /nothing", "", 404),
        ("POST /nothing", "{}", 404),
        ("GET /", "", 405),
        ("DELETE /api/chat", "", 405),
        ("POST /health", "", 405),
        ("POST /", "{bad json", 400),
        ("POST /", "", 400),
        ("POST /", "[1]", 400),
        ("POST /", r#"{"message":5}"#, 400),
        ("POST /", r#"{"message":"panic"}"#, 500),
        ("POST /", r#"{"message":"long 2000"}"#, 500),
        ("POST /", r#"{"message":"sleep 30"}"#, 504),
    ] {
        // A connection of its own each: none is left in a state that the next one suffers from.
        let mut caller = Caller::new(&server).await;
        caller.send(line, "", body).await;
        let answer = caller.answer().await;
        assert_eq!(answer.status, status, "{line} {body}");
        assert!(answer.body["error"].is_string() && answer.body["reply"].is_string(), "{answer:?}");
        assert!(!answer.body.to_string().contains(".rs"));
        assert_eq!(answer.head.contains("\r\nallow: "), status == 405);
        if status < 500 {
            assert_eq!(caller.say("still there?").await.status, 200, "{line} {body}");
        }
    }
    let mut caller = Caller::new(&server).await;
    assert_eq!(caller.post(b"\xff\xfe").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_body_above_the_limit_is_refused_declared_or_not() {
    let server = server().max_body(1_000).start().await.unwrap();
    let mut caller = Caller::new(&server).await;
    // Before a byte of it was sent.
    caller.write("POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 1001\r\n\r\n").await;
    assert_eq!(caller.answer().await.status, 413);
    assert!(caller.closes().await);
    let mut caller = Caller::new(&server).await;
    let chunk = "x".repeat(600);
    caller.write("POST / HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    caller.write(format!("258\r\n{chunk}\r\n258\r\n{chunk}\r\n0\r\n\r\n")).await;
    assert_eq!(caller.answer().await.status, 413);
    let message = "y".repeat(1_000 - r#"{"message":""}"#.len());
    let mut caller = Caller::new(&server).await;
    // The reply says it again, and has a few more bytes.
    assert_eq!(caller.say(&message).await.status, 500, "it came, and the reply is too large");
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_holds_nobody_up() {
    let server = server().start().await.unwrap();
    let mut half = Caller::new(&server).await;
    half.write("POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 10\r\n\r\n{").await;
    let silent = Caller::new(&server).await;
    let began = Instant::now();
    assert_eq!(half.answer().await.status, 408);
    assert_eq!(began.elapsed().as_secs(), 25);
    assert!(silent.closes().await);
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_limit_at_once_is_a_503() {
    let server = server().max_at_once(2).start().await.unwrap();
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let addr = server.addr();
            tokio::spawn(async move {
                let mut caller = Caller(TcpStream::connect(addr).await.unwrap());
                caller.say("sleep 5").await.status
            })
        })
        .collect();
    sleep(seconds(1)).await;
    let mut caller = Caller::new(&server).await;
    let answer = caller.say("hi").await;
    assert!(answer.status == 503 && answer.head.contains("retry-after: 1"), "{answer:?}");
    for slow in slow {
        assert_eq!(slow.await.unwrap(), 200);
    }
    assert_eq!(caller.say("hi").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_stop_answers_what_came_and_takes_nothing_new() {
    let server = server().start().await.unwrap();
    let addr = server.addr();
    let idle = Caller::new(&server).await;
    let mut busy = Caller::new(&server).await;
    busy.send("POST /", "", r#"{"message":"sleep 5"}"#).await;
    sleep(seconds(1)).await;
    let began = Instant::now();
    let draining = tokio::spawn(server.drain());
    assert_eq!(busy.answer().await.status, 200);
    draining.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 4);
    assert!(idle.closes().await && busy.closes().await);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_bounded_and_a_second_wish_ends_it_now() {
    for (twice, took) in [(false, 3), (true, 0)] {
        let shutdown = Shutdown::new();
        let server = server().drain_limit(seconds(3)).shutdown(&shutdown);
        // `run` tells no port, so a free one is looked for.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let run = tokio::spawn(server.bind(free).run());
        sleep(Duration::from_millis(10)).await;
        let mut busy = Caller(TcpStream::connect(free).await.unwrap());
        busy.send("POST /", "", r#"{"message":"sleep 20"}"#).await;
        sleep(seconds(1)).await;
        let began = Instant::now();
        shutdown.request();
        if twice {
            shutdown.request();
        }
        run.await.unwrap().unwrap();
        assert_eq!(began.elapsed().as_secs(), took);
        assert!(busy.closes().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_leaves_nothing_behind() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let server = server().start().await.unwrap();
    let addr = server.addr();
    let caller = Caller::new(&server).await;
    sleep(seconds(1)).await;
    drop(server);
    assert!(caller.closes().await);
    sleep(seconds(1)).await;
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_and_so_is_an_address_in_use() {
    for (server, field) in [
        (server().max_at_once(0), "max_at_once"),
        (server().max_body(0), "max_body"),
        (server().deadline(Duration::ZERO), "deadline"),
        (server().drain_limit(Duration::MAX), "drain_limit"),
    ] {
        assert_eq!(server.start().await.unwrap_err().field(), Some(field));
    }
    let first = server().start().await.unwrap();
    let error = server().bind(first.addr()).start().await.unwrap_err();
    assert_eq!(error.code().id(), "local_io");
}

#[tokio::test(start_paused = true)]
async fn errors_as_200_are_as_the_sample_server_answers() {
    let server = server().errors_as_200().start().await.unwrap();
    let answer = Caller::new(&server).await.say("panic").await;
    assert!(answer.status == 200 && answer.body["error"].is_string());
}
