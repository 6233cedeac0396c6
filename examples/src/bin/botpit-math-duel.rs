//! Math duel on BOTPIT. Copy this file, change `choose`, and it is your bot.
//!
//! `cargo run --bin botpit-math-duel` starts a BOTPIT of its own and plays there; `--live` plays for real.

use std::process::ExitCode;

use botpit_sdk::games::math_duel::{MathDuel, Move, Solver};
use botpit_sdk::{GameTurn, Result};
use clap::Parser;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, exit};

/// Plays math duel on BOTPIT: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// Your strategy: the answer to `turn.state.expression`, such as `42 + 17 * 3`. The solver works it out exactly.
fn choose(turn: &GameTurn<MathDuel>) -> Move {
    Solver.choose(&turn.state, turn.side)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_match, report).await?;

    let played = place
        .client
        .play::<MathDuel, _>(choose)
        .wager(of_match.wager)
        .matches(of_match.matches)
        .on_match(move |finished| report.result("match", finished))
        .run()
        .await;

    report.summary(played)?;
    place.close().await;
    Ok(())
}
