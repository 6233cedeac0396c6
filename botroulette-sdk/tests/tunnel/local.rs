//! A server on this machine that requests are forwarded to: it keeps connections open, and every byte that came.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it stood on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) line: String,
    /// In the order and spelling that they came in.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(is, _)| is.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice");
        value
    }
}

type Script = dyn Fn(&Raw) -> Vec<u8> + Send + Sync;

/// Ends when it is dropped.
pub(crate) struct Local {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Raw>>>,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Local {
    /// Answers every request with what the script makes of it: the bytes of a response. No bytes close the connection.
    pub(crate) async fn start(script: impl Fn(&Raw) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, script)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(&Raw) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let (seen, connections) = (Arc::<Mutex<Vec<Raw>>>::default(), Arc::<AtomicUsize>::default());
        let script: Arc<Script> = Arc::new(script);
        let (all, count) = (Arc::clone(&seen), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, Arc::clone(&script), Arc::clone(&all)));
            }
        });
        Self { address, seen, connections, task: task.abort_handle() }
    }

    /// Says the same to everybody.
    pub(crate) async fn saying(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |_| response.clone()).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Raw> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request that came.
    pub(crate) fn request(&self) -> Raw {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(mut stream: TcpStream, script: Arc<Script>, seen: Arc<Mutex<Vec<Raw>>>) {
    while let Some(request) = read(&mut stream).await {
        let response = script(&request);
        seen.lock().unwrap().push(request);
        if response.is_empty() || stream.write_all(&response).await.is_err() {
            return;
        }
        if response.windows(17).any(|bytes| bytes == b"connection: close") {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Raw> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no header")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut raw = Raw { line, headers, body: String::new() };
    let length = raw.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    raw.body = String::from_utf8(body).unwrap();
    Some(raw)
}

/// A response with a length and a type.
pub(crate) fn response(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    response_with(status, &[("Content-Type", content_type)], body)
}

pub(crate) fn response_with(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
