//! A small server that speaks the OpenAI chat format, as its documentation shows it: it answers, dawdles or fails on request.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What the server does with a question.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Answers with this text.
    Says(&'static str),
    /// Never answers.
    Dawdles,
    /// Refuses with this status, and repeats the key in its words.
    Refuses(u16),
    /// Answers with something that is no chat answer.
    Babbles,
}

pub(crate) struct Fake {
    pub(crate) url: Url,
    questions: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Fake {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/v1", listener.local_addr().unwrap())).unwrap();
        let questions = Arc::<Mutex<Vec<Value>>>::default();
        let heard = Arc::clone(&questions);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, manner.clone(), Arc::clone(&heard)));
            }
        });
        Self { url, questions, task }
    }

    /// The bodies of all requests so far.
    pub(crate) fn questions(&self) -> Vec<Value> {
        self.questions.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut socket: TcpStream, manner: Manner, heard: Arc<Mutex<Vec<Value>>>) {
    let mut received = Vec::new();
    loop {
        let Some((head, body)) = request(&mut socket, &mut received).await else { return };
        assert!(head.starts_with("POST /v1/chat/completions "), "{head}");
        heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let key = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap_or("none");
        let (status, body) = match &manner {
            Manner::Says(text) => (200, answer(text)),
            Manner::Dawdles => std::future::pending().await,
            Manner::Refuses(status) => {
                (*status, json!({"error":{"message":format!("key {key} is not welcome"),"type":"invalid"}}))
            }
            Manner::Babbles => (200, json!(["what?"])),
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }
}

/// The example of the chat format's documentation, with a text of its own.
fn answer(text: &str) -> Value {
    json!({
        "id": "chatcmpl-123", "object": "chat.completion", "created": 1_677_652_288, "model": "gpt-4o-mini",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text },
            "logprobs": null,
            "finish_reason": "stop"
        }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21 }
    })
}

async fn request(socket: &mut TcpStream, received: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec())
                .unwrap()
                .replace("Authorization", "authorization");
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if received.len() >= end + 4 + length {
                let body = received[end + 4..end + 4 + length].to_vec();
                received.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        let mut more = [0; 4_096];
        match socket.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => received.extend_from_slice(&more[..count]),
        }
    }
}
