//! What it costs to read a state, with every sentence of the referee's parsed into a typed event, beside bare `serde_json` into
//! structs written by hand.
//!
//! ```text
//! cargo bench -p kriegspiel-sdk --features sandbox --bench state
//! ```
//!
//! The states are those of the middle of a game in each ruleset, as the platform writes them: the scoresheet, the same turns
//! once more, and the same as lines. The structs by hand keep every text as the text that it is. Each measurement runs in a
//! process of its own, all on one core, in shuffled order; CPU time counts where the system tells it, and medians are
//! compared.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]

#[path = "shared/process.rs"]
mod process;
#[path = "shared/written.rs"]
mod written;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kriegspiel_sdk::model::{GameState, RefereeEvent};
use kriegspiel_sdk::{Color, Ruleset};
use process::{Core, Outcome, median};

/// How many times as fast as the structs by hand the typed model is to be.
const GOAL: f64 = 0.8;
/// So many runs of each; the median counts.
const RUNS: usize = 11;
const RUN: Duration = Duration::from_millis(120);
/// The middle of a game: after so many moves of both sides.
const PLIES: u32 = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["decode", how, ruleset] => decode(how, ruleset),
        _ => compare(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("state: {error}");
            ExitCode::FAILURE
        }
    }
}

/// All rulesets, both ways, shuffled.
fn compare() -> Outcome<()> {
    let core = Core::pick();
    println!("state: after {PLIES} moves of both sides; {RUNS} runs each, shuffled; {core}");
    let mut entries: Vec<(Ruleset, &str, Vec<f64>)> = Ruleset::ALL
        .into_iter()
        .flat_map(|ruleset| ["typed", "by-hand"].map(|how| (ruleset.clone(), how, Vec::new())))
        .collect();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for _ in 0..RUNS {
        fastrand::shuffle(&mut order);
        for at in &order {
            if let Some((ruleset, how, runs)) = entries.get_mut(*at) {
                runs.push(core.run(&["decode", how, ruleset.as_str()])?.parse()?);
            }
        }
    }
    println!("{:<14} {:>8} {:>10} {:>12} {:>8}", "", "bytes", "typed µs", "by hand µs", "ratio");
    let (mut typed, mut by_hand) = (0.0, 0.0);
    for pair in entries.chunks_exact(2) {
        let [(ruleset, _, ours), (_, _, theirs)] = pair else { continue };
        let (ours, theirs) = (median(ours), median(theirs));
        let bytes = middle(ruleset)?.len();
        println!("{ruleset:<14} {bytes:>8} {ours:>10.1} {theirs:>12.1} {:>8.2}", theirs / ours);
        typed += ours;
        by_hand += theirs;
    }
    println!("state ratio {:.2} (goal: at least {GOAL})", by_hand / typed);
    Ok(())
}

/// What comes over the wire in the middle of a game.
fn middle(ruleset: &Ruleset) -> Outcome<Vec<u8>> {
    let referee = written::game(ruleset, PLIES, Color::White)?;
    Ok(written::state(&referee, Color::White).into_bytes())
}

/// One run: prints the microseconds of one decoding.
fn decode(how: &str, ruleset: &str) -> Outcome<()> {
    let body = middle(&Ruleset::from(ruleset.to_owned()))?;
    let micros = match how {
        "typed" => {
            let state: GameState = serde_json::from_slice(&body)?;
            // What is measured is what was promised: no sentence is left unread.
            let mut events = state.scoresheet.entries().flat_map(|(.., entry)| &entry.events);
            if events.any(|event| matches!(event, RefereeEvent::Unknown(_))) {
                return Err("a sentence was not understood".into());
            }
            micros_of(|| serde_json::from_slice::<GameState>(black_box(&body)))
        }
        _ => micros_of(|| serde_json::from_slice::<by_hand::State>(black_box(&body))),
    };
    println!("{micros}");
    Ok(())
}

/// What this thread has used of the processor. `None` where the system does not tell.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn micros_of<T>(mut decode: impl FnMut() -> T) -> f64 {
    for _ in 0..50 {
        black_box(decode());
    }
    let (began, cpu) = (Instant::now(), cpu_time());
    let mut count = 0_u32;
    while began.elapsed() < RUN {
        for _ in 0..20 {
            black_box(decode());
        }
        count += 20;
    }
    let used = cpu.zip(cpu_time()).map_or_else(|| began.elapsed(), |(before, after)| after - before);
    used.as_secs_f64() * 1e6 / f64::from(count)
}

/// What a person writes who copies the fields from the platform's page.
mod by_hand {
    #![allow(dead_code, reason = "they are read into, and measured")]

    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct State {
        game_id: String,
        state: String,
        turn: Option<String>,
        move_number: u32,
        your_color: String,
        your_fen: String,
        allowed_moves: Vec<String>,
        possible_actions: Vec<String>,
        material_summary: Both<Material>,
        reserve_summary: Both<Reserve>,
        scoresheet: Scoresheet,
        referee_log: Vec<LogItem>,
        referee_turns: Vec<Turn>,
        result: Option<Outcome>,
        clock: Clock,
    }

    #[derive(Deserialize)]
    struct Both<T> {
        white: T,
        black: T,
    }

    #[derive(Deserialize)]
    struct Material {
        pieces_remaining: u32,
        pawns_captured: Option<u32>,
    }

    #[derive(Deserialize)]
    struct Reserve {
        pawns: u32,
        knights: u32,
        bishops: u32,
        rooks: u32,
        queens: u32,
    }

    #[derive(Deserialize)]
    struct Scoresheet {
        viewer_color: String,
        last_move_number: u32,
        turns: Vec<Turn>,
    }

    #[derive(Deserialize)]
    struct Turn {
        turn: u32,
        white: Vec<Entry>,
        black: Vec<Entry>,
    }

    #[derive(Deserialize)]
    struct Entry {
        kind: String,
        actor: String,
        prompt: Option<String>,
        message: String,
        messages: Vec<String>,
        move_uci: Option<String>,
        question_type: Option<String>,
    }

    #[derive(Deserialize)]
    struct LogItem {
        ply: u32,
        announcement: String,
        special_announcement: Option<String>,
        capture_square: Option<String>,
        timestamp: Option<String>,
        replay_fen: Option<ReplayFen>,
    }

    #[derive(Deserialize)]
    struct ReplayFen {
        full: String,
        white: String,
        black: String,
    }

    #[derive(Deserialize)]
    struct Outcome {
        winner: Option<String>,
        reason: String,
    }

    #[derive(Deserialize)]
    struct Clock {
        white_remaining: f64,
        black_remaining: f64,
        active_color: Option<String>,
    }
}
