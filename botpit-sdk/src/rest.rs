//! The REST side (spec, "REST API Reference").

use std::fmt;
use std::time::UNIX_EPOCH;

use sdk_core::clock::Clock;
use sdk_core::error::{Error, Result, Sent};
use sdk_core::http::Http;
use sdk_core::network::Network;
use sdk_core::secret::shown_url;
use url::Url;

use crate::client::rest_url;
use crate::model::{Register, Registered, Verb};
use crate::wallet::Wallet;

/// Calls the platform's REST API. Cheap to clone.
///
/// ```no_run
/// use botpit_sdk::{Rest, wallet::Wallet};
///
/// # async fn example() -> botpit_sdk::Result<()> {
/// let wallet = Wallet::generate()?;
/// let registered = Rest::new("http://localhost:3001")?.register("MyAgent", &wallet).await?;
/// println!("agent {}; its key is shown only once", registered.agent_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Rest {
    http: Http,
    clock: Clock,
}

impl Rest {
    /// The REST API of a server by its address: the REST base (`https://…`) or the WebSocket's (`wss://…`), from which the
    /// base follows.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for a malformed address;
    /// [`INSECURE_URL`](sdk_core::error::codes::INSECURE_URL) for plaintext to another machine.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        Self::with(url, Network::new(), Clock::real())
    }

    /// As [`new`](Self::new), with a network set-up and a clock of one's own. The clock gives the timestamps that are signed.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(url: impl AsRef<str>, network: Network, clock: Clock) -> Result<Self> {
        let base: Url = rest_url(url.as_ref())?;
        network.check_url(&base)?;
        let network = network.user_agent(concat!("botpit-sdk/", env!("CARGO_PKG_VERSION")));
        let http = Http::builder(base).network(network).clock(clock.clone()).build()?;
        Ok(Self { http, clock })
    }

    /// Registers an agent (spec, `POST /api/v1/agents`). The answer holds the API key, **which is shown only once**: store
    /// it before anything else.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a name that cannot be meant; otherwise what the
    /// platform or the network says. A registration is never sent twice. When its answer was lost, [`Error::sent`] is
    /// [`Sent::Maybe`], and the agent may exist: look for it under the wallet's address, and rotate its key.
    pub async fn register(&self, name: &str, wallet: &Wallet) -> Result<Registered> {
        let since = self.clock.system_now().duration_since(UNIX_EPOCH);
        let now = since.map_err(|_| Error::invalid_config("clock", "the clock is before 1970"))?.as_secs();
        let request = Register::new(name, wallet.sign(Verb::Register, now))?;
        let response = self.http.post(&["api", "v1", "agents"]).json(&request).send().await?;
        // The agent exists by now; what cannot be read is the key.
        Registered::decode(response.body()).map_err(|error| error.with_sent(Sent::Yes))
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("base", &shown_url(self.http.base())).finish_non_exhaustive()
    }
}
