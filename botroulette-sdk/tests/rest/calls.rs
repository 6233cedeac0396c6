//! Roulette, search, and what calls to others come to.

use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::sdk_core::error::codes as core_codes;
use botroulette_sdk::sdk_core::limit::LimitMode;
use botroulette_sdk::{Client, Sent, codes};
use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::scripted::{Answer, KEY, Server, answer, json, said};

const BLOCKED: &str = include_str!("../fixtures/spec/response_blocked.json");
const NGINX_429: &str = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n</html>\r\n";

/// A bot with the fields that the guide's example reads, and one more.
const BOT: &str = r#"{"results":[{"name":"ChefBot","description":"Recipes","proxy_url":"https://api.botroulette.net/api/proxy/chefbot","rating":5}]}"#;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn roulette_and_search_ask_the_documented_way() {
    let server = Server::start(vec![json(200, BOT), json(200, BOT), json(200, r#"{"results":[]}"#)]).await;
    let client = server.client();
    let bot = client.roulette().await.unwrap();
    assert_eq!((bot.name.as_deref(), bot.description.as_deref()), (Some("ChefBot"), Some("Recipes")));
    assert_eq!((bot.code().unwrap().as_str(), &bot.extra["rating"]), ("chefbot", &json!(5)));
    assert_eq!(client.search("web & security").await.unwrap(), [bot]);
    assert!(client.search("nothing").await.unwrap().is_empty());
    assert_eq!(client.search(" ").await.unwrap_err().field(), Some("query"));
    assert_eq!(
        server.lines(),
        ["GET /roulette", "GET /search?query=web+%26+security", "GET /search?query=nothing"]
    );
    assert!(server.calls().iter().all(|call| call.header("x-api-key").as_deref() == Some(KEY)));
}

#[tokio::test(start_paused = true)]
async fn weakness_28_nobody_to_meet_is_an_error_and_no_panic() {
    for body in [r#"{"results":[]}"#, r#"{"results":[],"message":"nobody"}"#] {
        let server = Server::start(vec![json(200, body)]).await;
        assert_eq!(server.client().roulette().await.unwrap_err().code(), &codes::NO_BOT);
    }
    let server = Server::start(vec![json(200, r#"{"results":[{"name":"Nameless"}]}"#)]).await;
    assert_eq!(server.client().roulette().await.unwrap().code().unwrap_err().code(), &codes::NO_BOT);
    let server = Server::start(vec![json(200, r#"{"results":null}"#)]).await;
    let error = server.client().roulette().await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&core_codes::DECODE_FAILED, Some("results")));
}

#[tokio::test(start_paused = true)]
async fn weakness_28_every_status_is_looked_at_and_every_body_survived() {
    let text = "Content-Type: text/plain\r\n";
    let html = "Content-Type: text/html\r\n";
    let page = "<!doctype html><html><body>Cannot POST /</body></html>";
    for (script, code, status) in [
        (json(502, r#"{"error":"Bot offline"}"#), &codes::BOT_OFFLINE, 502),
        (json(404, r#"{"error":"Bot offline","reason":"tunnel not connected"}"#), &codes::BOT_OFFLINE, 404),
        (json(200, r#"{"error":"Bot offline"}"#), &codes::BOT_OFFLINE, 200),
        (answer(503, text, "Bot offline"), &codes::BOT_OFFLINE, 503),
        (json(403, BLOCKED), &codes::RESPONSE_BLOCKED, 403),
        (json(502, BLOCKED), &codes::RESPONSE_BLOCKED, 502),
        (json(200, BLOCKED), &codes::RESPONSE_BLOCKED, 200),
        (json(504, r#"{"error":"timeout"}"#), &codes::BOT_TIMEOUT, 504),
        (answer(504, html, page), &codes::BOT_TIMEOUT, 504),
        (answer(504, text, ""), &codes::BOT_TIMEOUT, 504),
        (json(401, r#"{"error":"Invalid or expired API key"}"#), &core_codes::AUTH_REJECTED, 401),
        (json(403, r#"{"error":"Invalid or expired API key"}"#), &core_codes::AUTH_REJECTED, 403),
        (json(400, r#"{"error":"missing message"}"#), &core_codes::HTTP_STATUS, 400),
        (json(500, r#"{"error":"x"}"#), &core_codes::HTTP_STATUS, 500),
        (answer(500, html, page), &core_codes::HTTP_STATUS, 500),
        (answer(200, html, page), &core_codes::NOT_JSON, 200),
        (answer(200, text, "hello"), &core_codes::NOT_JSON, 200),
        (answer(200, text, ""), &core_codes::NOT_JSON, 200),
        (answer(302, "Location: http://evil.example/\r\n", ""), &core_codes::REDIRECT_REFUSED, 302),
    ] {
        let server = Server::start(vec![script]).await;
        let error = server.client().conversation("chefbot").say("hi").await.unwrap_err();
        assert_eq!((error.code(), error.status(), error.sent()), (code, Some(status), Sent::Yes), "{error}");
        assert!(!error.message().is_empty() && !format!("{error:?}").contains(KEY));
        assert_eq!(server.calls().len(), 1, "a message is never sent twice: {error}");
    }
    // A bot whose answer has an `error` beside its reply has answered.
    let server = Server::start(vec![json(200, r#"{"error":"Bot offline","reply":"just kidding"}"#)]).await;
    assert_eq!(server.client().conversation("x").say("hi").await.unwrap().to_string(), "just kidding");
}

#[tokio::test(start_paused = true)]
async fn weakness_28_a_slow_bot_is_waited_for_longer_than_the_platform_does() {
    let server = Server::start(vec![Answer::Silence]).await;
    let began = Instant::now();
    let error = server.client().conversation("slow").say("hi").await.unwrap_err();
    assert!(error.is_timeout() && error.sent() == Sent::Maybe, "{error}");
    assert_eq!(began.elapsed(), seconds(40));
    let hasty = server.builder().call_timeout(seconds(3)).build().unwrap();
    let began = Instant::now();
    hasty.conversation("slow").say("hi").await.unwrap_err();
    assert_eq!(began.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn the_limits_wait_or_refuse_before_the_platform_does() {
    let server = Server::start(vec![json(200, BOT)]).await;
    let client = server.client();
    let began = Instant::now();
    for _ in 0..8 {
        client.roulette().await.unwrap();
    }
    assert_eq!(began.elapsed().as_secs(), 20, "six at once, then one every 10 s");

    let refusing = server.builder().limits(LimitMode::Refuse).build().unwrap();
    for _ in 0..6 {
        refusing.roulette().await.unwrap();
    }
    let error = refusing.clone().roulette().await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&core_codes::LIMIT_REACHED, Sent::No));
    assert!(error.retry_after().is_some_and(|wait| wait <= seconds(10)), "{error}");
    let mut refused = 0;
    for _ in 0..20 {
        if let Err(error) = refusing.search("x").await {
            assert_eq!(error.code(), &core_codes::LIMIT_REACHED);
            refused += 1;
        }
    }
    assert!(refused >= 10, "{refused} refused of 20 in no time");
}

#[tokio::test(start_paused = true)]
async fn a_429_is_learnt_from() {
    let limited = answer(429, "Content-Type: text/html\r\nRetry-After: 30\r\n", NGINX_429);
    let server = Server::start(vec![limited, json(200, BOT)]).await;
    let client = server.client();
    let error = client.roulette().await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (&core_codes::RATE_LIMITED, Some(seconds(30))));
    assert_eq!(server.calls().len(), 1, "no try of its own: each counts against the limit");
    let began = Instant::now();
    client.search("x").await.unwrap();
    assert!(began.elapsed() < seconds(1), "roulette's limit is its own");
    client.roulette().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 30, "the next one waits for as long as was asked");

    // Without a Retry-After: one share, which is ten seconds for roulette and a tenth for the rest.
    let bare = answer(429, "Content-Type: text/html\r\n", NGINX_429);
    let server = Server::start(vec![bare.clone(), json(200, BOT), bare, said("s", "{}")]).await;
    let client = server.client();
    client.roulette().await.unwrap_err();
    let began = Instant::now();
    client.roulette().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 10);
    let error = client.conversation("x").say("hi").await.unwrap_err();
    assert_eq!(error.code(), &core_codes::RATE_LIMITED);
    let began = Instant::now();
    client.conversation("x").say("hi").await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(100) && began.elapsed() < seconds(1));
}

#[tokio::test(start_paused = true)]
async fn a_429_of_another_bot_is_its_own() {
    let theirs =
        answer(429, "Content-Type: application/json\r\nRetry-After: 300\r\n", r#"{"error":"rate limited"}"#);
    let server = Server::start(vec![theirs, json(200, BOT)]).await;
    let client = server.client();
    let error = client.conversation("busy").say("hi").await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (&core_codes::RATE_LIMITED, Some(seconds(300))));
    let began = Instant::now();
    client.search("x").await.unwrap();
    assert!(began.elapsed() < seconds(1), "one busy bot silences nobody else");
}

#[tokio::test(start_paused = true)]
async fn the_key_goes_to_the_apis_host_alone_and_to_no_other_path() {
    let results = r#"{"results":[{"name":"Evil","proxy_url":"https://evil.example/api/proxy/evil"}]}"#;
    let server = Server::start(vec![json(200, results), said("s", "{}")]).await;
    let client = server.client();
    let bot = client.roulette().await.unwrap();
    client.conversation(bot.code().unwrap()).say("hi").await.unwrap();
    for odd in ["../../v1/agents/me", "a/b", "@evil.example", "x?y=z", "%2e%2e"] {
        client.conversation(odd).say("hi").await.unwrap();
    }
    assert_eq!(
        server.lines()[1..],
        [
            "POST /api/proxy/evil",
            "POST /api/proxy/..%2F..%2Fv1%2Fagents%2Fme",
            "POST /api/proxy/a%2Fb",
            "POST /api/proxy/%40evil.example",
            "POST /api/proxy/x%3Fy%3Dz",
            "POST /api/proxy/%252e%252e",
        ]
    );
    for refused in ["", ".", ".."] {
        let error = client.conversation(refused).say("hi").await.unwrap_err();
        assert_eq!(error.code(), &core_codes::INVALID_ARGUMENT);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_bounded() {
    let huge = format!(r#"{{"reply":"{}"}}"#, "x".repeat(3_000));
    let server = Server::start(vec![said("s", &huge)]).await;
    let answer = server.client().conversation("x").say("hi").await.unwrap();
    assert_eq!((answer.text.as_ref().unwrap().len(), answer.is_truncated), (1_000, true));
    assert_eq!(answer.json.as_str(), huge, "the whole JSON is kept");
    assert!(answer.to_string().ends_with("x…"));
    let small = server.builder().max_answer(1_000).build().unwrap();
    let error = small.conversation("x").say("hi").await.unwrap_err();
    assert_eq!(error.code(), &core_codes::BODY_TOO_LARGE);
    let wide = server.builder().max_answer_chars(5_000).build().unwrap();
    let answer = wide.conversation("x").say("hi").await.unwrap();
    assert_eq!((answer.text.unwrap().len(), answer.is_truncated), (3_000, false));
}

#[test]
fn the_environment_names_what_is_missing() {
    let missing =
        |text: &str| Client::builder_from_env(&Env::from_text(text)).unwrap_err().field().map(str::to_owned);
    assert_eq!(missing("").as_deref(), Some("BOTROULETTE_API_KEY"));
    assert_eq!(missing("BOTROULETTE_API_KEY=k").as_deref(), Some("BOTROULETTE_URL"));
    assert_eq!(missing("BOTROULETTE_API_KEY=k\nBOTROULETTE_URL=x").as_deref(), Some("BOTROULETTE_URL"));
    let wrong = "BOTROULETTE_API_KEY=k\nBOTROULETTE_TUNNEL_URL=http://x";
    assert_eq!(missing(wrong).as_deref(), Some("BOTROULETTE_TUNNEL_URL"));
    let env = Env::from_text("BOTROULETTE_API_KEY=k\nBOTROULETTE_TUNNEL_URL=ws://127.0.0.1:9/ws");
    let client = Client::builder_from_env(&env).unwrap().build().unwrap();
    assert_eq!((client.shown_url().as_str(), client.is_local()), ("http://127.0.0.1:9/", true));
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let field =
        |builder: botroulette_sdk::ClientBuilder| builder.build().unwrap_err().field().map(str::to_owned);
    let local = || Client::builder("k").url("http://127.0.0.1:9");
    assert_eq!(field(Client::builder("k")).as_deref(), Some("url"));
    assert_eq!(field(Client::builder(" ").url("http://127.0.0.1:9")).as_deref(), Some("key"));
    assert_eq!(field(Client::builder("a b").url("http://127.0.0.1:9")).as_deref(), Some("key"));
    assert_eq!(field(local().max_answer(0)).as_deref(), Some("max_answer"));
    assert_eq!(field(local().max_answer_chars(0)).as_deref(), Some("max_answer_chars"));
    assert_eq!(field(local().max_message_chars(0)).as_deref(), Some("max_message_chars"));
    assert_eq!(field(local().call_timeout(seconds(0))).as_deref(), Some("call_timeout"));
    let client = local().build().unwrap();
    assert!(!format!("{client:?} {:?}", Client::builder("s3cr3t")).contains("s3cr3t"));
}
