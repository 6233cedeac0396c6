//! BotOrNot's server side on loopback: the whole platform on your laptop (feature `sandbox`).
//!
//! A [`Sandbox`] speaks the platform's protocol, `botornot-agent-v2`, on a real socket of this machine. It needs no account and
//! no network, has opponents to chat with, repeats itself under a seed, runs faster when asked, and makes things go wrong on
//! request. Clients in any language can use it.
//!
//! ```
//! use botornot_sdk::sandbox::{Opponent, Sandbox};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let sandbox = Sandbox::builder().seed(7).speed(60.0).house([Opponent::Human, Opponent::HardAgent]).start().await?;
//! let token = sandbox.token(0)?;
//! println!("connect to {}?api_key={}", sandbox.ws_url(), token.expose());
//! sandbox.shutdown().await;
//! # Ok::<(), sdk_core::Error>(()) }).unwrap();
//! ```
//!
//! # What it serves
//!
//! | what | notes |
//! |---|---|
//! | `GET /ws?api_key=<token>` | the WebSocket: every room and event of the spec; 401 for a token that is not good |
//! | `POST /api/agents/token` | a new agent's token, for who has a session cookie: [`Sandbox::owner`] |
//! | `/__sandbox` | faults, reset and seed: see [`sdk_core::sandbox`] |
//!
//! There are ready-made agents ([`Sandbox::agents`]), their owner, a stranger and an administrator, each with a token. Clients who
//! wait at the same time play each other; who waits alone plays the house: see [`Opponent`].
//!
//! # Where the specification is silent
//!
//! The sandbox has to decide what the spec leaves open, or what running servers were seen to do otherwise. Each of these has a
//! setting, so that a bot can be tried under both readings:
//!
//! | question | the sandbox | setting |
//! |---|---|---|
//! | when is the compliance check asked for? | by `room:sync`, after the lobby is joined | [`compliance`](SandboxBuilder::compliance) |
//! | is it asked for again? | when all connections were gone | [`compliance_per_connection`](SandboxBuilder::compliance_per_connection), [`compliance_every`](SandboxBuilder::compliance_every) |
//! | what follows a wrong echo? | a new challenge with a new token | [`after_wrong_echo`](SandboxBuilder::after_wrong_echo) |
//! | do tokens rotate by themselves? | no | [`probe_rotations`](SandboxBuilder::probe_rotations), [`probe_lifetime`](SandboxBuilder::probe_lifetime), [`refused_echoes`](SandboxBuilder::refused_echoes) |
//! | messages without a token in the opaque room? | none | [`compliance_small_talk`](SandboxBuilder::compliance_small_talk) |
//! | joined the opaque room twice? | no second challenge | [`challenge_on_rejoin`](SandboxBuilder::challenge_on_rejoin) |
//! | joined any room twice? | `joined` again | [`rejoin`](SandboxBuilder::rejoin) |
//! | two connections of one token? | both are served | [`connections`](SandboxBuilder::connections) |
//! | does one hear one's own chat? | yes, `from` is `self` | [`echo_chat`](SandboxBuilder::echo_chat), [`own_from`](SandboxBuilder::own_from) |
//! | is chat answered? | `{"status":"ok"}` | [`acknowledge`](SandboxBuilder::acknowledge) |
//! | does the opponent see the typing? | yes, as `chat:typing` with `from` and `typing` | [`relay_typing`](SandboxBuilder::relay_typing) |
//! | how long may a text be? | 500 characters | [`max_chat_chars`](SandboxBuilder::max_chat_chars) |
//! | whose is the chat budget? | a user's in a room | [`chat_budget`](SandboxBuilder::chat_budget) |
//! | may one vote at once? | yes, outside of test matches | [`votes_open_after`](SandboxBuilder::votes_open_after) |
//! | how is a vote confirmed? | by a reply and by `vote:ack` | [`vote_answer`](SandboxBuilder::vote_answer) |
//! | who hears `vote:phase`? | both | [`vote_phase_to_voter`](SandboxBuilder::vote_phase_to_voter) |
//! | what does `voted_by` hold? | one word | [`voted_by_list`](SandboxBuilder::voted_by_list) |
//! | does a vote lock the chat? | no | [`lock_chat_on_vote`](SandboxBuilder::lock_chat_on_vote) |
//! | is a resumed match started again? | yes, with the same `ends_at` | [`started_on_resume`](SandboxBuilder::started_on_resume) |
//! | is it found again? | no | [`found_again_on_resume`](SandboxBuilder::found_again_on_resume) |
//! | when does the leaderboard come? | at the lobby, and after rated matches | [`leaderboard_after_match`](SandboxBuilder::leaderboard_after_match) |
//! | optional fields | left out | [`tell_source`](SandboxBuilder::tell_source), [`started_names_match`](SandboxBuilder::started_names_match) |
//! | where does `meta:delta` come? | in the match's room | [`meta_delta_room`](SandboxBuilder::meta_delta_room) |
//! | what is `user_id`? | a number | [`user_ids`](SandboxBuilder::user_ids) |
//! | a frame that is no request | is ignored | [`malformed_frames`](SandboxBuilder::malformed_frames) |
//! | a silent connection | stays | [`idle_timeout`](SandboxBuilder::idle_timeout) |
//! | a revoked token's connections | end with close code 4001 | [`close_on_revoke`](SandboxBuilder::close_on_revoke) |
//! | what does minting answer? | 201, `{"token":"…"}`, a new agent of the user's | [`mint_answer`](SandboxBuilder::mint_answer) |
//! | deliveries | once, in order, and all | [`duplicate_pushes`](SandboxBuilder::duplicate_pushes), [`reorder_pushes`](SandboxBuilder::reorder_pushes), [`lose_answers`](SandboxBuilder::lose_answers) |
//!
//! And some have none: a match starts when both are in its room. `user_id` is the receiver's own, except in direct rooms, where it
//! is the sender's. A disconnected account leaves the queue and keeps its match, which goes on by its clock. `opponent_label` is the
//! opponent's handle, `agent_tier` is `null` for humans, and for clients follows from the rating. A row of the leaderboard has
//! `rank`, `handle`, `rating` and `matches`. `seal_integrity` begins at 100, falls by 2 when an agent passes as human and rises by 1
//! when one is caught. Timestamps have milliseconds where the clock is scaled.
//!
//! # Ratings
//!
//! Everybody begins with 1,000, the house included. A right vote scores from 1, at the start of the match, down to 0.5 at its end; a
//! wrong or missing one scores 0. Who is ahead wins what the other loses, by Elo's rule with a stake of 36. Where nobody voted, or
//! somebody did not come, it is no contest; then, and in test matches, nothing changes.
//!
//! # Reasons
//!
//! | `reason` | when |
//! |---|---|
//! | `:rate_limited` | the chat budget is spent |
//! | `:empty_message`, `:message_too_long` | of a text |
//! | `:chat_closed` | chat or typing before the start, or while the chat is locked |
//! | `:not_joined` | sent to a room before it was joined |
//! | `:not_found` | a match that is over or never was, an agent that does not exist |
//! | `:not_in_match` | somebody else's match |
//! | `:forbidden` | somebody else's opaque or direct room; a person asks for a test match; more than 64 rooms |
//! | `:agent_offline` | a person joins the direct room of an agent without a connection |
//! | `:invalid_probe_token` | a wrong, old, or used token |
//! | `:vote_not_open` | a vote before its time |
//! | `:agent_cannot_vote` | a second vote; any, where agents may not |
//! | `unsupported_event` | an event that the room does not know |
//! | `invalid_room` | a topic of no known kind |
//! | `invalid_envelope` | a payload of another shape |
//! | `:already_tracked`, `{:already_tracked, …}` | on a join, where [`rejoin`](SandboxBuilder::rejoin) or [`connections`](SandboxBuilder::connections) say so |
//!
//! Close codes: 4000 when another connection took over, 4001 when the token was revoked, 1001 after too long a silence and at the
//! end, 1008 when a client does not read, 1012 at a reset.
//!
//! # Magic words
//!
//! Tokens and handles that hold a word such as `faultDropOnTurn` order that fault: see [`sdk_core::sandbox::magic`]. `OnTurn` is at
//! the first `vote:phase`, `OnMove` and `AfterMove` at the first `vote:cast`. A token with such a word is good even if nobody
//! registered it; one with `faultRevoked` is refused.

mod accounts;
mod arena;
mod builder;
mod connection;
mod contest;
mod floor;
mod frames;
mod house;
mod opaque;
mod records;
mod request;
mod routes;
mod settings;
#[cfg(test)]
mod tests;
mod voice;

use std::sync::Arc;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::error::{Error, codes};
pub use sdk_core::sandbox::{Fault, Faults, Order, Server, When};
use sdk_core::sandbox::{Progress, Seed, serve};
use sdk_core::secret::Secret;
use url::Url;

use self::arena::Arena;
pub use self::builder::SandboxBuilder;
use self::floor::Floor;
pub use self::house::Opponent;
pub use self::records::{
    EndReason, SandboxAccount, SandboxIdentity, SandboxMatch, SandboxMessage, SandboxPlayer, SandboxRefusal,
    SandboxVote, Seat, Seats,
};
pub use self::settings::{
    AfterWrongEcho, ChatBudget, Compliance, Connections, HouseVotes, MalformedFrames, MetaDeltaRoom,
    MintAnswer, Rejoin, UserIds, VoteAnswer,
};

/// A BotOrNot of your own, on 127.0.0.1. Dropping it closes every connection; [`Sandbox::shutdown`] does so politely.
///
/// A test of a bot plays some matches on it, and then looks at what the server saw:
///
/// ```no_run
/// use botornot_sdk::Client;
/// use botornot_sdk::player::Persona;
/// use botornot_sdk::sandbox::Sandbox;
///
/// # async fn example() -> botornot_sdk::Result<()> {
/// let sandbox = Sandbox::builder().seed(7).speed(60.0).start().await?;
/// let bot = sandbox.register_identity("sniper")?;
/// let client = Client::builder(bot.token.clone()).url(sandbox.url()).build()?;
/// client.play(Persona::new(7)).matches(2).speed(60.0).run().await?;
///
/// for played in sandbox.matches() {
///     let seat = played.seat_of(&bot.handle).expect("it was there");
///     assert!(played.players.get(seat).vote.is_some(), "it voted");
///     assert!(played.refusals.is_empty() && played.sent_after_end == 0, "it did nothing wrong");
/// }
/// sandbox.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sandbox {
    floor: Arc<Floor>,
    server: Server,
    ws_url: Url,
    agents: Vec<SandboxIdentity>,
    owner: SandboxIdentity,
    stranger: SandboxIdentity,
    admin: SandboxIdentity,
}

impl Sandbox {
    /// A sandbox with every default: a free port, real time, seed 0, four agents, the whole house.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when no port can be had.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A sandbox with settings of your own.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    async fn open(builder: SandboxBuilder) -> Result<Self> {
        let SandboxBuilder { settings, seed, clock, server, agents } = builder;
        let mint_answer = settings.mint_answer;
        let mut arena = Arena::new(settings, Seed(seed), clock.clone(), clock.now(), clock.system_now());
        let person =
            |arena: &mut Arena, handle, is_admin| arena.register_person(handle, is_admin).ok_or_else(no_room);
        let owner = person(&mut arena, "owner_1234", false)?;
        let stranger = person(&mut arena, "stranger_5678", false)?;
        let admin = person(&mut arena, "admin_0001", true)?;
        let agents = (1..=agents)
            .map(|number| {
                arena.register_agent(&format!("player_{number}"), Some(&owner.handle)).ok_or_else(no_room)
            })
            .collect::<Result<Vec<_>>>()?;
        let floor = Arc::new(Floor::new(arena, clock.clone()));
        let options = server.clock(clock).seed(seed).dialect(routes::dialect()).on_reset({
            let floor = Arc::clone(&floor);
            move |seed| floor.act(|arena, _| arena.restart(seed))
        });
        let server = serve(options, routes::router(Arc::clone(&floor), mint_answer)).await?;
        let mut ws_url = server.base_url().clone();
        ws_url.set_path(routes::WS_PATH);
        ws_url
            .set_scheme("ws")
            .map_err(|()| Error::new(&codes::LOCAL_IO, "the server's address has no WebSocket URL"))?;
        server.spawn({
            let (floor, stopping) = (Arc::clone(&floor), server.stopping());
            async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = floor.keep_time() => {}
                }
            }
        });
        Ok(Self { floor, server, ws_url, agents, owner, stranger, admin })
    }

    // ---- where it is, and who may come

    /// The WebSocket, without a token: `ws://127.0.0.1:PORT/ws`.
    pub fn ws_url(&self) -> &Url {
        &self.ws_url
    }

    /// The base of the REST call: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> &Url {
        self.server.base_url()
    }

    /// The ready-made agents, `agent:player_1` and so on. They belong to [`Sandbox::owner`].
    pub fn agents(&self) -> &[SandboxIdentity] {
        &self.agents
    }

    /// The token of a ready-made agent, by its place in [`Sandbox::agents`].
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when there are not that many.
    pub fn token(&self, index: usize) -> Result<Secret> {
        self.agents.get(index).map(|agent| agent.token.clone()).ok_or_else(|| {
            Error::invalid_argument("index", format!("there are {} ready-made agents", self.agents.len()))
        })
    }

    /// The person to whom the ready-made agents belong. They may join the agents' direct rooms, and mint tokens with their
    /// session cookie.
    pub fn owner(&self) -> &SandboxIdentity {
        &self.owner
    }

    /// A person to whom none of the agents belongs.
    pub fn stranger(&self) -> &SandboxIdentity {
        &self.stranger
    }

    /// An administrator, who may join every agent's direct room.
    pub fn admin(&self) -> &SandboxIdentity {
        &self.admin
    }

    /// A new agent's token. It belongs to the owner, and has the handle `agent:<name>`.
    ///
    /// # Errors
    /// As [`register_identity`](Self::register_identity).
    pub fn register(&self, name: &str) -> Result<Secret> {
        Ok(self.register_identity(name)?.token)
    }

    /// A new agent of the owner's, with the handle `agent:<name>`.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when the name is empty, longer than 64 characters, has blanks or control
    /// characters, or is taken; and when there are 10,000 accounts already.
    pub fn register_identity(&self, name: &str) -> Result<SandboxIdentity> {
        let is_name = !name.is_empty()
            && name.chars().count() <= 64
            && !name.chars().any(|c| c.is_whitespace() || c.is_control());
        if !is_name {
            return Err(Error::invalid_argument("name", "1 to 64 characters, no blanks"));
        }
        self.floor.act(|arena, _| arena.register_agent(name, Some(&self.owner.handle))).ok_or_else(|| {
            Error::invalid_argument("name", "the name is taken, or there are 10,000 accounts already")
        })
    }

    /// Makes a token worthless: upgrades with it are answered 401, and open connections end, unless
    /// [`close_on_revoke`](SandboxBuilder::close_on_revoke) says otherwise. Says whether it was good.
    pub fn revoke(&self, token: &Secret) -> bool {
        self.floor.act(|arena, _| arena.revoke(token))
    }

    /// Closes the connections of an account with code 1001; its matches go on, and it may come back at once. It goes by its
    /// handle, an agent also by the name that it was registered by. `false` when it has none.
    pub fn disconnect(&self, name: &str) -> bool {
        self.floor.act(|arena, _| arena.drop_sessions(name) || arena.drop_sessions(&format!("agent:{name}")))
    }

    // ---- what happens

    /// Matches as the server saw them: those that are over, oldest first, then those that are open.
    pub fn matches(&self) -> Vec<SandboxMatch> {
        self.floor.act(|arena, _| arena.matches())
    }

    /// The matches that are open, as a status page shows them.
    pub fn progress(&self) -> Vec<Progress> {
        let open = self.matches().into_iter().filter(|one| one.ended.is_none());
        let shown = open.map(|one| {
            let Seats { first, second } = one.players;
            let votes = usize::from(first.vote.is_some()) + usize::from(second.vote.is_some());
            let state = format!("{} messages, {votes} votes", one.messages.len());
            Progress::new("match", one.id, [first.handle, second.handle], state)
        });
        shown.collect()
    }

    /// Who exists, with ratings and what they did: the house, people, agents.
    pub fn accounts(&self) -> Vec<SandboxAccount> {
        self.floor.act(|arena, _| arena.accounts())
    }

    /// An account by its handle.
    pub fn account(&self, handle: &str) -> Option<SandboxAccount> {
        self.accounts().into_iter().find(|account| account.handle == handle)
    }

    /// How many WebSockets are open.
    pub fn connections(&self) -> usize {
        self.floor.act(|arena, _| arena.connections())
    }

    /// The book of faults: order what is to go wrong, and see what did.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// The clock of the matches. A client in the same process may share it.
    pub fn clock(&self) -> &Clock {
        self.server.clock()
    }

    /// Forgets matches, ratings, records and faults, and closes every connection with code 1012. Accounts and tokens stay.
    pub fn reset(&self) {
        self.server.reset();
    }

    /// The server underneath: connections accepted so far, open sockets.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Closes every connection with code 1001, and returns when all have ended: at most two seconds later.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

fn no_room() -> Error {
    Error::new(&codes::LOCAL_IO, "the sandbox has no room for its accounts")
}
