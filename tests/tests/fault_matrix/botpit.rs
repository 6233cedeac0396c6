//! BOTPIT: a bot plays two matches of rock paper scissors while one fault happens to it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::{Sandbox, SandboxMatch};
use botpit_sdk::{Client, Error, GameTurn, MatchReport, Outcome, PlayError, Summary};
use sdk_core::sandbox::{Fault, When};

use super::cell::{Cell, Platform, State, Told, book, boxed, faults, product, state};

pub(crate) const PLATFORM: Platform =
    Platform { name: "botpit", sample: 750, cells, impossible, play: |cell| boxed(play(cell)) };

const BOT: &str = "matrix";
const MATCHES: u32 = 2;
/// Between two rounds: shorter and longer than the second that a bot gives the platform after a reconnect.
const SCENES: [(&str, Duration); 2] =
    [("quick rounds", Duration::from_millis(200)), ("slow rounds", Duration::from_secs(3))];
/// No bot needs longer than this, on the paused clock.
const BOUND: Duration = Duration::from_secs(5 * 60);

/// From the upgrade to the end of the match, the later states in the first round and in the second.
fn states() -> Vec<State> {
    let mut states = vec![
        state("before auth: upgraded", When::NextConnection, 0),
        state("before auth: the key has arrived", When::received("authenticate"), 0),
        state("before auth: the answer leaves", When::sending("authenticated"), 0),
        state("authenticated", When::sent("authenticated"), 0),
        state("queueing: the wish has arrived", When::received("join_queue"), 0),
        state("queueing: the answer leaves", When::sending("queue_joined"), 0),
        state("queued", When::sent("queue_joined"), 0),
        state("match found: the news leaves", When::sending("match_found"), 0),
        state("match found", When::sent("match_found"), 0),
        state("game started: the news leaves", When::sending("game_start"), 0),
        state("game started", When::sent("game_start"), 0),
    ];
    for skip in [0, 1] {
        states.extend([
            state("my turn: the question leaves", When::sending("your_turn"), skip),
            state("my turn open", When::sent("your_turn"), skip),
            state("move sent, not taken", When::received("make_move"), skip),
            state("move sent and taken", When::handled("make_move"), skip),
            state("between rounds: the result leaves", When::sending("round_result"), skip),
            state("between rounds", When::sent("round_result"), skip),
        ]);
    }
    states.extend([
        state("game over: the news leaves", When::sending("game_over"), 0),
        state("game over", When::sent("game_over"), 0),
    ]);
    states
}

fn cells(seed: u64) -> Vec<Cell> {
    // A close in good order, one that announces a restart, and those that say that it is for good.
    let faults = faults(&[(1000, ""), (1001, "going away"), (1013, ""), (4001, "auth"), (4409, "replaced")]);
    let of_scene = |(scene, _): &(&'static str, Duration)| product("botpit", scene, &states(), &faults, seed);
    SCENES.iter().flat_map(of_scene).collect()
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
    matches!(&cell.when, When::Sending(kind) | When::Sent(kind) if last_words.contains(&kind.as_str()))
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

fn impossible(cell: &Cell) -> Option<&'static str> {
    let first_words = matches!(
        &cell.when,
        When::Received(kind) | When::Sending(kind) | When::Sent(kind) if kind.starts_with("authenticate")
    );
    match cell.fault {
        Fault::Stale if first_words => Some("there is no earlier message that could come again"),
        _ => None,
    }
}

async fn play(cell: Cell) -> Told {
    let cell = &cell;
    let mut told = Told::default();
    let pause = SCENES.iter().find(|(name, _)| *name == cell.scene).map_or(Duration::ZERO, |scene| scene.1);
    let sandbox =
        Sandbox::builder().seed(cell.seed).between_rounds(pause).start().await.expect("a port on loopback");
    let key = sandbox.register(BOT).expect("a name");
    let order = book(sandbox.faults(), cell.socket_orders(1, None));
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
    let ended = told.within(BOUND, run).await.unwrap_or_else(|| Ok(Summary::default()));
    let summary = ended.as_ref().unwrap_or_else(PlayError::summary).clone();
    let ended = ended.map_err(Error::from);

    let reports = std::mem::take(&mut *reports.lock().unwrap());
    if told.hung.is_empty() && summary.matches as usize != reports.len() {
        told.wrong.push(format!("{} reports, and the summary says {summary}", reports.len()));
    }
    for record in &sandbox.matches() {
        let side = record.side_of(BOT).expect("nobody else plays here");
        let forfeited = record.rounds.iter().filter(|round| round.moves.get(side).is_none()).count();
        if forfeited > 0 && !may_cost_a_round(&cell.fault) {
            told.lost.push(format!("{forfeited} moves never arrived"));
        }
        if record.changed_minds().iter().any(|(_, who)| *who == side) {
            told.duplicated
                .push(format!("two different moves for one question: {:?}", record.moves_received));
        }
        if record.moves_after_end > 0 {
            told.duplicated.push(format!("{} moves after the end", record.moves_after_end));
        }
        match reports.iter().find(|report| report.id.as_str() == record.id) {
            Some(report) => check_report(report, record, &mut told.wrong),
            None if ended.is_err() || may_hide_an_end(cell) => {}
            None => told.lost.push(format!("the match {} was not reported", record.id)),
        }
    }
    told.injected = sandbox.faults().injected_by(order);
    let code = final_refusal(&cell.fault);
    told.expect_end(&ended, code);
    if told.hung.is_empty() && code.is_none() && summary.matches != MATCHES {
        told.wrong.push(format!("it was to play {MATCHES} matches: {summary}"));
    }
    drop(client);
    sandbox.shutdown().await;
    told
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
