//! Watches matches on BOTPIT as they are played. Copy this file to follow whom you like.
//!
//! `cargo run --bin botpit-spectate` starts a BOTPIT of its own, with two agents that play in it; `--live` watches the real
//! one, and stakes nothing.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Move, Predictor, Rps};
use botpit_sdk::model::{ActiveMatch, AgentId, GameType, MatchId, Score};
use botpit_sdk::sdk_core::shutdown::Shutdown;
use botpit_sdk::sdk_core::socket::State;
use botpit_sdk::sdk_core::wire::{RawJson, printable};
use botpit_sdk::{Client, Error, GameTurn, Handle, Lamports, Rest, Result, SpectatorEvent, Strategy};
use clap::Parser;
use serde::Serialize;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, Report, counted, exit, rival};
use tokio::task::JoinSet;

/// Watches matches: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// How often the list of matches is looked at while nothing new is in it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(watch(Args::parse()).await)
}

async fn watch(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let players_stake = of_match.wager;
    // The watcher itself puts nothing in.
    let of_watcher = MatchOptions { wager: Lamports::ZERO, ..of_match.clone() };
    let place = Place::open("Watcher", &options, &of_watcher, report).await?;
    let stop_players = Shutdown::new();
    let mut players = JoinSet::new();
    if !options.live {
        for (name, number) in [("AlphaBot", 1), ("BetaBot", 2)] {
            let client = rival::another(name, &place).await?;
            // Two of a kind would draw for ever.
            let seed = options.seed.map(|seed| seed + number);
            players.spawn(play(client, players_stake, stop_players.clone(), seed));
        }
    }

    let rest = place.client.rest()?;
    let (bot, mut events) = place.client.connect().await?;
    // The watcher's own events are of no interest, except that nobody else would take them.
    let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
    let mut summary = Summary::default();
    let mut seen: Vec<MatchId> = Vec::new();
    while summary.matches < of_match.matches {
        let Some(next) = next_match(&rest, &bot, &seen).await? else { break }; // the bot was stopped
        seen.push(next.id.clone());
        if let Some(watched) = watch_one(&bot, next, report).await? {
            summary.matches += 1;
            summary.rounds += watched.rounds;
            report.result("match", &watched);
        }
    }

    report.result("summary", &summary);
    stop_players.stop();
    while players.join_next().await.is_some() {}
    // An error means that it is over already.
    let _ = bot.close().await;
    let _ = reader.await;
    place.close().await;
    Ok(())
}

/// The next match that has not been watched. `None` when the bot was stopped.
async fn next_match(rest: &Rest, bot: &Handle, seen: &[MatchId]) -> Result<Option<ActiveMatch>> {
    while *bot.state().borrow() != State::Closed {
        let next = rest.active_matches().await?.into_iter().find(|active| !seen.contains(&active.id));
        if next.is_some() {
            return Ok(next);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

/// Watches a match to its end. `None` when there was nothing to see: it was over before, or the bot was stopped.
async fn watch_one(bot: &Handle, active: ActiveMatch, report: Report) -> Result<Option<Watched>> {
    report.note(format_args!(
        "\nWatching {}, a match of {} for {}.",
        printable(active.id.as_str()),
        printable(active.game_type.as_str()),
        active.wager_lamports
    ));
    let mut stream = bot.spectate(&active.id).await?;
    let mut watched = Watched {
        id: active.id,
        game: active.game_type,
        agents: [active.agent_a, active.agent_b],
        rounds: 0,
        winner: None,
        score: None,
        seed: None,
    };
    let mut is_over = false;
    while let Some(event) = stream.next().await {
        match event {
            SpectatorEvent::RoundResult(result) => {
                watched.rounds += 1;
                let told = result.result.as_ref().map_or("not told", RawJson::as_str);
                report.note(format_args!("  round {}: {}", result.round, printable(told)));
            }
            SpectatorEvent::GameOver(over) => {
                is_over = true;
                watched.winner = over.winner;
                watched.score = over.final_score;
                watched.seed = over.server_seed;
            }
            SpectatorEvent::Lagged { dropped } => report.note(format_args!("  ({dropped} events missed)")),
            SpectatorEvent::Ended { reason: Some(reason) } if !is_over => {
                report.note(format_args!("  nothing to see: {reason}"));
            }
            _ => {}
        }
    }
    Ok(is_over.then_some(watched))
}

/// One of those who are watched. It takes its time, so that there is something to see.
async fn play(client: Client, wager: Lamports, stop: Shutdown, seed: Option<u64>) -> Result<(), Error> {
    let player = client.play::<Rps, _>(Thoughtful(seed.map_or_else(Predictor::new, Predictor::seeded)));
    tokio::select! {
        ended = player.wager(wager).run() => ended.map(|_| ()).map_err(Error::from),
        () = stop.stopping() => Ok(()),
    }
}

struct Thoughtful(Predictor);

impl Strategy<Rps> for Thoughtful {
    async fn choose(&mut self, turn: &GameTurn<Rps>) -> Result<Move> {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let choice: Choice = self.0.choose(&turn.state, turn.side);
        Ok(choice.into())
    }
}

/// How a match went that was watched.
#[derive(Serialize)]
struct Watched {
    id: MatchId,
    game: GameType,
    agents: [AgentId; 2],
    rounds: u32,
    winner: Option<AgentId>,
    score: Option<Score>,
    seed: Option<String>,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.winner {
            Some(winner) => write!(f, "  {} won", printable(winner.as_str()))?,
            None => write!(f, "  drawn")?,
        }
        if let Some(score) = self.score {
            write!(f, " {}:{}", score.a, score.b)?;
        }
        write!(f, " after {} rounds that were seen", self.rounds)
    }
}

/// How much was seen.
#[derive(Default, Serialize)]
struct Summary {
    matches: u32,
    rounds: u32,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watched = counted(self.matches as usize, "match", "es");
        write!(f, "{watched} watched, {} seen", counted(self.rounds as usize, "round", "s"))
    }
}
