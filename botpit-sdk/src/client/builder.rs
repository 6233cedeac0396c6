//! What can be set: host, key, limits, timings.

use std::fmt;
use std::time::Duration;

use sdk_core::backoff::BackoffPolicy;
use sdk_core::error::{Error, Result};
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::network::Network;
use sdk_core::record::Recording;
use sdk_core::secret::Secret;
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::SocketOptions;
use url::Url;

use super::host::{rest_url, ws_url};
use super::{Client, Host};
use crate::bankroll::{Bankroll, SharedGuard};
use crate::fairness::Readings;
use crate::live::{CurrentKey, Timings};

/// Builds a [`Client`]. Mistakes are told by [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    pub(super) key: Secret,
    pub(super) url: Option<Result<Url>>,
    pub(super) rest_url: Option<Result<Url>>,
    pub(super) network: Network,
    pub(super) options: SocketOptions,
    pub(super) timings: Timings,
    pub(super) max_events: usize,
    pub(super) max_event_bytes: usize,
    pub(super) shutdown: Option<Shutdown>,
    pub(super) bankroll: Bankroll,
    pub(super) readings: Readings,
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

    /// How much [`Events`](crate::Events) hold for a bot that lags: so many events, and so many bytes. Default 1,024 and 8 MiB.
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
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG), naming the setting: no host, a malformed address, an empty key, a limit of
    /// zero. [`INSECURE_URL`](sdk_core::error::codes::INSECURE_URL) when the key would travel unencrypted to another machine.
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

#[cfg(test)]
mod tests {
    use sdk_core::env::Env;
    use sdk_core::error::codes;

    use super::*;

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
