//! How a sandbox behaves: the platform's numbers, and the choices.

use std::time::Duration;

use sdk_core::secret::Secret;

use super::house::HouseBot;
use crate::model::Provider;

/// Who may register a bot.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Registration {
    /// Everybody, with or without a key (the default): so the platform's server is today.
    #[default]
    Open,
    /// Who sends this key in `X-Bot-Registration-Key`, as the spec has it (spec, "Account registration"). Everybody else is
    /// answered 401.
    Gated(Secret),
}

/// The settings. Spans are of the sandbox's clock.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) registration: Registration,
    pub(super) house: Vec<HouseBot>,
    pub(super) house_joins: bool,
    pub(super) house_opens: bool,
    pub(super) house_wait: Duration,
    pub(super) house_thinks: Duration,
    pub(super) house_human: bool,
    pub(super) human_wait: Duration,
    pub(super) time: Duration,
    pub(super) increment: Duration,
    pub(super) waiting_for: Duration,
    pub(super) unstarted_for: Duration,
    pub(super) join_cooldown: Duration,
    pub(super) heartbeat: Duration,
    pub(super) sweep_every: Duration,
    /// Which names are shown and picked only while they report, with whose model.
    pub(super) model_bots: Vec<(String, Provider)>,
    pub(super) stale_listings: bool,
    pub(super) events: bool,
    pub(super) api_prefix: bool,
    /// Requests at once, and a second, of the machine's time.
    pub(super) rate_limit: Option<(u32, u32)>,
    pub(super) keep_games: usize,
    pub(super) keep_requests: usize,
}

/// A listing shows so many games.
pub(super) const LISTED: usize = 20;
/// A game between bots is written down after so many recorded attempts ...
pub(super) const FLUSH_EVERY: u32 = 20;
/// ... or when it was idle for so long.
pub(super) const FLUSH_IDLE: Duration = Duration::from_secs(30);
/// How many active games a house bot plays at once.
pub(super) const HOUSE_CAP: usize = 20;

impl Default for Settings {
    fn default() -> Self {
        let model_bots = [
            ("gptnano", Provider::OpenAi),
            ("llm_gptnano", Provider::OpenAi),
            ("haiku", Provider::Anthropic),
            ("llm_haiku", Provider::Anthropic),
        ];
        Self {
            registration: Registration::Open,
            house: HouseBot::ALL.to_vec(),
            house_joins: true,
            house_opens: true,
            house_wait: Duration::from_millis(250),
            house_thinks: Duration::from_millis(20),
            house_human: false,
            human_wait: Duration::from_secs(5),
            time: Duration::from_secs(1_500),
            increment: Duration::from_secs(10),
            waiting_for: Duration::from_secs(600),
            unstarted_for: Duration::from_secs(3_600),
            join_cooldown: Duration::from_secs(60),
            heartbeat: Duration::from_secs(120),
            sweep_every: Duration::from_secs(1_500),
            model_bots: model_bots.map(|(name, provider)| (name.to_owned(), provider)).to_vec(),
            stale_listings: true,
            events: true,
            api_prefix: true,
            rate_limit: None,
            keep_games: 1_000,
            keep_requests: 20_000,
        }
    }
}
