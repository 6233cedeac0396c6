//! A platform with one bot and a referee, as small as can be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use kriegspiel_sdk::sandbox::referee::{Answer, Question, Referee};
use kriegspiel_sdk::sdk_core::http::RetryPolicy;
use kriegspiel_sdk::{Client, Color, Ruleset, UciMove};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// What an answer is: a status and a body, and headers.
pub(crate) type Reply = (u16, Value, &'static str);

/// One call as the platform saw it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) line: String,
    pub(crate) body: Value,
    /// Of a state: whether the bot was to move, or the game over.
    pub(crate) was_due: bool,
}

pub(crate) struct TestGame {
    pub(crate) code: String,
    pub(crate) ruleset: Ruleset,
    pub(crate) color: Color,
    pub(crate) waiting: bool,
    pub(crate) referee: Referee,
    pub(crate) opponents_clock: f64,
    pub(crate) deleted: bool,
}

pub(crate) struct World {
    pub(crate) calls: Vec<Call>,
    pub(crate) games: Vec<TestGame>,
    pub(crate) open: Vec<Value>,
    pub(crate) bots: Vec<&'static str>,
    /// Answers in place of the platform's own: by the call's line, each used once, or for ever when it is last.
    pub(crate) instead: HashMap<String, Vec<Reply>>,
    /// How long the opponent thinks. `None`: for ever.
    pub(crate) opponent_thinks: Option<Duration>,
    /// After how many plies of a game the opponent resigns.
    pub(crate) opponent_resigns_at: u32,
    pub(crate) events: bool,
    /// How soon somebody joins a game that the bot created.
    pub(crate) joined_after: Option<Duration>,
    rng: Rng,
}

#[derive(Clone)]
pub(crate) struct Platform {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
    changed: Arc<watch::Sender<u64>>,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = World {
            calls: Vec::new(),
            games: Vec::new(),
            open: Vec::new(),
            bots: vec!["rival"],
            instead: HashMap::new(),
            opponent_thinks: Some(Duration::from_millis(300)),
            opponent_resigns_at: 12,
            events: false,
            joined_after: Some(Duration::from_secs(2)),
            rng: Rng::with_seed(5),
        };
        let platform = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            world: Arc::new(Mutex::new(world)),
            changed: Arc::new(watch::Sender::new(0)),
        };
        let serving = platform.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        platform
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder("ksbot_1.s3cr3t").url(&self.url).retry(RetryPolicy::none()).build().unwrap()
    }

    /// How often it was called so.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.world().calls.iter().filter(|call| call.line == line).count()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.world().calls.iter().map(|call| call.line.clone()).collect()
    }

    /// Answers a call with this from now on, in place of its own answer.
    pub(crate) fn instead(&self, line: &str, replies: impl IntoIterator<Item = Reply>) {
        self.world().instead.insert(line.to_owned(), replies.into_iter().collect());
    }

    pub(crate) fn restore(&self, line: &str) {
        self.world().instead.remove(line);
    }

    /// A game that a human begins with the bot.
    pub(crate) fn begin(&self, ruleset: Ruleset, color: Color) -> usize {
        let index = self.world().add(ruleset, color, false);
        self.opponent(index);
        index
    }

    fn bump(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    /// Lets the opponent move, if it is to.
    fn opponent(&self, index: usize) {
        self.bump();
        let platform = self.clone();
        tokio::spawn(async move {
            let thinks = {
                let world = platform.world();
                let game = &world.games[index];
                if game.waiting || game.referee.is_over() || game.referee.turn() == game.color {
                    return;
                }
                world.opponent_thinks
            };
            let Some(thinks) = thinks else { return };
            tokio::time::sleep(thinks).await;
            {
                let mut world = platform.world();
                let resigns_at = world.opponent_resigns_at;
                let World { games, rng, .. } = &mut *world;
                let game = &mut games[index];
                if game.referee.move_number() > resigns_at {
                    game.referee.resign(!game.color);
                } else if !game.referee.is_over() {
                    let uci = *rng.choice(&game.referee.legal_moves()).unwrap();
                    game.referee.ask(uci);
                }
            }
            platform.bump();
        });
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).unwrap();
        let (line, body) = read(&mut stream).await?;
        if let Some(index) = self.wants_events(&line) {
            self.world().note(&line, Value::Null);
            return self.stream_events(stream, index).await;
        }
        let (status, body, headers) = self.answer(&line, body);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let length =
            if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", text.len()) };
        let answer = format!(
            "HTTP/1.1 {status} X\r\n{length}{headers}Connection: close\r\nContent-Type: application/json\r\n\r\n{text}"
        );
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn wants_events(&self, line: &str) -> Option<usize> {
        let world = self.world();
        let code = line.strip_prefix("GET /game/")?.strip_suffix("/events")?;
        world.games.iter().position(|game| game.id() == code && !game.deleted).filter(|_| world.events)
    }

    async fn stream_events(&self, mut stream: TcpStream, index: usize) -> Option<()> {
        let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut changed = self.changed.subscribe();
        let mut kind = "connected";
        loop {
            let hint = self.world().games[index].hint(kind);
            stream.write_all(format!("event: {kind}\ndata: {hint}\n\n").as_bytes()).await.ok()?;
            kind = "game_changed";
            while tokio::time::timeout(Duration::from_secs(15), changed.changed()).await.is_err() {
                stream.write_all(b": keepalive\n\n").await.ok()?;
            }
        }
    }

    fn answer(&self, line: &str, body: Value) -> Reply {
        let mut world = self.world();
        world.note(line, body.clone());
        if let Some(replies) = world.instead.get_mut(line) {
            match replies.len() {
                0 => {}
                1 => return replies[0].clone(),
                _ => return replies.remove(0),
            }
        }
        let path: Vec<&str> = line.split(['/', ' ']).filter(|part| !part.is_empty()).collect();
        match path.as_slice() {
            ["GET", "auth", "me"] => ok(json!({"username": "me", "role": "bot"})),
            ["POST", "bots", "profile"] => {
                ok(json!({"ok": true, "supported_rule_variants": body["supported_rule_variants"]}))
            }
            ["POST", "bots", "availability"] => ok(json!({"ok": true})),
            ["GET", "game", "mine", "active"] => {
                let listed = world.games.iter().filter(|game| !game.deleted && !game.referee.is_over());
                // Far behind, as a busy platform's.
                let games: Vec<Value> = listed.map(|game| game.metadata(true)).collect();
                ok(json!({ "games": games }))
            }
            ["GET", "game", "open"] => ok(json!({"games": world.open})),
            ["GET", "user", name] => ok(user(name, world.bots.contains(name))),
            ["POST", "game", "create"] => {
                let ruleset = Ruleset::from(body["rule_variant"].as_str().unwrap());
                let index = world.add(ruleset, Color::White, true);
                let created = world.games[index].joined("waiting");
                let joined_after = world.joined_after;
                drop(world);
                if let Some(after) = joined_after {
                    let platform = self.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        platform.world().games[index].waiting = false;
                        platform.opponent(index);
                    });
                }
                (201, created, "")
            }
            ["POST", "game", "join", code] => {
                world.open.retain(|game| game["game_code"] != *code);
                let index = world.add(Ruleset::BerkeleyAny, Color::Black, false);
                let joined = world.games[index].joined("active");
                drop(world);
                self.opponent(index);
                (200, joined, "Date: Fri, 20 Nov 2026 11:12:23 GMT\r\n")
            }
            [method, "game", id, rest @ ..] => {
                let Some(index) = world.games.iter().position(|game| game.id() == *id && !game.deleted)
                else {
                    return refusal(404, "GAME_NOT_FOUND");
                };
                drop(world);
                self.game(index, method, rest, &body)
            }
            _ => (404, json!({"detail": "Not Found"}), ""),
        }
    }

    fn game(&self, index: usize, method: &str, rest: &[&str], body: &Value) -> Reply {
        let mut world = self.world();
        let game = &mut world.games[index];
        let answered = match (method, rest) {
            ("GET", []) => return ok(game.metadata(false)),
            ("GET", ["state"]) => return ok(game.state()),
            ("DELETE", []) if game.waiting => {
                game.deleted = true;
                (204, Value::Null, "")
            }
            ("DELETE", []) => return refusal(409, "GAME_NOT_WAITING"),
            ("POST", ["resign"]) => {
                game.referee.resign(game.color);
                ok(json!({"result": game.referee.result()}))
            }
            ("POST", _) if game.referee.is_over() => return refusal(404, "GAME_NOT_FOUND"),
            ("POST", _) if game.referee.turn() != game.color => return refusal(400, "NOT_YOUR_TURN"),
            ("POST", ["move"]) => {
                let uci: UciMove = body["uci"].as_str().unwrap().parse().unwrap();
                let answer = game.referee.ask(uci);
                ok(game.told(&answer))
            }
            ("POST", ["ask-any"]) if game.referee.can_ask_any(game.color) => {
                let answer = game.referee.ask(Question::Any);
                ok(game.told(&answer))
            }
            ("POST", ["ask-any"]) => return refusal(400, "ACTION_NOT_AVAILABLE"),
            _ => return (404, json!({"detail": "Not Found"}), ""),
        };
        drop(world);
        self.opponent(index);
        answered
    }
}

impl World {
    fn note(&mut self, line: &str, body: Value) {
        let state = line.strip_prefix("GET /game/").and_then(|line| line.strip_suffix("/state"));
        let was_due = state.is_none_or(|id| {
            let game = self.games.iter().find(|game| game.id() == id);
            game.is_none_or(|game| game.referee.is_over() || game.referee.turn() == game.color)
        });
        self.calls.push(Call { at: Instant::now(), line: line.to_owned(), body, was_due });
    }

    fn add(&mut self, ruleset: Ruleset, color: Color, waiting: bool) -> usize {
        let letters = b"23456789";
        let code = format!("GAME2{}", char::from(letters[self.games.len() % 8]));
        let referee = Referee::new(ruleset.clone()).unwrap();
        self.games.push(TestGame {
            code,
            ruleset,
            color,
            waiting,
            referee,
            opponents_clock: 1500.0,
            deleted: false,
        });
        self.games.len() - 1
    }

    /// How many moves the bot tried in a game.
    pub(crate) fn tries(&self, index: usize) -> Vec<String> {
        let line = format!("POST /game/{}/move", self.games[index].id());
        let tries = self.calls.iter().filter(|call| call.line == line);
        tries.map(|call| call.body["uci"].as_str().unwrap().to_owned()).collect()
    }
}

impl TestGame {
    pub(crate) fn id(&self) -> String {
        format!("67eb10247d7e92c4e2f9c45{}", self.code.chars().last().unwrap())
    }

    fn status(&self) -> &'static str {
        match (self.waiting, self.referee.is_over()) {
            (true, _) => "waiting",
            (_, true) => "completed",
            _ => "active",
        }
    }

    fn turn(&self) -> Option<Color> {
        (!self.waiting).then(|| self.referee.turn())
    }

    fn hint(&self, kind: &str) -> Value {
        json!({"type": kind, "game_id": self.id(), "game_code": self.code, "state": self.status(),
            "turn": self.turn(), "move_number": self.referee.move_number(), "updated_at": "2026-11-20T11:26:22.695000"})
    }

    fn metadata(&self, behind: bool) -> Value {
        let player = |name: &str, role: &str| json!({"username": name, "connected": true, "role": role, "elo": 1200, "ratings": {}});
        let other = if self.waiting { Value::Null } else { player("rival", "bot") };
        let (white, black) = match self.color {
            Color::White => (player("Me", "bot"), other),
            Color::Black => (other, player("Me", "bot")),
        };
        // A listing that is behind tells the turn of before.
        let turn = if behind { self.turn().map(|turn| !turn) } else { self.turn() };
        json!({"game_id": self.id(), "game_code": self.code, "rule_variant": self.ruleset, "state": self.status(),
            "opponent_type": "human", "white": white, "black": black, "turn": turn,
            "move_number": if behind { 1 } else { self.referee.move_number() },
            "created_at": "2026-11-20T11:26:22", "updated_at": "2026-11-20T11:26:22", "result": self.referee.result(),
            "rating_snapshot": null})
    }

    fn joined(&self, state: &str) -> Value {
        json!({"game_id": self.id(), "game_code": self.code, "play_as": self.color, "rule_variant": self.ruleset,
            "state": state, "join_url": null, "game_url": null, "opponent_type": "human", "bot": null})
    }

    fn clock(&self) -> Value {
        let (white, black) = match self.color {
            Color::White => (1500.0, self.opponents_clock),
            Color::Black => (self.opponents_clock, 1500.0),
        };
        let running = self.turn().filter(|_| !self.referee.is_over());
        json!({"white_remaining": white, "black_remaining": black, "active_color": running})
    }

    fn state(&self) -> Value {
        let (referee, color, over) = (&self.referee, self.color, self.referee.is_over());
        let fen = if over { referee.fen() } else { referee.private_fen(color) };
        let allowed: &[UciMove] = if self.waiting { &[] } else { referee.allowed(color) };
        let actions = if self.waiting { Vec::new() } else { referee.possible_actions(color) };
        json!({"game_id": self.id(), "state": self.status(), "turn": self.turn(),
            "move_number": referee.move_number(), "your_color": color, "your_fen": fen, "allowed_moves": allowed,
            "possible_actions": actions, "material_summary": referee.material(),
            "reserve_summary": referee.reserves(), "scoresheet": referee.scoresheet(color), "referee_log": [],
            "referee_turns": [], "result": referee.result(), "clock": self.clock()})
    }

    fn told(&self, answer: &Answer) -> Value {
        json!({"move_done": answer.is_move_done(), "announcement": answer.main, "special_announcement": answer.special,
            "checks": answer.checks, "capture_square": answer.capture_square,
            "captured_piece_announcement": answer.captured, "turn": self.referee.turn(),
            "game_over": self.referee.is_over(), "clock": self.clock()})
    }
}

fn ok(body: Value) -> Reply {
    (200, body, "")
}

/// A refusal of the game calls.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    (status, json!({"error": {"code": code, "message": "no", "details": {}}}), "")
}

/// A game of the lobby's list.
pub(crate) fn open_game(code: &str, creator: &str, ruleset: &str) -> Value {
    json!({"game_code": code, "rule_variant": ruleset, "created_by": creator, "created_at": "2026-11-20T11:26:22",
        "available_color": "black"})
}

fn user(name: &str, is_bot: bool) -> Value {
    let counts = json!({"games_played": 0, "games_won": 0, "games_lost": 0, "games_drawn": 0});
    json!({"username": name, "display_name": name, "role": if is_bot { "bot" } else { "user" }, "is_bot": is_bot,
        "profile": {}, "stats": {"games_played": 0, "games_won": 0, "games_lost": 0, "games_drawn": 0, "elo": 1200,
        "elo_peak": 1200, "results": {"overall": counts, "vs_humans": counts, "vs_bots": counts}, "ratings": {}}})
}

async fn read(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                let line = head.lines().next()?.strip_suffix(" HTTP/1.1")?.to_owned();
                return Some((line, serde_json::from_str(body).unwrap_or(Value::Null)));
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}
