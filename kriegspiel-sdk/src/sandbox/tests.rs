//! Random calls, without a socket: nothing panics, nothing crashes but what crashes the platform, and the books balance.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use sdk_core::clock::Instant;
use sdk_core::sandbox::Seed;
use sdk_core::sandbox::Timed as _;
use serde_json::{Value, json};

use super::api::{Call, Reply, respond};
use super::house::HouseBot;
use super::moments::Calendar;
use super::platform::Platform;
use super::refusal::Body;
use super::settings::Settings;
use crate::model::{
    Color, GameMetadata, GameState, GameStatus, Leaderboard, MoveAnswer, Ruleset, Transcript, User, UserGames,
};

/// One call of one of the players.
#[derive(Debug, Clone)]
enum Step {
    Create {
        who: usize,
        ruleset: usize,
        side: &'static str,
    },
    Join {
        who: usize,
        game: usize,
    },
    /// Whoever is to move makes one of the moves that the state lists.
    Allowed {
        game: usize,
        pick: usize,
    },
    Written {
        who: usize,
        game: usize,
        uci: String,
    },
    AskAny {
        who: usize,
        game: usize,
    },
    Resign {
        who: usize,
        game: usize,
    },
    Delete {
        who: usize,
        game: usize,
    },
    Read {
        who: usize,
        game: usize,
        what: &'static str,
    },
    List {
        who: usize,
        path: &'static str,
    },
    Pick {
        bot: usize,
    },
    Nonsense {
        who: usize,
        path: String,
        body: String,
    },
    Wait {
        seconds: u64,
    },
}

const PLAYERS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (who, game) = (0..PLAYERS, 0..6_usize);
    let sides = prop::sample::select(vec!["white", "black", "random"]);
    let views = prop::sample::select(vec!["", "/state", "/moves", "/review", "/events"]);
    let lists = prop::sample::select(vec![
        "/game/open",
        "/game/mine",
        "/game/mine/active",
        "/game/mine/archived",
        "/game/recent?limit=3",
        "/game/stats",
        "/bots",
        "/leaderboard?per_page=2",
        "/user/player_0",
        "/user/player_1/games?per_page=3",
        "/user/player_2/rating-history",
        "/auth/me",
        "/health",
    ]);
    let step = prop_oneof![
        4 => (who.clone(), 0..7_usize, sides).prop_map(|(who, ruleset, side)| Step::Create { who, ruleset, side }),
        6 => (who.clone(), game.clone()).prop_map(|(who, game)| Step::Join { who, game }),
        40 => (0..3_usize, any::<usize>()).prop_map(|(game, pick)| Step::Allowed { game, pick }),
        4 => (who.clone(), game.clone(), "[a-h1-8NPQ@qrkE0-]{4,5}").prop_map(|(who, game, uci)| Step::Written { who, game, uci }),
        6 => (who.clone(), game.clone()).prop_map(|(who, game)| Step::AskAny { who, game }),
        1 => (who.clone(), game.clone()).prop_map(|(who, game)| Step::Resign { who, game }),
        1 => (who.clone(), game.clone()).prop_map(|(who, game)| Step::Delete { who, game }),
        6 => (who.clone(), game, views).prop_map(|(who, game, what)| Step::Read { who, game, what }),
        5 => (who.clone(), lists).prop_map(|(who, path)| Step::List { who, path }),
        1 => (0..PLAYERS).prop_map(|bot| Step::Pick { bot }),
        2 => (who, "/[a-z/]{0,14}", "\\PC{0,12}").prop_map(|(who, path, body)| Step::Nonsense { who, path, body }),
        4 => prop::sample::select(vec![1, 30, 61, 400, 1_600]).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..250)
}

struct World {
    platform: Platform,
    now: Instant,
    tokens: Vec<String>,
    codes: Vec<String>,
    plies: HashMap<String, u32>,
}

impl World {
    fn new(house: &[HouseBot]) -> Self {
        let origin = Instant::now();
        let settings = Settings { house: house.to_vec(), keep_games: 5, ..Settings::default() };
        let calendar = Calendar { origin, system: UNIX_EPOCH + Duration::from_secs(1_800_000_000) };
        let mut world = Self {
            platform: Platform::new(settings, Seed(5), calendar),
            now: origin,
            tokens: Vec::new(),
            codes: Vec::new(),
            plies: HashMap::new(),
        };
        for index in 0..PLAYERS {
            let body = json!({ "username": format!("player_{index}"), "display_name": "Player", "owner_email": "a@b",
                "supported_rule_variants": Ruleset::KNOWN, "listed": true });
            let (status, body) = world.call(None, "POST", "/auth/bots/register", &body.to_string());
            assert_eq!(status, 201);
            world.tokens.push(format!("Bearer {}", body["api_token"].as_str().unwrap()));
        }
        world
    }

    fn call(&mut self, who: Option<usize>, method: &str, target: &str, body: &str) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let authorization = who.map(|who| self.tokens[who].clone());
        let call = Call {
            method,
            path,
            query,
            authorization: authorization.as_deref(),
            cookie: None,
            registration_key: None,
            content_type: "application/json",
            body: body.as_bytes(),
            machine_now: self.now,
        };
        self.platform.on_time(self.now);
        match respond(&mut self.platform, &call, self.now) {
            Reply::Events(_) => (200, Value::Null),
            Reply::Answer(answer) => {
                let body = match &answer.body {
                    Body::Json(text) => serde_json::from_str(text).unwrap(),
                    Body::Plain(text) | Body::Html(text) => Value::from(*text),
                    Body::Empty => Value::Null,
                };
                (answer.status, body)
            }
        }
    }

    fn code(&self, game: usize) -> String {
        let newest = self.codes.len().saturating_sub(1 + game);
        self.codes.get(newest).cloned().unwrap_or_else(|| "ZZZZZZ".to_owned())
    }

    fn take(&mut self, step: &Step) {
        let mut crashes = false;
        let (status, body) = match step {
            Step::Create { who, ruleset, side } => {
                let wish = json!({ "rule_variant": Ruleset::ALL[*ruleset], "play_as": side }).to_string();
                let (status, body) = self.call(Some(*who), "POST", "/game/create", &wish);
                if status == 201 {
                    self.codes.push(body["game_code"].as_str().unwrap().to_owned());
                }
                (status, body)
            }
            Step::Join { who, game } => {
                let code = self.code(*game);
                self.call(Some(*who), "POST", &format!("/game/join/{code}"), "")
            }
            Step::Allowed { game, pick } => {
                let code = self.code(*game);
                let mover = (0..PLAYERS).find_map(|who| {
                    let (status, body) = self.call(Some(who), "GET", &format!("/game/{code}/state"), "");
                    let state = (status == 200).then(|| self.check_state(&code, body))?;
                    state.is_my_turn().then_some((who, state))
                });
                let Some((who, state)) = mover else { return };
                let uci = state.allowed_moves[pick % state.allowed_moves.len()];
                let body = json!({ "uci": uci }).to_string();
                let (status, body) = self.call(Some(who), "POST", &format!("/game/{code}/move"), &body);
                assert_eq!(status, 200, "{body}");
                let answer: MoveAnswer = serde_json::from_value(body.clone()).unwrap();
                assert!(answer.extra.is_empty());
                assert_eq!(answer.move_done, answer.announcement.is_move_done());
                (status, body)
            }
            Step::Written { who, game, uci } => {
                crashes = true;
                let body = json!({ "uci": uci }).to_string();
                let code = self.code(*game);
                self.call(Some(*who), "POST", &format!("/game/{code}/move"), &body)
            }
            Step::AskAny { who, game } => {
                let code = self.code(*game);
                self.call(Some(*who), "POST", &format!("/game/{code}/ask-any"), "")
            }
            Step::Resign { who, game } => {
                let code = self.code(*game);
                self.call(Some(*who), "POST", &format!("/game/{code}/resign"), "")
            }
            Step::Delete { who, game } => {
                let code = self.code(*game);
                self.call(Some(*who), "DELETE", &format!("/game/{code}"), "")
            }
            Step::Read { who, game, what } => {
                let code = self.code(*game);
                let (status, body) = self.call(Some(*who), "GET", &format!("/game/{code}{what}"), "");
                match (*what, status) {
                    ("/state", 200) => drop(self.check_state(&code, body.clone())),
                    ("/moves", 200) => drop(serde_json::from_value::<Transcript>(body.clone()).unwrap()),
                    ("", 200) => {
                        let game: GameMetadata = serde_json::from_value(body.clone()).unwrap();
                        assert_eq!(game.result.is_some(), game.state == GameStatus::Completed);
                        assert_eq!(
                            game.white.is_none() || game.black.is_none(),
                            game.state == GameStatus::Waiting
                        );
                    }
                    _ => {}
                }
                (status, body)
            }
            Step::List { who, path } => {
                let (status, body) = self.call(Some(*who), "GET", path, "");
                assert_eq!(status, 200, "{path}: {body}");
                if path.ends_with("player_0") {
                    drop(serde_json::from_value::<User>(body.clone()).unwrap());
                } else if path.contains("/games?") {
                    drop(serde_json::from_value::<UserGames>(body.clone()).unwrap());
                }
                (status, body)
            }
            Step::Pick { bot } => {
                let picked = self.platform.human_picks(
                    &format!("player_{bot}"),
                    Ruleset::English,
                    crate::model::PlayAs::Random,
                    self.now,
                );
                self.codes.push(picked.unwrap().to_string());
                return;
            }
            Step::Nonsense { who, path, body } => self.call(Some(*who), "POST", path, body),
            Step::Wait { seconds } => {
                self.now += Duration::from_secs(*seconds);
                self.platform.on_time(self.now);
                return;
            }
        };
        if status == 500 {
            assert!(crashes && body == "Internal Server Error", "{step:?}: {body}");
        } else {
            assert!(status < 500, "{step:?}: {status} {body}");
        }
    }

    fn check_state(&mut self, code: &str, body: Value) -> GameState {
        let state: GameState = serde_json::from_value(body.clone()).unwrap();
        assert!(state.extra.is_empty());
        assert_eq!(serde_json::to_value(&state).unwrap(), body);
        if !state.is_my_turn() {
            assert!(state.allowed_moves.is_empty() && state.possible_actions.is_empty());
        }
        if state.state == GameStatus::Active {
            assert_eq!(state.turn, Some(Color::to_move(state.move_number)));
            let board = state.your_fen.board().unwrap();
            assert!(board.men(!state.your_color).is_empty(), "the opponent's men are not shown");
        }
        let plies = self.plies.entry(code.to_owned()).or_default();
        assert!(state.move_number > *plies, "no move is taken back");
        *plies = state.move_number - 1;
        state
    }

    /// What holds after every step.
    fn check(&mut self) {
        let platform = &self.platform;
        for (key, account) in platform.accounts.iter() {
            let waiting =
                platform.live.values().filter(|game| game.is_waiting() && game.creator == key).count();
            assert!(waiting <= 1 || !account.is_bot(), "{} has {waiting} waiting games", account.username);
            let parts = account.vs_humans.played() + account.vs_bots.played();
            assert_eq!(account.overall.played(), parts);
            assert!(account.overall.peak >= account.overall.elo);
        }
        let sum: i32 = platform.accounts.iter().map(|(_, account)| account.overall.elo - 1_200).sum();
        assert_eq!(sum, 0, "what one wins the other loses");
        assert_eq!(platform.names.len(), 2 * (platform.live.len() + platform.archive.len()));
        assert!(platform.archive.len() <= 5);
        for game in platform.live.values() {
            assert!(!game.is_over() && game.white != game.black);
            assert_eq!(game.noted.len(), game.referee.records().len());
        }
        assert!(platform.archive.values().all(|game| game.is_over() && game.snapshot.is_some()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_calls_of_any_players(steps in steps(), has_house in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(if has_house { &HouseBot::ALL } else { &[] });
            for step in &steps {
                world.take(step);
                world.check();
            }
            let (status, board) = world.call(None, "GET", "/leaderboard", "");
            assert_eq!(status, 200);
            let board: Leaderboard = serde_json::from_value(board).unwrap();
            assert!(board.players.len() >= PLAYERS);
        });
    }
}
