//! A starter bot says everything but its key, however much it is asked to say.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "these are tests")]

use std::process::{Command, Output};
use std::time::Duration;

use botpit_sdk::sandbox::{Fault, Sandbox, When};

/// A key that the sandbox takes without a registration: the word in it asks for a harmless fault.
const KEY: &str = "bp_live_m4rk3d-m4rk3d-faultUnknown";
const MARK: &str = "m4rk3d";

/// Runs the bot in a directory without an `.env`, while the sandbox goes on in this process.
async fn bot(options: &[&str], key: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_botpit-rps"));
    command
        .args(options)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .env("BOTPIT_API_KEY", key)
        .env_remove("BOTPIT_URL")
        .env_remove("BOTPIT_WS_URL")
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn written(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn a_bot_at_its_most_talkative_does_not_tell_its_key() {
    let sandbox = Sandbox::builder()
        .house_wait(Duration::from_millis(1))
        .house_thinks(Duration::ZERO)
        .start()
        .await
        .unwrap();
    sandbox.faults().order(Fault::Duplicate.on(When::sending("your_turn"))).unwrap();
    let url = sandbox.ws_url().as_str();
    for more in [["-vv", "--matches=2"].as_slice(), &["-vv", "--json"]] {
        let output = bot(&[&["--url", url, "--seed", "1"], more].concat(), KEY).await;
        let text = written(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("connecting to BOTPIT") && text.contains("TRACE"), "the log is there: {text}");
        assert!(!text.contains(MARK), "{text}");
    }
    assert_eq!(sandbox.matches().len(), 5);
}

#[tokio::test]
async fn a_bot_that_fails_does_not_tell_its_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let revoked = format!("bp_live_{MARK}-faultRevoked");
    let url = sandbox.ws_url().as_str();
    for (options, key) in [
        (["--url", url].as_slice(), revoked.as_str()),
        (&["--url", url], "bp_live_m4rk3d with blanks"),
        (&["--live", "--url", "ws://192.0.2.1/ws"], KEY),
        (&["--live", "--url", "ws://user:m4rk3d@localhost/ws?api_key=m4rk3d"], KEY),
        (&["--url", "wss://m4rk3d@192.0.2.1/ws?api_key=m4rk3d"], KEY),
        (&["--live"], KEY),
    ] {
        let output = bot(&[options, &["-vv"]].concat(), key).await;
        let text = written(&output);
        assert!(!output.status.success() && text.contains("error: "), "{options:?}: {text}");
        assert!(!text.contains(MARK), "{options:?}: {text}");
        assert!(!text.contains("panicked"), "{options:?}: {text}");
    }
}
