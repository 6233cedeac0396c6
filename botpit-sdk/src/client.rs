//! How a bot is built: which host, which key, which limits.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sdk_core::backoff::BackoffPolicy;
use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes};
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::network::{Network, parse_url};
use sdk_core::record::Recording;
use sdk_core::secret::{Secret, is_loopback, shown_url};
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::{Drive, Driver, Inbox, SocketOptions, State};
use tokio::sync::mpsc;
use url::Url;

use crate::bankroll::{Bankroll, SharedGuard};
use crate::fairness::Readings;
use crate::games::Game;
use crate::games::untyped::Untyped;
use crate::ledger::Ledger;
use crate::live::{
    Command, CurrentKey, EventHandler, Events, Handle, Session, Timings, answer_lookups, heard_by, runner,
};
use crate::model::{AgentId, GameType};
use crate::play::{Play, Strategy};
use crate::rest::{Rest, RestBuilder, StoredKey};
use crate::signer::Signer;

/// The path of the WebSocket (spec, "Connection").
const WS_PATH: &str = "/api/v1/ws";
/// How many commands may wait for the connection's task.
const COMMANDS: usize = 256;

/// The platform's known hosts. There is no default: playing for money is never an accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `api.botpit.com`, the production host of the spec.
    Production,
    /// `api.botpit.tech`, the host of the platform's newer SDKs.
    Tech,
    /// `localhost:3001`, the spec's host for local development.
    Local,
}

impl Host {
    /// The base of the REST API, without `/api/v1`.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Production => "https://api.botpit.com",
            Self::Tech => "https://api.botpit.tech",
            Self::Local => "http://localhost:3001",
        }
    }

    /// The WebSocket's address.
    pub const fn ws_url(self) -> &'static str {
        match self {
            Self::Production => "wss://api.botpit.com/api/v1/ws",
            Self::Tech => "wss://api.botpit.tech/api/v1/ws",
            Self::Local => "ws://localhost:3001/api/v1/ws",
        }
    }
}

/// A BOTPIT client: a key and a host. It connects when asked to, and can do so many times. Clones share the key.
///
/// ```no_run
/// use botpit_sdk::{Client, Host, games::rps::{Choice, Rps}};
///
/// # async fn example() -> botpit_sdk::Result<()> {
/// let client = Client::builder("bp_live_…").host(Host::Production).build()?;
/// let summary = client.play::<Rps, _>(|_: &_| Choice::Rock).wager("0.01 SOL".parse()?).matches(3).run().await?;
/// println!("{summary}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    url: Url,
    rest_url: Url,
    key: CurrentKey,
    options: SocketOptions,
    timings: Timings,
    max_events: usize,
    max_event_bytes: usize,
    shutdown: Shutdown,
    guard: SharedGuard,
    readings: Readings,
}

impl Client {
    /// Begins a client with an API key.
    pub fn builder(key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder {
            key: key.into(),
            url: None,
            rest_url: None,
            network: Network::new(),
            options: SocketOptions::default(),
            timings: Timings::default(),
            max_events: 1_024,
            max_event_bytes: 8 << 20,
            shutdown: None,
            bankroll: Bankroll::default(),
            readings: Readings::new(),
        }
    }

    /// A client as the environment says: `BOTPIT_API_KEY`, and `BOTPIT_WS_URL` (the WebSocket) or `BOTPIT_URL` (the REST
    /// base, from which the WebSocket's address follows). A `.env` file in the working directory counts too; the
    /// environment wins.
    ///
    /// # Errors
    /// [`INVALID_ENV`](codes::INVALID_ENV), naming the variable that is missing or wrong. There is no default host.
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env(&Env::read()?)?.build()
    }

    /// As [`from_env`](Self::from_env), to go on building.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn builder_from_env(env: &Env) -> Result<ClientBuilder> {
        let key = env.require("BOTPIT_API_KEY")?;
        let (name, url) = match (env.get("BOTPIT_WS_URL"), env.get("BOTPIT_URL")) {
            (Some(url), _) => ("BOTPIT_WS_URL", url),
            (None, Some(url)) => ("BOTPIT_URL", url),
            (None, None) => {
                let message = "neither BOTPIT_WS_URL nor BOTPIT_URL is set, and there is no default host";
                return Err(Error::new(&codes::INVALID_ENV, message).with_field("BOTPIT_WS_URL"));
            }
        };
        let url = ws_url(&url).map_err(|cause| {
            Error::new(&codes::INVALID_ENV, format!("{name} is wrong")).with_field(name).with_source(cause)
        })?;
        let mut builder = Self::builder(key);
        builder.url = Some(Ok(url));
        if let Some(base) = env.get("BOTPIT_URL") {
            let base = rest_url(&base).map_err(|cause| {
                let message = "BOTPIT_URL is wrong";
                Error::new(&codes::INVALID_ENV, message).with_field("BOTPIT_URL").with_source(cause)
            })?;
            builder.rest_url = Some(Ok(base));
        }
        Ok(builder)
    }

    /// Stakes, payouts and fees of every match since the client was built, over all of its connections and clones.
    ///
    /// ```
    /// # use botpit_sdk::{Client, Host, SignedLamports};
    /// let client = Client::builder("bp_live_…").host(Host::Production).build()?;
    /// assert_eq!(client.ledger().profit(), SignedLamports::ZERO);
    /// # Ok::<(), botpit_sdk::Error>(())
    /// ```
    pub fn ledger(&self) -> Ledger {
        self.guard.lock().ledger().clone()
    }

    /// What this client's matches have shown of how the platform derives what chance decides.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// The guard that every wager passes.
    pub(crate) fn guard(&self) -> &SharedGuard {
        &self.guard
    }

    /// Where it connects to, as it may be shown.
    pub fn shown_url(&self) -> String {
        shown_url(&self.url)
    }

    /// Whether it connects to this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Connects and waits until the platform has accepted the key. The connection goes on in a task of its own, until the
    /// last [`Handle`] is dropped.
    ///
    /// A host that cannot be reached is tried again as the backoff says, each time with a warning in the log.
    ///
    /// # Errors
    /// What no further attempt would change: the key was refused, the URL is wrong, the attempts are used up.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(&self) -> Result<(Handle, Events)> {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let driver = self.driver(self.session(), &sender)?;
        let (inbox, stream) = Inbox::new(self.max_events, self.max_event_bytes);
        let mut state = driver.state();
        let handle = self.handle(sender, &driver);
        let task = tokio::spawn(Drive::new(driver, inbox, commands, &self.shutdown));
        let reached = state.wait_for(|state| matches!(state, State::Connected | State::Closed)).await;
        if reached.is_ok_and(|state| *state == State::Connected) {
            return Ok((handle, Events(stream)));
        }
        match task.await {
            Ok(Err(error)) => Err(error),
            _ => Err(Error::new(&codes::CLIENT_CLOSED, "the connection was closed before it was accepted")),
        }
    }

    /// Connects and drives a handler until the end: the key is refused, another session takes over, the bot drains or
    /// closes. Everything else is survived.
    ///
    /// The handler's callbacks run on this task: a current-thread runtime is the fastest.
    ///
    /// # Errors
    /// The final reason, unless the bot wanted the end.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection at once, without a close frame.
    pub async fn run(&self, handler: impl EventHandler) -> Result<()> {
        self.run_session(self.session(), handler).await
    }

    /// As [`run`](Self::run); a server that ends the session in good order is dialled again.
    pub(crate) async fn run_staying(&self, handler: impl EventHandler) -> Result<()> {
        self.run_session(self.session().staying(), handler).await
    }

    async fn run_session(&self, session: Session, handler: impl EventHandler) -> Result<()> {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let driver = self.driver(session.only(heard_by(&handler)), &sender)?;
        let handle = self.handle(sender, &driver);
        Drive::new(driver, runner(handler, handle), commands, &self.shutdown).await
    }

    /// The short way for one game: a strategy from a typed turn to a typed move, that queues, plays and reports.
    pub fn play<G: Game, S: Strategy<G>>(&self, strategy: S) -> Play<G, S> {
        Play::new(self.clone(), G::game_type(), strategy)
    }

    /// The same for a game that has no types here, by its name on the wire: see [`games::untyped`](crate::games::untyped).
    pub fn play_untyped<S: Strategy<Untyped>>(
        &self,
        game_type: impl Into<GameType>,
        strategy: S,
    ) -> Play<Untyped, S> {
        Play::new(self.clone(), game_type.into(), strategy)
    }

    /// The REST side of the same host: for the lobby, the active matches, a match's replay and proof.
    ///
    /// # Errors
    /// As [`RestBuilder::build`].
    pub fn rest(&self) -> Result<Rest> {
        self.rest_builder().build()
    }

    /// From now on this client, its clones and their connections use this key. Connections that live are made anew with it.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) with the field `key` for one that is empty or holds blanks.
    pub fn replace_key(&self, key: impl Into<Secret>) -> Result<()> {
        self.key.replace(key.into())
    }

    /// Replaces the agent's API key on the platform (spec, `POST /api/v1/agents/:agent_id/rotate-key`), stores the new one in
    /// a key file, and then goes on with it. The platform ends live connections at once and refuses the old key; meanwhile
    /// they wait, and are made anew with the new one. Matches that go on are played on.
    ///
    /// ```no_run
    /// # async fn example(client: botpit_sdk::Client, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::rest::StoredKey;
    ///
    /// let old = StoredKey::load("my-agent.key")?;
    /// client.rotate_key(&old.agent_id, wallet, &old.path).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Rest::rotate_key_and_store`]. Then the client keeps the key that it has, which the platform may refuse by now:
    /// the message says what to do.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The old key may be invalid all the same.
    pub async fn rotate_key(
        &self,
        agent: &AgentId,
        signer: &impl Signer,
        path: impl AsRef<Path>,
    ) -> Result<StoredKey> {
        let rest = self.rest()?;
        let _rotation = self.key.rotation();
        let stored = rest.rotate_key_and_store(agent, signer, path).await?;
        self.key.replace(stored.api_key.clone())?;
        Ok(stored)
    }

    /// As [`rotate_key`](Self::rotate_key), for a key that is kept elsewhere than in a file: `store` gets it first, and only
    /// when it has succeeded is the key used.
    ///
    /// # Errors
    /// As [`Rest::rotate_key`], and what `store` fails with. By then the new key is the valid one: `store` should not lose it.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The old key may be invalid all the same.
    pub async fn rotate_key_with<F>(
        &self,
        agent: &AgentId,
        signer: &impl Signer,
        store: impl FnOnce(Secret) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let rest = self.rest()?;
        let _rotation = self.key.rotation();
        let key = rest.rotate_key(agent, signer).await?;
        store(key.clone()).await?;
        self.key.replace(key)
    }

    /// What stops this client, together with everything else that shares it.
    pub(crate) fn shutdown_of_all(&self) -> Shutdown {
        self.shutdown.clone()
    }

    fn session(&self) -> Session {
        let session = Session::new(self.url.clone(), self.key.clone(), self.timings);
        session.guarded(self.guard.clone()).reading(self.readings.clone())
    }

    fn rest_builder(&self) -> RestBuilder {
        Rest::builder(&self.rest_url).network(self.options.network.clone())
    }

    fn handle(&self, commands: mpsc::Sender<Command>, driver: &Driver<Session>) -> Handle {
        let bounds = (self.max_events, self.max_event_bytes);
        Handle::new(commands, driver.state(), self.key.clone(), bounds)
    }

    fn driver(&self, session: Session, commands: &mpsc::Sender<Command>) -> Result<Driver<Session>> {
        tracing::info!(host = %self.shown_url(), "connecting to BOTPIT");
        let (lookups, questions) = mpsc::unbounded_channel();
        let driver = Driver::new(session.asking(lookups), self.options.clone())?;
        self.key.watch(commands);
        // It ends with the session.
        tokio::spawn(answer_lookups(self.rest_builder(), questions, commands.downgrade()));
        Ok(driver)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.shown_url())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Client`]. Mistakes are told by [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    key: Secret,
    url: Option<Result<Url>>,
    rest_url: Option<Result<Url>>,
    network: Network,
    options: SocketOptions,
    timings: Timings,
    max_events: usize,
    max_event_bytes: usize,
    shutdown: Option<Shutdown>,
    bankroll: Bankroll,
    readings: Readings,
}

impl ClientBuilder {
    /// Plays on one of the platform's known hosts.
    pub fn host(self, host: Host) -> Self {
        self.url(host.ws_url())
    }

    /// Plays on a server by its address: the WebSocket's (`ws://…`, `wss://…`), or the REST base (`http://…`, `https://…`),
    /// from which the WebSocket's follows.
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        self.url = Some(ws_url(url.as_ref()));
        self
    }

    /// The REST side's address (`https://…`), where it does not follow from the WebSocket's. The live side asks it which
    /// challenges are open after a reconnect, and whose a match is whose beginning was missed.
    pub fn rest_url(mut self, url: impl AsRef<str>) -> Self {
        self.rest_url = Some(rest_url(url.as_ref()));
        self
    }

    /// Proxy, certificate roots, User-Agent, and whether a key may travel unencrypted to another machine.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// When to dial again. Default: full jitter from 1 s to 30 s, for ever, reset after a minute of health.
    pub fn backoff(mut self, policy: BackoffPolicy) -> Self {
        self.options.backoff = policy;
        self
    }

    /// When to ping, and when silence means that the connection is dead. Default: every 10 s, dead after 20 s.
    pub fn heartbeat(mut self, policy: HeartbeatPolicy) -> Self {
        self.options.heartbeat = policy;
        self
    }

    /// How long name, TCP, TLS and upgrade together may take. Default 10 s.
    pub fn handshake_timeout(mut self, span: Duration) -> Self {
        self.options.handshake_timeout = span;
        self
    }

    /// How long the platform may take to accept the key. Default 10 s.
    pub fn greeting_timeout(mut self, span: Duration) -> Self {
        self.options.greeting_timeout = span;
        self
    }

    /// How long the server may refuse to take our bytes before the connection is given up. Default 10 s.
    pub fn write_timeout(mut self, span: Duration) -> Self {
        self.options.write_timeout = span;
        self
    }

    /// Over how long reconnects spread when the server says that it restarts (close codes 1012 and 1013), so that its
    /// clients do not all come back at once. Default 15 s.
    pub fn restart_spread(mut self, span: Duration) -> Self {
        self.options.restart_spread = span;
        self
    }

    /// The largest message that is taken, in bytes. Default 1 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// How much [`Events`] hold for a bot that lags: so many events, and so many bytes. Default 1,024 and 8 MiB.
    pub fn event_queue(mut self, max_events: usize, max_bytes: usize) -> Self {
        self.max_events = max_events;
        self.max_event_bytes = max_bytes;
        self
    }

    /// How long after a reconnect the platform may take to tell of an open match or turn, before the queue is joined
    /// again and a move that was never written is sent. Default 1 s.
    pub fn resume_grace(mut self, span: Duration) -> Self {
        self.timings.resume_grace = span;
        self
    }

    /// How long a match may stay silent before it is given up for lost ([`Event::MatchLost`](crate::Event::MatchLost)): after
    /// a reconnect or a message that could not be read exactly so long, on a live connection up to twice as long. The time of
    /// an open turn is not counted. It is also how long a drain waits for its matches when the server is gone, and how long a
    /// watched match may be silent. Default 60 s.
    pub fn match_lost_after(mut self, span: Duration) -> Self {
        self.timings.lost_after = span;
        self
    }

    /// Stops with everything else that shares this [`Shutdown`]: drain first, stop second. For Ctrl-C and SIGTERM see
    /// [`Shutdown::on_signals`].
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = Some(shutdown.clone());
        self
    }

    /// What may be risked: see [`bankroll`](crate::bankroll). Default: ten times the first wager may be lost.
    pub fn bankroll(mut self, bankroll: Bankroll) -> Self {
        self.bankroll = bankroll;
        self
    }

    /// Writes every frame to a file, as lines of JSON without the key: to look at, and to [replay](crate::replay).
    ///
    /// ```no_run
    /// use botpit_sdk::sdk_core::record::Recording;
    /// use botpit_sdk::{Client, Host};
    ///
    /// let recording = Recording::append_to("bot.jsonl", "my-bot/1.0")?
    ///     // Other people's names and words stay out of the file.
    ///     .leave_out(botpit_sdk::replay::OPPONENTS);
    /// let client = Client::builder("bp_live_…").host(Host::Production).record(recording).build()?;
    /// # let _ = client;
    /// # Ok::<(), botpit_sdk::Error>(())
    /// ```
    pub fn record(mut self, recording: Recording) -> Self {
        self.options.record = Some(recording);
        self
    }

    /// What is known already of how the platform derives what chance decides: the checks of matches add to it. Shared with
    /// whoever has a clone.
    pub fn readings(mut self, readings: &Readings) -> Self {
        self.readings = readings.clone();
        self
    }

    /// Makes jitter repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = Some(seed);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG), naming the setting: no host, a malformed address, an empty key, a limit of
    /// zero. [`INSECURE_URL`](codes::INSECURE_URL) when the key would travel unencrypted to another machine.
    pub fn build(self) -> Result<Client> {
        let Some(url) = self.url else {
            let message =
                "no host was chosen: use .host(Host::Production), .url(\"ws://…\") or BOTPIT_WS_URL";
            return Err(Error::invalid_config("url", message));
        };
        let url = url?;
        self.key.check("key")?;
        let rest_url = self.rest_url.unwrap_or_else(|| rest_url(url.as_str()))?;
        for (field, count) in [("max_events", self.max_events), ("max_bytes", self.max_event_bytes)] {
            if count == 0 {
                return Err(Error::invalid_config(
                    field,
                    format!("{field} of the event queue must be at least 1"),
                ));
            }
        }
        let network = self.network.user_agent(concat!("botpit-sdk/", env!("CARGO_PKG_VERSION")));
        network.check_url(&url)?;
        let mut options = self.options;
        options.network = network.connect_timeout(options.handshake_timeout);
        options.check()?;
        Ok(Client {
            url,
            rest_url,
            key: CurrentKey::new(self.key),
            options,
            timings: self.timings,
            max_events: self.max_events,
            max_event_bytes: self.max_event_bytes,
            shutdown: self.shutdown.unwrap_or_default(),
            guard: SharedGuard::new(self.bankroll),
            readings: self.readings,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The WebSocket's address, from itself or from the REST base.
fn ws_url(text: &str) -> Result<Url> {
    let mut url = parse_url(text, "url", &["wss", "https", "ws", "http"])?;
    let is_rest = url.scheme().starts_with("http");
    let scheme = if matches!(url.scheme(), "wss" | "https") { "wss" } else { "ws" };
    url.set_scheme(scheme).map_err(|()| Error::invalid_config("url", "the scheme cannot be changed"))?;
    if is_rest || matches!(url.path(), "" | "/") {
        let base = url.path().trim_end_matches('/').to_owned();
        let base = base.strip_suffix(WS_PATH).unwrap_or(&base);
        url.set_path(&format!("{base}{WS_PATH}"));
    }
    Ok(url)
}

/// The REST base, from itself or from the WebSocket's address.
pub(crate) fn rest_url(text: &str) -> Result<Url> {
    let mut url = ws_url(text)?;
    let base = url.path().strip_suffix(WS_PATH).unwrap_or_default().to_owned();
    url.set_path(&base);
    url.set_query(None);
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).map_err(|()| Error::invalid_config("url", "the address cannot be a REST base"))?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gives_the_other() {
        for (given, ws) in [
            ("ws://127.0.0.1:3001", "ws://127.0.0.1:3001/api/v1/ws"),
            ("ws://127.0.0.1:3001/", "ws://127.0.0.1:3001/api/v1/ws"),
            ("ws://127.0.0.1:3001/somewhere", "ws://127.0.0.1:3001/somewhere"),
            ("http://localhost:3001", "ws://localhost:3001/api/v1/ws"),
            ("https://api.botpit.com/", "wss://api.botpit.com/api/v1/ws"),
            (" https://api.botpit.com/api/v1/ws ", "wss://api.botpit.com/api/v1/ws"),
            (Host::Production.ws_url(), "wss://api.botpit.com/api/v1/ws"),
        ] {
            assert_eq!(ws_url(given).unwrap().as_str(), ws, "{given}");
        }
        for wrong in ["", "api.botpit.com", "ftp://x", "ws://", "unix:/x"] {
            assert_eq!(ws_url(wrong).unwrap_err().field(), Some("url"), "{wrong}");
        }
    }

    #[test]
    fn mistakes_are_told_before_anything_is_sent() {
        let field = |builder: ClientBuilder| builder.build().unwrap_err().field().map(str::to_owned);
        assert_eq!(field(Client::builder("k")).as_deref(), Some("url"));
        assert_eq!(field(Client::builder(" ").host(Host::Local)).as_deref(), Some("key"));
        assert_eq!(field(Client::builder("a b").host(Host::Local)).as_deref(), Some("key"));
        assert_eq!(
            field(Client::builder("k").host(Host::Local).max_message(0)).as_deref(),
            Some("max_message")
        );
        let insecure = Client::builder("k").url("ws://10.0.0.1/ws").build().unwrap_err();
        assert_eq!(insecure.code(), &codes::INSECURE_URL);
        let allowed =
            Client::builder("k").url("ws://10.0.0.1/ws").network(Network::new().allow_plaintext(true));
        assert!(allowed.build().is_ok());
    }

    #[test]
    fn the_environment_names_what_is_missing() {
        let missing = |text: &str| {
            Client::builder_from_env(&Env::from_text(text)).unwrap_err().field().map(str::to_owned)
        };
        assert_eq!(missing("").as_deref(), Some("BOTPIT_API_KEY"));
        assert_eq!(missing("BOTPIT_API_KEY=k").as_deref(), Some("BOTPIT_WS_URL"));
        assert_eq!(missing("BOTPIT_API_KEY=k\nBOTPIT_URL=nonsense").as_deref(), Some("BOTPIT_URL"));
        let env = Env::from_text("BOTPIT_API_KEY=k\nBOTPIT_URL=https://api.botpit.com");
        let client = Client::builder_from_env(&env).unwrap().build().unwrap();
        assert_eq!(client.shown_url(), "wss://api.botpit.com/api/v1/ws");
        assert!(!client.is_local());
    }

    #[test]
    fn a_client_never_prints_its_key() {
        let client = Client::builder("bp_live_s3cr3t").host(Host::Local).build().unwrap();
        assert!(!format!("{client:?} {:?}", Client::builder("bp_live_s3cr3t")).contains("s3cr3t"));
    }
}
