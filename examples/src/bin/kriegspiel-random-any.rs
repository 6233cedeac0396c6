//! Kriegspiel at random, with Any? asked first where the ruleset has it. Copy this file, change the strategy, and it is your
//! bot.
//!
//! `cargo run --bin kriegspiel-random-any` starts a Kriegspiel of its own and plays a game there; `--live` plays on
//! Kriegspiel.org.

use std::process::ExitCode;

use clap::Parser;
use kriegspiel_sdk::Result;
use kriegspiel_sdk::strategies::RandomAny;
use starter_bots::kriegspiel::{GameOptions, Place};
use starter_bots::{Options, Told, exit};

/// Plays Kriegspiel at random and asks Any? first: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_game: GameOptions,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_game }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("starter_random_any", &options, report).await?;

    let play = place.play(RandomAny::seeded(place.seed()), &of_game);
    let summary = play.on_game(move |game| report.result("game", &Told(game))).run().await?;

    report.result("summary", &summary);
    place.close().await;
    Ok(())
}
