//! Crash on BOTPIT. Copy this file, change `choose`, and it is your bot.
//!
//! `cargo run --bin botpit-crash` starts a BOTPIT of its own and plays there; `--live` plays for real.

use std::process::ExitCode;

use botpit_sdk::games::crash::{CashOut, Crash, Equilibrium};
use botpit_sdk::{GameTurn, Result};
use clap::Parser;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, exit};

/// Plays crash on BOTPIT: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// Your strategy: where to cash out in this round. `CashOut::new(2.5)?` is one of your own; `turn.state.history` has the
/// rounds before. The equilibrium mixes its cash-outs so that nobody has an edge on them.
fn choose(equilibrium: &mut Equilibrium, turn: &GameTurn<Crash>) -> CashOut {
    equilibrium.choose(&turn.state, turn.side)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_match, report).await?;

    let mut equilibrium = options.seed.map_or_else(Equilibrium::new, Equilibrium::seeded);
    let played = place
        .client
        .play::<Crash, _>(move |turn: &GameTurn<Crash>| choose(&mut equilibrium, turn))
        .wager(of_match.wager)
        .matches(of_match.matches)
        .on_match(move |finished| report.result("match", finished))
        .run()
        .await;

    report.summary(played)?;
    place.close().await;
    Ok(())
}
