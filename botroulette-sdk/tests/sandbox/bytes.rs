//! REST by the byte: the spec's own requests, and what comes back.

use std::time::Duration;

use botroulette_sdk::sandbox::Sandbox;
use serde_json::{Value, json};

use super::stranger::{Reply, http};

macro_rules! example {
    ($file:literal) => {
        include_str!(concat!("../fixtures/spec/", $file))
    };
}

const JSON: &str = "Content-Type: application/json\r\n";

fn keyed(key: &str) -> String {
    format!("X-API-Key: {key}\r\n{JSON}")
}

async fn register(sandbox: &Sandbox, change: &[(&str, Value)]) -> Reply {
    let mut body: Value = serde_json::from_str(example!("register_request.json")).unwrap();
    body["name"] = "Zeph".into();
    body["contact_email"] = "zeph@botmakers.net".into();
    for (field, value) in change {
        body[*field] = value.clone();
    }
    http(sandbox, "POST /api/v1/agents/register", JSON, body.to_string().as_bytes()).await
}

/// The names of all fields, in their order.
fn fields(text: &str) -> Vec<String> {
    let value: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut names: Vec<String> = value.keys().cloned().collect();
    names.sort_by_key(|name| text.find(&format!("\"{name}\":")));
    names
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_answered_with_the_fields_of_the_spec_and_the_key_works() {
    let sandbox = Sandbox::builder().house_calls(0).start().await.unwrap();
    let reply = register(&sandbox, &[]).await;
    assert_eq!(reply.status, 201);
    assert_eq!(fields(&reply.body), fields(example!("register_response.json")));
    let told = reply.json();
    let base = sandbox.url().as_str().trim_end_matches('/');
    assert_eq!(told["success"], true);
    assert_eq!(told["service_code"], "zeph");
    assert_eq!(told["proxy_url"], format!("{base}/api/proxy/zeph"));
    assert_eq!(told["tunnel_url"], format!("{base}/tunnel/zeph"));
    assert_eq!(told["message"], "IMPORTANT: Save your API key now.");
    let key = told["api_key"].as_str().unwrap();
    assert_eq!(key.strip_prefix("kp_live_").map(str::len), Some(32));

    let update = example!("update.json").as_bytes();
    let updated = http(&sandbox, "PATCH /api/v1/agents/me", &keyed(key), update).await;
    assert_eq!((updated.status, &updated.json()["description"]), (200, &json!("Updated description")));
    assert!(!updated.body.contains(key), "the key is shown once");
    let permanent = http(&sandbox, "PATCH /api/v1/agents/me", &keyed(key), br#"{"name":"Other"}"#).await;
    assert_eq!(permanent.status, 400);

    let again = register(&sandbox, &[]).await;
    assert_eq!((again.status, &again.json()["success"]), (409, &json!(false)));
    let own_server =
        register(&sandbox, &[("name", json!("Own")), ("endpoint_url", json!("https://own.example/"))]).await;
    assert_eq!((own_server.status, own_server.json().get("tunnel_url")), (201, None));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_rule_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    for (field, value) in [
        ("name", json!("a name that is much too long")),
        ("description", json!("short")),
        ("category", json!("Gremlins")),
        ("contact_email", json!("YOUR_EMAIL")),
        ("request_format", json!("a message")),
    ] {
        let reply = register(&sandbox, &[(field, value)]).await;
        assert_eq!(reply.status, 400, "{field}");
        assert!(reply.json()["error"].as_str().unwrap().starts_with(field), "{}", reply.body);
    }
    let reply = http(&sandbox, "POST /api/v1/agents/register", JSON, b"name=Zeph").await;
    assert_eq!(reply.status, 400);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_options_name_what_registering_takes() {
    let sandbox = Sandbox::start().await.unwrap();
    let reply = http(&sandbox, "GET /api/v1/agents/register/options", "", b"").await;
    assert_eq!(reply.status, 200);
    for list in ["categories", "industries", "regions"] {
        assert!(!reply.json()[list].as_array().unwrap().is_empty(), "{list}");
    }
    assert!(reply.body.contains("\"Utilities\""), "the category of the spec's example");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_specs_shell_session_word_for_word() {
    let sandbox = Sandbox::builder().house_calls(0).start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let headers = keyed(key.expose());
    let met = http(&sandbox, "GET /roulette", &headers, b"").await;
    let bot = met.json()["results"][0].clone();
    for field in ["name", "description", "proxy_url", "service_code", "request_format", "response_format"] {
        assert!(bot[field].is_string(), "{field}");
    }
    assert_ne!(bot["service_code"], "zeph");
    let found = http(&sandbox, "GET /search?query=security", &headers, b"").await;
    assert!(!found.json()["results"].as_array().unwrap().is_empty());

    let first =
        http(&sandbox, "POST /api/proxy/rosie", &headers, example!("first_message.json").as_bytes()).await;
    assert_eq!(first.status, 200);
    assert!(first.json()["reply"].as_str().unwrap().contains("Nice to meet you!"));
    // grep -i x-kpath-session headers.txt | awk '{print $2}' | tr -d '\r\n'
    let line = first.head.lines().find(|line| line.to_lowercase().contains("x-kpath-session")).unwrap();
    let session = line.split_whitespace().nth(1).unwrap().trim_end_matches(['\r', '\n']);
    for name in ["X-KPATH-Session-ID", "x-kpath-session-id", "X-KPATH-Session"] {
        let headers = format!("{headers}{name}: {session}\r\n");
        let body = example!("next_message.json").as_bytes();
        let next = http(&sandbox, "POST /api/proxy/rosie", &headers, body).await;
        assert_eq!(next.header("x-kpath-session-id"), Some(session), "{name}");
        assert!(next.json()["reply"].as_str().unwrap().contains("messages between us"), "{}", next.body);
    }
    let anew =
        http(&sandbox, "POST /api/proxy/rosie", &headers, example!("next_message.json").as_bytes()).await;
    assert_ne!(anew.header("x-kpath-session-id"), Some(session));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn every_error_is_json_but_the_limits_page() {
    let sandbox = Sandbox::builder().house_calls(0).start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let good = keyed(key.expose());
    for (line, headers, body, status, error) in [
        ("GET /roulette", "", "", 401, "Invalid or expired API key"),
        ("GET /search?query=x", "X-API-Key: kp_live_nobody\r\n", "", 401, "Invalid or expired API key"),
        ("PATCH /api/v1/agents/me", JSON, "{}", 401, "Invalid or expired API key"),
        ("POST /api/proxy/rosie", JSON, "{}", 401, "Invalid or expired API key"),
        ("GET /search", &good, "", 400, "query: required"),
        ("POST /api/proxy/nobody", &good, "{}", 404, "Bot not found"),
        ("POST /api/proxy/rosie", &good, "hello", 400, "Request body must be valid JSON"),
        ("POST /api/proxy/ghost", &good, "{}", 503, "Bot offline"),
        ("POST /api/proxy/webster", &good, r#"{"message":"x"}"#, 502, "Response blocked"),
        ("POST /tunnel/nobody/", "", "{}", 404, "Bot not found"),
        ("GET /api/proxy/rosie", &good, "", 405, "Method not allowed"),
        ("GET /nowhere", &good, "", 404, "Not found"),
    ] {
        let reply = http(&sandbox, line, headers, body.as_bytes()).await;
        assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{line}");
        assert_eq!(reply.header("content-type"), Some("application/json"), "{line}");
    }
    let binary = http(&sandbox, "POST /tunnel/rosie/", "", &[0xff, 0xfe]).await;
    assert_eq!(binary.status, 415);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_seventh_roulette_call_in_a_minute_is_one_too_many() {
    let sandbox = Sandbox::builder().house_calls(0).speed(10.0).start().await.unwrap();
    let key = sandbox.register("Zeph").unwrap();
    let headers = keyed(key.expose());
    for _ in 0..6 {
        assert_eq!(http(&sandbox, "GET /roulette", &headers, b"").await.status, 200);
    }
    let reply = http(&sandbox, "GET /roulette", &headers, b"").await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), Some("1"), "ten seconds of the network are one of the machine's");
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert!(reply.body.contains("429 Too Many Requests"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(http(&sandbox, "GET /roulette", &headers, b"").await.status, 200);
    sandbox.shutdown().await;

    let sandbox = Sandbox::builder().house_calls(0).html_429(false).limit_to(1, 3).start().await.unwrap();
    for status in [200, 200, 200, 429] {
        let reply = http(&sandbox, "GET /api/v1/agents/register/options", "", b"").await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("application/json")));
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_of_another_origin_is_kept_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let reply = http(&sandbox, "POST /tunnel/rosie/", "Origin: https://evil.example\r\n", b"{}").await;
    assert_eq!(reply.status, 403);
    sandbox.shutdown().await;
}
