//! The platform's side: HTTP by hand over blocking sockets, and a referee.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kriegspiel_sdk::sandbox::referee::{Question, Referee};
use kriegspiel_sdk::{Color, Ruleset};
use serde_json::{Value, json};

use super::lower_quartile;
use super::process::{Outcome, median};
use super::written::{self, ID};

/// How many of the bot's turns are measured in a game.
pub(crate) const TURNS: usize = 6;
/// The game begins in its middle: after so many moves of both sides.
const PLIES: u32 = 40;
/// How long the opponent thinks.
pub(crate) const THINKS: Duration = Duration::from_millis(2);

/// The game, and who listens to it.
struct Table {
    referee: Referee,
    chance: fastrand::Rng,
    /// The bot's state as it would be sent now.
    state: String,
    events: Option<TcpStream>,
    /// When the opponent's move was told.
    told: Option<Instant>,
    reactions: Vec<f64>,
    /// How large the states were that were read.
    sizes: Vec<f64>,
}

/// Prints its address, and, when the game is over, the lower quartile of the reactions in milliseconds and the median of the states' sizes in KiB.
pub(crate) fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let referee = written::game(&Ruleset::BerkeleyAny, PLIES, Color::White)?;
    let table = Arc::new(Mutex::new(Table {
        state: written::state(&referee, Color::White),
        referee,
        chance: fastrand::Rng::with_seed(7),
        events: None,
        told: None,
        reactions: Vec::with_capacity(TURNS),
        sizes: Vec::with_capacity(TURNS),
    }));
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, table) = (stream?, table.clone());
        stream.set_nodelay(true)?;
        thread::spawn(move || {
            if let Err(error) = talk(stream, &table) {
                eprintln!("react: {error}");
            }
        });
    }
    Ok(())
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection.
fn talk(mut stream: TcpStream, table: &Arc<Mutex<Table>>) -> Outcome<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let Some((request, body)) = read_request(&mut reader)? else { return Ok(()) };
        let path = request.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let path = path.replace(ID, "ID");
        let answer = match path.as_str() {
            "GET /health" => json!({"status": "ok", "db": "connected", "version": "1"}).to_string(),
            "POST /bots/profile" => {
                json!({"ok": true, "supported_rule_variants": ["berkeley_any"]}).to_string()
            }
            "GET /game/mine/active" => json!({"games": [metadata(&lock(table).referee)]}).to_string(),
            "GET /game/ID" => metadata(&lock(table).referee).to_string(),
            "GET /game/ID/state" => lock(table).state.clone(),
            "GET /game/ID/events" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")?;
                let mut table = lock(table);
                tell(&mut stream, "connected", &table.referee)?;
                table.events = Some(stream);
                return Ok(());
            }
            "POST /game/ID/move" => answer_move(table, &body)?,
            other => return Err(format!("nobody expected {other}").into()),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(&[head.as_bytes(), answer.as_bytes()].concat())?;
    }
}

fn read_request(reader: &mut impl BufRead) -> Outcome<Option<(String, Vec<u8>)>> {
    let (mut request, mut length) = (String::new(), 0);
    if reader.read_line(&mut request)? == 0 {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((request, body)))
}

/// The bot asks: its time is taken first.
fn answer_move(shared: &Arc<Mutex<Table>>, body: &[u8]) -> Outcome<String> {
    let arrived = Instant::now();
    let mut guard = lock(shared);
    let table = &mut *guard;
    if let Some(told) = table.told.take() {
        table.reactions.push((arrived - told).as_secs_f64() * 1e3);
    }
    let body: Value = serde_json::from_slice(body)?;
    let uci = body.get("uci").and_then(Value::as_str).ok_or("a move without a move")?;
    let answer = table.referee.ask(Question::Move(uci.parse()?));
    table.state = written::state(&table.referee, Color::White);
    if answer.is_move_done() {
        let shared = shared.clone();
        thread::spawn(move || {
            if let Err(error) = opponent(&shared) {
                eprintln!("react: {error}");
            }
        });
    }
    let answer = json!({
        "move_done": answer.is_move_done(), "announcement": answer.main, "special_announcement": answer.special,
        "checks": answer.checks, "capture_square": answer.capture_square,
        "captured_piece_announcement": answer.captured, "turn": table.referee.turn(),
        "game_over": table.referee.is_over(),
        "clock": {"white_remaining": 1402.25, "black_remaining": 1387.5, "active_color": table.referee.turn()},
    });
    Ok(answer.to_string())
}

/// The opponent thinks, moves by chance, and resigns when enough was measured.
fn opponent(shared: &Arc<Mutex<Table>>) -> Outcome<()> {
    loop {
        thread::sleep(THINKS);
        // Until the bot listens.
        if lock(shared).events.is_some() {
            break;
        }
    }
    let mut guard = lock(shared);
    let table = &mut *guard;
    if table.reactions.len() >= TURNS {
        table.referee.resign(Color::Black);
    }
    while !table.referee.is_over() && table.referee.turn() == Color::Black {
        written::tries(&mut table.referee, &mut table.chance);
    }
    table.state = written::state(&table.referee, Color::White);
    if table.referee.is_over() {
        let size = (median(&table.sizes) / 1024.0).round();
        println!("{} {size}", lower_quartile(&table.reactions));
    }
    let Table { referee, events: Some(events), told, sizes, state, .. } = table else { return Ok(()) };
    sizes.push(state.len() as f64);
    *told = Some(Instant::now());
    tell(events, "game_changed", referee)
}

/// An event, in a chunk of its own.
fn tell(stream: &mut TcpStream, name: &str, referee: &Referee) -> Outcome<()> {
    let data = json!({
        "type": name, "game_id": ID, "game_code": "K2Q9MJ", "state": status(referee), "turn": referee.turn(),
        "move_number": referee.move_number(), "updated_at": "2026-11-20T11:12:23.377933+00:00",
    });
    let event = format!("event: {name}\ndata: {data}\n\n");
    stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())?;
    Ok(())
}

fn status(referee: &Referee) -> &'static str {
    if referee.is_over() { "completed" } else { "active" }
}

fn metadata(referee: &Referee) -> Value {
    let player =
        |name: &str| json!({"username": name, "connected": true, "role": "bot", "elo": 1200, "ratings": {}});
    json!({
        "game_id": ID, "game_code": "K2Q9MJ", "rule_variant": "berkeley_any", "state": status(referee),
        "opponent_type": "human", "white": player("bench"), "black": player("other"), "turn": referee.turn(),
        "move_number": referee.move_number(), "created_at": "2026-11-20T11:12:23.377933",
        "updated_at": "2026-11-20T11:12:23.377933", "result": referee.result(), "rating_snapshot": null,
    })
}
