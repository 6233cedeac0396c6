//! What is wrong with the platform's official tunnels and templates, and must not be with this one. Each test bears the
//! weakness in its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "server")]
use botroulette_sdk::HttpServer;
use botroulette_sdk::sdk_core::shutdown::Shutdown;
use botroulette_sdk::{CostGuard, Incoming, Memory, TunnelEvent, responder};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::answering::Parrot;
use crate::forwarding::Chain;
use crate::local::{Local, response, response_with};
use crate::relay::{PATIENCE, Relay, seconds};

const ERROR: &str = include_str!("../fixtures/observed/error.json");

#[tokio::test(start_paused = true)]
async fn weakness_01_shell_signs_in_a_message_or_a_session_are_text() {
    let relay = Relay::start().await;
    let echo = responder(|request: Incoming| async move {
        Ok(json!({ "message": request.message()?, "session": request.session() }))
    });
    let (_bot, mut peer) = relay.bot(echo).await;
    let body = json!({"message": "$(touch /tmp/x)", "session_id": "\"; touch /tmp/x; \""});
    peer.say(json!({"type": "request", "id": "r", "body": body.to_string()}).to_string()).await;
    let expected = json!({"message": "$(touch /tmp/x)", "session": "\"; touch /tmp/x; \""});
    assert_eq!(peer.answer().await.json(), expected);
}

#[tokio::test(start_paused = true)]
async fn weakness_02_an_odd_method_or_path_kills_nobody() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    for (method, path) in [("NOT A METHOD", "/"), ("POST", "/ with blanks"), ("POST", "/ünïcode")] {
        peer.say(json!({"type": "request", "id": "r", "method": method, "path": path}).to_string()).await;
        assert!(peer.answer().await.status >= 400);
    }
    peer.ask("r", "hi").await;
    assert_eq!(peer.answer().await.reply(), "hi");
}

#[tokio::test(start_paused = true)]
async fn weaknesses_03_and_04_the_session_and_the_query_arrive() {
    let relay = Relay::start().await;
    let echo = responder(|request: Incoming| async move {
        Ok(format!("{} {}", request.session().unwrap(), request.query()))
    });
    let (_bot, mut peer) = relay.bot(echo).await;
    peer.say(include_str!("../fixtures/observed/request_with_headers.json").trim_end()).await;
    assert_eq!(peer.answer().await.reply(), "sess-1 lang=en");
}

#[tokio::test(start_paused = true)]
async fn weakness_05_a_timeout_is_answered_once() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("r", "sleep 28").await;
    assert_eq!(peer.answer().await.status, 504);
    assert!(peer.hears_nothing(seconds(60)).await);
}

#[tokio::test(start_paused = true)]
async fn weakness_06_no_stale_answer_goes_out_on_a_new_connection() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    for n in 0..32 {
        peer.ask(&n.to_string(), "sleep 10").await;
    }
    sleep(seconds(1)).await;
    drop(peer);
    let mut peer = relay.accept().await;
    assert!(peer.text().await.contains("auth"), "the first frame");
    sleep(seconds(9)).await;
    peer.say(crate::relay::AUTH_OK).await;
    assert!(peer.hears_nothing(seconds(60)).await);
}

#[tokio::test(start_paused = true)]
async fn weakness_07_a_refused_key_is_final_whether_or_not_the_relay_closes() {
    for refusal in [ERROR, r#"{"type":"auth_error","message":"nope"}"#, r#"{"type":"auth_failed"}"#] {
        let relay = Relay::start().await;
        let refusing = async {
            let mut peer = relay.accept().await;
            peer.text().await;
            peer.say(refusal).await;
            peer.close_code().await
        };
        let (ended, code) = tokio::join!(relay.client().serve(Parrot).run(), refusing);
        assert!(ended.unwrap_err().is_auth(), "{refusal}");
        assert_eq!(code, 1000);
        assert!(relay.is_left_alone(PATIENCE).await);
    }
}

#[tokio::test(start_paused = true)]
async fn weakness_07_a_relay_that_closes_right_away_is_not_stormed() {
    let relay = Relay::start().await;
    let run = tokio::spawn(relay.client().serve(Parrot).run());
    let began = Instant::now();
    let mut dials = 0;
    while began.elapsed() < seconds(600) {
        drop(relay.accept().await);
        dials += 1;
    }
    // Full jitter up to 30 s: some forty, not six hundred.
    assert!((20..90).contains(&dials), "{dials} dials in ten minutes");
    run.abort();
}

#[tokio::test(start_paused = true)]
async fn weakness_09_a_frame_of_an_unknown_type_is_not_lost() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    peer.say(r#"{"type":"notice","message":"maintenance at noon"}"#).await;
    peer.say(r#"{"type":"error","message":"quota is low"}"#).await;
    bot.until(|event| {
        matches!(event, TunnelEvent::Unknown(frame) if frame.frame_type == "notice").then_some(())
    })
    .await;
    let error = bot
        .until(|event| match event {
            TunnelEvent::RelayError(error) => Some(error),
            _ => None,
        })
        .await;
    assert!(error.message().contains("quota is low"), "{error}");
    peer.ask("r", "hi").await;
    assert_eq!(peer.answer().await.reply(), "hi");
}

#[tokio::test(start_paused = true)]
async fn weakness_10_a_dead_relay_is_noticed_and_one_that_knows_no_pong_is_not_dead() {
    let relay = Relay::start().await;
    let (mut bot, peer) = relay.bot(Parrot).await;
    bot.until(|event| matches!(event, TunnelEvent::Disconnected { .. }).then_some(())).await;
    drop(peer);
    // This one never says `pong`, and is there: its WebSocket answers.
    let mut peer = relay.online().await;
    let began = Instant::now();
    while began.elapsed() < seconds(600) {
        assert_eq!(peer.text().await, r#"{"type":"ping"}"#);
    }
    peer.ask("r", "hi").await;
    assert!(peer.text().await.contains("hi"));
}

#[tokio::test(start_paused = true)]
async fn weaknesses_11_and_29_one_slow_request_starves_nobody() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    let began = Instant::now();
    for n in 0..8 {
        peer.ask(&n.to_string(), "sleep 2").await;
    }
    for _ in 0..8 {
        assert_eq!(peer.answer().await.status, 200);
    }
    assert_eq!(began.elapsed().as_secs(), 2, "not sixteen");
}

#[tokio::test(start_paused = true)]
async fn weakness_13_a_message_of_5_mib_is_no_reason_to_disconnect() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    let long = "x".repeat(5 << 20);
    peer.ask("big", &long).await;
    assert_eq!(peer.answer().await.reply().len(), long.len());
}

#[tokio::test(start_paused = true)]
async fn weakness_14_one_bad_frame_is_no_reason_to_disconnect() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for frame in ["{broken", r#"{"type":"request"}"#, r#"{"type":"request","id":1,"body":{"message":"hi"}}"#]
    {
        peer.say(frame).await;
    }
    assert_eq!(peer.answer().await.reply(), "hi", "the last one is a request");
    bot.complaint().await;
    bot.complaint().await;
}

#[tokio::test(start_paused = true)]
async fn weakness_17_trouble_of_the_relay_is_no_refused_key() {
    let relay = Relay::start().await;
    for trouble in
        ["Service temporarily unavailable", "Authentication timed out, try again", "database is down"]
    {
        let serving = async {
            let mut peer = relay.accept().await;
            peer.text().await;
            peer.say(json!({"type": "error", "message": trouble}).to_string()).await;
            peer.close_code().await;
            drop(peer);
            relay.online().await
        };
        let (connected, mut peer) = tokio::join!(relay.client().serve(Parrot).connect(), serving);
        let (_handle, _events) = connected.unwrap();
        peer.ask("r", "hi").await;
        assert_eq!(peer.answer().await.reply(), "hi");
    }
    // And one that does not answer at all is left after 10 s.
    let began = Instant::now();
    let serving = async {
        let silent = relay.accept().await;
        let peer = relay.online().await;
        drop(silent);
        peer
    };
    let (connected, _peer) = tokio::join!(relay.client().serve(Parrot).connect(), serving);
    connected.unwrap();
    assert!((10..=12).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn weakness_18_an_idle_bot_stops_when_it_is_asked_to() {
    let relay = Relay::start().await;
    let shutdown = Shutdown::new();
    let client = relay.builder().shutdown(&shutdown).build().unwrap();
    let run = tokio::spawn(client.serve(Parrot).run());
    let mut peer = relay.online().await;
    let began = Instant::now();
    shutdown.request();
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    run.await.unwrap().unwrap();
    assert!(began.elapsed() < seconds(2));
}

#[tokio::test(start_paused = true)]
async fn weaknesses_19_20_and_24_every_error_has_words_and_is_json() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    for body in [
        "[1,2]",
        "{bad json",
        "",
        "7",
        "{}",
        r#"{"message":5}"#,
        r#"{"message":"fail"}"#,
        r#"{"message":"sleep 99"}"#,
    ] {
        peer.say(json!({"type": "request", "id": "r", "body": body}).to_string()).await;
        let answer = peer.answer().await;
        assert!(answer.status >= 400, "{body}");
        assert!(!answer.json()["error"].as_str().unwrap().is_empty() && !answer.reply().is_empty(), "{body}");
        assert!(
            !answer.body.contains(".rs") && !answer.body.contains('/'),
            "no path, no trace: {}",
            answer.body
        );
    }
}

#[tokio::test(start_paused = true)]
async fn weaknesses_23_and_25_health_answers_beside_slow_calls_and_a_call_without_a_timeout_ends() {
    let relay = Relay::start().await;
    let running = Arc::new(AtomicUsize::new(0));
    let counted = running.clone();
    let hanging = responder(move |_: Incoming| {
        let running = counted.clone();
        async move {
            running.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
            Ok("never")
        }
    });
    let (_bot, mut peer) = relay.bot(hanging).await;
    let began = Instant::now();
    for n in 0..6 {
        peer.ask(&n.to_string(), "hang").await;
    }
    peer.say(r#"{"type":"request","id":"h","method":"GET","path":"/health"}"#).await;
    let health = peer.answer().await;
    assert_eq!((health.json(), began.elapsed().as_secs()), (json!({"status": "ok"}), 0));
    for _ in 0..6 {
        assert_eq!(peer.answer().await.status, 504);
    }
    assert_eq!((began.elapsed().as_secs(), running.load(Ordering::SeqCst)), (25, 6));
}

#[tokio::test(start_paused = true)]
async fn weakness_26_a_failure_can_be_told_from_an_answer() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("r", "fail").await;
    let answer = peer.answer().await;
    assert!(answer.status == 500 && answer.json().get("error").is_some());
    peer.ask("r", "hello").await;
    let answer = peer.answer().await;
    assert!(answer.status == 200 && answer.json().get("error").is_none());
}

#[tokio::test(start_paused = true)]
async fn weakness_01_shell_signs_and_a_hostile_session_are_forwarded_as_text() {
    let local = Local::start(|request| response("200 OK", "application/json", &request.body)).await;
    let mut chain = Chain::new(local).await;
    let body = json!({"message": "$(touch /tmp/x) `id`", "session_id": "\"; touch /tmp/x; \""}).to_string();
    let headers = json!({"X-KPATH-Session-ID": "$(id); rm -rf \"$HOME\""});
    chain.peer.say(json!({"type": "request", "id": "r", "headers": headers, "body": body}).to_string()).await;
    assert_eq!(chain.peer.answer().await.body, body);
    assert_eq!(chain.local.request().header("x-kpath-session-id"), headers["X-KPATH-Session-ID"].as_str());
}

#[tokio::test(start_paused = true)]
async fn weakness_08_bytes_that_are_no_text_are_never_mangled_into_text() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let (answer, mut chain) =
        Chain::answer_to(response("200 OK", "application/octet-stream", every_byte)).await;
    assert!(answer.status == 502 && !answer.body.contains('\u{fffd}'), "{}", answer.body);
    assert_eq!(chain.bot.failure().await.code().id(), "reply_not_text");
    let (answer, _chain) =
        Chain::answer_to(response("200 OK", "text/plain; charset=iso-8859-1", b"caf\xe9")).await;
    assert_eq!(answer.reply(), "café");
}

#[tokio::test(start_paused = true)]
async fn weakness_12_requests_share_kept_connections() {
    let mut chain = Chain::new(Local::saying(response("200 OK", "application/json", "{}")).await).await;
    for _ in 0..100 {
        chain.peer.ask("r", "hi").await;
        assert_eq!(chain.peer.answer().await.status, 200);
    }
    assert_eq!((chain.local.requests().len(), chain.local.connections()), (100, 1));
}

#[tokio::test(start_paused = true)]
async fn weakness_15_a_path_reaches_no_other_server_and_becomes_no_password() {
    let other = Local::saying(response("200 OK", "application/json", "{}")).await;
    let mut chain = Chain::new(Local::saying(response("200 OK", "application/json", "{}")).await).await;
    let path = format!("@{}/x", other.address);
    chain.peer.say(json!({"type": "request", "id": "r", "path": path}).to_string()).await;
    chain.peer.answer().await;
    assert_eq!(other.connections(), 0);
    assert_eq!(chain.local.request().header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn weakness_16_no_length_and_no_encoding_of_another_body_goes_back() {
    let headers = [("Content-Encoding", "identity"), ("Content-Type", "application/json; charset=utf-8")];
    let (answer, _chain) = Chain::answer_to(response_with("200 OK", &headers, r#"{"reply":"🦀"}"#)).await;
    assert_eq!(answer.headers, json!({"content-type": "application/json"}));
    assert_eq!(answer.reply(), "🦀");
}

#[cfg(feature = "server")]
#[tokio::test(start_paused = true)]
async fn weakness_21_a_server_of_its_own_listens_on_this_machine_alone() {
    let server = HttpServer::new(Parrot).bind(([127, 0, 0, 1], 0)).start().await.unwrap();
    assert!(server.addr().ip().is_loopback());
    assert!(format!("{:?}", HttpServer::new(Parrot)).contains("127.0.0.1:8900"), "unless told otherwise");
}

#[tokio::test(start_paused = true)]
async fn weakness_22_callers_are_limited_each_for_itself_and_never_by_address() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(CostGuard::new().per_minute(1_000).per_caller(30).around(Parrot)).await;
    // All of them come from the same address: the relay's.
    for caller in 0..20 {
        for _ in 0..30 {
            let headers = json!({"X-KPATH-User-Token": format!("caller-{caller}")});
            let body = r#"{"message":"hi"}"#;
            peer.say(json!({"type": "request", "id": "r", "headers": headers, "body": body}).to_string())
                .await;
            assert_eq!(peer.answer().await.status, 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn weakness_27_a_bot_can_remember() {
    let relay = Relay::start().await;
    let counting = responder(|request: Incoming| async move { Ok(request.history().len().to_string()) });
    let (_bot, mut peer) = relay.bot(Memory::new().around(counting)).await;
    let body = json!({"message": "hi", "session_id": "s-1"}).to_string();
    for said in ["0", "2", "4"] {
        peer.say(json!({"type": "request", "id": "r", "body": body}).to_string()).await;
        assert_eq!(peer.answer().await.reply(), said);
    }
}
