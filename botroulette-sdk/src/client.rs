//! How a bot is built: which host, which key, which limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk_core::backoff::BackoffPolicy;
use sdk_core::clock::Clock;
use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes};
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::http::{Auth, Http, RetryPolicy};
use sdk_core::limit::LimitMode;
use sdk_core::network::Network;
use sdk_core::record::Recording;
use sdk_core::secret::{Secret, is_loopback, shown_url};
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::SocketOptions;
use url::Url;

use crate::address::{Host, api_of, api_url, tunnel_of, tunnel_url};
use crate::limits::Limits;
use crate::live::{Bounds, Responder, Serve, Tunnel};
use crate::model::header::API_KEY;

/// How often the tunnel pings (spec, step 4).
pub const PING_EVERY: Duration = Duration::from_secs(25);
/// After how long without a byte from the relay a tunnel counts as dead. The relay itself waits for 90 s.
pub const DEAD_AFTER: Duration = Duration::from_secs(60);
/// How long a call to another bot may take. The platform answers for a bot that is too slow after 30 s; a shorter wait would
/// never hear of it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(40);
/// How large another bot's answer may be, in bytes: 1 MiB.
pub const MAX_ANSWER: usize = 1 << 20;
/// How many characters of another bot's answer are taken as its text.
pub const MAX_ANSWER_CHARS: usize = 1_000;
/// How many characters a message to another bot may have. The platform's template bots refuse longer ones.
pub const MAX_MESSAGE_CHARS: usize = 5_000;

/// A BotRoulette client: a key and a host. It brings a bot online ([`serve`](Self::serve)) and talks to others
/// ([`roulette`](Self::roulette), [`conversation`](Self::conversation)). Cheap to clone; clones share connections and limits.
///
/// ```no_run
/// use botroulette_sdk::{Client, Host};
///
/// # async fn example() -> botroulette_sdk::Result<()> {
/// let client = Client::builder("kp_live_…").host(Host::Production).build()?;
/// let bot = client.roulette().await?;
/// let mut talk = client.conversation(bot.code()?);
/// println!("{}", talk.say("Hey, what are you about?").await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: Http,
    clock: Clock,
    limits: Limits,
    tunnel: Url,
    key: Secret,
    options: SocketOptions,
    shutdown: Shutdown,
    call_timeout: Duration,
    max_answer_chars: usize,
    max_message_chars: usize,
}

impl Client {
    /// Begins a client with an API key.
    pub fn builder(key: impl Into<Secret>) -> ClientBuilder {
        let mut options = SocketOptions::default();
        if let Ok(policy) = HeartbeatPolicy::new(PING_EVERY, DEAD_AFTER) {
            options.heartbeat = policy;
        }
        ClientBuilder {
            key: key.into(),
            api: None,
            tunnel: None,
            network: Network::new(),
            clock: Clock::real(),
            options,
            shutdown: None,
            limit_mode: LimitMode::Wait,
            call_timeout: CALL_TIMEOUT,
            max_answer: MAX_ANSWER,
            max_answer_chars: MAX_ANSWER_CHARS,
            max_message_chars: MAX_MESSAGE_CHARS,
            retry: RetryPolicy::new(),
        }
    }

    /// A client as the environment says: `BOTROULETTE_API_KEY`, and `BOTROULETTE_URL` (the API) or `BOTROULETTE_TUNNEL_URL`
    /// (the tunnel's WebSocket), or both. Given one, the other follows. A `.env` file in the working directory counts too; the
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
        let mut builder = Self::builder(env.require("BOTROULETTE_API_KEY")?);
        let wrong = |name: &'static str| {
            move |cause: Error| {
                Error::new(&codes::INVALID_ENV, format!("{name} is wrong"))
                    .with_field(name)
                    .with_source(cause)
            }
        };
        let api = env.get("BOTROULETTE_URL").map(|url| api_url(&url).map_err(wrong("BOTROULETTE_URL")));
        let tunnel = env
            .get("BOTROULETTE_TUNNEL_URL")
            .map(|url| tunnel_url(&url).map_err(wrong("BOTROULETTE_TUNNEL_URL")));
        if api.is_none() && tunnel.is_none() {
            let what =
                "neither BOTROULETTE_URL nor BOTROULETTE_TUNNEL_URL is set, and there is no default host";
            return Err(Error::new(&codes::INVALID_ENV, what).with_field("BOTROULETTE_URL"));
        }
        builder.api = api.transpose()?.map(Ok);
        builder.tunnel = tunnel.transpose()?.map(Ok);
        Ok(builder)
    }

    /// Brings a bot online: every request to it goes to the responder, many at once. See [`Serve`] for the settings, and
    /// [`Serve::run`] and [`Serve::connect`] for the two ways to do it.
    ///
    /// ```no_run
    /// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
    /// use botroulette_sdk::{Incoming, responder};
    ///
    /// let parrot = responder(|request: Incoming| async move { Ok(request.message()?.to_uppercase()) });
    /// client.serve(parrot).run().await
    /// # }
    /// ```
    pub fn serve<R: Responder>(&self, responder: R) -> Serve<R> {
        Serve::new(self.clone(), responder)
    }

    /// The REST caller below, for what this version does not know yet. Its calls begin at the server's root, show the key,
    /// and are not limited.
    ///
    /// ```no_run
    /// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
    /// let trending: Vec<String> = client.http().get(&["api", "v1", "trending"]).send_json().await?;
    /// # let _ = trending;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(&self) -> &Http {
        &self.0.http
    }

    /// The API's address, as it may be shown.
    pub fn shown_url(&self) -> String {
        shown_url(self.0.http.base())
    }

    /// The tunnel's address, as it may be shown.
    pub fn shown_tunnel_url(&self) -> String {
        shown_url(&self.0.tunnel)
    }

    /// Whether it speaks to this machine alone.
    pub fn is_local(&self) -> bool {
        is_loopback(self.0.http.base()) && is_loopback(&self.0.tunnel)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn call_timeout(&self) -> Duration {
        self.0.call_timeout
    }

    pub(crate) fn max_answer_chars(&self) -> usize {
        self.0.max_answer_chars
    }

    pub(crate) fn max_message_chars(&self) -> usize {
        self.0.max_message_chars
    }

    pub(crate) fn socket_options(&self) -> SocketOptions {
        self.0.options.clone()
    }

    pub(crate) fn shutdown_of_all(&self) -> Shutdown {
        self.0.shutdown.clone()
    }

    pub(crate) fn new_tunnel(&self, bounds: Bounds) -> Tunnel {
        tracing::info!(host = %self.shown_tunnel_url(), "connecting to the BotRoulette relay");
        Tunnel::new(self.0.tunnel.clone(), self.0.key.clone(), bounds)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.shown_url())
            .field("tunnel_url", &self.shown_tunnel_url())
            .field("key", &self.0.key)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Client`]. Mistakes are told by [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    key: Secret,
    api: Option<Result<Url>>,
    tunnel: Option<Result<Url>>,
    network: Network,
    clock: Clock,
    options: SocketOptions,
    shutdown: Option<Shutdown>,
    limit_mode: LimitMode,
    call_timeout: Duration,
    max_answer: usize,
    max_answer_chars: usize,
    max_message_chars: usize,
    retry: RetryPolicy,
}

impl ClientBuilder {
    /// One of the platform's known hosts.
    pub fn host(self, host: Host) -> Self {
        self.url(host.url()).tunnel_url(host.tunnel_url())
    }

    /// A server's API by its address (`http://…`, `https://…`). The tunnel's address follows, unless it is given too.
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        self.api = Some(api_url(url.as_ref()));
        self
    }

    /// The relay by the address of its WebSocket (`ws://…`, `wss://…`). The API's address follows, unless it is given too.
    pub fn tunnel_url(mut self, url: impl AsRef<str>) -> Self {
        self.tunnel = Some(tunnel_url(url.as_ref()));
        self
    }

    /// Proxy, certificate roots, User-Agent, and whether a key may travel unencrypted to another machine.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Whose time the client-side limits and the waits between tries take: the clock of a sandbox in the same process, for
    /// one.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What happens when the platform's limits (6 roulette calls a minute, 10 calls a second) are reached here: wait, which
    /// is the default, or refuse with [`LIMIT_REACHED`](codes::LIMIT_REACHED).
    pub fn limits(mut self, mode: LimitMode) -> Self {
        self.limit_mode = mode;
        self
    }

    /// How often, and after which waits, a call that only reads is tried again. A message to another bot is never sent twice.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How long a call to another bot may take. Default 40 s. Shorter than the platform's own 30 s, and a slow bot cannot be
    /// told from a lost connection.
    pub fn call_timeout(mut self, span: Duration) -> Self {
        self.call_timeout = span;
        self
    }

    /// How large an answer may be, in bytes. Default 1 MiB.
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// How many characters of another bot's answer are taken as its text. Default 1,000.
    pub fn max_answer_chars(mut self, chars: usize) -> Self {
        self.max_answer_chars = chars;
        self
    }

    /// How many characters a message to another bot may have. Default 5,000.
    pub fn max_message_chars(mut self, chars: usize) -> Self {
        self.max_message_chars = chars;
        self
    }

    /// When to dial the relay again. Default: full jitter from 1 s to 30 s, for ever, reset after the key was accepted and a
    /// minute of health followed.
    pub fn backoff(mut self, policy: BackoffPolicy) -> Self {
        self.options.backoff = policy;
        self
    }

    /// When the tunnel pings, and when silence means that it is dead. Default: every 25 s, dead after 60 s without a byte,
    /// which is noticed within 85 s. The relay drops a tunnel after 90 s without a ping.
    pub fn heartbeat(mut self, policy: HeartbeatPolicy) -> Self {
        self.options.heartbeat = policy;
        self
    }

    /// How long name, TCP, TLS and upgrade of the tunnel together may take. Default 10 s.
    pub fn handshake_timeout(mut self, span: Duration) -> Self {
        self.options.handshake_timeout = span;
        self
    }

    /// How long the relay may take to accept the key. Default 10 s.
    pub fn greeting_timeout(mut self, span: Duration) -> Self {
        self.options.greeting_timeout = span;
        self
    }

    /// How long the relay may refuse to take our bytes before the connection is given up. Default 10 s.
    pub fn write_timeout(mut self, span: Duration) -> Self {
        self.options.write_timeout = span;
        self
    }

    /// Over how long reconnects spread when the relay says that it restarts (close codes 1012 and 1013). Default 15 s.
    pub fn restart_spread(mut self, span: Duration) -> Self {
        self.options.restart_spread = span;
        self
    }

    /// Writes every frame to a file, as lines of JSON without the key: see [`record`](sdk_core::record). Such a file holds
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

    /// The client. It connects at its first call.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG), naming the setting: no host, a malformed address, an empty key, a limit of
    /// zero. [`INSECURE_URL`](codes::INSECURE_URL) when the key would travel unencrypted to another machine.
    pub fn build(self) -> Result<Client> {
        let (api, tunnel) = match (self.api.transpose()?, self.tunnel.transpose()?) {
            (Some(api), Some(tunnel)) => (api, tunnel),
            (Some(api), None) => (api.clone(), tunnel_of(&api)?),
            (None, Some(tunnel)) => (api_of(&tunnel)?, tunnel),
            (None, None) => {
                let what =
                    "no host was chosen: use .host(Host::Production), .url(\"http://…\") or BOTROULETTE_URL";
                return Err(Error::invalid_config("url", what));
            }
        };
        self.key.check("key")?;
        for (field, count) in [
            ("max_answer", self.max_answer),
            ("max_answer_chars", self.max_answer_chars),
            ("max_message_chars", self.max_message_chars),
        ] {
            if count == 0 {
                return Err(Error::invalid_config(field, format!("{field} must be at least 1")));
            }
        }
        if self.call_timeout.is_zero() {
            return Err(Error::invalid_config("call_timeout", "call_timeout must be longer than nothing"));
        }
        let network = self.network.user_agent(concat!("botroulette-sdk/", env!("CARGO_PKG_VERSION")));
        network.check_url(&api)?;
        network.check_url(&tunnel)?;
        let mut options = self.options;
        options.network = network.clone().connect_timeout(options.handshake_timeout);
        options.check()?;
        let mut http = Http::builder(api)
            .network(network)
            .auth(Auth::Header { name: API_KEY, key: self.key.clone() })
            .clock(self.clock.clone())
            .max_body(self.max_answer)
            .retry(self.retry);
        if let Some(seed) = options.seed {
            http = http.seed(seed);
        }
        Ok(Client(Arc::new(Inner {
            http: http.build()?,
            clock: self.clock,
            limits: Limits::new(self.limit_mode),
            tunnel,
            key: self.key,
            options,
            shutdown: self.shutdown.unwrap_or_default(),
            call_timeout: self.call_timeout,
            max_answer_chars: self.max_answer_chars,
            max_message_chars: self.max_message_chars,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("key", &self.key).finish_non_exhaustive()
    }
}
