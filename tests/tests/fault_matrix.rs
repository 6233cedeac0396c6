//! Every fault of the sandbox at every point of a BOTPIT match. A cell of the matrix is one bot that plays two matches
//! of rock paper scissors while one fault happens to it.
//!
//! The clock is paused, so that minutes of waiting cost nothing; client and sandbox share one thread and talk over a real
//! socket. `FAULT_SEEDS=10` plays each cell with ten seeds.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::{Sandbox, SandboxMatch};
use botpit_sdk::{Client, Error, GameTurn, MatchReport, Outcome, PlayError, Summary};
use sdk_core::sandbox::{Fault, Order, OrderId, When};

const BOT: &str = "matrix";
const MATCHES: u32 = 2;
/// Between two rounds: shorter and longer than the second that a bot gives the platform after a reconnect.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(3)];
/// No bot needs longer than this, on the paused clock.
const BOUND: Duration = Duration::from_secs(5 * 60);
/// No cell needs longer than this, on the wall's.
const REAL_BOUND: Duration = Duration::from_secs(30);

/// A moment of a match.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    name: &'static str,
    when: When,
    /// How many such moments pass first.
    skip: u32,
}

/// The points: from the upgrade to the end of the match, the later ones in the first round and in the second.
fn points() -> Vec<Point> {
    let mut points = Vec::new();
    let mut add = |name, when: When, skip| points.push(Point { name, when, skip });
    add("before auth: upgraded", When::NextConnection, 0);
    add("before auth: the key has arrived", When::received("authenticate"), 0);
    add("before auth: the answer leaves", When::sending("authenticated"), 0);
    add("authenticated", When::sent("authenticated"), 0);
    add("queueing: the wish has arrived", When::received("join_queue"), 0);
    add("queueing: the answer leaves", When::sending("queue_joined"), 0);
    add("queued", When::sent("queue_joined"), 0);
    add("match found: the news leaves", When::sending("match_found"), 0);
    add("match found", When::sent("match_found"), 0);
    add("game started: the news leaves", When::sending("game_start"), 0);
    add("game started", When::sent("game_start"), 0);
    for skip in [0, 1] {
        add("my turn: the question leaves", When::sending("your_turn"), skip);
        add("my turn open", When::sent("your_turn"), skip);
        add("move sent, not taken", When::received("make_move"), skip);
        add("move sent and taken", When::handled("make_move"), skip);
        add("between rounds: the result leaves", When::sending("round_result"), skip);
        add("between rounds", When::sent("round_result"), skip);
    }
    add("game over: the news leaves", When::sending("game_over"), 0);
    add("game over", When::sent("game_over"), 0);
    points
}

/// Every fault of the sandbox; sizes and delays are kept small where they make no difference but time.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        Fault::NAMES.iter().map(|name| Fault::named(name).expect("the list is the sandbox's own")).collect();
    for fault in &mut faults {
        match fault {
            Fault::Fragments { count } => *count = 2_000,
            Fault::RateLimited { retry_after } | Fault::Unavailable { retry_after } => {
                "2".clone_into(retry_after)
            }
            Fault::Slow { delay_ms } | Fault::DelayPongs { delay_ms } => *delay_ms = 1_500,
            _ => {}
        }
    }
    // A close in good order, one that announces a restart, and those that say that it is for good.
    for (code, reason) in [(1000, ""), (1001, "going away"), (1013, ""), (4001, "auth"), (4409, "replaced")] {
        faults.push(Fault::Close { code, reason: reason.into() });
    }
    faults
}

/// Faults of connecting and of the upgrade: they need a connect, so the connection is dropped at the point first.
fn is_of_connecting(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::RefuseConnect
            | Fault::NeverAnswer
            | Fault::Unauthorized
            | Fault::Forbidden
            | Fault::RateLimited { .. }
            | Fault::Unavailable { .. }
            | Fault::ServerError
            | Fault::Redirect { .. }
            | Fault::Html { .. }
            | Fault::PartialBody
    )
}

/// The faults that are final refusals, and the reason that the bot ends with.
fn final_refusal(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Unauthorized => Some("auth_rejected"),
        Fault::Forbidden => Some("rejected"),
        Fault::Close { code: 4001, .. } => Some("auth_rejected"),
        Fault::Close { code: 4409, .. } => Some("session_replaced"),
        _ => None,
    }
}

/// Faults that may cost a round, because nothing that the bot could do would save it; all others cost none.
fn may_cost_a_round(fault: &Fault) -> bool {
    matches!(
        fault,
        // The other side goes silent without a sign: it is noticed after 20 to 30 s, and a turn has 10 s.
        Fault::HalfOpen | Fault::Silence | Fault::StopReading
        // A dial that nobody answers is given up after 10 s: by then the turn is over.
        | Fault::NeverAnswer
        // After the announcement of a restart the bots come back spread over 15 s.
        | Fault::Close { code: 1012 | 1013, .. }
        // What cannot be read cannot be answered.
        | Fault::BrokenField { .. }
    )
}

/// Whether the end of a match may stay unknown: it was told to a dead connection (right behind the last round's result),
/// or cannot be read. The match is then given up for lost, and the bot plays another.
fn may_hide_an_end(cell: &Cell) -> bool {
    let last_words = ["round_result", "game_over"];
    matches!(&cell.point.when, When::Sending(kind) | When::Sent(kind) if last_words.contains(&kind.as_str()))
        || matches!(
            cell.fault,
            // A torn frame may be that of the last result.
            Fault::HalfOpen
                | Fault::Silence
                | Fault::StopReading
                | Fault::BrokenField { .. }
                | Fault::TornFrame
        )
}

/// Combinations that cannot happen, and why.
fn is_impossible(fault: &Fault, point: &Point) -> Option<&'static str> {
    let first_words = matches!(&point.when, When::Received(kind) | When::Sending(kind) | When::Sent(kind) if kind.starts_with("authenticate"));
    match fault {
        Fault::Stale if first_words => Some("no earlier message of the kind was ever sent to the bot"),
        _ => None,
    }
}

#[derive(Debug, Clone)]
struct Cell {
    fault: Fault,
    point: Point,
    /// Between two rounds: shorter or longer than the grace after a reconnect.
    pause: Duration,
    seed: u64,
}

impl Cell {
    fn orders(&self) -> Vec<Order> {
        let at_point = |fault: Fault| fault.on(self.point.when.clone()).skip(self.point.skip);
        if !is_of_connecting(&self.fault) {
            return vec![at_point(self.fault.clone())];
        }
        if self.point.when == When::NextConnection {
            return vec![self.fault.clone().on(When::NextConnection)];
        }
        vec![self.fault.clone().on(When::NextConnection).skip(1), at_point(Fault::DropTcp)]
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, point, pause, seed } = self;
        write!(
            f,
            "{fault:?} at \"{}\" (after {} such), {pause:?} between rounds, seed {seed}",
            point.name, point.skip
        )
    }
}

/// What became of a cell.
struct Told {
    injected: u64,
    ended: Result<Summary, Error>,
    lost: Vec<String>,
    duplicated: Vec<String>,
    hung: Vec<String>,
    wrong: Vec<String>,
}

async fn play(cell: &Cell) -> Told {
    let sandbox = Sandbox::builder()
        .seed(cell.seed)
        .between_rounds(cell.pause)
        .start()
        .await
        .expect("a port on loopback");
    let key = sandbox.register(BOT).expect("a name");
    let orders: Vec<OrderId> = cell
        .orders()
        .into_iter()
        .map(|order| sandbox.faults().order(order).expect("a valid order"))
        .collect();
    let client = Client::builder(key).url(sandbox.url()).seed(cell.seed).build().expect("a valid client");
    let reports: Arc<Mutex<Vec<MatchReport>>> = Arc::default();
    // A bot that changes its mind every time it is asked: a question that is put to it twice would show.
    let mut asked = 0_usize;
    let strategy = move |_: &GameTurn<Rps>| {
        asked += 1;
        [Choice::Rock, Choice::Paper, Choice::Scissors].into_iter().cycle().nth(asked).unwrap_or(Choice::Rock)
    };
    let run = client
        .play::<Rps, _>(strategy)
        .wager("0.01 SOL".parse().expect("a wager"))
        .matches(MATCHES)
        .on_match({
            let reports = reports.clone();
            move |report| reports.lock().unwrap().push(report.clone())
        })
        .run();
    let ended = tokio::time::timeout(BOUND, run).await;
    let (mut lost, mut duplicated, mut hung, mut wrong) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let ended = ended.unwrap_or_else(|_| {
        hung.push(format!("nothing came of it within {BOUND:?}"));
        Ok(Summary::default())
    });
    let summary = ended.as_ref().unwrap_or_else(PlayError::summary).clone();
    let ended = ended.map_err(Error::from);

    let reports = std::mem::take(&mut *reports.lock().unwrap());
    if hung.is_empty() && summary.matches as usize != reports.len() {
        wrong.push(format!("{} reports, and the summary says {summary}", reports.len()));
    }
    for record in &sandbox.matches() {
        let side = record.side_of(BOT).expect("nobody else plays here");
        let forfeited = record.rounds.iter().filter(|round| round.moves.get(side).is_none()).count();
        if forfeited > 0 && !may_cost_a_round(&cell.fault) {
            lost.push(format!("{forfeited} moves never arrived"));
        }
        if record.changed_minds().iter().any(|(_, who)| *who == side) {
            duplicated.push(format!("two different moves for one question: {:?}", record.moves_received));
        }
        if record.moves_after_end > 0 {
            duplicated.push(format!("{} moves after the end", record.moves_after_end));
        }
        match reports.iter().find(|report| report.id.as_str() == record.id) {
            Some(report) => check_report(report, record, &mut wrong),
            None if ended.is_err() || may_hide_an_end(cell) => {}
            None => lost.push(format!("the match {} was not reported", record.id)),
        }
    }
    let injected = orders.first().map_or(0, |order| sandbox.faults().injected_by(*order));
    drop(client);
    sandbox.shutdown().await;
    Told { injected, ended, lost, duplicated, hung, wrong }
}

/// What the bot reports is what the server's own records say.
fn check_report(report: &MatchReport, record: &SandboxMatch, wrong: &mut Vec<String>) {
    let outcome = match (record.winner, record.side_of(BOT)) {
        (None, _) => Outcome::Draw,
        (winner, side) if winner == side => Outcome::Won,
        _ => Outcome::Lost,
    };
    if record.ended.is_none() || report.outcome() != outcome {
        wrong.push(format!("reported {:?}, and it was {outcome:?} ({:?})", report.outcome(), record.ended));
    }
    if report.fair == Some(false) {
        wrong.push(format!("a fair match was reported as unfair: {}", report.verdict));
    }
}

fn run_cell(cell: &Cell) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let mut told = runtime.block_on(async {
        let told = play(cell).await;
        // What was told to end gets the chance to.
        tokio::time::sleep(Duration::from_secs(5)).await;
        told
    });
    let left = runtime.metrics().num_alive_tasks();
    if left > 0 {
        told.wrong.push(format!("{left} tasks were left behind"));
    }
    told
}

fn seeds() -> u64 {
    std::env::var("FAULT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1)
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> usize {
    0
}

#[test]
fn a_bot_survives_every_fault_at_every_point_of_a_match() {
    let mut cells = Vec::new();
    for seed in 0..seeds() {
        for point in points() {
            for fault in faults() {
                for pause in PAUSES {
                    cells.push(Cell { fault: fault.clone(), point: point.clone(), pause, seed });
                }
            }
        }
    }
    let cells: Arc<[Cell]> = cells.into();
    // What a process opens once and keeps (for signals, for names) is opened by the first.
    drop(cells.first().map(run_cell));
    let files = open_files();
    let next = Arc::new(AtomicUsize::new(0));
    let (results, told) = mpsc::channel();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (cells, next, results) = (cells.clone(), next.clone(), results.clone());
            std::thread::spawn(move || {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    results.send((cell.clone(), run_cell(cell))).expect("the test waits for it");
                }
            })
        })
        .collect();
    drop(results);

    let (mut injected, mut impossible) = (0, 0);
    let [mut lost, mut duplicated, mut hung, mut wrong] = [const { Vec::<String>::new() }; 4];
    for _ in 0..cells.len() {
        let (cell, mut told) = told.recv_timeout(REAL_BOUND).expect("every cell ends");
        match (&told.ended, final_refusal(&cell.fault)) {
            (Err(error), Some(code)) if error.code().id() == code => {}
            (Ok(summary), None) if summary.matches == MATCHES => {}
            (other, _) => told.wrong.push(format!("it ended with {other:?}")),
        }
        injected += told.injected;
        match is_impossible(&cell.fault, &cell.point) {
            Some(_) => impossible += 1,
            None if told.injected == 0 => told.wrong.push("the fault was not injected".into()),
            None => {}
        }
        for (all, cells) in [
            (&mut lost, told.lost),
            (&mut duplicated, told.duplicated),
            (&mut hung, told.hung),
            (&mut wrong, told.wrong),
        ] {
            all.extend(cells.into_iter().map(|what| format!("{cell}: {what}")));
        }
    }
    for thread in threads {
        thread.join().expect("no cell panics");
    }
    println!("cells {}, of them {impossible} that cannot happen", cells.len());
    println!(
        "faults injected {injected}, lost {}, duplicated {}, hung {}",
        lost.len(),
        duplicated.len(),
        hung.len()
    );
    for what in [&lost, &duplicated, &hung, &wrong] {
        assert!(what.is_empty(), "{} cells:\n{}", what.len(), what.join("\n"));
    }
    assert!(open_files() <= files, "{} files were open before, {} are after", files, open_files());
}
