//! Kriegspiel with the tracker: it imagines boards on which everything that was heard is true, and plays what is good on most
//! of them. Copy this file, and improve it.
//!
//! `cargo run --bin kriegspiel-heuristics` starts a Kriegspiel of its own and plays a game there; `--live` plays on
//! Kriegspiel.org. `cargo run --bin kriegspiel-arena -- heuristic random` shows how much stronger it is than chance.

use std::process::ExitCode;

use clap::Parser;
use kriegspiel_sdk::strategies::Heuristic;
use kriegspiel_sdk::{Result, StrategyExt};
use starter_bots::kriegspiel::{GameOptions, Place};
use starter_bots::{Options, Told, exit};

/// Plays Kriegspiel with the tracker's knowledge: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_game: GameOptions,
    /// How many boards it imagines in each turn: more is stronger, and slower.
    #[arg(long, value_name = "N", default_value_t = 12)]
    boards: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_game, boards }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("starter_heuristics", &options, report).await?;

    // It computes for a while: on a thread of its own no other game, and no call, waits for it.
    let strategy = Heuristic::seeded(place.seed()).imagined(boards).blocking();
    let play = place.play(strategy, &of_game);
    let summary = play.on_game(move |game| report.result("game", &Told(game))).run().await?;

    report.result("summary", &summary);
    place.close().await;
    Ok(())
}
