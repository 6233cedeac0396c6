//! Whether a BotRoulette bot can be reached: its own server, its tunnel, the proxy (spec, step 6).

use std::fmt;
use std::time::Duration;

use botroulette_sdk::sdk_core::http::{Http, Request};
use botroulette_sdk::sdk_core::wire::{excerpt, printable};
use botroulette_sdk::{Client, Error, Result};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Report;

/// What a bot is asked.
const MESSAGE: &str = "hello, who are you?";
/// The platform answers for a bot that is too slow after 30 s.
const PATIENCE: Duration = Duration::from_secs(40);

/// A bot to test.
#[derive(Debug, Clone)]
pub struct Tested {
    /// Its service code.
    pub code: String,
    /// Its own HTTP server, where it has one.
    pub local: Option<String>,
    /// Its public address, where that is known.
    pub address: Option<String>,
}

/// What one test found.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// `health`, `local`, `tunnel` or `proxy`.
    pub name: &'static str,
    /// Whether it went well; `null` when it was left out.
    pub ok: Option<bool>,
    /// How long it took.
    pub millis: u64,
    /// What the bot said, or what is wrong.
    pub words: String,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ok, millis, words } = self;
        let words = printable(words);
        match ok {
            Some(true) => write!(f, "{name}: good, after {millis} ms\n  {words}"),
            Some(false) => write!(f, "{name}: failed, after {millis} ms\n  {words}"),
            None => write!(f, "{name}: left out\n  {words}"),
        }
    }
}

/// All tests together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many went well.
    pub passed: u32,
    /// How many failed.
    pub failed: u32,
    /// How many were left out.
    pub left_out: u32,
}

impl Tally {
    fn tell(&mut self, check: &Check, report: Report) {
        match check.ok {
            Some(true) => self.passed += 1,
            Some(false) => self.failed += 1,
            None => self.left_out += 1,
        }
        report.result("check", check);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} left out", self.passed, self.failed, self.left_out)
    }
}

/// Tests a bot from the inside out, and tells each result. The first that fails shows where to look.
pub async fn self_test(client: &Client, bot: &Tested, report: Report) -> Tally {
    let mut tally = Tally::default();
    let at = |address: &Option<String>| address.as_deref().map(server);
    let asks = |http: Http| http.post(&[]).json(&json!({ "message": MESSAGE }));
    let no_server = "no server of its own was named: --local ADDRESS";
    let health = at(&bot.local).map(|http| healthy(http.map(|http| http.get(&["health"]))));
    tally.tell(&timed("health", no_server, health).await, report);
    let local = at(&bot.local).map(|http| reply(http.map(asks)));
    tally.tell(&timed("local", no_server, local).await, report);
    // The public address takes anybody, so no key goes there.
    let tunnel = at(&bot.address).map(|http| reply(http.map(asks)));
    tally.tell(&timed("tunnel", "its public address is not known: --address URL", tunnel).await, report);
    let proxy = async {
        let answer = client.conversation(bot.code.as_str()).say(MESSAGE).await?;
        text(answer.json.as_str().as_bytes())
    };
    tally.tell(&timed("proxy", "", Some(proxy)).await, report);
    tally
}

/// A caller of an address, without a key.
fn server(address: &str) -> Result<Http> {
    let wrong = |_| Error::invalid_argument("address", "this is no address of a server");
    Http::builder(address.parse().map_err(wrong)?).timeout(PATIENCE).build()
}

async fn healthy(request: Result<Request>) -> Result<String> {
    let response = request?.send().await?;
    Ok(format!("HTTP {}", response.status()))
}

async fn reply(request: Result<Request>) -> Result<String> {
    text(request?.send().await?.body())
}

/// What others read: `reply`, or else `response`.
fn text(body: &[u8]) -> Result<String> {
    let said: Value = botroulette_sdk::sdk_core::wire::decode_slice(body, "the bot's answer")?;
    let text = ["reply", "response"].into_iter().find_map(|field| said.get(field)?.as_str());
    let nothing =
        || Error::invalid_argument("reply", "the answer has a text in neither `reply` nor `response`");
    text.map(excerpt).ok_or_else(nothing)
}

async fn timed(
    name: &'static str,
    without: &str,
    check: Option<impl Future<Output = Result<String>>>,
) -> Check {
    let began = Instant::now();
    let (ok, words) = match check {
        None => (None, without.to_owned()),
        Some(check) => match check.await {
            Ok(words) => (Some(true), words),
            Err(error) => (Some(false), format!("{} ({})", error.chain(), error.advice())),
        },
    };
    Check { name, ok, millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), words }
}
