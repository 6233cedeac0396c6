//! Recorded exchanges with a server of the platform's own, asked of the sandbox again: status for status, field for field,
//! value for value, except for ids, tokens, moments and what the clock shows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kriegspiel_sdk::Ruleset;
use kriegspiel_sdk::model::RegisterBot;
use kriegspiel_sdk::sandbox::{Registration, Sandbox};
use kriegspiel_sdk::sdk_core::clock::Clock;
use serde_json::Value;

use crate::raw::{Response, cookie, send};

const KEY: &str = "the-shared-registration-key";

#[tokio::test(start_paused = true)]
async fn the_recordings_of_this_repository() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut replayed = Replayed::default();
    for directory in ["captures", "games"] {
        replayed.add(replay(&fixtures.join(directory)).await);
    }
    println!("{replayed:?}");
    assert_eq!(replayed.differences, [""; 0]);
    assert!(replayed.same >= 150 && replayed.left_out <= 12, "{replayed:?}");
}

/// Further directories, with the path separator of the system between.
#[tokio::test(start_paused = true)]
async fn further_recordings() {
    let Some(directories) = std::env::var_os("KRIEGSPIEL_CAPTURES") else { return };
    for directory in std::env::split_paths(&directories) {
        let replayed = replay(&directory).await;
        println!("{}: {} the same, {} left out", directory.display(), replayed.same, replayed.left_out);
        assert_eq!(replayed.differences, [""; 0]);
        assert!(replayed.same > 0, "{replayed:?}");
    }
}

#[derive(Debug, Default)]
struct Replayed {
    same: usize,
    /// Exchanges about games whose beginning or middle is not in the recording.
    left_out: usize,
    differences: Vec<String>,
}

impl Replayed {
    fn add(&mut self, other: Self) {
        self.same += other.same;
        self.left_out += other.left_out;
        self.differences.extend(other.differences);
    }
}

async fn replay(directory: &Path) -> Replayed {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    let mut replayed = Replayed::default();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let exchanges: Vec<Value> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for scenario in exchanges.chunk_by(|a, b| a["scenario"] == b["scenario"]) {
            let mut stage = Stage::set(scenario).await;
            for exchange in scenario {
                stage.ask(exchange, &mut replayed).await;
            }
            stage.sandbox.shutdown().await;
        }
    }
    replayed
}

/// A sandbox, and what is known of the recording so far.
struct Stage {
    sandbox: Sandbox,
    scenario: String,
    clock: Clock,
    /// The header that makes somebody known.
    actors: HashMap<String, (&'static str, String)>,
    /// What is called otherwise here: ids, codes, names of guests.
    names: HashMap<String, String>,
    /// The recorded ids of bots, by name.
    bots: HashMap<String, String>,
    /// Which rulesets bots were picked for, by recorded id, beside those that every bot has.
    picked_for: HashMap<String, Vec<Ruleset>>,
    /// How many moves of each game the recording has shown, by recorded code; `None` once one was left out.
    games: HashMap<String, Option<u64>>,
    /// The time since something was last done.
    since: Duration,
}

impl Stage {
    async fn set(exchanges: &[Value]) -> Self {
        let scenario = exchanges[0]["scenario"].as_str().unwrap();
        let (mut bots, mut picked_for) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        for exchange in exchanges {
            let body = exchange["response"]["body"].as_str().unwrap_or_default();
            find_bots(&serde_json::from_str(body).unwrap_or_default(), &mut bots);
            let wish = exchange["request"]["body"].as_str().unwrap_or_default();
            if let (Some(bot), true) = (bot_wanted(wish), exchange["response"]["status"] == 201) {
                let wish: Value = serde_json::from_str(wish).unwrap();
                let ruleset = Ruleset::from(wish["rule_variant"].as_str().unwrap());
                picked_for.entry(bot).or_default().push(ruleset);
            }
        }
        let clock = Clock::paused();
        let mut builder = Sandbox::builder().no_house().clock(clock.clone());
        if scenario.contains("gated") {
            builder = builder.registration(Registration::Gated(KEY.into()));
        }
        let sandbox = builder.start().await.unwrap();
        sandbox.database_is_down(scenario.contains("database_down"));
        Self {
            sandbox,
            scenario: scenario.to_owned(),
            clock,
            actors: HashMap::new(),
            names: HashMap::new(),
            bots,
            picked_for,
            games: HashMap::new(),
            since: Duration::ZERO,
        }
    }

    async fn ask(&mut self, exchange: &Value, replayed: &mut Replayed) {
        let place = format!("{}#{}", self.scenario, exchange["seq"]);
        let (request, recorded) = (&exchange["request"], &exchange["response"]);
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let status = u16::try_from(recorded["status"].as_u64().unwrap()).unwrap();
        if self.is_left_out(path, status, recorded) {
            replayed.left_out += 1;
            return;
        }
        self.let_time_pass(exchange["note"].as_str().unwrap_or_default());
        let shape_only = self.prepare_user(path, status).await
            || ["/bots", "/leaderboard", "/game/recent", "/game/stats"]
                .iter()
                .any(|listing| path == *listing || path.starts_with(&format!("{listing}?")));
        let mut headers: Vec<(&str, String)> = Vec::new();
        if let Some(actor) = exchange["actor"].as_str() {
            let registers = path == "/auth/register" || path == "/auth/guest";
            if !registers {
                let (name, value) = self.known(actor).await;
                headers.push((name, value));
            }
        }
        if let Some(wanted) = request["body"].as_str().and_then(bot_wanted) {
            let bot = self.bots.iter().find(|(_, id)| **id == wanted).map(|(name, _)| name.clone());
            match bot {
                Some(name) => {
                    let (_, bearer) = self.known(&name).await;
                    if status == 201 {
                        // The recording's time went back after each step into the future, and its reports were fresh again.
                        let report = r#"{"provider":"openai","ready":true}"#;
                        let headers =
                            [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
                        send(&self.sandbox, "POST", "/bots/availability", &headers, Some(report)).await;
                    }
                }
                None if !recorded["body"].as_str().unwrap().contains("BOT_UNAVAILABLE")
                    && !recorded["body"].as_str().unwrap().contains("BOT_RULE_VARIANT") => {}
                None => {
                    replayed.left_out += 1;
                    return;
                }
            }
        }
        let body = request["body"].as_str().map(|body| self.rename(&self.decided(body, path, recorded)));
        let kind = request["headers"].as_array().into_iter().flatten().find_map(|header| {
            header[0].as_str()?.eq_ignore_ascii_case("content-type").then(|| header[1].as_str())?
        });
        if body.as_deref().is_some_and(|body| !body.is_empty()) {
            headers.push(("Content-Type", kind.unwrap_or("application/json").to_owned()));
        }
        if self.scenario.contains("gated") && !matches!(status, 401) {
            headers.push(("X-Bot-Registration-Key", KEY.to_owned()));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = send(&self.sandbox, method, &self.rename(path), &headers, body.as_deref()).await;
        if method != "GET" && answer.status < 300 {
            self.since = Duration::ZERO;
        }
        if let (Some(actor), Some(_)) = (exchange["actor"].as_str(), answer.header("set-cookie")) {
            self.actors.insert(actor.to_owned(), ("Cookie", cookie(&answer)));
        }
        let before = replayed.differences.len();
        self.compare(&place, recorded, &answer, shape_only, &mut replayed.differences);
        replayed.same += usize::from(replayed.differences.len() == before);
        self.count_move(path, recorded);
    }

    /// Whether this is about a game that the recording does not show from its beginning.
    fn is_left_out(&mut self, path: &str, status: u16, recorded: &Value) -> bool {
        let body: Value =
            serde_json::from_str(recorded["body"].as_str().unwrap_or_default()).unwrap_or_default();
        let shown = |game: &Value| {
            let name = game["game_code"].as_str().or(game["game_id"].as_str())?;
            Some((name.to_owned(), game["move_number"].as_u64()?))
        };
        if let Some(name) = path.strip_prefix("/game/join/").or(path.strip_prefix("/game/")) {
            let name = name.split(['/', '?']).next().unwrap().to_ascii_uppercase();
            let is_word = ["CREATE", "OPEN", "MINE", "RECENT", "STATS", "MINE-ACTIVE", "MINE-ARCHIVED"];
            if !is_word.contains(&&*name) {
                let known = self.games.get(&name).copied();
                if let (Some(Some(done)), Some(number)) = (known, body["move_number"].as_u64())
                    && number > done + 1
                {
                    self.games.insert(name, None);
                    return true;
                }
                return !matches!((known, status), (Some(Some(_)), _) | (None, 401 | 404 | 422));
            }
        }
        // A listing in which such a game stands.
        path.starts_with("/game/mine") && self.games.values().any(Option::is_none)
            || path.starts_with("/game/mine")
                && body["games"].as_array().into_iter().flatten().any(|game| {
                    shown(game).is_some_and(|(name, _)| self.games.get(&name).is_none_or(Option::is_none))
                })
    }

    fn count_move(&mut self, path: &str, recorded: &Value) {
        let body: Value =
            serde_json::from_str(recorded["body"].as_str().unwrap_or_default()).unwrap_or_default();
        if path == "/game/create" {
            for name in ["game_code", "game_id"].iter().filter_map(|field| body[*field].as_str()) {
                self.games.insert(name.to_ascii_uppercase(), Some(0));
            }
        }
        if body["move_done"] == true {
            let name = path.split('/').nth(2).unwrap().to_ascii_uppercase();
            if let Some(Some(done)) = self.games.get_mut(&name) {
                *done += 1;
            }
        }
    }

    /// What a note says of the time, counted from when something was last done.
    fn let_time_pass(&mut self, note: &str) {
        let before = |words: &str| {
            let (before, _) = note.split_once(words)?;
            before.rsplit([' ', '(']).next()?.parse::<f64>().ok()
        };
        let seconds = before(" s later")
            .or_else(|| before(" s old"))
            .or_else(|| before(" s are over"))
            .or_else(|| note.contains("the flag fell").then_some(1_511.0))
            .or_else(|| note.contains("for an hour").then_some(3_600.0));
        if let Some(target) = seconds.map(Duration::from_secs_f64) {
            let span = target.saturating_sub(self.since);
            self.clock.advance(span);
            self.since += span;
        }
    }

    /// Makes somebody known: by a recorded registration, or now.
    async fn known(&mut self, actor: &str) -> (&'static str, String) {
        if let Some((name, value)) = self.actors.get(actor) {
            return (name, value.clone());
        }
        let header = if actor.contains("human") {
            let body = format!(r#"{{"username":"{actor}","email":"{actor}@bots.example","password":"pw"}}"#);
            let kind = [("Content-Type", "application/json")];
            let answer = send(&self.sandbox, "POST", "/auth/register", &kind, Some(&body)).await;
            ("Cookie", cookie(&answer))
        } else {
            let picked_for = self.bots.get(actor).and_then(|id| self.picked_for.get(id)).cloned();
            let rulesets =
                [Ruleset::Berkeley, Ruleset::BerkeleyAny].into_iter().chain(picked_for.unwrap_or_default());
            let bot = RegisterBot::new(actor, actor, "owner@bots.example").rulesets(rulesets);
            let token = self.sandbox.register_bot(&bot).unwrap();
            let bearer = format!("Bearer {}", token.expose());
            let me = send(&self.sandbox, "GET", "/auth/me", &[("Authorization", &bearer)], None).await;
            if let Some(recorded) = self.bots.get(actor) {
                self.names.insert(recorded.clone(), me.json()["user_id"].as_str().unwrap().to_owned());
            }
            ("Authorization", bearer)
        };
        self.actors.insert(actor.to_owned(), header.clone());
        header
    }

    /// A user whose games the recording has elsewhere gets one here. Then only the shape is the same.
    async fn prepare_user(&mut self, path: &str, status: u16) -> bool {
        let Some(rest) = path.strip_prefix("/user/").filter(|_| status == 200) else { return false };
        let name = rest.split(['/', '?']).next().unwrap().to_ascii_lowercase();
        if self.scenario == "register" {
            return false;
        }
        if !self.actors.contains_key(&name) {
            let (_, rival) = self.known("rival").await;
            let (header, user) = self.known(&name).await;
            let kind = ("Content-Type", "application/json");
            let create = r#"{"rule_variant":"berkeley","play_as":"white"}"#;
            let created =
                send(&self.sandbox, "POST", "/game/create", &[(header, &user), kind], Some(create)).await;
            let code = created.json()["game_code"].as_str().unwrap().to_owned();
            if header == "Authorization" {
                let bearer = [("Authorization", rival.as_str())];
                let path = format!("/game/join/{code}");
                assert_eq!(send(&self.sandbox, "POST", &path, &bearer, None).await.status, 200);
                let path = format!("/game/{code}/resign");
                assert_eq!(send(&self.sandbox, "POST", &path, &bearer, None).await.status, 200);
                self.clock.advance(Duration::from_secs(61));
            }
        }
        true
    }

    /// A body in which a side that was drawn is asked for.
    fn decided(&self, body: &str, path: &str, recorded: &Value) -> String {
        if path != "/game/create" || recorded["status"] != 201 {
            return body.to_owned();
        }
        let mut wish: Value = serde_json::from_str(body).unwrap();
        let created: Value = serde_json::from_str(recorded["body"].as_str().unwrap()).unwrap();
        wish["play_as"] = created["play_as"].clone();
        wish.to_string()
    }

    /// A recorded text with the names that things have here.
    fn rename(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (recorded, here)| text.replace(recorded, here))
    }

    fn compare(
        &mut self,
        place: &str,
        recorded: &Value,
        answer: &Response,
        shape_only: bool,
        differences: &mut Vec<String>,
    ) {
        if recorded["status"] != answer.status {
            differences
                .push(format!("{place}: {} and not {}: {}", recorded["status"], answer.status, answer.body));
            return;
        }
        let kind = recorded["headers"].as_array().into_iter().flatten().find_map(|header| {
            header[0].as_str()?.eq_ignore_ascii_case("content-type").then(|| header[1].as_str())?
        });
        // Some recordings have no headers.
        if kind.is_some() && kind != answer.header("content-type") {
            differences.push(format!("{place}: {kind:?} and not {:?}", answer.header("content-type")));
        }
        let body = recorded["body"].as_str().unwrap_or_default();
        match serde_json::from_str::<Value>(body) {
            Ok(expected) => {
                let mut found = Vec::new();
                self.compare_value("", &expected, &answer.json(), shape_only, &mut found);
                differences
                    .extend(found.into_iter().take(5).map(|difference| format!("{place} {difference}")));
            }
            Err(_) if body == answer.body => {}
            Err(_) => differences.push(format!("{place}: {body:?} and not {:?}", answer.body)),
        }
    }

    fn compare_value(
        &mut self,
        at: &str,
        expected: &Value,
        found: &Value,
        shape_only: bool,
        out: &mut Vec<String>,
    ) {
        let field = at.rsplit('.').next().unwrap_or_default();
        let mut differ = || out.push(format!("{at}: {expected} and not {found}"));
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                for (name, value) in expected {
                    match found.get(name) {
                        Some(other) => {
                            self.compare_value(&format!("{at}.{name}"), value, other, shape_only, out);
                        }
                        None => out.push(format!("{at}.{name} is missing")),
                    }
                }
                let more: Vec<&String> = found.keys().filter(|name| !expected.contains_key(*name)).collect();
                if !more.is_empty() {
                    out.push(format!("{at} has {more:?} too"));
                }
            }
            (Value::Array(expected), Value::Array(found)) if shape_only => {
                if let (Some(expected), Some(found)) = (expected.first(), found.first()) {
                    self.compare_value(&format!("{at}.0"), expected, found, shape_only, out);
                }
            }
            (Value::Array(expected), Value::Array(found)) => {
                if expected.len() != found.len() {
                    out.push(format!("{at}: {} entries and not {}: {found:?}", expected.len(), found.len()));
                }
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.compare_value(&format!("{at}.{index}"), expected, found, shape_only, out);
                }
            }
            (Value::String(expected), Value::String(found)) if is_moment(field) => {
                if spelling(expected) != spelling(found) {
                    differ();
                }
            }
            (Value::String(_), Value::String(_)) if shape_only => {}
            (Value::String(expected), Value::String(found)) => {
                let is_name = ["game_id", "game_code", "bot_id", "user_id"].contains(&field)
                    || (field == "username" && expected.starts_with("guest_"));
                if is_name && !self.names.contains_key(expected) {
                    self.names.insert(expected.clone(), found.clone());
                    let (lower, upper) = (expected.to_ascii_lowercase(), expected.to_ascii_uppercase());
                    self.names.entry(upper).or_insert_with(|| found.to_ascii_uppercase());
                    self.names.entry(lower).or_insert_with(|| found.to_ascii_lowercase());
                } else if field == "api_token" {
                    let form = |token: &str| {
                        let (id, secret) = token.split_once('.').unwrap();
                        (id.len(), secret.len(), token.starts_with("ksbot_"))
                    };
                    assert_eq!(form(found), (22, 32, true), "{found}");
                } else if self.rename(expected) != *found {
                    differ();
                }
            }
            (Value::Number(expected), Value::Number(found)) if field.ends_with("_remaining") => {
                // The recording took its time, and the sandbox's clock stood.
                if (expected.as_f64().unwrap() - found.as_f64().unwrap()).abs() > 60.0 {
                    differ();
                }
            }
            (Value::Number(_), Value::Number(_)) if shape_only || field.ends_with("_seconds") => {}
            (Value::Null, _) | (_, Value::Null) if shape_only => {}
            (Value::Bool(_), Value::Bool(_)) if shape_only => {}
            (expected, found) if expected == found => {}
            _ => differ(),
        }
    }
}

/// Every bot that is shown with its id.
fn find_bots(value: &Value, bots: &mut HashMap<String, String>) {
    match value {
        Value::Object(fields) => {
            if let (Some(id), Some(name)) = (value["bot_id"].as_str(), value["username"].as_str()) {
                bots.insert(name.to_owned(), id.to_owned());
            }
            fields.values().for_each(|value| find_bots(value, bots));
        }
        Value::Array(values) => values.iter().for_each(|value| find_bots(value, bots)),
        _ => {}
    }
}

fn bot_wanted(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body["bot_id"].as_str().map(str::to_owned)
}

fn is_moment(field: &str) -> bool {
    field.ends_with("_at") || ["timestamp", "member_since"].contains(&field)
}

/// Which of the three spellings it is.
fn spelling(moment: &str) -> &'static str {
    assert_eq!(moment.as_bytes().get(10), Some(&b'T'), "{moment}");
    if moment.ends_with('Z') {
        "Z"
    } else if moment.ends_with("+00:00") {
        "+00:00"
    } else {
        ""
    }
}
