//! The relay's side: a listener that says exactly what a test wants, and nothing by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use botroulette_sdk::{Client, ClientBuilder, Responder, Serve, TunnelEvent, TunnelEvents, TunnelHandle};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

/// Longer than any wait that a test provokes; the clock is paused.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3_600);
pub(crate) const KEY: &str = "kp_live_0123456789abcdef0123456789abcdef";
pub(crate) const AUTH: &str = include_str!("../fixtures/observed/auth.json");
pub(crate) const AUTH_OK: &str = include_str!("../fixtures/observed/auth_ok.json");

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) struct Relay(TcpListener);

impl Relay {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.0.local_addr().unwrap())
    }

    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        let (stream, _) = timeout(PATIENCE, self.0.accept()).await.expect("a dial").unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Whether nobody dials for a while.
    pub(crate) async fn is_left_alone(&self, span: Duration) -> bool {
        timeout(span, self.0.accept()).await.is_err()
    }

    /// Accepts a connection, and nothing more.
    pub(crate) async fn accept(&self) -> Peer {
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let stream = self.accept_tcp().await;
        Peer(accept_async_with_config(stream, Some(config)).await.unwrap())
    }

    /// Accepts a connection and its key.
    pub(crate) async fn online(&self) -> Peer {
        let mut peer = self.accept().await;
        assert_eq!(peer.text().await, AUTH.trim_end());
        peer.say(AUTH_OK.trim_end()).await;
        peer
    }

    /// Answers one upgrade with something else than 101.
    pub(crate) async fn refuse(&self, answer: &str) {
        let mut stream = self.accept_tcp().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// A client with a repeatable jitter.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).tunnel_url(self.url()).seed(1)
    }

    /// A bot that is online, and its connection.
    pub(crate) async fn serve<R: Responder>(&self, serve: Serve<R>) -> (Bot, Peer) {
        let (connected, peer) = tokio::join!(serve.connect(), self.online());
        let (handle, events) = connected.unwrap();
        (Bot { handle, events }, peer)
    }

    pub(crate) async fn bot<R: Responder>(&self, responder: R) -> (Bot, Peer) {
        self.serve(self.client().serve(responder)).await
    }
}

pub(crate) struct Bot {
    pub(crate) handle: TunnelHandle,
    pub(crate) events: TunnelEvents,
}

impl Bot {
    pub(crate) async fn next(&mut self) -> TunnelEvent {
        timeout(PATIENCE, self.events.next()).await.expect("an event").expect("one more event")
    }

    /// The first event that the test asks for; those before it are skipped.
    pub(crate) async fn until<T>(&mut self, wanted: impl Fn(TunnelEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.next().await) {
                return found;
            }
        }
    }

    /// Why it ended; every event before is skipped.
    pub(crate) async fn reason(&mut self) -> Option<botroulette_sdk::Error> {
        let closed = |event| match event {
            TunnelEvent::Closed { reason } => Some(reason),
            _ => None,
        };
        let reason = self.until(closed).await;
        assert!(self.events.next().await.is_none(), "nothing follows the last event");
        reason
    }

    /// The code of the next request that was not answered, or refused.
    pub(crate) async fn complaint(&mut self) -> (String, Option<String>) {
        self.until(|event| match event {
            TunnelEvent::NotAnswered(error) | TunnelEvent::Refused(error) => {
                Some((error.code().id().to_owned(), error.field().map(str::to_owned)))
            }
            _ => None,
        })
        .await
    }
}

/// An answer of the bot, as the relay sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: Value,
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn reply(&self) -> String {
        self.json()["reply"].as_str().unwrap_or_default().to_owned()
    }
}

/// One connection, seen from the relay.
pub(crate) struct Peer(pub(crate) WebSocketStream<TcpStream>);

/// The ids that stand for one that was not used before: a request whose id was used is not answered again.
const FRESH: [&str; 3] = ["r", "still", "ok?"];

/// A frame with an id of its own in place of one of those.
fn freshened(text: String) -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    let number = USED.fetch_add(1, Ordering::Relaxed);
    FRESH.iter().fold(text, |text, id| {
        text.replacen(&format!("\"id\":\"{id}\""), &format!("\"id\":\"{id}#{number}\""), 1)
    })
}

/// The id as the test wrote it.
fn as_written(id: &Value) -> Value {
    match id.as_str().and_then(|id| id.split_once('#')) {
        Some((id, _)) if FRESH.contains(&id) => id.into(),
        _ => id.clone(),
    }
}

impl Peer {
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(freshened(text.into()))).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, id: &str, message: &str) {
        let body = json!({ "message": message }).to_string();
        self.say(
            json!({ "type": "request", "id": id, "method": "POST", "path": "/", "body": body }).to_string(),
        )
        .await;
    }

    /// The next message; `None` when the connection is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let next = timeout(PATIENCE, self.0.next()).await.expect("a message, or an end");
        next.and_then(Result::ok)
    }

    /// The next text; WebSocket pings are skipped.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// The next answer; pings are answered, as the relay does.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            let frame: Value = serde_json::from_str(&self.text().await).unwrap();
            match frame["type"].as_str() {
                Some("ping") => self.say(include_str!("../fixtures/observed/pong.json").trim_end()).await,
                Some("response") => {
                    assert_eq!(frame.as_object().unwrap().len(), 5, "{frame}");
                    return Answer {
                        id: as_written(&frame["id"]),
                        status: frame["status"].as_u64().unwrap(),
                        headers: frame["headers"].clone(),
                        body: frame["body"].as_str().unwrap().to_owned(),
                    };
                }
                _ => panic!("{frame} instead of an answer"),
            }
        }
    }

    /// Whether nothing but pings comes for a while, which are answered.
    pub(crate) async fn hears_nothing(&mut self, span: Duration) -> bool {
        timeout(span, self.answer()).await.is_err()
    }

    /// The close code of the bot, past its pings and answers; 1006 when it is just gone.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(frame)) => return frame.map_or(1005, |frame| frame.code.into()),
                Some(_) => {}
                None => return 1006,
            }
        }
    }

    pub(crate) async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        let _ = self.0.close(Some(frame)).await;
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

impl From<TcpListener> for Relay {
    fn from(listener: TcpListener) -> Self {
        Self(listener)
    }
}
