//! Requests as bytes, without any client: what any program in any language would send.

use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::secret::Secret;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a game call's refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn send(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Response {
    let mut stream = open(sandbox, method, path, headers, body).await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_owned(), body: body.to_owned() }
}

/// Sends one request, and leaves the answer to be read.
pub(crate) async fn open(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    request.push_str(body.unwrap_or_default());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// A bot that speaks bytes.
#[derive(Debug, Clone)]
pub(crate) struct Bot<'a> {
    pub(crate) sandbox: &'a Sandbox,
    bearer: String,
}

impl<'a> Bot<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox, name: &str) -> Self {
        let token: Secret = sandbox.register(name).unwrap();
        let bearer = format!("Bearer {}", token.expose());
        Self { sandbox, bearer }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        send(self.sandbox, "GET", path, &[("Authorization", &self.bearer)], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        let headers = [("Authorization", self.bearer.as_str()), ("Content-Type", "application/json")];
        send(self.sandbox, "POST", path, &headers, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        send(self.sandbox, "DELETE", path, &[("Authorization", &self.bearer)], None).await
    }

    pub(crate) async fn events(&self, code: &str) -> TcpStream {
        let headers = [("Authorization", self.bearer.as_str())];
        open(self.sandbox, "GET", &format!("/game/{code}/events"), &headers, None).await
    }

    /// Creates a game, and gives its code.
    pub(crate) async fn create(&self, body: &str) -> String {
        let response = self.post("/game/create", body).await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["game_code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn join(&self, code: &str) -> Response {
        self.post(&format!("/game/join/{code}"), "").await
    }

    pub(crate) async fn play(&self, code: &str, uci: &str) -> Response {
        self.post(&format!("/game/{code}/move"), &format!(r#"{{"uci":"{uci}"}}"#)).await
    }

    pub(crate) async fn state(&self, code: &str) -> Value {
        let response = self.get(&format!("/game/{code}/state")).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }
}

/// A human with a cookie.
pub(crate) struct Human<'a> {
    pub(crate) sandbox: &'a Sandbox,
    cookie: String,
}

impl<'a> Human<'a> {
    pub(crate) async fn new(sandbox: &'a Sandbox, name: &str) -> Self {
        let body = format!(r#"{{"username":"{name}","email":"{name}@bots.example","password":"pw"}}"#);
        let kind = [("Content-Type", "application/json")];
        let response = send(sandbox, "POST", "/auth/register", &kind, Some(&body)).await;
        assert_eq!(response.status, 201, "{response:?}");
        Self { sandbox, cookie: cookie(&response) }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&str>) -> Response {
        let headers = [("Cookie", self.cookie.as_str()), ("Content-Type", "application/json")];
        send(self.sandbox, method, path, &headers, body).await
    }
}

pub(crate) fn cookie(response: &Response) -> String {
    response.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}
