//! The calls: one [`Client`] for everything that the platform offers a bot.

mod attempt;
mod bots;
mod builder;
mod events;
mod games;
mod lobby;
mod platform;
mod sse;
mod transcripts;
mod users;

use std::fmt;

use sdk_core::clock::Clock;
use sdk_core::env::Env;
use sdk_core::error::Result;
use sdk_core::http::{Http, Request};
use sdk_core::secret::{Secret, is_loopback, shown_url};

pub use attempt::{Recovered, Reply};
pub use builder::{ClientBuilder, Host};
pub use events::{EVENTS_SILENCE, GameEvents};
pub use users::{LeaderboardQuery, RatingHistoryQuery, UserGamesQuery};

/// Calls the platform. Cheap to clone; clones share connections.
///
/// ```no_run
/// use kriegspiel_sdk::{Client, Host, Ruleset, model::CreateGame};
///
/// # async fn example(token: String) -> kriegspiel_sdk::Result<()> {
/// let client = Client::builder(token).host(Host::Production).build()?;
/// let game = client.create_game(&CreateGame::open(Ruleset::BerkeleyAny)).await?;
/// let state = client.state(&game.game_id).await?;
/// if let Some(&uci) = state.allowed_moves.first() {
///     println!("{}", client.make_move(&state, uci).await?.is_move_done());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # The calls
/// | subject | calls |
/// |---|---|
/// | the bot | [`register`](Client::register), [`sync_profile`](Client::sync_profile), [`report_availability`](Client::report_availability), [`bots`](Client::bots), [`me`](Client::me) |
/// | lobby | [`create_game`](Client::create_game), [`join`](Client::join), [`open_games`](Client::open_games), [`delete_game`](Client::delete_game) |
/// | own games | [`active_games`](Client::active_games), [`archived_games`](Client::archived_games), [`my_games`](Client::my_games) |
/// | a game | [`game`](Client::game), [`state`](Client::state), [`make_move`](Client::make_move), [`ask_any`](Client::ask_any), [`resign`](Client::resign), [`events`](Client::events); once each, without a second look: [`submit_move`](Client::submit_move), [`submit_ask_any`](Client::submit_ask_any) |
/// | finished games | [`transcript`](Client::transcript), [`review`](Client::review), [`recent_games`](Client::recent_games) |
/// | users | [`user`](Client::user), [`user_games`](Client::user_games), [`rating_history`](Client::rating_history), [`leaderboard`](Client::leaderboard) |
/// | the platform | [`health`](Client::health), [`platform_stats`](Client::platform_stats) |
///
/// # What is sent twice
/// Calls that read are tried again where that may help. Nothing else is, and a move least of all: when its answer is lost,
/// [`make_move`](Client::make_move) reads the state and compares.
///
/// # Errors
/// As told in [`sdk_core::http`]: every shape of the platform's refusals becomes one [`Error`](crate::Error), whose code is
/// `error.platform_code::<ErrorCode>()` where the platform gave one. Limits of the spec are checked first, and refused with
/// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT), the field and the limit: nothing is sent then. Codes of
/// this crate alone are in [`codes`](crate::codes).
#[derive(Clone)]
pub struct Client {
    http: Http,
    pub(crate) settings: ClientBuilder,
}

impl Client {
    /// Begins a client with a bot's token.
    ///
    /// ```
    /// use kriegspiel_sdk::{Client, Host};
    ///
    /// let client = Client::builder("ksbot_…").host(Host::Production).build()?;
    /// assert_eq!(client.shown_url(), "https://api.kriegspiel.org/");
    /// # Ok::<(), kriegspiel_sdk::Error>(())
    /// ```
    pub fn builder(token: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(Some(token.into()))
    }

    /// Begins a client without a token: to register a bot, and for what everybody may read.
    pub fn anonymous() -> ClientBuilder {
        ClientBuilder::new(None)
    }

    /// A client as the environment says: `KRIEGSPIEL_BOT_TOKEN` and `KRIEGSPIEL_API_BASE`. A `.env` file in the working
    /// directory counts too; the environment wins.
    ///
    /// # Errors
    /// [`INVALID_ENV`](sdk_core::error::codes::INVALID_ENV), naming the variable that is missing or wrong. There is no
    /// default host.
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env(&Env::read()?)?.build()
    }

    /// As [`from_env`](Self::from_env), to go on building.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn builder_from_env(env: &Env) -> Result<ClientBuilder> {
        let token = env.require("KRIEGSPIEL_BOT_TOKEN")?;
        Self::builder(token).base_from_env(env)
    }

    /// The same client with another token: that of a bot that was just registered.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn with_token(&self, token: impl Into<Secret>) -> Result<Self> {
        self.settings.clone().token(token).build()
    }

    /// Where it calls, as it may be shown.
    pub fn shown_url(&self) -> String {
        shown_url(self.http.base())
    }

    /// Whether it calls this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(self.http.base())
    }

    /// The caller below, for what this version does not know yet.
    ///
    /// ```no_run
    /// # async fn example(client: kriegspiel_sdk::Client) -> kriegspiel_sdk::Result<()> {
    /// client.http().patch(&["user", "settings"]).json(&[("sound_enabled", false)]).send_empty().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Whose time it lives in.
    pub(crate) fn clock(&self) -> &Clock {
        self.settings.time()
    }

    fn get<const N: usize>(&self, segments: [&str; N]) -> Request {
        self.http.get(&segments)
    }

    fn post<const N: usize>(&self, segments: [&str; N]) -> Request {
        self.http.post(&segments)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.shown_url())
            .field("token", &self.settings.token)
            .finish_non_exhaustive()
    }
}
