//! The starter bots of the REST side as a stranger runs them: the programs themselves, their output, their exit codes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::BTreeMap;
use std::path::Path;

use botpit_sdk::fairness::commitment;
use botpit_sdk::rest::StoredKey;
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::wallet::Wallet;
use family_tests::programs::{self, only_key, program, wait, workdir};
use serde_json::{Value, json};

// ---- the explorer ---------------------------------------------------------------------------------------------------

#[test]
fn the_explorer_shows_every_table() {
    let run = programs::run("botpit-explorer", ["--seed", "7"]);
    assert!(run.is_ok(), "{}", run.stderr);
    let mut rest = run.stdout.as_str();
    for title in [
        "Leaderboard of rps\n",
        "Marketplace\n",
        "Profile of ",
        "Last match: rps, ",
        "Proof: seed matches commitment\n",
        "Feed: what the followed did\n",
        "The seed of the last match is the one that was committed to before it.\n",
    ] {
        rest = rest.split_once(title).unwrap_or_else(|| panic!("{title}: {}", run.stdout)).1;
    }
    // A table's columns stand below each other.
    let leaderboard = section(&run.stdout, "Leaderboard of rps");
    let column = leaderboard[0].find("agent");
    assert!(leaderboard.len() > 3 && leaderboard.iter().any(|line| line.find("MyAgent ") == column));
    assert!(leaderboard[1..].iter().all(|line| line.ends_with(" SOL")), "{leaderboard:?}");
    assert!(section(&run.stdout, "Feed").iter().any(|line| line.contains(" against ")), "{}", run.stdout);
    assert!(!run.stdout.contains("bp_live_") && !run.stderr.contains("bp_live_"));
}

#[test]
fn the_explorer_s_json_is_what_the_platform_tells() {
    let run = programs::run("botpit-explorer", ["--seed", "7", "--json", "--matches", "1"]);
    assert!(run.is_ok(), "{}", run.stderr);
    let lines = run.json_lines();
    let names: Vec<&str> = lines.iter().map(only_key).collect();
    assert_eq!(names, ["leaderboard", "marketplace", "profile", "replay", "proof", "feed", "summary"]);
    let told: BTreeMap<&str, &Value> =
        lines.iter().map(|line| (only_key(line), &line[only_key(line)])).collect();

    let me = &told["profile"]["agent"];
    assert_eq!(me["name"], "MyAgent");
    let place =
        told["leaderboard"].as_array().unwrap().iter().find(|place| place["agent_id"] == me["id"]).unwrap();
    assert_eq!(place["wins"].as_u64().unwrap() + place["losses"].as_u64().unwrap(), 1);
    assert_eq!(told["marketplace"].as_array().unwrap().len(), 7);
    let (replay, proof) = (told["replay"], told["proof"]);
    assert_eq!(replay["match"]["id"], proof["match"]["id"]);
    assert!([&replay["match"]["agent_a"], &replay["match"]["agent_b"]].contains(&&me["id"]));
    let seed = proof["verification"]["server_seed"].as_str().unwrap();
    assert_eq!(proof["verification"]["server_seed_hash"], commitment(seed));
    assert!(told["feed"].as_array().unwrap().iter().all(|entry| entry["agent_id"] != me["id"]));
    let count = told["feed"].as_array().unwrap().len();
    assert!(count > 0);
    let summary =
        json!({ "agent": me["id"], "match": replay["match"]["id"], "fair": true, "activities": count });
    assert_eq!(told["summary"], &summary);
    assert!(run.stderr.contains("A BOTPIT of your own runs on"), "{}", run.stderr);
}

#[tokio::test]
async fn the_explorer_only_looks_at_another_server() {
    let sandbox = Sandbox::builder().seed(3).start().await.unwrap();
    let url = sandbox.url().to_string();
    let run =
        wait(program("botpit-explorer", ["--json", "--url", &url, "--game", "blotto", "--limit", "2"])).await;
    assert!(run.is_ok(), "{}", run.stderr);
    let lines = run.json_lines();
    let board = lines[0]["leaderboard"].as_array().unwrap();
    assert!(board.len() == 2 && board.iter().all(|place| place["game_type"] == "blotto"));
    assert_eq!(lines[2]["profile"]["agent"]["id"], board[0]["agent_id"], "the leader, unless told otherwise");
    assert_eq!(lines.last().unwrap()["summary"]["fair"], true);
    assert!(sandbox.matches().is_empty(), "it has not played");

    let second = board[1]["agent_id"].as_str().unwrap();
    let run = wait(program("botpit-explorer", ["--json", "--url", &url, "--agent", second])).await;
    assert_eq!(run.json_lines()[2]["profile"]["agent"]["id"], second);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn an_empty_platform_is_no_error() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let run = wait(program("botpit-explorer", ["--url", sandbox.url().as_str()])).await;
    assert!(run.is_ok(), "{}", run.stderr);
    assert!(run.stdout.contains("Leaderboard of rps\n  (nothing)\n"), "{}", run.stdout);
    assert!(run.stdout.ends_with("There is no finished match to verify.\n"), "{}", run.stdout);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_refusal_is_told_with_its_advice() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = sandbox.url().as_str();
    for (arguments, words) in [
        (["--url", url, "--game", "chess"], "this sandbox plays"),
        (["--url", url, "--agent", "nobody"], "agent not found"),
        (["--url", url, "--limit", "101"], "from 1 to 100"),
    ] {
        let run = wait(program("botpit-explorer", arguments)).await;
        assert!(!run.is_ok() && run.stderr.contains(words), "{words}: {}", run.stderr);
        assert!(run.stderr.lines().last().unwrap().starts_with("advice: "), "{}", run.stderr);
    }
    sandbox.shutdown().await;
}

// ---- registering ----------------------------------------------------------------------------------------------------

#[test]
fn registering_without_options_tries_it_in_a_sandbox() {
    let run = programs::run::<&str>("botpit-register", []);
    assert!(run.is_ok(), "{}", run.stderr);
    assert!(run.stdout.contains("MyAgent is registered.\n"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("bp_live_").count(), 1, "the key is shown once: {}", run.stdout);
    assert!(run.stdout.contains("wallet was made for this run"), "{}", run.stdout);
}

#[tokio::test]
async fn a_wallet_file_gives_a_key_file_that_opens_the_platform() {
    let sandbox = Sandbox::start().await.unwrap();
    let (wallet, file) = wallet_file("owner");
    let key = fresh("registered.key");
    let url = sandbox.url().to_string();
    let arguments = ["--url", &url, "--wallet", &file, "--name", "Zebra", "--save", &key, "--json", "-vv"];
    let mut command = program("botpit-register", arguments);
    command.env("RUST_LOG", "trace");
    let run = wait(command).await;
    assert!(run.is_ok(), "{}", run.stderr);
    assert!(
        !run.stdout.contains("bp_live_") && !run.stderr.contains("bp_live_"),
        "the key is in the file alone"
    );
    let lines = run.json_lines();
    let stored = StoredKey::load(&key).unwrap();
    let summary = json!({
        "name": "Zebra", "agent_id": stored.agent_id.as_str(), "wallet_address": wallet.address(), "saved": key
    });
    assert_eq!(lines, [json!({ "summary": summary })]);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&key).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    // With the file as its .env, a bot plays as this agent.
    let beside = workdir().join("registered");
    std::fs::create_dir_all(&beside).unwrap();
    std::fs::copy(&key, beside.join(".env")).unwrap();
    let mut command = program("botpit-rps", ["--url", sandbox.ws_url().as_str(), "--matches", "1"]);
    command.current_dir(&beside);
    let run = wait(command).await;
    assert!(run.is_ok(), "{}", run.stderr);
    assert!(sandbox.matches()[0].side_of("Zebra").is_some());

    // The file stays as it is, and nobody else is registered.
    let before = std::fs::read(&key).unwrap();
    let run = wait(program("botpit-register", ["--url", &url, "--wallet", &file, "--save", &key])).await;
    assert!(!run.is_ok() && run.stderr.contains("exists already"), "{}", run.stderr);
    assert_eq!(std::fs::read(&key).unwrap(), before);
    let rest = botpit_sdk::Rest::new(&url).unwrap();
    assert_eq!(rest.agents_of_wallet(wallet.address()).await.unwrap().len(), 1);
    sandbox.shutdown().await;
}

#[test]
fn a_wallet_that_cannot_be_read_is_named_and_not_shown() {
    let broken = workdir().join("broken-id.json");
    std::fs::write(&broken, "[1,2,3]").unwrap();
    for (file, words) in [("/nonexistent/id.json", "cannot be read"), (broken.to_str().unwrap(), "64 bytes")]
    {
        let run = programs::run("botpit-register", ["--wallet", file]);
        assert!(!run.is_ok() && run.stdout.is_empty(), "{}", run.stdout);
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(words), "{}", run.stderr);
        assert!(!run.stderr.contains("1,2,3"), "{}", run.stderr);
    }
}

#[test]
fn the_real_platform_needs_a_host_a_wallet_and_a_file() {
    let run = programs::run("botpit-register", ["--live"]);
    assert!(
        !run.is_ok() && run.stderr.contains("--wallet") && run.stderr.contains("--save"),
        "{}",
        run.stderr
    );
    let (_, file) = wallet_file("live");
    let key = fresh("live.key");
    let run = programs::run("botpit-register", ["--live", "--wallet", &file, "--save", &key]);
    assert!(!run.is_ok() && run.stderr.contains("BOTPIT_URL nor BOTPIT_WS_URL"), "{}", run.stderr);
    assert!(!Path::new(&key).exists());
    for name in ["botpit-register", "botpit-explorer"] {
        let run = programs::run(name, ["--url", "https://api.example.org"]);
        assert!(!run.is_ok() && run.stderr.contains("advice: add --live"), "{name}: {}", run.stderr);
    }
    let run = programs::run("botpit-explorer", ["--live"]);
    assert!(!run.is_ok() && run.stderr.contains("BOTPIT_URL nor BOTPIT_WS_URL"), "{}", run.stderr);
}

/// The ed25519 public key of the seed 0, 1, …, 31, computed by another program.
const PUBLIC_KEY: [u8; 32] = [
    3, 161, 7, 191, 243, 206, 16, 190, 29, 112, 221, 24, 231, 75, 192, 153, 103, 228, 214, 48, 155, 165, 13,
    95, 29, 220, 134, 100, 18, 85, 49, 184,
];

/// A wallet, and a keypair file with it.
fn wallet_file(name: &str) -> (Wallet, String) {
    // A keypair file has the seed, then its public key.
    let seed: Vec<u8> = (0..32).collect();
    let wallet = Wallet::from_seed(&seed.clone().try_into().unwrap());
    let bytes: Vec<u8> = seed.into_iter().chain(PUBLIC_KEY).collect();
    let path = workdir().join(format!("{name}-id.json"));
    std::fs::write(&path, serde_json::to_string(&bytes).unwrap()).unwrap();
    (wallet, path.to_str().unwrap().to_owned())
}

/// A path where nothing is.
fn fresh(name: &str) -> String {
    let path = workdir().join(name);
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

/// The lines of a table, from its header on.
fn section<'a>(stdout: &'a str, title: &str) -> Vec<&'a str> {
    let lines = stdout.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}
