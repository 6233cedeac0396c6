//! A server on loopback that follows a script, and what it saw.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sdk_core::Error;
use sdk_core::http::{Http, HttpBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

/// What the test server does with one request, once it has read it.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes this and closes.
    Raw(String),
    /// Writes this and then nothing, keeping the connection open.
    Stall(String),
    /// Closes without a word.
    Vanish,
    /// Begins a body that never ends.
    Endless,
}

/// An answer with a body of its declared length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Raw(format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    ))
}

pub(crate) fn json(status: u16, body: &str) -> Answer {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// A server that follows a script, whose last answer repeats.
pub(crate) struct Server {
    pub(crate) base: Url,
    seen: Arc<Mutex<Vec<String>>>,
    pub(crate) connections: Arc<AtomicUsize>,
    /// How many bytes of an endless body were written before the connection broke.
    pub(crate) endless: mpsc::UnboundedReceiver<usize>,
}

impl Server {
    pub(crate) async fn start(script: Vec<Answer>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    pub(crate) fn on(listener: TcpListener, script: Vec<Answer>) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (broken, endless) = mpsc::unbounded_channel();
        let server = Self { base, seen: Arc::default(), connections: Arc::default(), endless };
        let (seen, connections) = (server.seen.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script.clone(), seen.clone(), broken.clone()));
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn times(&self) -> usize {
        self.seen().len()
    }

    pub(crate) fn client(&self) -> Http {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> HttpBuilder {
        Http::builder(self.base.clone()).seed(1)
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Vec<Answer>,
    seen: Arc<Mutex<Vec<String>>>,
    broken: mpsc::UnboundedSender<usize>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    let index = {
        let mut seen = seen.lock().unwrap();
        seen.push(request);
        seen.len() - 1
    };
    match script.get(index).or(script.last()).unwrap() {
        Answer::Raw(text) => stream.write_all(text.as_bytes()).await.unwrap(),
        Answer::Stall(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            let _ = stream.read(&mut [0]).await;
        }
        Answer::Vanish => {}
        Answer::Endless => {
            let mut written = 0;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
            while stream.write_all(&chunk).await.is_ok() {
                written += chunk.len();
            }
            let _ = broken.send(written);
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// Everything that a person or a log could ever see of an error.
pub(crate) fn everything(error: &Error) -> String {
    format!("{error} | {error:?} | {error:#?} | {}", error.chain())
}
