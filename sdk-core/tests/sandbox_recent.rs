//! What a sandbox keeps of what went through it: in order, bounded, without keys, and without touching it.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{SinkExt, StreamExt, stream};
use sdk_core::sandbox::{
    Incoming, MAX_RECENT_TEXT, Recent, RecentKind, Sender, Server, ServerOptions, Upgrade, serve,
};
use sdk_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

fn router() -> Router {
    let echo = get(async |upgrade: Upgrade| {
        upgrade.on_connect(async move |mut peer| {
            while let Incoming::Text(text) = peer.recv().await {
                peer.identify("agent-1", &[]);
                peer.send(text).await;
            }
        })
    });
    let streamed = async || Body::from_stream(stream::iter([Ok::<_, std::io::Error>("a"), Ok("b")]));
    Router::new()
        .route("/ws", echo)
        .route("/echo", post(async |body: Bytes| body))
        .route("/streamed", get(streamed))
}

async fn start(options: ServerOptions) -> Server {
    serve(options, router()).await.unwrap()
}

/// An exchange by hand: the status and the body as they came.
async fn exchange(addr: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nAuthorization: Bearer m4rked-bearer\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn shown(recent: &[Recent]) -> Vec<(Sender, RecentKind, &str, &str)> {
    recent.iter().map(|one| (one.from, one.kind, one.head.as_str(), one.text.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_and_requests_are_kept_in_order_and_without_keys() {
    let server = start(ServerOptions::new().recent(100)).await;
    server.hide(&Secret::new("m4rked-told"));
    let body = r#"{"said":"m4rked-bearer and m4rked-told","token":"m4rked-token"}"#;
    assert_eq!(
        exchange(server.addr(), "POST", "/echo?api_key=m4rked-query&n=1", body).await,
        (200, body.to_owned())
    );
    let socket = TcpStream::connect(server.addr()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut ws, _) = client_async(format!("ws://{}/ws", server.addr()), socket).await.unwrap();
    let text = r#"{"n":1,"type":"hello"}"#;
    ws.send(Message::text(text)).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap().into_text().unwrap().as_str(), text);
    ws.close(None).await.unwrap();
    while ws.next().await.is_some() {}

    let recent = server.recent();
    let hidden = r#"{"said":"[redacted] and [redacted]","token":"[redacted]"}"#;
    use {RecentKind as Kind, Sender::Client, Sender::Sandbox};
    assert_eq!(
        shown(&recent),
        [
            (Client, Kind::Request, "POST /echo?api_key=[redacted]&n=1", hidden),
            (Sandbox, Kind::Answer, "200 OK", hidden),
            (Client, Kind::Request, "GET /ws (WebSocket)", ""),
            (Sandbox, Kind::Answer, "101 Switching Protocols", ""),
            (Client, Kind::Message, "hello", text),
            (Sandbox, Kind::Message, "hello", text),
            (Client, Kind::Close, "close", ""),
        ]
    );
    let agents: Vec<_> = recent.iter().map(|one| one.agent.as_deref()).collect();
    assert_eq!(agents, [None, None, None, None, None, Some("agent-1"), Some("agent-1")]);
    assert!(recent.windows(2).all(|pair| pair[0].number + 1 == pair[1].number && pair[0].at <= pair[1].at));
    let json = serde_json::to_value(&recent[0]).unwrap();
    assert_eq!((json["from"].as_str(), json["kind"].as_str()), (Some("client"), Some("request")));
    assert!(json["atMs"].as_u64().unwrap() > 1_700_000_000_000);
    server.reset();
    assert!(server.recent().is_empty());
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_large_or_comes_in_pieces_passes_by_untouched() {
    let server = start(ServerOptions::new().recent(100)).await;
    let large = "x".repeat(100_000);
    assert_eq!(exchange(server.addr(), "POST", "/echo", &large).await, (200, large));
    let (status, body) = exchange(server.addr(), "GET", "/streamed", "").await;
    assert_eq!((status, body.contains('a') && body.contains('b')), (200, true));
    let recent = server.recent();
    let texts: Vec<_> = recent.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts[..3], ["[100000 bytes]", "[100000 bytes]", ""]);
    assert!(texts[3].ends_with("as it comes]"), "{texts:?}");
    let long = format!("[\"{}\"]", "A word! ".repeat(1_000));
    exchange(server.addr(), "POST", "/echo", &long).await;
    let recent = server.recent();
    assert_eq!(recent[4].text.chars().count(), MAX_RECENT_TEXT + 1, "{}", recent[4].text);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_bounded_and_off_unless_asked_for() {
    let server = start(ServerOptions::new().recent(3)).await;
    for n in 0..5 {
        exchange(server.addr(), "POST", "/echo", &n.to_string()).await;
    }
    let numbers: Vec<_> = server.recent().iter().map(|one| one.number).collect();
    assert_eq!(numbers, [8, 9, 10]);
    server.shutdown().await;
    let server = start(ServerOptions::new()).await;
    exchange(server.addr(), "POST", "/echo", "1").await;
    assert!(server.recent().is_empty());
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_plain_server_has_no_control_endpoint_and_no_magic() {
    let server = start(ServerOptions::new().plain()).await;
    assert_eq!(exchange(server.addr(), "GET", "/__sandbox", "").await.0, 404);
    assert_eq!(
        exchange(server.addr(), "POST", "/echo?name=faultServerError", "1").await,
        (200, "1".to_owned())
    );
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_on_every_address_is_named_by_one_that_can_be_called() {
    let options = ServerOptions::new().addr((Ipv4Addr::UNSPECIFIED, 0)).allow_non_loopback(true);
    let server = start(options).await;
    assert_eq!(server.base_url().as_str(), format!("http://127.0.0.1:{}/", server.addr().port()));
    server.shutdown().await;
}
