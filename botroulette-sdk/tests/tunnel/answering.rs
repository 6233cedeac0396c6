//! What a bot is asked, and what goes back.

use botroulette_sdk::sdk_core::error::{Error, codes as core_codes};
use botroulette_sdk::sdk_core::shutdown::Shutdown;
use botroulette_sdk::{
    BoxedResponder, Incoming, Reply, Responder, Result, TunnelEvent, blocking, codes, responder,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::relay::{PATIENCE, Relay, seconds};

const REQUEST: &str = include_str!("../fixtures/observed/request.json");
const REQUEST_WITH_HEADERS: &str = include_str!("../fixtures/observed/request_with_headers.json");
const RESPONSE: &str = include_str!("../fixtures/observed/response.json");

/// `sleep N` answers after N seconds, `panic` panics, `fail` fails; everything else is said back.
pub(crate) struct Parrot;

impl Responder for Parrot {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let message = request.message()?.to_owned();
        if let Some(span) = message.strip_prefix("sleep ") {
            sleep(seconds(span.parse().unwrap())).await;
        }
        assert_ne!(message, "panic", "as it was told to, with the key in /etc/secret");
        if message == "fail" {
            return Err(Error::new(&core_codes::CONNECT_FAILED, "cannot reach llm.internal:8080"));
        }
        Ok(message.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_documented_request_is_answered_with_the_documented_response() {
    let relay = Relay::start().await;
    let helper = responder(|request: Incoming| async move {
        assert_eq!(request.message()?, "Hello, what can you do?");
        Ok("I can help with recipe suggestions.")
    });
    let (_bot, mut peer) = relay.bot(helper).await;
    peer.say(REQUEST.trim_end()).await;
    assert_eq!(peer.text().await, RESPONSE.trim_end());
}

#[tokio::test(start_paused = true)]
async fn everything_that_came_with_a_request_reaches_the_responder() {
    let relay = Relay::start().await;
    let telling = responder(|request: Incoming| async move {
        let text = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        Ok(json!({
            "message": request.message()?,
            "session": request.session(),
            "request": request.request_id(),
            "message_id": request.message_id(),
            "token": request.user_token().unwrap().expose(),
            "privacy": request.privacy_level().0,
            "method": request.method(),
            "path": request.path(),
            "query": request.query(),
            "type": text("content-type"),
            "body": request.body(),
            "in_time": request.deadline().unwrap() - Instant::now() == seconds(25),
        }))
    });
    let (_bot, mut peer) = relay.bot(telling).await;
    peer.say(REQUEST_WITH_HEADERS.trim_end()).await;
    assert_eq!(
        peer.answer().await.json(),
        json!({
            "message": "tell me more",
            "session": "sess-1",
            "request": "req-1",
            "message_id": "msg-1",
            "token": "dXNlcjE=.abc123",
            "privacy": 0,
            "method": "POST",
            "path": "/api/chat",
            "query": "lang=en",
            "type": "application/json",
            "body": "{\"message\": \"tell me more\"}",
            "in_time": true,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn the_bot_learns_that_it_is_online_and_under_which_address() {
    let relay = Relay::start().await;
    let (mut bot, _peer) = relay.bot(Parrot).await;
    let TunnelEvent::Connecting { attempt: 0 } = bot.next().await else { panic!("no dial") };
    let TunnelEvent::Connected(connected) = bot.next().await else { panic!("not online") };
    assert_eq!(connected.tunnel_url.as_deref(), Some("https://zeph.tunnel.botroulette.net"));
    assert_eq!(connected.agent_name.as_deref(), Some("Zeph"));
    assert_eq!(connected.service_code.unwrap().as_str(), "zeph");
    assert!(connected.extra.is_empty() && !connected.is_reconnect);
}

#[tokio::test(start_paused = true)]
async fn errors_are_honest_and_tell_strangers_nothing_of_the_inside() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for (message, status, error, code) in [
        ("fail", 500, "internal error", "connect_failed"),
        ("panic", 500, "internal error", "handler_failed"),
        ("sleep 26", 504, "timeout", "reply_timeout"),
        ("  ", 400, "missing or invalid message field", "bad_message"),
    ] {
        let asked = Instant::now();
        peer.ask(message, message).await;
        let answer = peer.answer().await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{message}");
        assert!(!answer.reply().is_empty(), "{message}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(!answer.body.contains("internal:8080") && !answer.body.contains("secret"), "{}", answer.body);
        assert!(asked.elapsed() <= seconds(25));
        let failed = bot
            .until(|event| match event {
                TunnelEvent::HandlerFailed { error, .. } => Some(error),
                _ => None,
            })
            .await;
        assert_eq!(failed.code().id(), code, "{message}");
        assert!(!failed.message().is_empty());
    }
    peer.ask("still", "here").await;
    assert_eq!(peer.answer().await.reply(), "here");
}

#[tokio::test(start_paused = true)]
async fn errors_as_200_have_the_same_body() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.serve(relay.client().serve(Parrot).errors_as_200()).await;
    for message in ["fail", "panic", "sleep 60", ""] {
        peer.ask("r", message).await;
        let answer = peer.answer().await;
        assert_eq!(answer.status, 200);
        assert!(answer.json()["error"].is_string() && answer.json()["reply"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_responder_of_a_busy_bot_says_when_to_come_back() {
    let relay = Relay::start().await;
    let limited = responder(|_: Incoming| async {
        let error = Error::new(&core_codes::LIMIT_REACHED, "20 calls a minute");
        Err::<Reply, _>(error.with_retry_after(seconds(7)))
    });
    let (_bot, mut peer) = relay.bot(limited).await;
    peer.ask("r", "hi").await;
    let answer = peer.answer().await;
    assert_eq!((answer.status, &answer.headers["retry-after"]), (429, &json!("7")));
}

#[tokio::test(start_paused = true)]
async fn a_reply_has_a_status_a_field_and_headers_of_its_own() {
    let relay = Relay::start().await;
    let replies = responder(|request: Incoming| async move {
        Ok(match request.message()? {
            "field" => Reply::from("hi").in_field("response"),
            "error" => Reply::error(404, "no such city"),
            "json" => Reply::json(&json!({"reply": "Rain", "degrees": 7})),
            "list" => Reply::json(&json!([1, 2])),
            "headers" => Reply::from("hi")
                .with_header("X-Mood", "good")
                .with_header("X-Tag", "1")
                .with_header("X-Tag", "2")
                .with_header("Set-Cookie", "a=1")
                .with_header("Set-Cookie", "b=2")
                .with_header("Content-Type", "text/html; charset=utf-8")
                .with_header("Content-Length", "3")
                .with_header("Transfer-Encoding", "chunked")
                .with_header("Content-Encoding", "gzip")
                .with_header("Connection", "close")
                .with_header("Keep-Alive", "timeout=5")
                .with_header("ETag", "\"1\"")
                .with_header("X-Powered-By", "us")
                .with_header("Bad\r\nHeader", "x")
                .with_header("X-Bad", "a\r\nSet-Cookie: c=3"),
            other => Reply::from(other).with_status(other.parse().unwrap_or(200)),
        })
    });
    let (_bot, mut peer) = relay.bot(replies).await;
    let plain = json!({"content-type": "application/json"});
    for (message, status, headers, body) in [
        ("field", 200, plain.clone(), json!({"response": "hi"})),
        ("error", 404, plain.clone(), json!({"error": "no such city", "reply": "no such city"})),
        ("json", 200, plain.clone(), json!({"reply": "Rain", "degrees": 7})),
        ("list", 200, plain.clone(), json!({"reply": [1, 2]})),
        ("201", 201, plain.clone(), json!({"reply": "201"})),
        ("99", 500, plain, json!({"reply": "99"})),
        (
            "headers",
            200,
            json!({"content-type": "application/json", "x-mood": "good", "set-cookie": "a=1", "x-tag": "1, 2"}),
            json!({"reply": "hi"}),
        ),
    ] {
        peer.ask(message, message).await;
        let answer = peer.answer().await;
        assert_eq!((answer.status, &answer.headers, answer.json()), (status, &headers, body), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn html_is_escaped_in_json_emoji_are_not_and_the_author_learns_of_it() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for (text, what) in [
        ("<!DOCTYPE html><html><body>hi</body></html>", Some("<!doctype")),
        ("say <ScRiPt src=x>alert(1)</script> now", Some("<script")),
        ("</SCRIPT>", Some("</script")),
        ("<HTML lang=\"en\">", Some("<html")),
        ("I <3 you, 1 < 2, a<b", None),
        ("🙂 \u{1f469}\u{200d}\u{1f373} Grüße \u{0}\u{7} \"quoted\" \\ \n", None),
    ] {
        peer.ask("r", text).await;
        let frame = peer.text().await;
        let (frame, body) = (serde_json::from_str::<Value>(&frame).unwrap(), frame);
        let inner = frame["body"].as_str().unwrap();
        assert!(!inner.contains('<') && !body.contains('<'), "{inner}");
        assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), json!({"reply": text}), "the same JSON");
        if let Some(what) = what {
            let told = bot
                .until(|event| match event {
                    TunnelEvent::HandlerFailed { error, .. } => Some(error),
                    _ => None,
                })
                .await;
            assert_eq!(told.code(), &codes::HTML_IN_REPLY);
            assert!(told.message().contains(what) && told.message().contains("byte"), "{told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hundreds_are_answered_at_once_and_a_slow_one_holds_nobody_up() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("slow", "sleep 10").await;
    let asked = Instant::now();
    for n in 0..255 {
        peer.ask(&format!("fast-{n}"), "sleep 1").await;
    }
    for _ in 0..255 {
        assert_eq!(peer.answer().await.status, 200);
    }
    assert_eq!(asked.elapsed().as_secs(), 1);
    assert_eq!(peer.answer().await.id, "slow");
    assert_eq!(asked.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_at_once_is_told_so_and_the_rest_goes_on() {
    let relay = Relay::start().await;
    let serve = relay.client().serve(Parrot).max_at_once(2).max_bytes_at_once(1_000);
    let (mut bot, mut peer) = relay.serve(serve).await;
    for id in ["a", "b", "c"] {
        peer.ask(id, "sleep 3").await;
    }
    let busy = peer.answer().await;
    assert_eq!((busy.id.as_str(), busy.status, &busy.headers["retry-after"]), (Some("c"), 503, &json!("1")));
    assert_eq!(bot.complaint().await.0, "too_busy");
    assert_eq!(peer.answer().await.id, "a");
    assert_eq!(peer.answer().await.id, "b");
    peer.ask("d", "sleep 3").await;
    peer.ask("big", &"x".repeat(1_000)).await;
    assert_eq!(peer.answer().await.status, 503, "too many bytes beside another");
    assert_eq!(peer.answer().await.id, "d");
    peer.ask("big again", &"x".repeat(1_000)).await;
    assert_eq!(peer.answer().await.status, 200, "and alone they pass");
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_came_in_refuses_what_comes_and_closes() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("before", "sleep 5").await;
    sleep(seconds(1)).await;
    bot.handle.drain().await.unwrap();
    sleep(seconds(1)).await;
    peer.ask("after", "now").await;
    let refused = peer.answer().await;
    assert_eq!((refused.id.as_str(), refused.status), (Some("after"), 503));
    assert_eq!(peer.answer().await.reply(), "sleep 5");
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    assert!(bot.reason().await.is_none());
    bot.handle.closed().await;
    assert_eq!(bot.handle.drain().await.unwrap_err().code(), &core_codes::CLIENT_CLOSED);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_ever() {
    let relay = Relay::start().await;
    let shutdown = Shutdown::new();
    let client = relay.builder().shutdown(&shutdown).build().unwrap();
    let serve = client.serve(Parrot).deadline(seconds(20)).drain_limit(seconds(3));
    let run = tokio::spawn(serve.run());
    let mut peer = relay.online().await;
    peer.ask("endless", "sleep 100").await;
    sleep(seconds(1)).await;
    let asked = Instant::now();
    shutdown.drain();
    let answer = peer.answer().await;
    assert_eq!((answer.status, asked.elapsed()), (503, seconds(3)));
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    run.await.unwrap().unwrap();
    assert!(asked.elapsed() < seconds(5));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_closes_and_stop_ends_at_once() {
    let relay = Relay::start().await;
    let (bot, mut peer) = relay.bot(Parrot).await;
    drop(bot);
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);

    let shutdown = Shutdown::new();
    let client = relay.builder().shutdown(&shutdown).build().unwrap();
    let run = tokio::spawn(client.serve(Parrot).run());
    let mut peer = relay.online().await;
    peer.ask("slow", "sleep 20").await;
    sleep(seconds(1)).await;
    let asked = Instant::now();
    shutdown.stop();
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    run.await.unwrap().unwrap();
    assert!(asked.elapsed() <= seconds(2), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn other_paths_and_methods_are_answered_in_json() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("GET", "/", 405),
        ("PUT", "/api/chat", 405),
        ("POST", "/health", 405),
        ("POST", "/admin", 404),
        ("GET", "/favicon.ico", 404),
        ("POST", "/?x=1", 200),
        ("POST", "", 200),
    ] {
        let frame = json!({ "type": "request", "id": "r", "method": method, "path": path, "body": "{\"message\":\"m\"}" });
        peer.say(frame.to_string()).await;
        let answer = peer.answer().await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json().is_object());
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

struct Everything;

impl Responder for Everything {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        Ok(Reply::text(format!("{} {} {}", request.method(), request.path(), request.query())))
    }

    fn takes_every_path(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_boxed_responder_is_the_responder_in_it() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(BoxedResponder::new(Everything)).await;
    peer.say(r#"{"type":"request","id":1,"method":"GET","path":"/a","query_string":"b=c"}"#).await;
    assert_eq!(peer.answer().await.reply(), "GET /a b=c");
}

#[tokio::test(start_paused = true)]
async fn sizes_are_bounded_both_ways() {
    let relay = Relay::start().await;
    let long = responder(|request: Incoming| async move {
        Ok(if request.message()? == "long" { "y".repeat(2_000) } else { "ok".to_owned() })
    });
    let (mut bot, mut peer) = relay.serve(relay.client().serve(long).max_body(1_000)).await;
    peer.ask("in", &"x".repeat(1_000)).await;
    let answer = peer.answer().await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (413, Some("message too long")));
    peer.ask("out", "long").await;
    assert_eq!(peer.answer().await.status, 500);
    let error = bot
        .until(|event| match event {
            TunnelEvent::HandlerFailed { error, .. } => Some(error),
            _ => None,
        })
        .await;
    assert_eq!(error.code(), &codes::REPLY_TOO_LARGE);
    assert!(error.message().contains("1000"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn limits_that_make_no_sense_are_refused_before_anything_is_sent() {
    let relay = Relay::start().await;
    let client = relay.client();
    let refused = [
        ("max_at_once", client.serve(Parrot).max_at_once(0)),
        ("max_bytes_at_once", client.serve(Parrot).max_bytes_at_once(0)),
        ("max_body", client.serve(Parrot).max_body(0)),
        ("deadline", client.serve(Parrot).deadline(seconds(0))),
        ("drain_limit", client.serve(Parrot).drain_limit(PATIENCE * 100)),
        ("max_events", client.serve(Parrot).event_queue(0, 1)),
    ];
    for (field, serve) in refused {
        assert_eq!(serve.run().await.unwrap_err().field(), Some(field));
    }
    assert!(relay.is_left_alone(seconds(60)).await);
}

#[tokio::test]
async fn a_blocking_responder_holds_nobody_up_and_its_panic_is_caught() {
    // Real time: a thread knows no paused clock.
    let relay = Relay::start().await;
    let (wake, asleep) = std::sync::mpsc::channel::<()>();
    let asleep = std::sync::Mutex::new(asleep);
    let slow = blocking(move |request: Incoming| {
        match request.message()? {
            "wait" => drop(asleep.lock().unwrap().recv()),
            "panic" => panic!("as it was told to"),
            _ => {}
        }
        Ok(request.message()?.to_owned())
    });
    let (_bot, mut peer) = relay.bot(slow).await;
    peer.ask("slow", "wait").await;
    peer.ask("fast", "hi").await;
    assert_eq!(peer.answer().await.id, "fast");
    peer.ask("bad", "panic").await;
    assert_eq!(peer.answer().await.status, 500);
    wake.send(()).unwrap();
    assert_eq!(peer.answer().await.reply(), "wait");
}
