//! How a bot is built: which host, which key, which limits.

mod builder;
mod host;

pub use self::builder::ClientBuilder;
pub use self::host::Host;
pub(crate) use self::host::rest_url;
use self::host::ws_url;

use std::fmt;
use std::path::Path;

use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes};
use sdk_core::network::Network;
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

/// How many commands may wait for the connection's task.
const COMMANDS: usize = 256;
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
