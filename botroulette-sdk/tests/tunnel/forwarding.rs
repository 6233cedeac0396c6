//! Requests that are forwarded to a server on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::{Error, Forwarder, Incoming, Reply, Responder, TunnelEvent, forward_to};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};

use crate::local::{Local, response, response_with};
use crate::relay::{Answer, Bot, Peer, Relay, seconds};

const REQUEST_WITH_HEADERS: &str = include_str!("../fixtures/observed/request_with_headers.json");
/// `printf '{"reply":"hi"}' | gzip -n`.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0x56, 0x2a, 0x4a, 0x2d, 0xc8, 0xa9,
    0x54, 0xb2, 0x52, 0xca, 0xc8, 0x54, 0xaa, 0x05, 0x00, 0xab, 0x43, 0x6d, 0xc7, 0x0e, 0x00, 0x00, 0x00,
];
/// `zlib.brotliCompressSync('{"reply":"hi"}')` of Node 20.
const BROTLI: &[u8] = b"\x8b\x06\x80{\"reply\":\"hi\"}\x03";
/// `printf '{"reply":"hi"}' | zstd`.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x24\x0e\x71\0\0{\"reply\":\"hi\"}\x5c\x01\x31\x82";
const JSON: &str = "application/json";

impl Bot {
    /// What the responder, or its forwarder, is said to have done wrong.
    pub(crate) async fn failure(&mut self) -> Error {
        self.until(|event| match event {
            TunnelEvent::HandlerFailed { error, .. } => Some(error),
            _ => None,
        })
        .await
    }
}

/// A relay, a bot that forwards, and the server behind it.
pub(crate) struct Chain {
    pub(crate) bot: Bot,
    pub(crate) peer: Peer,
    pub(crate) local: Local,
}

impl Chain {
    pub(crate) async fn new(local: Local) -> Self {
        let forwarder = forward_to(&local.address).unwrap();
        Self::with(local, forwarder).await
    }

    async fn with(local: Local, forwarder: Forwarder) -> Self {
        let relay = Relay::start().await;
        let (bot, peer) = relay.bot(forwarder).await;
        Self { bot, peer, local }
    }

    /// What a server that says this comes to.
    pub(crate) async fn answer_to(response: impl Into<Vec<u8>>) -> (Answer, Self) {
        let mut chain = Self::new(Local::saying(response).await).await;
        chain.peer.ask("r", "hi").await;
        (chain.peer.answer().await, chain)
    }

    async fn request(&mut self, fields: Value) -> Answer {
        let mut frame = json!({"type": "request", "id": "r"});
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.peer.say(frame.to_string()).await;
        self.peer.answer().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_documented_request_arrives_whole_and_its_answer_goes_back() {
    let local = Local::saying(response("200 OK", JSON, r#"{"reply":"hello"}"#)).await;
    let mut chain = Chain::new(local).await;
    chain.peer.say(REQUEST_WITH_HEADERS.trim_end()).await;
    let answer = chain.peer.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"reply":"hello"}"#));
    assert_eq!(answer.headers, json!({"content-type": "application/json"}));
    let sent: Value = serde_json::from_str(REQUEST_WITH_HEADERS).unwrap();
    let request = chain.local.request();
    assert_eq!(request.line, "POST /api/chat?lang=en HTTP/1.1");
    assert_eq!(request.body, sent["body"].as_str().unwrap());
    assert_eq!(request.header("host"), Some(chain.local.address.as_str()));
    for name in [
        "Content-Type",
        "X-KPATH-Session-ID",
        "X-KPATH-Request-ID",
        "X-KPATH-User-Token",
        "X-KPATH-Privacy-Level",
        "X-KPATH-Message-ID",
    ] {
        let sent = sent["headers"].as_object().unwrap().iter().find(|(is, _)| is.eq_ignore_ascii_case(name));
        assert_eq!(request.header(name), sent.and_then(|(_, value)| value.as_str()), "{name}");
        assert!(request.header(name).is_some(), "{name}");
    }
}

/// Whatever a request says, it goes to the one server, and as one request.
#[tokio::test(start_paused = true)]
async fn no_request_chooses_where_it_goes() {
    let elsewhere = Local::saying(response("200 OK", JSON, "{}")).await;
    let mut chain = Chain::new(Local::saying(response("200 OK", JSON, r#"{"reply":"mine"}"#)).await).await;
    let evil = elsewhere.address.clone();
    let paths = [
        format!("@{evil}/x"),
        format!("user:pw@{evil}/x"),
        format!(":pw@{evil}"),
        format!("//{evil}/x"),
        format!("///{evil}/x"),
        format!("/\\{evil}/x"),
        format!("\\\\{evil}\\x"),
        format!("http://{evil}/x"),
        format!("HTTP://{evil}/x"),
        format!("https://{evil}/x"),
        format!("ws://{evil}/x"),
        format!("file:///etc/passwd#{evil}"),
        format!("{evil}/x"),
        format!("*{evil}"),
        format!("/%2f%2f{evil}/x"),
        format!("%2f%2f{evil}"),
        format!("/%40{evil}"),
        format!("/..//{evil}/../x"),
        format!("/x?@{evil}"),
        format!("/x#@{evil}/"),
        format!("/\u{2215}\u{2215}{evil}"),
        format!("/\u{ff20}{evil}"),
        format!(" http://{evil}/x"),
        format!("/x HTTP/1.1\r\nHost: {evil}\r\n\r\nGET http://{evil}/y"),
        format!("/x\nHost: {evil}"),
        format!("/x\0@{evil}"),
    ];
    let count = paths.len();
    for path in paths {
        let answer = chain.request(json!({"path": path, "method": "GET"})).await;
        assert_eq!(answer.reply(), "mine", "{path:?}");
    }
    for query in [format!("\r\nHost: {evil}\r\n\r\n"), format!("@{evil}"), format!("a=b #@{evil}")] {
        assert_eq!(chain.request(json!({"query_string": query})).await.reply(), "mine", "{query:?}");
    }
    let requests = chain.local.requests();
    assert_eq!(requests.len(), count + 3, "each is one request");
    for request in &requests {
        assert_eq!(request.header("host"), Some(chain.local.address.as_str()), "{request:?}");
        let parts: Vec<&str> = request.line.split(' ').collect();
        assert!(matches!(parts.as_slice(), [_, path, "HTTP/1.1"] if path.starts_with('/')), "{request:?}");
        assert!(!parts[1].starts_with("//"), "{request:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
    assert_eq!(chain.local.connections(), 1, "one kept connection");
}

#[tokio::test(start_paused = true)]
async fn no_header_makes_one_request_two_or_claims_what_it_is_not() {
    let mut chain = Chain::new(Local::saying(response("200 OK", JSON, r#"{"reply":"mine"}"#)).await).await;
    let headers = json!({
        "Host": "evil.example",
        "Content-Length": "3",
        "content-length": ["1", "2"],
        "Transfer-Encoding": "chunked",
        "Connection": "keep-alive, X-Named, close",
        "X-Named": "hop by hop",
        "Keep-Alive": "timeout=1",
        "Proxy-Authorization": "Basic eA==",
        "Proxy-Connection": "close",
        "TE": "trailers",
        "Trailer": "X-T",
        "Upgrade": "websocket",
        "Expect": "100-continue",
        "Accept-Encoding": "br, zstd",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "X-Api-Key": "kp_live_x",
        "X-Split": "a\r\nX-Injected: yes",
        "X-Null": "a\0b",
        "X Blank": "x",
        "X-Colon:": "x",
        "": "x",
        "X-Own": "passes",
        "X-Many": ["1", "2"],
        "Cookie": "a=b",
    });
    let body = r#"{"message":"GET /second HTTP/1.1\r\n\r\n"}"#;
    let answer = chain.request(json!({"headers": headers, "body": body})).await;
    assert_eq!(answer.reply(), "mine");
    let request = chain.local.request();
    let mut names: Vec<String> = request.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort();
    assert_eq!(
        names,
        ["accept-encoding", "content-length", "content-type", "cookie", "host", "x-many", "x-many", "x-own"]
    );
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(request.header("host"), Some(chain.local.address.as_str()));
    assert_eq!(request.body, body);
}

#[tokio::test(start_paused = true)]
async fn who_stands_behind_a_proxy_of_its_own_may_trust_its_headers() {
    let local = Local::saying(response("200 OK", JSON, "{}")).await;
    let forwarder = forward_to(&local.address).unwrap().trust_forwarded();
    let mut chain = Chain::with(local, forwarder).await;
    chain.request(json!({"headers": {"X-Forwarded-For": "203.0.113.7"}})).await;
    assert_eq!(chain.local.request().header("x-forwarded-for"), Some("203.0.113.7"));
}

#[tokio::test(start_paused = true)]
async fn methods_that_ask_for_something_else_are_refused_and_others_pass() {
    let mut chain = Chain::new(Local::saying(response("200 OK", JSON, "{}")).await).await;
    for (method, status) in
        [("CONNECT", 405), ("GE T", 400), ("", 400), ("GET / HTTP/1.1\r\nX: y", 400), ("ÜBER", 400)]
    {
        let answer = chain.request(json!({"method": method, "path": "/"})).await;
        assert_eq!(answer.status, status, "{method}");
        assert!(answer.json()["error"].is_string());
    }
    assert!(chain.local.requests().is_empty());
    for method in ["GET", "DELETE", "PATCH", "PURGE"] {
        assert_eq!(chain.request(json!({"method": method})).await.status, 200, "{method}");
    }
    assert_eq!(chain.local.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn text_comes_back_as_json_however_it_was_encoded() {
    let plain = "text/plain; charset=utf-8";
    for (response, body) in [
        (response("200 OK", "application/json; charset=utf-8", r#"{"reply":"🦀"}"#), r#"{"reply":"🦀"}"#),
        (response("200 OK", plain, "it is 3 < 4"), r#"{"reply":"it is 3 \u003c 4"}"#),
        (response("200 OK", plain, "hi"), r#"{"reply":"hi"}"#),
        (response("200 OK", "text/html; charset=utf-8", "a bare text"), r#"{"reply":"a bare text"}"#),
        (response("200 OK", "text/plain", r#"{"reply":"json"}"#), r#"{"reply":"json"}"#),
        (response("200 OK", "text/plain", "7"), r#"{"reply":"7"}"#),
        (response("200 OK", JSON, "[1, 2]"), r#"{"reply":[1, 2]}"#),
        (response("200 OK", JSON, "{broken"), r#"{"reply":"{broken"}"#),
        (response("200 OK", JSON, ""), r#"{"reply":""}"#),
        (response("200 OK", "text/plain; charset=iso-8859-1", b"caf\xe9"), r#"{"reply":"café"}"#),
        (response("200 OK", JSON, b"\xef\xbb\xbf{\"reply\":\"bom\"}"), r#"{"reply":"bom"}"#),
        (response_with("200 OK", &[("Content-Encoding", "gzip")], GZIP), r#"{"reply":"hi"}"#),
        (response_with("200 OK", &[("Content-Encoding", "deflate")], &GZIP[10..26]), r#"{"reply":"hi"}"#),
        (response_with("200 OK", &[("Content-Encoding", "br")], BROTLI), r#"{"reply":"hi"}"#),
        (response_with("200 OK", &[("Content-Encoding", "zstd")], ZSTD), r#"{"reply":"hi"}"#),
        (response_with("200 OK", &[], "no type"), r#"{"reply":"no type"}"#),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n5\r\na\":1}\r\n0\r\n\r\n"
                .to_vec(),
            r#"{"a":1}"#,
        ),
        (
            b"HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nuntil the end".to_vec(),
            r#"{"reply":"until the end"}"#,
        ),
        (
            response("200 OK", JSON, r#"{"reply":"<script>alert(1)</script>"}"#),
            r#"{"reply":"\u003cscript>alert(1)\u003c/script>"}"#,
        ),
        (response("429 Too Many Requests", JSON, r#"{"error":"slow down"}"#), r#"{"error":"slow down"}"#),
        (response("404 Not Found", plain, ""), r#"{"error":"Not Found","reply":"Not Found"}"#),
    ] {
        let (answer, _chain) = Chain::answer_to(response).await;
        assert_eq!(answer.body, body);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers.get("content-encoding"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn html_is_caught_and_its_author_told_what_and_where() {
    let page = "\n<!DOCTYPE html><html><body><h1>It works</h1></body></html>";
    let page_at = |status| response(status, "text/html; charset=utf-8", page);
    for (response, status, at) in [
        (page_at("200 OK"), 502, "`<!doctype` at byte 1"),
        (page_at("404 Not Found"), 404, "`<!doctype` at byte 1"),
        (page_at("500 Internal Server Error"), 500, "`<!doctype` at byte 1"),
        (response("200 OK", "text/plain", "so: <SCRIPT src=x>"), 502, "`<script` at byte 4"),
        (response("200 OK", JSON, "{\"a\": <html>"), 502, "`<html` at byte 6"),
        (response("200 OK", "text/html", " <p>hi</p>"), 502, "`<` at byte 1"),
    ] {
        let (answer, mut chain) = Chain::answer_to(response).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["error"], "the answer is HTML");
        assert!(!answer.body.contains('<') && !answer.body.contains("It works"));
        let error = chain.bot.failure().await;
        assert_eq!(error.code().id(), "html_in_reply");
        assert!(error.message().contains(at) && error.message().contains("POST /"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_text_is_refused_with_a_clear_error() {
    let every_byte: Vec<u8> = (0..=255).collect();
    for (response, word) in [
        (response("200 OK", "application/octet-stream", &every_byte), "not text"),
        (response("200 OK", "image/png", "PNG"), "image/png"),
        (response("200 OK", JSON, b"{\"reply\":\"caf\xe9\"}"), "not UTF-8 from byte 13"),
        (response("200 OK", "text/plain; charset=klingon", "nuq"), "klingon"),
        (response_with("200 OK", &[("Content-Encoding", "compress")], "x"), "`compress`"),
        (response_with("200 OK", &[("Content-Encoding", "br")], "not br"), "not br"),
        (response_with("200 OK", &[("Content-Encoding", "zstd")], &ZSTD[..20]), "not zstd"),
        (response_with("200 OK", &[("Content-Encoding", "gzip")], "not gzip"), "not gzip"),
        (response_with("200 OK", &[("Content-Encoding", "gzip")], &GZIP[..20]), "not gzip"),
    ] {
        let (answer, mut chain) = Chain::answer_to(response).await;
        assert_eq!(answer.status, 502, "{word}");
        assert!(answer.json()["error"].as_str().unwrap().starts_with("the answer "));
        let error = chain.bot.failure().await;
        assert_eq!(error.code().id(), "reply_not_text");
        assert!(error.message().contains(word), "{word}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_above_the_limit_is_refused_however_it_hides_its_size() {
    let long = "x".repeat(1_001);
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{long}\r\n0\r\n\r\n");
    for (response, status) in [
        (response("200 OK", "text/plain", &long), 502),
        (response("200 OK", "text/plain", &long[..1_000]), 200),
        (chunked.into_bytes(), 502),
        (format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}").into_bytes(), 502),
        // Declared, and never sent: nobody waits for it.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec(), 502),
    ] {
        let local = Local::saying(response).await;
        let forwarder = forward_to(&local.address).unwrap().max_body(1_000);
        let mut chain = Chain::with(local, forwarder).await;
        chain.peer.ask("r", "hi").await;
        let answer = chain.peer.answer().await;
        assert_eq!(answer.status, status);
        if status == 502 {
            assert_eq!(chain.bot.failure().await.code().id(), "reply_too_large");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_mib_go_through_both_ways() {
    let local = Local::start(|request| response("200 OK", JSON, &request.body)).await;
    let mut chain = Chain::new(local).await;
    let long = "é".repeat(5 << 19);
    chain.peer.ask("r", &long).await;
    assert_eq!(chain.peer.answer().await.json()["message"].as_str().unwrap().len(), 5 << 20);
}

#[tokio::test(start_paused = true)]
async fn row_25_a_local_server_that_is_down_is_a_502_within_a_second_and_the_tunnel_stays() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(forward_to(&address).unwrap()).await;
    let began = Instant::now();
    peer.ask("r", "hi").await;
    let answer = peer.answer().await;
    assert!(began.elapsed() < seconds(1));
    assert_eq!((answer.status, &answer.json()["error"]), (502, &json!("local server unreachable")));
    let error = bot.failure().await;
    assert_eq!(error.code().id(), "local_unreachable");
    assert!(error.message().contains(&address), "{error}");
    // It comes up, and the same tunnel serves.
    let _local = Local::on(socket.listen(16).unwrap(), |_| response("200 OK", JSON, r#"{"reply":"up"}"#));
    peer.ask("r", "hi").await;
    assert_eq!(peer.answer().await.reply(), "up");
}

#[tokio::test(start_paused = true)]
async fn a_local_server_that_breaks_off_is_a_502_and_is_not_asked_twice() {
    for response in [
        Vec::new(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nconnection: close\r\n\r\n{\"reply".to_vec(),
        b"not http at all\r\n\r\nconnection: close".to_vec(),
    ] {
        let (answer, mut chain) = Chain::answer_to(response).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (502, &json!("local server broke the connection"))
        );
        assert_eq!(chain.bot.failure().await.code().id(), "local_unreachable");
        assert_eq!(chain.local.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_local_server_is_one_504_even_when_it_trickles() {
    let relay = Relay::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (mut bot, mut peer) = relay.bot(forward_to(&address).unwrap()).await;
    let trickling = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let _ = stream.read(&mut [0; 4_096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\n").await.unwrap();
        let mut bytes = 0;
        while stream.write_all(b"x").await.is_ok() {
            bytes += 1;
            sleep(seconds(1)).await;
        }
        bytes
    });
    let began = Instant::now();
    peer.ask("r", "hi").await;
    let answer = peer.answer().await;
    assert_eq!((answer.status, began.elapsed().as_secs()), (504, 25));
    assert_eq!(answer.json()["error"], "timeout");
    assert_eq!(bot.failure().await.code().id(), "reply_timeout");
    assert!(peer.hears_nothing(seconds(60)).await);
    assert!((25..=27).contains(&trickling.await.unwrap()), "the local request was given up");
}

#[tokio::test(start_paused = true)]
async fn redirects_go_back_to_the_caller_and_are_not_followed() {
    let elsewhere = Local::saying(response("200 OK", JSON, "{}")).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let location = format!("http://{}/x", elsewhere.address);
        let redirect = response_with(status, &[("Location", &location)], "");
        let (answer, _chain) = Chain::answer_to(redirect).await;
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(answer.headers["location"], location);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn headers_of_the_local_connection_stay_here() {
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Connection", "X-Named"),
        ("X-Named", "hop by hop"),
        ("Keep-Alive", "timeout=5"),
        ("ETag", "W/\"1\""),
        ("X-Powered-By", "Express"),
        ("Server", "uvicorn"),
        ("Set-Cookie", "a=1"),
        ("X-Own", "passes"),
    ];
    let (answer, _chain) = Chain::answer_to(response_with("200 OK", &headers, "{}")).await;
    assert_eq!(
        answer.headers,
        json!({"content-type": "application/json", "set-cookie": "a=1", "x-own": "passes"})
    );
}

#[tokio::test(start_paused = true)]
async fn many_at_once_share_one_pool() {
    let mut chain = Chain::new(Local::saying(response("200 OK", JSON, "{}")).await).await;
    for _ in 0..8 {
        for _ in 0..16 {
            chain.peer.ask("r", "hi").await;
        }
        for _ in 0..16 {
            assert_eq!(chain.peer.answer().await.status, 200);
        }
    }
    assert_eq!(chain.local.requests().len(), 128);
    assert!(chain.local.connections() <= 16, "{}", chain.local.connections());
    // An idle connection is let go of before the server does: Node and uvicorn do after 5 s.
    let before = chain.local.connections();
    sleep(Duration::from_millis(4_500)).await;
    chain.peer.ask("late", "hi").await;
    assert_eq!(chain.peer.answer().await.status, 200);
    assert_eq!(chain.local.connections(), before + 1);
}

#[test]
fn the_environment_of_the_official_scripts_is_understood() {
    let target = |text| Forwarder::with_env(&Env::from_text(text)).map(|to| to.target().to_owned());
    assert_eq!(target("").unwrap(), "127.0.0.1:8900");
    assert_eq!(target("LOCAL_PORT=3000").unwrap(), "127.0.0.1:3000");
    for wrong in ["LOCAL_PORT=0", "LOCAL_PORT=70000", "LOCAL_PORT=evil.example:80", "LOCAL_PORT=-1"] {
        assert_eq!(target(wrong).unwrap_err().field(), Some("LOCAL_PORT"), "{wrong}");
    }
}

#[tokio::test]
async fn a_forwarder_is_a_responder_like_any_other() {
    let local = Local::saying(response("200 OK", JSON, r#"{"response":"hi"}"#)).await;
    let reply: Reply = forward_to(&local.address).unwrap().reply(Incoming::new("{}")).await.unwrap();
    assert_eq!(reply.main_text().as_deref(), Some("hi"));
}

#[tokio::test(start_paused = true)]
async fn a_forwarder_that_is_let_go_of_leaves_no_task_and_no_connection_behind() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let local = Local::start(|_| response("200 OK", JSON, "{}")).await;
    let before = alive();
    for _ in 0..5 {
        let relay = Relay::start().await;
        let (bot, mut peer) = relay.bot(forward_to(&local.address).unwrap()).await;
        for n in 0..8 {
            peer.ask(&n.to_string(), "hi").await;
        }
        for _ in 0..8 {
            assert_eq!(peer.answer().await.status, 200);
        }
        assert!(alive() > before);
        drop((bot, peer));
    }
    sleep(seconds(60)).await;
    // The server's own tasks end with their connections.
    assert_eq!(alive(), before);
}
