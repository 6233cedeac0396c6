//! Recorded exchanges, replayed: every answer is decoded with nothing left over, and every request that a valid typed call
//! could make is made by the client, the same in method, path and JSON meaning. The others are listed with the error that
//! the client gives instead.

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::PathBuf;

use kriegspiel_sdk::model::{
    Availability, BotProfile, CreateGame, CreatedGame, GameCode, GameMetadata, GameRef, GameState,
    GameStatus, Games, Health, JoinedGame, Leaderboard, ListedBots, MoveAnswer, OpenGames, PlatformStats,
    ProfileStored, RatingHistory, RatingTrack, RecentGames, RegisterBot, RegisteredBot, ReportTaken,
    Resigned, Review, Transcript, User, UserGames,
};
use kriegspiel_sdk::sdk_core::wire;
use kriegspiel_sdk::{Client, Color, Error, Result, UciMove, codes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::recording::{Exchange, own_captures, read_directory};
use crate::server::{Server, json};

/// What became of a recorded request.
enum Made {
    /// A typed call made it.
    Same,
    /// No typed call can make it, for this reason.
    Not(String),
}

#[tokio::test]
async fn the_recordings_of_this_repository() {
    let refused = replay(vec![own_captures()]).await;
    let expected: Vec<_> = include_str!("../fixtures/captures/not-made.txt").lines().collect();
    assert_eq!(refused, expected, "the requests that no typed call makes, and what is said instead");
}

/// Further directories, with the path separator of the system between.
#[tokio::test]
async fn further_recordings() {
    let Some(directories) = std::env::var_os("KRIEGSPIEL_CAPTURES") else { return };
    for line in replay(std::env::split_paths(&directories).collect()).await {
        println!("{line}");
    }
}

/// Replays all of it. The list says which requests no typed call makes, and why.
async fn replay(directories: Vec<PathBuf>) -> Vec<String> {
    let server = Server::start([]).await;
    let client = server.client();
    let (mut refused, mut same, mut decoded) = (Vec::new(), 0, 0);
    for (_, exchanges) in directories.iter().flat_map(|directory| read_directory(directory)) {
        let mut known = Known::default();
        for exchange in &exchanges {
            decoded += usize::from(decode(exchange));
            match make(&server, &client, exchange, &known).await {
                Made::Same => same += 1,
                Made::Not(reason) => {
                    refused
                        .push(format!("{} {} {}: {reason}", exchange.name, exchange.method, exchange.path));
                    refusal_is_typed(&server, &client, exchange).await;
                }
            }
            known.learn(exchange);
        }
    }
    println!("{same} requests made the same, {} not made, {decoded} answers decoded", refused.len());
    refused
}

/// How games stand by the recording.
#[derive(Default)]
struct Known(HashMap<String, GameStatus>);

impl Known {
    fn learn(&mut self, exchange: &Exchange) {
        let segments = exchange.segments();
        if exchange.is_success() {
            if let Ok(value) = serde_json::from_str(&exchange.answer) {
                self.learn_value(&value, segments.get(1).copied());
            }
            if segments.get(2) == Some(&"resign") {
                self.0.insert(segments[1].to_ascii_uppercase(), GameStatus::Completed);
            }
        }
    }

    fn learn_value(&mut self, value: &Value, asked: Option<&str>) {
        match value {
            Value::Object(fields) => {
                if let (Some(state), true) =
                    (fields.get("state").and_then(Value::as_str), fields.contains_key("game_id"))
                {
                    let names = [fields.get("game_id"), fields.get("game_code")];
                    let asked = asked.filter(|_| fields.contains_key("your_fen"));
                    for name in names.into_iter().flatten().filter_map(Value::as_str).chain(asked) {
                        self.0.insert(name.to_ascii_uppercase(), GameStatus::from(state));
                    }
                }
                fields.values().for_each(|value| self.learn_value(value, None));
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn_value(value, None)),
            _ => {}
        }
    }

    fn of(&self, game: &str) -> GameStatus {
        self.0.get(&game.to_ascii_uppercase()).cloned().unwrap_or(GameStatus::Active)
    }
}

/// Makes the recorded request by a typed call, where there is one, against the recorded answer.
async fn make(server: &Server, client: &Client, exchange: &Exchange, known: &Known) -> Made {
    let not = |reason: &str| Made::Not(reason.to_owned());
    let segments = exchange.segments();
    server.follow([exchange.replayed()]);
    let outcome = match (exchange.method.as_str(), segments.as_slice()) {
        ("POST", ["auth", "bots", "register"]) => match body::<RegisterBot>(exchange, REGISTER) {
            Ok(bot) => client.register(&bot, None).await.map(drop),
            Err(reason) => return Made::Not(reason),
        },
        ("POST", ["bots", "profile"]) => match body::<BotProfile>(exchange, &[]) {
            Ok(profile) => client.sync_profile(profile.supported_rule_variants).await.map(drop),
            Err(reason) => return Made::Not(reason),
        },
        ("POST", ["bots", "availability"]) => match body::<Availability>(exchange, &[]) {
            Ok(report) => client.report_availability(&report).await.map(drop),
            Err(reason) => return Made::Not(reason),
        },
        ("GET", ["bots"]) => client.bots().await.map(drop),
        ("POST", ["game", "create"]) => match body::<CreateGame>(exchange, &[]) {
            Ok(game) => client.create_game(&game).await.map(drop),
            Err(reason) => return Made::Not(reason),
        },
        ("POST", ["game", "join", code]) => match code.parse::<GameCode>() {
            Ok(code) => client.join(&code).await.map(drop),
            Err(error) => return Made::Not(said(&error)),
        },
        ("GET", ["game", "open"]) => client.open_games().await.map(drop),
        ("GET", ["game", "mine", "active"]) if !exchange.query.is_empty() => {
            return not("the listing has no limit");
        }
        ("GET", ["game", "mine", "active"]) => client.active_games().await.map(drop),
        ("GET", ["game", "mine", "archived"]) => client.archived_games().await.map(drop),
        ("GET", ["game", "mine"]) => client.my_games().await.map(drop),
        ("GET", ["game", "mine-active" | "mine-archived"]) => {
            return not("another name of a path that is used");
        }
        ("GET", ["game", "recent"]) => match number(exchange, "limit") {
            Ok(limit) => client.recent_games(limit).await.map(drop),
            Err(reason) => return Made::Not(reason),
        },
        ("GET", ["game", "stats"]) => client.platform_stats().await.map(drop),
        ("GET", ["user", name]) => client.user(name).await.map(drop),
        ("GET", ["user", name, "games"]) => {
            let mut query = client.user_games(*name);
            if let Some(page) = number(exchange, "page").unwrap() {
                query = query.page(page);
            }
            if let Some(per_page) = number(exchange, "per_page").unwrap() {
                query = query.per_page(per_page);
            }
            query.send().await.map(drop)
        }
        ("GET", ["user", name, "rating-history"]) => {
            let mut query = client.rating_history(*name);
            if let Some(limit) = number(exchange, "limit").unwrap() {
                query = query.limit(limit);
            }
            if let Some(track) = exchange.query.get("track") {
                query = query.track(RatingTrack::from(track.as_str()));
            }
            query.send().await.map(drop)
        }
        ("GET", ["leaderboard"]) => {
            let mut query = client.leaderboard();
            if let Some(page) = number(exchange, "page").unwrap() {
                query = query.page(page);
            }
            if let Some(per_page) = number(exchange, "per_page").unwrap() {
                query = query.per_page(per_page);
            }
            query.send().await.map(drop)
        }
        ("GET", ["health"]) => client.health().await.map(drop),
        (method, ["game", game, rest @ ..]) => {
            let game: GameRef = match game.parse() {
                Ok(game) => game,
                Err(error) => return Made::Not(said(&error)),
            };
            match (method, rest) {
                ("GET", []) => client.game(&game).await.map(drop),
                ("GET", ["state"]) => client.state(&game).await.map(drop),
                ("DELETE", []) => client.delete_game(&game).await,
                ("POST", ["ask-any"]) => client.submit_ask_any(&game).await.map(drop),
                ("POST", ["resign"]) => client.resign(&game).await.map(drop),
                ("GET", ["events"]) => client.events(&game).await.map(drop),
                ("POST", ["move"]) => match uci(exchange) {
                    Ok(uci) => client.submit_move(&game, uci).await.map(drop),
                    Err(reason) => return Made::Not(reason),
                },
                ("GET", [kind @ ("moves" | "review")]) => {
                    if exchange.status == 404 {
                        // The game is asked for first, and there is none.
                        server.follow([exchange.replayed(), exchange.replayed()]);
                    } else {
                        server.follow([metadata(&game, &known.of(game.as_str())), exchange.replayed()]);
                    }
                    let outcome = match *kind {
                        "moves" => client.transcript(&game).await.map(drop),
                        _ => client.review(&game).await.map(drop),
                    };
                    if exchange.status == 404
                        || matches!(&outcome, Err(error) if error.code() == &codes::ACTIVE_GAME)
                    {
                        let error = outcome.unwrap_err();
                        assert_eq!(server.lines(), [format!("GET /game/{game}")], "{}", exchange.name);
                        return Made::Not(said(&error));
                    }
                    outcome
                }
                _ => return not("not a call for bots"),
            }
        }
        _ => return not("not a call for bots"),
    };
    let calls = server.calls();
    let Some(call) = calls.last() else {
        return Made::Not(said(&outcome.unwrap_err()));
    };
    let line = call.line.split_once('?').map_or(&*call.line, |(line, _)| line);
    // Codes mean the same in small letters.
    assert!(
        line.eq_ignore_ascii_case(&format!("{} {}", exchange.method, exchange.path)),
        "{}: {line}",
        exchange.name
    );
    let query: HashMap<String, String> = call
        .line
        .split_once('?')
        .map(|(_, query)| query)
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(query, exchange.query, "{}", exchange.name);
    let no_body =
        matches!(segments.last(), Some(&("ask-any" | "resign"))) || segments.get(1) == Some(&"join");
    let recorded = exchange.body.as_deref().filter(|_| !no_body);
    assert_eq!(
        meaning(exchange, Some(call.body.as_str()).filter(|body| !body.is_empty())),
        meaning(exchange, recorded),
        "{}",
        exchange.name
    );
    match outcome {
        Ok(()) => assert!(exchange.is_success() || segments == ["health"], "{}", exchange.name),
        Err(error) => is_the_refusal(exchange, &error),
    }
    Made::Same
}

const REGISTER: &[&str] =
    &["username", "display_name", "owner_email", "description", "listed", "supported_rule_variants"];

/// The typed body, or what it says when the text is none.
fn body<T: DeserializeOwned>(exchange: &Exchange, known: &[&str]) -> Result<T, String> {
    let text = exchange.body.as_deref().ok_or("the call always has a body")?;
    let value: Value = serde_json::from_str(text).map_err(|_| "the call's body is always JSON")?;
    let unknown = |name: &&String| !known.is_empty() && !known.contains(&name.as_str());
    if let Some(unknown) = value.as_object().and_then(|fields| fields.keys().find(unknown)) {
        return Err(format!("there is no field `{unknown}`"));
    }
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn uci(exchange: &Exchange) -> Result<UciMove, String> {
    let text = exchange.body.as_deref().ok_or("a move always has a body")?;
    let value: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| "the call's body is always JSON")?;
    if let Some(unknown) = value.keys().find(|name| *name != "uci") {
        return Err(format!("there is no field `{unknown}`"));
    }
    let text = value.get("uci").and_then(Value::as_str).ok_or("a move is a text")?;
    // The platform takes blanks away.
    text.trim().parse().map_err(|error| said(&error))
}

fn number(exchange: &Exchange, name: &str) -> Result<Option<u32>, String> {
    let parsed = exchange.query.get(name).map(|text| text.parse());
    parsed.transpose().map_err(|_| format!("{name} is a number"))
}

fn said(error: &Error) -> String {
    format!("{}: {}", error.code().id(), error.message())
}

/// A game's metadata, as the client asks for it before a transcript.
fn metadata(game: &GameRef, state: &GameStatus) -> crate::server::Answer {
    json(
        200,
        &format!(
            r#"{{"game_id":"{game}","game_code":"{game}","rule_variant":"rand","state":"{state}","opponent_type":"human",
                "white":null,"black":null,"turn":null,"move_number":1,"created_at":"2026-11-20T11:12:23",
                "updated_at":"2026-11-20T11:12:23","result":null,"rating_snapshot":null}}"#
        ),
    )
}

/// A body with what does not change its meaning taken away: what is left out or null is the platform's default, blanks
/// around texts are taken away, and a list of rulesets is a set.
fn meaning(exchange: &Exchange, body: Option<&str>) -> Value {
    let mut value: Value = body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
    fn tidy(value: &mut Value) {
        match value {
            Value::String(text) => {
                *text = text.trim().to_owned();
                // A drop may be written in small letters.
                if text.get(1..2) == Some("@") && text.len() == 4 {
                    let (piece, rest) = text.split_at(1);
                    *text = piece.to_ascii_uppercase() + rest;
                }
            }
            Value::Array(values) => {
                values.iter_mut().for_each(tidy);
                values.dedup();
            }
            Value::Object(fields) => {
                fields.retain(|_, value| !value.is_null());
                fields.values_mut().for_each(tidy);
            }
            _ => {}
        }
    }
    tidy(&mut value);
    let defaults: &[(&str, &str)] = match exchange.path.as_str() {
        "/game/create" => &[
            ("rule_variant", "berkeley_any"),
            ("play_as", "random"),
            ("time_control", "rapid"),
            ("opponent_type", "human"),
        ],
        "/auth/bots/register" => &[("description", "")],
        "/bots/availability" => &[("reason", "")],
        _ => &[],
    };
    if let Value::Object(fields) = &mut value {
        for (name, default) in defaults {
            fields.entry(*name).or_insert_with(|| (*default).into());
        }
    }
    value
}

/// A request that no typed call makes: its refusal is still told in the family's way.
async fn refusal_is_typed(server: &Server, client: &Client, exchange: &Exchange) {
    if exchange.is_success() {
        return;
    }
    server.follow([exchange.replayed()]);
    let method = exchange.method.parse().unwrap();
    let error = client.http().request(method, &exchange.segments()).send().await.unwrap_err();
    is_the_refusal(exchange, &error);
}

/// The error says what the platform said.
fn is_the_refusal(exchange: &Exchange, error: &Error) {
    assert_eq!(error.status(), Some(exchange.status), "{}: {error}", exchange.name);
    assert_eq!(error.sent(), kriegspiel_sdk::Sent::Yes);
    let body: Value = serde_json::from_str(&exchange.answer).unwrap_or_default();
    let detail = &body["detail"];
    let code = body["error"]["code"].as_str().or(detail["code"].as_str());
    assert_eq!(error.platform_code_str(), code, "{}", exchange.name);
    if let Some(code) = error.platform_code::<kriegspiel_sdk::ErrorCode>() {
        assert!(code.is_known(), "{}: {code}", exchange.name);
    }
    let words = body["error"]["message"]
        .as_str()
        .or(detail["message"].as_str())
        .or(detail.as_str())
        .or(detail[0]["msg"].as_str());
    if let Some(words) = words {
        assert!(error.message().contains(words), "{}: {error}", exchange.name);
    }
}

/// Decodes the answer of a success, and finds nothing that is not explained. `false`: it is a refusal, or no answer of a
/// call for bots.
fn decode(exchange: &Exchange) -> bool {
    if !exchange.is_success() && exchange.path != "/health" {
        return false;
    }
    match (exchange.method.as_str(), exchange.segments().as_slice()) {
        ("POST", ["auth", "bots", "register"]) => {
            let bot = RegisteredBot::decode(exchange.answer.as_bytes()).unwrap();
            let recorded: Value = serde_json::from_str(&exchange.answer).unwrap();
            for (name, value) in [
                ("bot_id", bot.bot_id.as_str()),
                ("username", &bot.username),
                ("display_name", &bot.display_name),
                ("owner_email", &bot.owner_email),
                ("api_token", bot.api_token.expose()),
                ("message", &bot.message),
            ] {
                assert_eq!(recorded[name], value);
            }
            assert_eq!(recorded.as_object().unwrap().len(), 6);
        }
        ("POST", ["bots", "profile"]) => drop(explained::<ProfileStored>(exchange)),
        ("POST", ["bots", "availability"]) => drop(explained::<ReportTaken>(exchange)),
        ("GET", ["bots"]) => drop(explained::<ListedBots>(exchange)),
        ("POST", ["game", "create"]) => drop(explained::<CreatedGame>(exchange)),
        ("POST", ["game", "join", _]) => drop(explained::<JoinedGame>(exchange)),
        ("GET", ["game", "open"]) => drop(explained::<OpenGames>(exchange)),
        ("GET", ["game", "mine" | "mine-active" | "mine-archived", ..]) => drop(explained::<Games>(exchange)),
        ("GET", ["game", "recent"]) => drop(explained::<RecentGames>(exchange)),
        ("GET", ["game", "stats"]) => drop(explained::<PlatformStats>(exchange)),
        ("GET", ["game", _]) => drop(explained::<GameMetadata>(exchange)),
        ("GET", ["game", _, "state"]) => makes_sense(exchange, &explained::<GameState>(exchange)),
        ("POST", ["game", _, "move" | "ask-any"]) => drop(explained::<MoveAnswer>(exchange)),
        ("POST", ["game", _, "resign"]) => drop(explained::<Resigned>(exchange)),
        ("DELETE", ["game", _]) => assert_eq!(exchange.answer, ""),
        ("GET", ["game", _, "moves"]) => drop(explained::<Transcript>(exchange)),
        ("GET", ["game", _, "review"]) => drop(explained::<Review>(exchange)),
        ("GET", ["user", _]) => drop(explained::<User>(exchange)),
        ("GET", ["user", _, "games"]) => drop(explained::<UserGames>(exchange)),
        ("GET", ["user", _, "rating-history"]) => drop(explained::<RatingHistory>(exchange)),
        ("GET", ["leaderboard"]) => drop(explained::<Leaderboard>(exchange)),
        ("GET", ["health"]) => drop(explained::<Health>(exchange)),
        _ => return false,
    }
    true
}

/// What stands in the debug text of a value that this version does not know.
const UNEXPLAINED: [&str; 7] =
    ["Other(", "Unknown(", "Unknown {", "Unreadable(", "unreadable: [\"", "Kept(", "extra: {\""];

/// Decodes an answer: nothing of it is unknown, and written again it says the same.
fn explained<T: DeserializeOwned + Serialize + Debug>(exchange: &Exchange) -> T {
    let decoded: T = wire::decode(&exchange.answer, &exchange.name).unwrap_or_else(|error| panic!("{error}"));
    let shown = format!("{decoded:?}");
    for mark in UNEXPLAINED {
        if let Some(at) = shown.find(mark) {
            panic!("{}: {}", exchange.name, shown.split_at(at).1.chars().take(200).collect::<String>());
        }
    }
    let recorded: Value = serde_json::from_str(&exchange.answer).unwrap();
    assert_eq!(plain(serde_json::to_value(&decoded).unwrap()), plain(recorded), "{}", exchange.name);
    decoded
}

/// Without nulls, and with one kind of number.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Number(number) => number.as_f64().into(),
        other => other,
    }
}

/// A state holds together.
fn makes_sense(exchange: &Exchange, state: &GameState) {
    let name = &exchange.name;
    let board = state.your_fen.board().unwrap();
    assert_eq!(state.referee_turns, state.scoresheet.turns, "{name}");
    let heard = state.scoresheet.entries().count();
    assert_eq!(state.referee_log.len(), heard, "{name}");
    for (item, (_, _, entry)) in state.referee_log.iter().zip(state.scoresheet.entries()) {
        assert_eq!(
            (&item.announcement.prompt, &item.announcement.events),
            (&entry.prompt, &entry.events),
            "{name}"
        );
    }
    if state.state == GameStatus::Active {
        assert_eq!(state.turn, Some(Color::to_move(state.move_number)), "{name}");
        assert!(board.men(!state.your_color).is_empty(), "{name}");
        assert_eq!(state.scoresheet.viewer_color, state.your_color, "{name}");
        let men = state.material_summary.of(state.your_color).pieces_remaining;
        assert_eq!(board.men(state.your_color).len(), men, "{name}");
    }
    assert_eq!(state.can_move(), !state.allowed_moves.is_empty(), "{name}");
    assert_eq!(state.is_over(), state.result.is_some(), "{name}");
}
