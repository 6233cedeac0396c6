//! A BOTPIT client in a process of its own, which writes all that `tracing` and `log` carry, at TRACE, to stderr: the test
//! `secrets_in_logs` starts it and searches what it writes for the key in `MARKED_KEY`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failure here fails the test")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what it writes is what is searched")]

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, Rest};
use sdk_core::backoff::{BackoffPolicy, Jitter};
use sdk_core::env::Env;
use sdk_core::http::{Auth, Http};
use sdk_core::secret::Secret;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SEED: [u8; 32] = [0xb7; 32];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    write_everything();
    let marked = std::env::var("MARKED_KEY").unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("plays") => plays(&marked).await,
        Some("is-refused") => is_refused(&marked).await,
        other => panic!("{other:?} is neither `plays` nor `is-refused`"),
    }
}

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

fn quick() -> BackoffPolicy {
    BackoffPolicy::steps(vec![Duration::from_millis(10)]).with_jitter(Jitter::None)
}

async fn plays(marked: &str) {
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
        Auth::Bearer(Secret::new(marked)),
        Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new(marked) },
    ] {
        let http = Http::builder(base.join("/").unwrap()).auth(auth).build().unwrap();
        let answer = http.get(&["api", "v1", "stats"]).query("token", marked).send().await.unwrap();
        let refused = http.post(&["api", "v1", "agents"]).json(marked).send().await.unwrap_err();
        println!("{http:?} {answer:?} {refused:?} {}", refused.chain());
    }
    let refused = Client::builder(marked).url(&url).build().unwrap().connect().await.unwrap_err();
    println!("{refused:?} {}", refused.chain());
}

async fn is_refused(marked: &str) {
    let url = std::env::var("BOTPIT_WS_URL").unwrap();
    let client = Client::builder(marked).url(url).backoff(quick()).build().unwrap();
    let error = client
        .play::<Rps, _>(|_: &_| Choice::Paper)
        .wager("0.01 SOL".parse().unwrap())
        .run()
        .await
        .unwrap_err();
    println!("{error:?} {error} {}", error.error().chain());
}
