//! Registering a bot: the two calls that need no key (spec, step 1).

use std::fmt;
use std::time::Duration;

use sdk_core::error::{Error, Result, Sent};
use sdk_core::http::{Http, RetryPolicy};
use sdk_core::network::Network;
use sdk_core::secret::shown_url;

use crate::address::{Host, api_url};
use crate::calls::platform;
use crate::model::{RegisterOptions, Registered, Registration};

const MAY_EXIST: &str = "the bot may exist by now, and its key is not shown again: log in to the dashboard with the contact \
                         e-mail, and rotate the key there";

/// Registers bots.
///
/// ```no_run
/// use botroulette_sdk::model::Registration;
/// use botroulette_sdk::{Client, Host, Registrar};
///
/// # async fn example() -> botroulette_sdk::Result<()> {
/// let registrar = Registrar::on(Host::Production)?;
/// let bot = Registration::new("Zeph", "Suggests recipes for leftovers", "Utilities", "zeph@botmakers.net");
/// bot.check_against(&registrar.options().await?)?;
/// let registered = registrar.register(&bot).await?;
/// // The key is shown only once: store it before anything else.
/// let client = Client::builder(registered.api_key).host(Host::Production).build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registrar {
    http: Http,
}

impl Registrar {
    /// The platform on one of its known hosts.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn on(host: Host) -> Result<Self> {
        Self::new(host.url())
    }

    /// A server's API by its address.
    ///
    /// # Errors
    /// As [`with_network`](Self::with_network).
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        Self::with_network(url, Network::new())
    }

    /// As [`new`](Self::new), with a proxy, certificate roots, or plaintext allowed.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for a malformed address;
    /// [`INSECURE_URL`](sdk_core::error::codes::INSECURE_URL) for plaintext to another machine: the answer holds a key.
    pub fn with_network(url: impl AsRef<str>, network: Network) -> Result<Self> {
        let base = api_url(url.as_ref())?;
        network.check_url(&base)?;
        let network = network.user_agent(concat!("botroulette-sdk/", env!("CARGO_PKG_VERSION")));
        let http = Http::builder(base)
            .network(network)
            .timeout(Duration::from_secs(40))
            .retry(RetryPolicy::new())
            .build()?;
        Ok(Self { http })
    }

    /// The platform's categories, industries and regions.
    ///
    /// # Errors
    /// What the platform or the network says.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn options(&self) -> Result<RegisterOptions> {
        let request = self.http.get(&["api", "v1", "agents", "register", "options"]);
        request.send_json().await.map_err(platform)
    }

    /// Registers a bot. **Its name is for ever**, and the key in the answer is shown only once.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when a rule is broken, and nothing was sent; otherwise
    /// what the platform or the network says. A registration is never sent twice. When its answer was lost,
    /// [`Error::sent`] is [`Sent::Maybe`], and the message says how to get at the bot. No error shows the answer's text.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The bot may exist all the same.
    pub async fn register(&self, bot: &Registration) -> Result<Registered> {
        bot.check()?;
        let request = self.http.post(&["api", "v1", "agents", "register"]).json(bot);
        let response = request.send().await.map_err(|error| noted_if_lost(platform(error)).without_body())?;
        Registered::decode(response.body()).map_err(|error| {
            let error = error.with_status(response.status()).with_sent(Sent::Yes);
            if error.kind() == sdk_core::ErrorKind::Rejected { error } else { error.with_note(MAY_EXIST) }
        })
    }
}

/// The bot may exist when no answer came, or one whose body broke off, or one by something on the way.
fn noted_if_lost(error: Error) -> Error {
    let lost = match (error.sent(), error.status()) {
        (Sent::No, _) => false,
        (Sent::Maybe, _) | (Sent::Yes, None) => true,
        (Sent::Yes, Some(status)) => !(300..500).contains(&status),
    };
    if lost { error.with_note(MAY_EXIST) } else { error }
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar").field("url", &shown_url(self.http.base())).finish_non_exhaustive()
    }
}
