//! No key is in any log, at TRACE, of any target, ours and those of the libraries below. The client runs in a process of
//! its own, which writes all that `tracing` and `log` carry to stderr; the server is in this one. So whatever that process
//! writes is the client's, and all of it is searched.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod echo;

use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::{Fault, Sandbox, When};
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, Rest};
use sdk_core::backoff::{BackoffPolicy, Jitter};
use sdk_core::env::Env;
use sdk_core::http::{Auth, Http};
use sdk_core::secret::Secret;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What the client's process is to do; without it the client's tests have nothing to do.
const PART: &str = "FAMILY_TESTS_CLIENT";

const SEED: [u8; 32] = [0xb7; 32];

/// A key that the sandbox takes without a registration, and the word in it breaks nothing.
fn marked_key() -> String {
    format!("{}faultUnknown", echo::KEY)
}

// ---- what the client's process writes -------------------------------------------------------------------------------

struct Everything;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn put(metadata: &Metadata<'_>, write: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(format!("[{} {}]", metadata.target(), metadata.level()));
    write(&mut fields);
    eprintln!("{}", fields.0);
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        put(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields("[span]".into());
        values.record(&mut fields);
        eprintln!("{}", fields.0);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        put(event.metadata(), |fields| event.record(fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        eprintln!("[{} {}] {}", record.target(), record.level(), record.args());
    }
    fn flush(&self) {}
}

fn write_everything() {
    tracing::subscriber::set_global_default(Everything).unwrap();
    log::set_logger(&Everything).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

fn is_part(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|wanted| wanted == part)
}

fn quick() -> BackoffPolicy {
    BackoffPolicy::steps(vec![Duration::from_millis(10)]).with_jitter(Jitter::None)
}

#[tokio::test]
#[ignore = "it is the client's process of the test below"]
async fn client_that_plays() {
    if !is_part("play") {
        return;
    }
    write_everything();
    // The key is in `.env`, the address in the environment, and another one in `.env`: the environment wins.
    let env = Env::read().unwrap();
    println!("{env:?}");
    let before: Vec<_> = std::env::vars_os().collect();
    let client =
        Client::builder_from_env(&env).unwrap().backoff(quick()).resume_grace(Duration::from_millis(20));
    let client = client.build().unwrap();
    let after: Vec<_> = std::env::vars_os().collect();
    assert!(before == after && std::env::var_os("BOTPIT_API_KEY").is_none(), "the key is in the environment");
    println!("{client:?}");
    let summary = client
        .play::<Rps, _>(|_: &_| Choice::Paper)
        .wager("0.01 SOL".parse().unwrap())
        .matches(2)
        .on_match(|report| println!("{report}\n{report:?}"))
        .run()
        .await
        .unwrap();
    assert_eq!(summary.matches, 2);

    // An agent of its own, whose key comes in an answer.
    let url = std::env::var("BOTPIT_WS_URL").unwrap();
    let wallet = Wallet::from_seed(&SEED);
    let registered = Rest::new(&url).unwrap().register("MyAgent", &wallet).await.unwrap();
    println!("{wallet:?} {registered:?}");
    std::fs::write("new.key", registered.api_key.expose()).unwrap();
    let (handle, _events) =
        Client::builder(registered.api_key.clone()).url(&url).build().unwrap().connect().await.unwrap();
    handle.close().await.unwrap();
    handle.closed().await;

    // Keys in headers, and keys that are refused.
    let base: url::Url = url.replace("ws://", "http://").parse().unwrap();
    for auth in [
        Auth::Bearer(Secret::new(echo::KEY)),
        Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new(echo::KEY) },
    ] {
        let http = Http::builder(base.join("/").unwrap()).auth(auth).build().unwrap();
        let answer = http.get(&["api", "v1", "stats"]).query("token", echo::KEY).send().await.unwrap();
        let refused = http.post(&["api", "v1", "agents"]).json(&echo::KEY).send().await.unwrap_err();
        println!("{http:?} {answer:?} {refused:?} {}", refused.chain());
    }
    let refused = Client::builder(echo::KEY).url(&url).build().unwrap().connect().await.unwrap_err();
    println!("{refused:?} {}", refused.chain());
}

#[tokio::test]
#[ignore = "it is the client's process of the test below"]
async fn client_of_a_server_that_repeats_the_key() {
    if !is_part("echo") {
        return;
    }
    write_everything();
    let url = std::env::var("BOTPIT_WS_URL").unwrap();
    let client = Client::builder(echo::KEY).url(url).backoff(quick()).build().unwrap();
    let error = client
        .play::<Rps, _>(|_: &_| Choice::Paper)
        .wager("0.01 SOL".parse().unwrap())
        .run()
        .await
        .unwrap_err();
    println!("{error:?} {}", error.chain());
}

// ---- the server's side ----------------------------------------------------------------------------------------------

/// A directory that is gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("family-tests-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn client_process(part: &str, test: &str, url: &str, directory: &Path) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(PART, part)
        .env("BOTPIT_WS_URL", url)
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
    let directory = Directory::new("play");
    let sandbox = Sandbox::builder()
        .seed(1)
        .house_wait(Duration::from_millis(1))
        .house_thinks(Duration::ZERO)
        .start()
        .await
        .unwrap();
    sandbox.faults().order(Fault::DropTcp.on(When::sent("your_turn")).skip(1)).unwrap();
    let env =
        format!("# a bot's own\nBOTPIT_API_KEY={}\nBOTPIT_WS_URL=ws://127.0.0.1:1/nobody\n", marked_key());
    std::fs::write(directory.0.join(".env"), env).unwrap();

    let output = client_process("play", "client_that_plays", sandbox.ws_url().as_str(), &directory.0).await;
    let text = written(&output);
    assert!(output.status.success(), "{text}");
    assert!(sandbox.matches().len() >= 2 && sandbox.faults().injected() >= 2, "{:?}", sandbox.faults());
    let new_key = std::fs::read_to_string(directory.0.join("new.key")).unwrap();

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

    nowhere(echo::MARK, &text);
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

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_get_it_into_our_logs() {
    let directory = Directory::new("echo");
    let url = echo::start(echo::script()).await;
    let output = client_process("echo", "client_of_a_server_that_repeats_the_key", &url, &directory.0).await;
    let text = written(&output);
    assert!(output.status.success(), "{text}");
    // The WebSocket library writes what it receives, at TRACE, and there is no way to keep it from doing so. It shows that
    // the key was there to be found.
    let (theirs, ours): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("[tungstenite"));
    assert!(theirs.iter().any(|line| line.contains(echo::MARK)), "the server repeated nothing");
    assert!(ours.len() > 10, "{text}");
    nowhere(echo::MARK, &ours.join("\n"));
}
