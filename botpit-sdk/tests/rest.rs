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

mod scripted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::games::{Game, RoundRecord};
use botpit_sdk::model::{
    AgentId, GameType, MarketplaceSort, Match, MatchId, MatchStatus, Period, ProfileUpdate, Side, Timestamp,
};
use botpit_sdk::rest::{FileProtection, StoredKey};
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::http::RetryPolicy;
use botpit_sdk::{Error, Rest, Result, Sent, Signer};
use scripted::{Answer, Server, answer, json};
use serde::Serialize;
use serde_json::Value;

macro_rules! fixtures {
    ($($name:ident = $file:literal;)*) => {
        $(const $name: &str = include_str!(concat!("fixtures/spec/", $file));)*
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

#[tokio::test]
async fn register_is_the_documented_call() {
    for (address, request) in
        [("Base58SolanaAddress", REGISTER_REQUEST), ("YourSolanaWalletBase58", REGISTER_CURL_REQUEST)]
    {
        let signer = KeyService::new(address);
        let (server, rest) = answering(201, REGISTER_RESPONSE).await;
        let registered = rest.register("MyAgent", &signer).await.unwrap();
        signed_call(&server, &signer, "POST /api/v1/agents", request);
        assert_eq!((registered.agent_id.as_str(), registered.name.as_str()), (AGENT, "MyAgent"));
        assert_eq!(registered.api_key.expose(), value(REGISTER_RESPONSE)["api_key"]);
    }
}

#[tokio::test]
async fn rotate_key_is_the_documented_call() {
    for (address, request) in
        [("Base58SolanaAddress", ROTATE_KEY_REQUEST), ("YourSolanaBase58Address", WALLET_SIGNATURE)]
    {
        let signer = KeyService::new(address);
        let (server, rest) = answering(200, ROTATE_KEY_RESPONSE).await;
        let key = rest.rotate_key(&agent(), &signer).await.unwrap();
        signed_call(&server, &signer, &format!("POST /api/v1/agents/{AGENT}/rotate-key"), request);
        assert_eq!(key.expose(), "bp_live_newkey789...");
    }
}

#[tokio::test]
async fn auth_token_is_the_documented_call() {
    let signer = KeyService::new("YourSolanaBase58Address");
    let (server, rest) = answering(200, AUTH_TOKEN_RESPONSE).await;
    let token = rest.auth_token(&signer).await.unwrap();
    signed_call(&server, &signer, "POST /api/v1/auth/token", AUTH_TOKEN_REQUEST);
    assert_eq!(token.expose(), "eyJhbGciOiJIUzI1NiIs...");
    assert_eq!(format!("{token:?}"), "[redacted]");
}

#[tokio::test]
async fn agent_is_the_documented_call() {
    // The example writes what the identity may be: `"NFTAssetPubkey" | null`.
    for (kept, dropped) in [(r#""NFTAssetPubkey""#, " | null"), ("null", r#""NFTAssetPubkey" | "#)] {
        let example = AGENT_RESPONSE.replace(dropped, "");
        let (server, rest) = answering(200, &example).await;
        let found = rest.agent(&agent()).await.unwrap();
        read_call(&server, &format!("GET /api/v1/agents/{AGENT}"));
        same(&found, &example);
        assert_eq!(found.identity_8004.as_deref(), serde_json::from_str(kept).unwrap());
        assert_eq!(found.created_at.unix_seconds(), Some(1_709_294_400));
    }
}

#[tokio::test]
async fn agents_of_wallet_is_the_documented_call() {
    let (server, rest) = answering(200, AGENTS_OF_WALLET_RESPONSE).await;
    let agents = rest.agents_of_wallet("Base58SolanaAddress").await.unwrap();
    read_call(&server, "GET /api/v1/agents/wallet/Base58SolanaAddress");
    same(&agents, AGENTS_OF_WALLET_RESPONSE);
}

#[tokio::test]
async fn agent_stats_are_the_documented_call_and_a_loss_is_negative() {
    let (server, rest) = answering(200, AGENT_STATS_RESPONSE).await;
    let stats = rest.agent_stats(&agent()).await.unwrap();
    read_call(&server, &format!("GET /api/v1/agents/{AGENT}/stats"));
    same(&stats, AGENT_STATS_RESPONSE);
    let profits: Vec<_> = stats.iter().map(|stats| stats.total_profit_lamports.to_string()).collect();
    assert_eq!(profits, ["0.15 SOL", "-0.02 SOL"]);
}

#[tokio::test]
async fn elo_history_is_the_documented_call() {
    let (server, rest) = answering(200, ELO_HISTORY_RESPONSE).await;
    let history = rest.elo_history(&agent(), GameType::Rps).send().await.unwrap();
    same(&history, ELO_HISTORY_RESPONSE);
    rest.elo_history(&agent(), "my game").limit(500).send().await.unwrap();
    assert_eq!(
        server.lines(),
        [
            format!("GET /api/v1/agents/{AGENT}/elo-history?game_type=rps"),
            format!("GET /api/v1/agents/{AGENT}/elo-history?game_type=my+game&limit=500"),
        ]
    );
}

#[tokio::test]
async fn match_history_is_the_documented_call() {
    let (server, rest) = answering(200, MATCH_HISTORY_RESPONSE).await;
    let matches = rest.matches(&agent()).send().await.unwrap();
    same(&matches, MATCH_HISTORY_RESPONSE);
    assert_eq!(matches[0].side_of(&"agent-uuid-b".into()), Some(Side::B));
    assert_eq!(matches[0].side_of(&"somebody".into()), None);
    assert!(matches[0].created_at < *matches[0].completed_at.as_ref().unwrap());
    rest.matches(&agent()).limit(100).offset(7).send().await.unwrap();
    assert_eq!(
        server.lines(),
        [
            format!("GET /api/v1/agents/{AGENT}/matches"),
            format!("GET /api/v1/agents/{AGENT}/matches?limit=100&offset=7"),
        ]
    );
}

#[tokio::test]
async fn link_identity_is_the_documented_call_with_an_empty_answer() {
    const ASSET: &str = "So11111111111111111111111111111111111111112";
    let signer = KeyService::documented();
    let (server, rest) = answering(200, "").await;
    rest.link_identity(&agent(), ASSET, &signer).await.unwrap();
    // The example's asset is a placeholder, which is no public key.
    let example = IDENTITY_REQUEST.replace("NFTAssetBase58Pubkey", ASSET);
    signed_call(&server, &signer, &format!("PUT /api/v1/agents/{AGENT}/identity-8004"), &example);
}

#[tokio::test]
async fn profile_is_the_documented_call() {
    let (server, rest) = answering(200, PROFILE_RESPONSE).await;
    let page = rest.profile(&agent()).await.unwrap();
    read_call(&server, &format!("GET /api/v1/agents/{AGENT}/profile"));
    same(&page, PROFILE_RESPONSE);
    assert_eq!(page.profile.unwrap().bio.as_deref(), Some("I crush RPS bots for fun."));
}

#[tokio::test]
async fn update_profile_is_the_documented_call() {
    let signer = KeyService::documented();
    let (server, rest) = answering(200, UPDATE_PROFILE_RESPONSE).await;
    let update = ProfileUpdate::new()
        .avatar_url("https://example.com/new-avatar.png")
        .bio("Updated bio text")
        .twitter_handle("newhandle")
        .github_handle("newrepo")
        .website("https://newsite.dev");
    let profile = rest.update_profile(&agent(), &update, &signer).await.unwrap();
    signed_call(&server, &signer, &format!("PUT /api/v1/agents/{AGENT}/profile"), UPDATE_PROFILE_REQUEST);
    same(&profile, UPDATE_PROFILE_RESPONSE);
}

#[tokio::test]
async fn what_a_profile_update_leaves_out_is_not_sent() {
    let (server, rest) = answering(200, UPDATE_PROFILE_RESPONSE).await;
    // 500 characters are more than 500 bytes here.
    let update = ProfileUpdate::new().bio("é".repeat(500));
    rest.update_profile(&agent(), &update, &KeyService::documented()).await.unwrap();
    let body = server.calls()[0].json();
    let fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["bio", "message", "signature", "wallet_address"]);
}

#[tokio::test]
async fn active_matches_are_the_documented_call() {
    let (server, rest) = answering(200, ACTIVE_MATCHES_RESPONSE).await;
    let matches = rest.active_matches().await.unwrap();
    read_call(&server, "GET /api/v1/matches");
    same(&matches, ACTIVE_MATCHES_RESPONSE);
}

#[tokio::test]
async fn both_shapes_of_a_match_are_told_apart_by_status() {
    let id = MatchId::from("match-uuid");
    let (server, rest) = answering(200, MATCH_ACTIVE_RESPONSE).await;
    let Match::Active(active) = rest.match_by_id(&id).await.unwrap() else { panic!("it is active") };
    read_call(&server, "GET /api/v1/matches/match-uuid");
    same(&active, MATCH_ACTIVE_RESPONSE);

    let (_server, rest) = answering(200, MATCH_COMPLETED_RESPONSE).await;
    let Match::Completed(record) = rest.match_by_id(&id).await.unwrap() else { panic!("it is over") };
    same(&record, MATCH_COMPLETED_RESPONSE);
    // The example leaves its moments out: `"..."`.
    assert_eq!((record.created_at.unix_seconds(), record.created_at.to_string()), (None, "...".to_owned()));

    let (_server, rest) = answering(200, r#"{"id":"match-uuid","status":"disputed","judge":"j"}"#).await;
    let found = rest.match_by_id(&id).await.unwrap();
    assert_eq!((found.id(), found.status()), (&id, MatchStatus::Other("disputed".into())));
    let Match::Other(other) = found else { panic!("it is neither") };
    assert_eq!(value(other.raw.as_str())["judge"], "j");

    let (_server, rest) = answering(200, &MATCH_ACTIVE_RESPONSE.replace("status", "state")).await;
    let error = rest.match_by_id(&id).await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.sent()), (&codes::DECODE_FAILED, Some(200), Sent::Yes));
    assert!(error.to_string().contains("status"), "{error}");
}

#[tokio::test]
async fn replay_is_the_documented_call() {
    let (server, rest) = answering(200, REPLAY_RESPONSE).await;
    let replay = rest.replay(&"match-uuid".into()).await.unwrap();
    read_call(&server, "GET /api/v1/matches/match-uuid/replay");
    same(&replay, REPLAY_RESPONSE);
    assert_eq!(replay.record.agent_a_name.as_deref(), Some("AlphaBot"));
    assert_eq!(
        replay.moves[0].move_data.decode::<<Rps as Game>::Move>("move_data").unwrap().choice,
        Choice::Rock
    );
    let round: <Rps as Game>::RoundResult = replay.rounds[0].result.decode("round").unwrap();
    assert_eq!((replay.rounds[0].round, round.round_winner()), (1, Some(&"agent-uuid-a".into())));
}

#[tokio::test]
async fn proof_is_the_documented_call() {
    // The example leaves out what other examples show: the match and its moves.
    let moves = value(REPLAY_RESPONSE)["moves"].to_string();
    let example = PROOF_RESPONSE
        .replace("{ /* full match object */ }", MATCH_COMPLETED_RESPONSE)
        .replace("[ /* all moves */ ]", &moves);
    let (server, rest) = answering(200, &example).await;
    let proof = rest.proof(&"match-uuid".into()).await.unwrap();
    read_call(&server, "GET /api/v1/matches/match-uuid/proof");
    same(&proof, &example);
    assert_eq!(proof.verification.server_seed, "hex_revealed_after_game");
}

#[tokio::test]
async fn leaderboard_is_the_documented_call() {
    let (server, rest) = answering(200, LEADERBOARD_RESPONSE).await;
    let board = rest.leaderboard(GameType::Rps).send().await.unwrap();
    same(&board, LEADERBOARD_RESPONSE);
    rest.leaderboard(GameType::HiLo).period(Period::Weekly).limit(100).send().await.unwrap();
    rest.leaderboard("my/game").period(Period::Monthly).send().await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/leaderboard/rps",
            "GET /api/v1/leaderboard/hi_lo?limit=100&period=weekly",
            "GET /api/v1/leaderboard/my%2Fgame?period=monthly",
        ]
    );
}

#[tokio::test]
async fn marketplace_is_the_documented_call() {
    let (server, rest) = answering(200, MARKETPLACE_RESPONSE).await;
    let agents = rest.marketplace().send().await.unwrap();
    same(&agents, MARKETPLACE_RESPONSE);
    let all = rest.marketplace().search("Alpha & Co").game_type(GameType::Rps).limit(24).offset(48);
    all.sort(MarketplaceSort::Followers).send().await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/marketplace/agents",
            "GET /api/v1/marketplace/agents?search=Alpha+%26+Co&game_type=rps&sort=followers&limit=24&offset=48",
        ]
    );
}

#[tokio::test]
async fn follow_and_unfollow_are_the_documented_calls_the_latter_with_a_body() {
    let (follower, line) = (AgentId::from("your-agent-uuid"), format!("/api/v1/agents/{AGENT}/follow"));
    let signer = KeyService::documented();
    let (server, rest) = answering(200, "").await;
    rest.follow(&agent(), &follower, &signer).await.unwrap();
    signed_call(&server, &signer, &format!("POST {line}"), FOLLOW_REQUEST);

    let signer = KeyService::documented();
    let (server, rest) = answering(200, "").await;
    rest.unfollow(&agent(), &follower, &signer).await.unwrap();
    signed_call(&server, &signer, &format!("DELETE {line}"), UNFOLLOW_REQUEST);
}

#[tokio::test]
async fn followers_are_the_documented_call() {
    let (server, rest) = answering(200, FOLLOWERS_RESPONSE).await;
    let counts = rest.followers(&agent()).await.unwrap();
    read_call(&server, &format!("GET /api/v1/agents/{AGENT}/followers"));
    same(&counts, FOLLOWERS_RESPONSE);
}

#[tokio::test]
async fn activity_is_the_documented_call() {
    let (server, rest) = answering(200, ACTIVITY_RESPONSE).await;
    let log = rest.activity(&agent()).send().await.unwrap();
    same(&log, ACTIVITY_RESPONSE);
    assert_eq!(value(log[0].metadata.as_str())["payout_lamports"], 19_000_000);
    rest.activity(&agent()).limit(100).send().await.unwrap();
    let line = format!("GET /api/v1/agents/{AGENT}/activity");
    assert_eq!(server.lines(), [line.clone(), format!("{line}?limit=100")]);
}

#[tokio::test]
async fn feed_is_the_documented_call() {
    // The example leaves the metadata out: `{ /* ... */ }`.
    let example = FEED_RESPONSE.replace("/* ... */", "");
    let (server, rest) = answering(200, &example).await;
    let feed = rest.feed(&agent()).send().await.unwrap();
    same(&feed, &example);
    rest.feed(&agent()).limit(100).offset(1).send().await.unwrap();
    let line = format!("GET /api/v1/feed?agent_id={AGENT}");
    assert_eq!(server.lines(), [line.clone(), format!("{line}&limit=100&offset=1")]);
}

#[tokio::test]
async fn challenges_are_the_documented_call_and_their_moment_is_an_integer() {
    let (server, rest) = answering(200, CHALLENGES_RESPONSE).await;
    let challenges = rest.challenges().send().await.unwrap();
    same(&challenges, CHALLENGES_RESPONSE);
    assert_eq!(challenges[0].created_at, Timestamp::from("2024-03-03T21:06:40Z"));
    assert_eq!(challenges[0].created_at.to_string(), "2024-03-03T21:06:40Z");
    rest.challenges().game_type(GameType::Rps).send().await.unwrap();
    assert_eq!(server.lines(), ["GET /api/v1/challenges", "GET /api/v1/challenges?game_type=rps"]);
}

#[tokio::test]
async fn stats_are_the_documented_call() {
    let (server, rest) = answering(200, STATS_RESPONSE).await;
    let stats = rest.stats().await.unwrap();
    read_call(&server, "GET /api/v1/stats");
    same(&stats, STATS_RESPONSE);
}

#[tokio::test]
async fn lists_without_pages_are_asked_for_once_and_given_whole() {
    fn many(example: &str) -> String {
        Value::from(vec![value(example)[0].clone(); 501]).to_string()
    }

    for (example, path) in [
        (AGENTS_OF_WALLET_RESPONSE, "agents/wallet/w"),
        (AGENT_STATS_RESPONSE, "agents/a/stats"),
        (ELO_HISTORY_RESPONSE, "agents/a/elo-history?game_type=rps&limit=1"),
        (ACTIVE_MATCHES_RESPONSE, "matches"),
        (LEADERBOARD_RESPONSE, "leaderboard/rps?limit=1"),
        (ACTIVITY_RESPONSE, "agents/a/activity?limit=1"),
        (CHALLENGES_RESPONSE, "challenges"),
    ] {
        let (server, rest) = answering(200, &many(example)).await;
        let a = AgentId::from("a");
        let length = match path.split(['?', '/']).find(|part| !["agents", "a"].contains(part)).unwrap() {
            "wallet" => rest.agents_of_wallet("w").await.unwrap().len(),
            "stats" => rest.agent_stats(&a).await.unwrap().len(),
            "elo-history" => rest.elo_history(&a, "rps").limit(1).send().await.unwrap().len(),
            "matches" => rest.active_matches().await.unwrap().len(),
            "leaderboard" => rest.leaderboard("rps").limit(1).send().await.unwrap().len(),
            "activity" => rest.activity(&a).limit(1).send().await.unwrap().len(),
            "challenges" => rest.challenges().send().await.unwrap().len(),
            other => panic!("{other}"),
        };
        // Whatever the platform gives is given: a limit is the platform's to keep.
        assert_eq!(length, 501, "{path}");
        assert_eq!(server.lines(), [format!("GET /api/v1/{path}")]);
    }
}

#[tokio::test]
async fn what_the_documentation_limits_is_refused_before_anything_is_sent() {
    let (server, rest) = answering(200, "[]").await;
    let (rest, signer, a) = (&rest, &KeyService::documented(), &AgentId::from("a"));
    let long_bio = ProfileUpdate::new().bio("é".repeat(501));
    let errors = [
        ("limit", rest.elo_history(a, "rps").limit(501).send().await.unwrap_err()),
        ("limit", rest.elo_history(a, "rps").limit(0).send().await.unwrap_err()),
        ("game_type", rest.elo_history(a, "").send().await.unwrap_err()),
        ("limit", rest.matches(a).limit(101).send().await.unwrap_err()),
        ("limit", rest.matches(a).limit(0).stream().next().await.unwrap().unwrap_err()),
        ("limit", rest.leaderboard("rps").limit(101).send().await.unwrap_err()),
        ("game_type", rest.leaderboard("").send().await.unwrap_err()),
        ("period", "daily".parse::<Period>().unwrap_err()),
        ("period", "Weekly".parse::<Period>().unwrap_err()),
        ("sort", "luck".parse::<MarketplaceSort>().unwrap_err()),
        ("limit", rest.marketplace().limit(101).send().await.unwrap_err()),
        ("game_type", rest.marketplace().game_type("").send().await.unwrap_err()),
        ("limit", rest.activity(a).limit(101).send().await.unwrap_err()),
        ("limit", rest.feed(a).limit(101).send().await.unwrap_err()),
        ("agent_id", rest.feed(&"".into()).send().await.unwrap_err()),
        ("game_type", rest.challenges().game_type("").send().await.unwrap_err()),
        ("bio", rest.update_profile(a, &long_bio, signer).await.unwrap_err()),
        ("follower_agent_id", rest.follow(a, a, signer).await.unwrap_err()),
        ("follower_agent_id", rest.unfollow(a, a, signer).await.unwrap_err()),
        ("asset_pubkey", rest.link_identity(a, "NFTAssetBase58Pubkey", signer).await.unwrap_err()),
        ("asset_pubkey", rest.link_identity(a, &"1".repeat(31), signer).await.unwrap_err()),
        ("asset_pubkey", rest.link_identity(a, &"1".repeat(33), signer).await.unwrap_err()),
        ("name", rest.register(" ", signer).await.unwrap_err()),
        ("wallet_address", rest.auth_token(&KeyService::new("")).await.unwrap_err()),
        ("wallet_address", rest.auth_token(&KeyService::new("a:b")).await.unwrap_err()),
    ];
    for (field, error) in errors {
        assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some(field)), "{error}");
        assert_eq!(error.sent(), Sent::No);
    }
    for empty in ["", ".", ".."] {
        assert_eq!(rest.agent(&empty.into()).await.unwrap_err().code(), &codes::INVALID_ARGUMENT);
    }
    assert_eq!(server.lines(), [""; 0]);
    assert!(signer.asked.lock().unwrap().is_empty(), "a wallet is not asked in vain");
}

#[tokio::test]
async fn an_id_cannot_become_another_path() {
    let (server, rest) = answering(404, ERROR).await;
    rest.agent(&"a/../b?x=1#y".into()).await.unwrap_err();
    rest.replay(&"m/proof".into()).await.unwrap_err();
    assert_eq!(
        server.lines(),
        ["GET /api/v1/agents/a%2F..%2Fb%3Fx%3D1%23y", "GET /api/v1/matches/m%2Fproof/replay"]
    );
}

#[tokio::test]
async fn a_refusal_is_an_error_in_the_platforms_words() {
    for status in [400, 401, 404, 500] {
        let (_server, rest) = answering(status, ERROR).await;
        for error in [
            rest.agent(&agent()).await.unwrap_err(),
            rest.rotate_key(&agent(), &KeyService::documented()).await.unwrap_err(),
            rest.follow(&agent(), &"b".into(), &KeyService::documented()).await.unwrap_err(),
        ] {
            assert_eq!((error.status(), error.sent()), (Some(status), Sent::Yes));
            assert!(error.to_string().contains("descriptive error message"), "{error}");
            assert_eq!(error.is_auth(), status == 401);
        }
    }
}

#[tokio::test]
async fn anything_else_that_is_no_answer_is_an_error_too() {
    for (answer, code) in [
        (answer(502, "Content-Type: text/html\r\n", "<html>Bad gateway</html>"), &codes::HTTP_STATUS),
        (answer(429, "Retry-After: 7\r\n", ""), &codes::RATE_LIMITED),
        (answer(302, "Location: https://elsewhere.example/\r\n", ""), &codes::REDIRECT_REFUSED),
        (answer(200, "", "<html>Welcome to the Wi-Fi</html>"), &codes::NOT_JSON),
        (answer(200, "", ""), &codes::NOT_JSON),
        (json(200, r#"{"active_matches":12}"#), &codes::DECODE_FAILED),
        (json(200, r#"{"active_matches":"12","connected_agents":1}"#), &codes::DECODE_FAILED),
        (json(200, "[]"), &codes::DECODE_FAILED),
    ] {
        let server = Server::start(vec![answer]).await;
        let error = server.rest().stats().await.unwrap_err();
        assert_eq!((error.code(), error.sent()), (code, Sent::Yes), "{error}");
    }
    let server = Server::start(vec![Answer::Vanish]).await;
    let error = server.rest().stats().await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::Maybe));
}

#[tokio::test]
async fn what_is_new_on_the_platform_does_not_break_an_answer() {
    let example =
        LEADERBOARD_RESPONSE.replace("\"rank\"", "\"streak\": 5, \"rank\"").replace("\"rps\"", "\"chess\"");
    let (_server, rest) = answering(200, &example).await;
    let board = rest.leaderboard("chess").send().await.unwrap();
    assert_eq!(board[0].game_type.as_str(), "chess");
    assert_eq!(board[0].extra["streak"], 5);

    let example = ACTIVITY_RESPONSE.replace("match_won", "crowned").replace("\"id\"", "\"x\": [1], \"id\"");
    let (_server, rest) = answering(200, &example).await;
    let log = rest.activity(&agent()).send().await.unwrap();
    assert_eq!((log[0].activity_type.as_str(), log[0].activity_type.is_known()), ("crowned", false));

    let example = MATCH_HISTORY_RESPONSE
        .replace("\"completed\"", "\"refunded\"")
        .replace("\"winner\": \"agent-uuid-a\"", "\"winner\": null, \"fee_lamports\": 18446744073709551615");
    let (_server, rest) = answering(200, &example).await;
    let matches = rest.matches(&agent()).send().await.unwrap();
    same(&matches, &example);
    assert_eq!((matches[0].status.as_str(), &matches[0].winner), ("refunded", &None));
    assert_eq!(matches[0].extra["fee_lamports"], u64::MAX);
}

/// A page of a match history with these ids, newest first.
fn page(ids: &[u32]) -> Answer {
    let records: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut record = value(MATCH_HISTORY_RESPONSE)[0].clone();
            record["id"] = format!("m-{id}").into();
            record
        })
        .collect();
    json(200, &Value::from(records).to_string())
}

/// What is left of a stream: the ids, and the error that ended it.
async fn drain(
    mut stream: botpit_sdk::rest::Paged<botpit_sdk::model::MatchRecord>,
) -> (Vec<String>, Option<Error>) {
    let (mut ids, mut ended) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        match item {
            Ok(record) => ids.push(record.id.as_str().trim_start_matches("m-").to_owned()),
            Err(error) => assert!(ended.replace(error).is_none(), "an error ends it"),
        }
    }
    assert!(stream.next().await.is_none());
    (ids, ended)
}

#[tokio::test]
async fn pages_are_fetched_when_they_are_needed() {
    let server = Server::start(vec![page(&[5, 4]), page(&[3, 2]), page(&[1])]).await;
    let mut matches = server.rest().matches(&agent()).limit(2).stream();
    for (fetched, id) in [(1, "m-5"), (1, "m-4"), (2, "m-3"), (2, "m-2"), (3, "m-1")] {
        assert_eq!(
            server.calls().len(),
            if matches!(id, "m-5" | "m-3" | "m-1") { fetched - 1 } else { fetched }
        );
        assert_eq!(matches.next().await.unwrap().unwrap().id.as_str(), id);
        assert_eq!(server.calls().len(), fetched);
    }
    assert!(matches.next().await.is_none());
    let line = format!("GET /api/v1/agents/{AGENT}/matches?limit=2&offset=");
    assert_eq!(server.lines(), [0, 2, 4].map(|offset| format!("{line}{offset}")));
}

#[tokio::test]
async fn a_stream_begins_at_its_offset_with_the_largest_pages() {
    let server = Server::start(vec![page(&[1])]).await;
    drain(server.rest().matches(&agent()).offset(30).stream()).await;
    let (empty, rest) = answering(200, "[]").await;
    assert!(rest.marketplace().stream().next().await.is_none());
    assert!(rest.feed(&agent()).limit(5).stream().next().await.is_none());
    assert_eq!(server.lines(), [format!("GET /api/v1/agents/{AGENT}/matches?limit=100&offset=30")]);
    assert_eq!(
        empty.lines(),
        [
            "GET /api/v1/marketplace/agents?limit=100&offset=0".to_owned(),
            format!("GET /api/v1/feed?agent_id={AGENT}&limit=5&offset=0"),
        ]
    );
}

#[tokio::test]
async fn an_item_of_the_page_before_is_not_repeated_when_the_list_shifts() {
    // A match ended between two fetches, so that the second page begins with the end of the first.
    let server = Server::start(vec![page(&[6, 5, 4]), page(&[4, 3, 2]), page(&[1])]).await;
    let (ids, error) = drain(server.rest().matches(&agent()).limit(3).stream()).await;
    assert_eq!(ids, ["6", "5", "4", "3", "2", "1"]);
    assert!(error.is_none());
}

#[tokio::test]
async fn an_error_ends_a_stream_after_it_was_told() {
    let server = Server::start(vec![page(&[4, 3]), json(404, ERROR), page(&[2, 1])]).await;
    let (ids, error) = drain(server.rest().matches(&agent()).limit(2).stream()).await;
    assert_eq!((ids, error.unwrap().status()), (vec!["4".to_owned(), "3".to_owned()], Some(404)));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_not_asked_for_ever() {
    let server = Server::start(vec![page(&[2, 1])]).await;
    let (ids, _) = drain(server.rest().matches(&agent()).limit(2).stream()).await;
    assert_eq!(ids, ["2", "1"]);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_when_a_signature_is_refused() {
    let date = |seconds_from_now: i64| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        http_date(i64::try_from(now).unwrap() + seconds_from_now)
    };
    let told = |error: &Error| error.to_string().contains("this machine's clock is");
    for (status, headers, expected) in [
        (401, date(400), Some("behind the server's")),
        (401, date(-400), Some("ahead of the server's")),
        (400, date(400), Some("behind the server's")),
        (401, date(5), None),
        (401, String::new(), None),
        (404, date(400), None),
    ] {
        let server = Server::start(vec![answer(status, &headers, ERROR)]).await;
        let (rest, signer) = (server.rest(), KeyService::documented());
        for error in [
            rest.register("MyAgent", &signer).await.unwrap_err(),
            rest.rotate_key(&agent(), &signer).await.unwrap_err(),
            rest.auth_token(&signer).await.unwrap_err(),
            rest.update_profile(&agent(), &ProfileUpdate::new(), &signer).await.unwrap_err(),
            rest.follow(&agent(), &"b".into(), &signer).await.unwrap_err(),
            rest.unfollow(&agent(), &"b".into(), &signer).await.unwrap_err(),
        ] {
            assert_eq!(told(&error), expected.is_some(), "{error}");
            assert!(error.to_string().contains(expected.unwrap_or_default()), "{error}");
            assert_eq!(error.status(), Some(status));
        }
        // Nothing is signed in a call that reads.
        assert!(!told(&rest.agent(&agent()).await.unwrap_err()));
    }
}

/// A `Date` header.
fn http_date(unix_seconds: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // The epoch was a Thursday.
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(unix_seconds / 86_400 % 7) as usize];
    let moment = Timestamp::from_unix_seconds(unix_seconds).to_string();
    let (date, time) = moment.trim_end_matches('Z').split_once('T').unwrap();
    let parts: Vec<&str> = date.split('-').collect();
    let month = MONTHS[parts[1].parse::<usize>().unwrap() - 1];
    format!(
        "Date: {weekday}, {} {month} {} {time} GMT\r\nContent-Type: application/json\r\n",
        parts[2], parts[0]
    )
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_says_how_to_find_the_agent() {
    let cut_off = Answer::Raw("HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{\"agent_id\":".to_owned());
    for (answer, sent, told) in [
        (Answer::Vanish, Sent::Maybe, true),
        (cut_off, Sent::Yes, true),
        (json(201, "{}"), Sent::Yes, true),
        (json(500, ERROR), Sent::Yes, true),
        (json(504, ""), Sent::Yes, true),
        (json(400, ERROR), Sent::Yes, false),
        (json(401, ERROR), Sent::Yes, false),
    ] {
        let server = Server::start(vec![answer]).await;
        // With the usual retries: a registration is never sent twice.
        let rest = Rest::new(&server.url).unwrap();
        let error = rest.register("MyAgent", &KeyService::documented()).await.unwrap_err();
        assert_eq!(error.sent(), sent, "{error}");
        let text = error.to_string();
        assert_eq!(text.contains("agents_of_wallet") && text.contains("rotate_key"), told, "{text}");
        let error = rest.rotate_key(&agent(), &KeyService::documented()).await.unwrap_err();
        assert_eq!(error.to_string().contains("rotate once more"), told, "{error}");
        assert_eq!(server.calls().len(), 2);
    }
    let error =
        Rest::new("http://127.0.0.1:1").unwrap().register("A", &KeyService::documented()).await.unwrap_err();
    assert_eq!(error.sent(), Sent::No);
    assert!(!error.to_string().contains("may exist"), "{error}");
}

#[tokio::test]
async fn no_error_shows_the_text_of_an_answer_with_a_secret() {
    for (status, body) in [
        (200, r#"{"agent_id":[],"name":"n","api_key":"s3cr3t","token":7,"x":"s3cr3t"}"#),
        (200, r#"{"agent_id":"a","name":"n","api_key":{"s3cr3t":1},"token":["s3cr3t"]}"#),
        (200, r#"{"key":"s3cr3t"}"#),
        (200, r#""s3cr3t""#),
        (200, "s3cr3t"),
        (200, "{\"api_key\":\"s3cr3t"),
        (500, r#"{"error":"it broke","api_key":"s3cr3t","token":"s3cr3t"}"#),
    ] {
        let (_server, rest) = answering(status, body).await;
        let signer = KeyService::documented();
        for error in [
            rest.register("MyAgent", &signer).await.map(drop),
            rest.rotate_key(&agent(), &signer).await.map(drop),
            rest.auth_token(&signer).await.map(drop),
        ]
        .into_iter()
        .filter_map(Result::err)
        {
            let shown = format!("{error} {error:?} {error:#?} {} {:?}", error.chain(), error.body());
            assert!(!shown.contains("s3cr3t") && !shown.contains("115, 51"), "{shown}");
            assert_eq!(error.sent(), Sent::Yes);
        }
    }
}

#[tokio::test]
async fn a_signer_that_fails_sends_nothing() {
    struct Away;
    impl Signer for Away {
        fn address(&self) -> &str {
            "Base58SolanaAddress"
        }
        async fn signature(&self, _: &str) -> Result<[u8; 64]> {
            Err(Error::new(&codes::LOCAL_IO, "the wallet is not plugged in"))
        }
    }

    let (server, rest) = answering(200, "{}").await;
    let directory = directory("away");
    let path = directory.join("agent.key");
    for error in [
        rest.register("MyAgent", &Away).await.unwrap_err(),
        rest.follow(&agent(), &"b".into(), &Away).await.unwrap_err(),
        rest.register_and_store("MyAgent", &Away, &path).await.unwrap_err(),
    ] {
        assert_eq!((error.message(), error.sent()), ("the wallet is not plugged in", Sent::No));
    }
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(files(&directory), [""; 0]);
}

#[test]
fn a_client_shows_no_secret() {
    let rest = Rest::new("https://api.botpit.com/?token=s3cr3t").unwrap();
    let builder = Rest::builder("https://user:s3cr3t@api.botpit.com/?token=s3cr3t");
    let mut shown = format!("{rest:?} {builder:?}");
    let error = builder.build().unwrap_err();
    shown.push_str(&format!("{error} {error:?} {:?}", rest.marketplace()));
    shown.push_str(&format!("{:?}", rest.matches(&agent()).stream()));
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(shown.contains("api.botpit.com"), "{shown}");
}

#[test]
fn an_address_that_is_none_is_refused() {
    assert_eq!(Rest::new("api.botpit.com").unwrap_err().code(), &codes::INVALID_CONFIG);
    assert_eq!(Rest::new("http://10.0.0.1").unwrap_err().code(), &codes::INSECURE_URL);
    assert!(Rest::on(botpit_sdk::Host::Local).is_ok());
}

#[tokio::test]
async fn a_call_that_reads_is_tried_again_and_one_that_changes_is_not() {
    let server = Server::start(vec![json(503, ERROR), json(200, STATS_RESPONSE)]).await;
    let policy = RetryPolicy::new().first(Duration::from_millis(1));
    let rest = Rest::builder(&server.url).retry(policy).timeout(Duration::from_secs(5)).build().unwrap();
    assert_eq!(rest.stats().await.unwrap().active_matches, 12);
    assert_eq!(server.calls().len(), 2);

    let server = Server::start(vec![json(503, ERROR), json(200, "")]).await;
    let rest = Rest::builder(&server.url).retry(policy).build().unwrap();
    assert!(rest.follow(&agent(), &"b".into(), &KeyService::documented()).await.is_err());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn what_is_not_typed_yet_goes_through_the_caller_below() {
    let (server, rest) = answering(200, "[1]").await;
    let list: Vec<u8> = rest.http().get(&["api", "v1", "seasons"]).send_json().await.unwrap();
    assert_eq!(list, [1]);
    read_call(&server, "GET /api/v1/seasons");
}

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rest-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_registered_key_is_stored_for_its_owner_alone() {
    let directory = directory("register");
    let path = directory.join("agent.key");
    let (_server, rest) = answering(201, REGISTER_RESPONSE).await;
    let stored = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap();
    assert_eq!(files(&directory), ["agent.key"]);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("BOTPIT_AGENT_ID={AGENT}\nBOTPIT_API_KEY=bp_live_abc123def456...\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(stored.protection, FileProtection::OwnerOnly);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(StoredKey::load(&path).unwrap().protection, FileProtection::Open);
    }
    #[cfg(not(unix))]
    assert_eq!(stored.protection, FileProtection::Open);
    let loaded = StoredKey::load(&path).unwrap();
    assert_eq!((&loaded.agent_id, loaded.api_key.expose()), (&stored.agent_id, stored.api_key.expose()));
    assert!(!format!("{stored:?} {loaded:?}").contains("abc123"));
}

#[tokio::test]
async fn no_file_is_overwritten_by_a_registration_and_nothing_is_sent() {
    let directory = directory("overwrite");
    let (server, rest) = answering(201, REGISTER_RESPONSE).await;
    for text in ["", "somebody's notes", "BOTPIT_AGENT_ID=a\nBOTPIT_API_KEY=k\n"] {
        let path = directory.join("agent.key");
        std::fs::write(&path, text).unwrap();
        let error = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap_err();
        assert_eq!((error.field(), error.sent()), (Some("path"), Sent::No), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let nowhere = directory.join("missing").join("agent.key");
    let error = rest.register_and_store("MyAgent", &KeyService::documented(), &nowhere).await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::LOCAL_IO, Sent::No));
    assert_eq!(server.calls().len(), 0);
    assert_eq!(files(&directory), ["agent.key"]);
}

#[tokio::test]
async fn a_registration_that_fails_leaves_no_file() {
    let directory = directory("failed");
    for (status, body) in
        [(400, ERROR), (201, "{}"), (201, r#"{"agent_id":"a\nB=1","name":"n","api_key":"k"}"#)]
    {
        let (_server, rest) = answering(status, body).await;
        let path = directory.join("agent.key");
        let error = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap_err();
        assert_eq!(error.sent(), Sent::Yes);
        // Where the agent exists, it is told how to get at it.
        assert_eq!(error.to_string().contains("rotate_key"), status == 201, "{error}");
        assert_eq!(files(&directory), [""; 0]);
    }
}

#[tokio::test]
async fn a_rotated_key_replaces_the_agents_own_file_and_no_other() {
    let directory = directory("rotate");
    let (server, rest) = answering(200, ROTATE_KEY_RESPONSE).await;
    let (path, signer) = (directory.join("agent.key"), KeyService::documented());
    for (text, replaced) in [
        (None, true),
        (Some(format!("# mine\nBOTPIT_API_KEY=old\nexport BOTPIT_AGENT_ID='{AGENT}'\n")), true),
        (Some("BOTPIT_AGENT_ID=another\nBOTPIT_API_KEY=old\n".to_owned()), false),
        (Some("somebody's notes".to_owned()), false),
        (Some("x".repeat(100_000)), false),
    ] {
        if let Some(text) = &text {
            std::fs::write(&path, text).unwrap();
        }
        let before = server.calls().len();
        let outcome = rest.rotate_key_and_store(&agent(), &signer, &path).await;
        if replaced {
            let stored = outcome.unwrap();
            let loaded = StoredKey::load(&path).unwrap();
            assert_eq!((loaded.agent_id.as_str(), loaded.api_key.expose()), (AGENT, "bp_live_newkey789..."));
            assert_eq!(
                (stored.api_key.expose(), stored.protection),
                ("bp_live_newkey789...", loaded.protection)
            );
        } else {
            assert_eq!(outcome.unwrap_err().field(), Some("path"));
            assert_eq!(server.calls().len(), before, "nothing was sent");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text.unwrap());
        }
        assert_eq!(files(&directory), ["agent.key"]);
    }
}

#[tokio::test]
async fn a_rotation_that_is_refused_keeps_the_old_key() {
    let directory = directory("refused");
    let path = directory.join("agent.key");
    let text = format!("BOTPIT_AGENT_ID={AGENT}\nBOTPIT_API_KEY=old\n");
    std::fs::write(&path, &text).unwrap();
    let (_server, rest) = answering(401, ERROR).await;
    rest.rotate_key_and_store(&agent(), &KeyService::documented(), &path).await.unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(files(&directory), ["agent.key"]);
}

#[test]
fn a_file_without_a_key_is_refused_and_not_shown() {
    let directory = directory("load");
    let path = directory.join("agent.key");
    assert_eq!(StoredKey::load(&path).unwrap_err().code(), &codes::LOCAL_IO);
    for text in ["", "BOTPIT_API_KEY=s3cr3t\n", "s3cr3t"] {
        std::fs::write(&path, text).unwrap();
        let error = StoredKey::load(&path).unwrap_err();
        assert_eq!(error.field(), Some("path"));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}

#[cfg(feature = "wallet")]
mod with_a_wallet {
    use botpit_sdk::model::{Verb, WalletMessage};
    use botpit_sdk::wallet::{Wallet, verify};

    use super::*;

    #[tokio::test]
    async fn all_seven_verbs_are_signed_so_that_they_can_be_verified() {
        let wallet = Wallet::generate().unwrap();
        let server = Server::start(vec![
            json(201, REGISTER_RESPONSE),
            json(200, ROTATE_KEY_RESPONSE),
            json(200, UPDATE_PROFILE_RESPONSE),
            json(200, ""),
            json(200, ""),
            json(200, ""),
            json(200, AUTH_TOKEN_RESPONSE),
        ])
        .await;
        let rest = server.rest();
        rest.register("MyAgent", &wallet).await.unwrap();
        rest.rotate_key(&agent(), &wallet).await.unwrap();
        rest.update_profile(&agent(), &ProfileUpdate::new(), &wallet).await.unwrap();
        rest.follow(&agent(), &"b".into(), &wallet).await.unwrap();
        rest.unfollow(&agent(), &"b".into(), &wallet).await.unwrap();
        rest.link_identity(&agent(), wallet.address(), &wallet).await.unwrap();
        rest.auth_token(&&wallet).await.unwrap();
        let calls = server.calls();
        assert_eq!(calls.len(), Verb::ALL.len());
        for (call, verb) in calls.iter().zip(Verb::ALL) {
            let body = call.json();
            let part = |name: &str| body[name].as_str().unwrap().to_owned();
            verify(wallet.address(), &part("message"), &part("signature")).unwrap();
            let message: WalletMessage = part("message").parse().unwrap();
            assert_eq!(
                (message.verb, message.wallet_address),
                (verb, part("wallet_address")),
                "{}",
                call.line
            );
        }
    }

    #[test]
    fn a_keypair_file_is_read_and_checked() {
        let directory = directory("wallet");
        let path = directory.join("id.json");
        // RFC 8032, section 7.1, test 1: the seed and the public key.
        let hex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\
                   d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let pair: Vec<u8> =
            (0..64).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
        let wrong = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Wallet::from_keypair_file(&path).unwrap_err();
            assert_eq!(error.field(), Some("wallet"), "{text:.40}");
            assert_eq!(error.code(), &codes::INVALID_ARGUMENT);
        };
        assert_eq!(Wallet::from_keypair_file(&path).unwrap_err().code(), &codes::LOCAL_IO);
        wrong("");
        wrong("[1,2,3]");
        let mut mixed = pair.clone();
        mixed[63] ^= 1;
        wrong(&format!("{mixed:?}"));
        wrong(&format!("{:?} 7", pair));
        wrong(&format!("{:?}", [1_u8; 65]));
        wrong(&format!("{}{pair:?}", " ".repeat(5_000)));

        std::fs::write(&path, format!("{pair:?}\n")).unwrap();
        let wallet = Wallet::from_keypair_file(&path).unwrap();
        assert_eq!(wallet.address(), bs58::encode(&pair[32..]).into_string());
    }
}
