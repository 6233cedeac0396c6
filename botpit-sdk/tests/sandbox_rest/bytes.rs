//! The sandbox's answers, byte for byte as far as the documentation goes: the fields of each example ("BOTPIT API
//! Documentation", "REST API Reference", files under `fixtures/spec`), in their order and of their kind, and no others.

use botpit_sdk::model::Verb;
use botpit_sdk::wallet::Wallet;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

macro_rules! example {
    ($file:literal) => {
        include_str!(concat!("../fixtures/spec/", $file))
    };
}

/// What came back.
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        value(&self.body)
    }
}

async fn call(sandbox: &Sandbox, line: &str, body: &str) -> Reply {
    let host = sandbox.server().addr();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_lowercase(), body: body.to_owned() }
}

async fn get(sandbox: &Sandbox, path: &str) -> String {
    let reply = call(sandbox, &format!("GET {path}"), "").await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    assert!(reply.head.contains("content-type: application/json"), "{path}: {}", reply.head);
    reply.body
}

/// The body of a signed request, as the examples have it.
fn signed(verb: Verb, more: Value) -> String {
    let signed = Wallet::from_seed(&[7; 32]).sign(verb, unix_now());
    let mut body = more;
    body["wallet_address"] = signed.wallet_address.into();
    body["signature"] = signed.signature.into();
    body["message"] = signed.message.into();
    body.to_string()
}

/// The names of all fields, each where it comes first.
fn fields(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut quoted = text.split('"').skip(1).step_by(2);
    let mut after = text.split('"').skip(2).step_by(2);
    while let (Some(name), Some(rest)) = (quoted.next(), after.next()) {
        if rest.trim_start().starts_with(':') && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The same fields of the same kinds, all the way down; the first item of a list stands for all.
fn assert_kinds(told: &Value, example: &Value, at: &str) {
    match (told, example) {
        (Value::Array(told), Value::Array(example)) => {
            assert!(!told.is_empty(), "{at} is empty");
            for item in told {
                assert_kinds(item, &example[0], &format!("{at}[]"));
            }
        }
        (Value::Object(told), Value::Object(example)) => {
            let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(told), names(example), "{at}");
            for (name, value) in told {
                assert_kinds(value, &example[name], &format!("{at}.{name}"));
            }
        }
        // What may be absent is null: an identity, a picture, the winner of a draw.
        (Value::Null, _) | (_, Value::Null) => {}
        (told, example) => {
            let kind = |value: &Value| (value.is_string(), value.is_number(), value.is_boolean());
            assert_eq!(kind(told), kind(example), "{at}: {told} instead of {example}");
        }
    }
}

fn assert_like(told: &str, example: &str) {
    assert_kinds(&value(told), &value(example), "$");
    assert_eq!(fields(told), fields(example));
}

#[test]
fn fields_are_read_in_their_order() {
    assert_eq!(fields(r#"[{"b": 1, "a": {"c": "x"}}, {"b": "a", "d" : 2}]"#), ["b", "a", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_the_fields_of_its_example() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let reply =
        call(&sandbox, "POST /api/v1/agents", &signed(Verb::Register, json!({ "name": "MyAgent" }))).await;
    assert_eq!(reply.status, 201);
    assert_like(&reply.body, example!("register_response.json"));
    let me = reply.json()["agent_id"].as_str().unwrap().to_owned();
    let wallet = Wallet::from_seed(&[7; 32]);
    let id = play_one(&sandbox, Secret::new(reply.json()["api_key"].as_str().unwrap())).await;

    let agent = example!("rest/agent_response.jsonc").replace(" | null", "");
    assert_like(&get(&sandbox, &format!("/api/v1/agents/{me}")).await, &agent);
    let path = format!("/api/v1/agents/wallet/{}", wallet.address());
    assert_like(&get(&sandbox, &path).await, example!("rest/agents_of_wallet_response.json"));
    for (path, example) in [
        ("stats", example!("rest/agent_stats_response.json")),
        ("elo-history?game_type=rps", example!("rest/elo_history_response.json")),
        ("matches?limit=50&offset=0", example!("rest/match_history_response.json")),
        ("profile", example!("rest/profile_response.json")),
        ("followers", example!("rest/followers_response.json")),
        ("activity", example!("rest/activity_response.json")),
    ] {
        assert_like(&get(&sandbox, &format!("/api/v1/agents/{me}/{path}")).await, example);
    }
    let completed = example!("rest/match_completed_response.json");
    assert_like(&get(&sandbox, &format!("/api/v1/matches/{id}")).await, completed);
    let replay = get(&sandbox, &format!("/api/v1/matches/{id}/replay")).await;
    assert_like(&replay, example!("replay.json"));
    let moves = value(example!("replay.json"))["moves"].to_string();
    let proof = example!("rest/proof_response.jsonc")
        .replace("{ /* full match object */ }", completed)
        .replace("[ /* all moves */ ]", &moves);
    let told = get(&sandbox, &format!("/api/v1/matches/{id}/proof")).await;
    assert_kinds(&value(&told), &value(&proof), "$");
    assert_eq!(value(&told)["verification"]["instructions"], value(&proof)["verification"]["instructions"]);
    let board = get(&sandbox, "/api/v1/leaderboard/rps?limit=50&period=weekly").await;
    assert_like(&board, example!("rest/leaderboard_response.json"));
    let market = get(&sandbox, "/api/v1/marketplace/agents?search=o&sort=elo&limit=24&offset=0").await;
    assert_like(&market, example!("rest/marketplace_response.json"));
    assert_like(&get(&sandbox, "/api/v1/stats").await, example!("rest/stats_response.json"));
    let lobby = get(&sandbox, "/api/v1/challenges").await;
    assert_like(&lobby, example!("rest/challenges_response.json"));
    let game = value(&lobby)[0]["game_type"].as_str().unwrap().to_owned();
    let of_game = value(&get(&sandbox, &format!("/api/v1/challenges?game_type={game}")).await);
    assert!(of_game.as_array().unwrap().iter().all(|open| open["game_type"] == *game));
    assert_eq!(get(&sandbox, "/api/v1/matches").await, "[]");

    // What is signed, with the request of its example.
    let star = value(&market)[0]["agent_id"].as_str().unwrap().to_owned();
    let follow = signed(Verb::Follow, json!({ "follower_agent_id": me }));
    assert_kinds(&value(&follow), &value(example!("rest/follow_request.json")), "$");
    let update = json!({ "bio": "Updated bio text", "twitter_handle": "newhandle" });
    let asset = json!({ "asset_pubkey": "So11111111111111111111111111111111111111112" });
    for (line, body, example) in [
        (format!("POST /api/v1/agents/{star}/follow"), follow, ""),
        (
            format!("PUT /api/v1/agents/{me}/profile"),
            signed(Verb::UpdateProfile, update),
            example!("rest/update_profile_response.json"),
        ),
        (format!("PUT /api/v1/agents/{me}/identity-8004"), signed(Verb::Identity, asset), ""),
        (
            "POST /api/v1/auth/token".to_owned(),
            signed(Verb::Auth, json!({})),
            example!("rest/auth_token_response.json"),
        ),
        (
            format!("POST /api/v1/agents/{me}/rotate-key"),
            signed(Verb::RotateKey, json!({})),
            example!("rest/rotate_key_response.json"),
        ),
    ] {
        let reply = call(&sandbox, &line, &body).await;
        assert_eq!(reply.status, 200, "{line}: {}", reply.body);
        if example.is_empty() {
            assert!(
                reply.body.is_empty() && reply.head.contains("content-length: 0"),
                "{line}: {}",
                reply.head
            );
        } else {
            assert_like(&reply.body, example);
        }
    }
    let feed = get(&sandbox, &format!("/api/v1/feed?agent_id={me}&limit=50&offset=0")).await;
    let about = value(example!("rest/activity_response.json"))[0]["metadata"].to_string();
    assert_kinds(
        &value(&feed),
        &value(&example!("rest/feed_response.jsonc").replace("{ /* ... */ }", &about)),
        "$",
    );
    let body = signed(Verb::Unfollow, json!({ "follower_agent_id": me }));
    let reply = call(&sandbox, &format!("DELETE /api/v1/agents/{star}/follow"), &body).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_active_match_has_the_fields_of_its_example() {
    let sandbox = slow_house().await;
    let key = sandbox.register("MyAgent").unwrap();
    let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(sandbox.ws_url().as_str(), stream).await.unwrap();
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    for message in [
        json!({ "type": "authenticate", "api_key": key.expose() }),
        json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 }),
    ] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let id = loop {
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("the connection ended") };
        let frame = value(&text);
        if frame["type"] == "game_start" {
            break frame["match_id"].as_str().unwrap().to_owned();
        }
    };
    assert_like(&get(&sandbox, "/api/v1/matches").await, example!("rest/active_matches_response.json"));
    let one = get(&sandbox, &format!("/api/v1/matches/{id}")).await;
    assert_like(&one, example!("rest/match_active_response.json"));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_the_shape_of_the_documentation() {
    let sandbox = Sandbox::start().await.unwrap();
    let agent = signed(Verb::Register, json!({ "name": "MyAgent" }));
    let me =
        call(&sandbox, "POST /api/v1/agents", &agent).await.json()["agent_id"].as_str().unwrap().to_owned();
    let mut stale = value(&signed(Verb::Auth, json!({})));
    let old = Wallet::from_seed(&[7; 32]).sign(Verb::Auth, unix_now() - 3_600);
    stale["message"] = old.message.into();
    let forged = stale.to_string();
    stale["signature"] = old.signature.into();
    for (line, body, status) in [
        (format!("GET /api/v1/agents/{me}/elo-history"), "", 400),
        ("GET /api/v1/feed".into(), "", 400),
        ("GET /api/v1/leaderboard/rps?period=yearly".into(), "", 400),
        ("GET /api/v1/marketplace/agents?limit=1000".into(), "", 400),
        ("POST /api/v1/auth/token".into(), "", 400),
        ("POST /api/v1/auth/token".into(), forged.as_str(), 401),
        ("POST /api/v1/auth/token".into(), &stale.to_string(), 401),
        // The registration, again.
        ("POST /api/v1/agents".into(), &agent, 401),
        ("GET /api/v1/agents/%ff/stats".into(), "", 404),
        ("GET /api/v1/agents//stats".into(), "", 404),
        ("GET /api/v1/matches/nothing/proof".into(), "", 404),
        ("DELETE /api/v1/stats".into(), "", 404),
        (format!("PATCH /api/v1/agents/{me}/profile"), "{}", 404),
        (format!("GET /api/v1/agents/{me}/nothing"), "", 404),
        (format!("PUT /api/v1/agents/{me}/profile"), &"x".repeat(70_000), 400),
    ] {
        let reply = call(&sandbox, &line, body).await;
        assert_eq!(reply.status, status, "{line}: {}", reply.body);
        assert_like(&reply.body, example!("rest/error.json"));
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn paths_and_queries_are_decoded() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.register("Ünicorn & Sons").unwrap();
    let market = get(&sandbox, "/api/v1/marketplace/agents?search=%C3%BCnicorn+%26").await;
    let id = value(&market)[0]["agent_id"].as_str().unwrap().to_owned();
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let plain = get(&sandbox, &format!("/api/v1/agents/{id}")).await;
    assert_eq!(get(&sandbox, &format!("/api/v1/agents/{encoded}")).await, plain);
    let stats = get(&sandbox, &format!("/api/v1/agents/{encoded}/followers")).await;
    assert_eq!(stats, r#"{"followers":0,"following":0}"#);
    get(&sandbox, "/api/v1/leaderboard/%72ps").await;
    sandbox.shutdown().await;
}
