//! How a sandbox is to be.

use std::net::Ipv4Addr;
use std::time::Duration;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::sandbox::ServerOptions;

use super::Sandbox;
use super::house::HouseBot;
use super::settings::{Registration, Settings};
use crate::model::Provider;

/// Builds a [`Sandbox`]: [`Sandbox::builder`].
///
/// Everything has a default: the platform's own number where it has one. Spans are of the sandbox's clock: with
/// [`speed`](Self::speed) 10 they pass ten times as fast.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct SandboxBuilder {
    pub(super) settings: Settings,
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) server: ServerOptions,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self { settings: Settings::default(), seed: 0, clock: Clock::real(), server: ServerOptions::new() }
    }
}

impl SandboxBuilder {
    /// The seed of everything that looks random: ids, codes, tokens, sides, house players. Default 0. Two sandboxes with the
    /// same seed that are asked the same in the same order, at the same moments, give the same games.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How fast time runs: 10 makes the join cooldown six seconds. Default 1. Replaces [`clock`](Self::clock).
    pub fn speed(self, speed: f64) -> Self {
        self.clock(Clock::scaled(speed))
    }

    /// The clock of the platform, to be shared with a client in the same process. Default [`Clock::real`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The port on 127.0.0.1. Default 0: any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.server = self.server.addr((Ipv4Addr::LOCALHOST, port));
        self
    }

    /// How it is served: the address, the host names that it goes by, how many messages and requests are kept for
    /// [`Server::recent`](sdk_core::sandbox::Server::recent). Seed, clock, dialect and reset stay the sandbox's own.
    /// Replaces [`port`](Self::port).
    pub fn server(mut self, options: ServerOptions) -> Self {
        self.server = options;
        self
    }

    /// Who may register. Default: everybody, with or without a key.
    pub fn registration(mut self, registration: Registration) -> Self {
        self.settings.registration = registration;
        self
    }

    /// Which house bots there are. Default: all three.
    pub fn house(mut self, bots: impl IntoIterator<Item = HouseBot>) -> Self {
        self.settings.house.clear();
        for bot in bots {
            if !self.settings.house.contains(&bot) {
                self.settings.house.push(bot);
            }
        }
        self
    }

    /// No house bots: two clients have to meet.
    pub fn no_house(self) -> Self {
        self.house([])
    }

    /// Whether house bots join the waiting games of other bots. Default true. They keep the join cooldown like everybody.
    pub fn house_joins(mut self, joins: bool) -> Self {
        self.settings.house_joins = joins;
        self
    }

    /// Whether each house bot keeps a game of its own in the lobby. Default true.
    pub fn house_opens(mut self, opens: bool) -> Self {
        self.settings.house_opens = opens;
        self
    }

    /// How long a waiting game is left to others before a house bot joins it, and how long a house bot waits before it opens
    /// its next game. Default 250 ms.
    pub fn house_wait(mut self, wait: Duration) -> Self {
        self.settings.house_wait = wait;
        self
    }

    /// How long a house player thinks about each attempt. Default 20 ms.
    pub fn house_thinks(mut self, span: Duration) -> Self {
        self.settings.house_thinks = span;
        self
    }

    /// Whether the house's human picks listed bots on its own accord, one game after the other. Default false;
    /// [`Sandbox::human_picks`] lets it do so at a moment of your choice.
    pub fn house_human(mut self, plays: bool) -> Self {
        self.settings.house_human = plays;
        self
    }

    /// How long the house's human waits before it looks for its next game. Default 5 s.
    pub fn human_wait(mut self, wait: Duration) -> Self {
        self.settings.human_wait = wait.max(Duration::from_millis(1));
        self
    }

    /// Each side's time, and what it gets for every completed move. Default 1,500 s and 10 s ("rapid").
    pub fn time_control(mut self, time: Duration, increment: Duration) -> Self {
        self.settings.time = time;
        self.settings.increment = increment;
        self
    }

    /// After how long a waiting game expires. Default 600 s.
    pub fn waiting_expires(mut self, after: Duration) -> Self {
        self.settings.waiting_for = after;
        self
    }

    /// After how long a game that White has not begun is deleted. Default 3,600 s.
    pub fn unstarted_expires(mut self, after: Duration) -> Self {
        self.settings.unstarted_for = after;
        self
    }

    /// How long a bot that joined another bot's game may not join the next. Default 60 s.
    pub fn join_cooldown(mut self, span: Duration) -> Self {
        self.settings.join_cooldown = span;
        self
    }

    /// How long a model bot's report counts. Default 120 s.
    pub fn heartbeat(mut self, span: Duration) -> Self {
        self.settings.heartbeat = span;
        self
    }

    /// How often the platform itself looks for fallen flags; otherwise one is found by who reads the state or acts. Default
    /// 1,500 s.
    pub fn flag_sweep(mut self, every: Duration) -> Self {
        self.settings.sweep_every = every.max(Duration::from_millis(1));
        self
    }

    /// A further username that is listed and picked only while it reports that this provider's model is ready. Default:
    /// `gptnano`, `haiku`, `llm_gptnano`, `llm_haiku`.
    pub fn model_bot(mut self, username: impl Into<String>, provider: Provider) -> Self {
        let username = username.into().to_ascii_lowercase();
        self.settings.model_bots.retain(|(name, _)| *name != username);
        self.settings.model_bots.push((username, provider));
        self
    }

    /// Whether listings of games between bots lag behind, as the platform's do. Default true.
    pub fn stale_listings(mut self, are_stale: bool) -> Self {
        self.settings.stale_listings = are_stale;
        self
    }

    /// Whether there are server-sent events. Default true; otherwise 404, as on a server without them.
    pub fn events(mut self, are_served: bool) -> Self {
        self.settings.events = are_served;
        self
    }

    /// Whether every path also works with `/api` in front, as it does on the platform's server for a host on loopback. Default
    /// true; `api.kriegspiel.org` answers 404.
    pub fn api_prefix(mut self, works: bool) -> Self {
        self.settings.api_prefix = works;
        self
    }

    /// A proxy in front that answers 429 with a page of HTML: after so many requests at once, and so many a second of the
    /// machine's time. Default none, as in the platform's own code.
    pub fn rate_limit(mut self, burst: u32, a_second: u32) -> Self {
        self.settings.rate_limit = Some((burst, a_second));
        self
    }

    /// How many finished games are remembered. Default 1,000, at least 1; the oldest go first.
    pub fn keep_games(mut self, count: usize) -> Self {
        self.settings.keep_games = count;
        self
    }

    /// How many requests [`Sandbox::requests`] remembers. Default 20,000; the oldest go first.
    pub fn keep_requests(mut self, count: usize) -> Self {
        self.settings.keep_requests = count;
        self
    }

    /// Opens the port and begins.
    ///
    /// # Errors
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when the port cannot be had.
    pub async fn start(self) -> Result<Sandbox> {
        Sandbox::open(self).await
    }
}
