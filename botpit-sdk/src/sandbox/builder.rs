//! How a sandbox is to be.

use std::net::Ipv4Addr;
use std::time::Duration;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::sandbox::ServerOptions;

use super::Sandbox;
use super::challenges::MAX_OPEN;
use super::house::Strength;
use super::settings::{OnTimeout, Resume, Settings, TieNumbering, WagerRule};

/// Builds a [`Sandbox`]: [`Sandbox::builder`].
///
/// Everything has a default. Spans are of the sandbox's clock: with [`speed`](Self::speed) 10 they pass ten times as
/// fast, and the `timeout_ms` that a client reads is a tenth.
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
    /// The seed of everything that looks random: ids, keys, server seeds, house agents. Default 0. Two sandboxes with the
    /// same seed that are asked the same in the same order give the same matches.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How fast matches run: 10 makes a time of ten seconds for a move one second. Default 1. Replaces
    /// [`clock`](Self::clock).
    pub fn speed(self, speed: f64) -> Self {
        self.clock(Clock::scaled(speed))
    }

    /// The clock of the matches, to be shared with a client in the same process. Default [`Clock::real`].
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

    /// Which house agents play. Default: of every strength.
    pub fn house(mut self, strengths: impl IntoIterator<Item = Strength>) -> Self {
        self.settings.house = strengths.into_iter().collect();
        self
    }

    /// No house agents: two clients have to meet.
    pub fn no_house(self) -> Self {
        self.house([])
    }

    /// How long an agent waits for another before a house agent sits down. Default 250 ms.
    pub fn house_wait(mut self, wait: Duration) -> Self {
        self.settings.house_wait = wait;
        self
    }

    /// How long a house agent thinks about a move. Default 20 ms.
    pub fn house_thinks(mut self, span: Duration) -> Self {
        self.settings.house_thinks = span;
        self
    }

    /// How long a challenge stands in the lobby before a house agent accepts it; `None`: none ever does. Default 1 s.
    pub fn house_accepts_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.settings.house_accepts_after = wait.into();
        self
    }

    /// How many challenges of house agents stand in the lobby, at most 16. One that was accepted is followed by another.
    /// Default 3.
    pub fn house_challenges(mut self, count: usize) -> Self {
        self.settings.house_challenges = count.min(MAX_OPEN);
        self
    }

    /// Whether house agents taunt now and then: with about one move in 32. Default true.
    pub fn house_taunts(mut self, taunt: bool) -> Self {
        self.settings.house_taunts = taunt;
        self
    }

    /// Has house agents play one another, one match after the other with so long a round, for spectators to watch. Default
    /// `None`: they don't. [`Sandbox::matches`] has these matches too.
    pub fn live_showcase(mut self, round: impl Into<Option<Duration>>) -> Self {
        self.settings.live_showcase = round.into().map(|round| round.max(Duration::from_millis(1)));
        self
    }

    /// The machine's time that a connection has to authenticate before it is closed. Default 5 s.
    pub fn auth_within(mut self, span: Duration) -> Self {
        self.settings.auth_within = span;
        self
    }

    /// Whether a connection with a wrong key is closed after the `error`. Default true.
    pub fn close_on_auth_failure(mut self, closes: bool) -> Self {
        self.settings.close_on_auth_failure = closes;
        self
    }

    /// The time for a move, in all games, at least 1 ms. Default: each game's own (spec: "Game Types").
    pub fn turn_timeout(mut self, span: Duration) -> Self {
        self.settings.turn_timeout = Some(span.max(Duration::from_millis(1)));
        self
    }

    /// A pause before each round, in which it is nobody's turn. Default none.
    pub fn between_rounds(mut self, pause: Duration) -> Self {
        self.settings.between_rounds = pause;
        self
    }

    /// What a late move costs. Default: the round.
    pub fn on_timeout(mut self, rule: OnTimeout) -> Self {
        self.settings.on_timeout = rule;
        self
    }

    /// The number of the round after a tie. Default: the next.
    pub fn tie_numbering(mut self, rule: TieNumbering) -> Self {
        self.settings.tie_numbering = rule;
        self
    }

    /// Which wager counts when two differ. Default: the smaller.
    pub fn wager_rule(mut self, rule: WagerRule) -> Self {
        self.settings.wager_rule = rule;
        self
    }

    /// What an agent with an open match is told after it has connected again. Default: `game_start`, then the open turn.
    pub fn resume(mut self, rule: Resume) -> Self {
        self.settings.resume = rule;
        self
    }

    /// Whether an agent that was away when its match ended gets the `game_over` when it is back. Default true. The spec
    /// promises nothing of the kind.
    pub fn missed_game_over(mut self, is_sent: bool) -> Self {
        self.settings.missed_game_over = is_sent;
        self
    }

    /// Whether an agent may queue while it plays. Default true; otherwise `already_in_match`.
    pub fn queue_while_playing(mut self, is_allowed: bool) -> Self {
        self.settings.queue_while_playing = is_allowed;
        self
    }

    /// How often an agent in the queue gets a `queue_update`, at least 1 ms apart; `None`: never, as the spec does not know
    /// the message. Default 5 s.
    pub fn queue_updates(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.settings.queue_updates = every.into().map(|every| every.max(Duration::from_millis(1)));
        self
    }

    /// Whether a challenge stays open when its creator's connection ends. Default false: it is cancelled.
    pub fn keep_challenges(mut self, are_kept: bool) -> Self {
        self.settings.keep_challenges = are_kept;
        self
    }

    /// Whether a wager of 0 means free play, as the platform's own SDKs have it, or is below the smallest wager. Default
    /// true.
    pub fn zero_wager_is_free_play(mut self, is_free: bool) -> Self {
        self.settings.zero_wager_is_free_play = is_free;
        self
    }

    /// After so many rounds, ties included, a match ends; whoever leads has won. Default 100, at least 1.
    pub fn max_rounds(mut self, rounds: u32) -> Self {
        self.settings.max_rounds = rounds.max(1);
        self
    }

    /// The platform's fee, in hundredths of a percent of the pot, at most 10,000. Default 500: 5 %, as in the spec's
    /// example.
    pub fn fee_bps(mut self, bps: u16) -> Self {
        self.settings.fee_bps = bps.min(10_000);
        self
    }

    /// Whether `game_over` has a field `fee_lamports`, which some servers send and the spec does not know. Default false.
    pub fn tell_fee(mut self, is_told: bool) -> Self {
        self.settings.tell_fee = is_told;
        self
    }

    /// Whether the loser's `game_over` bears the winner's payout. Default false: it bears 0. The spec does not say.
    pub fn same_payout_for_both(mut self, is_same: bool) -> Self {
        self.settings.same_payout_for_both = is_same;
        self
    }

    /// How many finished matches are remembered. Default 1,000; the oldest go first.
    pub fn keep_matches(mut self, count: usize) -> Self {
        self.settings.keep_matches = count;
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
