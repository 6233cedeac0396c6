//! The platforms' sandboxes side by side, each on a port of its own: what the `sandbox` command serves.

mod platform;
mod random;
mod wanted;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use botpit_sdk::Result;
use botpit_sdk::sdk_core::sandbox::ServerOptions;
use botpit_sdk::sdk_core::secret::Secret;
use clap::ValueEnum;
use kriegspiel_sdk::sandbox::Registration;
use serde::Serialize;

pub use self::platform::{Kind, Platform, kind_of};
pub use self::random::schedule;
pub use self::wanted::{Wanted, order};

/// The port of the first platform, unless another is named. The others follow.
pub const DEFAULT_PORT: u16 = 4600;
/// Where the status page is, counted from the first platform's port.
pub const STATUS: u16 = 4;
/// How many keys of each platform are ready.
pub const KEYS: usize = 4;
/// How many messages and requests of each platform the status page can show.
const RECENT: usize = 200;

/// A platform by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Name {
    /// BOTPIT.
    Botpit,
    /// BotOrNot.
    Botornot,
    /// BotRoulette.
    Botroulette,
    /// Kriegspiel.org.
    Kriegspiel,
}

impl Name {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 4] = [Self::Botpit, Self::Botornot, Self::Botroulette, Self::Kriegspiel];

    /// The name in commands, paths and JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Botpit => "botpit",
            Self::Botornot => "botornot",
            Self::Botroulette => "botroulette",
            Self::Kriegspiel => "kriegspiel",
        }
    }

    /// The name as the platform writes it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Botpit => "BOTPIT",
            Self::Botornot => "BotOrNot",
            Self::Botroulette => "BotRoulette",
            Self::Kriegspiel => "Kriegspiel.org",
        }
    }

    /// The platform of a name; `None` for what is none.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.id() == id)
    }

    const fn offset(self) -> u16 {
        match self {
            Self::Botpit => 0,
            Self::Botornot => 1,
            Self::Botroulette => 2,
            Self::Kriegspiel => 3,
        }
    }
}

/// How the platforms are served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which.
    pub platforms: Vec<Name>,
    /// The address that they listen on.
    pub bind: IpAddr,
    /// Further host names that they go by.
    pub hosts: Vec<String>,
    /// The first platform's port; 0 for free ones.
    pub port: u16,
    /// The seed of all of them.
    pub seed: u64,
    /// How many times as fast matches pass.
    pub speed: f64,
    /// Whether there are opponents of the house.
    pub house: bool,
    /// Kriegspiel's: the key without which nobody registers; `None` where everybody may.
    pub registration_key: Option<Secret>,
    /// BotOrNot's: whether one hears one's own chat.
    pub echo: bool,
}

impl Default for Settings {
    /// All platforms, on free ports of loopback, as fast as the real ones, under seed 0.
    fn default() -> Self {
        Self {
            platforms: Name::ALL.to_vec(),
            bind: Ipv4Addr::LOCALHOST.into(),
            hosts: Vec::new(),
            port: 0,
            seed: 0,
            speed: 1.0,
            house: true,
            registration_key: None,
            echo: true,
        }
    }
}

impl Settings {
    /// How something is served, so many ports after the first.
    pub fn options(&self, offset: u16) -> ServerOptions {
        let port = if self.port == 0 { 0 } else { self.port.saturating_add(offset) };
        let options = ServerOptions::new()
            .addr(SocketAddr::new(self.bind, port))
            .allow_non_loopback(!self.bind.is_loopback())
            .recent(RECENT);
        self.hosts.iter().fold(options, |options, host| options.host(host))
    }

    fn registration(&self) -> Registration {
        self.registration_key.clone().map_or(Registration::Open, Registration::Gated)
    }
}

/// Starts the platforms.
///
/// # Errors
/// When a port cannot be had, or an address that is not loopback was not allowed.
pub async fn start(settings: &Settings) -> Result<Vec<Platform>> {
    let mut platforms = Vec::new();
    for name in Name::ALL.into_iter().filter(|name| settings.platforms.contains(name)) {
        platforms.push(Platform::start(name, settings).await?);
    }
    Ok(platforms)
}

/// Where a platform is, and keys for it.
#[derive(Serialize)]
struct Place<'a> {
    rest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ws: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel: Option<String>,
    keys: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_key: Option<&'a str>,
}

/// The command's first line: the platforms' addresses and keys, and the status page, as one JSON object.
pub fn line(platforms: &[Platform], status: &str) -> String {
    let place = |name: Name| {
        platforms.iter().find(|platform| platform.name() == name).map(|platform| Place {
            rest: platform.rest_url(),
            ws: platform.ws_url().filter(|_| name != Name::Botroulette),
            tunnel: platform.ws_url().filter(|_| name == Name::Botroulette),
            keys: platform.keys().iter().map(Secret::expose).collect(),
            registration_key: platform.registration_key().map(Secret::expose),
        })
    };
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        botpit: Option<Place<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        botornot: Option<Place<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        botroulette: Option<Place<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kriegspiel: Option<Place<'a>>,
        status: &'a str,
    }
    let line = Line {
        botpit: place(Name::Botpit),
        botornot: place(Name::Botornot),
        botroulette: place(Name::Botroulette),
        kriegspiel: place(Name::Kriegspiel),
        status,
    };
    serde_json::to_string(&line).unwrap_or_else(|_| "{}".to_owned())
}
