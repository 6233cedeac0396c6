//! What a sandbox can be set to.

use std::time::Duration;

use super::house::HouseBot;
use crate::limits::{CALLS_PER_SECOND, ROULETTE_PER_MINUTE};

/// What happens when a key is used for a second tunnel. The spec does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SecondTunnel {
    /// The new one takes over: the old one gets an `error` and the close code 4000.
    #[default]
    TakesOver,
    /// The new one gets an `error` and the close code 4009; the old one stays.
    IsRefused,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Of the machine's time.
    pub(crate) auth_within: Duration,
    pub(crate) close_on_auth_failure: bool,
    pub(crate) heartbeat_timeout: Duration,
    /// Whether the span above is of the sandbox's clock or of the machine's.
    pub(crate) heartbeat_scales: bool,
    pub(crate) relay_timeout: Duration,
    pub(crate) second_tunnel: SecondTunnel,
    pub(crate) max_body: usize,
    pub(crate) charset_passes: bool,
    pub(crate) html_in_json_passes: bool,
    pub(crate) blocked_status: u16,
    /// No limits when none.
    pub(crate) rate_limits: Option<RateLimits>,
    pub(crate) html_429: bool,
    /// How long a session lives after its last message.
    pub(crate) session_lives: Duration,
    pub(crate) house: Vec<HouseBot>,
    pub(crate) house_thinks: Duration,
    pub(crate) house_slow: Duration,
    /// With each bot that comes online.
    pub(crate) house_calls: u32,
    pub(crate) house_calls_every: Duration,
    pub(crate) house_turns: u32,
    pub(crate) roulette_all: bool,
    pub(crate) keep_calls: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimits {
    pub(crate) calls_per_second: u32,
    pub(crate) roulette_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auth_within: Duration::from_secs(10),
            close_on_auth_failure: true,
            heartbeat_timeout: Duration::from_secs(90),
            heartbeat_scales: true,
            relay_timeout: Duration::from_secs(30),
            second_tunnel: SecondTunnel::default(),
            max_body: 10 << 20,
            charset_passes: false,
            html_in_json_passes: false,
            blocked_status: 502,
            rate_limits: Some(RateLimits {
                calls_per_second: CALLS_PER_SECOND,
                roulette_per_minute: ROULETTE_PER_MINUTE,
            }),
            html_429: true,
            session_lives: Duration::from_secs(30 * 60),
            house: HouseBot::ALL.to_vec(),
            house_thinks: Duration::from_millis(300),
            house_slow: Duration::from_secs(12),
            house_calls: 3,
            house_calls_every: Duration::from_secs(5),
            house_turns: 3,
            roulette_all: false,
            keep_calls: 1_000,
        }
    }
}
