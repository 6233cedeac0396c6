//! Rock paper scissors on BOTPIT. Copy this file, change `choose`, and it is your bot.
//!
//! `cargo run --bin botpit-rps` starts a BOTPIT of its own and plays there; `--live` plays for real.

use std::process::ExitCode;

use botpit_sdk::games::rps::{Choice, Predictor, Rps};
use botpit_sdk::{GameTurn, Result};
use clap::Parser;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, exit};

/// Plays rock paper scissors on BOTPIT: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// Your strategy: what to show in this round. `turn.state.history` has the rounds before.
fn choose(predictor: &mut Predictor, turn: &GameTurn<Rps>) -> Choice {
    predictor.choose(&turn.state, turn.side)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_match, report).await?;

    let mut predictor = options.seed.map_or_else(Predictor::new, Predictor::seeded);
    let played = place
        .client
        .play::<Rps, _>(move |turn: &GameTurn<Rps>| choose(&mut predictor, turn))
        .wager(of_match.wager)
        .matches(of_match.matches)
        .on_match(move |finished| report.result("match", finished))
        .run()
        .await;

    report.summary(played)?;
    place.close().await;
    Ok(())
}
