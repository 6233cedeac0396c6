//! The REST side against the examples of the platform's documentation ("BOTPIT API Documentation", "REST API Reference" and
//! "Authentication"), over a server on loopback that follows a script.
//!
//! Each file under `fixtures/spec/rest` is one example, to the character. Three of them are no JSON as they stand (`.jsonc`):
//! one writes two alternatives, two have comments where parts are left out.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking"
)]

mod documented;
mod key_files;
mod limits;
mod paging;
mod scripted;
mod signing;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use botpit_sdk::model::AgentId;
use botpit_sdk::{Rest, Result, Signer};
use scripted::{Server, json};
use serde::Serialize;
use serde_json::Value;

macro_rules! fixtures {
    ($($name:ident = $file:literal;)*) => {
        $(const $name: &str = include_str!(concat!("../fixtures/spec/", $file));)*
        const FILES: &[&str] = &[$($file),*];
    };
}

// One that no test uses is a warning of the compiler's.
fixtures! {
    REGISTER_REQUEST = "register_request.json";
    REGISTER_RESPONSE = "register_response.json";
    REPLAY_RESPONSE = "replay.json";
    WALLET_SIGNATURE = "wallet_signature.json";
    REGISTER_CURL_REQUEST = "rest/register_curl_request.json";
    ERROR = "rest/error.json";
    AUTH_TOKEN_REQUEST = "rest/auth_token_request.json";
    AUTH_TOKEN_RESPONSE = "rest/auth_token_response.json";
    AGENT_RESPONSE = "rest/agent_response.jsonc";
    AGENTS_OF_WALLET_RESPONSE = "rest/agents_of_wallet_response.json";
    ROTATE_KEY_REQUEST = "rest/rotate_key_request.json";
    ROTATE_KEY_RESPONSE = "rest/rotate_key_response.json";
    AGENT_STATS_RESPONSE = "rest/agent_stats_response.json";
    ELO_HISTORY_RESPONSE = "rest/elo_history_response.json";
    MATCH_HISTORY_RESPONSE = "rest/match_history_response.json";
    IDENTITY_REQUEST = "rest/identity_request.json";
    PROFILE_RESPONSE = "rest/profile_response.json";
    UPDATE_PROFILE_REQUEST = "rest/update_profile_request.json";
    UPDATE_PROFILE_RESPONSE = "rest/update_profile_response.json";
    ACTIVE_MATCHES_RESPONSE = "rest/active_matches_response.json";
    MATCH_ACTIVE_RESPONSE = "rest/match_active_response.json";
    MATCH_COMPLETED_RESPONSE = "rest/match_completed_response.json";
    PROOF_RESPONSE = "rest/proof_response.jsonc";
    LEADERBOARD_RESPONSE = "rest/leaderboard_response.json";
    MARKETPLACE_RESPONSE = "rest/marketplace_response.json";
    FOLLOW_REQUEST = "rest/follow_request.json";
    UNFOLLOW_REQUEST = "rest/unfollow_request.json";
    FOLLOWERS_RESPONSE = "rest/followers_response.json";
    ACTIVITY_RESPONSE = "rest/activity_response.json";
    FEED_RESPONSE = "rest/feed_response.jsonc";
    CHALLENGES_RESPONSE = "rest/challenges_response.json";
    STATS_RESPONSE = "rest/stats_response.json";
}

const AGENT: &str = "550e8400-e29b-41d4-a716-446655440000";

#[test]
fn every_example_is_listed() {
    let there: BTreeSet<String> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spec/rest"))
            .unwrap()
            .map(|entry| format!("rest/{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
    let listed: BTreeSet<String> =
        FILES.iter().filter(|file| file.starts_with("rest/")).map(|file| (*file).to_owned()).collect();
    assert_eq!(there, listed);
}

/// A wallet elsewhere: it signs everything with the same 64 bytes, and keeps what it was asked.
struct KeyService {
    address: String,
    asked: Mutex<Vec<String>>,
}

const SIGNATURE: [u8; 64] = [7; 64];

impl KeyService {
    fn new(address: &str) -> Self {
        Self { address: address.to_owned(), asked: Mutex::default() }
    }

    /// The one whose address stands in the examples.
    fn documented() -> Self {
        Self::new("Base58SolanaAddress")
    }
}

impl Signer for KeyService {
    fn address(&self) -> &str {
        &self.address
    }

    async fn signature(&self, message: &str) -> Result<[u8; 64]> {
        tokio::task::yield_now().await;
        self.asked.lock().unwrap().push(message.to_owned());
        Ok(SIGNATURE)
    }
}

fn agent() -> AgentId {
    AgentId::from(AGENT)
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A server with one answer, and a client for it.
async fn answering(status: u16, body: &str) -> (Server, Rest) {
    let server = Server::start(vec![json(status, body)]).await;
    let rest = server.rest();
    (server, rest)
}

/// Nothing of an example is lost: what was decoded says the same as the example.
fn same(decoded: &impl Serialize, example: &str) {
    assert_eq!(serde_json::to_value(decoded).unwrap(), value(example));
}

/// The one call is the documented one.
fn read_call(server: &Server, line: &str) {
    assert_eq!(server.lines(), [line]);
    assert_eq!(server.calls()[0].body, "");
}

/// The one call is the documented one, with the body of the example: the signature and the time are what differs.
fn signed_call(server: &Server, signer: &KeyService, line: &str, example: &str) {
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].line, line);
    let (mut body, example) = (calls[0].json(), value(example));
    assert_eq!(signer.asked.lock().unwrap().as_slice(), [body["message"].as_str().unwrap()]);
    assert_eq!(bs58::decode(body["signature"].as_str().unwrap()).into_vec().unwrap(), SIGNATURE);

    let message = body["message"].as_str().unwrap().to_owned();
    let (words, time) = message.rsplit_once(':').unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(time.parse().unwrap()) < 60, "{message}");
    body["message"] = example["message"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .map(|(_, time)| format!("{words}:{time}").replace(&signer.address, "<wallet>"))
        .unwrap()
        .into();
    body["signature"] = example["signature"].clone();
    let mut example = example;
    example["message"] = example["message"].as_str().unwrap().replace(&signer.address, "<wallet>").into();
    assert_eq!(body, example);
}
