//! How a sandbox is to be.

use std::net::Ipv4Addr;
use std::time::Duration;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::sandbox::ServerOptions;

use super::Sandbox;
use super::house::HouseBot;
use super::settings::{RateLimits, SecondTunnel, Settings};

/// Builds a [`Sandbox`]: [`Sandbox::builder`].
///
/// Everything has a default. Spans are of the sandbox's clock, unless it says otherwise: with [`speed`](Self::speed) 10 they
/// pass ten times as fast.
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
    /// The seed of everything that looks random: keys, ids, roulette, house bots. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How fast the network's time runs. Default 1. Replaces [`clock`](Self::clock).
    pub fn speed(self, speed: f64) -> Self {
        self.clock(Clock::scaled(speed))
    }

    /// The network's clock, to be shared with a client in the same process. Default [`Clock::real`].
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

    /// Which house bots there are. Default: all of them.
    pub fn house(mut self, bots: impl IntoIterator<Item = HouseBot>) -> Self {
        self.settings.house = bots.into_iter().collect();
        self.settings.house.sort_unstable();
        self.settings.house.dedup();
        self
    }

    /// No house bots: two clients have to meet.
    pub fn no_house(self) -> Self {
        self.house([])
    }

    /// How long a house bot thinks about an answer, and about what to say next. Default 300 ms.
    pub fn house_thinks(mut self, span: Duration) -> Self {
        self.settings.house_thinks = span;
        self
    }

    /// How long the slow house bot takes for an answer. Default 12 s.
    pub fn house_slow(mut self, span: Duration) -> Self {
        self.settings.house_slow = span;
        self
    }

    /// How many conversations house bots begin with each bot that comes online, one after the other. Default 3; 0 turns it
    /// off, and [`u32::MAX`] never ends.
    pub fn house_calls(mut self, conversations: u32) -> Self {
        self.settings.house_calls = conversations;
        self
    }

    /// About how long it is quiet before a house bot calls: from half of it to one and a half. Default 5 s.
    pub fn house_calls_every(mut self, span: Duration) -> Self {
        self.settings.house_calls_every = span.max(Duration::from_millis(1));
        self
    }

    /// How many messages a house bot says in a conversation that it began, at most; at least two, where this allows two.
    /// Default 3, at least 1.
    pub fn house_turns(mut self, most: u32) -> Self {
        self.settings.house_turns = most.max(1);
        self
    }

    /// Whether roulette draws among all bots that are listed, the hostile, the silent and the offline ones of the house and
    /// bots without a tunnel included. Default false: only among those that would answer.
    pub fn roulette_draws_all(mut self, draws_all: bool) -> Self {
        self.settings.roulette_all = draws_all;
        self
    }

    /// The machine's time that a tunnel has to show its key before it is closed. Default 10 s.
    pub fn auth_within(mut self, span: Duration) -> Self {
        self.settings.auth_within = span;
        self
    }

    /// Whether a tunnel with a wrong key is closed after the `error`. Default true. A tunnel that is not may try again.
    pub fn close_on_auth_failure(mut self, closes: bool) -> Self {
        self.settings.close_on_auth_failure = closes;
        self
    }

    /// How long a tunnel may say nothing before it is dropped. Default 90 s (spec, step 4).
    pub fn heartbeat_timeout(mut self, span: Duration) -> Self {
        self.settings.heartbeat_timeout = span.max(Duration::from_millis(1));
        self
    }

    /// Whether [`heartbeat_timeout`](Self::heartbeat_timeout) is of the sandbox's clock. Default true. A client that pings
    /// every 25 s of the machine's time, as the official ones do, is too slow for that from a speed of 3.6 on: say false
    /// for it.
    pub fn heartbeat_scales(mut self, scales: bool) -> Self {
        self.settings.heartbeat_scales = scales;
        self
    }

    /// How long a bot may take for an answer before its caller gets a 504. Default 30 s.
    pub fn relay_timeout(mut self, span: Duration) -> Self {
        self.settings.relay_timeout = span.max(Duration::from_millis(1));
        self
    }

    /// What happens when a key is used for a second tunnel. Default: it takes over.
    pub fn second_tunnel(mut self, rule: SecondTunnel) -> Self {
        self.settings.second_tunnel = rule;
        self
    }

    /// The largest body of a request, in bytes; a larger one is answered 413. Default 10 MiB. A frame of a tunnel may have
    /// twice as much, and 64 KiB more; a larger one is closed with 1009.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Whether `Content-Type: application/json; charset=utf-8` passes the filter. Default false: the spec warns of it.
    pub fn charset_passes(mut self, passes: bool) -> Self {
        self.settings.charset_passes = passes;
        self
    }

    /// Whether HTML inside a JSON string passes the filter. Default false: the spec speaks of any "response containing HTML
    /// or script content".
    pub fn html_in_json_passes(mut self, passes: bool) -> Self {
        self.settings.html_in_json_passes = passes;
        self
    }

    /// The status of "Response blocked". Default 502; kept within 200 and 599.
    pub fn blocked_status(mut self, status: u16) -> Self {
        self.settings.blocked_status = status.clamp(200, 599);
        self
    }

    /// Whether the rate limits hold. Default true: 6 roulette calls a minute and 10 calls a second.
    pub fn rate_limits(mut self, hold: bool) -> Self {
        self.settings.rate_limits = if hold { Settings::default().rate_limits } else { None };
        self
    }

    /// Other rate limits: roulette calls a minute, and calls a second. Zero counts as one.
    pub fn limit_to(mut self, roulette_per_minute: u32, calls_per_second: u32) -> Self {
        self.settings.rate_limits = Some(RateLimits {
            calls_per_second: calls_per_second.max(1),
            roulette_per_minute: roulette_per_minute.max(1),
        });
        self
    }

    /// Whether a 429 has a page of HTML for a body, as nginx has it by default, or JSON. Default true.
    pub fn html_429(mut self, is_html: bool) -> Self {
        self.settings.html_429 = is_html;
        self
    }

    /// How long a session lives after its last message. A message with an older id begins a new one. Default 30 minutes.
    pub fn session_lives(mut self, span: Duration) -> Self {
        self.settings.session_lives = span;
        self
    }

    /// How many calls [`Sandbox::calls`] remembers. Default 1,000; the oldest go first.
    pub fn keep_calls(mut self, count: usize) -> Self {
        self.settings.keep_calls = count;
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
