//! How a bot is built: which host, which token, which limits.

use std::fmt;
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

use crate::live::{Calls, Events, Handle, Session, Timings};
use crate::model::MAX_CHAT_CHARS;
use crate::player::{Play, Player};
use crate::state::{Machine, Settings};

/// The path of the WebSocket (spec, "Endpoint + Host").
const WS_PATH: &str = "/ws";
/// How many commands may wait for the connection's task.
const COMMANDS: usize = 256;
/// When to dial again (spec, "Transport Resilience"): the last one repeats.
const BACKOFF: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(10),
];
/// How often to ping (spec, "Transport Resilience").
const PING_EVERY: Duration = Duration::from_secs(30);
/// The silence that means death: the answer to a ping is missing, and so is that to the next.
const DEAD_AFTER: Duration = Duration::from_secs(60);
/// How long the lobby must have been joined without trouble before the backoff starts over.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// The platform's known host. There is no default: what a bot plays there counts for somebody's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `randosonline.com`, the production host of the spec.
    Production,
}

impl Host {
    /// The base of the platform's HTTP side.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Production => "https://randosonline.com",
        }
    }

    /// The WebSocket's address.
    pub const fn ws_url(self) -> &'static str {
        match self {
            Self::Production => "wss://randosonline.com/ws",
        }
    }
}

/// A BotOrNot client: a token and a host. It connects when asked to, and can do so many times.
///
/// ```no_run
/// use botornot_sdk::{Client, Event, Host};
///
/// # async fn example() -> botornot_sdk::Result<()> {
/// let client = Client::builder("the-token").host(Host::Production).build()?;
/// let (handle, mut events) = client.connect().await?;
/// println!("{:?}", handle.request_match().await?.status);
/// while let Some(event) = events.next().await {
///     if let Event::Push(push) = event {
///         println!("{}: {}", push.room, push.event.event_type());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    url: Url,
    token: Secret,
    options: SocketOptions,
    call_timeout: Duration,
    max_chat_chars: usize,
    max_events: usize,
    max_event_bytes: usize,
    shutdown: Shutdown,
}

impl Client {
    /// Begins a client with an agent's API token.
    pub fn builder(token: impl Into<Secret>) -> ClientBuilder {
        let backoff = BackoffPolicy::steps(BACKOFF.to_vec()).with_reset_after(STABLE_AFTER);
        let mut options = SocketOptions::default();
        options.backoff = backoff;
        options.heartbeat = HeartbeatPolicy::new(PING_EVERY, DEAD_AFTER).unwrap_or_default();
        ClientBuilder {
            token: token.into(),
            url: None,
            network: Network::new(),
            options,
            call_timeout: Duration::from_secs(10),
            max_chat_chars: MAX_CHAT_CHARS,
            max_events: 1_024,
            max_event_bytes: 8 << 20,
            shutdown: None,
        }
    }

    /// A client as the environment says: `BOTORNOT_API_KEY` and `BOTORNOT_URL` (or, as the platform's own starter calls them,
    /// `BOTORNOT_AGENT_TOKEN` and `BOTORNOT_BASE_URL`). A `.env` file in the working directory counts too; the environment
    /// wins.
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
        let token = match env.get("BOTORNOT_API_KEY").or_else(|| env.get("BOTORNOT_AGENT_TOKEN")) {
            Some(token) => token,
            None => env.require("BOTORNOT_API_KEY")?,
        };
        let named = |name: &'static str| env.get(name).map(|url| (name, url));
        let Some((name, url)) = named("BOTORNOT_URL").or_else(|| named("BOTORNOT_BASE_URL")) else {
            let message = "BOTORNOT_URL is not set, and there is no default host";
            return Err(Error::new(&codes::INVALID_ENV, message).with_field("BOTORNOT_URL"));
        };
        let url = ws_url(&url).map_err(|cause| {
            Error::new(&codes::INVALID_ENV, format!("{name} is wrong")).with_field(name).with_source(cause)
        })?;
        let mut builder = Self::builder(token);
        builder.url = Some(Ok(url));
        Ok(builder)
    }

    /// Where it connects to, as it may be shown.
    pub fn shown_url(&self) -> String {
        shown_url(&self.url)
    }

    /// Whether it connects to this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Connects and waits until the lobby is joined: rooms, requests and pushes, for a bot that does the rest by itself. The
    /// connection goes on in a task of its own, until the last [`Handle`] is dropped.
    ///
    /// A host that cannot be reached is tried again as the backoff says, each time with a warning in the log.
    ///
    /// # Errors
    /// What no further attempt would change: the token was refused ([`Error::is_auth`]), the URL is wrong, the attempts
    /// are used up.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(&self) -> Result<(Handle, Events)> {
        self.open(None).await
    }

    /// As [`connect`](Self::connect), with the platform's [state machine](crate::state) on top: it passes compliance
    /// checks, queues, enters matches, resumes them, and sees to it that every match gets its vote. The bot chats and
    /// decides by [`Handle::wish`], and is told of everything by [`Event::Notice`](crate::Event::Notice).
    ///
    /// ```no_run
    /// use botornot_sdk::state::{Notice, SayId, Settings, Wish};
    /// use botornot_sdk::{Client, Event, Guess, Host};
    ///
    /// # async fn example() -> botornot_sdk::Result<()> {
    /// let client = Client::builder("the-token").host(Host::Production).build()?;
    /// let (handle, mut events) = client.enter(Settings::default().matches(3)).await?;
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         Event::Notice(Notice::Chat { match_id, own: false, .. }) => {
    ///             handle.wish(Wish::Say { match_id, say: SayId(1), body: "haha yes".into() }).await?;
    ///         }
    ///         Event::Notice(Notice::VoteWanted { match_id, .. }) => {
    ///             handle.wish(Wish::Vote { match_id, guess: Guess::Human }).await?;
    ///         }
    ///         Event::Notice(Notice::Done) => handle.close().await?,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect); [`INVALID_CONFIG`](codes::INVALID_CONFIG) for settings outside their limits.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn enter(&self, settings: Settings) -> Result<(Handle, Events)> {
        settings.check()?;
        self.open(Some(Machine::new(settings))).await
    }

    async fn open(&self, machine: Option<Machine>) -> Result<(Handle, Events)> {
        let (driver, handle, commands) = self.parts(machine)?;
        let (inbox, stream) = Inbox::new(self.max_events, self.max_event_bytes);
        let mut state = driver.state();
        let task = tokio::spawn(Drive::new(driver, inbox, commands, &self.shutdown));
        let reached = state.wait_for(|state| matches!(state, State::Connected | State::Closed)).await;
        if reached.is_ok_and(|state| *state == State::Connected) {
            return Ok((handle, Events(stream)));
        }
        match task.await {
            Ok(Err(error)) => Err(error),
            _ => Err(Error::new(
                &codes::CLIENT_CLOSED,
                "the connection was closed before the lobby was joined",
            )),
        }
    }

    /// The short way: a player that chats and votes, and everything else done for it.
    pub fn play<P: Player>(&self, player: P) -> Play<P> {
        Play::new(self.clone(), player)
    }

    pub(crate) fn max_chat_chars(&self) -> usize {
        self.max_chat_chars
    }

    /// What the builder's seed was.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.options.seed
    }

    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// The same client, stopped by something else.
    pub(crate) fn with_shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// What a connection is made of: its driver, its handle, and the commands that go from one to the other.
    pub(crate) fn parts(
        &self,
        machine: Option<Machine>,
    ) -> Result<(Driver<Session>, Handle, mpsc::Receiver<crate::live::Command>)> {
        tracing::info!(host = %self.shown_url(), "connecting to BotOrNot");
        let calls = Calls::new();
        let timings = Timings { answer: self.call_timeout };
        let has_machine = machine.is_some();
        let mut session = Session::new(self.url.clone(), self.token.clone(), timings, calls.clone());
        if let Some(machine) = machine {
            session = session.with_machine(machine);
        }
        let driver = Driver::new(session, self.options.clone())?;
        let (sender, commands) = mpsc::channel(COMMANDS);
        let handle =
            Handle::new(sender, calls, driver.state(), self.call_timeout, self.max_chat_chars, has_machine);
        Ok((driver, handle, commands))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.shown_url())
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Client`]. Mistakes are told by [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    token: Secret,
    url: Option<Result<Url>>,
    network: Network,
    options: SocketOptions,
    call_timeout: Duration,
    max_chat_chars: usize,
    max_events: usize,
    max_event_bytes: usize,
    shutdown: Option<Shutdown>,
}

impl ClientBuilder {
    /// Plays on one of the platform's known hosts.
    pub fn host(self, host: Host) -> Self {
        self.url(host.ws_url())
    }

    /// Plays on a server by its address, a self-hosted one too: `wss://<domain>`, with or without `/ws` (spec, "Endpoint +
    /// Host"), or `https://<domain>`. `ws://` and `http://` are for this machine.
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        self.url = Some(ws_url(url.as_ref()));
        self
    }

    /// Proxy, certificate roots, User-Agent, and whether a token may travel unencrypted to another machine.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// When to dial again. Default: after 1, 2, 4, 8, 10, 10, … seconds, for ever; from the beginning again after the
    /// lobby has been joined for 30 s without trouble.
    pub fn backoff(mut self, policy: BackoffPolicy) -> Self {
        self.options.backoff = policy;
        self
    }

    /// When to ping, and when silence means that the connection is dead. Default: every 30 s, dead after 60 s of silence,
    /// which is noticed within 90 s.
    pub fn heartbeat(mut self, policy: HeartbeatPolicy) -> Self {
        self.options.heartbeat = policy;
        self
    }

    /// How long name, TCP, TLS and upgrade together may take. Default 10 s.
    pub fn handshake_timeout(mut self, span: Duration) -> Self {
        self.options.handshake_timeout = span;
        self
    }

    /// How long the lobby may take to be joined, before the connection is given up and made anew. Default 10 s.
    pub fn greeting_timeout(mut self, span: Duration) -> Self {
        self.options.greeting_timeout = span;
        self
    }

    /// How long a reply may take, unless [`Handle::with_timeout`] says otherwise. Default 10 s.
    pub fn call_timeout(mut self, span: Duration) -> Self {
        self.call_timeout = span;
        self
    }

    /// How long the server may refuse to take our bytes before the connection is given up. Default 10 s.
    pub fn write_timeout(mut self, span: Duration) -> Self {
        self.options.write_timeout = span;
        self
    }

    /// Over how long reconnects spread when the server says that it restarts (close codes 1012 and 1013). Default 15 s.
    pub fn restart_spread(mut self, span: Duration) -> Self {
        self.options.restart_spread = span;
        self
    }

    /// The largest frame that is taken, in bytes. Default 1 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// The longest text that is sent, in characters. Default [`MAX_CHAT_CHARS`].
    pub fn max_chat_chars(mut self, chars: usize) -> Self {
        self.max_chat_chars = chars;
        self
    }

    /// How much [`Events`] hold for a bot that lags: so many events, and so many bytes. Default 1,024 and 8 MiB.
    pub fn event_queue(mut self, max_events: usize, max_bytes: usize) -> Self {
        self.max_events = max_events;
        self.max_event_bytes = max_bytes;
        self
    }

    /// Writes every frame to a file, as lines of JSON without the token: see [`record`](sdk_core::record). Such a file holds
    /// other people's words; [`Recording::leave_out`] keeps fields of your choice out of it.
    pub fn record(mut self, recording: Recording) -> Self {
        self.options.record = Some(recording);
        self
    }

    /// Stops with everything else that shares this [`Shutdown`]: drain first, stop second. For Ctrl-C and SIGTERM see
    /// [`Shutdown::on_signals`].
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = Some(shutdown.clone());
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
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG), naming the setting: no host, a malformed address, a malformed token, a
    /// limit of zero. [`INSECURE_URL`](codes::INSECURE_URL) when the token would travel unencrypted to another machine.
    pub fn build(self) -> Result<Client> {
        let Some(url) = self.url else {
            let message =
                "no host was chosen: use .host(Host::Production), .url(\"wss://…\") or BOTORNOT_URL";
            return Err(Error::invalid_config("url", message));
        };
        let url = url?;
        self.token.check("token")?;
        for (field, count) in [
            ("max_events", self.max_events),
            ("max_bytes", self.max_event_bytes),
            ("max_chat_chars", self.max_chat_chars),
        ] {
            if count == 0 {
                return Err(Error::invalid_config(field, format!("{field} must be at least 1")));
            }
        }
        if self.call_timeout.is_zero() {
            return Err(Error::invalid_config("call_timeout", "call_timeout must be longer than nothing"));
        }
        let network = self.network.user_agent(concat!("botornot-sdk/", env!("CARGO_PKG_VERSION")));
        network.check_url(&url)?;
        let mut options = self.options;
        options.network = network.connect_timeout(options.handshake_timeout);
        options.check()?;
        Ok(Client {
            url,
            token: self.token,
            options,
            call_timeout: self.call_timeout,
            max_chat_chars: self.max_chat_chars,
            max_events: self.max_events,
            max_event_bytes: self.max_event_bytes,
            shutdown: self.shutdown.unwrap_or_default(),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The WebSocket's address, from itself or from the platform's.
fn ws_url(text: &str) -> Result<Url> {
    let wrong = |what: &str| Error::invalid_config("url", format!("the address {what}"));
    let mut url = parse_url(text, "url", &["wss", "https", "ws", "http"])?;
    let scheme = if matches!(url.scheme(), "wss" | "https") { "wss" } else { "ws" };
    if url.query_pairs().any(|(name, _)| name == "api_key") {
        return Err(wrong("holds a token; give the token to the builder, which keeps it out of logs"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or a password"));
    }
    url.set_fragment(None);
    url.set_scheme(scheme).map_err(|()| wrong("has a scheme that cannot be changed"))?;
    if matches!(url.path(), "" | "/") {
        url.set_path(WS_PATH);
    }
    Ok(url)
}

/// The platform's REST base, from itself or from the WebSocket's address.
pub(crate) fn rest_url(text: &str) -> Result<Url> {
    let mut url = ws_url(text)?;
    let base = url.path().trim_end_matches('/');
    let base = base.strip_suffix(WS_PATH).unwrap_or(base).to_owned();
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
    fn a_host_may_be_given_as_people_write_it() {
        for (given, ws, rest) in [
            ("wss://randosonline.com/ws", "wss://randosonline.com/ws", "https://randosonline.com/"),
            ("https://randosonline.com", "wss://randosonline.com/ws", "https://randosonline.com/"),
            (" wss://bots.example/ ", "wss://bots.example/ws", "https://bots.example/"),
            ("wss://bots.example/rando/ws", "wss://bots.example/rando/ws", "https://bots.example/rando"),
            ("ws://127.0.0.1:4000", "ws://127.0.0.1:4000/ws", "http://127.0.0.1:4000/"),
            ("http://localhost:4000/ws", "ws://localhost:4000/ws", "http://localhost:4000/"),
            (Host::Production.ws_url(), "wss://randosonline.com/ws", "https://randosonline.com/"),
        ] {
            assert_eq!(ws_url(given).unwrap().as_str(), ws, "{given}");
            assert_eq!(rest_url(given).unwrap().as_str(), rest, "{given}");
        }
        for wrong in [
            "",
            "randosonline.com",
            "randosonline.com/ws",
            "ftp://x",
            "ws://",
            "wss://x/ws?api_key=s3cr3t",
            "wss://u:s3cr3t@x",
        ] {
            let error = ws_url(wrong).unwrap_err();
            assert_eq!(error.field(), Some("url"), "{wrong}");
            assert!(!error.chain().contains("s3cr3t"));
        }
    }

    #[test]
    fn mistakes_are_told_before_anything_is_sent() {
        let field = |builder: ClientBuilder| builder.build().unwrap_err().field().map(str::to_owned);
        let url = "ws://localhost:1";
        assert_eq!(field(Client::builder("token")).as_deref(), Some("url"));
        for malformed in ["", " ", "a b", "a\nb"] {
            assert_eq!(field(Client::builder(malformed).url(url)).as_deref(), Some("token"), "{malformed:?}");
        }
        let huge = "x".repeat(5_000);
        assert_eq!(field(Client::builder(huge).url(url)).as_deref(), Some("token"));
        assert_eq!(field(Client::builder("t").url(url).max_chat_chars(0)).as_deref(), Some("max_chat_chars"));
        assert_eq!(field(Client::builder("t").url(url).event_queue(0, 1)).as_deref(), Some("max_events"));
        let none = Duration::ZERO;
        assert_eq!(field(Client::builder("t").url(url).call_timeout(none)).as_deref(), Some("call_timeout"));
        let insecure = Client::builder("t").url("ws://10.0.0.1").build().unwrap_err();
        assert_eq!(insecure.code(), &codes::INSECURE_URL);
        let allowed = Client::builder("t").url("ws://10.0.0.1").network(Network::new().allow_plaintext(true));
        assert!(allowed.build().is_ok());
    }

    #[test]
    fn the_environment_names_what_is_missing() {
        let missing = |text: &str| {
            Client::builder_from_env(&Env::from_text(text)).unwrap_err().field().map(str::to_owned)
        };
        assert_eq!(missing("").as_deref(), Some("BOTORNOT_API_KEY"));
        assert_eq!(missing("BOTORNOT_API_KEY=k").as_deref(), Some("BOTORNOT_URL"));
        assert_eq!(missing("BOTORNOT_API_KEY=k\nBOTORNOT_URL=nonsense").as_deref(), Some("BOTORNOT_URL"));
        for env in [
            "BOTORNOT_API_KEY=k\nBOTORNOT_URL=wss://randosonline.com/ws",
            "BOTORNOT_AGENT_TOKEN=k\nBOTORNOT_BASE_URL=https://randosonline.com",
        ] {
            let client = Client::builder_from_env(&Env::from_text(env)).unwrap().build().unwrap();
            assert_eq!(client.shown_url(), "wss://randosonline.com/ws");
            assert!(!client.is_local());
        }
    }

    #[test]
    fn a_client_never_prints_its_token() {
        let client = Client::builder("s3cr3t-token").host(Host::Production).build().unwrap();
        assert!(!format!("{client:?} {:?}", Client::builder("s3cr3t-token")).contains("s3cr3t"));
    }
}
