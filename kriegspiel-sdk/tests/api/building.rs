//! How a client is built.

use kriegspiel_sdk::model::Role;
use kriegspiel_sdk::sdk_core::env::Env;
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Client, Host};

use crate::server::{Server, json};

#[test]
fn the_environment_names_host_and_token() {
    let env =
        Env::from_text("KRIEGSPIEL_BOT_TOKEN=ksbot_1.s3cr3t\nKRIEGSPIEL_API_BASE=http://127.0.0.1:8000\n");
    let client = Client::builder_from_env(&env).unwrap().build().unwrap();
    assert_eq!(client.shown_url(), "http://127.0.0.1:8000/");
    assert!(client.is_local());
    let shown = format!("{client:?} {:?}", Client::builder_from_env(&env));
    assert!(!shown.contains("s3cr3t") && shown.contains("token: Some([redacted])"), "{shown}");
    for (text, field) in [
        ("KRIEGSPIEL_API_BASE=http://127.0.0.1:8000", "KRIEGSPIEL_BOT_TOKEN"),
        ("KRIEGSPIEL_BOT_TOKEN=ksbot_1.s3cr3t", "KRIEGSPIEL_API_BASE"),
        ("KRIEGSPIEL_BOT_TOKEN=ksbot_1.s3cr3t\nKRIEGSPIEL_API_BASE=nowhere", "KRIEGSPIEL_API_BASE"),
        (
            "KRIEGSPIEL_BOT_TOKEN=ksbot_1.s3cr3t\nKRIEGSPIEL_API_BASE=https://api.kriegspiel.org/api",
            "KRIEGSPIEL_API_BASE",
        ),
    ] {
        let error = Client::builder_from_env(&Env::from_text(text)).unwrap_err();
        assert_eq!((error.code(), error.field()), (&codes::INVALID_ENV, Some(field)));
        // What is wrong with it is the cause's to say.
        let is_wrong = text.contains(field);
        assert_eq!(std::error::Error::source(&error).is_some(), is_wrong, "{}", error.chain());
    }
}

#[test]
fn mistakes_are_named_and_tokens_are_not_shown() {
    assert_eq!(Client::builder("ksbot_1.s3cr3t").build().unwrap_err().field(), Some("url"));
    for token in ["", "ksbot 1", "ksbot_1\n"] {
        let error = Client::builder(token).host(Host::Production).build().unwrap_err();
        assert_eq!((error.code(), error.field()), (&codes::INVALID_CONFIG, Some("token")));
    }
    let error = Client::builder("ksbot_1.s3cr3t").url("http://api.kriegspiel.org").build().unwrap_err();
    assert_eq!(error.code(), &codes::INSECURE_URL);
    let error = Client::builder("t").url("ksbot_1.s3cr3t").build().unwrap_err();
    assert!(!format!("{error} {}", error.chain()).contains("s3cr3t"));
}

#[tokio::test]
async fn a_bot_that_was_just_registered_goes_on_with_its_token() {
    let server = Server::start([json(200, r#"{"username":"randobot","role":"bot","is_bot":true}"#)]).await;
    let nobody = Client::anonymous().url(&server.url).build().unwrap();
    let account = nobody.with_token("ksbot_2.s3cr3t").unwrap().me().await.unwrap();
    assert_eq!((account.username.as_str(), account.role), ("randobot", Some(Role::Bot)));
    assert_eq!(account.extra.get("is_bot"), Some(&true.into()));
    assert_eq!(server.lines(), ["GET /auth/me"]);
    assert!(server.calls()[0].head.contains("authorization: Bearer ksbot_2.s3cr3t"));
}

/// A platform that is not well says so: that is an answer.
#[tokio::test]
async fn the_platforms_health_is_an_answer() {
    let unwell = r#"{"status":"error","db":"disconnected","version":"1.3.54"}"#;
    let server = Server::start([json(503, unwell), json(503, r#"{"detail":"Database unavailable"}"#)]).await;
    assert!(!server.client().health().await.unwrap().is_ok());
    assert_eq!(server.client().open_games().await.unwrap_err().status(), Some(503));
}
