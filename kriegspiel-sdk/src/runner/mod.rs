//! The runner: a strategy that finds games, plays them and reports (spec, "A complete runtime loop").
//!
//! ```no_run
//! use kriegspiel_sdk::strategies::Random;
//! use kriegspiel_sdk::{Client, Ruleset};
//!
//! # async fn example() -> kriegspiel_sdk::Result<()> {
//! let summary = Client::from_env()?
//!     .play(Random::new())
//!     .rulesets([Ruleset::BerkeleyAny])
//!     .games(3)
//!     .on_game(|report| println!("{report}"))
//!     .run()
//!     .await?;
//! println!("{summary}");
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! - **Each game is a task of its own**, played by a clone of the strategy: a slow one delays no other, and no call.
//! - **The list of games is never believed** about whose turn it is: it can be far behind. A game's own metadata and its events
//!   say that, and the state is read when it is the bot's turn, when the game is over, and when the opponent's flag has fallen.
//! - **Polite**: events are wake-up hints where the server has them; else it polls, fast when an answer is due and slow when
//!   nothing happens, with jitter, and never more than [`Pace`] says. It backs off on errors, and on 429 as long as it is told.
//! - **In the lobby**: one waiting game at most, created under the caps; only other bots' games are joined, one a minute, by
//!   chance. Every refusal is handled as the spec says.
//! - **Nothing invalid is sent**: what the strategy chooses is checked first, a refused try is never repeated.
//! - **When trouble repeats** it does less: no new games, no joins, the games at hand are finished or resigned, and it says why.
//! - **It stops cleanly**: asked once, it finishes or resigns its games; asked twice, it ends now. Its waiting game is deleted.
//!
//! | file | what it is |
//! |---|---|
//! | `strategy`, `blocking` | what decides, and how it runs on a thread of its own |
//! | `position`, `choice` | what is decided from, and how the decision is checked |
//! | `game`, `hints`, `pace` | one game: waiting for the turn, and playing it |
//! | `lobby`, `cooldown`, `availability` | which games are created and joined, and when |
//! | `degraded`, `trouble` | what failed calls mean |
//! | `rounds`, `table` | all games of a run |
//! | `state_file`, `report`, `event` | what is kept, and what is told |

mod availability;
mod blocking;
mod choice;
mod cooldown;
mod degraded;
mod event;
mod game;
mod hints;
mod lobby;
mod pace;
mod position;
mod report;
mod rounds;
mod state_file;
mod strategy;
mod table;
mod trouble;

use std::fmt;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use sdk_core::shutdown::Shutdown;

pub use self::availability::REPORT_EVERY;
pub use self::blocking::BlockingStrategy;
pub use self::choice::{ASKED_AGAIN, Complaint, FailureCause, StrategyFailure, check, fallback};
pub use self::cooldown::JOIN_COOLDOWN;
pub use self::degraded::{DegradePolicy, TroubleKind};
pub use self::event::PlayEvent;
use self::lobby::LobbySettings;
pub use self::pace::Pace;
pub use self::position::{GameStart, Position};
pub use self::report::{GameReport, PlayError, Summary, Unfinished};
pub use self::state_file::{STATE_FILE, StateFile};
pub use self::strategy::{Action, BoxedStrategy, Strategy, StrategyExt};
pub use self::table::Leaving;
use self::table::OnEvent;
use crate::client::Client;
use crate::knobs::Knobs;
use crate::model::{PlayAs, Ruleset};

/// How many games are played at once, unless the knob says otherwise.
pub const GAMES_AT_ONCE: u32 = 5;

/// The most games that are played at once, those included that humans begin with the bot.
pub const MAX_GAMES: usize = 64;

/// How likely a bot's waiting game is joined at each look, unless the knob says otherwise.
pub const JOIN_PROBABILITY: f64 = 0.1;

impl Client {
    /// Plays games with a strategy: a builder, started by [`Play::run`].
    pub fn play<S: Strategy>(&self, strategy: S) -> Play<S> {
        Play::new(self.clone(), strategy)
    }
}

/// Finds games and plays them: made by [`Client::play`], started by [`run`](Self::run).
#[must_use = "nothing is played until it is run"]
pub struct Play<S> {
    client: Client,
    strategy: S,
    username: Option<String>,
    lobby: LobbySettings,
    creates: bool,
    create_rulesets: Option<Vec<Ruleset>>,
    games: Option<u32>,
    pace: Pace,
    think: Option<Duration>,
    between_tries: Option<Duration>,
    degrade: DegradePolicy,
    leaving: Leaving,
    when_degraded: Leaving,
    report_every: Duration,
    state_file: Option<StateFile>,
    shutdown: Shutdown,
    seed: Option<u64>,
    on_event: Option<OnEvent>,
    on_game: Option<OnGame>,
}

type OnGame = Box<dyn FnMut(&GameReport) + Send>;

impl<S: Strategy> Play<S> {
    fn new(client: Client, strategy: S) -> Self {
        let (seed, shutdown) = (client.settings.seed, client.settings.shutdown.clone());
        Self {
            client,
            strategy,
            username: None,
            lobby: LobbySettings {
                rulesets: vec![Ruleset::BerkeleyAny],
                creates: Vec::new(),
                play_as: PlayAs::Random,
                join_probability: JOIN_PROBABILITY,
                at_once: GAMES_AT_ONCE,
            },
            creates: true,
            create_rulesets: None,
            games: None,
            pace: Pace::default(),
            think: None,
            between_tries: None,
            degrade: DegradePolicy::default(),
            leaving: Leaving::Finish,
            when_degraded: Leaving::Finish,
            report_every: REPORT_EVERY,
            state_file: None,
            shutdown,
            seed,
            on_event: None,
            on_game: None,
        }
    }

    /// What the environment says (spec, "Configuration knobs"). What it does not say stays as it is.
    pub fn knobs(mut self, knobs: &Knobs) -> Self {
        if let Some(username) = &knobs.username {
            self.username = Some(username.clone());
        }
        if let Some(rulesets) = &knobs.supported_rule_variants {
            self.lobby.rulesets.clone_from(rulesets);
        }
        if let Some(ruleset) = &knobs.auto_create_rule_variant {
            self.create_rulesets = Some(vec![ruleset.clone()]);
        }
        self.creates = knobs.auto_create_lobby_game.unwrap_or(self.creates);
        self.lobby.play_as = knobs.auto_create_play_as.unwrap_or(self.lobby.play_as);
        self.lobby.at_once = knobs.max_active_games.unwrap_or(self.lobby.at_once);
        self.lobby.join_probability = knobs.game_pick_probability.unwrap_or(self.lobby.join_probability);
        self.report_every = knobs.availability_report_interval.unwrap_or(self.report_every);
        self
    }

    /// What it plays: stored in the bot's profile before the first round, created in turn, and joined. Default:
    /// `berkeley_any`. If in doubt, name fewer.
    pub fn rulesets(mut self, rulesets: impl IntoIterator<Item = Ruleset>) -> Self {
        self.lobby.rulesets = rulesets.into_iter().collect();
        self
    }

    /// Stop after so many games. Without it the bot plays until it is stopped.
    pub fn games(mut self, games: u32) -> Self {
        self.games = Some(games);
        self
    }

    /// The bot's name, to know its own games by. Default: the platform is asked.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Whether it creates waiting games. Default: yes.
    pub fn create_games(mut self, creates: bool) -> Self {
        self.creates = creates;
        self
    }

    /// The rulesets of the games that it creates, in turn. Default: those that it plays.
    pub fn create_rulesets(mut self, rulesets: impl IntoIterator<Item = Ruleset>) -> Self {
        self.create_rulesets = Some(rulesets.into_iter().collect());
        self
    }

    /// Its side in the games that it creates. Default: random.
    pub fn play_as(mut self, side: impl Into<PlayAs>) -> Self {
        self.lobby.play_as = side.into();
        self
    }

    /// How likely it joins another bot's waiting game at each look, from 0 to 1. Zero: never. Default: 0.1.
    pub fn join_probability(mut self, probability: f64) -> Self {
        self.lobby.join_probability = probability;
        self
    }

    /// How many games at once: while there are so many, none is created or joined. Games that humans begin with the bot are
    /// played all the same. Default: 5.
    pub fn at_once(mut self, games: u32) -> Self {
        self.lobby.at_once = games;
        self
    }

    /// How often it asks while it waits.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// How long the strategy may think before the fallback is played. Default: a quarter of the bot's clock, two minutes at
    /// most.
    pub fn think_at_most(mut self, span: Duration) -> Self {
        self.think = Some(span);
        self
    }

    /// How long it waits after a refused try before the next. Default: 200 ms, and nothing on this machine.
    pub fn between_tries(mut self, span: Duration) -> Self {
        self.between_tries = Some(span);
        self
    }

    /// After how much trouble it does less.
    pub fn degrade(mut self, policy: DegradePolicy) -> Self {
        self.degrade = policy;
        self
    }

    /// What becomes of its games when it is asked to stop. Default: they are finished.
    pub fn leaving(mut self, leaving: Leaving) -> Self {
        self.leaving = leaving;
        self
    }

    /// What becomes of its games when trouble repeats. Default: they are finished.
    pub fn when_degraded(mut self, leaving: Leaving) -> Self {
        self.when_degraded = leaving;
        self
    }

    /// Keeps when it joined last, so that the join cooldown survives a restart.
    pub fn state_file(mut self, file: StateFile) -> Self {
        self.state_file = Some(file);
        self
    }

    /// Another wish to stop than the [client's](crate::ClientBuilder::shutdown), for several runs on one client.
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// Makes what is left to chance (joining, jitter, the fallback) repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Called with everything that happens. It must be quick: the games wait for it.
    pub fn on_event(mut self, callback: impl FnMut(&PlayEvent) + Send + 'static) -> Self {
        self.on_event = Some(Box::new(callback));
        self
    }

    /// Called with the report of each game as it ends.
    pub fn on_game(mut self, callback: impl FnMut(&GameReport) + Send + 'static) -> Self {
        self.on_game = Some(Box::new(callback));
        self
    }

    /// Plays until the games are played, or the shutdown says so.
    ///
    /// A failed call is no end: the bot backs off and goes on. Neither is a strategy that fails: a fallback is played.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for settings that make no sense;
    /// [`STATE_FILE_FOREIGN`](crate::codes::STATE_FILE_FOREIGN) for the state of a bot of another host;
    /// [`AUTH_REJECTED`](sdk_core::error::codes::AUTH_REJECTED) when the token is refused, at any time; what the platform
    /// says when it takes neither token nor rulesets at the beginning. The [`PlayError`] also has the summary of what was played.
    ///
    /// # Cancel safety
    /// Dropping the future ends all games' tasks at once: nothing is resigned, deleted or saved. Use the shutdown.
    pub async fn run(self) -> Result<Summary, PlayError> {
        self.check().map_err(|error| PlayError::new(error, Summary::default()))?;
        if self.games == Some(0) {
            return Ok(Summary::default());
        }
        rounds::run(self).await
    }

    fn check(&self) -> Result<()> {
        if self.lobby.rulesets.is_empty() {
            return Err(Error::invalid_config("rulesets", "a bot plays at least one ruleset"));
        }
        let created = self.create_rulesets.as_deref().unwrap_or_default();
        if let Some(other) = created.iter().find(|ruleset| !self.lobby.rulesets.contains(ruleset)) {
            let message = format!("the bot would create games of {other}, which it does not play");
            return Err(Error::invalid_config("create_rulesets", message));
        }
        if !(0.0..=1.0).contains(&self.lobby.join_probability) {
            return Err(Error::invalid_config("join_probability", "a probability is from 0 to 1"));
        }
        if self.lobby.at_once == 0 {
            return Err(Error::invalid_config("at_once", "a bot plays at least one game at once"));
        }
        self.state_file.as_ref().map_or(Ok(()), |file| file.check_host(&self.client))
    }
}

impl<S> fmt::Debug for Play<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("client", &self.client)
            .field("username", &self.username)
            .field("lobby", &self.lobby)
            .field("games", &self.games)
            .field("pace", &self.pace)
            .field("leaving", &self.leaving)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}
