//! How a sandbox is to be.

use std::net::Ipv4Addr;
use std::time::Duration;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::sandbox::ServerOptions;

use super::Sandbox;
use super::house::Opponent;
use super::settings::{
    AfterWrongEcho, ChatBudget, Compliance, Connections, HouseVotes, MalformedFrames, MetaDeltaRoom,
    MintAnswer, Rejoin, Settings, UserIds, VoteAnswer,
};

/// The most ready-made agents.
pub(super) const MAX_AGENTS: usize = 5_000;

/// Builds a [`Sandbox`]: [`Sandbox::builder`].
///
/// Everything has a default. Four settings are what a bot's first tests want: [`speed`](Self::speed), [`seed`](Self::seed), who
/// plays ([`house`](Self::house), [`no_house`](Self::no_house)) and whether there is a compliance check
/// ([`compliance`](Self::compliance)). The others are for trying a bot under other readings of the spec and against a server
/// that misbehaves.
///
/// ```no_run
/// use botornot_sdk::Client;
/// use botornot_sdk::player::Persona;
/// use botornot_sdk::sandbox::{Opponent, Sandbox};
///
/// # async fn example() -> botornot_sdk::Result<()> {
/// // Four minutes in four seconds, against a hard agent, the same each time.
/// let sandbox = Sandbox::builder().speed(60.0).seed(7).house([Opponent::HardAgent]).start().await?;
/// let client = Client::builder(sandbox.token(0)?).url(sandbox.url()).build()?;
/// // The player is told of the speed, too, so that its pace is a person's in the match's own time.
/// let summary = client.play(Persona::new(7)).matches(1).speed(60.0).seed(7).run().await?;
/// println!("{summary}");
/// sandbox.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// Spans are of the sandbox's clock: with speed 60 a match of four minutes takes four seconds, and the `ends_at` and
/// `duration_sec` that a client reads are those four seconds.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct SandboxBuilder {
    pub(super) settings: Settings,
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) server: ServerOptions,
    pub(super) agents: usize,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            seed: 0,
            clock: Clock::real(),
            server: ServerOptions::new(),
            agents: 4,
        }
    }
}

impl SandboxBuilder {
    // ---- the whole

    /// The seed of everything that looks random: ids, tokens, the house. Default 0. Two sandboxes with the same seed that are
    /// asked the same at the same times give the same matches.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many times as fast matches run. Default 1: four minutes are four minutes. Replaces [`clock`](Self::clock). The chat
    /// budget and the house scale along; heartbeats do not. Give a player the same factor:
    /// [`Play::speed`](crate::player::Play::speed).
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

    /// How many ready-made agents there are, at most 5,000: [`Sandbox::agents`]. Default 4.
    pub fn agents(mut self, count: usize) -> Self {
        self.agents = count.min(MAX_AGENTS);
        self
    }

    /// How many finished matches are remembered. Default 1,000, at least 1; the oldest go first.
    pub fn keep_matches(mut self, count: usize) -> Self {
        self.settings.keep_matches = count.max(1);
        self
    }

    // ---- who plays

    /// Which kinds of house opponents play; each match draws one of them. Default: [all](Opponent::ALL).
    pub fn house(mut self, opponents: impl IntoIterator<Item = Opponent>) -> Self {
        self.settings.house = opponents.into_iter().collect();
        self
    }

    /// No house: two clients have to meet.
    pub fn no_house(self) -> Self {
        self.house([])
    }

    /// How long somebody waits for another client before the house sits down. Default 3 s.
    pub fn house_wait(mut self, wait: Duration) -> Self {
        self.settings.house_wait = wait;
        self
    }

    /// Whether house opponents talk. Default true.
    pub fn house_chats(mut self, chats: bool) -> Self {
        self.settings.house_chats = chats;
        self
    }

    /// When house opponents vote. Default: each in its own time.
    pub fn house_votes(mut self, when: HouseVotes) -> Self {
        self.settings.house_votes = when;
        self
    }

    /// Whether clients who wait at the same time play each other. Default true; otherwise each plays the house.
    pub fn clients_meet(mut self, meet: bool) -> Self {
        self.settings.clients_meet = meet;
        self
    }

    // ---- matches

    /// How long a match is. Default 240 s, as in the spec; at least 1 ms.
    pub fn match_length(mut self, length: Duration) -> Self {
        self.settings.match_length = length.max(Duration::from_millis(1));
        self
    }

    /// How long a match waits for both to come into its room; then it ends, and was no contest. Default 30 s.
    pub fn join_within(mut self, span: Duration) -> Self {
        self.settings.join_within = span;
        self
    }

    /// Whether `match:started` comes again, with the same `ends_at`, when a new connection joins a match that runs. Default
    /// true.
    pub fn started_on_resume(mut self, is_sent: bool) -> Self {
        self.settings.started_on_resume = is_sent;
        self
    }

    /// Whether `match:found` is pushed again after the reply `already_active`. Default false: the spec says not to rely on it.
    pub fn found_again_on_resume(mut self, is_sent: bool) -> Self {
        self.settings.found_again_on_resume = is_sent;
        self
    }

    /// Whether `match:started` has a field `match_id`, which some servers send and the spec does not know. Default false.
    pub fn started_names_match(mut self, is_named: bool) -> Self {
        self.settings.started_names_match = is_named;
        self
    }

    /// Whether `match:found` has the optional field `source`: `queue` or `test`. Default false.
    pub fn tell_source(mut self, is_told: bool) -> Self {
        self.settings.tell_source = is_told;
        self
    }

    /// The pause before each turn of a test match, and before its vote. Default 2 s.
    pub fn test_turn_gap(mut self, gap: Duration) -> Self {
        self.settings.test_turn_gap = gap;
        self
    }

    // ---- talking

    /// Whether who says something in a match hears it, too. Default true.
    pub fn echo_chat(mut self, is_echoed: bool) -> Self {
        self.settings.echo_chat = is_echoed;
        self
    }

    /// The word for oneself in `from` and `voted_by`, which the spec does not show. Default `self`.
    pub fn own_from(mut self, word: impl Into<String>) -> Self {
        self.settings.own_from = word.into();
        self
    }

    /// Whether chat, typing and a right echo in a compliance room are answered with the status `ok`. Default true. The spec shows
    /// it for direct rooms alone, where it is always sent.
    pub fn acknowledge(mut self, is_answered: bool) -> Self {
        self.settings.acknowledge = is_answered;
        self
    }

    /// Whether `chat:typing` reaches the opponent. Default true. The spec lists it for the other direction alone.
    pub fn relay_typing(mut self, is_relayed: bool) -> Self {
        self.settings.relay_typing = is_relayed;
        self
    }

    /// The longest text, in characters; a longer one is `:message_too_long`. Default 500: the spec states no number.
    pub fn max_chat_chars(mut self, chars: usize) -> Self {
        self.settings.max_chat_chars = chars;
        self
    }

    /// The chat budget. Default: a burst of 3, and one more each second, as in the spec.
    pub fn chat_rate(mut self, burst: u32, refill_every: Duration) -> Self {
        self.settings.chat_burst = burst;
        self.settings.chat_refill = refill_every;
        self
    }

    /// Whom the chat budget belongs to. Default: to a user in a room.
    pub fn chat_budget(mut self, budget: ChatBudget) -> Self {
        self.settings.chat_budget = budget;
        self
    }

    // ---- voting

    /// Whether the first vote locks the chat (`chat_locked` is true, and a text is `:chat_closed`). Default false: the spec says
    /// that it stays open. The protocol's first version locked it.
    pub fn lock_chat_on_vote(mut self, locks: bool) -> Self {
        self.settings.lock_chat_on_vote = locks;
        self
    }

    /// Whether `voted_by` is a list. Default false: one word, as in the spec.
    pub fn voted_by_list(mut self, is_list: bool) -> Self {
        self.settings.voted_by_list = is_list;
        self
    }

    /// Whether who voted first hears `vote:phase`, too, with `must_vote` false. Default true.
    pub fn vote_phase_to_voter(mut self, is_sent: bool) -> Self {
        self.settings.vote_phase_to_voter = is_sent;
        self
    }

    /// How a vote is confirmed. Default: by a reply and by `vote:ack`.
    pub fn vote_answer(mut self, answer: VoteAnswer) -> Self {
        self.settings.vote_answer = answer;
        self
    }

    /// Votes before are `:vote_not_open` in ordinary matches, too. Default none.
    pub fn votes_open_after(mut self, span: Duration) -> Self {
        self.settings.votes_open_after = span;
        self
    }

    /// Whether agents may vote; otherwise every vote is `:agent_cannot_vote`. Default true.
    pub fn agents_may_vote(mut self, may: bool) -> Self {
        self.settings.agents_may_vote = may;
        self
    }

    // ---- the compliance check

    /// When the check is asked for. Default: by `room:sync`, when the lobby is joined.
    pub fn compliance(mut self, when: Compliance) -> Self {
        self.settings.compliance = when;
        self
    }

    /// Whether an account that comes back after all its connections were gone is checked again. Default true.
    pub fn compliance_per_connection(mut self, is_checked: bool) -> Self {
        self.settings.compliance_per_connection = is_checked;
        self
    }

    /// After so many matches of an account it is checked again. Default 0: it is not.
    pub fn compliance_every(mut self, matches: u32) -> Self {
        self.settings.compliance_every = matches;
        self
    }

    /// What follows a wrong echo. Default: a new token.
    pub fn after_wrong_echo(mut self, what: AfterWrongEcho) -> Self {
        self.settings.after_wrong_echo = what;
        self
    }

    /// So many right echoes of each check are refused with `:invalid_probe_token`, before one is taken. Default 0.
    pub fn refused_echoes(mut self, count: u32) -> Self {
        self.settings.refused_echoes = count;
        self
    }

    /// So many challenges follow the first at once, each with a newer token: only the newest is good. Default 0, at most 16.
    pub fn probe_rotations(mut self, count: u32) -> Self {
        self.settings.probe_rotations = count.min(16);
        self
    }

    /// How long a token is good; then another one is pushed. Default: for ever. At least 1 ms.
    pub fn probe_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.probe_lifetime = Some(lifetime.max(Duration::from_millis(1)));
        self
    }

    /// Whether the opaque room begins with a message that has no `probe_token`. Default false.
    pub fn compliance_small_talk(mut self, is_said: bool) -> Self {
        self.settings.compliance_small_talk = is_said;
        self
    }

    /// Whether joining the opaque room twice on one connection brings a second challenge, with a new token. Default false.
    pub fn challenge_on_rejoin(mut self, is_sent: bool) -> Self {
        self.settings.challenge_on_rejoin = is_sent;
        self
    }

    // ---- connections and delivery

    /// How many connections a token may have. Default: any number.
    pub fn connections(mut self, rule: Connections) -> Self {
        self.settings.connections = rule;
        self
    }

    /// What joining a room twice is answered. Default: `joined`.
    pub fn rejoin(mut self, answer: Rejoin) -> Self {
        self.settings.rejoin = answer;
        self
    }

    /// What a frame is answered in which no request can be made out. Default: nothing.
    pub fn malformed_frames(mut self, answer: MalformedFrames) -> Self {
        self.settings.malformed = answer;
        self
    }

    /// The machine's time that a connection may be silent before it is closed with code 1001, at least 1 ms. Default: for ever.
    /// The spec asks for a ping every 30 s, and states no limit.
    pub fn idle_timeout(mut self, span: Duration) -> Self {
        self.settings.idle_timeout = Some(span.max(Duration::from_millis(1)));
        self
    }

    /// Whether connections end, with close code 4001, when their token is revoked. Default true. The spec says only that it is
    /// refused at connection time.
    pub fn close_on_revoke(mut self, closes: bool) -> Self {
        self.settings.close_on_revoke = closes;
        self
    }

    /// One push in so many, drawn by the seed, is sent twice. Default 0: none. 1 doubles every one.
    pub fn duplicate_pushes(mut self, one_in: u32) -> Self {
        self.settings.duplicate_one_in = one_in;
        self
    }

    /// One push in so many, drawn by the seed, lets the next one pass, or comes 50 ms late when there is none. Default 0: none.
    pub fn reorder_pushes(mut self, one_in: u32) -> Self {
        self.settings.reorder_one_in = one_in;
        self
    }

    /// One `joined`, `reply` or `error` in so many, drawn by the seed, is lost: the request was obeyed or refused all the same.
    /// Default 0: none.
    pub fn lose_answers(mut self, one_in: u32) -> Self {
        self.settings.lose_one_in = one_in;
        self
    }

    // ---- what else may vary

    /// How `meta.user_id` is written. Default: as a number.
    pub fn user_ids(mut self, form: UserIds) -> Self {
        self.settings.user_ids = form;
        self
    }

    /// Where `meta:delta` is pushed. Default: in the match's room.
    pub fn meta_delta_room(mut self, room: MetaDeltaRoom) -> Self {
        self.settings.meta_delta_room = room;
        self
    }

    /// Whether `leaderboard:state` is pushed to both after a rated match, not only when the lobby is joined. Default true.
    pub fn leaderboard_after_match(mut self, is_pushed: bool) -> Self {
        self.settings.leaderboard_after_match = is_pushed;
        self
    }

    /// What a minted token comes in. Default: `{"token":"…"}`.
    pub fn mint_answer(mut self, shape: MintAnswer) -> Self {
        self.settings.mint_answer = shape;
        self
    }

    /// Opens the port and begins. It needs a tokio runtime with its I/O and time drivers, and goes on until it is dropped.
    ///
    /// # Errors
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when the port cannot be had.
    pub async fn start(self) -> Result<Sandbox> {
        Sandbox::open(self).await
    }
}
