//! Two strategies against each other, many thousand matches, in this process and without a socket.
//!
//! `cargo run --release --bin botpit-lab -- --game rps --first predictor --second copycat --matches 100000`
//!
//! `--list` names the strategies of every game; yours goes into `strategies.rs`. `--html FILE` writes a page with charts.

use std::path::PathBuf;
use std::process::ExitCode;

use botpit_sdk::lab::{Lab, LabReport};
use botpit_sdk::sdk_core::private_file;
use botpit_sdk::{Error, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use starter_bots::strategies::Named;
use starter_bots::{LabPage, Options, Shown, Table, exit, with_game};

const GAMES: [&str; 10] = [
    "coinflip",
    "rps",
    "hi_lo",
    "dice_duel",
    "high_card_duel",
    "crash",
    "mines",
    "math_duel",
    "reaction_ring",
    "blotto",
];

/// Lets two strategies of a BOTPIT game play against each other, and says which is better.
#[derive(Parser)]
struct Args {
    /// The game, by its name on the platform.
    #[arg(long, value_name = "GAME", default_value = "rps")]
    game: String,
    /// The first strategy, by its name. The game's best unless something else is said.
    #[arg(long, value_name = "NAME")]
    first: Option<String>,
    /// The second strategy. The one after the best unless something else is said.
    #[arg(long, value_name = "NAME")]
    second: Option<String>,
    /// How many matches.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    matches: u64,
    /// The platform's share of the pot in percent, for what a match brings on average.
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    fee_percent: f64,
    /// Write a page with charts too: one file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Name the strategies of every game, and end.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    let report = args.options.begin();
    if args.list {
        report.result("strategies", &known());
        return Ok(());
    }
    let seed = args.options.seed_or_random();
    let Some(tried) = with_game!(args.game.as_str(), G => versus::<G>(&args, seed).await) else {
        let message = format!("there is no game {:?}: they are {}", args.game, GAMES.join(", "));
        return Err(Error::invalid_argument("game", message));
    };
    let (first, second, result) = tried?;
    let page = LabPage::new(first, second, seed, args.fee_percent, result);
    if let Some(path) = &args.html {
        private_file::replace(path, page.html().as_bytes())?;
    }
    report.result("summary", &page);
    if let Some(path) = &args.html {
        report.note(format_args!("\nThe page is {}.", path.display()));
    }
    Ok(())
}

/// Plays, and gives the names of who played.
async fn versus<G: Named>(args: &Args, seed: u64) -> Result<(String, String, LabReport)> {
    let best = G::STRATEGIES.first().map_or("", |(name, _)| name);
    let next = G::STRATEGIES.get(1).map_or(best, |(name, _)| name);
    let first = args.first.clone().unwrap_or_else(|| best.to_owned());
    let second = args.second.clone().unwrap_or_else(|| next.to_owned());
    let strategy = |name: &str, field: &str, seed| {
        G::strategy(name, seed).ok_or_else(|| {
            let known: Vec<&str> = G::STRATEGIES.iter().map(|(name, _)| *name).collect();
            let message = format!("{} has no strategy {name:?}: there are {}", G::NAME, known.join(", "));
            Error::invalid_argument(field, message)
        })
    };
    let mut seeds = fastrand::Rng::with_seed(seed);
    let a = strategy(&first, "first", seeds.u64(..))?;
    let b = strategy(&second, "second", seeds.u64(..))?;

    // Drawn on stderr, and only where somebody looks.
    let bar = ProgressBar::new(args.matches).with_style(
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} matches, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let shown = bar.clone();
    let lab =
        Lab::<G>::new().matches(args.matches).seed(seed).on_progress(move |done| shown.set_position(done));
    let result = lab.run(a, b).await;
    bar.finish_and_clear();
    Ok((first, second, result?))
}

/// A strategy that has a name.
#[derive(Serialize)]
struct KnownStrategy {
    game: &'static str,
    strategy: &'static str,
    does: &'static str,
}

/// The strategies of every game.
fn known() -> Shown<Vec<KnownStrategy>> {
    let mut table = Table::new("Strategies by their names", ["game", "strategy", "what it does"]);
    let mut known = Vec::new();
    for game in GAMES {
        for &(strategy, does) in with_game!(game, G => <G as Named>::STRATEGIES).unwrap_or_default() {
            table.row([&game, &strategy, &does]);
            known.push(KnownStrategy { game, strategy, does });
        }
    }
    table.of(known)
}
