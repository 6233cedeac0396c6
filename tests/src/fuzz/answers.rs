//! Answers over HTTP, byte for byte: heads, bodies, `Retry-After`, streams of events, encodings. A server on loopback gives
//! the bytes to clients, because what reads them is inside of these.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botroulette_sdk::{Forwarder, Incoming, Responder, forward_to};
use sdk_core::Error;
use sdk_core::http::{Http, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// A server always ends its answer: nothing takes longer.
const LONG: Duration = Duration::from_secs(20);

struct Bench {
    runtime: Runtime,
    answer: Arc<Mutex<Vec<u8>>>,
    http: Http,
    kriegspiel: kriegspiel_sdk::Client,
    botroulette: botroulette_sdk::Client,
    forwarder: Forwarder,
}

impl Bench {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let answer = Arc::<Mutex<Vec<u8>>>::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        let served = answer.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bytes = served.lock().unwrap().clone();
                tokio::spawn(serve(stream, bytes));
            }
        });
        let url = format!("http://{addr}/");
        let none = RetryPolicy::none();
        Self {
            http: Http::builder(url.parse().unwrap()).retry(none).build().unwrap(),
            kriegspiel: kriegspiel_sdk::Client::builder("ksbot_1.x").url(&url).retry(none).build().unwrap(),
            botroulette: botroulette_sdk::Client::builder("kp_live_x")
                .url(&url)
                .retry(none)
                .limits(sdk_core::limit::LimitMode::Refuse)
                .build()
                .unwrap(),
            forwarder: forward_to(&addr.to_string()).unwrap(),
            runtime,
            answer,
        }
    }
}

/// Takes the request's head, answers, and ends.
async fn serve(mut stream: TcpStream, answer: Vec<u8>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut head).await, Ok(1..)) {
            return;
        }
    }
    let _ = stream.set_nodelay(true);
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    // Closed by the other side first, as long as that says something: nothing it reads is lost by a reset.
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Takes bytes as answers to requests, and as their bodies.
pub fn answers(data: &[u8]) {
    thread_local! {
        static BENCH: OnceCell<Bench> = const { OnceCell::new() };
    }
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        bench
            .runtime
            .block_on(async { tokio::time::timeout(LONG, all(bench, data)).await })
            .expect("it ends");
    });
}

async fn all(bench: &Bench, data: &[u8]) {
    let (choice, rest) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let status = match choice % 4 {
        0 => "200 OK",
        1 => "429 Too Many Requests",
        2 => "400 Bad Request",
        _ => "503 Service Unavailable",
    };
    // A line of it as a header's value.
    let line = rest.split(|byte| byte.is_ascii_control()).next().unwrap_or_default();
    let head = |fields: &str| {
        [b"HTTP/1.1 ", status.as_bytes(), b"\r\nConnection: close\r\n", fields.as_bytes()].concat()
    };
    let mut told = 0;
    let mut tell = |error: Option<&Error>| {
        if let Some(error) = error {
            super::shown(error);
            // Nobody makes us wait longer than ten minutes.
            assert!(error.retry_after().is_none_or(|wait| wait <= Duration::from_secs(600)), "{error:?}");
        }
        told += 1;
    };

    // The head too is what a server says.
    *bench.answer.lock().unwrap() = data.to_vec();
    tell(bench.http.get(&["raw"]).send().await.err().as_ref());
    *bench.answer.lock().unwrap() =
        [&head("Retry-After: "), line, b"\r\nX-Request-Id: ", line, b"\r\nDate: ", line, b"\r\n\r\n", rest]
            .concat();
    tell(bench.http.post(&["waits"]).send().await.err().as_ref());
    *bench.answer.lock().unwrap() = [&head("Content-Type: application/json\r\n\r\n"), rest].concat();
    tell(bench.kriegspiel.me().await.err().as_ref());
    tell(bench.kriegspiel.open_games().await.err().as_ref());
    tell(bench.botroulette.search("x").await.err().as_ref());
    let mut talk = bench.botroulette.conversation("somebody");
    match talk.say("Hey.").await {
        Ok(answer) => {
            let _ = (format!("{answer:?}"), answer.untrusted().fenced());
        }
        Err(error) => tell(Some(&error)),
    }

    // The lines of events, as they come.
    *bench.answer.lock().unwrap() =
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n", rest].concat();
    match bench.kriegspiel.events("k2q9mj".parse::<kriegspiel_sdk::model::GameCode>().unwrap()).await {
        Ok(mut events) => {
            while let Some(event) = events.next().await {
                tell(event.err().as_ref());
            }
        }
        Err(error) => tell(Some(&error)),
    }

    // A body in an encoding that nobody asked for.
    let encoding = ["gzip", "deflate", "br", "zstd"][usize::from(choice / 4 % 4)];
    *bench.answer.lock().unwrap() = [&head(&format!("Content-Encoding: {encoding}\r\n\r\n")), rest].concat();
    let reply = bench.forwarder.reply(Incoming::new(r#"{"message":"Hey."}"#)).await;
    tell(reply.err().as_ref());
}
