//! A REST server on loopback that follows a script, and what it was asked.

use std::sync::{Arc, Mutex};

use botroulette_sdk::sdk_core::http::RetryPolicy;
use botroulette_sdk::{Client, ClientBuilder, Registrar};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "kp_live_0123456789abcdef0123456789abcdef";

/// What the server does with one call.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes this and closes.
    Raw(String),
    /// Closes without a word.
    Vanish,
    /// Says nothing, and keeps the connection open.
    Silence,
}

/// An answer with headers of one's own, each with its line end.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Raw(format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    ))
}

pub(crate) fn json(status: u16, body: &str) -> Answer {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// A bot's answer, which gives the conversation an id.
pub(crate) fn said(session: &str, body: &str) -> Answer {
    answer(200, &format!("Content-Type: application/json\r\nX-KPATH-Session-ID: {session}\r\n"), body)
}

/// One call as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Method, path and query: `GET /search?query=security`.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let name = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(name.as_str())).map(str::to_owned)
    }

    pub(crate) fn session(&self) -> Option<String> {
        self.header("x-kpath-session-id")
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    /// A server that gives these answers, one a call. The last one repeats.
    pub(crate) async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let seen = calls.clone();
        let script: Arc<[Answer]> = script.into();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), seen.clone()));
            }
        });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.line).collect()
    }

    /// A client that tries everything once.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).url(&self.url).retry(RetryPolicy::none())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn registrar(&self) -> Registrar {
        Registrar::new(&self.url).unwrap()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<[Answer]>, calls: Arc<Mutex<Vec<Call>>>) {
    stream.set_nodelay(true).unwrap();
    let Some(call) = read(&mut stream).await else { return };
    let index = {
        let mut calls = calls.lock().unwrap();
        calls.push(call);
        calls.len() - 1
    };
    match script.get(index).or(script.last()) {
        Some(Answer::Raw(text)) => stream.write_all(text.as_bytes()).await.unwrap(),
        Some(Answer::Silence) => drop(stream.read(&mut [0]).await),
        Some(Answer::Vanish) | None => {}
    }
}

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                let line = head.lines().next()?.strip_suffix(" HTTP/1.1")?;
                return Some(Call { line: line.to_owned(), head: head.to_owned(), body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}
