//! The settings of a connection.

use std::time::Duration;

use crate::backoff::BackoffPolicy;
use crate::error::{Error, Result};
use crate::heartbeat::HeartbeatPolicy;
use crate::network::Network;
use crate::record::Recording;

/// The settings of a [`Driver`](super::Driver). The defaults suit a bot; platform crates change what their page says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Proxy, certificate roots, plaintext rule, User-Agent.
    pub network: Network,
    /// When to dial again. Default: 1 s doubling to 30 s with full jitter, for ever, reset after 60 s of health.
    pub backoff: BackoffPolicy,
    /// When to ping, and when silence means death. Default: every 10 s, dead after 20 s.
    pub heartbeat: HeartbeatPolicy,
    /// For name, TCP, TLS and upgrade together. Default 10 s.
    pub handshake_timeout: Duration,
    /// For the platform's greeting after the upgrade. Default 10 s.
    pub greeting_timeout: Duration,
    /// How long the server may take none of our bytes before the socket is dropped. Default 10 s.
    pub write_timeout: Duration,
    /// How long a close waits for the server's close frame. Default 1 s.
    pub close_timeout: Duration,
    /// How long handlers that still run may go on after the connection has ended. Default 5 s.
    pub finish_timeout: Duration,
    /// The largest message that is taken, in bytes. Default 1 MiB.
    pub max_message: usize,
    /// How many messages may wait to be written. Default 1,024.
    pub max_outbound: usize,
    /// How many bytes of messages may wait to be written; a single message is not larger either. Default 16 MiB.
    pub max_outbound_bytes: usize,
    /// After this long a dial that has not succeeded is reported. Default 1.5 s.
    pub slow_notice: Duration,
    /// A poll of the bot's code that takes longer than this is reported. Default 50 ms.
    pub block_notice: Duration,
    /// Over how long reconnects spread when the server announces a restart. Default 15 s.
    pub restart_spread: Duration,
    /// Writes every frame to a file. Default: none.
    pub record: Option<Recording>,
    /// Makes jitter repeatable.
    pub seed: Option<u64>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            network: Network::new(),
            backoff: BackoffPolicy::default(),
            heartbeat: HeartbeatPolicy::default(),
            handshake_timeout: Duration::from_secs(10),
            greeting_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(1),
            finish_timeout: Duration::from_secs(5),
            max_message: 1 << 20,
            max_outbound: 1_024,
            max_outbound_bytes: 16 << 20,
            slow_notice: Duration::from_millis(1_500),
            block_notice: Duration::from_millis(50),
            restart_spread: Duration::from_secs(15),
            record: None,
            seed: None,
        }
    }
}

/// No span is longer: moments far beyond it cannot be told apart from a mistake.
const MAX_SPAN: Duration = Duration::from_secs(24 * 60 * 60);

impl SocketOptions {
    /// Checks the limits.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](crate::error::codes::INVALID_CONFIG), naming the setting.
    pub fn check(&self) -> Result<()> {
        for (field, span) in [
            ("handshake_timeout", self.handshake_timeout),
            ("greeting_timeout", self.greeting_timeout),
            ("write_timeout", self.write_timeout),
            ("close_timeout", self.close_timeout),
        ] {
            if span.is_zero() {
                return Err(Error::invalid_config(field, format!("{field} must be longer than nothing")));
            }
        }
        for (field, span) in [
            ("handshake_timeout", self.handshake_timeout),
            ("greeting_timeout", self.greeting_timeout),
            ("write_timeout", self.write_timeout),
            ("close_timeout", self.close_timeout),
            ("finish_timeout", self.finish_timeout),
            ("slow_notice", self.slow_notice),
            ("restart_spread", self.restart_spread),
        ] {
            if span > MAX_SPAN {
                return Err(Error::invalid_config(field, format!("{field} must be at most 24 h")));
            }
        }
        for (field, count) in [
            ("max_message", self.max_message),
            ("max_outbound", self.max_outbound),
            ("max_outbound_bytes", self.max_outbound_bytes),
        ] {
            if count == 0 {
                return Err(Error::invalid_config(field, format!("{field} must be at least 1")));
            }
        }
        Ok(())
    }
}
