//! How long it takes from the opponent's move to ours, through the runner with events on.
//!
//! ```text
//! cargo bench -p kriegspiel-sdk --features sandbox --bench react
//! ```
//!
//! A server without any of the SDK's networking code referees a game, in a process of its own on the same core. When the
//! opponent has moved it sends the event, and takes the time until the bot's next question is there: in between, the runner has
//! heard the event, read the state, asked the strategy, and sent. Measured beside it, by the same client on the same server and
//! after the same pause: the request for the state, which every bot makes in between, and one whose answer is empty. Over
//! loopback they differ, since a state in the middle of a game is large; over a network all round trips are alike. What else the
//! machine does makes some late, so of each game the lower quartiles are taken; games are repeated, and medians are compared.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]

#[path = "shared/process.rs"]
mod process;
#[path = "react/server.rs"]
mod server;
#[path = "shared/written.rs"]
mod written;

use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use kriegspiel_sdk::model::GameId;
use kriegspiel_sdk::{Action, Client, Position, Ruleset};
use process::{Core, Outcome, median};

/// How many round trips of a request the reaction is to take at most.
const GOAL: f64 = 4.0;
/// So many games; medians count.
const RUNS: usize = 25;
/// So many requests of each kind, before each game.
const REQUESTS: usize = 40;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve"] => server::serve(),
        ["play", url] => play(url),
        _ => measure(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("react: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    let core = Core::pick();
    println!("react: {RUNS} games of {} turns each; {core}", server::TURNS);
    let (mut empty, mut reading, mut reactions, mut size) = (vec![], vec![], vec![], String::new());
    for _ in 0..RUNS {
        let mut child = core.command(&["serve"])?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut says = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let (mut url, mut reaction) = (String::new(), String::new());
        says.read_line(&mut url)?;
        let round_trips = core.run(&["play", url.trim()])?;
        says.read_line(&mut reaction)?;
        // It has nothing left to do.
        child.kill()?;
        child.wait()?;
        let (of_empty, of_state) = round_trips.split_once(' ').ok_or("the bot said something else")?;
        let (reaction, kib) = reaction.trim().split_once(' ').ok_or("the server said something else")?;
        kib.clone_into(&mut size);
        empty.push(of_empty.parse::<f64>()?);
        reading.push(of_state.parse::<f64>()?);
        reactions.push(reaction.parse::<f64>()?);
    }
    let times = |round_trips: &[f64]| {
        let times: Vec<f64> =
            reactions.iter().zip(round_trips).map(|(reaction, one)| reaction / one).collect();
        median(&times)
    };
    println!("round trip of an empty request:    {:.3} ms", median(&empty));
    println!("round trip of one for the state:   {:.3} ms", median(&reading));
    println!("from the opponent's move to ours:  {:.3} ms, with a state of {size} KiB", median(&reactions));
    println!("in round trips of an empty request: {:.2}", times(&empty));
    println!(
        "react_ms x {:.2} of the round trip of a request for the state (goal: at most {GOAL})",
        times(&reading)
    );
    Ok(())
}

/// The bot: prints the milliseconds of an empty request and of one for the state, and plays the game.
#[tokio::main(flavor = "current_thread")]
async fn play(url: &str) -> Outcome<()> {
    let client = Client::builder("ksbot_bench.bench").url(url).build()?;
    let id: GameId = written::ID.parse()?;
    let (mut empty, mut reading) = (vec![], vec![]);
    for _ in 0..REQUESTS {
        // After a pause, as the bot has one before the opponent's move: waking costs the same.
        tokio::time::sleep(server::THINKS).await;
        let began = Instant::now();
        client.health().await?;
        empty.push(began.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(server::THINKS).await;
        let began = Instant::now();
        client.state(&id).await?;
        reading.push(began.elapsed().as_secs_f64() * 1e3);
    }
    println!("{} {}", lower_quartile(&empty), lower_quartile(&reading));
    let play = client.play(choose).username("bench").rulesets([Ruleset::BerkeleyAny]);
    let summary = play.create_games(false).join_probability(0.0).games(1).run().await?;
    if summary.games == 1 && summary.fallbacks == 0 { Ok(()) } else { Err(summary.to_string().into()) }
}

/// The first move that is not known to be illegal.
fn choose(position: &Position) -> Action {
    let mut hopeful = position.knowledge.hopeful(position.moves());
    hopeful.next().or(position.moves().first().copied()).map_or(Action::Resign, Action::Move)
}

/// The figure that a quarter of them are below.
fn lower_quartile(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 4).copied().unwrap_or(f64::NAN)
}
