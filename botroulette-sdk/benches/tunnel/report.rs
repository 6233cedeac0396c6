//! The runs, their medians, and the lines with the goals.

use std::time::Duration;

use crate::Outcome;
use crate::process::{Core, Played, Server, load};

/// How much is asked.
struct Size {
    runs: usize,
    /// Requests a run.
    requests: u64,
    /// How often a pair of clients is asked beside each other, for ten seconds each time.
    pairs: usize,
}

const WHOLE: Size = Size { runs: 11, requests: 5_000, pairs: 9 };
const QUICK: Size = Size { runs: 1, requests: 500, pairs: 1 };
const AT_ONCE: [u32; 3] = [1, 32, 256];
const CLIENTS: [(&str, &str); 5] = [
    ("sdk", "in process, SDK"),
    ("by-hand", "in process, by hand"),
    ("by-hand-bursts", "in process, by hand, in bursts"),
    ("forward", "forwarder, SDK"),
    ("forward-by-hand", "forwarder, by hand"),
];

/// One client in one scenario, and what its runs took.
struct Entry {
    client: &'static str,
    label: String,
    scenario: String,
    count: u64,
    runs: Vec<Run>,
}

/// One run.
struct Run {
    played: Played,
    /// The CPU time of the relay, and of the server behind a forwarder.
    servers: Option<Duration>,
    p50: f64,
    p99: f64,
}

impl Run {
    /// How long the core was at work for it, all processes together. Without other work on the core that is the time which
    /// passes; with other work it is that time without it. Where the system does not tell CPU times, it is the time that
    /// passed.
    fn seconds(&self) -> f64 {
        let used = self.played.used.cpu.zip(self.servers).map(|(client, servers)| client + servers);
        used.unwrap_or(self.played.used.wall).as_secs_f64()
    }
}

impl Entry {
    fn new(client: &'static str, label: &str, count: u64, at_once: u32) -> Self {
        let scenario = format!("/{count}/{at_once}");
        Self { client, label: format!("c={at_once:<4} {label}"), scenario, count, runs: Vec::new() }
    }

    fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(figure))
    }

    fn play(&mut self, core: &Core, relay: &mut Server, local: &Server) -> Outcome<()> {
        let before = local.cpu_time();
        let line = core.run(&["play", self.client, &relay.address, &self.scenario, &local.address])?;
        let [cpu, p50, p99] = relay.figures()?;
        let of_local = before.zip(local.cpu_time()).map(|(before, after)| after.saturating_sub(before));
        let servers = of_local.filter(|_| cpu > 0).map(|of_local| of_local + Duration::from_nanos(cpu));
        self.runs.push(Run { played: line.parse()?, servers, p50: p50 as f64 / 1e6, p99: p99 as f64 / 1e6 });
        Ok(())
    }
}

pub(crate) fn run(quick: bool) -> Outcome<()> {
    let size = if quick { QUICK } else { WHOLE };
    let core = Core::pick();
    let mut relay = Server::start(&core, "relay")?;
    let local = Server::start(&core, "local")?;
    println!("tunnel: {} runs of {} requests each, shuffled; {core}", size.runs, size.requests);
    if quick {
        println!("tunnel: --quick shows that it runs; its figures mean nothing");
    }
    let mut entries: Vec<Entry> = CLIENTS
        .iter()
        .flat_map(|(client, label)| AT_ONCE.map(|at_once| Entry::new(client, label, size.requests, at_once)))
        .collect();
    shuffled(&mut entries, size.runs, &core, &mut relay, &local)?;
    let pairs: Vec<Pair> = (0..size.pairs).map(|_| Pair::play(&core, &mut relay)).collect::<Outcome<_>>()?;
    if let Some(load) = load() {
        println!("tunnel: the machine's load at the end is {load:.1}, this benchmark included");
    }

    println!(
        "Requests a second are those of the core's time (all processes together), so that what else the machine does"
    );
    println!("counts for nobody. Latencies are by the clock, as the relay sees them.");
    println!(
        "\n{:<48}{:>10}{:>10}{:>10}{:>15}{:>11}",
        "", "requests/s", "p50 ms", "p99 ms", "client CPU µs", "peak MiB"
    );
    for entry in &entries {
        let rate = entry.count as f64 / entry.median(Run::seconds);
        let cpu = entry.median(|run| run.played.used.cpu.unwrap_or(run.played.used.wall).as_secs_f64());
        let cpu = cpu * 1e6 / entry.count as f64;
        let peak = entry.median(|run| run.played.peak_kib.map_or(f64::NAN, |kib| kib as f64 / 1024.0));
        let (p50, p99) = (entry.median(|run| run.p50), entry.median(|run| run.p99));
        println!("{:<48}{rate:>10.0}{p50:>10.3}{p99:>10.3}{cpu:>15.2}{peak:>11.1}", entry.label);
    }
    println!("\nRatios are the medians of the rounds' own ratios.");
    for (at, at_once) in AT_ONCE.into_iter().enumerate() {
        let [sdk, by_hand, bursts, forward, forward_by_hand] =
            [0, 3, 6, 9, 12].map(|client: usize| entries.get(client + at));
        let over = |ours: Option<&Entry>, other: Option<&Entry>| ours.zip(other).map(|(a, b)| ratio(a, b));
        // The goals are for what is usual; one at a time and all at once are told.
        let goal = |goal| (at_once == 32).then_some(goal);
        at_least(&format!("tunnel c={at_once} ratio"), over(sdk, by_hand), goal(0.90));
        at_least(&format!("tunnel c={at_once} vs_bursts"), over(sdk, bursts), None);
        at_least(&format!("forward c={at_once} ratio"), over(forward, forward_by_hand), goal(0.95));
    }
    let moved: Vec<f64> = pairs.iter().map(|pair| (pair.beside / pair.alone - 1.0) * 100.0).collect();
    let blocks: u64 = pairs.iter().map(|pair| pair.blocks).sum();
    let of = |figure: fn(&Pair) -> f64| median(pairs.iter().map(figure));
    println!(
        "\nhead_of_line: p99 of 255 quick ones {:.3} ms alone, {:.3} ms beside one of 10 s; {} pairs of clients, {blocks} blocks each",
        of(|pair| pair.alone),
        of(|pair| pair.beside),
        pairs.len(),
    );
    let (least, most) =
        moved.iter().fold((f64::MAX, f64::MIN), |(a, b), figure| (a.min(*figure), b.max(*figure)));
    let moved = median(moved.into_iter());
    println!("head_of_line p99 moved {moved:+.1} % (pairs from {least:+.1} % to {most:+.1} %)");
    if moved > 10.0 {
        println!("  note: the goal for head_of_line is at most +10 %");
    }
    Ok(())
}

/// Two clients, 255 quick ones outstanding at each in turn, one of them with a slow one beside.
struct Pair {
    /// How many blocks each was asked.
    blocks: u64,
    /// The medians of the blocks' 99th percentiles, in milliseconds.
    alone: f64,
    beside: f64,
}

impl Pair {
    fn play(core: &Core, relay: &mut Server) -> Outcome<Self> {
        let play = |role: &str, address: &str| core.spawn(&["play", "sdk", address, role, "127.0.0.1:1"]);
        let mut first = play("/pair/255/alone", &relay.address)?;
        // The relay knows them apart by their paths alone, and the second one must come second.
        std::thread::sleep(Duration::from_millis(500));
        let mut second = play("/pair/255/slow", &relay.address)?;
        let [blocks, alone, beside] = relay.figures()?;
        first.wait()?;
        second.wait()?;
        if blocks == 0 {
            return Err("a pair came to nothing".into());
        }
        Ok(Self { blocks, alone: alone as f64 / 1e6, beside: beside as f64 / 1e6 })
    }
}

fn shuffled(
    entries: &mut [Entry],
    runs: usize,
    core: &Core,
    relay: &mut Server,
    local: &Server,
) -> Outcome<()> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for _ in 0..runs {
        fastrand::shuffle(&mut order);
        for at in &order {
            entries[*at].play(core, relay, local)?;
        }
    }
    Ok(())
}

/// How many times the requests of `b` the requests of `a` are, in the same time.
fn ratio(a: &Entry, b: &Entry) -> f64 {
    median(a.runs.iter().zip(&b.runs).map(|(a, b)| b.seconds() / a.seconds()))
}

/// A figure on a line of its own; that it misses its goal is said on the next.
fn at_least(name: &str, figure: Option<f64>, goal: Option<f64>) {
    let Some(figure) = figure.filter(|figure| figure.is_finite()) else { return };
    println!("{name} {figure:.2}");
    if let Some(goal) = goal.filter(|goal| figure < *goal) {
        println!("  note: the goal for {name} is at least {goal}");
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
