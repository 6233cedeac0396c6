//! How many questions a second the referee answers, beside the platform's engine on the same traces.
//!
//! ```text
//! cargo bench -p kriegspiel-sdk --features sandbox --bench referee
//! ```
//!
//! The questions are those of `tests/fixtures/traces`, game by game, in one thread. What is timed is the answer alone, after
//! which a referee has worked out what may be asked next; neither starting a game nor writing down how things stand.
//!
//! The engine is measured by `tests/differential/measure.py`, in the virtual environment that `tests/differential/run`
//! leaves under `target/`, or with the Python that `KRIEGSPIEL_PYTHON` names. Without one, ours is measured alone.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};
use std::time::{Duration, Instant};

use kriegspiel_sdk::sandbox::referee::trace::Command;
use kriegspiel_sdk::sandbox::referee::{Question, Referee};
use serde_json::Value;

/// How many times as many questions as the engine the referee is to answer.
const GOAL: f64 = 100.0;
/// For each trace, so many times; the median counts.
const RUNS: usize = 7;
const RUN: Duration = Duration::from_millis(150);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("referee: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut traces: Vec<PathBuf> = std::fs::read_dir(root.join("tests/fixtures/traces"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Outcome<_>>()?;
    traces.sort();
    let (mut questions, mut seconds) = (0, 0.0);
    for trace in &traces {
        let games = games(trace)?;
        let asked: usize = games.iter().map(|game| game.questions.len()).sum();
        let per_pass = median_of_passes(&games);
        let name = trace.file_stem().unwrap_or_default().to_string_lossy();
        println!("{name:<14} {:>10.0} questions/s", asked as f64 / per_pass);
        questions += asked;
        seconds += per_pass;
    }
    let ours = questions as f64 / seconds;
    println!("{:<14} {ours:>10.0} questions/s", "all");
    let Some(python) = python(root) else {
        println!("referee x ? (no engine: `bash tests/differential/run` brings one)");
        return Ok(());
    };
    let engines = engine(&python, root, &traces)?;
    println!("{:<14} {engines:>10.0} questions/s", "engine");
    println!("referee x {:.0} (goal: at least {GOAL})", ours / engines);
    Ok(())
}

/// A game of a trace: a fresh referee, and what it is asked.
struct Game {
    referee: Referee,
    questions: Vec<Question>,
}

fn games(trace: &Path) -> Outcome<Vec<Game>> {
    let mut games: Vec<Game> = Vec::new();
    for line in std::fs::read_to_string(trace)?.lines() {
        let game: Value = serde_json::from_str(line)?;
        for step in game.get("steps").and_then(Value::as_array).into_iter().flatten() {
            let command = step.get("cmd").map(ToString::to_string).unwrap_or_default();
            match Command::parse(&command)? {
                Command::New { ruleset, fen: None } => {
                    games.push(Game { referee: Referee::new(ruleset)?, questions: Vec::new() });
                }
                Command::New { ruleset, fen: Some(fen) } => {
                    let referee = Referee::from_fen(ruleset, fen.as_str())?;
                    games.push(Game { referee, questions: Vec::new() });
                }
                Command::Ask(question) => {
                    games.last_mut().ok_or("a trace starts with a game")?.questions.push(question);
                }
            }
        }
    }
    Ok(games)
}

/// How many seconds it takes to answer all questions once.
fn median_of_passes(games: &[Game]) -> f64 {
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let (mut passes, mut spent) = (0, Duration::ZERO);
            while spent < RUN {
                let mut referees: Vec<Referee> = games.iter().map(|game| game.referee.clone()).collect();
                let began = Instant::now();
                for (referee, game) in referees.iter_mut().zip(games) {
                    for question in &game.questions {
                        black_box(referee.ask(*question));
                    }
                }
                spent += began.elapsed();
                passes += 1;
            }
            spent.as_secs_f64() / f64::from(passes)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs.get(RUNS / 2).copied().unwrap_or(f64::NAN)
}

fn python(root: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("KRIEGSPIEL_PYTHON").map(PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("../target"), PathBuf::from);
    named.or_else(|| Some(target.join("differential/venv/bin/python")).filter(|python| python.exists()))
}

/// How many questions a second the engine answers.
fn engine(python: &Path, root: &Path, traces: &[PathBuf]) -> Outcome<f64> {
    let output = Process::new(python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(root.join("../tests/differential/measure.py"))
        .args(traces)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}
