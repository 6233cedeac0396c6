//! The REST caller over real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod scripted;

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scripted::{Answer, Server, answer, everything, json};
use sdk_core::Sent;
use sdk_core::clock::Clock;
use sdk_core::error::{Code, codes};
use sdk_core::http::{Auth, Http, HttpBuilder, Idempotency, RetryPolicy};
use sdk_core::network::Network;
use sdk_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use url::Url;

/// A certificate of nobody's: its private key was never kept.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBmDCCAT+gAwIBAgIUMocRPLFoKlHoboXwK7LKJVewu4EwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWQSB0ZXN0J3Mgb3duIGF1dGhvcml0eTAgFw0yNjExMjAxMzQ4
NTJaGA8yMTI2MTAyNzEzNDg1MlowITEfMB0GA1UEAwwWQSB0ZXN0J3Mgb3duIGF1
dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAhlnZOqWBRo7DYZySGW
dCqXCSl290MaYiwFiiMAFg+6deoGwlpTbM2KSNxKX4djm6XJ7iqbtjMg9sJuqDHO
BU+jUzBRMB0GA1UdDgQWBBTQIG4HCH0X4BPXyhyndBr0cuwRuTAfBgNVHSMEGDAW
gBTQIG4HCH0X4BPXyhyndBr0cuwRuTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0cAMEQCIER1ouSbyBzzab50Pe8Bxs8sR7ICKlhnmuhah12UBXxxAiAgeM1G
TTwjMMD24m3dFGvt4IF77OwCii+dwWNqUgnzlg==
-----END CERTIFICATE-----
";

#[tokio::test]
async fn every_error_shape_becomes_a_typed_error_that_keeps_its_status() {
    struct Case {
        status: u16,
        kind: &'static str,
        body: &'static str,
        code: &'static Code,
        platform_code: Option<&'static str>,
        field: Option<&'static str>,
        says: &'static str,
    }
    let case = |status, kind, body, code, says| Case {
        status,
        kind,
        body,
        code,
        platform_code: None,
        field: None,
        says,
    };
    let cases = [
        case(
            404,
            "application/json",
            r#"{"error": "Agent not found"}"#,
            &codes::HTTP_STATUS,
            "Agent not found",
        ),
        case(
            401,
            "application/json",
            r#"{"detail":"Authentication required"}"#,
            &codes::AUTH_REJECTED,
            "Authentication required",
        ),
        Case {
            platform_code: Some("FORBIDDEN"),
            ..case(
                403,
                "application/json",
                r#"{"error":{"code":"FORBIDDEN","message":"Not a participant","details":{}}}"#,
                &codes::REJECTED,
                "Not a participant",
            )
        },
        case(403, "text/html", "<html><h1>403 Forbidden</h1></html>", &codes::HTTP_STATUS, "page of HTML"),
        Case {
            platform_code: Some("USERNAME_TAKEN"),
            field: Some("username"),
            ..case(
                409,
                "application/json",
                r#"{"detail":{"field":"username","code":"USERNAME_TAKEN","message":"Username already exists"}}"#,
                &codes::HTTP_STATUS,
                "Username already exists",
            )
        },
        Case {
            field: Some("body.uci"),
            ..case(
                422,
                "application/json",
                r#"{"detail":[{"type":"missing","loc":["body","uci"],"msg":"Field required","input":{}}]}"#,
                &codes::HTTP_STATUS,
                "body.uci: Field required",
            )
        },
        case(
            500,
            "text/plain; charset=utf-8",
            "Internal Server Error",
            &codes::HTTP_STATUS,
            "Internal Server Error",
        ),
        case(
            502,
            "text/html",
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>",
            &codes::HTTP_STATUS,
            "page of HTML",
        ),
        case(
            503,
            "application/json",
            r#"{"status":"error","db":"disconnected"}"#,
            &codes::HTTP_STATUS,
            "Service Unavailable",
        ),
        case(503, "application/json", "", &codes::HTTP_STATUS, "without a body"),
        case(429, "text/html", "<html>429</html>", &codes::RATE_LIMITED, "page of HTML"),
        case(400, "application/json", "{\"error\":", &codes::HTTP_STATUS, "Bad Request"),
        case(418, "application/octet-stream", "\u{0}\u{1}", &codes::HTTP_STATUS, "I'm a teapot"),
        case(304, "text/plain", "", &codes::HTTP_STATUS, "Not Modified"),
    ];
    for Case { status, kind, body, code, platform_code, field, says } in cases {
        let headers = format!("Content-Type: {kind}\r\nX-Request-Id: req-7\r\n");
        let server = Server::start(vec![answer(status, &headers, body)]).await;
        let client = server.builder().retry(RetryPolicy::none()).build().unwrap();
        let error = client.get(&["api", "x"]).query("token", "s3cr3t").send().await.unwrap_err();
        assert_eq!(error.code(), code, "{body}");
        assert_eq!(error.status(), Some(status), "{body}");
        assert_eq!(error.platform_code_str(), platform_code, "{body}");
        assert_eq!(error.field(), field, "{body}");
        assert_eq!(error.request_id(), Some("req-7"), "{body}");
        assert_eq!(error.sent(), Sent::Yes, "{body}");
        assert_eq!(error.body(), Some(body.as_bytes()), "{body}");
        assert!(error.message().contains(says), "{}", error.message());
        let host = server.base.authority();
        assert!(error.message().starts_with(&format!("GET /api/x on {host}: ")), "{}", error.message());
        assert!(!everything(&error).contains("s3cr3t"), "{error:?}");
    }
}

#[tokio::test]
async fn the_status_survives_a_body_that_does_not_come() {
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n{\"error\":";
    let server = Server::start(vec![Answer::Raw(head.to_owned())]).await;
    let error = server.client().post(&["x"]).send().await.unwrap_err();
    assert_eq!((error.code(), error.status()), (&codes::HTTP_STATUS, Some(400)));
    assert_eq!(error.body(), Some(&b"{\"error\":"[..]));
}

#[tokio::test(start_paused = true)]
async fn the_status_survives_a_body_that_stalls() {
    let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n";
    let server = Server::start(vec![Answer::Stall(head.to_owned())]).await;
    let start = Instant::now();
    let error = server.client().get(&["x"]).send().await.unwrap_err();
    assert_eq!(error.code(), &codes::AUTH_REJECTED);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn retry_after_is_read_in_both_forms() {
    for (headers, seconds) in [
        ("Retry-After: 7\r\n", 7),
        ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\n", 30),
        ("Retry-After: -5\r\n", 0),
        ("Retry-After: 99999999999999999999\r\n", 600),
    ] {
        let server = Server::start(vec![answer(429, headers, "")]).await;
        let client = server.builder().retry(RetryPolicy::none()).build().unwrap();
        let error = client.get(&["x"]).send().await.unwrap_err();
        assert_eq!(error.code(), &codes::RATE_LIMITED);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)), "{headers}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_time_where_it_was_told() {
    let told = std::time::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (headers, expected) in
        [("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", Some(told)), ("Date: yesterday\r\n", None), ("", None)]
    {
        let server = Server::start(vec![answer(401, headers, "")]).await;
        let error = server.client().get(&["x"]).send().await.unwrap_err();
        assert_eq!(error.server_time(), expected, "{headers}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_safe_call_is_tried_again_and_a_never_call_is_not() {
    let partial = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":";
    for (fails, code, status, sent, tries) in [
        (Answer::Vanish, &codes::CONNECTION_LOST, None, Sent::Maybe, 3),
        (Answer::Raw("this is not HTTP\r\n\r\n".to_owned()), &codes::CONNECTION_LOST, None, Sent::Maybe, 3),
        (Answer::Raw(partial.to_owned()), &codes::CONNECTION_LOST, Some(200), Sent::Yes, 3),
        (answer(500, "", ""), &codes::HTTP_STATUS, Some(500), Sent::Yes, 2),
        (answer(502, "", ""), &codes::HTTP_STATUS, Some(502), Sent::Yes, 3),
        (answer(503, "", ""), &codes::HTTP_STATUS, Some(503), Sent::Yes, 3),
        (answer(504, "", ""), &codes::HTTP_STATUS, Some(504), Sent::Yes, 3),
        (answer(429, "Retry-After: 1\r\n", ""), &codes::RATE_LIMITED, Some(429), Sent::Yes, 3),
        (answer(404, "", ""), &codes::HTTP_STATUS, Some(404), Sent::Yes, 1),
    ] {
        let server = Server::start(vec![fails.clone()]).await;
        let error = server.client().get(&["x"]).send().await.unwrap_err();
        assert_eq!((error.code(), error.status(), error.sent()), (code, status, sent));
        assert_eq!(server.times(), tries, "GET: {error}");

        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let server = Server::start(vec![fails.clone()]).await;
            let request = server.client().request(method.parse().unwrap(), &["move"]).json(&"rock");
            let error = request.send().await.unwrap_err();
            assert_eq!((error.code(), error.status(), error.sent()), (code, status, sent));
            assert_eq!(server.times(), 1, "{method}: {error}");
            assert!(server.seen()[0].ends_with("\r\n\r\n\"rock\""), "{:?}", server.seen());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_declared_idempotency_leads_over_the_methods_own() {
    let server = Server::start(vec![Answer::Vanish, Answer::Vanish, json(200, "3")]).await;
    let put = server.client().put(&["x"]).json(&1).idempotency(Idempotency::Safe);
    assert_eq!(put.send_json::<u8>().await.unwrap(), 3);
    let bodies = server.seen().iter().filter(|request| request.ends_with("\r\n\r\n1")).count();
    assert_eq!(bodies, 3, "every try sends the body: {:?}", server.seen());

    let server = Server::start(vec![answer(503, "", "")]).await;
    server.client().get(&["x"]).idempotency(Idempotency::Never).send().await.unwrap_err();
    assert_eq!(server.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_servers_wait_is_kept_and_one_too_long_is_not_begun() {
    let server = Server::start(vec![answer(429, "Retry-After: 7\r\n", ""), json(200, "1")]).await;
    let start = Instant::now();
    server.client().get(&["x"]).send_json::<u8>().await.unwrap();
    let took = start.elapsed();
    assert!((7.0..7.1).contains(&took.as_secs_f64()), "{took:?}");

    let server = Server::start(vec![answer(503, "Retry-After: 40\r\n", ""), json(200, "1")]).await;
    let start = Instant::now();
    let error = server.client().get(&["x"]).send().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!((server.times(), start.elapsed().as_secs()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_servers_wait_is_real_time_and_ours_is_the_clocks() {
    let server = Server::start(vec![answer(503, "Retry-After: 6\r\n", ""), json(200, "1")]).await;
    let client = server.builder().clock(Clock::scaled(60.0)).build().unwrap();
    let start = Instant::now();
    client.get(&["x"]).send_json::<u8>().await.unwrap();
    let took = start.elapsed();
    assert!((5.99..6.1).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_retry_budget_that_an_outage_uses_up_and_successes_fill() {
    let down = answer(503, "", "");
    let script = [vec![down.clone(); 18], vec![json(200, "1"); 10], vec![down]].concat();
    let server = Server::start(script).await;
    let client = server.client();
    let mut tries = Vec::new();
    for _ in 0..20 {
        let before = server.times();
        let _ = client.clone().get(&["x"]).send().await;
        tries.push(server.times() - before);
    }
    assert_eq!(tries[..8], [3, 3, 3, 3, 3, 1, 1, 1], "the outage");
    assert_eq!(tries[8..18], [1; 10], "the successes");
    assert_eq!(tries[18..], [2, 1], "the next outage: one retry is there again");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_waits_the_same() {
    let mut took = Vec::new();
    for seed in [7, 7, 8] {
        let server = Server::start(vec![answer(503, "", "")]).await;
        let client = server.builder().seed(seed).build().unwrap();
        let start = Instant::now();
        client.get(&["x"]).send().await.unwrap_err();
        took.push(start.elapsed());
    }
    assert_eq!(took[0], took[1]);
    assert_ne!(took[1], took[2]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_is_tried_again_even_if_it_is_never_sent_twice() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let base: Url = format!("http://{address}").parse().unwrap();

    let error = Http::builder(base.clone()).build().unwrap().post(&["x"]).send().await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECT_FAILED, Sent::No));
    assert!(error.is_retryable());
    assert!(error.chain().contains("refused"), "{}", error.chain());

    // The server comes back while the client waits, on a clock that stands still until then.
    let clock = Clock::paused();
    let client = Http::builder(base).clock(clock.clone()).build().unwrap();
    let mut call = Box::pin(client.post(&["move"]).json(&"rock").send_json::<String>());
    tokio::select! {
        biased;
        outcome = &mut call => panic!("not yet: {outcome:?}"),
        () = tokio::time::sleep(Duration::from_secs(5)) => {}
    }
    let server = Server::on(TcpListener::bind(address).await.unwrap(), vec![json(200, "\"ok\"")]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(call.await.unwrap(), "ok");
    assert_eq!(server.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline_of_the_whole_call() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    for (stall, status, sent) in [("", None, Sent::Maybe), (head, Some(200), Sent::Yes)] {
        let server = Server::start(vec![Answer::Stall(stall.to_owned())]).await;
        let start = Instant::now();
        let error = server.client().get(&["x"]).send().await.unwrap_err();
        assert_eq!((error.code(), error.status(), error.sent()), (&codes::HTTP_TIMEOUT, status, sent));
        assert_eq!((start.elapsed().as_secs(), server.times()), (30, 1));

        let start = Instant::now();
        let short = server.client().get(&["x"]).timeout(Duration::from_secs(2));
        assert!(short.send().await.unwrap_err().is_timeout());
        assert_eq!(start.elapsed().as_secs(), 2);
    }
}

#[tokio::test]
async fn a_span_beyond_all_times_is_no_panic() {
    let server = Server::start(vec![answer(503, "", ""), json(200, "1")]).await;
    let policy = RetryPolicy::new().attempt_timeout(Duration::MAX).first(Duration::MAX).cap(Duration::ZERO);
    let client = server.builder().timeout(Duration::MAX).retry(policy.attempts(u32::MAX)).build().unwrap();
    assert_eq!(client.get(&["x"]).timeout(Duration::MAX).send_json::<u8>().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_try_may_have_a_shorter_time_of_its_own() {
    let script = vec![Answer::Stall(String::new()), json(200, "1")];
    let policy = RetryPolicy::new().attempt_timeout(Duration::from_secs(3));
    let server = Server::start(script.clone()).await;
    let start = Instant::now();
    server.builder().retry(policy).build().unwrap().get(&["x"]).send_json::<u8>().await.unwrap();
    assert_eq!((start.elapsed().as_secs(), server.times()), (3, 2));

    let server = Server::start(script).await;
    let start = Instant::now();
    server.builder().retry(policy).build().unwrap().post(&["x"]).send().await.unwrap_err();
    assert_eq!((start.elapsed().as_secs(), server.times()), (30, 1));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(vec![json(200, "1")]).await;
        let location = format!("Location: {}stolen?token=s3cr3t\r\n", elsewhere.base);
        let server = Server::start(vec![answer(status, &location, "")]).await;
        let client = server
            .builder()
            .auth(Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new("k3y") })
            .build()
            .unwrap();
        for request in [client.get(&["x"]), client.post(&["x"]).json(&"rock")] {
            let error = request.send().await.unwrap_err();
            assert_eq!((error.code(), error.status()), (&codes::REDIRECT_REFUSED, Some(status)));
            assert!(error.message().contains("/stolen?[redacted]"), "{error}");
            assert!(!everything(&error).contains("s3cr3t") && !everything(&error).contains("k3y"), "{error}");
        }
        assert_eq!((server.times(), elsewhere.times()), (2, 0));
    }
}

#[tokio::test]
async fn a_client_of_ones_own_is_used_and_caught_when_it_follows() {
    let elsewhere = Server::start(vec![json(200, "1")]).await;
    let location = format!("Location: {}x\r\n", elsewhere.base);
    let server = Server::start(vec![answer(302, &location, ""), json(200, "7")]).await;
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let own = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent("own/1")
        .no_proxy()
        .build()
        .unwrap();
    let client = server.builder().network(Network::new().rest_client(own)).build().unwrap();
    let error = client.get(&["x"]).send().await.unwrap_err();
    assert_eq!(error.code(), &codes::REDIRECT_REFUSED);
    assert_eq!(client.get(&["x"]).send_json::<u8>().await.unwrap(), 7);
    assert!(server.seen()[1].contains("user-agent: own/1\r\n"), "{:?}", server.seen());
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_not_further() {
    let mut server = Server::start(vec![Answer::Endless]).await;
    let client = server.builder().max_body(1 << 20).build().unwrap();
    let error = client.get(&["x"]).send().await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.sent()), (&codes::BODY_TOO_LARGE, Some(200), Sent::Yes));
    assert!(error.message().contains("1048576 bytes"), "{error}");
    let written = server.endless.recv().await.unwrap();
    assert!(written < 32 << 20, "the connection was closed after {written} bytes");
    assert_eq!(server.times(), 1, "it would be as large the next time");

    let fits = "x".repeat(100);
    for (max, fits_in) in [(100, true), (99, false), (0, false)] {
        let server = Server::start(vec![answer(200, "", &fits)]).await;
        let client = server.builder().max_body(max).build().unwrap();
        assert_eq!(client.get(&["x"]).send().await.is_ok(), fits_in, "{max}");
    }
}

#[tokio::test]
async fn no_path_segment_escapes() {
    for (segment, line) in [
        ("a/b", "/v1/a%2Fb/end"),
        ("../../admin", "/v1/..%2F..%2Fadmin/end"),
        ("%2e%2e%2f", "/v1/%252e%252e%252f/end"),
        ("?x=1", "/v1/%3Fx%3D1/end"),
        ("#x", "/v1/%23x/end"),
        ("x HTTP/1.1\r\nX-Evil: 1", "/v1/x%20HTTP%2F1.1%0D%0AX-Evil%3A%201/end"),
        ("@evil.example", "/v1/%40evil.example/end"),
        ("\\\\evil.example", "/v1/%5C%5Cevil.example/end"),
        ("♞", "/v1/%E2%99%9E/end"),
    ] {
        let server = Server::start(vec![json(200, "1")]).await;
        server.client().get(&["v1", segment, "end"]).query("q", "a&b=c#d").send().await.unwrap();
        let seen = server.seen().remove(0);
        assert_eq!(seen.lines().next().unwrap(), format!("GET {line}?q=a%26b%3Dc%23d HTTP/1.1"));
        assert!(!seen.to_lowercase().contains("\r\nx-evil"), "{seen}");
    }
}

#[tokio::test]
async fn a_wrong_call_is_refused_before_anything_is_sent() {
    struct Unserialisable;
    impl serde::Serialize for Unserialisable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let server = Server::start(vec![json(200, "1")]).await;
    let client = server.client();
    for request in [
        client.get(&["a", "..", "b"]),
        client.get(&[""]),
        client.get(&["."]),
        client.get(&["a"]).header("x-key", "s3cr3t\r\nX-Evil: 1"),
        client.get(&["a"]).header("s3cr3t: x", "1"),
        client.get(&["a"]).header("Content-Length", "5"),
        client.get(&["a"]).header("transfer-encoding", "chunked"),
        client.get(&["a"]).header("host", "evil.example"),
        client.post(&["a"]).json(&Unserialisable),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!((error.code(), error.sent()), (&codes::INVALID_ARGUMENT, Sent::No), "{error}");
        assert!(!everything(&error).contains("s3cr3t"), "{error}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);

    for base in [
        "http://api.example",
        "https://u:s3cr3t@api.example",
        "http://127.0.0.1/?key=s3cr3t",
        "ws://127.0.0.1",
    ] {
        let builder = Http::builder(base.parse().unwrap());
        assert!(!format!("{builder:?}").contains("s3cr3t"), "{builder:?}");
        assert!(!everything(&builder.build().unwrap_err()).contains("s3cr3t"), "{base}");
    }
    assert!(client.get(&["a"]).query("a", 1).send().await.is_ok());
}

#[tokio::test]
async fn a_request_carries_its_headers_and_nothing_twice() {
    let server = Server::start(vec![json(200, "1")]).await;
    let network = Network::new().user_agent("my-bot/1.0");
    let bearer = server.builder().network(network).auth(Auth::Bearer(Secret::new("k3y"))).build().unwrap();
    bearer
        .post(&["x"])
        .query("game_type", "rps")
        .query_opt("limit", Some(5))
        .query_opt("cursor", None::<u8>)
        .header("X-Note", "hi")
        .secret_header("x-registration-key".parse().unwrap(), &Secret::new("r3g"))
        .json(&serde_json::json!({"a": 1}))
        .send()
        .await
        .unwrap();
    let own =
        server.builder().auth(Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new("k3y") });
    own.build().unwrap().get(&["y"]).send().await.unwrap();

    let [first, second] = server.seen().try_into().unwrap();
    assert!(first.starts_with("POST /x?game_type=rps&limit=5 HTTP/1.1\r\n"), "{first}");
    assert!(first.ends_with("\r\n\r\n{\"a\":1}"), "{first}");
    let product = concat!("user-agent: my-bot/1.0 sdk-core/", env!("CARGO_PKG_VERSION"));
    for line in [
        product,
        "authorization: Bearer k3y",
        "x-note: hi",
        "x-registration-key: r3g",
        "content-type: application/json",
        "accept: application/json",
        "content-length: 7",
    ] {
        assert_eq!(first.split("\r\n").filter(|seen| *seen == line).count(), 1, "{line}: {first}");
    }
    assert!(second.contains("\r\nx-api-key: k3y\r\n") && !second.contains("authorization"), "{second}");
    assert!(!second.contains("accept-encoding"), "nothing is decompressed: {second}");
}

#[derive(Debug, serde::Deserialize)]
struct Match {
    #[serde(default)]
    #[expect(dead_code, reason = "only its decoding matters")]
    api_key: u32,
    #[expect(dead_code, reason = "only its decoding matters")]
    players: Vec<Player>,
}

#[derive(Debug, serde::Deserialize)]
struct Player {
    #[expect(dead_code, reason = "only its decoding matters")]
    elo: u32,
}

#[tokio::test]
async fn a_decode_error_names_the_field_and_shows_no_secret() {
    for (body, code, field, says) in [
        (
            r#"{"players":[{"elo":1},{"elo":"high"}]}"#,
            &codes::DECODE_FAILED,
            Some("players[1].elo"),
            "invalid type: string \"high\", expected u32",
        ),
        (r#"{"player":[]}"#, &codes::DECODE_FAILED, None, "missing field `players`"),
        (
            r#"{"players":[],"api_key":"s3cr3t"}"#,
            &codes::DECODE_FAILED,
            Some("api_key"),
            "shape: it is {\"players\":[],\"api_key\":[redacted]}",
        ),
        ("<html>hello</html>", &codes::NOT_JSON, None, "<html>hello</html>"),
        (r#"{"api_key":"s3cr3t"#, &codes::NOT_JSON, None, "{\"api_key\":[redacted]"),
        (r#"{"players":[]} {"players":[]}"#, &codes::NOT_JSON, None, "the answer is not JSON"),
        ("", &codes::NOT_JSON, None, "the answer is empty"),
        ("you sent k3y", &codes::NOT_JSON, None, "you sent [redacted]"),
    ] {
        let server = Server::start(vec![json(200, body)]).await;
        let client = server.builder().auth(Auth::Bearer(Secret::new("k3y"))).build().unwrap();
        let error = client.get(&["m"]).send_json::<Match>().await.unwrap_err();
        assert_eq!((error.code(), error.field(), error.status()), (code, field, Some(200)), "{body}");
        assert!(error.message().contains(says), "{}", error.message());
        let shown = everything(&error);
        assert!(!shown.contains("s3cr3t") && !shown.contains("k3y"), "{shown}");
        assert_eq!(server.times(), 1, "what cannot be decoded is not asked for again");
    }
    let long = format!("{{\"name\":\"{}\"}}", "♞".repeat(10_000));
    let server = Server::start(vec![json(200, &long)]).await;
    let error = server.client().get(&["m"]).send_json::<Match>().await.unwrap_err();
    assert!(error.message().chars().count() < 600, "{}", error.message().len());
}

#[tokio::test]
async fn a_status_alone_can_be_enough() {
    let partial = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let server = Server::start(vec![Answer::Raw(partial.to_owned())]).await;
    server.client().put(&["x"]).send_empty().await.unwrap();
    assert_eq!(server.times(), 1);

    let server = Server::start(vec![answer(404, "", "gone")]).await;
    let response = server.client().get(&["x"]).expect(&[200, 404]).send().await.unwrap();
    assert_eq!((response.status(), response.text().unwrap()), (404, "gone"));
    assert!(!format!("{response:?}").contains("gone"));

    let server = Server::start(vec![json(202, "1")]).await;
    let error = server.client().post(&["x"]).expect(&[201]).send().await.unwrap_err();
    assert_eq!((error.code(), error.status()), (&codes::HTTP_STATUS, Some(202)));

    let server =
        Server::start(vec![Answer::Raw("HTTP/1.1 200 OK\r\n\r\n\u{0}".replace('\u{0}', "ok"))]).await;
    assert_eq!(server.client().get(&["x"]).send().await.unwrap().body().as_ref(), b"ok");
}

/// What the client says first, and whether it was asked to speak HTTP/1.1 alone.
async fn client_hello(listener: &TcpListener) -> (Vec<Vec<u8>>, TcpStream) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut acceptor = rustls::server::Acceptor::default();
    loop {
        let mut bytes = Vec::new();
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the client left");
        let mut bytes = Cursor::new(bytes);
        while acceptor.read_tls(&mut bytes).unwrap() > 0 {}
        if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error).unwrap() {
            let alpn = accepted.client_hello().alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
            return (alpn, stream);
        }
    }
}

#[tokio::test]
async fn tls_offers_http_1_1_alone_and_a_failed_handshake_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let network = Network::new().root_certificate_pem(AUTHORITY.as_bytes()).unwrap();

    let upgrade = network.websocket(&base).unwrap().get(base.clone()).send();
    let rest = Http::builder(base.clone()).network(network.clone()).build().unwrap();
    let rest = rest.get(&["x"]).send();
    let server = async {
        let (websocket, stream) = client_hello(&listener).await;
        drop(stream);
        let (rest, mut stream) = client_hello(&listener).await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        assert_eq!([websocket, rest], [[b"http/1.1".to_vec()], [b"http/1.1".to_vec()]]);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = server => {}
        () = async {
            upgrade.await.unwrap_err();
            let error = rest.await.unwrap_err();
            assert_eq!((error.code(), error.sent()), (&codes::TLS_FAILED, Sent::No), "{}", error.chain());
        } => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stalls_ends_at_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let network = Network::new().root_certificate_pem(AUTHORITY.as_bytes()).unwrap();
    let client =
        Http::builder(base).network(network.connect_timeout(Duration::from_secs(4))).build().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    let start = Instant::now();
    let error = client.post(&["move"]).send().await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECT_TIMEOUT, Sent::No), "{}", error.chain());
    assert_eq!((connections.load(Ordering::SeqCst), start.elapsed().as_secs()), (3, 12));
}

#[tokio::test]
async fn a_proxy_is_used_elsewhere_and_never_on_loopback() {
    let proxy = Server::start(vec![json(200, "\"proxied\"")]).await;
    let server = Server::start(vec![json(200, "\"direct\"")]).await;
    let url = format!("http://bot:hunter2@{}", proxy.base.authority());
    let network = Network::new().proxy(&url).unwrap().allow_plaintext(true);

    let direct = server.builder().network(network.clone()).build().unwrap();
    assert_eq!(direct.get(&["x"]).send_json::<String>().await.unwrap(), "direct");
    assert_eq!((server.times(), proxy.times()), (1, 0));

    // Nobody has this name, so only the proxy can answer.
    let elsewhere = Http::builder("http://api.invalid".parse().unwrap()).network(network).build().unwrap();
    assert_eq!(elsewhere.get(&["x"]).send_json::<String>().await.unwrap(), "proxied");
    let seen = proxy.seen().remove(0);
    assert!(seen.starts_with("GET http://api.invalid/x HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("\r\nproxy-authorization: Basic Ym90Omh1bnRlcjI=\r\n"), "{seen}");
    assert!(!format!("{elsewhere:?}").contains("hunter2"));
}

#[test]
fn what_crosses_threads_does() {
    fn send_sync<T: Send + Sync + 'static>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<Http>();
    send_sync::<HttpBuilder>();
    send_sync::<Network>();
    let client = Http::builder("http://127.0.0.1:1".parse().unwrap()).build().unwrap();
    send(client.get(&["x"]).send_json::<u8>());
}

/// An answer that never ends is read while it comes, and its parts are not waited for.
#[tokio::test]
async fn an_open_answer_is_read_while_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).await.unwrap();
        assert!(request[..length].starts_with(b"GET /events HTTP/1.1\r\n"));
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        stream.write_all(b"3\r\none\r\n").await.unwrap();
        // The rest never comes: the client goes first, and closes the connection.
        assert!(stream.read_u8().await.is_err());
    });
    let http = Http::builder(base).build().unwrap();
    let mut stream = http.get(&["events"]).open().await.unwrap();
    assert_eq!((stream.head().status(), stream.head().body().len()), (200, 0));
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "one");
    drop(stream);
    server.await.unwrap();
}

/// One that breaks off says so, and what is refused is refused before anything is read.
#[tokio::test]
async fn an_open_answer_that_breaks_off_is_an_error() {
    let cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
    let server = Server::start(vec![Answer::Raw(cut.to_owned()), json(403, r#"{"detail":"no"}"#)]).await;
    let http = server.client();
    let mut stream = http.get(&["events"]).open().await.unwrap();
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "one");
    let error = stream.chunk().await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.sent()), (&codes::CONNECTION_LOST, Some(200), Sent::Yes));
    assert!(stream.chunk().await.unwrap().is_none());
    assert_eq!(http.get(&["events"]).open().await.unwrap_err().code(), &codes::REJECTED);
}
