//! Signed calls that fail, and what is told and not told of them.

use std::time::Duration;

use botpit_sdk::model::{ProfileUpdate, Timestamp};
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::http::RetryPolicy;
use botpit_sdk::{Error, Sent};

use super::key_files::{directory, files};
use super::scripted::{Answer, answer};
use super::*;

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
    let rest = Rest::builder(&server.url).retry(policy).call_timeout(Duration::from_secs(5)).build().unwrap();
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
