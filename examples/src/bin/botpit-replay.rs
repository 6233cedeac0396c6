//! Plays a record again, offline: where would a strategy decide otherwise than what was sent then?
//!
//! Record with `cargo run --bin botpit-rps -- --seed 7 --record rps.jsonl`, change the strategy, and see what the change
//! does with `cargo run --bin botpit-replay -- rps.jsonl --seed 7`.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use botpit_sdk::replay::{self, RecordedMatch, ReplayedMatch};
use botpit_sdk::{Error, Result};
use clap::Parser;
use serde::Serialize;
use starter_bots::strategies::Named;
use starter_bots::{Options, counted, exit, with_game};

/// Asks a strategy every question of a record again, and shows where its decisions differ.
#[derive(Parser)]
struct Args {
    /// The record: what `--record FILE` of a starter bot has written.
    #[arg(value_name = "FILE")]
    record: PathBuf,
    /// The strategy, by its name (`botpit-lab --list` has them). The game's best unless something else is said.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize, Default)]
struct Summary {
    matches: usize,
    turns: usize,
    differing: usize,
    /// Matches of games, or with strategies, that this program does not know.
    skipped: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, turns, differing, skipped } = *self;
        let (matches, turns) = (counted(matches, "match", "es"), counted(turns, "turn", "s"));
        write!(f, "{matches} with {turns}: {differing} decided otherwise")?;
        if skipped > 0 {
            write!(f, "; {} skipped", counted(skipped, "match", "es"))?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    let report = args.options.begin();
    let recorded = replay::read(&args.record)?;
    for warning in &recorded.warnings {
        report.note(format_args!("warning: {warning}"));
    }
    let mut summary = Summary::default();
    // One strategy for all matches of a game, as the bot had it: it learns from one for the next.
    let mut games: Vec<&str> = recorded.matches.iter().map(|of_match| of_match.game.as_str()).collect();
    games.sort_unstable();
    games.dedup();
    for game in games {
        let matches: Vec<&RecordedMatch> =
            recorded.matches.iter().filter(|of_match| of_match.game.as_str() == game).collect();
        let Some(replayed) = with_game!(game, G => again::<G>(&args, &matches).await) else {
            report.note(format_args!(
                "{game} is a game without strategies here; {} skipped",
                counted(matches.len(), "match", "es")
            ));
            summary.skipped += matches.len();
            continue;
        };
        for of_match in replayed? {
            summary.matches += 1;
            summary.turns += of_match.decisions.len();
            summary.differing += of_match.differing().count();
            report.result("match", &of_match);
        }
    }
    report.result("summary", &summary);
    Ok(())
}

async fn again<G: Named>(args: &Args, matches: &[&RecordedMatch]) -> Result<Vec<ReplayedMatch>> {
    let best = G::STRATEGIES.first().map_or("", |(name, _)| name);
    let name = args.strategy.as_deref().unwrap_or(best);
    // As the starter bots seed theirs.
    let Some(mut strategy) = G::strategy(name, args.options.seed.unwrap_or_else(|| fastrand::u64(..))) else {
        let known: Vec<&str> = G::STRATEGIES.iter().map(|(name, _)| *name).collect();
        let message = format!("{} has no strategy {name:?}: there are {}", G::NAME, known.join(", "));
        return Err(Error::invalid_argument("strategy", message));
    };
    let mut replayed = Vec::new();
    for of_match in matches {
        replayed.push(of_match.play::<G, _>(&mut strategy).await?);
    }
    Ok(replayed)
}
