//! The REST caller: retries by declared idempotency, bounded bodies, typed errors.
//!
//! An [`Http`] is made once for a base URL and cloned freely. A call is built from path segments, which are encoded one by
//! one, so that an id from the network cannot become another path:
//!
//! ```no_run
//! use sdk_core::http::{Auth, Http};
//! use sdk_core::secret::Secret;
//!
//! # async fn example() -> sdk_core::Result<()> {
//! #[derive(serde::Deserialize)]
//! struct Stats {
//!     active_matches: u32,
//! }
//!
//! let http = Http::builder("https://api.example".parse().unwrap())
//!     .auth(Auth::Bearer(Secret::new("the-key")))
//!     .build()?;
//! let stats: Stats = http.get(&["api", "v1", "stats"]).query("period", "weekly").send_json().await?;
//! http.put(&["api", "v1", "agents", "42/../7", "profile"]).json(&"hello").send_empty().await?;
//! # let _ = stats.active_matches;
//! # Ok(())
//! # }
//! ```
//!
//! # What is sent twice
//! A call says whether it may be: [`Idempotency::Safe`] (GET by default) or [`Idempotency::Never`] (everything else). The
//! [`RetryPolicy`] says how often and when. Redirects are never followed.
//!
//! # Errors
//! | code | when | [`sent`](crate::Error::sent) |
//! |---|---|---|
//! | `connect_failed`, `connect_timeout`, `tls_failed` | no connection was made | `No` |
//! | `http_timeout` | the whole call took too long | `Maybe`; `Yes` when a status had come |
//! | `connection_lost` | the connection broke before or in the middle of the answer | `Maybe`; `Yes` when a status had come |
//! | `auth_rejected` | 401 | `Yes` |
//! | `rejected` | 403, in the platform's own words | `Yes` |
//! | `rate_limited` | 429 | `Yes` |
//! | `redirect_refused` | 3xx that points elsewhere | `Yes` |
//! | `http_status` | every other status that is no success | `Yes` |
//! | `body_too_large`, `not_json`, `decode_failed` | the answer's body is not as it should be | `Yes` |
//! | `invalid_argument`, `invalid_config` | the call is wrong | `No` |
//!
//! An error for an answer keeps its status, its `Retry-After` (at most ten minutes), its `Date`, its `X-Request-Id`, the start
//! of its body, and the platform's code, message and field where the body is JSON of a known shape: `{"error": "text"}`,
//! `{"error": {"code", "message"}}`, or `{"detail": …}` with a text, an object or a list.
//!
//! Messages name method, path and host. The query, the headers and the secrets of the call are in no error and no log.

mod body;
mod envelope;
mod excerpt;
mod failure;
mod path;
mod request;
mod response;
mod retry;
mod retry_after;
mod stream;
mod upgrade;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::header::{ACCEPT, AUTHORIZATION};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

pub use self::request::Request;
pub use self::response::Response;
pub use self::retry::{Idempotency, RetryPolicy};
pub use self::stream::Stream;
pub(crate) use self::upgrade::Upgrade;

use self::excerpt::Mask;
use self::retry::{Budget, Tries, Wait};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::secret::{Secret, shown_url};

/// How long a whole call may take unless set otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How large an answer's body may be unless set otherwise: 8 MiB.
pub const DEFAULT_MAX_BODY: usize = 8 * 1024 * 1024;

/// No call takes or waits longer, whatever is set.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How a client shows who it is.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// It does not.
    #[default]
    None,
    /// `Authorization: Bearer <key>`.
    Bearer(Secret),
    /// A header of the platform's own, such as `X-API-Key`.
    Header {
        /// The header's name.
        name: HeaderName,
        /// Its value.
        key: Secret,
    },
}

/// A REST client for one base URL. Cheap to clone; clones share connections and the retry budget.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    base: Url,
    headers: HeaderMap,
    mask: Mask,
    timeout: Duration,
    max_body: usize,
    policy: RetryPolicy,
    clock: Clock,
    chance: Mutex<Chance>,
}

/// What the retries of all clones draw from.
struct Chance {
    budget: Budget,
    random: fastrand::Rng,
}

impl Http {
    /// Begins a client for a base URL, whose path stands before every call's.
    pub fn builder(base: Url) -> HttpBuilder {
        HttpBuilder {
            base,
            network: Network::new(),
            auth: Auth::None,
            timeout: DEFAULT_TIMEOUT,
            max_body: DEFAULT_MAX_BODY,
            policy: RetryPolicy::new(),
            clock: Clock::real(),
            seed: None,
        }
    }

    /// The base URL.
    pub fn base(&self) -> &Url {
        &self.0.base
    }

    /// A GET of the path with these segments. Each segment is percent-encoded; one that is empty, `.` or `..` makes the call
    /// fail with [`INVALID_ARGUMENT`](crate::error::codes::INVALID_ARGUMENT) before anything is sent.
    pub fn get(&self, segments: &[&str]) -> Request {
        self.request(Method::GET, segments)
    }

    /// A POST. Segments as in [`get`](Http::get).
    pub fn post(&self, segments: &[&str]) -> Request {
        self.request(Method::POST, segments)
    }

    /// A PUT. Segments as in [`get`](Http::get).
    pub fn put(&self, segments: &[&str]) -> Request {
        self.request(Method::PUT, segments)
    }

    /// A PATCH. Segments as in [`get`](Http::get).
    pub fn patch(&self, segments: &[&str]) -> Request {
        self.request(Method::PATCH, segments)
    }

    /// A DELETE. Segments as in [`get`](Http::get).
    pub fn delete(&self, segments: &[&str]) -> Request {
        self.request(Method::DELETE, segments)
    }

    /// A call with any method. Segments as in [`get`](Http::get).
    pub fn request(&self, method: Method, segments: &[&str]) -> Request {
        Request::new(self, method, path::join(&self.0.base, segments))
    }

    fn succeeded(&self) {
        self.0.chance.lock().unwrap_or_else(PoisonError::into_inner).budget.succeeded();
    }

    fn failed(&self, tries: &mut Tries, error: &Error) -> Option<Wait> {
        let mut chance = self.0.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let Chance { budget, random } = &mut *chance;
        tries.failed_with(error, budget, |longest| random.u64(0..=longest))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &shown_url(&self.0.base))
            .field("timeout", &self.0.timeout)
            .field("max_body", &self.0.max_body)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

/// Settings of an [`Http`], made by [`Http::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HttpBuilder {
    base: Url,
    network: Network,
    auth: Auth,
    timeout: Duration,
    max_body: usize,
    policy: RetryPolicy,
    clock: Clock,
    seed: Option<u64>,
}

impl HttpBuilder {
    /// How to reach the host: proxy, roots, connect timeout, User-Agent.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// How the client shows who it is. Default: it does not.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// How long a whole call may take: all tries, the waits between them, and the answer's body. Default: 30 s, at most a
    /// day. It is always the machine's own time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = clamped(timeout);
        self
    }

    /// How large an answer's body may be, in bytes. Default: 8 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// How often, and after which waits, a call is tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Whose time the waits between tries take.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the random part of the waits repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The client. It connects at its first call.
    ///
    /// # Errors
    /// As [`Network::rest`]; [`INVALID_CONFIG`](crate::error::codes::INVALID_CONFIG) when the base URL has a query or a
    /// fragment, or the key holds characters that no header may hold.
    pub fn build(self) -> Result<Http> {
        let client = self.network.rest(&self.base)?;
        if self.base.query().is_some() || self.base.fragment().is_some() {
            return Err(Error::invalid_config("url", "a base URL has no query and no fragment"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let secrets = match self.auth {
            Auth::None => Vec::new(),
            Auth::Bearer(key) => {
                headers.insert(AUTHORIZATION, key.header("Bearer ")?);
                vec![key]
            }
            Auth::Header { name, key } => {
                headers.insert(name, key.header("")?);
                vec![key]
            }
        };
        let random = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Ok(Http(Arc::new(Inner {
            client,
            base: self.base,
            headers,
            mask: Mask::new(secrets),
            timeout: self.timeout,
            max_body: self.max_body,
            policy: self.policy,
            clock: self.clock,
            chance: Mutex::new(Chance { budget: Budget::new(), random }),
        })))
    }
}

impl fmt::Debug for HttpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBuilder")
            .field("base", &shown_url(&self.base))
            .field("network", &self.network)
            .field("auth", &self.auth)
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("policy", &self.policy)
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .finish()
    }
}

/// A span that can be added to any time without an overflow.
fn clamped(span: Duration) -> Duration {
    span.min(LONGEST)
}
