//! The server's side: a listener that says exactly what a test wants, and nothing by itself.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use url::Url;

/// Longer than any wait that a test provokes; the clock is paused.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct Host(TcpListener);

impl Host {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> Url {
        format!("ws://{}/ws", self.0.local_addr().unwrap()).parse().unwrap()
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

    /// Accepts, and reads the greeting.
    pub(crate) async fn greet(&self) -> Peer {
        let mut peer = self.accept().await;
        assert_eq!(peer.hear().await, "hello s3cr3t");
        peer.say("welcome").await;
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

    /// The next frame; `None` when the connection is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let next = timeout(PATIENCE, self.ws.next()).await.expect("a frame, or an end");
        next.and_then(Result::ok)
    }

    /// The next text; pings are skipped.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// The client's close code, once it closes in good order; 1006 when it is just gone. Pings are skipped.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(frame)) => return frame.map_or(1005, |frame| frame.code.into()),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(other) => panic!("{other:?} instead of a close frame"),
                None => return 1006,
            }
        }
    }

    pub(crate) async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = self.ws.close(Some(frame)).await;
        while let Some(Ok(_)) = self.ws.next().await {}
    }
}
