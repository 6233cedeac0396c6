//! Kriegspiel at random, in all rulesets. Copy this file, change `choose`, and it is your bot.
//!
//! `cargo run --bin kriegspiel-random` starts a Kriegspiel of its own and plays a game there; `--games 7 --ruleset all` plays
//! one in each ruleset; `--live` plays on Kriegspiel.org.

use std::process::ExitCode;

use clap::Parser;
use fastrand::Rng;
use kriegspiel_sdk::{Action, GameStart, Position, Result, Strategy};
use starter_bots::kriegspiel::{GameOptions, Place};
use starter_bots::{Options, Told, exit};

/// Plays Kriegspiel at random: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_game: GameOptions,
}

/// Your bot. Each game is played by a clone of it.
#[derive(Clone)]
struct MyBot {
    seed: u64,
    chance: Rng,
    /// How likely it asks Any? where it can.
    any: f64,
}

impl Strategy for MyBot {
    /// Your strategy: what to ask the referee now. It is asked again after each refusal.
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        if position.can_ask_any() && self.chance.f64() < self.any {
            return Ok(Action::AskAny);
        }
        // What the referee's words rule out need not be tried.
        let hopeful: Vec<_> = position.knowledge.hopeful(position.moves()).collect();
        let moves = if hopeful.is_empty() { position.moves() } else { &hopeful };
        Ok(self.chance.choice(moves).map_or(Action::Resign, |&uci| Action::Move(uci)))
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.chance = Rng::with_seed(self.seed.wrapping_add(u64::from(game.number)));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_game }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("starter_random", &options, report).await?;

    let any = place.knobs().ask_any_probability.unwrap_or(0.25);
    let bot = MyBot { seed: place.seed(), chance: Rng::new(), any };
    let play = place.play(bot, &of_game);
    let summary = play.on_game(move |game| report.result("game", &Told(game))).run().await?;

    report.result("summary", &summary);
    place.close().await;
    Ok(())
}
