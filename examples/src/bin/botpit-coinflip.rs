//! Coinflip on BOTPIT. Copy this file, change `choose`, and it is your bot.
//!
//! `cargo run --bin botpit-coinflip` starts a BOTPIT of its own and plays there; `--live` plays for real.

use std::process::ExitCode;

use botpit_sdk::games::coinflip::{Coinflip, Face};
use botpit_sdk::{GameTurn, Result};
use clap::Parser;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, exit};

/// Plays coinflip on BOTPIT: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// Your strategy: what to call in this round. The coin is fair, so no call wins more often than another; but a round in which
/// both call the same is played again, and who calls by chance is in step with nobody for long. `turn.state.history` has
/// the rounds before.
fn choose(chance: &mut fastrand::Rng, _turn: &GameTurn<Coinflip>) -> Face {
    if chance.bool() { Face::Heads } else { Face::Tails }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_match, report).await?;

    let mut chance = options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
    let played = place
        .client
        .play::<Coinflip, _>(move |turn: &GameTurn<Coinflip>| choose(&mut chance, turn))
        .wager(of_match.wager)
        .matches(of_match.matches)
        .on_match(move |finished| report.result("match", finished))
        .run()
        .await;

    report.summary(played)?;
    place.close().await;
    Ok(())
}
