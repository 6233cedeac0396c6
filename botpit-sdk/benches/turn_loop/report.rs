//! The runs, their medians, and the lines with the goals.

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
    runs: Vec<Played>,
}

impl Entry {
    fn new(client: &'static str, label: &'static str, scenario: &str, count: u64) -> Self {
        Self { client, label, scenario: scenario.to_owned(), count, runs: Vec::new() }
    }

    fn per_second(&self) -> f64 {
        self.count as f64 / median(self.runs.iter().map(|run| run.used.wall.as_secs_f64()))
    }

    /// Without CPU time from the system, wall time takes its place.
    fn cpu_micros(&self) -> f64 {
        let used = |run: &Played| run.used.cpu.unwrap_or(run.used.wall).as_secs_f64();
        median(self.runs.iter().map(used)) * 1e6 / self.count as f64
    }

    /// How far the slowest and the fastest run are from the median, in per cent.
    fn spread(&self) -> (f64, f64) {
        let rates = || self.runs.iter().map(|run| self.count as f64 / run.used.wall.as_secs_f64());
        let middle = self.per_second();
        let off = |rate: f64| (rate / middle - 1.0) * 100.0;
        (off(rates().fold(f64::INFINITY, f64::min)), off(rates().fold(0.0, f64::max)))
    }
}

pub(crate) fn run(quick: bool) -> Outcome<()> {
    let size = if quick { QUICK } else { WHOLE };
    let core = Core::pick();
    let server = Server::start(&core)?;
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
            entry.runs.push(line.parse()?);
        }
    }
    let held = core.run(&["hold", &server.address, &size.connections.to_string()])?;

    println!("\n{:<36}{:>12}{:>18}{:>18}", "", "turns/s", "spread", "client CPU µs");
    println!("{:<36}{:>12}{:>18}{:>18}", "", "(frames/s)", "", "(a turn, a frame)");
    for entry in &entries {
        let (low, high) = entry.spread();
        let spread = format!("{low:+.1} % {high:+.1} %");
        println!("{:<36}{:>12.0}{spread:>18}{:>18.2}", entry.label, entry.per_second(), entry.cpu_micros());
    }
    println!();
    let [a, b, c, slow, a16, _, c16, flood, flood_by_hand, _] = &entries;
    let ratio = |a: &Entry, b: &Entry| Some(a.per_second() / b.per_second());
    let peak = flood.runs.iter().filter_map(|run| run.peak_kib).max().map(|kib| kib as f64 / 1024.0);
    at_least("turn_loop ratio", ratio(a, b), 0.92);
    at_least("turn_loop vs_default", ratio(a, c), 1.2);
    at_least("window16 vs_default", ratio(a16, c16), 3.0);
    at_least("flood ratio", ratio(flood, flood_by_hand), 0.90);
    at_most("flood_peak_mib", peak, 16.0);
    at_most("kib_per_connection", held.parse().ok(), 24.0);
    at_least("slow_path ratio", ratio(slow, b), 0.70);
    Ok(())
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
