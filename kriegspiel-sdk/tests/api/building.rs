//! How a client is built.

use kriegspiel_sdk::sdk_core::env::Env;
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Client, Host};

#[test]
fn the_environment_names_host_and_token() {
    let env =
        Env::from_text("KRIEGSPIEL_BOT_TOKEN=ksbot_1.s3cr3t\nKRIEGSPIEL_API_BASE=http://127.0.0.1:8000\n");
    let client = Client::builder_from_env(&env).unwrap().build().unwrap();
    assert_eq!(client.shown_url(), "http://127.0.0.1:8000/");
    assert!(client.is_local());
    assert!(!format!("{client:?} {:?}", Client::builder_from_env(&env)).contains("s3cr3t"));
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
