//! Kriegspiel with a language model behind it: the model ranks the moves that may be asked. Copy this file and improve what it
//! is told.
//!
//! `cargo run -p llm-bots --bin kriegspiel-llm` plays in a Kriegspiel of its own with the heuristic strategy; with
//! `--model NAME` the model chooses, and the heuristic takes over when it fails, is too slow, names a move that may not be
//! asked, or its day's budget is spent. `--dry-run` prints what the model would be told.
//!
//! Before each game the model is asked whether it is there. On Kriegspiel.org the bot reports that, and waits for a model that
//! is down; in a Kriegspiel of its own it ends, and says why.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::Parser;
use kriegspiel_sdk::model::{Availability, Provider};
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Heuristic;
use kriegspiel_sdk::{Action, Error, GameStart, Position, Reply, Result, Strategy};
use llm_bots::{Model, ModelOptions, Prompt, Speaker};
use starter_bots::kriegspiel::{GameOptions, Place};
use starter_bots::{Options, Report, Told, exit};

/// Plays Kriegspiel with a language model: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_game: GameOptions,
    #[command(flatten)]
    of_model: ModelOptions,
}

/// What the model is asked to do.
const TASK: &str = "\
You play Kriegspiel, chess in which you see your own men only and a referee tells what is announced. You are given your own \
men, what you heard, and the moves that you may ask the referee. Answer with up to five of these moves, the best first, in \
UCI notation, separated by blanks, and with nothing else.";

/// At most this many of the latest announcements are told.
const HEARD: usize = 12;

/// After so many failures in a row the model is not asked any more in this game: each may have taken its whole time.
const FAILURES: u32 = 3;

/// Your bot. Each game is played by a clone of it.
#[derive(Clone)]
struct MyBot {
    model: Option<Model>,
    heuristic: Heuristic,
    report: Report,
    /// How often the model has failed in a row.
    failures: u32,
    /// What to do when the model is down. `None`: wait for it.
    give_up: Option<GiveUp>,
}

/// Takes no new game, and keeps why.
#[derive(Clone)]
struct GiveUp {
    shutdown: Shutdown,
    why: Arc<OnceLock<Error>>,
}

impl MyBot {
    /// The best of the model's moves that may be asked; `None` where the heuristic is to choose.
    async fn ranked(&mut self, position: &Position) -> Option<Action> {
        let model = self.model.as_ref().filter(|_| self.failures < FAILURES)?;
        let moves: Vec<String> = position.moves().iter().map(ToString::to_string).collect();
        let heard: Vec<String> = position
            .knowledge
            .log()
            .iter()
            .rev()
            .take(HEARD)
            .rev()
            .map(|event| format!("{event:?}"))
            .collect();
        let question = format!(
            "You are {:?} in {}. Your men:\n{}\nHeard, the latest last: {}\nYou may ask: {}",
            position.color(),
            position.game.ruleset,
            position.board(),
            heard.join("; "),
            moves.join(" "),
        );
        let prompt = Prompt::new(TASK).max_tokens(40).said(Speaker::Other, &question);
        match model.ask(&prompt).await {
            Ok(answer) => {
                self.failures = 0;
                let named = answer.split(|c: char| !c.is_ascii_alphanumeric() && c != '@');
                let chosen =
                    named.filter_map(|word| word.parse().ok()).find(|uci| position.moves().contains(uci));
                if chosen.is_none() {
                    self.report.note("The heuristic chooses: the model named no move that may be asked.");
                }
                chosen.map(Action::Move)
            }
            Err(error) => {
                // With --dry-run every question is shown.
                self.failures += u32::from(!is_dry_run(&error));
                self.report.note(format_args!("The heuristic chooses: {error}"));
                None
            }
        }
    }
}

fn is_dry_run(error: &Error) -> bool {
    error.code().id() == "dry_run"
}

impl Strategy for MyBot {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        match self.ranked(position).await {
            Some(action) => Ok(action),
            None => self.heuristic.choose(position).await,
        }
    }

    fn on_answer(&mut self, position: &Position, action: Action, reply: &Reply) {
        self.heuristic.on_answer(position, action, reply);
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.heuristic.on_game_start(game);
    }

    /// A bot that depends on a model says whether it can play. The platform knows two providers: name yours.
    async fn preflight(&mut self) -> Option<Availability> {
        let model = self.model.as_ref()?;
        match model.ask(&Prompt::new("Answer with the word ok.").max_tokens(8)).await {
            Ok(_) => Some(Availability::ready(Provider::OpenAi)),
            // Nobody is asked, so nobody is down.
            Err(error) if is_dry_run(&error) => None,
            Err(error) => {
                let report = Availability::not_ready(Provider::OpenAi, error.code().id());
                if let Some(GiveUp { shutdown, why }) = &self.give_up {
                    // Kept once: the first reason is the one to tell.
                    let _ = why.set(error);
                    shutdown.drain();
                }
                Some(report)
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_game, of_model }: Args) -> Result<()> {
    let report = options.begin();
    let model = of_model.open(move |prompt| report.note(format_args!("\n{prompt}")))?;
    if model.is_none() {
        report.note("No model was named (--model): the heuristic plays.");
    }
    let place = match &model {
        // A model thinks in real time, and so passes the game's.
        Some(_) => Place::open_at_speed("starter_llm", &options, report, 1.0).await?,
        None => Place::open("starter_llm", &options, report).await?,
    };

    let why = Arc::new(OnceLock::new());
    let give_up = place.is_offline().then(|| GiveUp { shutdown: place.shutdown().clone(), why: why.clone() });
    let mut bot = MyBot {
        model: model.clone(),
        heuristic: Heuristic::seeded(place.seed()),
        report,
        failures: 0,
        give_up,
    };
    if place.is_offline() {
        // At once, and not after the lobby: a model that is down from the beginning is told before anything else.
        bot.preflight().await;
    }
    let play = place.play(bot, &of_game);
    let summary = play.on_game(move |game| report.result("game", &Told(game))).run().await?;

    report.result("summary", &summary);
    if let Some(model) = model {
        let (calls, tokens) = model.used();
        report.note(format_args!("The model was asked {calls} times today, for {tokens} tokens."));
    }
    place.close().await;
    match why.get() {
        Some(error) => Err(error.clone().with_note("the model is not ready, so no further game is played")),
        None => Ok(()),
    }
}
