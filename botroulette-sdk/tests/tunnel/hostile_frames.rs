//! Frames that no relay should send. Each is answered or told as the tunnel's table says, and none ends the tunnel.

use botroulette_sdk::{Incoming, TunnelEvent, responder};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::answering::Parrot;
use crate::relay::{Bot, Peer, Relay, seconds};

/// The tunnel is still there, on the same connection.
async fn still_answers(peer: &mut Peer) {
    peer.ask("still", "here").await;
    let answer = peer.answer().await;
    assert_eq!((answer.id.as_str(), answer.reply().as_str()), (Some("still"), "here"));
}

async fn online() -> (Relay, Bot, Peer) {
    let relay = Relay::start().await;
    let (bot, peer) = relay.bot(Parrot).await;
    (relay, bot, peer)
}

#[tokio::test(start_paused = true)]
async fn a_request_that_says_not_whom_to_answer_is_told_and_not_answered() {
    let (_relay, mut bot, mut peer) = online().await;
    let long = format!("\"{}\"", "i".repeat(2_000));
    for id in
        ["", r#""id":null,"#, r#""id":{},"#, r#""id":[1],"#, r#""id":true,"#, &format!("\"id\":{long},")]
    {
        peer.say(format!(r#"{{"type":"request",{id}"body":"{{}}"}}"#)).await;
        let told = bot.complaint().await;
        assert_eq!(told, ("bad_frame".to_owned(), Some("id".to_owned())), "{id}");
    }
    assert!(peer.hears_nothing(seconds(60)).await);
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_number_and_a_written_otherwise_text_are_ids_like_any_other() {
    let (_relay, _bot, mut peer) = online().await;
    for (sent, back) in [
        ("7", json!(7)),
        ("-1.5", json!(-1.5)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("\"\"", json!("")),
        (r#""A""#, json!("A")),
        (r#""\" \\ 🙂 \n""#, json!("\" \\ 🙂 \n")),
    ] {
        peer.say(format!(r#"{{"type":"request","id":{sent},"body":"{{\"message\":\"hi\"}}"}}"#)).await;
        let answer = peer.answer().await;
        assert_eq!((answer.id, answer.status), (back, 200), "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn row_17_a_duplicate_id_is_answered_once_however_it_is_written() {
    let (_relay, mut bot, mut peer) = online().await;
    peer.ask("A", "sleep 3").await;
    peer.ask("A", "again").await;
    peer.say(r#"{"type":"request","id":"\u0041","body":"{}"}"#).await;
    for _ in 0..2 {
        assert_eq!(bot.complaint().await.0, "duplicate_request");
    }
    assert_eq!(peer.answer().await.reply(), "sleep 3");
    assert!(peer.hears_nothing(seconds(60)).await);
    // So it is after the answer.
    peer.ask("A", "once more").await;
    assert_eq!(bot.complaint().await.0, "duplicate_request");
    assert!(peer.hears_nothing(seconds(60)).await);
    // A field that stands in one frame twice is no JSON object that means one thing.
    peer.say(r#"{"type":"request","id":"x","id":"y","body":"{}"}"#).await;
    assert_eq!(bot.complaint().await.0, "decode_failed");
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn bodies_of_every_kind_reach_the_responder_as_text() {
    let relay = Relay::start().await;
    let echo = responder(|request: Incoming| async move { Ok(json!({ "body": request.body() })) });
    let (_bot, mut peer) = relay.bot(echo).await;
    for (sent, body) in [
        (r#""plain""#, "plain"),
        (r#"{"message":"hi","n":[1, 2]}"#, r#"{"message":"hi","n":[1, 2]}"#),
        ("null", ""),
        ("[1,2]", "[1,2]"),
        ("7", "7"),
        ("false", "false"),
    ] {
        peer.say(format!(r#"{{"type":"request","id":"r","body":{sent}}}"#)).await;
        assert_eq!(peer.answer().await.json()["body"], body, "{sent}");
    }
    peer.say(r#"{"type":"request","id":"r"}"#).await;
    assert_eq!(peer.answer().await.json()["body"], "");
}

#[tokio::test(start_paused = true)]
async fn five_mebibytes_pass_both_ways() {
    let (_relay, _bot, mut peer) = online().await;
    let long = "five mebibytes of <b>\"words\"</b> and 🙂 ".repeat(5 << 15);
    peer.ask("big", &long).await;
    let answer = peer.answer().await;
    assert!(answer.body.len() > 5 << 20 && !answer.body.contains('<'));
    assert_eq!(answer.reply(), long);
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn row_15_a_field_of_a_wrong_type_is_answered_with_400() {
    let (_relay, mut bot, mut peer) = online().await;
    for (field, value) in [
        ("method", "7"),
        ("method", "{}"),
        ("path", "[]"),
        ("path", "7"),
        ("query_string", "{}"),
        ("headers", "[]"),
        ("headers", "\"x: y\""),
        ("headers", "7"),
    ] {
        peer.say(format!(r#"{{"type":"request","id":"r","{field}":{value},"body":"{{}}"}}"#)).await;
        let answer = peer.answer().await;
        assert_eq!((answer.status, answer.json()["error"].is_string()), (400, true), "{field} {value}");
        assert_eq!(bot.complaint().await, ("bad_frame".to_owned(), Some(field.to_owned())));
    }
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn headers_of_every_kind_are_taken_as_far_as_they_are_headers() {
    let relay = Relay::start().await;
    let count = responder(|request: Incoming| async move {
        let headers = request.headers();
        let list: Vec<_> = headers.get_all("x-list").iter().map(|value| value.to_str().unwrap()).collect();
        Ok(json!({ "count": headers.len(), "list": list, "session": request.session() }))
    });
    let (_bot, mut peer) = relay.bot(count).await;
    let headers = json!({
        "X-List": ["a", "b", 7],
        "x-kpath-SESSION-id": 42,
        "X-Null": null,
        "X-Object": {"a": 1},
        "X-Crlf": "a\r\nX-Injected: b",
        "Bad Name": "x",
        "": "x",
        "Ünïcode": "x",
    });
    let request =
        |headers: Value| json!({"type": "request", "id": "r", "headers": headers, "body": "{}"}).to_string();
    peer.say(request(headers)).await;
    assert_eq!(peer.answer().await.json(), json!({"count": 3, "list": ["a", "b"], "session": "42"}));
    let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("x-{n}"), json!("v"))).collect();
    for too_many in
        [Value::from(many), json!({"x-long": "v".repeat(33_000)}), json!({"x": "v".repeat(100_000)})]
    {
        peer.say(request(too_many)).await;
        assert_eq!(peer.answer().await.status, 431);
    }
    peer.say(request(json!({}))).await;
    assert_eq!(peer.answer().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn invalid_methods_and_odd_paths_are_answered_in_json() {
    let (_relay, _bot, mut peer) = online().await;
    for (method, path) in [
        ("BAD METHOD", "/"),
        ("", "/"),
        ("GET\r\nX: y", "/"),
        ("\u{0}", "/"),
        ("POST", "/a b"),
        ("POST", "/ünï/🙂"),
        ("POST", "//evil.example/x"),
        ("POST", "@127.0.0.1:9/x"),
        ("POST", "http://127.0.0.1:9/x"),
        ("POST", "/../../etc/passwd"),
        ("POST", "/\r\nHost: evil"),
        ("POST", &"/x".repeat(50_000)),
    ] {
        let frame = json!({"type": "request", "id": "r", "method": method, "path": path, "body": "{\"message\":\"m\"}"});
        peer.say(frame.to_string()).await;
        let answer = peer.answer().await;
        assert!(matches!(answer.status, 404 | 405), "{method:?} {path:?}: {}", answer.status);
        assert!(answer.json()["error"].is_string());
    }
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_is_told() {
    let (_relay, mut bot, mut peer) = online().await;
    for text in
        ["", "{", "nonsense", "{\"type\":\"request\",\"id\":\"r\",", &"[".repeat(100_000), "\u{0}", "{]}"]
    {
        peer.say(text).await;
        let (code, _) = bot.complaint().await;
        assert!(matches!(code.as_str(), "not_json" | "decode_failed"), "{code} for {text:.20}");
    }
    peer.0.send(Message::binary(vec![0_u8, 1, 255])).await.unwrap();
    assert_eq!(bot.complaint().await.0, "bad_frame");
    assert!(peer.hears_nothing(seconds(60)).await);
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn unknown_types_are_told_as_they_came() {
    let (_relay, mut bot, mut peer) = online().await;
    for (text, kind) in [
        (r#"{"type":"maintenance","at":"noon"}"#, "maintenance"),
        (r#"{"type":7}"#, ""),
        (r#"{"no":"type"}"#, ""),
        ("[1,2]", ""),
        ("null", ""),
        (r#"{"type":"response","id":"r","status":200}"#, "response"),
        (r#"{"type":"REQUEST","id":"r"}"#, "REQUEST"),
    ] {
        peer.say(text).await;
        let frame = bot
            .until(|event| match event {
                TunnelEvent::Unknown(frame) => Some(frame),
                _ => None,
            })
            .await;
        assert_eq!((frame.frame_type.as_str(), frame.text.as_str()), (kind, text));
    }
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_before_the_key_is_accepted_is_told_and_not_answered() {
    let relay = Relay::start().await;
    let serve = relay.client().serve(Parrot);
    let accepting = async {
        let mut peer = relay.accept().await;
        peer.text().await;
        peer.ask("early", "hi").await;
        peer.say(crate::relay::AUTH_OK).await;
        peer
    };
    let (connected, mut peer) = tokio::join!(serve.connect(), accepting);
    let (handle, events) = connected.unwrap();
    let mut bot = Bot { handle, events };
    assert_eq!(bot.complaint().await.0, "bad_frame");
    assert!(peer.hears_nothing(seconds(60)).await);
    still_answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn an_auth_ok_of_another_shape_is_an_auth_ok_all_the_same() {
    for (auth_ok, url, extra) in [
        (r#"{"type":"auth_ok"}"#, None, json!({})),
        (
            r#"{"type":"auth_ok","tunnel_url":7,"plan":"free"}"#,
            None,
            json!({"tunnel_url": 7, "plan": "free"}),
        ),
        (r#"{ "tunnel_url": "https://x", "type": "auth_ok" }"#, Some("https://x"), json!({})),
    ] {
        let relay = Relay::start().await;
        let accepting = async {
            let mut peer = relay.accept().await;
            peer.text().await;
            peer.say(auth_ok).await;
            peer
        };
        let (connected, mut peer) = tokio::join!(relay.client().serve(Parrot).connect(), accepting);
        let (_handle, mut events) = connected.unwrap();
        let Some(TunnelEvent::Connecting { .. }) = events.next().await else { panic!("no dial") };
        let Some(TunnelEvent::Connected(connected)) = events.next().await else { panic!("not online") };
        assert_eq!((connected.tunnel_url.as_deref(), Value::from(connected.extra)), (url, extra));
        still_answers(&mut peer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn json_that_is_nested_without_end_is_answered_and_overflows_no_stack() {
    let (_relay, _bot, mut peer) = online().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = Value::from(format!(r#"{{"message":{deep}}}"#)).to_string();
    for body in [text, format!(r#"{{"message":{deep}}}"#), deep] {
        peer.say(format!(r#"{{"type":"request","id":"r","body":{body}}}"#)).await;
        assert_eq!(peer.answer().await.status, 400);
    }
    still_answers(&mut peer).await;
}
