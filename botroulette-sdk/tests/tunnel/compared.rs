//! The platform's two official tunnels, `tunnel.js` and `tunnel.py`, "do the same thing" and do not: a test for each case in
//! which they were seen to differ from each other, or from what a bot needs, with what this tunnel does. The comment says
//! what they do.

use std::time::Duration;

use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::sdk_core::shutdown::Shutdown;
use botroulette_sdk::{Client, Forwarder, TunnelEvent, forward_to};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

use crate::answering::Parrot;
use crate::forwarding::Chain;
use crate::local::{Local, response, response_with};
use crate::relay::{AUTH_OK, PATIENCE, Relay, seconds};

const JSON: &str = "application/json";
const ERROR: &str = include_str!("../fixtures/observed/error.json");

async fn echoing() -> Chain {
    Chain::new(Local::start(|request| response("200 OK", JSON, &request.body)).await).await
}

/// js: from the environment, exit 1 without it. py: `--key`, which everybody on the machine can read in `ps`.
#[test]
fn case_key_and_port_come_from_the_environment() {
    let missing = Client::builder_from_env(&Env::from_text("LOCAL_PORT=3000")).err().unwrap();
    assert_eq!(missing.field(), Some("BOTROULETTE_API_KEY"));
    assert_eq!(Forwarder::with_env(&Env::from_text("LOCAL_PORT=3000")).unwrap().target(), "127.0.0.1:3000");
}

/// js: 127.0.0.1. py: `localhost`, which may try ::1 first.
#[test]
fn case_target_is_127_0_0_1() {
    assert_eq!(Forwarder::with_env(&Env::from_text("")).unwrap().target(), "127.0.0.1:8900");
    assert_eq!(forward_to("8900").unwrap().target(), "127.0.0.1:8900");
}

/// js: unlimited. py: one at a time, so that 8 requests of 2 s take 16.
#[tokio::test(start_paused = true)]
async fn case_concurrency_is_there_and_bounded() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    let began = Instant::now();
    for n in 0..300 {
        peer.ask(&n.to_string(), "sleep 2").await;
    }
    let mut statuses = Vec::new();
    for _ in 0..300 {
        statuses.push(peer.answer().await.status);
    }
    let of = |status| statuses.iter().filter(|is| **is == status).count();
    assert_eq!((of(200), of(503), began.elapsed().as_secs()), (256, 44, 2));
}

/// js: all dropped, so that no bot behind it ever sees a session. py: passed on.
#[tokio::test(start_paused = true)]
async fn case_request_headers_reach_the_bot() {
    let mut chain = echoing().await;
    let headers = json!({"X-KPATH-Session-ID": "sess-1", "x-own": "mine"});
    chain.peer.say(json!({"type": "request", "id": "r", "headers": headers}).to_string()).await;
    chain.peer.answer().await;
    let request = chain.local.request();
    assert_eq!(
        (request.header("x-kpath-session-id"), request.header("x-own")),
        (Some("sess-1"), Some("mine"))
    );
}

/// js: dropped. py: appended.
#[tokio::test(start_paused = true)]
async fn case_query_string_reaches_the_bot() {
    let mut chain = echoing().await;
    chain.peer.say(r#"{"type":"request","id":"r","path":"/chat","query_string":"lang=en&x=%20"}"#).await;
    chain.peer.answer().await;
    assert_eq!(chain.local.request().line, "POST /chat?lang=en&x=%20 HTTP/1.1");
}

/// js: strips six, and loses `set-cookie`. py: strips none, and joins two cookies into one that is broken.
#[tokio::test(start_paused = true)]
async fn case_response_headers_are_those_of_the_answer_and_no_others() {
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("ETag", "\"1\""),
        ("X-Powered-By", "Express"),
        ("Keep-Alive", "timeout=5"),
        ("X-Own", "mine"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ];
    let (answer, _chain) = Chain::answer_to(response_with("200 OK", &headers, "{}")).await;
    assert_eq!((&answer.headers["content-type"], &answer.headers["x-own"]), (&json!(JSON), &json!("mine")));
    for name in ["content-length", "etag", "x-powered-by", "keep-alive", "connection", "transfer-encoding"] {
        assert_eq!(answer.headers.get(name), None, "{name}");
    }
    // A frame has one value a name: the first cookie, whole.
    assert_eq!(answer.headers["set-cookie"], "a=1");
}

/// js: the compressed bytes as broken UTF-8. py: the text, with the length and the encoding of the bytes.
#[tokio::test(start_paused = true)]
async fn case_gzip_comes_back_as_the_text_without_its_encoding() {
    // `printf '{"reply":"hi"}' | gzip -n`.
    let gzip = [
        &b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56\x2a\x4a\x2d\xc8\xa9\x54\xb2\x52\xca\xc8\x54\xaa\x05\0"[..],
        b"\xab\x43\x6d\xc7\x0e\0\0\0",
    ]
    .concat();
    let headers = [("Content-Type", JSON), ("Content-Encoding", "gzip")];
    let (answer, chain) = Chain::answer_to(response_with("200 OK", &headers, gzip)).await;
    assert_eq!((answer.reply().as_str(), answer.headers), ("hi", json!({"content-type": JSON})));
    assert_eq!(chain.local.request().header("accept-encoding"), Some("identity"), "it was not asked for");
}

/// js: U+FFFD. py: decoded.
#[tokio::test(start_paused = true)]
async fn case_latin_1_is_decoded() {
    let text = response("200 OK", "text/plain; charset=latin-1", b"caf\xe9");
    assert_eq!(Chain::answer_to(text).await.0.reply(), "café");
}

/// Both: 128 times U+FFFD, and status 200.
#[tokio::test(start_paused = true)]
async fn case_binary_is_refused_and_its_author_told() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (answer, mut chain) = Chain::answer_to(response("200 OK", "application/octet-stream", bytes)).await;
    assert!(answer.status == 502 && !answer.body.contains('\u{fffd}'));
    assert_eq!(chain.bot.failure().await.code().id(), "reply_not_text");
}

/// Both: sent as it is, for the relay to block, without a word.
#[tokio::test(start_paused = true)]
async fn case_html_is_caught_here_and_text_is_wrapped() {
    let page = response("200 OK", "text/html", "<!DOCTYPE html><html><body>hi</body></html>");
    let (answer, mut chain) = Chain::answer_to(page).await;
    assert!(answer.status == 502 && !answer.body.contains('<'));
    assert_eq!(chain.bot.failure().await.code().id(), "html_in_reply");
    let (answer, _chain) = Chain::answer_to(response("200 OK", "text/plain", "just words")).await;
    assert_eq!(answer.body, r#"{"reply":"just words"}"#);
}

/// js: 502 with a content type. py: 502 without any headers.
#[tokio::test(start_paused = true)]
async fn case_local_server_down_is_a_502_in_json() {
    let relay = Relay::start().await;
    // Nobody listens on port 1 of this machine.
    let (_bot, mut peer) = relay.bot(forward_to("127.0.0.1:1").unwrap()).await;
    peer.ask("r", "hi").await;
    let answer = peer.answer().await;
    assert_eq!((answer.status, &answer.json()["error"]), (502, &json!("local server unreachable")));
    assert_eq!(answer.headers["content-type"], JSON);
}

/// js: 504 after 25 idle seconds, and then a 502 for the same id. py: 504 after 25 s a read. A body that trickles passes
/// both after 35 s, when the relay has given up.
#[tokio::test(start_paused = true)]
async fn case_local_server_slow_is_one_504_after_25_s_in_all() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::start().await;
    let address = listener.local_addr().unwrap().to_string();
    let (_bot, mut peer) = relay.bot(forward_to(&address).unwrap()).await;
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        stream.read_to_end(&mut request).await.unwrap();
    });
    let began = Instant::now();
    peer.ask("r", "hi").await;
    assert_eq!((peer.answer().await.status, began.elapsed().as_secs()), (504, 25));
    assert!(peer.hears_nothing(seconds(60)).await, "no second answer");
    silent.await.unwrap();
}

/// js: passes. py: drops the connection, and the request.
#[tokio::test(start_paused = true)]
async fn case_5_mib_pass_both_ways() {
    let mut chain = echoing().await;
    let body = json!({"reply": "x".repeat(5 << 20)}).to_string();
    chain.peer.say(json!({"type": "request", "id": "r", "body": body}).to_string()).await;
    assert_eq!(chain.peer.answer().await.body, body);
}

/// js: ignored without a word, or answered without an id. py: each tears the tunnel down.
#[tokio::test(start_paused = true)]
async fn case_malformed_json_a_missing_id_and_a_number_for_one() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for frame in ["{broken", r#"{"type":"request","body":"{}"}"#] {
        peer.say(frame).await;
        bot.complaint().await;
    }
    peer.say(r#"{"type":"request","id":7,"body":"{\"message\":\"hi\"}"}"#).await;
    let answer = peer.answer().await;
    assert_eq!((answer.id.clone(), answer.reply().as_str()), (json!(7), "hi"));
}

/// js: written as JSON. py: 500, with a Python error in it.
#[tokio::test(start_paused = true)]
async fn case_object_body_is_its_json() {
    let mut chain = echoing().await;
    chain.peer.say(r#"{"type":"request","id":"r","body":{"message":"hi"}}"#).await;
    let answer: Value = chain.peer.answer().await.json();
    assert_eq!(answer, json!({"message": "hi"}));
}

/// js: the process crashes. py: 500, or percent-encoded.
#[tokio::test(start_paused = true)]
async fn case_invalid_method_and_odd_path_are_answered() {
    let mut chain = echoing().await;
    chain.peer.say(r#"{"type":"request","id":"r","method":"NOT A METHOD"}"#).await;
    assert_eq!(chain.peer.answer().await.status, 400);
    chain.peer.say(r#"{"type":"request","id":"r","path":"/a b/ü"}"#).await;
    chain.peer.answer().await;
    assert_eq!(chain.local.request().line, "POST /a%20b/%C3%BC HTTP/1.1");
}

/// js: 400 of the local server. py: the request goes to another port, with a header of authorization.
#[tokio::test(start_paused = true)]
async fn case_path_that_names_a_host_stays_a_path() {
    let mut chain = echoing().await;
    let other = Local::saying(response("200 OK", JSON, "{}")).await;
    let path = format!("@{}/x", other.address);
    chain.peer.say(json!({"type": "request", "id": "r", "path": path}).to_string()).await;
    chain.peer.answer().await;
    let request = chain.local.request();
    assert_eq!((other.connections(), request.header("authorization")), (0, None));
    assert_eq!(request.line, format!("POST /{path} HTTP/1.1"));
}

/// js: served. py: taken for a failed auth.
#[tokio::test(start_paused = true)]
async fn case_request_before_auth_ok_is_told_and_the_auth_goes_on() {
    let relay = Relay::start().await;
    let relaying = async {
        let mut peer = relay.accept().await;
        peer.text().await;
        peer.ask("early", "hi").await;
        peer.say(AUTH_OK.trim_end()).await;
        peer.ask("r", "hello").await;
        let answer = peer.answer().await;
        (peer, answer)
    };
    let (connected, (_peer, answer)) = tokio::join!(relay.client().serve(Parrot).connect(), relaying);
    connected.unwrap();
    assert_eq!(
        (answer.id.clone(), answer.reply().as_str()),
        (json!("r"), "hello"),
        "and no answer to the early one"
    );
}

/// js: dials again every second for ever, or stays connected for nothing. py: exits with 0, as if all were well.
#[tokio::test(start_paused = true)]
async fn case_auth_rejected_is_final_and_an_error_with_and_without_a_close() {
    for closes in [true, false] {
        let relay = Relay::start().await;
        let refusing = async {
            let mut peer = relay.accept().await;
            peer.text().await;
            peer.say(ERROR.trim_end()).await;
            if closes {
                peer.close(4001, "Invalid or expired API key").await;
            } else {
                peer.close_code().await;
            }
        };
        let (ended, ()) = tokio::join!(relay.client().serve(Parrot).run(), refusing);
        assert!(ended.unwrap_err().is_auth());
        assert!(relay.is_left_alone(PATIENCE).await);
    }
}

/// js: waits for ever. py: 10 s, then backoff.
#[tokio::test(start_paused = true)]
async fn case_auth_never_answered_is_given_up_after_10_s() {
    let relay = Relay::start().await;
    let run = tokio::spawn(relay.client().serve(Parrot).run());
    let mut peer = relay.accept().await;
    let began = Instant::now();
    peer.close_code().await;
    assert!((10..=12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    drop(peer);
    relay.online().await;
    run.abort();
}

/// js: every second for ever. py: 1, 2, 4, 8, 15, 30, 60 s, all bots at the same time.
#[tokio::test(start_paused = true)]
async fn case_backoff_grows_at_random_up_to_30_s() {
    let relay = Relay::start().await;
    let run = tokio::spawn(relay.client().serve(Parrot).run());
    drop(relay.accept().await);
    let mut waits = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        drop(relay.accept().await);
        waits.push(began.elapsed());
    }
    assert!(waits.iter().all(|wait| *wait <= seconds(31)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait > seconds(10)), "{waits:?}");
    assert!(waits.windows(2).any(|pair| pair[1] < pair[0]), "they are random: {waits:?}");
    run.abort();
}

/// Both: a `ping` every 25 s, and 100 s without a `pong` mean nothing.
#[tokio::test(start_paused = true)]
async fn case_ping_every_25_s_and_a_silent_relay_is_left() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for _ in 0..2 {
        let began = Instant::now();
        assert_eq!(peer.text().await, r#"{"type":"ping"}"#);
        assert!(began.elapsed() <= Duration::from_millis(25_100), "{:?}", began.elapsed());
    }
    // From here on it reads nothing and says nothing.
    let began = Instant::now();
    bot.until(|event| matches!(event, TunnelEvent::Disconnected { .. }).then_some(())).await;
    assert!(began.elapsed() <= seconds(85), "{:?}", began.elapsed());
}

/// js: 32 stale answers go out on the new socket, before its auth. py: reconnects 86 s later, when the queue is worked off.
#[tokio::test(start_paused = true)]
async fn case_disconnect_with_32_in_flight_leaves_nothing_behind() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    for n in 0..32 {
        peer.ask(&n.to_string(), "sleep 3").await;
    }
    sleep(seconds(1)).await;
    drop(peer);
    let began = Instant::now();
    let mut peer = relay.online().await;
    assert!(began.elapsed() < seconds(3), "{:?}", began.elapsed());
    assert!(peer.hears_nothing(seconds(20)).await);
    peer.ask("r", "hi").await;
    assert_eq!(peer.answer().await.reply(), "hi");
}

/// js: dies at once, without a close frame. py: SIGINT is not heard while it is idle.
#[tokio::test(start_paused = true)]
async fn case_stop_finishes_what_came_and_says_goodbye() {
    for asked in [false, true] {
        let relay = Relay::start().await;
        let shutdown = Shutdown::new();
        let client = relay.builder().shutdown(&shutdown).build().unwrap();
        let run = tokio::spawn(client.serve(Parrot).run());
        let mut peer = relay.online().await;
        if asked {
            peer.ask("r", "sleep 5").await;
            sleep(seconds(1)).await;
        }
        // What the first Ctrl-C or SIGTERM does.
        shutdown.request();
        if asked {
            assert_eq!(peer.answer().await.status, 200);
        }
        assert_eq!(peer.close_code().await, 1000);
        drop(peer);
        run.await.unwrap().unwrap();
    }
}

/// Both: offer permessage-deflate, which costs memory and CPU for short lines of JSON, and is a way in for a bomb.
#[tokio::test(start_paused = true)]
async fn case_no_extension_is_offered() {
    let relay = Relay::start().await;
    let run = tokio::spawn(relay.client().serve(Parrot).run());
    let mut stream = relay.accept_tcp().await;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap().to_ascii_lowercase();
    assert!(request.contains("sec-websocket-version: 13") && !request.contains("extensions"), "{request}");
    assert!(request.contains("user-agent: botroulette-sdk/"), "{request}");
    run.abort();
}
