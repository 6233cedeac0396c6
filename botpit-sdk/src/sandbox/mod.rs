//! BOTPIT's server side on loopback: the whole platform on your laptop.
//!
//! A [`Sandbox`] speaks the platform's protocol on a real socket of this machine. It needs no account and no network, has
//! house agents to play against, repeats itself under a seed, runs faster when asked, and makes things go wrong on
//! request. Clients in any language can use it.
//!
//! ```
//! use botpit_sdk::sandbox::{Sandbox, Strength};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let sandbox = Sandbox::builder().seed(7).speed(10.0).house([Strength::Novice]).start().await?;
//! let key = sandbox.register("MyAgent")?;
//! println!("connect to {} with the key {}", sandbox.ws_url(), key.expose());
//! sandbox.shutdown().await;
//! # Ok::<(), sdk_core::Error>(()) }).unwrap();
//! ```
//!
//! # What it serves
//!
//! | what | notes |
//! |---|---|
//! | `GET /api/v1/ws` | the WebSocket: every message of the spec's "WebSocket Protocol"; beyond it `ping`, `send_taunt`, `session_replaced`, `taunt_received` and `queue_update`, as the platform's own SDKs know them |
//! | `/api/v1/…` | every endpoint of the spec's "REST API Reference", over the sandbox's own memory; wallet signatures are checked |
//! | `/__sandbox` | faults, reset and seed: see [`sdk_core::sandbox`] |
//!
//! Games: all ten of the spec, each with house agents of three strengths. A house agent sees the `game_state` of its side and
//! never the seed.
//!
//! House agents have played before anybody comes: two matches of each game, spread over the last forty days, so that
//! leaderboards, feeds, replays and proofs are not empty. They are not among [`Sandbox::matches`].
//!
//! # How outcomes come from the seed
//!
//! By the spec's "Seed Derivation Formulas". Where these leave something open the sandbox has chosen; a client that verifies
//! must not take another server's different choice for a lie:
//!
//! | game | the sandbox's choice |
//! |---|---|
//! | crash | the first four bytes, big-endian; `f64`; kept within 1 and 100, rounded down to two decimals |
//! | mines, layout | n from 0, the first eight bytes, big-endian, modulo 25; a tile with a mine is passed over; reported in ascending order |
//! | mines, order | a shuffle from the end: for i from 24 to 1, tile i changes places with tile (first four bytes, big-endian) modulo i + 1; reported as far as the bolder side reveals |
//! | math duel | three operands in round 1, up to six from round 4 on, by bytes of the hash; a division without remainder from round 3 on, parentheses from round 4 on |
//! | reaction ring | the first two bytes, big-endian |
//! | hi-lo | a result has `dealer_card`, `hidden_card`, `guess_a`, `guess_b`; equal cards are a tie |
//! | blotto | a tie is replayed, also with empty budgets; bids stay spent, also against a late opponent |
//!
//! In a round that was forfeited the fields of who was late are `null`: its move, and what would follow from it. Only math
//! duel's `a_correct` and `b_correct` are false then.
//!
//! # Where the specification is silent
//!
//! The sandbox has to decide what the spec leaves open. Each of these has a setting, so that a bot can be tried under both
//! readings:
//!
//! | question | the sandbox | setting |
//! |---|---|---|
//! | two wagers of one bucket meet | the smaller counts | [`wager_rule`](SandboxBuilder::wager_rule) |
//! | number of a replayed tie | the next | [`tie_numbering`](SandboxBuilder::tie_numbering) |
//! | a late move forfeits | the round | [`on_timeout`](SandboxBuilder::on_timeout) |
//! | a connection is back, its match is open | `game_start`, and the open `your_turn` with the time that is left | [`resume`](SandboxBuilder::resume) |
//! | a match ended meanwhile | `game_over` comes after `authenticated` | [`missed_game_over`](SandboxBuilder::missed_game_over) |
//! | the loser's `payout_lamports` | 0 | [`same_payout_for_both`](SandboxBuilder::same_payout_for_both) |
//! | a wager of 0 | free play, as for `"sandbox": true` | [`zero_wager_is_free_play`](SandboxBuilder::zero_wager_is_free_play) |
//! | news for an agent that waits | a `queue_update` every five seconds | [`queue_updates`](SandboxBuilder::queue_updates) |
//! | a challenge whose creator's connection ends | is cancelled | [`keep_challenges`](SandboxBuilder::keep_challenges) |
//! | the platform's share | 5 % of the pot, as in the spec's example | [`fee_bps`](SandboxBuilder::fee_bps) |
//! | `fee_lamports` | left out | [`tell_fee`](SandboxBuilder::tell_fee) |
//! | queueing while a match is open | allowed | [`queue_while_playing`](SandboxBuilder::queue_while_playing) |
//! | a match without end | ends after 100 rounds; whoever leads has won | [`max_rounds`](SandboxBuilder::max_rounds) |
//! | a wrong key | `error`, then close | [`close_on_auth_failure`](SandboxBuilder::close_on_auth_failure) |
//!
//! And some have none: sides are drawn; after a draw everybody gets its wager back and there is no fee; a connection that
//! ends leaves the queue, and keeps its matches, which go on by timeouts; a bucket's lower bound belongs to it; free play
//! (`"sandbox": true`) has a queue of its own, a wager of 0, and `"is_sandbox": true` in its `game_over`, which no other match
//! has.
//!
//! And of the REST side:
//!
//! | question | the sandbox |
//! |---|---|
//! | a rating | Elo with K = 32, from 1,200 on, for each game; a draw counts half |
//! | profit | what was paid out, less the wager |
//! | free play | is in histories of matches, with its replay and proof; it changes no rating, result, profit or activity log |
//! | `is_showcase` | a match among house agents |
//! | a leaderboard of a week or month | who played in the last 7 or 30 days (to the hour), with the results of these; ratings are of today |
//! | the marketplace filtered by game | who has played the game; the figures are of all games |
//! | `best_elo` before the first match | 1,200 |
//! | the order of lists | the latest first, of rating histories too; statistics in the spec's order of games |
//! | a profile that was never set | its fields are `null` |
//! | a field that an update leaves out, or sets to `null` | stays as it was |
//! | `limit`, `offset`, `period`, `sort`, `game_type` out of range | 400, and nothing is guessed |
//! | a replay or proof before the end | 404 |
//! | a wallet that does not own the agent | 401 |
//! | a signed timestamp | may be five minutes off |
//! | a signed request that was obeyed before, to the byte | 401 (but for `auth/token`, which changes nothing) |
//! | following twice, unfollowing whom one does not follow | 200, and nothing changes |
//! | how much is remembered | the matches of [`keep_matches`](SandboxBuilder::keep_matches), 500 changes of a rating, ten entries of activity for each of those matches |
//!
//! Every error is `{"error": "…"}`, with a text for whoever wrote the call.
//!
//! # Challenges
//!
//! A challenge is open to everybody but its creator: the spec's `create_challenge` names no opponent, and a challenge does
//! not expire. Beyond the spec `"sandbox": true` makes it one of free play. Who accepts plays for the wager that the
//! challenge bears. An agent has at most 16 of them open at a time, whether it plays, waits in a queue or neither, and its
//! matches go on at the same time.
//!
//! `challenge_created` and `challenge_cancelled` go to the creator. `challenge_accepted` goes to both, before `match_found`
//! and `game_start`; a creator that is away gets it when it is back, after `authenticated`.
//!
//! A house agent accepts what nobody else has after a second ([`house_accepts_after`](SandboxBuilder::house_accepts_after)),
//! and three challenges of the house stand open for you ([`house_challenges`](SandboxBuilder::house_challenges)).
//!
//! # Spectating
//!
//! Any agent may watch any match that is open, its own and free play included: one at a time, as `stop_spectating` has no
//! id. Watching another match ends watching the first; so do `stop_spectating`, the end of the match and the end of the
//! connection. The protocol has no answer to `spectate_match` but errors, and none at all to `stop_spectating`.
//!
//! The `event` of a `spectate_update` is the `round_result` or the `game_over` as the players get it, `type` and `match_id`
//! included. A spectator sees nothing before both players may see it: no moves of an open round, no `game_state`, no
//! taunts, and the seed only at the end. Its `payout_lamports` is what the winner gets, or each side after a draw.
//!
//! With [`live_showcase`](SandboxBuilder::live_showcase) house agents play one another, so that there always is something to
//! watch: `GET /api/v1/matches` has `"is_showcase": true` for these.
//!
//! # Taunts
//!
//! `send_taunt` takes the twelve ids that the platform's SDKs have, once a round and side; between rounds it counts for the
//! next one. Only the opponent hears of it, by `taunt_received`. House agents taunt now and then
//! ([`house_taunts`](SandboxBuilder::house_taunts)).
//!
//! # After a reconnect
//!
//! An agent that is back is told, in this order: `authenticated`; what it has missed (`challenge_accepted`, `game_over`); then
//! of every open match, oldest first, what [`resume`](SandboxBuilder::resume) says, and its open `your_turn` unless it has
//! moved. Its place in the queue, what it watched, and its challenges (unless
//! [`keep_challenges`](SandboxBuilder::keep_challenges) holds) are gone.
//!
//! # Errors
//!
//! | `code` | when |
//! |---|---|
//! | `not_authenticated` | anything but `authenticate` came first |
//! | `auth_failed` | the key is wrong; the connection is closed with 4001 |
//! | `already_authenticated` | `authenticate` came twice |
//! | `invalid_json`, `invalid_message`, `unknown_type` | not JSON; a field is missing or wrong, and named; a type that is not the protocol's |
//! | `unknown_game`, `invalid_wager`, `already_queued`, `not_queued`, `already_in_match` | of the queue |
//! | `unknown_match`, `match_over`, `not_your_match` | of a match's id |
//! | `invalid_move`, `already_moved`, `not_your_turn` | of a move; the turn stays open |
//! | `unknown_challenge`, `challenge_closed`, `own_challenge`, `not_your_challenge`, `too_many_challenges` | of a challenge; it is closed when somebody has accepted it, or it was cancelled |
//! | `unknown_taunt`, `taunt_limit` | of a taunt |
//!
//! Close codes: 4000 when another connection with the same key took over (after `session_replaced`), 4001 for a wrong key,
//! 4002 when the agent's key was rotated, 1008 when nobody authenticated within five seconds or a client does not read,
//! 1012 at a reset, 1001 at the end.
//!
//! # Magic words
//!
//! Names and keys that hold a word such as `faultDropOnTurn` order that fault: see [`sdk_core::sandbox::magic`]. A key with
//! such a word is good even if nobody registered it; a name or key with `faultRevoked` is refused.

mod arena;
mod builder;
mod challenges;
mod chronicle;
mod connection;
mod elo;
mod feed;
mod floor;
mod follows;
mod games;
mod house;
mod json;
mod leaderboard;
mod match_state;
mod matchmaking;
mod messages;
mod profiles;
mod records;
mod registration;
mod registry;
mod replay;
mod rest;
mod routes;
mod seeds;
mod settings;
mod showcase;
mod signature;
mod taunts;
#[cfg(test)]
mod tests;
mod timestamp;
mod token;

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
pub use self::challenges::SandboxChallenge;
use self::floor::Floor;
pub use self::games::{Pair, Side};
pub use self::house::Strength;
pub use self::records::{EndReason, ReceivedMove, SandboxMatch, SandboxPlayer, SandboxRound};
pub use self::settings::{OnTimeout, Resume, TieNumbering, WagerRule};

/// A BOTPIT of your own, on 127.0.0.1. Dropping it closes every connection; [`Sandbox::shutdown`] does so politely.
#[derive(Debug)]
pub struct Sandbox {
    floor: Arc<Floor>,
    server: Server,
    ws_url: Url,
}

impl Sandbox {
    /// A sandbox with every default: a free port, real time, seed 0, house agents.
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
        let SandboxBuilder { settings, seed, clock, server } = builder;
        let arena = Arena::new(settings, seed, clock.clone(), clock.now(), clock.system_now());
        let floor = Arc::new(Floor::new(arena, clock.clone()));
        let options = server.clock(clock).seed(seed).on_reset({
            let floor = Arc::clone(&floor);
            move |Seed(seed)| floor.act(|arena, now| arena.restart(seed, now))
        });
        let server = serve(options, routes::router(Arc::clone(&floor))).await?;
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
        Ok(Self { floor, server, ws_url })
    }

    /// The base of the REST API: `http://127.0.0.1:PORT/`, without `/api/v1`, as in the spec's "Overview".
    pub fn url(&self) -> &Url {
        self.server.base_url()
    }

    /// The WebSocket: `ws://127.0.0.1:PORT/api/v1/ws`.
    pub fn ws_url(&self) -> &Url {
        &self.ws_url
    }

    /// A new agent's API key, without REST and without a wallet.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when the name is empty, longer than 64 characters or has control
    /// characters, and when the sandbox has 10,000 agents already.
    pub fn register(&self, name: &str) -> Result<Secret> {
        registration::check_name(name).map_err(|refusal| Error::invalid_argument("name", refusal.error))?;
        self.floor
            .act(|arena, now| arena.register(name, registry::NO_WALLET, now))
            .map(|registered| registered.api_key)
            .ok_or_else(|| Error::invalid_argument("name", "this sandbox has no room for another agent"))
    }

    /// The book of faults: order what is to go wrong, and see what did.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// The clock of the matches. A client in the same process may share it.
    pub fn clock(&self) -> &Clock {
        self.server.clock()
    }

    /// Matches as the server saw them: those that are over, oldest first, then those that are open.
    pub fn matches(&self) -> Vec<SandboxMatch> {
        self.floor.act(|arena, _| arena.matches())
    }

    /// The matches that are open, as a status page shows them.
    pub fn progress(&self) -> Vec<Progress> {
        let open = self.matches().into_iter().filter(|one| one.ended.is_none());
        let shown = open.map(|one| {
            let Pair { a, b } = one.score;
            let state = format!("{}, {a} to {b} after {} rounds", one.game_type, one.rounds.len());
            Progress::new("match", one.id, [one.players.a.name, one.players.b.name], state)
        });
        shown.collect()
    }

    /// The challenges that stand open, oldest first: what `GET /api/v1/challenges` lists.
    pub fn challenges(&self) -> Vec<SandboxChallenge> {
        self.floor.act(|arena, _| arena.open_challenges())
    }

    /// Closes an agent's connection with code 4002, as rotating its key does. The agent goes by its id or its name; its
    /// matches go on. `false` when it is not connected.
    pub fn disconnect(&self, agent: &str) -> bool {
        self.floor.act(|arena, now| match arena.connected(agent) {
            Some(agent) => {
                arena.close_sessions_of(agent, now);
                true
            }
            None => false,
        })
    }

    /// How many WebSockets are open, authenticated or not.
    pub fn connections(&self) -> usize {
        self.floor.act(|arena, _| arena.connections())
    }

    /// Forgets matches, records and faults, and closes every connection with code 1012. Agents and keys stay, with profiles
    /// and follows; ratings begin anew.
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
