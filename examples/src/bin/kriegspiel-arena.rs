//! A tournament between strategies for Kriegspiel: every pair plays so many games, with sides in turn, on the sandbox's
//! referee. Copy this file, put strategies of your own into `strategy`, and it is your arena.
//!
//! `cargo run --release --bin kriegspiel-arena -- --games 100 heuristic random` shows who is stronger, by how much, and how
//! sure that is. The same seed gives the same games.

use std::fmt;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::strategies::{Heuristic, Random, RandomAny};
use kriegspiel_sdk::{BoxedStrategy, Color, Error, Result, Ruleset, StrategyExt};
use serde::Serialize;
use starter_bots::elo::{Elo, Score};
use starter_bots::kriegspiel::{Pick, pick};
use starter_bots::kriegspiel_duel::{Duel, duel};
use starter_bots::{Report, Shown, Table, exit};

/// Lets strategies for Kriegspiel play each other, in this process.
#[derive(Parser)]
struct Args {
    /// Who plays: two or more of random, random-any and heuristic.
    #[arg(value_name = "STRATEGY", default_values = ["heuristic", "random"])]
    strategies: Vec<String>,
    /// How many games each pair plays.
    #[arg(long, value_name = "N", default_value_t = 100)]
    games: u32,
    /// Which ruleset is played: one by its name, or all in turn.
    #[arg(long, value_name = "NAME|all", default_value = "berkeley_any", value_parser = pick)]
    ruleset: Pick,
    /// A game is stopped after so many moves of both sides, and is a draw.
    #[arg(long, value_name = "N", default_value_t = 600)]
    plies: u32,
    /// How many boards heuristic imagines in each turn.
    #[arg(long, value_name = "N", default_value_t = 12)]
    boards: u32,
    /// Repeat the very same games.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print one JSON object a line instead of a table; the last is the summary.
    #[arg(long)]
    json: bool,
}

/// The strategies by their names: put yours here.
fn strategy(name: &str, seed: u64, args: &Args) -> Option<BoxedStrategy> {
    Some(match name {
        "random" => Random::seeded(seed).boxed(),
        "random-any" => RandomAny::seeded(seed).boxed(),
        "heuristic" => Heuristic::seeded(seed).imagined(args.boards).boxed(),
        _ => return None,
    })
}

fn main() -> ExitCode {
    exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let report = Report::new(args.json);
    for name in &args.strategies {
        if strategy(name, 0, args).is_none() {
            let message =
                format!("there is no strategy {name:?}: there are random, random-any and heuristic");
            return Err(Error::invalid_argument("strategy", message));
        }
    }
    if args.strategies.len() < 2 {
        return Err(Error::invalid_argument("strategy", "a tournament has two strategies or more"));
    }
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(1..1_000_000));
    let games = pairings(args);
    // Drawn on stderr, and only where somebody looks.
    let bar = ProgressBar::new(games.len().try_into().unwrap_or(u64::MAX)).with_style(
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} games, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let played = play_all(args, &games, seed, &bar);
    bar.finish_and_clear();

    let mut scores = vec![Score::default(); args.strategies.len()];
    for (game, played) in games.iter().zip(played?) {
        for (color, player) in [(Color::White, game.white), (Color::Black, game.black)] {
            if let Some(score) = scores.get_mut(player) {
                match played.winner {
                    None => score.drawn += 1,
                    Some(winner) if winner == color => score.won += 1,
                    Some(_) => score.lost += 1,
                }
            }
        }
        if args.json {
            report.result("game", &game.line(args, &played));
        }
    }
    report.result("summary", &summary(args, seed, &scores));
    Ok(())
}

/// A game to be played: who has which side, by their places.
struct Pairing {
    number: u32,
    ruleset: Ruleset,
    white: usize,
    black: usize,
}

/// Every pair, so many games, with sides in turn.
fn pairings(args: &Args) -> Vec<Pairing> {
    let rulesets = args.ruleset.rulesets();
    let places = 0..args.strategies.len();
    let mut games = Vec::new();
    for first in places.clone() {
        for second in places.clone().skip(first + 1) {
            let rulesets = rulesets.iter().cycle();
            for (number, ruleset) in (1..=args.games).zip(rulesets) {
                let (white, black) = if number % 2 == 1 { (first, second) } else { (second, first) };
                games.push(Pairing { number, ruleset: ruleset.clone(), white, black });
            }
        }
    }
    games
}

/// Plays all games, on all processors.
fn play_all(args: &Args, games: &[Pairing], seed: u64, bar: &ProgressBar) -> Result<Vec<Duel>> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(games.len().max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(game) = games.get(place) else { break };
                    let played = match &runtime {
                        Ok(runtime) => runtime.block_on(game.play(args, seed)),
                        Err(cause) => Err(Error::new(&codes::LOCAL_IO, format!("no runtime: {cause}"))),
                    };
                    if done.send((place, played)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let mut played: Vec<Option<Duel>> = games.iter().map(|_| None).collect();
        for (place, result) in results {
            bar.inc(1);
            // An error ends the workers too: nobody listens any more.
            let result = result?;
            if let Some(slot) = played.get_mut(place) {
                *slot = Some(result);
            }
        }
        Ok(played.into_iter().flatten().collect())
    })
}

impl Pairing {
    async fn play(&self, args: &Args, seed: u64) -> Result<Duel> {
        let player = |place: usize| {
            // Each place has a chance of its own, or two of the same strategy would play the same.
            let seed = seed.wrapping_add(u64::try_from(place).unwrap_or_default());
            let name = args.strategies.get(place).map_or("", String::as_str);
            strategy(name, seed, args).ok_or_else(|| Error::invalid_argument("strategy", name))
        };
        duel(&self.ruleset, self.number, [player(self.white)?, player(self.black)?], args.plies).await
    }

    fn line<'a>(&'a self, args: &'a Args, played: &'a Duel) -> Line<'a> {
        let name = |place: usize| args.strategies.get(place).map_or("", String::as_str);
        Line {
            number: self.number,
            ruleset: &self.ruleset,
            white: name(self.white),
            black: name(self.black),
            played,
        }
    }
}

/// A game's line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    number: u32,
    ruleset: &'a Ruleset,
    white: &'a str,
    black: &'a str,
    #[serde(flatten)]
    played: &'a Duel,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, ruleset, white, black, played } = self;
        write!(f, "{number}. {white} against {black} ({ruleset}): ")?;
        match played.winner {
            Some(color) => write!(f, "{color} wins after {} plies", played.plies),
            None => write!(f, "drawn after {} plies", played.plies),
        }
    }
}

/// What came of it.
#[derive(Serialize)]
struct Summary {
    games: usize,
    seed: u64,
    ruleset: String,
    players: Vec<Standing>,
}

/// How one strategy did against all others.
#[derive(Serialize)]
struct Standing {
    strategy: String,
    #[serde(flatten)]
    score: Score,
    points: f64,
    rate: f64,
    #[serde(flatten)]
    elo: Elo,
}

fn summary(args: &Args, seed: u64, scores: &[Score]) -> Shown<Summary> {
    let ruleset = match &args.ruleset {
        Pick::All => "all rulesets".to_owned(),
        Pick::One(ruleset) => ruleset.to_string(),
    };
    let title = format!("{ruleset}: {} games a pair (seed {seed})", args.games);
    let mut table =
        Table::new(title, ["strategy", "won", "drawn", "lost", "points", "Elo against the others (95 %)"]);
    let mut players = Vec::new();
    for (name, score) in args.strategies.iter().zip(scores) {
        let (elo, points) = (score.elo(), score.points());
        table.row([name, &score.won, &score.drawn, &score.lost, &points, &elo]);
        players.push(Standing { strategy: name.clone(), score: *score, points, rate: score.rate().0, elo });
    }
    let games = scores.iter().map(|score| score.games()).sum::<u32>() / 2;
    table.of(Summary { games: games.try_into().unwrap_or(usize::MAX), seed, ruleset, players })
}
