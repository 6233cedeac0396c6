//! Servers that want what is not theirs, or more than there is: redirects, plaintext, bombs, depth, waits.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod probe;
mod scripted;

use std::time::Duration;

use http::HeaderMap;
use probe::{Bot, Told, dial};
use scripted::{Answer, Server, answer, everything, json};
use sdk_core::error::{Error, MAX_BODY, codes};
use sdk_core::http::{Auth, Http};
use sdk_core::network::Network;
use sdk_core::secret::Secret;
use sdk_core::socket::Dial;
use serde::de::IgnoredAny;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const KEY: &str = "bp_live_m4rk3d";

/// A dial that carries the key in every place where a platform may want it.
fn dial_with_key(server: &Server) -> Dial {
    let key = Secret::new(KEY);
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", key.header("").unwrap());
    headers.insert("authorization", key.header("Bearer ").unwrap());
    let url = format!("ws://{}/ws?token={KEY}", server.base.authority());
    Dial { headers, greeting: Some(key.clone()), secrets: vec![key], ..dial(&url) }
}

fn bot(server: &Server) -> Bot {
    Bot::new(dial_with_key(server), Network::new())
}

fn keyed(server: &Server) -> Http {
    server
        .builder()
        .auth(Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new(KEY) })
        .build()
        .unwrap()
}

/// Everything that could be shown of an error, its parts by accessor included.
fn shown(error: &Error) -> String {
    let body = String::from_utf8_lossy(error.body().unwrap_or_default()).into_owned();
    let parts = [error.field(), error.platform_code_str(), error.request_id()];
    format!("{} | {body} | {parts:?}", everything(error))
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_follows_no_redirect_neither_at_home_nor_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        for elsewhere in [None, Some(Server::start(vec![json(200, "1")]).await)] {
            let origin = elsewhere.as_ref().map_or_else(String::new, |server| server.base.to_string());
            let location = format!("Location: {origin}/moved/{KEY}?token={KEY}#{KEY}\r\n");
            let server = Server::start(vec![answer(status, &location, KEY)]).await;
            let lost = bot(&server).lost().await;
            assert_eq!((lost.code(), lost.status()), (&codes::REDIRECT_REFUSED, Some(status)), "{lost}");
            assert!(lost.message().contains("/moved/[redacted]?[redacted]"), "{lost}");
            assert!(!shown(&lost).contains(KEY), "{}", shown(&lost));
            assert_eq!((server.times(), elsewhere.map_or(0, |server| server.times())), (1, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_follows_no_redirect_at_home_either() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(vec![answer(status, "Location: /moved\r\n", "")]).await;
        for request in [keyed(&server).get(&["x"]), keyed(&server).post(&["x"]).json(&"rock")] {
            let error = request.send().await.unwrap_err();
            assert_eq!((error.code(), error.status()), (&codes::REDIRECT_REFUSED, Some(status)));
        }
        assert_eq!(server.times(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_repeats_the_key_does_not_show_it() {
    let headers = format!(
        "Content-Type: application/json\r\nX-Request-Id: {KEY}\r\nWWW-Authenticate: {KEY}\r\nLocation: /{KEY}\r\n"
    );
    let said = format!(r#"{{"error":{{"code":"{KEY}","field":"{KEY}","message":"no such key {KEY}"}}}}"#);
    for (status, headers, body) in [
        (401, &*headers, &*said),
        (403, &headers, &said),
        (429, &headers, &said),
        (500, &headers, &said),
        (401, "Content-Type: text/plain\r\n", KEY),
        (200, "Content-Type: text/plain\r\n", KEY),
    ] {
        let server = Server::start(vec![answer(status, headers, body)]).await;
        let mut bot = bot(&server);
        let lost = bot.lost().await;
        assert_eq!(lost.status(), Some(status));
        assert!(!shown(&lost).contains(KEY), "{}", shown(&lost));
        if let Told::Ended(outcome) = bot.next().await {
            assert!(!format!("{outcome:?}").contains(KEY));
        }
    }
    let dial = dial_with_key(&Server::start(vec![]).await);
    assert!(!format!("{dial:?}").contains(KEY), "{dial:?}");
}

#[tokio::test]
async fn no_key_travels_in_the_clear_to_another_machine() {
    // Addresses and names that are nobody's: were they dialled, the error would be another one.
    for host in
        ["192.0.2.1", "api.invalid", "localhost.invalid", "bot.localhost", "[2001:db8::1]", "127.1.invalid"]
    {
        let mut bot = Bot::new(dial(&format!("ws://{host}:9/ws")), Network::new());
        assert_eq!(bot.lost().await.code(), &codes::INSECURE_URL, "{host}");
        let Told::Ended(Err(reason)) = bot.next().await else { panic!("{host}: it goes on") };
        assert_eq!(reason.code(), &codes::INSECURE_URL, "{host}");

        let error = Http::builder(format!("http://{host}:9").parse().unwrap()).build().unwrap_err();
        assert_eq!(error.code(), &codes::INSECURE_URL, "{host}");
    }
}

/// 100,000 sevens, compressed to 133 bytes.
const BOMB: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc11\x01\x00\x00\x00\xc2\xa0X\xeb\xdf\xcc\x1a\x1e\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xaf\x06p\x88\x2d\x2a\xa0\x86\x01\x00";

#[tokio::test(start_paused = true)]
async fn nothing_is_decompressed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                BOMB.len()
            );
            stream.write_all(&[head.as_bytes(), BOMB].concat()).await.unwrap();
        }
    });
    let response = Http::builder(base).build().unwrap().get(&["x"]).send().await.unwrap();
    assert_eq!(response.body().as_ref(), BOMB);

    // And nothing compressed is asked for, at the upgrade either.
    let server = Server::start(vec![answer(404, "", "")]).await;
    bot(&server).lost().await;
    let seen = server.seen().remove(0).to_lowercase();
    assert!(!seen.contains("accept-encoding") && !seen.contains("sec-websocket-extensions"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_end_is_cut_off() {
    for script in [Answer::Endless, Answer::Stall("HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nno".into())] {
        let server = Server::start(vec![script]).await;
        let start = tokio::time::Instant::now();
        let lost = bot(&server).lost().await;
        assert!(lost.status().is_some(), "{lost}");
        assert!(lost.body().is_some_and(|body| body.len() <= MAX_BODY), "{lost:?}");
        assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    }
    let headers = (0..200).map(|n| format!("X-{n}: {}\r\n", "x".repeat(8_000))).collect::<String>();
    let server = Server::start(vec![answer(401, &headers, "")]).await;
    let lost = bot(&server).lost().await;
    assert!(shown(&lost).len() < 4 * MAX_BODY, "{}", shown(&lost).len());
}

#[tokio::test(start_paused = true)]
async fn depth_overflows_nothing() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for body in
        [deep.clone(), format!(r#"{{"error":{deep}}}"#), format!(r#"{{"detail":{}"#, "[".repeat(200_000))]
    {
        let server = Server::start(vec![json(422, &body)]).await;
        let error = keyed(&server).get(&["x"]).send().await.unwrap_err();
        assert_eq!((error.code(), error.status()), (&codes::HTTP_STATUS, Some(422)));
        assert_eq!(bot(&server).lost().await.status(), Some(422));

        let server = Server::start(vec![json(200, &body)]).await;
        let answer = keyed(&server).get(&["x"]).send().await.unwrap();
        assert_eq!(answer.json::<serde_json::Value>().unwrap_err().code(), &codes::NOT_JSON);
        assert_eq!(answer.json::<IgnoredAny>().is_ok(), !body.starts_with(r#"{"detail"#));
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_is_the_servers_alone_to_choose() {
    for value in ["99999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "1e99", "-5", "NaN"] {
        for status in [429, 503] {
            let server = Server::start(vec![answer(status, &format!("Retry-After: {value}\r\n"), "")]).await;
            let mut bot = bot(&server);
            let lost = bot.lost().await;
            assert!(lost.retry_after() <= Some(Duration::from_secs(600)), "{lost}");
            let Told::Waiting(delay) = bot.next().await else { panic!("{value}: it does not dial again") };
            assert!(delay <= Duration::from_secs(700), "{value}: {delay:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_cannot_steer_a_terminal() {
    let said = "\u{1b}[2J\u{9b}31mred\u{202e}\r\nERROR all is lost";
    let escaped = serde_json::to_string(said).unwrap();
    let body = format!(r#"{{"error":{{"code":{escaped},"field":{escaped},"message":{escaped}}}}}"#);
    for answer in [json(400, &body), answer(400, "Content-Type: text/plain\r\n", said)] {
        let server = Server::start(vec![answer]).await;
        for error in [keyed(&server).get(&["x"]).send().await.unwrap_err(), bot(&server).lost().await] {
            for text in [error.to_string(), error.chain(), format!("{error:?}")] {
                assert!(text.contains("red"), "{text:?}");
                assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
            }
        }
    }
}
