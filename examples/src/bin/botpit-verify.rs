//! Checks a BOTPIT match against its seed.
//!
//! `cargo run --bin botpit-verify` plays a match in a BOTPIT of its own and checks it. `--match ID` checks any finished match
//! by its proof and replay, `--file match.json` one from a file, and `--derive SEED --round N` shows what a seed gives.
//!
//! It exits with 0 when nothing was found, with 3 after a violation, with 1 when the match could not be checked, and with 2
//! when the options make no sense.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use botpit_sdk::fairness::derivation::Sheet;
use botpit_sdk::fairness::{FairnessReport, MatchEvidence, from_json};
use botpit_sdk::games::dice_duel::Action;
use botpit_sdk::model::{GameType, MatchId};
use botpit_sdk::sdk_core::env::Env;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{Client, Error, Event, Host, Lamports, MoveData, Rest, Result};
use clap::Parser;
use serde::Serialize;
use starter_bots::botpit::{HostName, MatchOptions, Place};
use starter_bots::{Options, Report, exit};

/// The exit status after a violation.
const VIOLATED: u8 = 3;

/// Checks a BOTPIT match against its seed: one that it plays in a sandbox of its own, unless told otherwise. Exits with 3 after
/// a violation.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// Check a finished match by its id, on the server of --url, or with --live on the real platform.
    #[arg(long = "match", value_name = "ID", conflicts_with_all = ["file", "derive"])]
    id: Option<String>,
    /// Check a match from a file: the bodies of /proof and /replay, or a report of this program.
    #[arg(long, value_name = "FILE", conflicts_with = "derive")]
    file: Option<PathBuf>,
    /// Show what a seed gives for a round.
    #[arg(long, value_name = "SEED", requires = "round")]
    derive: Option<String>,
    /// The round for --derive, from 1.
    #[arg(long, value_name = "N", requires = "derive")]
    round: Option<u32>,
    /// The real platform's host for --live, unless BOTPIT_URL or BOTPIT_WS_URL names it.
    #[arg(long, value_enum, value_name = "NAME", requires = "live")]
    host: Option<HostName>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let report = args.options.begin();
    if let (Some(seed), Some(round)) = (&args.derive, args.round) {
        return derive(seed, round, args.options.json);
    }
    match verified(&args, report).await {
        Ok(found) => {
            let is_violated = found.verdict().is_violated();
            report.result("fairness", &found);
            report.result("summary", &Summary::of(&found));
            if is_violated { ExitCode::from(VIOLATED) } else { ExitCode::SUCCESS }
        }
        Err(error) => exit(Err(error)),
    }
}

fn derive(seed: &str, round: u32, json: bool) -> ExitCode {
    let sheet = Sheet::of(seed, round);
    let text = if json { serde_json::to_string(&sheet).unwrap_or_default() } else { sheet.to_string() };
    // Nobody reads any more when the pipe is closed.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    ExitCode::SUCCESS
}

async fn verified(args: &Args, report: Report) -> Result<FairnessReport> {
    match (&args.id, &args.file) {
        (Some(id), _) => rest(args)?.verify_match(&MatchId::from(id.as_str())).await,
        (None, Some(file)) => Ok(from_json(&read(file)?)?.verify()),
        (None, None) => played(args, report).await,
    }
}

/// Where a match is looked up.
fn rest(args: &Args) -> Result<Rest> {
    match (&args.options.url, args.options.live, args.host) {
        (Some(url), true, _) => Rest::new(url),
        (Some(url), false, _) if Client::builder("none").url(url).build()?.is_local() => Rest::new(url),
        (Some(_), false, _) => {
            Err(Error::invalid_argument("url", "an address that is not on this machine needs --live"))
        }
        (None, true, Some(HostName::Production)) => Rest::on(Host::Production),
        (None, true, Some(HostName::Tech)) => Rest::on(Host::Tech),
        (None, true, None) => {
            let env = Env::read()?;
            let url = env.get("BOTPIT_URL").or_else(|| env.get("BOTPIT_WS_URL"));
            Rest::new(url.ok_or_else(|| {
                Error::new(
                    &codes::INVALID_ENV,
                    "neither BOTPIT_URL nor BOTPIT_WS_URL is set, and there is no default host",
                )
                .with_field("BOTPIT_URL")
            })?)
        }
        (None, false, _) => Err(Error::invalid_argument(
            "match",
            "a match is looked up on a server: --url URL for one on this machine, or --live",
        )),
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|cause| {
        Error::new(&codes::LOCAL_IO, format!("{} could not be read", file.display()))
            .with_field("file")
            .with_source(cause)
    })
}

/// Plays one match of dice duel and checks what was seen of it. In that game chance decides everything.
async fn played(args: &Args, report: Report) -> Result<FairnessReport> {
    let of_match = MatchOptions::new(1, Lamports::MIN_WAGER, args.host);
    let place = Place::open("MyAgent", &args.options, &of_match, report).await?;
    let (bot, mut events) = place.client.connect().await?;
    bot.join_queue(GameType::DiceDuel, of_match.wager).await?;

    let mut evidence = MatchEvidence::new();
    while let Some(event) = events.next().await {
        evidence.on_event(&event);
        match event {
            Event::YourTurn(turn) => {
                let roll = MoveData::from(Action::Roll);
                evidence.on_move(turn.round, &roll);
                bot.make_move(&turn, roll).await?;
            }
            Event::GameOver(_) | Event::MatchLost { .. } => bot.close().await?,
            Event::Closed { reason: Some(error) } => return Err(error),
            _ => {}
        }
    }
    place.close().await;
    Ok(evidence.verify())
}

/// The last line.
#[derive(Serialize)]
struct Summary {
    matches: u32,
    verified: u32,
    consistent: u32,
    violated: u32,
}

impl Summary {
    fn of(report: &FairnessReport) -> Self {
        let is = |word| u32::from(report.verdict().as_str() == word);
        Self { matches: 1, verified: is("verified"), consistent: is("consistent"), violated: is("violated") }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { matches, verified, consistent, violated } = self;
        let plural = if *matches == 1 { "match" } else { "matches" };
        write!(f, "{matches} {plural}: {verified} verified, {consistent} consistent, {violated} violated")
    }
}
