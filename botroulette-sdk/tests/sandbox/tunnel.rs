//! The tunnel's frames, to the character as the platform's own clients write them.

use std::time::Duration;

use botroulette_sdk::sandbox::{Outcome, Sandbox, SandboxBuilder};
use botroulette_sdk::sdk_core::sandbox::{Fault, When};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::stranger::{Tunnel, http};

/// Nobody calls unasked.
fn quiet() -> SandboxBuilder {
    Sandbox::builder().house_calls(0)
}

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test(start_paused = true)]
async fn an_official_client_comes_online_answers_and_stays() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, greeting) = Tunnel::online(&sandbox, key.expose()).await;
    let base = sandbox.url().as_str().trim_end_matches('/');
    assert_eq!(
        greeting,
        format!(
            r#"{{"type":"auth_ok","tunnel_url":"{base}/tunnel/zeph","agent_name":"Zeph","service_code":"zeph"}}"#
        )
    );
    tunnel.say(r#"{"type":"ping"}"#).await;
    assert_eq!(tunnel.text().await, r#"{"type":"pong"}"#);

    // As `tunnel.js` does it: id, method, path and body of the request; five fields in the response.
    let body = br#"{"message": "Hello, what can you do?"}"#;
    let caller = http(&sandbox, "POST /tunnel/zeph/", JSON, body);
    let bot = async {
        let request = tunnel.json().await;
        assert_eq!(request["type"], "request");
        assert_eq!((&request["method"], &request["path"]), (&json!("POST"), &json!("/")));
        assert_eq!(request["body"], r#"{"message": "Hello, what can you do?"}"#);
        assert_eq!(request["query_string"], "");
        assert_eq!(request["headers"]["content-type"], "application/json");
        let id = request["id"].as_str().expect("a text: `tunnel.py` shows its first eight characters");
        assert!(id.len() >= 8);
        tunnel
            .say(&format!(
                r#"{{"type":"response","id":"{id}","status":200,"headers":{{"content-type":"application/json","date":"Fri, 13 Feb 2026 00:00:00 GMT"}},"body":"{{\"reply\":\"I can help with recipe suggestions. \\ud83e\\udd80\"}}"}}"#
            ))
            .await;
    };
    let (reply, ()) = tokio::join!(caller, bot);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("date"), Some("Fri, 13 Feb 2026 00:00:00 GMT"));
    assert_eq!(reply.json()["reply"], "I can help with recipe suggestions. 🦀");

    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(25)).await;
        tunnel.say(r#"{"type":"ping"}"#).await;
        assert_eq!(tunnel.text().await, r#"{"type":"pong"}"#);
    }
    assert!(sandbox.is_online("zeph"));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn path_query_headers_and_body_arrive_as_they_were_sent() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    for (target, path, query) in [
        ("/tunnel/zeph", "/", ""),
        ("/tunnel/ZEPH/", "/", ""),
        ("/tunnel/zeph?lang=en&a=%26", "/", "lang=en&a=%26"),
        ("/tunnel/zeph/api/chat?x", "/api/chat", "x"),
        ("/tunnel/zeph//evil.example/@x", "//evil.example/@x", ""),
        ("/tunnel/zeph/a%2Fb%20c/%2e%2e/", "/a%2Fb%20c/%2e%2e/", ""),
    ] {
        let line = format!("DELETE {target}");
        let caller = http(&sandbox, &line, "X-Thing: a\r\nx-thing: b\r\n", "🦀".as_bytes());
        let bot = async {
            let request = tunnel.json().await;
            assert_eq!(request["method"], "DELETE", "{target}");
            assert_eq!(request["path"], path, "{target}");
            assert_eq!(request["query_string"], query, "{target}");
            assert_eq!(request["headers"]["x-thing"], "a, b");
            assert_eq!(request["headers"].get("connection"), None);
            assert_eq!(request["body"], "🦀");
            let id = &request["id"];
            tunnel.say(&json!({ "type": "response", "id": id, "status": 204 }).to_string()).await;
        };
        let (reply, ()) = tokio::join!(caller, bot);
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{target}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_ends_the_tunnel_in_the_words_of_the_spec() {
    let sandbox = quiet().start().await.unwrap();
    let mut tunnel = Tunnel::open(&sandbox).await;
    // The guide's inline client sends no key where the environment has none.
    tunnel.say(r#"{"type":"auth"}"#).await;
    assert_eq!(tunnel.text().await, r#"{"type":"error","message":"Invalid or expired API key"}"#);
    assert_eq!(tunnel.closed().await, (4001, "Invalid or expired API key".into()));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_may_wait_for_ever_to_say_who_it_is() {
    let sandbox = quiet().speed(1_000.0).auth_within(Duration::from_secs(4)).start().await.unwrap();
    let start = Instant::now();
    let mut tunnel = Tunnel::open(&sandbox).await;
    let (code, _) = tunnel.closed().await;
    assert_eq!(code, 1008);
    let waited = start.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(5)).contains(&waited), "machine's time: {waited:?}");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn heartbeat_and_relay_timeout_run_on_the_sandboxs_clock() {
    for (speed, scales, silence) in [(1.0, true, 90.0), (30.0, true, 3.0), (30.0, false, 90.0)] {
        let sandbox = quiet().speed(speed).heartbeat_scales(scales).start().await.unwrap();
        let key = sandbox.register("Zeph").unwrap();
        let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
        let start = Instant::now();
        let caller = http(&sandbox, "POST /tunnel/zeph/", JSON, b"{}");
        let (reply, _) = tokio::join!(caller, tunnel.json());
        assert_eq!(reply.status, 504);
        let waited = start.elapsed().as_secs_f64();
        assert!((waited - 30.0 / speed).abs() < 0.1, "{waited}");
        let (code, _) = tunnel.closed().await;
        assert_eq!(code, 4008);
        let waited = start.elapsed().as_secs_f64();
        assert!((waited - silence).abs() < 0.1, "{waited} instead of {silence}");
        assert_eq!(sandbox.calls()[0].outcome, Some(Outcome::TimedOut));
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_complained_about_and_survived() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    for nonsense in [
        "",
        "no JSON",
        "[]",
        "7",
        r#"{"type":7}"#,
        r#"{"type":"request","id":"x"}"#,
        r#"{"type":"auth","api_key":"x"}"#,
        r#"{"type":"response","status":200}"#,
    ] {
        tunnel.say(nonsense).await;
        let told = tunnel.json().await;
        assert_eq!(told["type"], "error", "{nonsense}");
        assert!(told["message"].is_string(), "{nonsense}");
    }
    tunnel.send(Message::binary(vec![0xff, 0])).await;
    assert_eq!(tunnel.json().await["type"], "error");
    // What is not open is nobody's: ignored, as `tunnel.js` answers some requests twice.
    tunnel.say(r#"{"type":"response","id":"unheard of","status":200,"headers":{},"body":"{}"}"#).await;
    tunnel.say(r#"{"type":"ping"}"#).await;
    assert_eq!(tunnel.text().await, r#"{"type":"pong"}"#);
    assert_eq!(sandbox.stray_responses(), 1);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_large_is_closed_with_1009() {
    let sandbox = quiet().max_body(1_000).start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    tunnel.say(&" ".repeat(2_000 + (64 << 10) + 1)).await;
    assert_eq!(tunnel.closed().await.0, 1009);
    let reply = http(&sandbox, "POST /tunnel/zeph/", JSON, &[b' '; 1_001]).await;
    assert_eq!(reply.status, 413);
    assert!(reply.json()["error"].is_string());
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_tunnel_takes_over() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut old, _) = Tunnel::online(&sandbox, key.expose()).await;
    let (mut new, _) = Tunnel::online(&sandbox, key.expose()).await;
    assert_eq!(old.json().await["type"], "error");
    let (code, reason) = old.closed().await;
    assert_eq!(code, 4000);
    assert!(reason.contains("replaced"));
    new.say(r#"{"type":"ping"}"#).await;
    assert_eq!(new.text().await, r#"{"type":"pong"}"#);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn revoked_disconnected_taken_offline_reset_and_shut_down() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    assert!(sandbox.disconnect("zeph"));
    assert_eq!(tunnel.closed().await.0, 1001);
    assert!(!sandbox.disconnect("zeph"));

    assert!(sandbox.take_offline("zeph"));
    let (mut tunnel, told) = Tunnel::online(&sandbox, key.expose()).await;
    assert!(told.starts_with(r#"{"type":"error""#), "{told}");
    assert_eq!(tunnel.closed().await.0, 1013);
    assert!(sandbox.let_online("zeph"));

    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    sandbox.reset();
    assert_eq!(tunnel.closed().await.0, 1012);

    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    assert!(sandbox.revoke("zeph"));
    assert_eq!(tunnel.closed().await.0, 4001);

    let key = sandbox.register("Nova").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    let open = http(&sandbox, "POST /tunnel/nova/", JSON, b"{}");
    let end = async {
        let request = tunnel.json().await;
        (request, sandbox.calls().last().unwrap().outcome)
    };
    let (reply, (_, outcome)) = tokio::join!(open, async {
        let seen = end.await;
        sandbox.disconnect("nova");
        seen
    });
    assert_eq!((reply.status, outcome), (502, None), "who waits is told at once");
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    let (_, closed) = tokio::join!(sandbox.shutdown(), tunnel.closed());
    assert_eq!(closed.0, 1001);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_at_a_shutdown_is_answered() {
    let sandbox = quiet().start().await.unwrap();
    let addr = sandbox.server().addr();
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("POST /tunnel/statue/ HTTP/1.1\r\nHost: {addr}\r\nContent-Length: 2\r\n\r\n{{}}");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    while sandbox.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let start = Instant::now();
    sandbox.shutdown().await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn faults_are_ordered_by_the_frames_names_and_by_magic_words() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    sandbox.faults().order(Fault::Duplicate.on(When::sending("request")).only("zeph")).unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    let caller = http(&sandbox, "POST /tunnel/zeph/", JSON, b"{}");
    let bot = async {
        let (first, second) = (tunnel.json().await, tunnel.json().await);
        assert_eq!(first, second);
        for frame in [first, second] {
            let answer = json!({ "type": "response", "id": frame["id"], "status": 200, "body": "{}" });
            tunnel.say(&answer.to_string()).await;
        }
    };
    let (reply, ()) = tokio::join!(caller, bot);
    assert_eq!(reply.status, 200);
    tunnel.say(r#"{"type":"ping"}"#).await;
    tunnel.text().await;
    assert_eq!(sandbox.stray_responses(), 1);

    // A key nobody was given, with a word in it, is a guest's.
    let (mut guest, greeting) = Tunnel::online(&sandbox, "kp_live_faultClose4007OnTurn").await;
    assert!(greeting.contains(r#""service_code":"guest1""#), "{greeting}");
    let (reply, (code, _)) =
        tokio::join!(http(&sandbox, "POST /tunnel/guest1/", JSON, b"{}"), guest.closed());
    assert_eq!((reply.status, code), (502, 4007));
    let (mut refused, told) = Tunnel::online(&sandbox, "kp_live_faultRevoked").await;
    assert!(told.contains("Invalid or expired API key"));
    assert_eq!(refused.closed().await.0, 4001);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_requests_at_once_are_each_answered_once() {
    let sandbox = quiet().start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let (mut tunnel, _) = Tunnel::online(&sandbox, key.expose()).await;
    let callers = (0..256_u64).map(|n| {
        let body = format!(r#"{{"message":"{n}"}}"#);
        let sandbox = &sandbox;
        async move {
            // Not all in one instant: the system's queue of connections is shorter than that.
            tokio::time::sleep(Duration::from_millis(n)).await;
            http(sandbox, "POST /tunnel/zeph/", JSON, body.as_bytes()).await.json()["reply"].clone()
        }
    });
    let bot = async {
        let mut requests = Vec::new();
        for _ in 0..256 {
            requests.push(tunnel.json().await);
        }
        // In another order than they came.
        while let Some(request) = requests.pop() {
            let body: serde_json::Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
            let body = json!({ "reply": body["message"] }).to_string();
            let answer = json!({ "type": "response", "id": request["id"], "status": 200, "headers": {}, "body": body });
            tunnel.say(&answer.to_string()).await;
        }
    };
    let (replies, ()) = tokio::join!(futures_util::future::join_all(callers), bot);
    for (n, reply) in replies.iter().enumerate() {
        assert_eq!(*reply, n.to_string());
    }
    assert_eq!(sandbox.stray_responses(), 0);
    sandbox.shutdown().await;
}
