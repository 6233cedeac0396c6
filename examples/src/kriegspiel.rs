//! Where a Kriegspiel starter bot plays, and how it tells of its games.

use std::time::Duration;

use clap::Args;
use kriegspiel_sdk::model::RegisterBot;
use kriegspiel_sdk::runner::{Play, PlayEvent, STATE_FILE, StateFile};
use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::env::Env;
use kriegspiel_sdk::sdk_core::secret::Secret;
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::{Client, ClientBuilder, Host, Knobs, Result, Ruleset, Strategy};

use crate::needs_live;
use crate::{Options, Report};

/// A game of chance takes hundreds of moves: in the embedded sandbox time passes this much faster, for the bot as for the
/// platform. So nobody waits for a lobby's cooldowns.
const SPEED: f64 = 50.0;
/// The bot is often built without optimization, and its clock runs [`SPEED`] times as fast.
const THINK: Duration = Duration::from_secs(600);

/// The options of a bot that plays games on Kriegspiel.org.
#[derive(Debug, Clone, Args)]
pub struct GameOptions {
    /// Stop after so many games.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub games: u32,
    /// Which ruleset to play: one by its name, or all, one after the other. Default: berkeley_any.
    #[arg(long, value_name = "NAME|all", value_parser = pick)]
    pub ruleset: Option<Pick>,
}

/// Which rulesets are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// All seven.
    All,
    /// This one.
    One(Ruleset),
}

impl Pick {
    /// The rulesets.
    pub fn rulesets(&self) -> Vec<Ruleset> {
        match self {
            Self::All => Ruleset::ALL.to_vec(),
            Self::One(ruleset) => vec![ruleset.clone()],
        }
    }
}

/// Reads the name of a ruleset, or `all`.
///
/// # Errors
/// The names that there are.
pub fn pick(name: &str) -> Result<Pick, String> {
    let name = name.trim().to_ascii_lowercase();
    if name == "all" {
        return Ok(Pick::All);
    }
    let ruleset = Some(Ruleset::from(name)).filter(Ruleset::is_known).map(Pick::One);
    ruleset.ok_or_else(|| format!("the rulesets are {}; all is every one of them", Ruleset::KNOWN.join(", ")))
}

/// Where a bot plays: a client, and the sandbox that it plays in when there is no other place.
#[derive(Debug)]
pub struct Place {
    /// The client.
    pub client: Client,
    knobs: Knobs,
    state_file: Option<StateFile>,
    shutdown: Shutdown,
    seed: u64,
    sandbox: Option<Sandbox>,
    report: Report,
}

impl Place {
    /// A sandbox in this process, unless `--live` or `--url` says otherwise.
    ///
    /// # Errors
    /// A token that is missing, an address that needs `--live`, a setting of the environment that is wrong, a sandbox that
    /// cannot be started.
    pub async fn open(name: &str, options: &Options, report: Report) -> Result<Self> {
        Self::open_at_speed(name, options, report, SPEED).await
    }

    /// The same with another speed of the sandbox's time: a bot that waits for something outside, such as a model, would run
    /// out of a time that passes fifty times as fast.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_at_speed(name: &str, options: &Options, report: Report, speed: f64) -> Result<Self> {
        let shutdown = options.stop_on_signals(report, "the game in progress")?;
        let seed = options.seed_or_random();
        let (mut knobs, mut state_file, mut sandbox) = (Knobs::default(), None, None);
        let client = match (&options.url, options.live) {
            (url, true) => {
                let env = Env::read()?;
                knobs = Knobs::from_env(&env)?;
                let path = knobs.state_file.clone().unwrap_or_else(|| STATE_FILE.into());
                let file = StateFile::open(path)?;
                let client = live(url.as_deref(), &env, &file)?;
                file.check_host(&client)?;
                state_file = Some(file);
                report.note(format_args!("Playing on {}.", client.shown_url()));
                client
            }
            (Some(url), false) => elsewhere(name, url).await?,
            (None, false) => {
                // Without cooldown, and without games of the house's own: which bot comes is left to the seed alone.
                let builder = Sandbox::builder().seed(seed).speed(speed);
                let here = builder.join_cooldown(Duration::ZERO).house_opens(false).start().await?;
                report.note(format_args!("A Kriegspiel of your own runs on {} (seed {seed}).", here.url()));
                let builder = Client::anonymous().url(here.url()).clock(here.clock().clone());
                let client = registered(name, &builder.build()?).await?;
                report.note(format_args!("{name} has registered there and got its token."));
                sandbox = Some(here);
                client
            }
        };
        Ok(Self { client, knobs, state_file, shutdown, seed, sandbox, report })
    }

    /// Plays so many games with a strategy: the builder, to be changed, and run.
    pub fn play<S: Strategy>(&self, strategy: S, of_game: &GameOptions) -> Play<S> {
        let play = self.client.play(strategy).knobs(&self.knobs);
        let play = play.games(of_game.games).seed(self.seed).shutdown(&self.shutdown);
        let play = match &of_game.ruleset {
            Some(pick) => play.rulesets(pick.rulesets()).create_rulesets(pick.rulesets()),
            None => play,
        };
        let play = match &self.state_file {
            Some(file) => play.state_file(file.clone()),
            None => play,
        };
        let report = self.report;
        let play = play.on_event(move |event| note(event, report));
        if self.sandbox.is_none() {
            return play;
        }
        // One after the other, in games of its own: the same seed gives the same games.
        play.at_once(1).join_probability(0.0).think_at_most(THINK)
    }

    /// What the environment says of the bot: with `--live` alone.
    pub const fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    /// Whether the platform is a sandbox in this process: nobody else plays there, and nothing is waited for.
    pub const fn is_offline(&self) -> bool {
        self.sandbox.is_some()
    }

    /// The wish to stop.
    pub const fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// The seed of everything that is left to chance.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Ends the sandbox, where there is one.
    pub async fn close(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
    }
}

/// What somebody who watches wants to know at once. The referee's words come with each game's report.
fn note(event: &PlayEvent, report: Report) {
    match event {
        PlayEvent::Created { .. }
        | PlayEvent::Joined { .. }
        | PlayEvent::Started(_)
        | PlayEvent::LobbyRefused { .. }
        | PlayEvent::Failed(_)
        | PlayEvent::Degraded(_)
        | PlayEvent::Recovered => report.note(event),
        _ => {}
    }
}

/// The real platform: the host from `--url` or the environment, else the platform's own; the token from the environment or
/// from the bot's state file.
fn live(url: Option<&str>, env: &Env, file: &StateFile) -> Result<Client> {
    let token = match file.token().filter(|_| env.get("KRIEGSPIEL_BOT_TOKEN").is_none()) {
        Some(token) => token,
        None => env.require("KRIEGSPIEL_BOT_TOKEN").map(Secret::new)?,
    };
    on_host(Client::builder(token), url, env)?.build()
}

/// The host that is meant with `--live`.
///
/// # Errors
/// `KRIEGSPIEL_API_BASE` is wrong.
pub fn on_host(builder: ClientBuilder, url: Option<&str>, env: &Env) -> Result<ClientBuilder> {
    match url {
        Some(url) => Ok(builder.url(url)),
        None if env.get("KRIEGSPIEL_API_BASE").is_some() => builder.base_from_env(env),
        None => Ok(builder.host(Host::Production)),
    }
}

/// A server on this machine: with the token from the environment, or one that it gives to a new bot.
async fn elsewhere(name: &str, url: &str) -> Result<Client> {
    let anonymous = here(url)?;
    match Env::read()?.get("KRIEGSPIEL_BOT_TOKEN") {
        Some(token) => anonymous.with_token(token),
        // A name is given once.
        None => registered(&format!("{name}_{:06}", fastrand::u32(..1_000_000)), &anonymous).await,
    }
}

/// A client without a token, of a server on this machine.
///
/// # Errors
/// An address that is wrong, or of another machine.
pub fn here(url: &str) -> Result<Client> {
    let client = Client::anonymous().url(url).build()?;
    // Checked first: nothing is registered on a machine that was not meant.
    if client.is_local() { Ok(client) } else { Err(needs_live()) }
}

async fn registered(name: &str, client: &Client) -> Result<Client> {
    let bot = RegisterBot::new(name, name, "owner@sandbox.example").rulesets(Ruleset::ALL).listed(false);
    client.with_token(client.register(&bot, None).await?.api_token)
}
