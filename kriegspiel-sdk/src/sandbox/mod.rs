//! Kriegspiel.org's server side on loopback: the whole platform on your laptop.
//!
//! A [`Sandbox`] speaks the platform's HTTP on a real socket of this machine. It needs no account and no network, has house
//! bots to play against and a house human who picks bots, repeats itself under a seed, runs faster when asked, and makes
//! things go wrong on request. Clients in any language can use it.
//!
//! ```
//! use kriegspiel_sdk::model::CreateGame;
//! use kriegspiel_sdk::sandbox::Sandbox;
//! use kriegspiel_sdk::{Client, Ruleset};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let sandbox = Sandbox::builder().seed(7).speed(60.0).start().await?;
//! let token = sandbox.register("my_bot")?;
//! let client = Client::builder(token).url(sandbox.url().as_str()).build()?;
//! let game = client.create_game(&CreateGame::open(Ruleset::BerkeleyAny)).await?;
//! // After a little while a house bot sits down.
//! println!("I am {} in {}", game.play_as, game.game_code);
//! assert_eq!(sandbox.games().iter().filter(|game| game.color_of("my_bot").is_some()).count(), 1);
//! sandbox.shutdown().await;
//! # Ok::<(), kriegspiel_sdk::Error>(()) }).unwrap();
//! ```
//!
//! The [`referee`] is its heart: what is legal, what is announced, and who hears it, in all seven rulesets, as pure code.
//!
//! # What it serves
//!
//! Everything that a bot needs, as the platform's server (version 1.3.54) does it:
//!
//! | what | notes |
//! |---|---|
//! | `POST /auth/bots/register` | open, or [gated](Registration::Gated) |
//! | `POST /bots/profile`, `POST /bots/availability`, `GET /bots` | a report counts for [120 s](SandboxBuilder::heartbeat) |
//! | `POST /game/create`, `POST /game/join/{code}`, `DELETE /game/{ref}` | one waiting game a bot, [600 s](SandboxBuilder::waiting_expires) long; one join [a minute](SandboxBuilder::join_cooldown) |
//! | `GET /game/open`, `/game/mine`, `/game/mine/active`, `/game/mine/archived`, `/game/recent`, `/game/stats` | 20 entries; games between bots [lag behind](SandboxBuilder::stale_listings) |
//! | `GET /game/{ref}`, `/state`, `/moves`, `/review` | |
//! | `POST /game/{ref}/move`, `/ask-any`, `/resign` | |
//! | `GET /game/{ref}/events` | server-sent events; [can be switched off](SandboxBuilder::events) |
//! | `GET /user/{name}`, `/games`, `/rating-history`, `PATCH /user/settings`, `GET /leaderboard` | |
//! | `GET /auth/me`, `/auth/session`, `/health`, `/` | |
//! | `POST /auth/register`, `POST /auth/guest` | humans, known by a cookie: so that a test can be one |
//! | `/__sandbox` | faults, reset and seed: see [`sdk_core::sandbox`] |
//!
//! Errors come in the platform's shapes: `{"error": {…}}` of the game calls, `{"detail": …}` as a text, an object or a list
//! of everything else, a plain-text 500 for a move that is no UCI, and pages of HTML from a proxy: a 429 by
//! [`rate_limit`](SandboxBuilder::rate_limit), any other by the fault `html`. A code that no ordinary call provokes can be
//! [ordered](Sandbox::refuse_next).
//!
//! # What surprises, and is the same here
//!
//! A malformed move crashes the request. Listings of games between bots lag behind by 20 attempts or 30 seconds. `turn` can be
//! set in a finished game. Both players can read the whole transcript of a game that they are playing. Moments have three
//! spellings. A flag that fell is found when somebody looks, or after 25 minutes. There is no rule of 50 moves and none of
//! repetition.
//!
//! # Where neither specification nor server was seen
//!
//! The sandbox has chosen:
//!
//! | question | the sandbox |
//! |---|---|
//! | joining a game that is over | 404, as every other call that would change it |
//! | resigning after the own or the opponent's flag fell | 400 `GAME_NOT_ACTIVE`, as a move |
//! | a private attempt in the transcript of a finished game | neither time nor boards |
//! | what is read as a move but can never be one (`0000`, a king dropped) | answered, and written down where the ruleset does, as `a1b1n` |
//! | `GET /auth/me` | the account, and a bot's profile with a digest of zeros |
//! | a guest's name | `guest_` and twelve digits |
//! | a join while the house bots cool down | the first that may, does |
//! | the connection after a 500 | closed, and `Connection: close` says so |
//! | more than 10,000 accounts | 503 |
//!
//! # Magic words
//!
//! A bot whose name holds a word such as `faultHtml503` gets a token with that word, and its requests meet that fault; a
//! token with such a word is good even if nobody was given it, and one with `faultRevoked` is refused, every time: see
//! [`sdk_core::sandbox::magic`].

mod accounts;
mod api;
mod bots;
mod builder;
mod chess_clock;
mod floor;
mod form;
mod game;
mod house;
mod house_life;
mod lobby;
mod mailbox;
mod moments;
mod people;
mod platform;
mod play;
mod ratings;
mod records;
pub mod referee;
mod refusal;
mod routes;
mod seeds;
mod settings;
mod sheet;
#[cfg(test)]
mod tests;
mod views;

use std::sync::Arc;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::error::Error;
use sdk_core::sandbox::{Dialect, Progress, Seed, serve};
pub use sdk_core::sandbox::{Fault, Faults, Order, Server, When};
use sdk_core::secret::Secret;
use serde_json::json;
use url::Url;

pub use self::builder::SandboxBuilder;
use self::floor::Floor;
pub use self::house::{HOUSE_HUMAN, HouseBot};
use self::moments::Calendar;
use self::platform::{OrderedRefusal, Platform};
pub use self::records::{SandboxAttempt, SandboxGame, SandboxPlayer, SandboxRequest};
pub use self::referee::Referee;
use self::refusal::Refusal;
pub use self::settings::Registration;
use crate::model::{ErrorCode, GameCode, PlayAs, RegisterBot, Ruleset};

/// A Kriegspiel.org of your own, on 127.0.0.1. Dropping it closes every connection; [`Sandbox::shutdown`] does so politely.
#[derive(Debug)]
pub struct Sandbox {
    floor: Arc<Floor>,
    server: Server,
}

impl Sandbox {
    /// A sandbox with every default: a free port, real time, seed 0, house bots.
    ///
    /// # Errors
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when no port can be had.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A sandbox with settings of your own.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    async fn open(builder: SandboxBuilder) -> Result<Self> {
        let SandboxBuilder { settings, seed, clock, server } = builder;
        let calendar = Calendar { origin: clock.now(), system: clock.system_now() };
        let platform = Platform::new(settings, Seed(seed), calendar);
        let floor = Arc::new(Floor::new(platform, clock.clone()));
        let dialect = Dialect::default().error_body(|_, message| json!({ "detail": message }));
        let options = server.clock(clock).seed(seed).dialect(dialect).on_reset({
            let floor = Arc::clone(&floor);
            move |seed| floor.act(|platform, now| platform.restart(seed, now))
        });
        let server = serve(options, routes::router(Arc::clone(&floor))).await?;
        server.spawn({
            let (floor, stopping) = (Arc::clone(&floor), server.stopping());
            async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = floor.keep_time() => {}
                }
                floor.act(|platform, _| platform.end_streams());
            }
        });
        Ok(Self { floor, server })
    }

    /// The base of the API: `http://127.0.0.1:PORT/`. Paths have no prefix.
    pub fn url(&self) -> &Url {
        self.server.base_url()
    }

    /// A new bot's token, without HTTP. It plays all seven rulesets, and is listed unless its name holds `e2e`, `test` or
    /// `probe`.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when the name is not 1 to 33 letters, digits or underscores, or is taken,
    /// and when the sandbox has 10,000 accounts already.
    pub fn register(&self, username: &str) -> Result<Secret> {
        let mut display_name = username.to_owned();
        while display_name.len() < 3 {
            display_name.push('_');
        }
        let bot = RegisterBot::new(username, display_name, "owner@sandbox.example").rulesets(Ruleset::ALL);
        self.register_bot(&bot)
    }

    /// The same with a profile of one's own.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) as for [`register`](Self::register), and for what
    /// [`RegisterBot::check`] refuses.
    pub fn register_bot(&self, bot: &RegisterBot) -> Result<Secret> {
        bot.check()?;
        let new = bots::NewBot::from(bot);
        let added = self.floor.act(|platform, now| platform.add_bot(new, now));
        let cannot = |refusal: Refusal| {
            let message = match refusal {
                Refusal::Detail(409, _) => "this name is taken, and there is no new token for it",
                _ => "this sandbox has no room for another account",
            };
            Error::invalid_argument("username", message)
        };
        added.map(|(_, token)| token).map_err(cannot)
    }

    /// The house's human begins a game with a bot, which finds it among its active games. It plays on by itself.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when there is no such bot, it does not play that ruleset, or it is a model
    /// bot that does not report that it is ready.
    pub fn human_picks(
        &self,
        username: &str,
        ruleset: impl Into<Ruleset>,
        play_as: impl Into<PlayAs>,
    ) -> Result<GameCode> {
        let (ruleset, play_as) = (ruleset.into(), play_as.into());
        let picked = self.floor.act(|platform, now| platform.human_picks(username, ruleset, play_as, now));
        picked.map_err(|refusal| refused_to_human("username", refusal))
    }

    /// The house's human opens a game in the lobby, which bots may not join.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a ruleset that nobody knows.
    pub fn human_opens(&self, ruleset: impl Into<Ruleset>) -> Result<GameCode> {
        let ruleset = ruleset.into();
        let opened = self.floor.act(|platform, now| platform.human_opens(ruleset, now));
        opened.map_err(|refusal| refused_to_human("ruleset", refusal))
    }

    /// The next request whose path contains this text is refused with this code, and nothing is done. So every code can be
    /// met, those too that no ordinary call of a bot provokes, such as
    /// [`GameNotJoinable`](ErrorCode::GameNotJoinable).
    pub fn refuse_next(&self, path: impl Into<String>, code: ErrorCode) {
        let order = OrderedRefusal { path: path.into(), code };
        self.floor.act(|platform, _| platform.refusals.push(order));
    }

    /// Takes the platform's database away, or gives it back: without it nearly everything is answered 503.
    pub fn database_is_down(&self, is_down: bool) {
        self.floor.act(|platform, _| platform.database_is_down = is_down);
    }

    /// The book of faults: order what is to go wrong, and see what did.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// The clock of the platform. A client in the same process may share it.
    pub fn clock(&self) -> &Clock {
        self.server.clock()
    }

    /// Games as the server saw them: those that are over, then those that are not, each from the oldest. They have
    /// everything, both sides' moves and boards included.
    pub fn games(&self) -> Vec<SandboxGame> {
        self.floor.act(|platform, _| platform.records())
    }

    /// The games that wait or are played, as a status page shows them.
    pub fn progress(&self) -> Vec<Progress> {
        let open = self.games().into_iter().filter(|game| game.completed_at.is_none());
        let shown = open.map(|game| {
            let moves = game.moves().count();
            let players = [game.white, game.black].into_iter().flatten().map(|player| player.username);
            let state = format!("{}, {}, {moves} moves", game.ruleset, game.status);
            Progress::new("game", game.code.to_string(), players, state)
        });
        shown.collect()
    }

    /// One game as the server saw it.
    pub fn game(&self, code: &GameCode) -> Option<SandboxGame> {
        self.games().into_iter().find(|game| game.code == *code)
    }

    /// The last requests, from the oldest: [as many as are kept](SandboxBuilder::keep_requests).
    pub fn requests(&self) -> Vec<SandboxRequest> {
        self.floor.act(|platform, _| platform.requests())
    }

    /// Forgets games, records, ratings, cooldowns, orders and faults, and ends every event stream. Accounts and tokens stay.
    pub fn reset(&self) {
        self.server.reset();
    }

    /// The server underneath: connections accepted so far.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Tells every event stream that the server stops, closes every connection, and returns when all have ended: at most two
    /// seconds later.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

fn refused_to_human(field: &str, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Game(code, message) => Error::invalid_argument(field, format!("{message} ({code})")),
        _ => Error::invalid_argument(field, format!("the rulesets are {}", Ruleset::KNOWN.join(", "))),
    }
}
