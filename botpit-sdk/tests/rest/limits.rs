//! What is refused before it is sent, and what is taken that the documentation does not show.

use botpit_sdk::Sent;
use botpit_sdk::model::{MarketplaceSort, Period, ProfileUpdate};
use botpit_sdk::sdk_core::error::codes;

use super::scripted::{Answer, answer};
use super::*;

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
