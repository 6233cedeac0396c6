//! The server's side: a listener that says exactly what a test wants.

use std::time::Duration;

use botornot_sdk::{Client, ClientBuilder};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Longer than any wait that a test provokes; the clock is paused.
const PATIENCE: Duration = Duration::from_secs(600);
pub(crate) const TOKEN: &str = "agt_s3cr3t/t0ken";
pub(crate) const LOBBY: &str = "room:game:botornot:lobby";

pub(crate) struct Host(TcpListener);

impl Host {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(TOKEN).url(self.url())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.0.local_addr().unwrap())
    }

    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        let (stream, _) = timeout(PATIENCE, self.0.accept()).await.expect("a dial").unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(crate) async fn is_left_alone(&self, span: Duration) -> bool {
        timeout(span, self.0.accept()).await.is_err()
    }

    pub(crate) async fn accept(&self) -> Peer {
        let stream = self.accept_tcp().await;
        let mut uri = String::new();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let note = |request: &Request, response: Response| {
            uri = request.uri().to_string();
            Ok(response)
        };
        let ws = accept_hdr_async(stream, note).await.unwrap();
        Peer { ws, uri }
    }

    /// Accepts, and lets the lobby be joined.
    pub(crate) async fn lobby(&self) -> Peer {
        let mut peer = self.accept().await;
        let join = peer.request().await;
        assert_eq!((&join["room"], &join["event"]), (&json!(LOBBY), &json!("join")));
        peer.answer(&join, "joined", json!({})).await;
        peer
    }

    /// Reads one HTTP request, answers it, and gives it back.
    pub(crate) async fn answer_http(&self, answer: &str) -> String {
        let mut stream = self.accept_tcp().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
        String::from_utf8(request).unwrap()
    }
}

/// One connection, seen from the server.
pub(crate) struct Peer {
    pub(crate) ws: WebSocketStream<TcpStream>,
    pub(crate) uri: String,
}

impl Peer {
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.ws.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn push(&mut self, room: &str, event_type: &str, payload: Value) {
        self.say(json!({ "room": room, "type": event_type, "payload": payload }).to_string()).await;
    }

    pub(crate) async fn answer(&mut self, request: &Value, event: &str, payload: Value) {
        let frame =
            json!({ "id": request["id"], "room": request["room"], "event": event, "payload": payload });
        self.say(frame.to_string()).await;
    }

    /// The next frame; `None` when the connection is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.ws.next()).await.expect("a frame, or an end").and_then(Result::ok)
    }

    /// The next request; pings are answered.
    pub(crate) async fn request(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["event"] != "ping" {
                        return frame;
                    }
                    assert_eq!(text.as_str(), r#"{"event":"ping"}"#);
                    self.say(r#"{"event":"pong"}"#).await;
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of a request"),
            }
        }
    }

    /// The client's close code, once it closes in good order; 1006 when it is just gone.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(frame)) => return frame.map_or(1005, |frame| frame.code.into()),
                Some(_) => {}
                None => return 1006,
            }
        }
    }
}
