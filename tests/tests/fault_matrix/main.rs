//! The fault matrix: every fault of the sandbox at every state of every platform's protocol. A cell is one bot to which one
//! fault happens at one moment; it must end what it was doing, or say why not, in a typed reason. What was lost and what
//! happened twice is read from the sandbox's own books, not from what the client believes.
//!
//! The clock is paused, so that minutes of waiting cost nothing; bot and sandbox share one thread and talk over a real socket.
//!
//! | variable | what it does |
//! |---|---|
//! | `FAULT_CELLS=all` | plays all cells, and not a sample of each platform's |
//! | `FAULT_CELLS=50` | plays so many of each platform |
//! | `FAULT_CELL=text` | plays the cells whose line holds the text, such as `"botornot / rated / voting"` or a whole line |
//! | `FAULT_SEEDS=10` | plays with ten seeds |
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod botornot;
mod botpit;
mod botroulette;
mod cell;
mod kriegspiel;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cell::{Cell, Platform, Told};

const PLATFORMS: &[Platform] =
    &[botpit::PLATFORM, botornot::PLATFORM, botroulette::PLATFORM, kriegspiel::PLATFORM];

/// No cell needs longer than this, on the wall's clock.
const REAL_BOUND: Duration = Duration::from_secs(60);
/// What was told to end gets this long to do so, on the paused clock.
const SETTLE: Duration = Duration::from_secs(5);

/// Which cells are played.
enum Choice {
    All,
    /// So many of each platform, or as many as the platform says.
    Sample(Option<usize>),
    Holding(String),
}

fn choice() -> Choice {
    if let Ok(text) = std::env::var("FAULT_CELL") {
        return Choice::Holding(text);
    }
    match std::env::var("FAULT_CELLS").ok().as_deref() {
        None => Choice::Sample(None),
        Some("all") => Choice::All,
        Some(count) => Choice::Sample(Some(count.parse().expect("FAULT_CELLS is `all` or a number"))),
    }
}

fn seeds() -> u64 {
    std::env::var("FAULT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1)
}

/// The sample is spread evenly over the whole by a step that shares no divisor with its size, so that neighbours differ in
/// state and fault.
fn sample(cells: Vec<Cell>, count: usize) -> Vec<Cell> {
    let size = cells.len();
    if count >= size {
        return cells;
    }
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    // The golden section spreads best.
    let step = (size * 618 / 1_000..size).find(|step| divisor(*step, size) == 1).unwrap_or(1);
    (0..count).filter_map(|nth| cells.get(nth * step % size).cloned()).collect()
}

fn run_cell(platform: &Platform, cell: &Cell) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let mut told = runtime.block_on(async {
        let told = (platform.play)(cell.clone()).await;
        tokio::time::sleep(SETTLE).await;
        told
    });
    let left = runtime.metrics().num_alive_tasks();
    if left > 0 {
        told.wrong.push(format!("{left} tasks were left behind"));
    }
    told
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> usize {
    0
}

/// What became of all cells of a platform.
#[derive(Default)]
struct Counts {
    cells: usize,
    injected: u64,
    /// How many cells cannot happen, by the reason.
    impossible: BTreeMap<&'static str, usize>,
    lost: Vec<String>,
    duplicated: Vec<String>,
    hung: Vec<String>,
    wrong: Vec<String>,
}

impl Counts {
    fn take(&mut self, cell: &Cell, mut told: Told) {
        self.cells += 1;
        self.injected += told.injected;
        if told.injected == 0 {
            told.wrong.push("the fault was not injected".into());
        }
        for (all, cells) in [
            (&mut self.lost, told.lost),
            (&mut self.duplicated, told.duplicated),
            (&mut self.hung, told.hung),
            (&mut self.wrong, told.wrong),
        ] {
            all.extend(cells.into_iter().map(|what| format!("{cell}: {what}")));
        }
    }

    fn print(&self, name: &str) {
        let impossible: usize = self.impossible.values().sum();
        println!(
            "{name}: {} cells played, {impossible} cannot happen; faults injected {}, lost {}, duplicated {}, hung {}",
            self.cells,
            self.injected,
            self.lost.len(),
            self.duplicated.len(),
            self.hung.len()
        );
        for (why, count) in &self.impossible {
            println!("  {count} cannot happen: {why}");
        }
    }

    fn add(&mut self, other: Self) {
        self.cells += other.cells;
        self.injected += other.injected;
        for (why, count) in other.impossible {
            *self.impossible.entry(why).or_default() += count;
        }
        self.lost.extend(other.lost);
        self.duplicated.extend(other.duplicated);
        self.hung.extend(other.hung);
        self.wrong.extend(other.wrong);
    }
}

/// Plays these cells, two at a time.
fn play_all(platform: Platform, cells: Vec<Cell>, counts: &mut Counts) {
    let cells: Arc<[Cell]> = cells.into();
    let next = Arc::new(AtomicUsize::new(0));
    let (results, told) = mpsc::channel();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (cells, next, results) = (cells.clone(), next.clone(), results.clone());
            std::thread::spawn(move || {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let told = run_cell(&platform, cell);
                    results.send((cell.clone(), told)).expect("the test waits for it");
                }
            })
        })
        .collect();
    drop(results);
    for _ in 0..cells.len() {
        let (cell, told) = told.recv_timeout(REAL_BOUND).expect("every cell ends, and none panics");
        counts.take(&cell, told);
    }
    for thread in threads {
        thread.join().expect("no cell panics");
    }
}

#[test]
fn every_bot_survives_every_fault_in_every_state() {
    let choice = choice();
    let mut all = Counts::default();
    for platform in PLATFORMS {
        let mut counts = Counts::default();
        let mut cells = Vec::new();
        for cell in (0..seeds()).flat_map(platform.cells) {
            match (platform.impossible)(&cell) {
                Some(why) => *counts.impossible.entry(why).or_default() += 1,
                None => cells.push(cell),
            }
        }
        let whole = cells.clone();
        match &choice {
            Choice::All => {}
            Choice::Sample(count) => cells = sample(cells, count.unwrap_or(platform.sample)),
            Choice::Holding(text) => cells.retain(|cell| cell.to_string().contains(text.as_str())),
        }
        if let Choice::Sample(None) = choice {
            // A sample leaves out combinations, but no state and no fault.
            let kinds = |cells: &[Cell]| -> (BTreeSet<(&str, &str)>, BTreeSet<String>) {
                let states = cells.iter().map(|cell| (cell.scene, cell.state)).collect();
                (states, cells.iter().map(|cell| format!("{:?}", cell.fault)).collect())
            };
            assert_eq!(kinds(&cells), kinds(&whole), "{}: the sample is too small", platform.name);
        }
        // What a process opens once and keeps (for signals, for names) is opened by the first.
        drop(cells.first().map(|first| run_cell(platform, first)));
        let files = open_files();
        play_all(*platform, cells, &mut counts);
        let left = open_files();
        if left > files {
            counts.wrong.push(format!("{}: {files} files were open before, {left} are after", platform.name));
        }
        counts.print(platform.name);
        all.add(counts);
    }
    all.print("all platforms");
    println!(
        "faults injected {}, lost {}, duplicated {}, hung {}",
        all.injected,
        all.lost.len(),
        all.duplicated.len(),
        all.hung.len()
    );
    let findings =
        [("lost", &all.lost), ("duplicated", &all.duplicated), ("hung", &all.hung), ("wrong", &all.wrong)];
    let findings =
        findings.iter().flat_map(|(kind, all)| all.iter().map(move |what| format!("{kind}: {what}")));
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}
