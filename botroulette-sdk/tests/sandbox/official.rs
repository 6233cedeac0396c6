//! The platform's two official tunnel clients against the sandbox, frame by frame: what `tunnel.js` and `tunnel.py` write, to
//! the character, over a WebSocket that was opened as they open it. Neither of them knows that it is not the platform.

use std::time::Duration;

use botroulette_sdk::sandbox::{Sandbox, SandboxBuilder};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::stranger::{PATIENCE, Reply, Tunnel, http};

const JSON: &str = "Content-Type: application/json\r\n";
const HELLO: &[u8] = br#"{"message": "Hello, what can you do?"}"#;
/// What a bot's own server behind the tunnel says.
const SAID: &str = r#"{"reply":"I can help with recipe suggestions. 🦀"}"#;

fn quiet() -> SandboxBuilder {
    Sandbox::builder().house_calls(0)
}

/// How a client writes.
#[derive(Debug, Clone, Copy)]
enum Official {
    /// `JSON.stringify`: nothing between the parts, and letters as they are.
    Js,
    /// `json.dumps`: a blank after each comma and colon, and ASCII alone.
    Py,
}

impl Official {
    /// The headers of the upgrade beside those that every client sends.
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Js => &[("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")],
            Self::Py => &[
                ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
                ("User-Agent", "Python/3.11 websockets/14.2"),
            ],
        }
    }

    fn auth(self, key: &str) -> String {
        match self {
            Self::Js => format!(r#"{{"type":"auth","api_key":"{key}"}}"#),
            Self::Py => format!(r#"{{"type": "auth", "api_key": "{key}"}}"#),
        }
    }

    fn ping(self) -> &'static str {
        match self {
            Self::Js => r#"{"type":"ping"}"#,
            Self::Py => r#"{"type": "ping"}"#,
        }
    }

    /// A response as it writes it: the headers are told as JSON in its own spelling.
    fn response(self, id: &str, status: u16, headers: &str, body: &str) -> String {
        let quoted = Value::from(body).to_string();
        match self {
            Self::Js => format!(
                r#"{{"type":"response","id":"{id}","status":{status},"headers":{headers},"body":{quoted}}}"#
            ),
            Self::Py => {
                let quoted = ascii(&quoted);
                format!(
                    r#"{{"type": "response", "id": "{id}", "status": {status}, "headers": {headers}, "body": {quoted}}}"#
                )
            }
        }
    }

    /// The headers of [`SAID`] as it passes them on. js strips those that say how long the body is; py strips none.
    fn said_headers(self) -> String {
        match self {
            Self::Js => {
                r#"{"content-type":"application/json","date":"Fri, 13 Feb 2026 00:00:00 GMT"}"#.to_owned()
            }
            Self::Py => format!(
                r#"{{"date": "Fri, 13 Feb 2026 00:00:00 GMT", "server": "uvicorn", "content-length": "{}", "content-type": "application/json"}}"#,
                SAID.len()
            ),
        }
    }

    async fn open(self, sandbox: &Sandbox) -> Tunnel {
        let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut upgrade = sandbox.tunnel_url().as_str().into_client_request().unwrap();
        for (name, value) in self.headers() {
            upgrade.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, answer) = client_async(upgrade, stream).await.unwrap();
        assert_eq!(answer.headers().get("sec-websocket-extensions"), None, "none is taken up");
        Tunnel(socket)
    }

    async fn online(self, sandbox: &Sandbox, key: &str) -> Tunnel {
        let mut tunnel = self.open(sandbox).await;
        tunnel.say(&self.auth(key)).await;
        // The first frame is `auth_ok`, or py ends. js reads `tunnel_url`; py the two others too.
        let greeting = tunnel.json().await;
        assert_eq!(greeting["type"], "auth_ok");
        for field in ["tunnel_url", "agent_name", "service_code"] {
            assert!(greeting[field].is_string(), "{field}");
        }
        tunnel
    }

    /// Takes a request as it does, and returns its id.
    async fn takes(self, tunnel: &mut Tunnel, path: &str, query: &str, session: bool) -> String {
        let request = tunnel.json().await;
        assert_eq!(request["type"], "request");
        assert_eq!((&request["method"], &request["path"]), (&json!("POST"), &json!(path)));
        // js takes texts, objects and nothing; py texts alone, which it encodes.
        assert_eq!(request["body"].as_str().unwrap().as_bytes(), HELLO);
        if let Self::Py = self {
            assert_eq!(request["query_string"], query);
            let headers = request["headers"].as_object().unwrap();
            assert!(headers.values().all(Value::is_string), "httpx takes texts alone: {headers:?}");
            assert_eq!(headers.contains_key("X-KPATH-Session-ID"), session, "{headers:?}");
        }
        let id = request["id"].as_str().unwrap().to_owned();
        assert!(
            id.len() >= 8 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "py logs its beginning: {id}"
        );
        id
    }
}

/// JSON with everything beyond ASCII escaped, as Python writes it.
fn ascii(json: &str) -> String {
    let mut written = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            written.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                written += &format!("\\u{unit:04x}");
            }
        }
    }
    written
}

#[tokio::test(start_paused = true)]
async fn both_come_online_answer_over_every_way_and_stay() {
    for official in [Official::Js, Official::Py] {
        let sandbox = quiet().start().await.unwrap();
        let (key, other) = (sandbox.register("Zeph").unwrap(), sandbox.register("Nova").unwrap());
        let mut tunnel = official.online(&sandbox, key.expose()).await;
        let keyed = format!("{JSON}X-API-Key: {}\r\n", other.expose());

        // Through the public address, and through the proxy twice, the second time with the session of the first.
        let mut session = None;
        for (line, path, query) in [
            ("POST /tunnel/zeph/api/chat?lang=en", "/api/chat", "lang=en"),
            ("POST /api/proxy/zeph", "/", ""),
            ("POST /api/proxy/zeph", "/", ""),
        ] {
            let is_proxy = line.contains("proxy");
            let mut headers = if is_proxy { keyed.clone() } else { JSON.to_owned() };
            if let Some(session) = &session {
                headers += &format!("X-KPATH-Session-ID: {session}\r\n");
            }
            let caller = http(&sandbox, line, &headers, HELLO);
            let bot = async {
                let id = official.takes(&mut tunnel, path, query, is_proxy).await;
                tunnel.say(&official.response(&id, 200, &official.said_headers(), SAID)).await;
            };
            let (reply, ()): (Reply, ()) = tokio::join!(caller, bot);
            assert_eq!((reply.status, reply.body.as_str()), (200, SAID), "{official:?} {line}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
            if is_proxy {
                let told = reply.header("x-kpath-session-id").map(str::to_owned);
                assert!(told.is_some() && (session.is_none() || session == told), "{told:?}");
                session = told;
            }
        }

        // Five minutes of quiet.
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_secs(25)).await;
            tunnel.say(official.ping()).await;
            assert_eq!(tunnel.text().await, r#"{"type":"pong"}"#);
        }
        assert!(sandbox.is_online("zeph") && sandbox.stray_responses() == 0);
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_they_say_when_the_bots_server_fails_reaches_the_caller() {
    for (official, frames) in [
        (
            Official::Js,
            [
                (502, r#"{"content-type":"application/json"}"#, r#"{"error":"local server unreachable"}"#),
                (504, r#"{"content-type":"application/json"}"#, r#"{"error":"timeout"}"#),
            ],
        ),
        (
            Official::Py,
            [
                (502, "{}", r#"{"error": "Cannot reach localhost:8900"}"#),
                (504, "{}", r#"{"error": "Local bot timed out"}"#),
            ],
        ),
    ] {
        let sandbox = quiet().start().await.unwrap();
        let key = sandbox.register("Zeph").unwrap();
        let mut tunnel = official.online(&sandbox, key.expose()).await;
        for (status, headers, body) in frames {
            let caller = http(&sandbox, "POST /tunnel/zeph/", JSON, HELLO);
            let bot = async {
                let id = official.takes(&mut tunnel, "/", "", false).await;
                tunnel.say(&official.response(&id, status, headers, body)).await;
                if let (Official::Js, 504) = (official, status) {
                    // Its request was destroyed, which is an error too: a second answer under the same id.
                    let error = r#"{"error":"local server unreachable"}"#;
                    tunnel.say(&official.response(&id, 502, headers, error)).await;
                }
            };
            let (reply, ()) = tokio::join!(caller, bot);
            assert_eq!((reply.status, reply.body.as_str()), (status, body), "{official:?}");
        }
        tunnel.say(official.ping()).await;
        assert_eq!(tunnel.text().await, r#"{"type":"pong"}"#);
        let strays = if let Official::Js = official { 1 } else { 0 };
        assert_eq!(sandbox.stray_responses(), strays, "the second answer is nobody's");
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_told_in_the_frame_that_they_read_and_the_right_one_is_good_after_that() {
    for official in [Official::Js, Official::Py] {
        let sandbox = quiet().start().await.unwrap();
        let key = sandbox.register("Zeph").unwrap();
        let mut tunnel = official.open(&sandbox).await;
        tunnel.say(&official.auth("kp_live_00000000000000000000000000000000")).await;
        // Any first frame but `auth_ok` is a refusal to py, with the words in `message`.
        assert_eq!(tunnel.text().await, r#"{"type":"error","message":"Invalid or expired API key"}"#);
        assert_eq!(tunnel.closed().await.0, 4001);
        official.online(&sandbox, key.expose()).await;
        sandbox.shutdown().await;
    }
}

/// py keeps the length of the body that it decoded, which the spec calls the cause of "peer closed connection"; both send
/// what the filter stops.
#[tokio::test(start_paused = true)]
async fn their_known_mistakes_have_the_documented_results() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let mut tunnel = Official::Py.online(&sandbox, key.expose()).await;
    for (headers, body, status, words) in [
        (
            r#"{"content-type": "application/json", "content-length": "3"}"#,
            SAID,
            502,
            "peer closed connection",
        ),
        (r#"{"content-type": "text/html"}"#, "<html>hi</html>", 502, "Response blocked"),
        (r#"{"content-type": "text/plain"}"#, "just words", 502, "Response blocked"),
    ] {
        let caller = http(&sandbox, "POST /tunnel/zeph/", JSON, HELLO);
        let bot = async {
            let id = Official::Py.takes(&mut tunnel, "/", "", false).await;
            tunnel.say(&Official::Py.response(&id, 200, headers, body)).await;
        };
        let (reply, ()) = tokio::join!(caller, bot);
        assert_eq!(reply.status, status, "{headers}");
        assert!(reply.body.contains(words), "{}", reply.body);
    }
    // Nobody says goodbye: both die with their process, and a second one finds the place free.
    drop(tunnel);
    let mut again = Official::Py.online(&sandbox, key.expose()).await;
    again.say(Official::Py.ping()).await;
    let pong = timeout(PATIENCE, again.0.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong, Message::text(r#"{"type":"pong"}"#));
    sandbox.shutdown().await;
}
