//! The lab's speed: rounds of rock paper scissors between two strategies in one thread, beside a loop by hand that keeps
//! what a strategy may ask for and nothing else.
//!
//! `cargo bench -p botpit-sdk --bench lab`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures, and fails by panicking"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use botpit_sdk::games::rps::{Choice, RoundResult, Rps, State, UniformRandom};
use botpit_sdk::lab::Lab;
use botpit_sdk::model::{Score, Side};

const MATCHES: u64 = 200_000;
const RUNS: usize = 7;

/// Rounds and the time for them.
type Measured = (u64, Duration);

fn ours(runtime: &tokio::runtime::Runtime) -> Measured {
    let lab = Lab::<Rps>::new().matches(MATCHES).seed(1);
    let from = Instant::now();
    let report = runtime.block_on(lab.run(UniformRandom::seeded(2), UniformRandom::seeded(3))).unwrap();
    let took = from.elapsed();
    (black_box(report).rounds, took)
}

/// The same matches: typed states with their history for both, and nothing asynchronous.
fn by_hand() -> Measured {
    let (mut a, mut b) = (UniformRandom::seeded(2), UniformRandom::seeded(3));
    let (mut rounds, mut won) = (0, 0_u64);
    let from = Instant::now();
    for _ in 0..MATCHES {
        let (mut score, mut round) = (Score::new(0, 0), 1);
        let (mut history_a, mut history_b): (Vec<RoundResult>, Vec<RoundResult>) = Default::default();
        while score.a.max(score.b) < 2 {
            let state_a = State::new(round, score, history_a);
            let state_b = State::new(round, score, history_b);
            let (show_a, show_b): (Choice, Choice) =
                (a.choose(&state_a, Side::A), b.choose(&state_b, Side::B));
            let result = RoundResult::new(round, Some(show_a), Some(show_b), None);
            if show_a.beats(show_b) {
                score.a += 1;
            } else if show_b.beats(show_a) {
                score.b += 1;
            }
            (history_a, history_b) = (state_a.history, state_b.history);
            history_a.push(result.clone());
            history_b.push(result);
            round += 1;
            rounds += 1;
        }
        won += u64::from(score.a > score.b);
    }
    black_box(won);
    (rounds, from.elapsed())
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut lab, mut hand) = (Vec::new(), Vec::new());
    let per_second = |(rounds, took): Measured| rounds as f64 / took.as_secs_f64();
    // Taken in turns, so that what else the machine does falls on both.
    for _ in 0..RUNS {
        lab.push(per_second(ours(&runtime)));
        hand.push(per_second(by_hand()));
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures.get(RUNS / 2).copied().unwrap_or_default()
    };
    let (lab, hand) = (median(lab), median(hand));
    println!("lab {lab:.0} rounds/s (goal 1000000), by hand {hand:.0}, lab ratio {:.2}", lab / hand);
}
