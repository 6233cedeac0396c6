//! Kriegspiel: a bot opens games, with and without the platform's events, joins them, or takes its waiting game back, while
//! one fault happens to it.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kriegspiel_sdk::model::GameStatus;
use kriegspiel_sdk::runner::{GameReport, Unfinished};
use kriegspiel_sdk::sandbox::{HouseBot, Sandbox, SandboxGame};
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::{Action, Client, Error, Position, Result, Ruleset, Strategy, Summary};
use sdk_core::sandbox::{Fault, When};

use super::cell::{
    Cell, Platform, State, Told, book, boxed, faults, is_of_accepting, is_of_http, is_of_the_line, product,
    state,
};

pub(crate) const PLATFORM: Platform = Platform { name: "kriegspiel", sample: 200, cells, impossible, play };

const BOT: &str = "matrix";
const GAMES: u32 = 2;
const POLLED: &str = "opening games, polled";
const EVENTS: &str = "opening games, with events";
const JOINING: &str = "joining games";
const DELETING: &str = "taking a game back";
/// The half moves after which the bot resigns.
const RESIGNS_AT: u32 = 3;
/// No cell needs longer than this, on the paused clock.
const BOUND: Duration = Duration::from_secs(3 * 60 * 60);

/// Before and after the platform has done what a call asks for.
fn at(calls: &[(&'static str, &'static str, &str)]) -> Vec<State> {
    let both = |(before, after, path): &(&'static str, &'static str, &str)| {
        [state(before, When::request(*path), 0), state(after, When::answered(*path), 0)]
    };
    calls.iter().flat_map(both).collect()
}

fn opening() -> Vec<State> {
    at(&[
        ("me: the request has arrived", "me: the answer leaves", "/auth/me"),
        ("profile: the request has arrived", "profile: the answer leaves", "/bots/profile"),
        ("my games: the request has arrived", "my games: the answer leaves", "/game/mine/active"),
        ("lobby: the request has arrived", "lobby: the answer leaves", "/game/open"),
        ("create: the request has arrived", "create: the answer leaves", "/game/create"),
        ("state: the request has arrived", "state: the answer leaves", "/state"),
        ("move: the request has arrived", "move: the answer leaves", "/move"),
        ("Any?: the request has arrived", "Any?: the answer leaves", "/ask-any"),
        ("resign: the request has arrived", "resign: the answer leaves", "/resign"),
    ])
}

fn cells(seed: u64) -> Vec<Cell> {
    let faults = faults(&[]);
    let scene = |scene, states: &[State]| product("kriegspiel", scene, states, &faults, seed);
    let mut cells = scene(POLLED, &opening());
    let mut with_events = opening();
    with_events.extend(at(&[("stream: the request has arrived", "stream: the answer leaves", "/events")]));
    cells.extend(scene(EVENTS, &with_events));
    let joining = [("join: the request has arrived", "join: the answer leaves", "/game/join")];
    cells.extend(scene(JOINING, &at(&joining)));
    // The path of the game that waits is known only when it does.
    let deleting = [("delete: the request has arrived", "delete: the answer leaves", "/game/")];
    cells.extend(scene(DELETING, &at(&deleting)));
    cells
}

fn impossible(cell: &Cell) -> Option<&'static str> {
    let fault = &cell.fault;
    if !(is_of_accepting(fault) || is_of_http(fault) || is_of_the_line(fault)) {
        return Some("an HTTP call has no messages");
    }
    None
}

fn play(cell: Cell) -> Pin<Box<dyn Future<Output = Told>>> {
    if cell.scene == DELETING { boxed(take_back(cell)) } else { boxed(play_games(cell)) }
}

/// Asks Any? where it may, tries moves, and resigns in its second turn. What it wants is written down.
#[derive(Clone, Default)]
struct Short {
    wanted: Arc<Mutex<BTreeSet<String>>>,
}

impl Strategy for Short {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        if position.move_number >= RESIGNS_AT {
            return Ok(Action::Resign);
        }
        let action = match position.moves().first() {
            _ if position.can_ask_any() => Action::AskAny,
            Some(uci) => Action::Move(*uci),
            None => Action::Resign,
        };
        let line = format!("{} {} {action}", position.game_id, position.move_number);
        self.wanted.lock().unwrap().insert(line);
        Ok(action)
    }
}

async fn play_games(cell: Cell) -> Told {
    // The bot's own connections come and go: a fault of accepting must meet the one after the drop.
    for before in 1..=6 {
        let (told, in_order) = play_games_after(&cell, before).await;
        if in_order {
            return told;
        }
    }
    Told { wrong: vec!["the fault never came after the drop".into()], ..Told::default() }
}

async fn play_games_after(cell: &Cell, before: u32) -> (Told, bool) {
    let mut told = Told::default();
    let joins = cell.scene == JOINING;
    let sandbox = Sandbox::builder()
        .seed(cell.seed)
        .house([HouseBot::Random])
        .house_joins(!joins)
        .house_opens(joins)
        .stale_listings(false)
        .events(cell.scene == EVENTS)
        .start()
        .await
        .expect("a port on loopback");
    let order = book(sandbox.faults(), cell.http_orders(before));
    let token = sandbox.register(BOT).expect("a name");
    let client = Client::builder(token).url(sandbox.url().as_str()).build().expect("a valid client");
    let strategy = Short::default();
    let wanted = strategy.wanted.clone();
    let reports: Arc<Mutex<Vec<GameReport>>> = Arc::default();
    let run = client
        .play(strategy)
        .rulesets([Ruleset::BerkeleyAny])
        .games(GAMES)
        .at_once(1)
        .create_games(!joins)
        .join_probability(if joins { 1.0 } else { 0.0 })
        .seed(cell.seed)
        .on_game({
            let reports = reports.clone();
            move |report| reports.lock().unwrap().push(report.clone())
        })
        .run();
    let ended = told.within(BOUND, run).await.map(|ended| ended.map_err(Error::from));
    told.injected = sandbox.faults().injected_by(order);
    let log = sandbox.faults().log();
    let in_order = !is_of_accepting(&cell.fault) || log.first().is_some_and(|first| first.fault == "dropTcp");
    let reports = std::mem::take(&mut *reports.lock().unwrap());
    let wanted = std::mem::take(&mut *wanted.lock().unwrap());
    if let Some(ended) = ended {
        check_end(cell, &ended, &mut told);
        for game in sandbox.games().iter().filter(|game| game.color_of(BOT).is_some()) {
            check_game(game, &reports, &wanted, ended.is_err(), &mut told);
        }
    }
    drop(client);
    sandbox.shutdown().await;
    (told, in_order)
}

/// The faults that are final refusals, and the reason that the bot ends with.
fn final_refusal(cell: &Cell) -> Option<&'static str> {
    let introduces_itself = cell.state.starts_with("me") || cell.state.starts_with("profile");
    match cell.fault {
        // The events are hints: the token's other calls say whether it is refused.
        Fault::Unauthorized if cell.state.starts_with("stream") => None,
        Fault::Unauthorized => Some("auth_rejected"),
        Fault::Forbidden if introduces_itself => Some("rejected"),
        _ => None,
    }
}

fn check_end(cell: &Cell, ended: &Result<Summary>, told: &mut Told) {
    let code = final_refusal(cell);
    told.expect_end(ended, code);
    if let (Ok(summary), None) = (ended, code)
        && summary.games + summary.unfinished != GAMES
    {
        told.wrong.push(format!("it was to play {GAMES} games: {summary}"));
    }
}

fn check_game(
    game: &SandboxGame,
    reports: &[GameReport],
    wanted: &BTreeSet<String>,
    ended_early: bool,
    told: &mut Told,
) {
    let color = game.color_of(BOT).expect("the bot plays it");
    let repeated = game.repeated_tries(color);
    if !repeated.is_empty() {
        told.duplicated.push(format!("in {} it tried again: {repeated:?}", game.code));
    }
    let mut asked = BTreeSet::new();
    for attempt in game.attempts.iter().filter(|attempt| attempt.color == color) {
        let action = attempt.uci.map_or(Action::AskAny, Action::Move);
        let line = format!("{} {} {action}", game.id, attempt.move_number);
        if attempt.uci.is_none() && asked.contains(&line) {
            told.duplicated.push(format!("Any? was asked twice: {line}"));
        }
        if !wanted.contains(&line) {
            told.wrong.push(format!("it did not want {line}"));
        }
        asked.insert(line);
    }
    if ended_early {
        return;
    }
    let report = reports.iter().find(|report| report.game.id == game.id);
    match (&game.status, report) {
        (GameStatus::Completed, Some(report)) if report.result.is_some() => {
            if report.result != game.result {
                told.wrong.push(format!("{:?} was reported as {:?}", game.result, report.result));
            }
            let prefix = format!("{} ", game.id);
            for line in wanted.iter().filter(|line| line.starts_with(&prefix) && !asked.contains(*line)) {
                told.lost.push(format!("{line} never arrived"));
            }
        }
        // It says that the platform did not let it in.
        (_, Some(report)) if report.unfinished == Some(Unfinished::Refused) => {}
        (status, Some(report)) => {
            told.lost.push(format!("the game {} is {status:?}, and was reported as {report}", game.code));
        }
        (status, None) => {
            told.lost.push(format!("the game {} is {status:?}, and was not reported", game.code))
        }
    }
}

/// Nobody joins the bot's game, and the bot is asked to stop.
async fn take_back(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = Sandbox::builder()
        .seed(cell.seed)
        .no_house()
        .events(false)
        .start()
        .await
        .expect("a port on loopback");
    let token = sandbox.register(BOT).expect("a name");
    let client = Client::builder(token).url(sandbox.url().as_str()).build().expect("a valid client");
    let shutdown = Shutdown::new();
    let run = client
        .play(Short::default())
        .rulesets([Ruleset::BerkeleyAny])
        .shutdown(&shutdown)
        .seed(cell.seed)
        .run();
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(31)).await;
        let games = sandbox.games();
        let game = games.first().expect("a game that waits");
        let path = format!("/game/{}", game.id);
        let mut cell = cell.clone();
        cell.when = match cell.when {
            When::Request(_) => When::request(path),
            _ => When::answered(path),
        };
        let order = book(sandbox.faults(), cell.http_orders(0));
        shutdown.request();
        order
    };
    if let Some((ended, order)) = told.within(BOUND, async { tokio::join!(run, stopping) }).await {
        told.injected = sandbox.faults().injected_by(order);
        told.expect_end(&ended.map_err(Error::from), None);
        let left = sandbox.games().iter().filter(|game| game.status == GameStatus::Waiting).count();
        // A fault of accepting comes after a drop: both tries fail, and the platform clears the game away after ten minutes.
        if left > 0 && !is_of_accepting(&cell.fault) {
            told.lost.push("its waiting game is still in the lobby".into());
        }
    }
    drop(client);
    sandbox.shutdown().await;
    told
}
