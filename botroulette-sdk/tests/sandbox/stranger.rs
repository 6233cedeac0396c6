//! Clients that know nothing of this crate.

use std::time::Duration;

use botroulette_sdk::sandbox::Sandbox;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Longer than any wait that a test provokes; the clock is paused.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3_600);

/// What an HTTP call got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// An HTTP call by the byte: the request's line without its version, headers with their line ends, and a body.
pub(crate) async fn http(sandbox: &Sandbox, line: &str, headers: &str, body: &[u8]) -> Reply {
    let host = sandbox.server().addr();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// A tunnel that writes and reads texts.
pub(crate) struct Tunnel(pub(crate) WebSocketStream<TcpStream>);

impl Tunnel {
    pub(crate) async fn open(sandbox: &Sandbox) -> Self {
        let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = client_async(sandbox.tunnel_url().as_str(), stream).await.unwrap();
        Self(socket)
    }

    /// A tunnel whose key was accepted, and the greeting.
    pub(crate) async fn online(sandbox: &Sandbox, key: &str) -> (Self, String) {
        let mut tunnel = Self::open(sandbox).await;
        tunnel.say(&format!(r#"{{"type":"auth","api_key":"{key}"}}"#)).await;
        let greeting = tunnel.text().await;
        (tunnel, greeting)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next()).await.expect("a message").expect("one more message").unwrap()
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The code and the reason that the relay closed with.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Close(None) => panic!("a close without a code"),
                _ => {}
            }
        }
    }
}
