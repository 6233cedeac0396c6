//! Every documented call with its example, asked and answered.

use botpit_sdk::Sent;
use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::games::{Game, RoundRecord};
use botpit_sdk::model::{
    GameType, MarketplaceSort, Match, MatchId, MatchStatus, Period, ProfileUpdate, Side, Timestamp,
};
use botpit_sdk::sdk_core::error::codes;

use super::*;

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
    let mut fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
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
