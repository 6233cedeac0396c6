//! Where a BotOrNot starter bot plays, and how it tells what was said.

use std::fmt;
use std::path::PathBuf;

use botornot_sdk::model::OPPONENTS;
use botornot_sdk::player::{MatchLog, MatchReport, Play, Player, Speaker, Stats};
use botornot_sdk::sandbox::Sandbox;
use botornot_sdk::sdk_core::env::Env;
use botornot_sdk::sdk_core::record::Recording;
use botornot_sdk::sdk_core::wire::printable;
use botornot_sdk::{Client, ClientBuilder, Error, Host, Result};
use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::{Options, Report, needs_live};

/// The options of a bot that plays matches on BotOrNot.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("kept").args(["log", "record"]).multiple(true))]
pub struct ChatOptions {
    /// Stop after so many matches.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub matches: u32,
    /// Rehearse on the platform's deterministic harness, without effect on the rating.
    #[arg(long)]
    pub test: bool,
    /// Write each finished match to a file, as a line of JSON, and tell the figures of all in it at the end.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Write every frame to a file, as lines of JSON without the token.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Leave the opponents' words and names out of the log and the record.
    #[arg(long, requires = "kept")]
    pub without_opponents: bool,
    /// How many times as fast matches pass in a sandbox: 60 in the one that the bot starts, 1 behind --url.
    #[arg(long, value_name = "FACTOR", value_parser = speed, conflicts_with = "live")]
    pub speed: Option<f64>,
}

impl ChatOptions {
    fn recording(&self) -> Result<Option<Recording>> {
        let Some(path) = &self.record else { return Ok(None) };
        let recording = Recording::append_to(path, concat!("starter-bots/", env!("CARGO_PKG_VERSION")))?;
        Ok(Some(if self.without_opponents { recording.leave_out(OPPONENTS) } else { recording }))
    }
}

/// Four minutes in four seconds.
const OWN_SPEED: f64 = 60.0;

/// A factor from 1 to 1,000: beyond that the clock of the machine is too coarse for a chat.
pub fn speed(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=1_000.0).contains(&factor) { Ok(factor) } else { Err("it must be from 1 to 1000".to_owned()) }
}

/// Where a bot plays: a client, and the sandbox that it plays in when there is no other place.
#[derive(Debug)]
pub struct Place {
    /// The client.
    pub client: Client,
    speed: f64,
    sandbox: Option<Sandbox>,
    log: Option<MatchLog>,
    seed: u64,
    of_chat: ChatOptions,
}

impl Place {
    /// A sandbox in this process, unless `--live` or `--url` says otherwise.
    ///
    /// # Errors
    /// A key that is missing, an address that needs `--live`, a log that cannot be opened, a sandbox that cannot be started.
    pub async fn open(name: &str, options: &Options, of_chat: &ChatOptions, report: Report) -> Result<Self> {
        let shutdown = options.stop_on_signals(report, "the match in progress")?;
        let seed = options.seed_or_random();
        let log = of_chat.log.as_ref().map(MatchLog::append_to).transpose()?;
        let log = if of_chat.without_opponents { log.map(MatchLog::without_opponents) } else { log };
        let elsewhere = options.live || options.url.is_some();
        let speed = of_chat.speed.unwrap_or(if elsewhere { 1.0 } else { OWN_SPEED });
        let (builder, sandbox) = if elsewhere {
            (from_env(options.url.as_deref(), options.live)?, None)
        } else {
            let sandbox = Sandbox::builder().seed(seed).speed(speed).start().await?;
            report.note(format_args!("A BotOrNot of your own runs on {} (seed {seed}).", sandbox.ws_url()));
            report.note(format_args!("{name} has its token; time passes {speed} times as fast."));
            (Client::builder(sandbox.register(name)?).url(sandbox.url()), Some(sandbox))
        };
        let builder = match of_chat.recording()? {
            Some(recording) => builder.record(recording),
            None => builder,
        };
        let client = builder.seed(seed).shutdown(&shutdown).build()?;
        if !options.live && !client.is_local() {
            return Err(needs_live());
        }
        if options.live {
            let counts = if of_chat.test { "without effect on the rating" } else { "for the rating" };
            report.note(format_args!("Playing on {}, {counts}.", client.shown_url()));
        }
        Ok(Self { client, speed, sandbox, log, seed, of_chat: of_chat.clone() })
    }

    /// A player on its way, at a person's pace, with everything that the options say.
    pub fn play<P: Player>(&self, player: P) -> Play<P> {
        let play = self
            .client
            .play(player)
            .matches(self.of_chat.matches)
            .test_mode(self.of_chat.test)
            .speed(self.speed)
            .seed(self.seed);
        match &self.log {
            Some(log) => play.log(log.clone()),
            None => play,
        }
    }

    /// The seed of everything that is left to chance.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Tells what the log holds by now, and ends the sandbox, where there is one.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn close(self, report: Report) -> Result<()> {
        if let Some(log) = &self.log {
            let stats = Stats::read(log.path())?;
            report.note(format_args!("\nThe log {} by now:\n{stats}", log.path().display()));
        }
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
        Ok(())
    }
}

/// The key is the environment's. `--live` plays on the platform unless an address is named; without it an address is one of this
/// machine.
fn from_env(url: Option<&str>, live: bool) -> Result<ClientBuilder> {
    let env = Env::read()?;
    let named = ["BOTORNOT_URL", "BOTORNOT_BASE_URL"].iter().any(|name| env.get(name).is_some());
    let Some(url) = url else {
        if named {
            return Client::builder_from_env(&env);
        }
        return Ok(Client::builder(key(&env)?).host(Host::Production));
    };
    // Asked first: no key is wanted for a machine that was not meant.
    if !live && !Client::builder("none").url(url).build()?.is_local() {
        return Err(needs_live());
    }
    Ok(Client::builder(key(&env)?).url(url))
}

fn key(env: &Env) -> Result<String, Error> {
    env.get("BOTORNOT_API_KEY")
        .or_else(|| env.get("BOTORNOT_AGENT_TOKEN"))
        .map_or_else(|| env.require("BOTORNOT_API_KEY"), Ok)
}

/// A match as it is told: the conversation, and below it what the platform revealed. As JSON it is the match alone.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Told<'a>(pub &'a MatchReport);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.transcript.lines() {
            let who = match line.who {
                Speaker::Me => "we",
                Speaker::Opponent => "they",
            };
            let at = line.at.as_secs();
            writeln!(f, "  {}:{:02} {who:>4}: {}", at / 60, at % 60, printable(&line.text))?;
        }
        self.0.fmt(f)
    }
}
