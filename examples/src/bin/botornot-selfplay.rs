//! Two personas against each other on BotOrNot, in a sandbox of their own: which one passes, and which one sees through the other?
//!
//! `cargo run --bin botornot-selfplay -- --matches 200`. Put your own player in the place of one of them.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use botornot_sdk::player::{MatchLog, Persona, SelfPlay, SelfPlayReport, Style};
use botornot_sdk::sandbox::Sandbox;
use botornot_sdk::sdk_core::shutdown::Shutdown;
use botornot_sdk::{Client, Error, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use starter_bots::botornot::{Told, speed};
use starter_bots::{Options, exit};

/// Lets two personas meet on BotOrNot, many times, and compares them.
#[derive(Parser)]
struct Args {
    /// How many matches.
    #[arg(long, value_name = "N", default_value_t = 200)]
    matches: u32,
    /// Write each finished match to a file, as the first of the two saw it.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How fast time passes: a match of four minutes takes 240 seconds by so much.
    #[arg(long, value_name = "FACTOR", default_value_t = 600.0, value_parser = speed)]
    speed: f64,
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    if args.options.live || args.options.url.is_some() {
        let field = if args.options.live { "live" } else { "url" };
        return Err(Error::invalid_argument(field, "two of one's own meet in a sandbox of their own alone"));
    }
    let report = args.options.begin();
    let shutdown = args.options.stop_on_signals(report, "the match in progress")?;
    let seed = args.options.seed_or_random();
    let log = args.log.as_ref().map(MatchLog::append_to).transpose()?;
    // Nobody else is there, so that they always meet.
    let sandbox = Sandbox::builder().seed(seed).speed(args.speed).no_house().start().await?;
    report.note(format_args!("Two personas meet {} times (seed {seed}).", args.matches));

    let bar = ProgressBar::new(args.matches.into()).with_style(
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} matches, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let (shown, json) = (bar.clone(), args.options.json);
    let first = ("chatty", enter(&sandbox, "chatty", seed, &shutdown)?, Persona::new(seed));
    let plain = Persona::new(seed.wrapping_add(1)).with_style(Style::plain());
    let second = ("plain", enter(&sandbox, "plain", seed, &shutdown)?, plain);
    let played = SelfPlay::new(first, second)
        .matches(args.matches)
        .speed(args.speed)
        .seed(seed)
        .each(
            |play| match log {
                Some(log) => play.log(log),
                None => play,
            },
            |play| play,
        )
        .on_match(move |finished| {
            shown.inc(1);
            if json {
                report.result("match", &Told(finished));
            }
        })
        .run()
        .await;
    bar.finish_and_clear();
    report.result("summary", &Compared::new(played?));
    sandbox.shutdown().await;
    Ok(())
}

fn enter(sandbox: &Sandbox, name: &str, seed: u64, shutdown: &Shutdown) -> Result<Client> {
    Client::builder(sandbox.register(name)?).url(sandbox.url()).seed(seed).shutdown(shutdown).build()
}

/// The table, and how many matches it is made of.
#[derive(Serialize)]
struct Compared {
    matches: u32,
    #[serde(flatten)]
    report: SelfPlayReport,
}

impl Compared {
    fn new(report: SelfPlayReport) -> Self {
        Self { matches: report.first.matches.max(report.second.matches), report }
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report.fmt(f)
    }
}
