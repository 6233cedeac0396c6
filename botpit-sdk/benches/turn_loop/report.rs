//! The runs, their medians, and the lines with the goals.

use std::time::Duration;

use crate::Outcome;
use crate::process::{Core, Played, Server};

/// How much is played.
struct Size {
    runs: usize,
    turns: u64,
    flood: u64,
    connections: usize,
}

const WHOLE: Size = Size { runs: 11, turns: 30_000, flood: 500_000, connections: 1_000 };
const QUICK: Size = Size { runs: 1, turns: 3_000, flood: 50_000, connections: 50 };

/// One client in one scenario, and what its runs took.
struct Entry {
    client: &'static str,
    label: &'static str,
    scenario: String,
    count: u64,
    runs: Vec<Run>,
}

/// One run.
struct Run {
    played: Played,
    /// The CPU time of the server's side.
    server: Option<Duration>,
}

impl Run {
    /// How long the core was at work for it: the client and the server together. Without other work on the core that is
    /// the time which passes; with other work it is that time without it. Where the system does not tell CPU times, it is
    /// the time that passed.
    fn seconds(&self) -> f64 {
        let used = self.played.used.cpu.zip(self.server).map(|(client, server)| client + server);
        used.unwrap_or(self.played.used.wall).as_secs_f64()
    }
}

impl Entry {
    fn new(client: &'static str, label: &'static str, scenario: &str, count: u64) -> Self {
        Self { client, label, scenario: scenario.to_owned(), count, runs: Vec::new() }
    }

    fn per_second(&self) -> f64 {
        self.count as f64 / median(self.runs.iter().map(Run::seconds))
    }

    /// Without CPU time from the system, wall time takes its place.
    fn cpu_micros(&self) -> f64 {
        let used = |run: &Run| run.played.used.cpu.unwrap_or(run.played.used.wall).as_secs_f64();
        median(self.runs.iter().map(used)) * 1e6 / self.count as f64
    }

    fn per_second_of_wall_time(&self) -> f64 {
        let wall = |run: &Run| run.played.used.wall.as_secs_f64();
        self.count as f64 / median(self.runs.iter().map(wall))
    }

    /// How far the slowest and the fastest run are from the median, in per cent.
    fn spread(&self) -> (f64, f64) {
        let rates = || self.runs.iter().map(|run| self.count as f64 / run.seconds());
        let middle = self.per_second();
        let off = |rate: f64| (rate / middle - 1.0) * 100.0;
        (off(rates().fold(f64::INFINITY, f64::min)), off(rates().fold(0.0, f64::max)))
    }
}

pub(crate) fn run(quick: bool) -> Outcome<()> {
    let size = if quick { QUICK } else { WHOLE };
    let core = Core::pick();
    let mut server = Server::start(&core)?;
    println!("turn_loop: {} runs each, shuffled; {core}", size.runs);
    if quick {
        println!("turn_loop: --quick shows that it runs; its figures mean nothing");
    }

    let (one, sixteen) = (format!("/turns/{}/1", size.turns), format!("/turns/{}/16", size.turns));
    let flood = format!("/flood/{}", size.flood);
    // The protocol asks one question at a time in a match, so sixteen outstanding turns are sixteen matches.
    let mut entries = [
        Entry::new("sdk", "turn_loop    (a) SDK", &one, size.turns),
        Entry::new("by-hand", "turn_loop    (b) by hand", &one, size.turns),
        Entry::new("first", "turn_loop    (c) library defaults", &one, size.turns),
        Entry::new("sdk-slow", "slow_path    (a) SDK", &one, size.turns),
        Entry::new("sdk", "window16     (a) SDK", &sixteen, size.turns),
        Entry::new("by-hand", "window16     (b) by hand", &sixteen, size.turns),
        Entry::new("first", "window16     (c) library defaults", &sixteen, size.turns),
        Entry::new("sdk", "flood        (a) SDK", &flood, size.flood),
        Entry::new("by-hand", "flood        (b) by hand", &flood, size.flood),
        Entry::new("first", "flood        (c) library defaults", &flood, size.flood),
    ];
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for _ in 0..size.runs {
        fastrand::shuffle(&mut order);
        for at in &order {
            let entry = &mut entries[*at];
            let line = core.run(&["play", entry.client, &server.address, &entry.scenario])?;
            entry.runs.push(Run { played: line.parse()?, server: server.used()? });
        }
    }
    let held = core.run(&["hold", &server.address, &size.connections.to_string()])?;

    println!(
        "Turns a second are those of the core's time (client and server together), so that what else the machine"
    );
    println!(
        "does counts for nobody; `by the clock` are those of the time that passed. In a flood they are frames."
    );
    println!("\n{:<36}{:>11}{:>18}{:>14}{:>16}", "", "turns/s", "spread", "by the clock", "client CPU µs");
    for entry in &entries {
        let (low, high) = entry.spread();
        let spread = format!("{low:+.1} % {high:+.1} %");
        let (label, wall) = (entry.label, entry.per_second_of_wall_time());
        let (rate, cpu) = (entry.per_second(), entry.cpu_micros());
        println!("{label:<36}{rate:>11.0}{spread:>18}{wall:>14.0}{cpu:>16.2}");
    }
    println!("\nRatios are the medians of the rounds' own ratios.");
    let [a, b, c, slow, a16, b16, c16, flood, flood_by_hand, _] = &entries;
    let peak = flood.runs.iter().filter_map(|run| run.played.peak_kib).max().map(|kib| kib as f64 / 1024.0);
    if let Some(ratio) = ratio(a16, b16) {
        // Nagle's algorithm, which (c) leaves on, joins its moves; (b) sends each on its own.
        println!("window16 beside the loop by hand: {ratio:.2} times the turns");
    }
    at_least("turn_loop ratio", ratio(a, b), 0.92);
    at_least("turn_loop vs_default", ratio(a, c), 1.2);
    at_least("window16 vs_default", ratio(a16, c16), 3.0);
    at_least("flood ratio", ratio(flood, flood_by_hand), 0.90);
    at_most("flood_peak_mib", peak, 16.0);
    at_most("kib_per_connection", held.parse().ok(), 24.0);
    at_least("slow_path ratio", ratio(slow, b), 0.70);
    Ok(())
}

/// How many times the turns of `b` the turns of `a` are.
fn ratio(a: &Entry, b: &Entry) -> Option<f64> {
    let rounds = a.runs.iter().zip(&b.runs);
    let ratio = median(rounds.map(|(a, b)| b.seconds() / a.seconds()));
    Some(ratio * a.count as f64 / b.count as f64).filter(|ratio| ratio.is_finite())
}

fn at_least(name: &str, figure: Option<f64>, goal: f64) {
    line(name, figure, "at least", goal, |figure| figure >= goal);
}

fn at_most(name: &str, figure: Option<f64>, goal: f64) {
    line(name, figure, "at most", goal, |figure| figure <= goal);
}

/// A figure on a line of its own; that it misses its goal is said on the next.
fn line(name: &str, figure: Option<f64>, bound: &str, goal: f64, holds: impl Fn(f64) -> bool) {
    match figure {
        Some(figure) => {
            println!("{name} {figure:.2}");
            if !holds(figure) {
                println!("  note: the goal for {name} is {bound} {goal}");
            }
        }
        None => println!("  note: {name} is not known: this system does not tell"),
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => (figures[middle - 1] + figures[middle]) / 2.0,
        _ => figures[middle],
    }
}
