//! How a REST client is built.

use std::fmt;
use std::time::Duration;

use sdk_core::clock::Clock;
use sdk_core::error::Result;
use sdk_core::http::{DEFAULT_TIMEOUT, Http, RetryPolicy};
use sdk_core::network::Network;
use sdk_core::secret::shown_url;
use url::Url;

use super::Rest;
use crate::client::rest_url;

/// Builds a [`Rest`]. Mistakes are told by [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct RestBuilder {
    base: Result<Url>,
    network: Network,
    clock: Clock,
    timeout: Duration,
    retry: RetryPolicy,
}

impl RestBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            base: rest_url(url),
            network: Network::new(),
            clock: Clock::real(),
            timeout: DEFAULT_TIMEOUT,
            retry: RetryPolicy::new(),
        }
    }

    /// Proxy, certificate roots, connect timeout, User-Agent, and whether calls may travel unencrypted to another machine.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Whose time it is: the clock of a sandbox in the same process, for one. It gives the timestamps that are signed, and
    /// the waits between tries.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
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
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for a malformed address;
    /// [`INSECURE_URL`](sdk_core::error::codes::INSECURE_URL) for plaintext to another machine: answers hold keys.
    pub fn build(self) -> Result<Rest> {
        let base = self.base?;
        self.network.check_url(&base)?;
        let network = self.network.user_agent(concat!("botpit-sdk/", env!("CARGO_PKG_VERSION")));
        let http = Http::builder(base)
            .network(network)
            .clock(self.clock.clone())
            .timeout(self.timeout)
            .retry(self.retry)
            .build()?;
        Ok(Rest { http, clock: self.clock })
    }
}

impl fmt::Debug for RestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestBuilder")
            .field("base", &self.base.as_ref().map(shown_url))
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
