//! Every game of BOTPIT, one after the other, each by a strategy of the crate, and every round checked against the revealed
//! seed. Copy this file, put strategies of your own in, and it is your arena.
//!
//! `cargo run --bin botpit-arena -- --game all --matches 3` starts a BOTPIT of its own and plays there; `--game mines` plays
//! one game; `--live` plays for real.

use std::fmt;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use botpit_sdk::games::{
    Game, blotto, coinflip, crash, dice_duel, hi_lo, high_card_duel, math_duel, mines, reaction_ring, rps,
};
use botpit_sdk::{
    BankrollRefusal, Client, GameTurn, Lamports, MatchReport, Result, SignedLamports, Strategy, Summary,
};
use clap::{Parser, ValueEnum};
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, Report, exit};

/// Plays every game of BOTPIT, or one: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// How often each game is played, and for what.
    #[command(flatten)]
    of_match: MatchOptions,
    /// Which game to play: all, or one by its name.
    #[arg(long, value_enum, value_name = "all|NAME", default_value = "all", hide_possible_values = false)]
    game: Pick,
}

/// What is played, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Pick {
    All,
    Coinflip,
    Rps,
    HiLo,
    DiceDuel,
    HighCardDuel,
    Crash,
    Mines,
    MathDuel,
    ReactionRing,
    Blotto,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match, game }: Args) -> Result<()> {
    let report = options.begin();
    let games: Vec<Pick> = match game {
        Pick::All => Pick::value_variants().iter().copied().filter(|game| *game != Pick::All).collect(),
        game => vec![game],
    };
    let count = games.len().try_into().unwrap_or(u32::MAX);
    let place = Place::open_for("Arena", &options, &of_match, count, report).await?;
    let arena = Arena {
        client: &place.client,
        wager: of_match.wager,
        matches: of_match.matches,
        report,
        json: options.json,
        total: Arc::default(),
    };
    report.note(Row::HEAD);
    let ended = arena.play_all(games, options.seed_or_random()).await;
    let total = arena.total();
    // What was played before a failure is told too.
    if ended.is_ok() || total.matches > 0 {
        report.result("summary", &total);
    }
    place.close().await;
    ended
}

/// A caller by chance: when both call the same, the round is played again.
fn by_chance(seed: u64) -> impl FnMut(&GameTurn<coinflip::Coinflip>) -> coinflip::Face + Send + 'static {
    let mut chance = fastrand::Rng::with_seed(seed);
    move |_| if chance.bool() { coinflip::Face::Heads } else { coinflip::Face::Tails }
}

/// Where and for what it is played, and what came of it so far.
struct Arena<'a> {
    client: &'a Client,
    wager: Lamports,
    matches: u32,
    report: Report,
    json: bool,
    total: Arc<Mutex<Summary>>,
}

impl Arena<'_> {
    /// Plays game after game, until one ends before its time.
    async fn play_all(&self, games: Vec<Pick>, seed: u64) -> Result<()> {
        for game in games {
            // One strategy a game: put your own in its place.
            let goes_on = match game {
                Pick::Coinflip => self.play::<coinflip::Coinflip, _>(by_chance(seed)).await?,
                Pick::Rps => self.play::<rps::Rps, _>(rps::Predictor::seeded(seed)).await?,
                Pick::HiLo => self.play::<hi_lo::HiLo, _>(hi_lo::ByOdds).await?,
                Pick::DiceDuel => self.play::<dice_duel::DiceDuel, _>(dice_duel::AlwaysRoll).await?,
                Pick::HighCardDuel => {
                    self.play::<high_card_duel::HighCardDuel, _>(high_card_duel::AlwaysDraw).await?
                }
                Pick::Crash => self.play::<crash::Crash, _>(crash::Equilibrium::seeded(seed)).await?,
                Pick::Mines => self.play::<mines::Mines, _>(mines::Equilibrium::seeded(seed)).await?,
                Pick::MathDuel => self.play::<math_duel::MathDuel, _>(math_duel::Solver).await?,
                Pick::ReactionRing => {
                    self.play::<reaction_ring::ReactionRing, _>(reaction_ring::Median).await?
                }
                Pick::Blotto => self.play::<blotto::Blotto, _>(blotto::Equilibrium::seeded(seed)).await?,
                Pick::All => true,
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Plays the matches of one game, and prints its row. False when no other game is to be begun.
    async fn play<G: Game, S: Strategy<G>>(&self, strategy: S) -> Result<bool> {
        let row = Arc::new(Mutex::new(Row::of(G::NAME)));
        let (of_game, of_all, report, json) = (row.clone(), self.total.clone(), self.report, self.json);
        let played = self.client.play::<G, S>(strategy).wager(self.wager).matches(self.matches);
        let played = played.on_match(move |finished| {
            of_game.lock().unwrap_or_else(PoisonError::into_inner).add(finished);
            of_all.lock().unwrap_or_else(PoisonError::into_inner).add(finished);
            if json {
                report.result("match", finished);
            }
        });
        let goes_on = match played.run().await {
            Ok(summary) => {
                self.total
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .stopped
                    .clone_from(&summary.stopped);
                summary.matches >= self.matches && summary.stopped.is_none()
            }
            // What may be lost was lost in the games before.
            Err(ended) => match BankrollRefusal::of(ended.error()) {
                Some(refusal) if self.total().matches > 0 => {
                    self.total.lock().unwrap_or_else(PoisonError::into_inner).stopped = Some(refusal.clone());
                    return Ok(false);
                }
                _ => return Err(ended.into()),
            },
        };
        self.report.note(&*row.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(goes_on)
    }

    fn total(&self) -> Summary {
        self.total.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A row of the table.
struct Row {
    game: &'static str,
    summary: Summary,
    rounds: usize,
    verified: usize,
    violated: usize,
}

impl Row {
    const HEAD: &str = "\ngame              won  lost  drawn         profit  rounds verified";

    fn of(game: &'static str) -> Self {
        Self { game, summary: Summary::default(), rounds: 0, verified: 0, violated: 0 }
    }

    fn add(&mut self, finished: &MatchReport) {
        self.summary.add(finished);
        self.rounds += finished.fairness.rounds().len();
        self.verified += finished.fairness.verified();
        self.violated += finished.fairness.violated();
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            game, summary: Summary { won, lost, drawn, profit_lamports, .. }, rounds, verified, ..
        } = self;
        let profit: &SignedLamports = profit_lamports;
        write!(f, "{game:<16}{won:>5}{lost:>6}{drawn:>7}{profit:>15}  {verified} of {rounds}")?;
        if self.violated > 0 || self.summary.violated > 0 {
            write!(f, "  NOT FAIR")?;
        }
        Ok(())
    }
}
