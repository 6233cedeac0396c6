//! A server on loopback that follows a script, and what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use kriegspiel_sdk::Client;
use kriegspiel_sdk::sdk_core::http::RetryPolicy;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one call.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes this and closes.
    Raw(String),
    /// Writes this and keeps the connection open.
    Open(String),
    /// Closes without a word.
    Vanish,
}

pub(crate) fn answer(status: u16, kind: &str, body: &str) -> Answer {
    let length = body.len();
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    let length = if status == 204 { String::new() } else { format!("Content-Length: {length}\r\n") };
    Answer::Raw(format!("HTTP/1.1 {status} X\r\n{length}Connection: close\r\n{kind}\r\n{body}"))
}

pub(crate) fn json(status: u16, body: &str) -> Answer {
    answer(status, "application/json", body)
}

/// A refusal of the game calls.
pub(crate) fn refusal(status: u16, code: &str) -> Answer {
    json(status, &format!(r#"{{"error":{{"code":"{code}","message":"no","details":{{}}}}}}"#))
}

/// One call as the server saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Method, path and query: `GET /game/recent?limit=3`.
    pub(crate) line: String,
    /// The head without that line.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    calls: Vec<Call>,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl Server {
    /// A server that gives these answers, one a call. Beyond them it vanishes.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Script { answers: answers.into_iter().collect(), calls: Vec::new() };
        let server = Self { url, script: Arc::new(Mutex::new(script)) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.serve(stream).await;
            }
        });
        server
    }

    /// Forgets what it was asked, and follows another script.
    pub(crate) fn follow(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.script.lock().unwrap() = Script { answers: answers.into_iter().collect(), calls: Vec::new() };
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script.lock().unwrap().calls.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.line).collect()
    }

    /// A client that tries everything once.
    pub(crate) fn client(&self) -> Client {
        Client::builder("ksbot_1.s3cr3t").url(&self.url).retry(RetryPolicy::none()).build().unwrap()
    }

    async fn serve(&self, mut stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let Some(call) = read(&mut stream).await else { return };
        let answer = {
            let mut script = self.script.lock().unwrap();
            script.calls.push(call);
            script.answers.pop_front()
        };
        match answer {
            Some(Answer::Raw(text)) => stream.write_all(text.as_bytes()).await.unwrap(),
            Some(Answer::Open(text)) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                tokio::spawn(async move {
                    // Until the client goes.
                    let _ = stream.read_u8().await;
                });
            }
            Some(Answer::Vanish) | None => {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                let (line, head) = head.split_once("\r\n")?;
                let line = line.strip_suffix(" HTTP/1.1")?.to_owned();
                return Some(Call { line, head: head.to_owned(), body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}
