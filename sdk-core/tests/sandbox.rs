//! What a client really sees on the wire when a fault was ordered: real loopback sockets, client and server on one
//! current-thread runtime with a paused clock.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use sdk_core::clock::Clock;
use sdk_core::sandbox::{
    Dialect, Fault, Incoming, Order, Peer, Seed, Server, ServerOptions, Upgrade, When, magic, serve,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async, client_async_with_config};

type Ws = WebSocketStream<TcpStream>;

/// A platform in small: it greets, asks for a move after each move, and counts the moves it handled.
#[derive(Clone, Default)]
struct Platform {
    moves: Arc<AtomicU64>,
    posts: Arc<AtomicU64>,
}

impl Platform {
    fn moves(&self) -> u64 {
        self.moves.load(Ordering::SeqCst)
    }

    fn router(&self) -> Router {
        let (ws, posts) = (self.clone(), self.posts.clone());
        let post = async move || {
            posts.fetch_add(1, Ordering::SeqCst);
            axum::Json(json!({ "agent_id": "agent-1" }))
        };
        let upgrade =
            async move |upgrade: Upgrade| upgrade.on_connect(async move |peer| ws.session(peer).await);
        Router::new()
            .route("/ws", get(upgrade))
            .route("/api/v1/agents", get(async || axum::Json(json!(["agent-1"]))).post(post))
    }

    async fn session(&self, mut peer: Peer) {
        loop {
            let text = match peer.recv().await {
                Incoming::Text(text) => text,
                Incoming::Binary(bytes) => {
                    peer.send(format!("{} bytes", bytes.len())).await;
                    continue;
                }
                Incoming::Closed => return,
            };
            let message: Value = serde_json::from_str(&text).unwrap_or_default();
            match message["type"].as_str() {
                Some("authenticate") => {
                    let key = message["api_key"].as_str().unwrap_or_default();
                    if magic::is_revoked(key) {
                        peer.send(json!({ "type": "error", "code": "auth_failed" }).to_string()).await;
                        return peer.close(4001, "invalid key").await;
                    }
                    peer.identify(key, &[key]);
                    peer.send(json!({ "type": "authenticated" }).to_string()).await;
                }
                Some("make_move") => {
                    let round = self.moves.fetch_add(1, Ordering::SeqCst) + 1;
                    peer.send(turn(round)).await;
                }
                Some("ping") => peer.send(r#"{"type":"pong"}"#).await,
                _ => peer.send(text).await,
            }
        }
    }
}

fn turn(round: u64) -> String {
    format!(r#"{{"type":"your_turn","round":{round},"timeout_ms":5000}}"#)
}

const MOVE: &str = r#"{"type":"make_move","match_id":"m-1","move":{"choice":"rock"}}"#;

async fn start() -> (Server, Platform) {
    let platform = Platform::default();
    (serve(ServerOptions::new(), platform.router()).await.unwrap(), platform)
}

async fn dial(addr: SocketAddr) -> Result<Ws, WsError> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    client_async(format!("ws://{addr}/ws"), stream).await.map(|(ws, _)| ws)
}

async fn connect(server: &Server) -> Ws {
    dial(server.addr()).await.unwrap()
}

async fn say(ws: &mut Ws, text: &str) {
    ws.send(Message::text(text)).await.unwrap();
}

async fn hear(ws: &mut Ws) -> String {
    ws.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

async fn fail(ws: &mut Ws) -> WsError {
    match ws.next().await {
        Some(Err(error)) => error,
        other => panic!("expected an error, got {other:?}"),
    }
}

fn is_reset(error: &WsError) -> bool {
    matches!(error, WsError::Io(error) if error.kind() == ErrorKind::ConnectionReset)
}

/// Plays one move, and expects the turn that it brings.
async fn play(ws: &mut Ws, round: u64) {
    say(ws, MOVE).await;
    assert_eq!(hear(ws).await, turn(round));
}

/// Waits until a told fault has been carried out.
async fn injected(server: &Server, count: u64) {
    while server.faults().injected() < count {
        tokio::task::yield_now().await;
    }
}

/// One HTTP exchange on a connection of its own: status line and headers, and the body.
async fn exchange(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
    let bytes = exchange_raw(addr, method, path, headers, body).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn exchange_raw(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    let host = if headers.contains("Host:") { String::new() } else { format!("Host: {addr}\r\n") };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn get_json(server: &Server, path: &str) -> Value {
    let (head, body) = exchange(server.addr(), "GET", path, "", "").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(&body).unwrap()
}

/// Upgrades by hand, so that the test sees the bytes.
async fn raw_upgrade(server: &Server) -> TcpStream {
    let addr = server.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // Nagle's algorithm waits in real time, which a paused clock does not.
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    // RFC 6455, section 1.3: the answer to that very key.
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    stream
}

async fn read_all(mut stream: TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let result = stream.read_to_end(&mut bytes).await;
    (bytes, result.err().map(|error| error.kind()))
}

// ── without faults ──

#[tokio::test(start_paused = true)]
async fn a_plain_session_greets_plays_pings_and_closes() {
    let (server, platform) = start().await;
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    ws.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap(), Message::Pong("are you there".into()));
    ws.send(Message::binary(vec![0; 70_000])).await.unwrap();
    assert_eq!(hear(&mut ws).await, "70000 bytes");
    assert_eq!((server.connections(), server.accepted(), server.peers().len()), (1, 1, 1));
    ws.close(None).await.unwrap();
    assert!(matches!(ws.next().await, Some(Ok(Message::Close(None)))));
    assert!(ws.next().await.is_none());
    while server.connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(platform.moves(), 1);
    assert_eq!(server.faults().injected(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_breaks_the_protocol_is_told_with_the_right_code() {
    let (server, _) = start().await;
    let mut stream = raw_upgrade(&server).await;
    stream.write_all(&[0x81, 0x02, b'h', b'i']).await.unwrap();
    let (bytes, _) = read_all(stream).await;
    assert_eq!(bytes[0], 0x88);
    assert_eq!(u16::from_be_bytes([bytes[2], bytes[3]]), 1002);
    // A message over the limit of 1 MiB.
    let mut ws = connect(&server).await;
    let _ = ws.send(Message::text("x".repeat(1024 * 1024 + 1))).await;
    match ws.next().await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1009),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_upgrade_is_refused_with_a_reason() {
    let (server, _) = start().await;
    let (head, body) = exchange(server.addr(), "GET", "/ws", "", "").await;
    assert!(head.starts_with("HTTP/1.1 426") && head.contains("sec-websocket-version: 13"), "{head}");
    assert!(body.contains("Upgrade: websocket"), "{body}");
    let upgrade = |version: &str, key: &str| {
        format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n"
        )
    };
    let addr = server.addr();
    let refused = async |headers: String| exchange(addr, "GET", "/ws", &headers, "").await.0;
    assert!(refused(upgrade("8", "dGhlIHNhbXBsZSBub25jZQ==")).await.starts_with("HTTP/1.1 426"));
    assert!(refused(upgrade("13", "short")).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_recv_loses_nothing() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let seen = got.clone();
    let session = async move |mut peer: Peer| {
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        loop {
            tokio::select! {
                biased;
                // Wins again and again while a message is half there.
                _ = tick.tick() => {}
                incoming = peer.recv() => match incoming {
                    Incoming::Text(text) => seen.lock().unwrap().push(text),
                    _ => return,
                }
            }
        }
    };
    let router = Router::new().route("/ws", get(async move |up: Upgrade| up.on_connect(session)));
    let server = serve(ServerOptions::new(), router).await.unwrap();
    let mut stream = raw_upgrade(&server).await;
    for part in [&[0x81, 0x85, 0x37][..], &[0xfa, 0x21, 0x3d, 0x7f, 0x9f], &[0x4d, 0x51, 0x58]] {
        stream.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(*got.lock().unwrap(), ["Hello"]);
}

// ── faults of connecting ──

#[tokio::test(start_paused = true)]
async fn refuse_connect_resets_the_next_connects() {
    let (server, _) = start().await;
    let order = server.faults().order(Fault::RefuseConnect.on(When::Now).times(2)).unwrap();
    for _ in 0..2 {
        assert!(is_reset(&dial(server.addr()).await.unwrap_err()));
    }
    play(&mut connect(&server).await, 1).await;
    assert_eq!(server.faults().injected_by(order), 2);
    assert_eq!(server.accepted(), 3);
}

#[tokio::test(start_paused = true)]
async fn never_answer_leaves_the_handshake_open() {
    let (server, _) = start().await;
    server.faults().order(Fault::NeverAnswer).unwrap();
    assert!(timeout(Duration::from_secs(60), dial(server.addr())).await.is_err());
    play(&mut connect(&server).await, 1).await;
    let begun = Instant::now();
    server.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}

// ── faults of HTTP ──

#[tokio::test(start_paused = true)]
async fn http_faults_answer_an_upgrade() {
    let (server, _) = start().await;
    type Header = Option<(&'static str, &'static str)>;
    let cases: [(Fault, u16, Header); 7] = [
        (Fault::Unauthorized, 401, None),
        (Fault::Forbidden, 403, None),
        (Fault::RateLimited { retry_after: "7".into() }, 429, Some(("retry-after", "7"))),
        (Fault::Unavailable { retry_after: "-1".into() }, 503, Some(("retry-after", "-1"))),
        (Fault::ServerError, 500, None),
        (
            Fault::Redirect { status: 302, location: "/elsewhere".into() },
            302,
            Some(("location", "/elsewhere")),
        ),
        (Fault::Html { status: 502 }, 502, Some(("content-type", "text/html; charset=utf-8"))),
    ];
    for (fault, status, header) in cases {
        server.faults().order(fault.on(When::NextConnection)).unwrap();
        // A plain request is not a connection of the live side.
        assert_eq!(get_json(&server, "/api/v1/agents").await, json!(["agent-1"]));
        match dial(server.addr()).await {
            Err(WsError::Http(answer)) => {
                assert_eq!(answer.status().as_u16(), status);
                if let Some((name, value)) = header {
                    assert_eq!(answer.headers()[name], value);
                }
            }
            other => panic!("{status}: {other:?}"),
        }
        connect(&server).await;
    }
}

#[tokio::test(start_paused = true)]
async fn http_faults_answer_a_rest_call_before_or_after_it_was_handled() {
    let platform = Platform::default();
    let dialect =
        Dialect::default().error_body(|status, _| json!({ "error": { "status": status.as_u16() } }));
    let server = serve(ServerOptions::new().dialect(dialect), platform.router()).await.unwrap();
    let post = async || exchange(server.addr(), "POST", "/api/v1/agents", "", "{}").await;
    server.faults().order(Fault::Unauthorized).unwrap();
    let (head, body) = post().await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    assert_eq!(body, r#"{"error":{"status":401}}"#);
    assert_eq!(platform.posts.load(Ordering::SeqCst), 0);
    server.faults().order(Fault::ServerError.on(When::answered("/agents"))).unwrap();
    assert!(post().await.0.starts_with("HTTP/1.1 500"));
    assert_eq!(platform.posts.load(Ordering::SeqCst), 1, "committed, and answered 500");
    server.faults().order(Fault::Forbidden.on(When::request("/agents")).skip(1)).unwrap();
    assert!(post().await.0.starts_with("HTTP/1.1 200"));
    assert!(post().await.0.starts_with("HTTP/1.1 403"));
}

#[tokio::test(start_paused = true)]
async fn a_partial_body_is_announced_whole_and_sent_half() {
    let (server, _) = start().await;
    server.faults().order(Fault::PartialBody.on(When::request("/agents"))).unwrap();
    let (head, body) = exchange(server.addr(), "GET", "/api/v1/agents", "", "").await;
    assert!(head.to_ascii_lowercase().contains("content-length: 11"), "{head}");
    assert_eq!(body, r#"["age"#);
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_stream_hit_a_rest_call() {
    let (server, platform) = start().await;
    let post = async || exchange_raw(server.addr(), "POST", "/api/v1/agents", "", "{}").await;
    server.faults().order(Fault::DropTcp.on(When::request("/agents"))).unwrap();
    assert_eq!(post().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    server.faults().order(Fault::Fin.on(When::answered("/agents"))).unwrap();
    assert_eq!(post().await.unwrap(), b"");
    assert_eq!(platform.posts.load(Ordering::SeqCst), 1);
    server.faults().order(Fault::HalfOpen.on(When::request("/agents"))).unwrap();
    assert!(timeout(Duration::from_secs(60), post()).await.is_err());
    server.faults().order(Fault::Slow { delay_ms: 3_000 }.on(When::request("/agents"))).unwrap();
    let begun = Instant::now();
    assert!(post().await.unwrap().starts_with(b"HTTP/1.1 200"));
    assert!(begun.elapsed() >= Duration::from_secs(3));
}

// ── faults of the TCP connection ──

#[tokio::test(start_paused = true)]
async fn drop_tcp_right_after_the_second_turn_went_out() {
    let (server, _) = start().await;
    server.faults().order(Fault::DropTcp.on(When::sent("your_turn")).skip(1)).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    play(&mut ws, 2).await;
    assert!(is_reset(&fail(&mut ws).await));
    play(&mut connect(&server).await, 3).await;
    assert_eq!(server.faults().injected(), 1);
}

#[tokio::test(start_paused = true)]
async fn drop_tcp_before_a_move_is_handled_or_after() {
    let (server, platform) = start().await;
    server.faults().order(Fault::DropTcp.on(When::received("make_move")).skip(1)).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    say(&mut ws, MOVE).await;
    assert!(is_reset(&fail(&mut ws).await));
    assert_eq!(platform.moves(), 1, "the second move was never seen");
    server.faults().order(Fault::DropTcp.on(When::handled("make_move"))).unwrap();
    let mut ws = connect(&server).await;
    say(&mut ws, MOVE).await;
    assert!(is_reset(&fail(&mut ws).await));
    assert_eq!(platform.moves(), 2, "the move was handled, and its answer lost");
}

#[tokio::test(start_paused = true)]
async fn drop_tcp_before_a_turn_is_sent_and_after_n_messages() {
    let (server, _) = start().await;
    server.faults().order(Fault::DropTcp.on(When::sending("your_turn"))).unwrap();
    let mut ws = connect(&server).await;
    say(&mut ws, MOVE).await;
    assert!(is_reset(&fail(&mut ws).await));
    server.faults().order(Fault::DropTcp.on(When::AfterFrames(3))).unwrap();
    let mut ws = connect(&server).await;
    for round in 2..=4 {
        play(&mut ws, round).await;
    }
    assert!(is_reset(&fail(&mut ws).await));
    server.faults().order(Fault::DropTcp.on(When::AfterFrames(0))).unwrap();
    assert!(is_reset(&fail(&mut connect(&server).await).await));
}

#[tokio::test(start_paused = true)]
async fn drop_tcp_now_hits_every_live_connection_and_spares_later_ones() {
    let (server, _) = start().await;
    let (mut one, mut two) = (connect(&server).await, connect(&server).await);
    play(&mut one, 1).await;
    play(&mut two, 2).await;
    let order = server.faults().order(Fault::DropTcp).unwrap();
    assert!(is_reset(&fail(&mut one).await) && is_reset(&fail(&mut two).await));
    assert_eq!(server.faults().injected_by(order), 2);
    play(&mut connect(&server).await, 3).await;
}

#[tokio::test(start_paused = true)]
async fn fin_ends_the_stream_without_a_close_frame() {
    let (server, _) = start().await;
    server.faults().order(Fault::Fin.on(When::NextConnection)).unwrap();
    let (bytes, error) = read_all(raw_upgrade(&server).await).await;
    assert_eq!((bytes.len(), error), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_torn_frame_stops_in_its_middle() {
    let (server, _) = start().await;
    server.faults().order(Fault::TornFrame.on(When::sending("your_turn"))).unwrap();
    let mut stream = raw_upgrade(&server).await;
    let mut masked = vec![0x81, 0x80 | u8::try_from(MOVE.len()).unwrap(), 0, 0, 0, 0];
    masked.extend_from_slice(MOVE.as_bytes());
    stream.write_all(&masked).await.unwrap();
    let (bytes, error) = read_all(stream).await;
    let whole = turn(1);
    assert_eq!((bytes[0], usize::from(bytes[1])), (0x81, whole.len()));
    assert_eq!(bytes[2..], whole.as_bytes()[..(whole.len() + 2) / 2 - 2]);
    assert_eq!(error, Some(ErrorKind::ConnectionReset));
}

#[tokio::test(start_paused = true)]
async fn half_open_neither_reads_nor_sends_nor_says_so() {
    let (server, platform) = start().await;
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    server.faults().order(Fault::HalfOpen).unwrap();
    injected(&server, 1).await;
    say(&mut ws, MOVE).await;
    ws.send(Message::Ping("".into())).await.unwrap();
    assert!(timeout(Duration::from_secs(3_600), ws.next()).await.is_err());
    assert_eq!(platform.moves(), 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_fault_has_silenced_is_let_go_after_ten_minutes() {
    let (server, _) = start().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    play(&mut connect(&server).await, 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = tasks();
    server.faults().order(Fault::HalfOpen.on(When::sent("your_turn"))).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 2).await;
    server.faults().order(Fault::NeverAnswer).unwrap();
    assert!(timeout(Duration::from_secs(1), dial(server.addr())).await.is_err());
    server.faults().order(Fault::HalfOpen.on(When::request("/agents"))).unwrap();
    let mut caller = TcpStream::connect(server.addr()).await.unwrap();
    caller.write_all(b"GET /api/v1/agents HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    injected(&server, 3).await;
    // Whether the clients are still there makes no difference: nobody listens to them.
    drop(caller);
    tokio::time::sleep(Duration::from_secs(9 * 60)).await;
    drop(connect(&server).await);
    assert!(server.connections() >= 3);
    tokio::time::sleep(Duration::from_secs(2 * 60)).await;
    drop(connect(&server).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((server.connections(), tasks()), (0, before));
}

#[tokio::test(start_paused = true)]
async fn stop_reading_stalls_the_clients_writes() {
    let (server, platform) = start().await;
    server.faults().order(Fault::StopReading.on(When::sent("your_turn"))).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    let flood = async {
        loop {
            say(&mut ws, &"x".repeat(256 * 1024)).await;
        }
    };
    assert!(timeout(Duration::from_secs(60), flood).await.is_err());
    assert_eq!(platform.moves(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_handles_everything_and_answers_nothing() {
    let (server, platform) = start().await;
    server.faults().order(Fault::Silence.on(When::NextConnection)).unwrap();
    let mut ws = connect(&server).await;
    say(&mut ws, MOVE).await;
    ws.send(Message::Ping("".into())).await.unwrap();
    assert!(timeout(Duration::from_secs(3_600), ws.next()).await.is_err());
    assert_eq!(platform.moves(), 1);
}

#[tokio::test(start_paused = true)]
async fn slow_delays_every_message_and_keeps_their_order() {
    let (server, _) = start().await;
    server.faults().order(Fault::Slow { delay_ms: 2_000 }.on(When::NextConnection)).unwrap();
    let mut ws = connect(&server).await;
    let begun = Instant::now();
    say(&mut ws, MOVE).await;
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, turn(1));
    assert_eq!(hear(&mut ws).await, turn(2));
    assert!((2_000..2_100).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

// ── faults of the WebSocket ──

#[tokio::test(start_paused = true)]
async fn pongs_come_late_both_the_protocols_and_the_platforms() {
    let (server, _) = start().await;
    server.faults().order(Fault::DelayPongs { delay_ms: 9_000 }.on(When::NextConnection)).unwrap();
    let mut ws = connect(&server).await;
    let begun = Instant::now();
    ws.send(Message::Ping("p".into())).await.unwrap();
    say(&mut ws, r#"{"type":"ping"}"#).await;
    play(&mut ws, 1).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "messages are not late");
    assert_eq!(ws.next().await.unwrap().unwrap(), Message::Pong("p".into()));
    assert_eq!(hear(&mut ws).await, r#"{"type":"pong"}"#);
    assert!((9_000..9_100).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn pongs_do_not_come_and_the_rest_does() {
    let (server, _) = start().await;
    server.faults().order(Fault::DropPongs.on(When::NextConnection)).unwrap();
    let mut ws = connect(&server).await;
    ws.send(Message::Ping("p".into())).await.unwrap();
    say(&mut ws, r#"{"type":"ping"}"#).await;
    play(&mut ws, 1).await;
    assert!(timeout(Duration::from_secs(600), ws.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn close_brings_its_code_and_reason() {
    let (server, _) = start().await;
    let fault = Fault::Close { code: 4001, reason: "replaced".into() };
    server.faults().order(fault.on(When::sent("your_turn"))).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    match ws.next().await {
        Some(Ok(Message::Close(Some(frame)))) => {
            assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4001, "replaced"));
        }
        other => panic!("{other:?}"),
    }
    assert!(ws.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn frames_that_break_the_protocol_are_seen_as_such() {
    let (server, _) = start().await;
    type Check = fn(&WsError) -> bool;
    let cases: [(Fault, Check); 4] = [
        (Fault::InvalidUtf8, |error| matches!(error, WsError::Utf8(_))),
        (Fault::ReservedBits, |error| matches!(error, WsError::Protocol(ProtocolError::NonZeroReservedBits))),
        (Fault::BadOpcode, |error| matches!(error, WsError::Protocol(ProtocolError::InvalidOpcode(3)))),
        (Fault::MaskedFrame, |error| {
            matches!(error, WsError::Protocol(ProtocolError::MaskedFrameFromServer))
        }),
    ];
    for (round, (fault, check)) in (1..).zip(cases) {
        server.faults().order(fault.clone().on(When::sent("your_turn"))).unwrap();
        let mut ws = connect(&server).await;
        play(&mut ws, round).await;
        let error = fail(&mut ws).await;
        assert!(check(&error), "{fault:?}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn strange_messages_come_before_the_turn_and_the_session_goes_on() {
    let (server, _) = start().await;
    let mut ws = connect(&server).await;
    server.faults().order(Fault::GarbageText.on(When::sending("your_turn"))).unwrap();
    say(&mut ws, MOVE).await;
    assert!(serde_json::from_str::<Value>(&hear(&mut ws).await).is_err());
    assert_eq!(hear(&mut ws).await, turn(1));
    server.faults().order(Fault::UnknownMessage.on(When::received("make_move"))).unwrap();
    say(&mut ws, MOVE).await;
    let unknown: Value = serde_json::from_str(&hear(&mut ws).await).unwrap();
    assert_eq!(unknown["type"], "fault_unknown");
    assert_eq!(hear(&mut ws).await, turn(2));
    server.faults().order(Fault::Huge { bytes: 2 * 1024 * 1024 }).unwrap();
    assert_eq!(hear(&mut ws).await.len(), 2 * 1024 * 1024);
    play(&mut ws, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_comes_binary_broken_or_twice() {
    let (server, _) = start().await;
    let mut ws = connect(&server).await;
    server.faults().order(Fault::Binary.on(When::sending("your_turn"))).unwrap();
    say(&mut ws, MOVE).await;
    assert_eq!(ws.next().await.unwrap().unwrap(), Message::binary(turn(1)));
    server.faults().order(Fault::BrokenField { field: None }.on(When::sending("your_turn"))).unwrap();
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, r#"{"type":"your_turn","round":2,"timeout_ms":"broken"}"#);
    let field = Some("round".to_owned());
    server.faults().order(Fault::BrokenField { field }.on(When::sending("your_turn"))).unwrap();
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, r#"{"type":"your_turn","round":"broken","timeout_ms":5000}"#);
    // Ordered now, it changes the next message.
    server.faults().order(Fault::Duplicate).unwrap();
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, turn(4));
    assert_eq!(hear(&mut ws).await, turn(4));
    play(&mut ws, 5).await;
    assert_eq!(server.faults().injected(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_stale_turn_comes_again_even_after_a_reconnect() {
    let (server, _) = start().await;
    let hello = r#"{"type":"authenticate","api_key":"agent-7"}"#;
    let stale = server.faults().order(Fault::Stale.on(When::sending("your_turn"))).unwrap();
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    assert_eq!(hear(&mut ws).await, r#"{"type":"authenticated"}"#);
    // There is no earlier turn yet: the order waits.
    play(&mut ws, 1).await;
    assert_eq!(server.faults().injected_by(stale), 0);
    drop(ws);
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    hear(&mut ws).await;
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, turn(1));
    assert_eq!(hear(&mut ws).await, turn(2));
    assert_eq!(server.faults().injected_by(stale), 1);
    play(&mut ws, 3).await;
}

#[tokio::test(start_paused = true)]
async fn tiny_fragments_join_to_the_message_or_break_the_limit() {
    let (server, _) = start().await;
    let fragments = |count| Fault::Fragments { count }.on(When::sending("your_turn"));
    server.faults().order(fragments(5_000)).unwrap();
    let mut ws = connect(&server).await;
    say(&mut ws, MOVE).await;
    let text = hear(&mut ws).await;
    assert_eq!((text.len(), text.trim_end()), (5_000, turn(1).as_str()));
    server.faults().order(fragments(1_000_000)).unwrap();
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let config = WebSocketConfig::default().max_message_size(Some(500_000));
    let url = format!("ws://{}/ws", server.addr());
    let (mut ws, _) = client_async_with_config(url, stream, Some(config)).await.unwrap();
    say(&mut ws, MOVE).await;
    assert!(matches!(fail(&mut ws).await, WsError::Capacity(_)));
}

#[tokio::test(start_paused = true)]
async fn an_order_for_one_agent_spares_the_others() {
    let (server, _) = start().await;
    let (mut a, mut b) = (connect(&server).await, connect(&server).await);
    for (ws, name) in [(&mut a, "agent-a"), (&mut b, "agent-b")] {
        say(ws, &json!({ "type": "authenticate", "api_key": name }).to_string()).await;
        hear(ws).await;
    }
    server.faults().order(Fault::DropTcp.on(When::sent("your_turn")).only("agent-b")).unwrap();
    play(&mut a, 1).await;
    play(&mut b, 2).await;
    assert!(is_reset(&fail(&mut b).await));
    play(&mut a, 3).await;
    assert_eq!(server.peers()[0].labels, ["agent-a"]);
}

#[tokio::test(start_paused = true)]
async fn every_order_counts_the_moments_it_lets_pass() {
    let (server, _) = start().await;
    server.faults().order(Fault::GarbageText.on(When::sent("your_turn"))).unwrap();
    server.faults().order(Fault::UnknownMessage.on(When::sent("your_turn")).skip(1)).unwrap();
    server.faults().order(Fault::Stale.on(When::received("make_move")).skip(2)).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    assert!(hear(&mut ws).await.contains("not JSON"));
    play(&mut ws, 2).await;
    assert!(hear(&mut ws).await.contains("fault_unknown"));
    say(&mut ws, MOVE).await;
    assert_eq!(hear(&mut ws).await, turn(1));
    assert_eq!(hear(&mut ws).await, turn(3));
}

#[tokio::test(start_paused = true)]
async fn the_same_orders_give_the_same_log() {
    async fn run() -> Vec<String> {
        let (server, _) = start().await;
        server.faults().order(Fault::Duplicate.on(When::sending("your_turn")).times(2).skip(1)).unwrap();
        server.faults().order(Fault::DropTcp.on(When::AfterFrames(4))).unwrap();
        let mut ws = connect(&server).await;
        let mut trace = Vec::new();
        for _ in 0..4 {
            say(&mut ws, MOVE).await;
        }
        while let Some(Ok(message)) = ws.next().await {
            trace.push(message.to_string());
        }
        trace.extend(server.faults().log().iter().map(|entry| format!("{entry:?}")));
        trace
    }
    let first = run().await;
    assert_eq!(first.len(), 6 + 3, "{first:?}");
    assert_eq!(first, run().await);
}

// ── magic words ──

#[tokio::test(start_paused = true)]
async fn a_magic_word_in_a_key_drops_the_first_turn_once() {
    let (server, _) = start().await;
    let hello = r#"{"type":"authenticate","api_key":"bp_sandbox_faultDropOnTurn_1"}"#;
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    hear(&mut ws).await;
    play(&mut ws, 1).await;
    assert!(is_reset(&fail(&mut ws).await));
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    hear(&mut ws).await;
    play(&mut ws, 2).await;
    play(&mut ws, 3).await;
    assert_eq!(server.faults().injected(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_magic_word_of_http_inside_a_connection_is_answered_at_the_next() {
    let (server, _) = start().await;
    let hello = r#"{"type":"authenticate","api_key":"faultRateLimited30"}"#;
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    assert!(is_reset(&fail(&mut ws).await));
    match dial(server.addr()).await {
        Err(WsError::Http(answer)) => {
            assert_eq!(answer.status(), 429);
            assert_eq!(answer.headers()["retry-after"], "30");
        }
        other => panic!("{other:?}"),
    }
    let mut ws = connect(&server).await;
    say(&mut ws, hello).await;
    assert_eq!(hear(&mut ws).await, r#"{"type":"authenticated"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_magic_word_in_a_request_is_answered_there_once_a_key() {
    let (server, _) = start().await;
    let get = async |headers: &str, path: &str| exchange(server.addr(), "GET", path, headers, "").await.0;
    for (headers, path) in [
        ("Authorization: Bearer faultUnavailable2\r\n", "/api/v1/agents"),
        ("X-Api-Key: key-faultUnavailable2\r\n", "/api/v1/agents"),
        ("", "/api/v1/agents?token=t-faultUnavailable2"),
    ] {
        let first = get(headers, path).await;
        assert!(first.starts_with("HTTP/1.1 503") && first.contains("retry-after: 2"), "{first}");
        assert!(get(headers, path).await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(server.faults().injected(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_refused_every_time() {
    let (server, _) = start().await;
    for _ in 0..2 {
        let mut ws = connect(&server).await;
        say(&mut ws, r#"{"type":"authenticate","api_key":"faultRevoked"}"#).await;
        assert!(hear(&mut ws).await.contains("auth_failed"));
        assert!(
            matches!(ws.next().await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 4001)
        );
    }
}

// ── the control endpoint ──

#[tokio::test(start_paused = true)]
async fn the_control_endpoint_orders_shows_and_clears_faults() {
    let options = ServerOptions::new().seed(Seed(42)).clock(Clock::scaled(10.0));
    let server = serve(options, Platform::default().router()).await.unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    let orders = r#"[{"fault":"garbageText","when":{"sent":"your_turn"}},
                     {"fault":"rateLimited","retryAfter":3,"when":"nextConnection","times":2}]"#;
    let (head, body) = exchange(server.addr(), "POST", "/__sandbox/faults", "", orders).await;
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    assert_eq!(body, r#"{"orders":[1,2]}"#);
    play(&mut ws, 2).await;
    assert!(hear(&mut ws).await.contains("not JSON"));
    let state = get_json(&server, "/__sandbox").await;
    assert_eq!((&state["seed"], &state["speed"]), (&json!(42), &json!(10.0)));
    assert_eq!((&state["injected"], &state["accepted"]), (&json!(1), &json!(3)));
    let pending = json!([{
        "id": 2, "fault": "rateLimited", "retryAfter": "3", "when": "nextConnection",
        "times": 2, "skip": 0, "left": 2, "injected": 0,
    }]);
    assert_eq!(state["pending"], pending);
    assert_eq!(state["peers"], json!([{ "id": 1, "path": "/ws", "labels": [], "sent": 2, "received": 2 }]));
    let faults = get_json(&server, "/__sandbox/faults").await;
    assert_eq!(faults["faults"].as_array().unwrap().len(), Fault::NAMES.len());
    assert_eq!(
        faults["log"],
        json!([{ "order": 1, "fault": "garbageText", "when": "when your_turn was sent", "connection": 1 }])
    );
    let (head, _) = exchange(server.addr(), "DELETE", "/__sandbox/faults", "", "").await;
    assert!(head.starts_with("HTTP/1.1 204"), "{head}");
    assert!(server.faults().pending().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_fault_can_be_ordered_over_http() {
    let (server, _) = start().await;
    for name in Fault::NAMES {
        let order = json!({ "fault": name, "when": "nextConnection" }).to_string();
        let (head, body) = exchange(server.addr(), "POST", "/__sandbox/faults", "", &order).await;
        assert!(head.starts_with("HTTP/1.1 201"), "{name}: {body}");
        server.faults().clear();
    }
}

#[tokio::test(start_paused = true)]
async fn the_control_endpoint_survives_a_drop_of_all_connections() {
    let (server, _) = start().await;
    let mut ws = connect(&server).await;
    let (head, _) = exchange(server.addr(), "POST", "/__sandbox/faults", "", r#"{"fault":"dropTcp"}"#).await;
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    assert!(is_reset(&fail(&mut ws).await));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_order_says_what_is_wrong_and_orders_nothing() {
    let (server, _) = start().await;
    let post = async |path: &str, body: &str| {
        let (head, body) = exchange(server.addr(), "POST", path, "", body).await;
        (head, serde_json::from_str::<Value>(&body).unwrap())
    };
    let list = r#"[{"fault":"dropTcp","when":"nextConnection"},{"fault":"gremlins"}]"#;
    for (body, complaint) in [
        ("gremlins", "not JSON"),
        (r#"{"fault":"gremlins"}"#, "no fault is named \"gremlins\""),
        (r#"{"fault":"html","when":{"sent":"x"}}"#, "fault of HTTP"),
        (r#"{"fault":"close","kode":1}"#, "no field `kode`"),
        (list, "order 2"),
    ] {
        let (head, answer) = post("/__sandbox/faults", body).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        assert!(answer["error"].as_str().unwrap().contains(complaint), "{answer}");
        assert_eq!(answer["faults"].as_array().unwrap().len(), Fault::NAMES.len());
    }
    assert!(server.faults().pending().is_empty());
    let (head, answer) = post("/__sandbox/seed", r#"{"seed":-1}"#).await;
    assert!(head.starts_with("HTTP/1.1 400") && answer["error"].as_str().unwrap().contains("seed"));
    let (head, answer) = post("/__sandbox/nonsense", "").await;
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    assert!(answer["error"].as_str().unwrap().contains("POST /__sandbox/reset"));
}

#[tokio::test(start_paused = true)]
async fn reset_and_seed_start_afresh() {
    let seeds = Arc::new(Mutex::new(Vec::new()));
    let seen = seeds.clone();
    let options = ServerOptions::new().seed(7).on_reset(move |seed| seen.lock().unwrap().push(seed));
    let server = serve(options, Platform::default().router()).await.unwrap();
    server.faults().order(Fault::DropTcp.on(When::sent("never"))).unwrap();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    let (head, body) = exchange(server.addr(), "POST", "/__sandbox/reset", "", "").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, r#"{"seed":7}"#);
    assert!(
        matches!(ws.next().await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1012)
    );
    assert!(server.faults().pending().is_empty());
    exchange(server.addr(), "POST", "/__sandbox/seed", "", r#"{"seed":8}"#).await;
    server.reset();
    assert_eq!(server.seed(), Seed(8));
    assert_eq!(*seeds.lock().unwrap(), [Seed(7), Seed(8), Seed(8)]);
}

// ── the door ──

#[tokio::test(start_paused = true)]
async fn only_loopback_hosts_and_the_own_origin_are_let_in() {
    let (server, _) = start().await;
    let addr = server.addr();
    let port = addr.port();
    let upgrade =
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for path in ["/api/v1/agents", "/__sandbox", "/ws"] {
        for headers in [
            "Host: evil.example\r\n".to_owned(),
            format!("Host: 127.0.0.1.evil.example:{port}\r\n"),
            format!("Host: localhost.evil.example:{port}\r\n"),
            "Host: 192.168.0.7\r\n".to_owned(),
            format!("Host: {addr}\r\nHost: evil.example\r\n"),
            format!("Host: {addr}\r\nOrigin: https://evil.example\r\n"),
            format!("Host: {addr}\r\nOrigin: null\r\n"),
            format!("Host: {addr}\r\nOrigin: http://127.0.0.1:{}\r\n", port.wrapping_add(1)),
            format!("Host: {addr}\r\nOrigin: https://evil.example\r\n{upgrade}"),
        ] {
            let (head, body) = exchange(addr, "GET", path, &headers, "").await;
            assert!(head.starts_with("HTTP/1.1 403"), "{path} {headers}: {head}");
            assert!(serde_json::from_str::<Value>(&body).unwrap()["error"].is_string(), "{body}");
        }
    }
    for headers in [
        format!("Host: localhost:{port}\r\n"),
        format!("Host: [::1]:{port}\r\n"),
        "Host: 127.0.0.2\r\n".to_owned(),
        format!("Host: {addr}\r\nOrigin: http://{addr}\r\n"),
    ] {
        let (head, _) = exchange(addr, "GET", "/api/v1/agents", &headers, "").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{headers}: {head}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_addresses_are_bound_only_when_that_is_said() {
    let addr = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = serve(ServerOptions::new().addr(addr), Router::new()).await.unwrap_err();
    assert_eq!(error.code().id(), "invalid_config");
    let options = ServerOptions::new().addr(addr).allow_non_loopback(true).host("sandbox.test");
    let server = serve(options, Platform::default().router()).await.unwrap();
    let at = SocketAddr::from(([127, 0, 0, 1], server.addr().port()));
    for (host, status) in [("sandbox.test", "200"), ("192.168.0.7:3001", "200"), ("evil.example", "403")] {
        let (head, _) = exchange(at, "GET", "/api/v1/agents", &format!("Host: {host}\r\n"), "").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {head}");
    }
    let taken = serve(ServerOptions::new().addr(at), Router::new()).await.unwrap_err();
    assert_eq!(taken.code().id(), "local_io");
}

// ── the end ──

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_politely_and_leaves_nothing() {
    let before = tasks();
    let (server, _) = start().await;
    let addr = server.addr();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    // An idle connection of HTTP, and one that is half open.
    let idle = TcpStream::connect(addr).await.unwrap();
    server.faults().order(Fault::HalfOpen.on(When::NextConnection)).unwrap();
    let _half_open = connect(&server).await;
    server.spawn(std::future::pending());
    injected(&server, 1).await;
    assert!(tasks() > before);
    let begun = Instant::now();
    let client = async {
        let close = ws.next().await;
        assert!(ws.next().await.is_none());
        close
    };
    let (close, ()) = tokio::join!(client, server.shutdown());
    assert!(matches!(close, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001));
    assert!(begun.elapsed() <= Duration::from_secs(2));
    assert_eq!(tasks(), before);
    assert_eq!(read_all(idle).await, (Vec::new(), None));
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_server_leaves_nothing() {
    let before = tasks();
    let (server, _) = start().await;
    let addr = server.addr();
    let mut ws = connect(&server).await;
    play(&mut ws, 1).await;
    drop(server);
    while tasks() > before {
        tokio::task::yield_now().await;
    }
    assert!(matches!(ws.next().await, None | Some(Err(_))));
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_hold_a_session_for_ever() {
    let (send, ended) = tokio::sync::oneshot::channel();
    let send = Arc::new(Mutex::new(Some(send)));
    let session = async move |mut peer: Peer| {
        let begun = Instant::now();
        while peer.is_open() {
            peer.send("x".repeat(1024 * 1024)).await;
        }
        let _ = send.lock().unwrap().take().unwrap().send(begun.elapsed());
    };
    let router = Router::new().route("/ws", get(async move |up: Upgrade| up.on_connect(session)));
    let server = serve(ServerOptions::new(), router).await.unwrap();
    let _client = raw_upgrade(&server).await;
    assert_eq!(ended.await.unwrap().as_secs(), 30);
}

#[test]
fn an_order_reads_as_a_sentence() {
    let order: Order = Fault::Duplicate.on(When::sending("your_turn")).times(3).skip(1).only("agent-1");
    assert_eq!(
        order.to_string(),
        "duplicate 3 times before your_turn is sent, after 1 such moment, only for agent-1"
    );
}
