//! What many bots in one process cost: memory and CPU time of 1, 10 and 100 of them, which play on a sandbox in another process.
//!
//! `cargo run --release -p family-tests --bin many-bots` prints the table of the book's page on what was measured.
//! `-- 10 60` measures 60 s of each after 10 s of warming up; without numbers it is 15 s after 5 s.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is the measurement's end"
)]
#![allow(clippy::print_stdout, reason = "what it prints is what is measured")]

use std::io::{BufRead, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use botornot_sdk::player::{Chat, Line, Player, Replies};
use botornot_sdk::state::WhyVote;
use botpit_sdk::games::rps::{Choice, Move, Rps};
use sdk_core::secret::Secret;
use sdk_core::shutdown::Shutdown;

const COUNTS: [usize; 3] = [1, 10, 100];
const PLATFORMS: [&str; 4] = ["botpit", "botornot", "botroulette", "kriegspiel"];
/// How long a bot thinks about a move, and how often each bot of BotRoulette is called.
const PAUSE: Duration = Duration::from_secs(1);
/// What the system counts CPU time in.
const TICKS_A_SECOND: f64 = 100.0;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["plays", platform, spans @ ..] => plays(platform, Spans::read(spans)).await,
        spans => measure(Spans::read(spans)).await,
    }
}

/// How long nothing is measured, and then how long something is.
#[derive(Clone, Copy)]
struct Spans {
    before: u64,
    measured: u64,
}

impl Spans {
    fn read(arguments: &[&str]) -> Self {
        let seconds = |at: usize, default| arguments.get(at).map_or(default, |text| text.parse().unwrap());
        Self { before: seconds(0, 5), measured: seconds(1, 15) }
    }
}

async fn measure(spans: Spans) {
    println!("| platform | bots | memory, MiB | a further bot, KiB | CPU, % of a core | decisions/s |");
    println!("|---|---|---|---|---|---|");
    for platform in PLATFORMS {
        let mut one = None;
        for count in COUNTS {
            let found = in_another_process(platform, count, spans).await;
            let first = *one.get_or_insert(found.resident_kib);
            let further = match u64::try_from(count) {
                Ok(count) if count > 1 => {
                    (found.resident_kib.saturating_sub(first) / (count - 1)).to_string()
                }
                _ => String::new(),
            };
            let mib = found.resident_kib as f64 / 1024.0;
            let measured = spans.measured as f64;
            let (cpu, rate) = (found.cpu * 100.0 / measured, found.decisions as f64 / measured);
            println!("| {platform} | {count} | {mib:.1} | {further} | {cpu:.1} | {rate:.1} |");
        }
    }
}

/// What a process of bots cost.
struct Cost {
    resident_kib: u64,
    cpu: f64,
    decisions: u64,
}

/// Serves the platform here, and lets so many bots play on it in a process of their own.
async fn in_another_process(platform: &'static str, count: usize, spans: Spans) -> Cost {
    let (server, addresses) = Served::start(platform, count).await;
    let child = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["plays", platform, &spans.before.to_string(), &spans.measured.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Keys come through a pipe: the arguments of a process are for all to see.
        child.stdin.take().unwrap().write_all(addresses.join("\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "the bots of {platform} failed");
        String::from_utf8(output.stdout).unwrap()
    });
    let told = child.await.unwrap();
    server.shutdown().await;
    let mut words = told.split_whitespace();
    let mut next = || words.next().expect("three numbers");
    Cost {
        resident_kib: next().parse().unwrap(),
        cpu: next().parse().unwrap(),
        decisions: next().parse().unwrap(),
    }
}

/// A sandbox.
enum Served {
    Botpit(botpit_sdk::sandbox::Sandbox),
    Botornot(botornot_sdk::sandbox::Sandbox),
    Botroulette(botroulette_sdk::sandbox::Sandbox),
    Kriegspiel(kriegspiel_sdk::sandbox::Sandbox),
}

impl Served {
    /// The sandbox; and its address, with a key for each bot.
    async fn start(platform: &str, count: usize) -> (Self, Vec<String>) {
        let names = (0..count).map(|number| format!("bot{number}"));
        match platform {
            "botpit" => {
                let sandbox = botpit_sdk::sandbox::Sandbox::builder().seed(7).start().await.unwrap();
                let keys = names.map(|name| sandbox.register(&name).unwrap());
                let lines = lines(sandbox.url().as_str(), keys);
                (Self::Botpit(sandbox), lines)
            }
            "botornot" => {
                let builder = botornot_sdk::sandbox::Sandbox::builder().seed(7).agents(count);
                let sandbox = builder.start().await.unwrap();
                let keys = (0..count).map(|index| sandbox.token(index).unwrap());
                let lines = lines(sandbox.url().as_str(), keys);
                (Self::Botornot(sandbox), lines)
            }
            "botroulette" => {
                let builder = botroulette_sdk::sandbox::Sandbox::builder().seed(7).rate_limits(false);
                let builder = builder.house_calls(u32::MAX).house_calls_every(PAUSE).house_turns(1);
                let sandbox = builder.start().await.unwrap();
                let keys = names.map(|name| sandbox.register(&name).unwrap());
                let lines = lines(sandbox.url().as_str(), keys);
                (Self::Botroulette(sandbox), lines)
            }
            _ => {
                let builder = kriegspiel_sdk::sandbox::Sandbox::builder().seed(7).house_thinks(PAUSE);
                let sandbox = builder.join_cooldown(Duration::ZERO).start().await.unwrap();
                let keys = names.map(|name| sandbox.register(&name).unwrap());
                let lines = lines(sandbox.url().as_str(), keys);
                (Self::Kriegspiel(sandbox), lines)
            }
        }
    }

    async fn shutdown(self) {
        match self {
            Self::Botpit(sandbox) => sandbox.shutdown().await,
            Self::Botornot(sandbox) => sandbox.shutdown().await,
            Self::Botroulette(sandbox) => sandbox.shutdown().await,
            Self::Kriegspiel(sandbox) => sandbox.shutdown().await,
        }
    }
}

fn lines(url: &str, keys: impl Iterator<Item = Secret>) -> Vec<String> {
    std::iter::once(url.to_owned()).chain(keys.map(|key| key.expose().to_owned())).collect()
}

/// How many decisions the bots of this process have made.
type Decisions = Arc<AtomicU64>;

/// Plays with a bot for each key on stdin, and tells what that cost.
async fn plays(platform: &str, spans: Spans) {
    let mut lines = std::io::stdin().lock().lines().map(Result::unwrap);
    let url = lines.next().expect("the address comes first");
    let (shutdown, decisions) = (Shutdown::new(), Decisions::default());
    for (number, key) in (0..).zip(lines) {
        match platform {
            "botpit" => botpit(key, &url, number, &shutdown, &decisions),
            "botornot" => botornot(key, &url, number, &shutdown, &decisions),
            "botroulette" => botroulette(key, &url, &shutdown, &decisions),
            _ => kriegspiel(key, &url, number, &shutdown, &decisions),
        }
    }
    tokio::time::sleep(Duration::from_secs(spans.before)).await;
    let (cpu, made, began) = (cpu_seconds(), decisions.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(spans.measured)).await;
    let (cpu, made) = (cpu_seconds() - cpu, decisions.load(Ordering::Relaxed) - made);
    let stretched = began.elapsed().as_secs_f64() / spans.measured as f64;
    println!("{} {} {made}", resident_kib(), cpu / stretched);
}

struct Slow(Decisions);

impl botpit_sdk::Strategy<Rps> for Slow {
    async fn choose(&mut self, _: &botpit_sdk::GameTurn<Rps>) -> botpit_sdk::Result<Move> {
        tokio::time::sleep(PAUSE).await;
        self.0.fetch_add(1, Ordering::Relaxed);
        let (choices, at) = ([Choice::Rock, Choice::Paper, Choice::Scissors], by_the_clock());
        Ok(choices.into_iter().cycle().nth(at).expect("three choices, over and over").into())
    }
}

/// Something that differs from call to call.
fn by_the_clock() -> usize {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |span| span.subsec_nanos());
    usize::try_from(nanos / 1_000 % 3).unwrap_or_default()
}

fn botpit(key: String, url: &str, number: u64, shutdown: &Shutdown, decisions: &Decisions) {
    let builder = botpit_sdk::Client::builder(key).url(url).seed(number).shutdown(shutdown);
    let unlimited = botpit_sdk::Bankroll::new().loss_limit("1000 SOL".parse().unwrap());
    let client = builder.bankroll(unlimited).build().unwrap();
    let play = client.play::<Rps, _>(Slow(decisions.clone())).wager("0.01 SOL".parse().unwrap());
    tokio::spawn(async move { play.run().await.unwrap() });
}

struct Talker(botornot_sdk::player::Persona, Decisions);

impl Player for Talker {
    async fn on_match_start(&mut self, chat: &Chat) -> botornot_sdk::Result<Replies> {
        self.0.on_match_start(chat).await
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> botornot_sdk::Result<Replies> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.on_message(chat, message).await
    }

    async fn vote(&mut self, chat: &Chat, why: WhyVote) -> botornot_sdk::Result<botornot_sdk::Guess> {
        self.0.vote(chat, why).await
    }
}

fn botornot(key: String, url: &str, number: u64, shutdown: &Shutdown, decisions: &Decisions) {
    let client = botornot_sdk::Client::builder(key).url(url).seed(number).shutdown(shutdown).build().unwrap();
    let talker = Talker(botornot_sdk::player::Persona::new(number), decisions.clone());
    let play = client.play(talker).seed(number);
    tokio::spawn(async move { play.run().await.unwrap() });
}

fn botroulette(key: String, url: &str, shutdown: &Shutdown, decisions: &Decisions) {
    let client = botroulette_sdk::Client::builder(key).url(url).shutdown(shutdown).build().unwrap();
    let decisions = decisions.clone();
    let parrot = botroulette_sdk::responder(move |request: botroulette_sdk::Incoming| {
        decisions.fetch_add(1, Ordering::Relaxed);
        async move { Ok(request.message()?.to_uppercase()) }
    });
    tokio::spawn(async move { client.serve(parrot).run().await.unwrap() });
}

#[derive(Clone)]
struct Chance(kriegspiel_sdk::strategies::Random, Decisions);

impl kriegspiel_sdk::Strategy for Chance {
    async fn choose(
        &mut self,
        position: &kriegspiel_sdk::Position,
    ) -> kriegspiel_sdk::Result<kriegspiel_sdk::Action> {
        tokio::time::sleep(PAUSE).await;
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.choose(position).await
    }
}

fn kriegspiel(key: String, url: &str, number: u64, shutdown: &Shutdown, decisions: &Decisions) {
    let client = kriegspiel_sdk::Client::builder(key).url(url).shutdown(shutdown).build().unwrap();
    let bot = Chance(kriegspiel_sdk::strategies::Random::seeded(number), decisions.clone());
    let play = client.play(bot).at_once(1).seed(number);
    tokio::spawn(async move { play.run().await.unwrap() });
}

/// How much memory this process holds, in KiB: Linux tells.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("every process has it");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How much CPU time this process has had, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a Linux");
    // The name before it may hold blanks; time in the program and time in the system are the twelfth and thirteenth after it.
    let (_, after) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / TICKS_A_SECOND
}
