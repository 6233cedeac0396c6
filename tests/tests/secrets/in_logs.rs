//! No key is in any log, at TRACE, of any target, ours and those of the libraries below. The client runs in a process of
//! its own, `marked-client`, which writes all that `tracing` and `log` carry to stderr; the server is in this one. So whatever that process
//! writes is the client's, and all of it is searched.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use botpit_sdk::sandbox::{Fault, Sandbox, When};
use family_tests::marks::{MARK, Marks, marked_key};

use crate::directory::Directory;
use crate::echo;

// ---- the server's side ----------------------------------------------------------------------------------------------

async fn client_process(part: &str, url: &str, directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marked-client"));
    command
        .arg(part)
        .env("MARKED_KEY", echo::KEY)
        .env("BOTPIT_WS_URL", url)
        .env("MARKED_URL", url)
        .env_remove("BOTPIT_API_KEY")
        .env_remove("BOTPIT_URL")
        // A proxy of the environment's that nobody answers at: loopback is reached all the same.
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, "http://bot:m4rk3d@127.0.0.1:1")))
        .current_dir(directory);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn written(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn nowhere(secret: &str, text: &str) {
    for line in text.lines() {
        assert!(!line.contains(secret), "{secret} is in: {line}");
    }
}

#[tokio::test]
async fn a_whole_life_with_a_reconnect_writes_no_key() {
    let directory = Directory::new();
    let sandbox = Sandbox::builder()
        .seed(1)
        .house_wait(Duration::from_millis(1))
        .house_thinks(Duration::ZERO)
        .start()
        .await
        .unwrap();
    sandbox.faults().order(Fault::DropTcp.on(When::sent("your_turn")).skip(1)).unwrap();
    let env = format!(
        "# a bot's own\nBOTPIT_API_KEY={}\nBOTPIT_WS_URL=ws://127.0.0.1:1/nobody\n",
        marked_key("bp_live_")
    );
    std::fs::write(directory.path().join(".env"), env).unwrap();

    let output = client_process("plays", sandbox.ws_url().as_str(), directory.path()).await;
    let text = written(&output);
    assert!(output.status.success(), "{text}");
    assert!(sandbox.matches().len() >= 2 && sandbox.faults().injected() >= 2, "{:?}", sandbox.faults());
    let new_key = std::fs::read_to_string(directory.path().join("new.key")).unwrap();

    // The capture works: what goes over the wire in the open is there, out and in, and so are everybody's own words.
    for (target, ordinary) in [
        ("[tungstenite", r#""make_move\""#),
        ("[tungstenite", r#"{"type":"your_turn""#),
        ("[botpit_sdk", "connecting to BOTPIT"),
        ("[sdk_core", "REST call"),
        ("[reqwest", "starting new connection"),
    ] {
        let is_there = text.lines().any(|line| line.starts_with(target) && line.contains(ordinary));
        assert!(is_there, "{target} has no {ordinary} in {text}");
    }

    Marks::new().and(&new_key).none_in("a whole life", &text);
    nowhere(&new_key, &text);
    nowhere(new_key.get(10..).unwrap(), &text);
    nowhere(r#"api_key":"#, &text);
    nowhere(r#"api_key\":"#, &text);
    // The wallet's seed: as hex, as a list, as bytes, as the base58 that Solana's wallets export.
    for seed in ["b7b7b7", "b7, b7", "183, 183", "183,183", r"\xb7\xb7"] {
        nowhere(seed, &text);
    }
    // A signature is good for as long as it is fresh.
    nowhere(r#"signature":"#, &text);
    nowhere(r#"signature\":"#, &text);
}

/// One of the other platforms: what its client is, hears and is refused, is shown; and all that is logged with it.
async fn other_platform(part: &str, url: &str, ordinary: &[&str]) {
    let directory = Directory::new();
    let output = client_process(part, url, directory.path()).await;
    let text = written(&output);
    assert!(output.status.success(), "{text}");
    for ordinary in ordinary {
        assert!(text.contains(ordinary), "{ordinary} is not in {text}");
    }
    Marks::new().none_in(part, &text);
}

#[tokio::test]
async fn botornot_shows_and_logs_no_token_though_it_travels_in_the_url() {
    let sandbox = botornot_sdk::sandbox::Sandbox::builder().seed(1).speed(200.0).start().await.unwrap();
    other_platform(
        "botornot",
        sandbox.ws_url().as_str(),
        &["[tungstenite", "[reqwest", "match:found", "auth_rejected", "Reconnecting"],
    )
    .await;
}

#[tokio::test]
async fn botroulette_shows_and_logs_no_key() {
    let sandbox = botroulette_sdk::sandbox::Sandbox::builder().seed(1).speed(20.0).heartbeat_scales(false);
    let sandbox = sandbox.house_calls(u32::MAX).start().await.unwrap();
    let url = sandbox.url().as_str();
    other_platform(
        "botroulette",
        url,
        &["[tungstenite", "[reqwest", "[sdk_core", "auth_ok", "auth_rejected"],
    )
    .await;
}

#[tokio::test]
async fn kriegspiel_shows_and_logs_no_token() {
    let sandbox = kriegspiel_sdk::sandbox::Sandbox::builder().seed(1).speed(50.0).start().await.unwrap();
    let url = sandbox.url().as_str();
    other_platform("kriegspiel", url, &["[reqwest", "[sdk_core", "auth_rejected"]).await;
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_get_it_into_our_logs() {
    let directory = Directory::new();
    let url = echo::start(echo::script()).await;
    let output = client_process("is-refused", &url, directory.path()).await;
    let text = written(&output);
    assert!(output.status.success(), "{text}");
    // The WebSocket library writes what it receives, at TRACE, and there is no way to keep it from doing so. It shows that
    // the key was there to be found.
    let mut of_theirs = false;
    let (theirs, ours): (Vec<_>, Vec<_>) = text.lines().partition(|line| {
        // What it writes of a frame has several lines.
        of_theirs = line.starts_with("[tungstenite") || of_theirs && !line.starts_with('[');
        of_theirs
    });
    assert!(theirs.iter().any(|line| line.contains(MARK)), "the server repeated nothing");
    assert!(ours.len() > 10, "{text}");
    Marks::new().none_in("our logs", ours.join("\n"));
}
