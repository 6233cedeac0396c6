//! How a client is built: which host, which token, which limits.

use std::fmt;
use std::time::Duration;

use sdk_core::clock::Clock;
use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes};
use sdk_core::http::{Auth, DEFAULT_TIMEOUT, Http, RetryPolicy};
use sdk_core::network::{Network, parse_url};
use sdk_core::secret::{Secret, shown_url};
use sdk_core::shutdown::Shutdown;
use url::Url;

use super::Client;

const PUBLIC_HOST: &str = "api.kriegspiel.org";

/// The platform's known hosts. There is no default: a bot plays on the live site because somebody said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `api.kriegspiel.org`, the public API host of the spec.
    Production,
}

impl Host {
    /// Its address.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Production => "https://api.kriegspiel.org",
        }
    }
}

/// Builds a [`Client`]. Mistakes are told by [`build`](Self::build).
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    pub(super) token: Option<Secret>,
    base: Option<Result<Url>>,
    network: Network,
    clock: Clock,
    timeout: Duration,
    retry: RetryPolicy,
    pub(crate) seed: Option<u64>,
    pub(crate) shutdown: Shutdown,
}

impl ClientBuilder {
    pub(super) fn new(token: Option<Secret>) -> Self {
        Self {
            token,
            base: None,
            network: Network::new(),
            clock: Clock::real(),
            timeout: DEFAULT_TIMEOUT,
            retry: RetryPolicy::new(),
            seed: None,
            shutdown: Shutdown::new(),
        }
    }

    /// Plays on one of the platform's known hosts.
    pub fn host(self, host: Host) -> Self {
        self.url(host.url())
    }

    /// Plays on a server by its address. On `api.kriegspiel.org` paths have no `/api` in front, and an address with it is
    /// refused; other hosts may have what they like.
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        self.base = Some(base_url(url.as_ref()));
        self
    }

    /// Plays on the server that `KRIEGSPIEL_API_BASE` names.
    ///
    /// # Errors
    /// [`INVALID_ENV`](codes::INVALID_ENV) when the variable is missing or wrong.
    pub fn base_from_env(mut self, env: &Env) -> Result<Self> {
        const NAME: &str = "KRIEGSPIEL_API_BASE";
        let base = base_url(&env.require(NAME)?).map_err(|cause| {
            Error::new(&codes::INVALID_ENV, format!("{NAME} is wrong")).with_field(NAME).with_source(cause)
        })?;
        self.base = Some(Ok(base));
        Ok(self)
    }

    /// The bot's token.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Proxy, certificate roots, connect timeout, User-Agent, and whether a token may travel unencrypted to another machine.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Whose time the waits between tries take: the clock of a sandbox in the same process, for one.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn time(&self) -> &Clock {
        &self.clock
    }

    /// The wish to stop, shared with others: `shutdown.on_signals()?` makes it Ctrl-C. It ends what
    /// [`Client::play`](crate::Client::play) runs.
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// Makes repeatable what is drawn: the jitter of retries, and in [`Client::play`](crate::Client::play) whom it joins and
    /// when.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How long a whole call may take, its tries and their answers included. Default: 30 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often, and after which waits, a call that reads is tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The client. It connects at its first call.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG), naming the setting: no host, a malformed address, an `/api` that does not
    /// belong there, a blank token. [`INSECURE_URL`](codes::INSECURE_URL) for plaintext to another machine: even a
    /// registration's answer holds a token.
    pub fn build(self) -> Result<Client> {
        let Some(base) = self.base.clone() else {
            let message =
                "no host was chosen: use .host(Host::Production), .url(\"http://…\") or KRIEGSPIEL_API_BASE";
            return Err(Error::invalid_config("url", message));
        };
        let base = base?;
        let auth = match &self.token {
            None => Auth::None,
            Some(token) => {
                token.check("token")?;
                Auth::Bearer(token.clone())
            }
        };
        self.network.check_url(&base)?;
        let network = self.network.clone().user_agent(concat!("kriegspiel-sdk/", env!("CARGO_PKG_VERSION")));
        let mut http = Http::builder(base)
            .network(network)
            .auth(auth)
            .clock(self.clock.clone())
            .timeout(self.timeout)
            .retry(self.retry);
        if let Some(seed) = self.seed {
            http = http.seed(seed);
        }
        let http = http.build()?;
        Ok(Client { http, settings: self })
    }
}

fn base_url(text: &str) -> Result<Url> {
    let url = parse_url(text, "url", &["https", "http"])?;
    if url.host_str() == Some(PUBLIC_HOST)
        && url.path_segments().and_then(|mut parts| parts.next()) == Some("api")
    {
        let message = format!(
            "{PUBLIC_HOST} has no /api in front of its paths and answers 404 there: use {}",
            Host::Production.url()
        );
        return Err(Error::invalid_config("url", message));
    }
    Ok(url)
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base.as_ref().and_then(|base| base.as_ref().ok());
        f.debug_struct("ClientBuilder")
            .field("url", &base.map(shown_url))
            .field("token", &self.token)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
