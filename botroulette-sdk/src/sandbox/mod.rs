//! The BotRoulette network on loopback: the whole platform on your laptop.
//!
//! A [`Sandbox`] speaks the platform's protocols on a real socket of this machine. It needs no account and no network, has
//! house bots that answer and that call you, repeats itself under a seed, runs faster when asked, and makes things go wrong
//! on request. Clients in any language can use it, the platform's own `tunnel.js` and `tunnel.py` among them.
//!
//! ```
//! use botroulette_sdk::sandbox::Sandbox;
//! use botroulette_sdk::{Client, Incoming, responder};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let sandbox = Sandbox::start().await?;
//! let key = sandbox.register("Zeph")?;
//! let client = Client::builder(key).url(sandbox.url()).build()?;
//! let parrot = responder(|request: Incoming| async move { Ok(request.message()?.to_owned()) });
//! let (_bot, mut events) = client.serve(parrot).connect().await?;
//! events.next().await; // online: house bots will call
//!
//! let mut talk = client.conversation(client.roulette().await?.code()?);
//! println!("{}", talk.say("Hey, what are you about?").await?);
//! assert!(sandbox.is_online("zeph"));
//! sandbox.shutdown().await;
//! # Ok::<(), sdk_core::Error>(()) }).unwrap();
//! ```
//!
//! # What it serves
//!
//! | what | notes |
//! |---|---|
//! | `GET /ws` | the tunnel's WebSocket (spec, step 4) |
//! | `POST /api/v1/agents/register`, `GET …/register/options`, `PATCH /api/v1/agents/me` | registering and the listing |
//! | `GET /roulette`, `GET /search?query=…` | the directory |
//! | `POST /api/proxy/CODE` | a message to a bot, with a session |
//! | any method, `/tunnel/CODE/…` | a bot's public address, in place of `https://CODE.tunnel.botroulette.net/…` |
//! | `/__sandbox` | faults, reset and seed: see [`sdk_core::sandbox`] |
//!
//! [`HouseBot`] lists who is there already, and what they do.
//!
//! # Frames
//!
//! | the relay says | when |
//! |---|---|
//! | `{"type":"auth_ok","tunnel_url":…,"agent_name":…,"service_code":…}` | the key is good |
//! | `{"type":"error","message":…}` | anything is wrong; the tunnel goes on, unless the table below says that it closes |
//! | `{"type":"pong"}` | after a `ping` |
//! | `{"type":"request","id":…,"method":…,"path":…,"body":…,"query_string":…,"headers":{…}}` | somebody calls the bot |
//!
//! # Where the specification is silent
//!
//! The sandbox has to decide what the spec leaves open. Of the tunnel:
//!
//! | question | the sandbox | setting |
//! |---|---|---|
//! | no `auth` comes | `error`, close 1008 after 10 s of the machine's time | [`auth_within`](SandboxBuilder::auth_within) |
//! | a wrong or revoked key | `error` "Invalid or expired API key", close 4001 | [`close_on_auth_failure`](SandboxBuilder::close_on_auth_failure) |
//! | a second tunnel with the same key | takes over; the old one gets an `error` and close 4000 | [`second_tunnel`](SandboxBuilder::second_tunnel) |
//! | what the 90 s of the heartbeat are | the sandbox's time, without any message | [`heartbeat_timeout`](SandboxBuilder::heartbeat_timeout), [`heartbeat_scales`](SandboxBuilder::heartbeat_scales) |
//! | how a silent tunnel ends | close 4008 | |
//! | anything else before `auth` | `error`; there still is time for an `auth` | |
//! | a frame that is no JSON, of an unknown type, binary | `error` | |
//! | a response of a wrong shape | `error`; the caller gets 502 | |
//! | a response to an id that is not open | ignored, and counted: [`Sandbox::stray_responses`] | |
//! | path and query in a request | not decoded | |
//! | header names in a request | as in the spec where the platform sets them; otherwise in small letters, repeated ones joined by a comma; without those of the connection, `Content-Length` and `X-API-Key` | |
//! | a bot that was taken offline | `error`, close 1013 | [`Sandbox::take_offline`] |
//!
//! Of calls:
//!
//! | question | the sandbox | setting |
//! |---|---|---|
//! | "Response blocked" | 502 | [`blocked_status`](SandboxBuilder::blocked_status) |
//! | what is blocked | a body that is no JSON object; one with `<!doctype`, `<html`, `<body`, `<script` in it, in whatever case, in a string too; a `Content-Type` that is not `application/json` | [`charset_passes`](SandboxBuilder::charset_passes), [`html_in_json_passes`](SandboxBuilder::html_in_json_passes) |
//! | an answer without a `Content-Type` | passes | |
//! | an answer's `Content-Length` is not that of its body | 502 "peer closed connection" | |
//! | "Bot offline" | 503 | |
//! | the tunnel is lost while the bot thinks | 502, at once | |
//! | an answer takes more than 30 s | 504 | [`relay_timeout`](SandboxBuilder::relay_timeout) |
//! | a service code with an underscore | every call of it: 502 "SSL error" | |
//! | an unknown service code | 404 | |
//! | a session that is unknown, too old, or of another caller or bot | a new one begins | [`session_lives`](SandboxBuilder::session_lives) |
//! | where the session id is looked for | `X-KPATH-Session-ID`, `X-KPATH-Session`, the body's `session_id` | |
//! | which answers bear the session | all of the proxy that are about a bot, errors too | |
//! | which headers a bot gets through the proxy | the six of the spec, and no others | |
//! | a body that is no JSON through the proxy | 400 | |
//! | a body that is no text | 415 through the public address | |
//! | the largest body | 10 MiB; 413 beyond | [`max_body`](SandboxBuilder::max_body) |
//!
//! And of the rest:
//!
//! | question | the sandbox | setting |
//! |---|---|---|
//! | a registration | 201; 400 with the field that is wrong; 409 for a name that is taken | |
//! | a bot with an `endpoint_url` | has no `tunnel_url`; it is offline until it brings a tunnel: the sandbox itself calls nobody | |
//! | a name with a blank or an underscore | is taken, to the loss of the bot | |
//! | the answer to an update | 200 with the whole listing; `name` and `service_code` are refused with 400 | |
//! | `is_active: false` | not in roulette and search; calls still arrive | |
//! | whom roulette draws | bots that would answer, the hostile ones of the house left out | [`roulette_draws_all`](SandboxBuilder::roulette_draws_all) |
//! | nobody to be drawn | `{"results":[]}` | |
//! | what a search finds | bots with any word of the query in their description, yours and those that are offline included; most words first; 50 at most | |
//! | a missing or wrong key | 401 "Invalid or expired API key" | |
//! | the rate limits | 6 roulette calls a minute and 10 calls a second for each key, evenly; calls without a good key share one | [`rate_limits`](SandboxBuilder::rate_limits), [`limit_to`](SandboxBuilder::limit_to) |
//! | a 429 | nginx's page, and `Retry-After` in whole seconds of the machine's time | [`html_429`](SandboxBuilder::html_429) |
//!
//! Every error but that is `{"error": …}`, in some cases with a `reason`.
//!
//! # Magic words
//!
//! Names and keys that hold a word such as `faultDropOnTurn` order that fault: see [`sdk_core::sandbox::magic`]. A turn is a
//! `request` frame here, and a move a `response`. A key with such a word is good even if nobody registered it; a name or key
//! with `faultRevoked` is refused.

mod answer;
mod builder;
mod connection;
mod filter;
mod floor;
mod frames;
mod house;
mod limits;
mod listing;
mod network;
mod records;
mod registry;
mod routes;
mod seeds;
mod sessions;
mod settings;

use std::sync::Arc;

use sdk_core::Result;
use sdk_core::clock::Clock;
use sdk_core::error::{Error, codes};
use sdk_core::sandbox::{Dialect, Progress, Seed, serve};
pub use sdk_core::sandbox::{Fault, Faults, Order, Server, When};
use sdk_core::secret::Secret;
use url::Url;

pub use self::builder::SandboxBuilder;
use self::floor::Floor;
pub use self::house::HouseBot;
use self::network::Network;
pub use self::records::{
    CallRequest, CallResponse, Caller, MAX_RECORDED_BODY, Outcome, SandboxBot, SandboxCall,
};
pub use self::settings::SecondTunnel;

/// How the tunnel's messages look to the faults.
fn dialect() -> Dialect {
    Dialect::default().turn("request").action("response")
}

/// A BotRoulette of your own, on 127.0.0.1. Dropping it closes every connection; [`Sandbox::shutdown`] does so politely.
#[derive(Debug)]
pub struct Sandbox {
    floor: Arc<Floor>,
    server: Server,
    tunnel_url: Url,
}

impl Sandbox {
    /// A sandbox with every default: a free port, real time, seed 0, all house bots.
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
        let max_body = settings.max_body;
        let network = Network::new(settings, seed, clock.clone(), "http://127.0.0.1", clock.now());
        let floor = Arc::new(Floor::new(network, clock.clone()));
        let options = server.clock(clock).seed(seed).dialect(dialect()).on_reset({
            let floor = Arc::clone(&floor);
            move |Seed(seed)| floor.act(|network, now| network.restart(seed, now))
        });
        let server = serve(options, routes::router(Arc::clone(&floor), max_body)).await?;
        floor.act(|network, _| network.set_base_url(server.base_url().as_str()));
        let mut tunnel_url = server.base_url().clone();
        tunnel_url.set_path(routes::WS_PATH);
        tunnel_url
            .set_scheme("ws")
            .map_err(|()| Error::new(&codes::LOCAL_IO, "the server's address has no WebSocket URL"))?;
        server.spawn({
            let (floor, stopping) = (Arc::clone(&floor), server.stopping());
            async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = floor.keep_time() => {}
                }
                // Nobody waits for an answer that cannot come any more.
                floor.act(Network::end_calls);
            }
        });
        Ok(Self { floor, server, tunnel_url })
    }

    /// The base of the REST API: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> &Url {
        self.server.base_url()
    }

    /// The tunnel's WebSocket: `ws://127.0.0.1:PORT/ws`.
    pub fn tunnel_url(&self) -> &Url {
        &self.tunnel_url
    }

    /// The public address of a bot, without a slash at its end: `http://127.0.0.1:PORT/tunnel/CODE`.
    pub fn address_of(&self, service_code: &str) -> String {
        self.floor.act(|network, _| network.tunnel_url(service_code))
    }

    /// A new bot's API key, without REST. Its service code is its name in small letters.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when the name is taken, empty, longer than 25 characters or holds
    /// anything but ASCII letters, digits, hyphens, underscores and inner blanks, and when the sandbox has 10,000 bots
    /// already.
    pub fn register(&self, name: &str) -> Result<Secret> {
        let registered = self.floor.act(|network, _| network.register_by_name(name));
        registered.map_err(|refusal| Error::invalid_argument("name", refusal))
    }

    /// Makes a bot's key invalid: its tunnel is closed with 4001, and its calls are answered 401. `false` when the bot is
    /// unknown, or has no key.
    pub fn revoke(&self, service_code: &str) -> bool {
        self.floor.act(|network, now| network.revoke(service_code, now))
    }

    /// Takes a bot offline, house bots too: its tunnel is closed with 1013, and no new one is accepted until
    /// [`let_online`](Self::let_online). `false` when it is unknown.
    pub fn take_offline(&self, service_code: &str) -> bool {
        self.floor.act(|network, now| network.hold_offline(service_code, true, now))
    }

    /// Lets a bot that was taken offline come back. `false` when it is unknown.
    pub fn let_online(&self, service_code: &str) -> bool {
        self.floor.act(|network, now| network.hold_offline(service_code, false, now))
    }

    /// Closes a bot's tunnel with 1001; it may come back at once. `false` when it has none.
    pub fn disconnect(&self, service_code: &str) -> bool {
        self.floor.act(|network, now| network.drop_tunnel(service_code, now))
    }

    /// Whether a bot can be called now.
    pub fn is_online(&self, service_code: &str) -> bool {
        self.floor.act(|network, _| network.is_online(service_code))
    }

    /// All bots, those of the house too, by their service codes.
    pub fn bots(&self) -> Vec<SandboxBot> {
        self.floor.act(|network, _| network.bots())
    }

    /// Calls of bots as the network saw them: those that are over, in the order of their ends, then those that are open.
    pub fn calls(&self) -> Vec<SandboxCall> {
        self.floor.act(|network, _| network.calls())
    }

    /// The calls that wait for an answer, as a status page shows them.
    pub fn progress(&self) -> Vec<Progress> {
        let open = self.calls().into_iter().filter(|call| call.outcome.is_none());
        let shown = open.map(|call| {
            let from = match call.from {
                Caller::Bot(code) | Caller::House(code) => code,
                Caller::Stranger => "a stranger".to_owned(),
            };
            let id = call.session.unwrap_or_else(|| format!("call {}", call.number));
            Progress::new(
                "conversation",
                id,
                [from, call.to],
                format!("call {} waits for its answer", call.number),
            )
        });
        shown.collect()
    }

    /// How many responses came to requests that were not open: answered already, given up, or asked of another tunnel.
    pub fn stray_responses(&self) -> u64 {
        self.floor.act(|network, _| network.strays())
    }

    /// How many tunnels are open, whether they showed a key or not.
    pub fn connections(&self) -> usize {
        self.floor.act(|network, _| network.connections())
    }

    /// The book of faults: order what is to go wrong, and see what did.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// The network's clock. A client in the same process may share it.
    pub fn clock(&self) -> &Clock {
        self.server.clock()
    }

    /// Forgets calls, sessions, limits and faults, and closes every tunnel with code 1012. Bots and keys stay.
    pub fn reset(&self) {
        self.server.reset();
    }

    /// The server underneath: connections accepted so far, open sockets.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Answers whoever waits, closes every tunnel with code 1001, and returns when all have ended: at most two seconds later.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
