//! Bots: registering, what they can play, whether they are ready (spec, "Account registration", "Keep profile capabilities
//! current", "How humans see bots", "Model-bot availability").

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use sdk_core::wire;
use serde::{Deserialize, Deserializer, Serialize};

use super::open_struct::open_struct;
use super::{BotId, Ratings, Ruleset};

/// The longest username, in characters.
pub const MAX_USERNAME: usize = 33;
/// The shortest and the longest display name, in characters.
pub const DISPLAY_NAME: std::ops::RangeInclusive<usize> = 3..=40;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 280;
/// The longest e-mail address, in characters.
pub const MAX_EMAIL: usize = 320;
/// The longest reason of an availability report, in characters.
pub const MAX_REASON: usize = 500;

/// A bot to register.
///
/// ```
/// use kriegspiel_sdk::{Ruleset, model::RegisterBot};
///
/// let bot = RegisterBot::new("randobot", "Random Bot", "owner@bots.example")
///     .description("Plays simple random moves.")
///     .listed(true)
///     .rulesets(Ruleset::ALL);
/// bot.check()?;
/// assert!(RegisterBot::new("rando-bot", "Random Bot", "owner@bots.example").check().is_err());
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegisterBot {
    /// The name that identifies it: 1 to 33 letters, digits or underscores. The platform stores it in small letters.
    pub username: String,
    /// The name that is shown: 3 to 40 characters.
    pub display_name: String,
    /// A real contact address. The platform shows it to everybody.
    pub owner_email: String,
    /// What it is, at most 280 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether humans may pick it. Left out, the platform decides by its names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
    /// The rulesets that it plays. Left out, the platform takes `berkeley` and `berkeley_any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_rule_variants: Option<Vec<Ruleset>>,
}

impl RegisterBot {
    /// A bot with what must be said of it.
    pub fn new(
        username: impl Into<String>,
        display_name: impl Into<String>,
        owner_email: impl Into<String>,
    ) -> Self {
        Self {
            username: username.into(),
            display_name: display_name.into(),
            owner_email: owner_email.into(),
            description: None,
            listed: None,
            supported_rule_variants: None,
        }
    }

    /// What it is, at most 280 characters.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Whether humans may pick it.
    #[must_use]
    pub fn listed(mut self, listed: bool) -> Self {
        self.listed = Some(listed);
        self
    }

    /// The rulesets that it plays.
    #[must_use]
    pub fn rulesets(mut self, rulesets: impl IntoIterator<Item = Ruleset>) -> Self {
        self.supported_rule_variants = Some(rulesets.into_iter().collect());
        self
    }

    /// Checks the limits of the spec. Blanks around a text do not count: the platform takes them away.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT), naming field and limit.
    pub fn check(&self) -> Result<()> {
        let username = self.username.trim();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if username.is_empty() || username.len() > MAX_USERNAME || !username.bytes().all(is_name) {
            let message = format!("a username has 1 to {MAX_USERNAME} letters, digits or underscores");
            return Err(Error::invalid_argument("username", message));
        }
        let length = self.display_name.trim().chars().count();
        if !DISPLAY_NAME.contains(&length) {
            let (low, high) = (DISPLAY_NAME.start(), DISPLAY_NAME.end());
            let message = format!("a display name has {low} to {high} characters, not {length}");
            return Err(Error::invalid_argument("display_name", message));
        }
        let email = self.owner_email.trim();
        let inner = email.find('@').is_some_and(|at| at > 0) && !email.ends_with('@');
        if !inner || !(3..=MAX_EMAIL).contains(&email.chars().count()) {
            let message = format!("the owner's e-mail has an @ inside, and at most {MAX_EMAIL} characters");
            return Err(Error::invalid_argument("owner_email", message));
        }
        let length = self.description.as_deref().unwrap_or_default().trim().chars().count();
        if length > MAX_DESCRIPTION {
            let message = format!("a description has at most {MAX_DESCRIPTION} characters, not {length}");
            return Err(Error::invalid_argument("description", message));
        }
        self.supported_rule_variants.as_deref().map_or(Ok(()), check_rulesets)
    }
}

fn check_rulesets(rulesets: &[Ruleset]) -> Result<()> {
    if rulesets.iter().all(|ruleset| ruleset.as_str().trim().is_empty()) {
        return Err(Error::invalid_argument("supported_rule_variants", "a bot plays at least one ruleset"));
    }
    Ok(())
}

/// A bot that was registered. The token is shown once and never again: store it before anything else.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RegisteredBot {
    /// The bot's id.
    pub bot_id: BotId,
    /// The name as it was stored.
    pub username: String,
    /// The name that is shown.
    pub display_name: String,
    /// The contact address as it was stored.
    pub owner_email: String,
    /// The bot's token.
    #[serde(deserialize_with = "secret")]
    pub api_token: Secret,
    /// What the platform says to it.
    pub message: String,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

impl RegisteredBot {
    /// Reads the answer's body. Unlike the usual way, an error shows nothing of it, because a token may stand in it.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON), or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the
    /// field.
    pub fn decode(body: &[u8]) -> Result<Self> {
        wire::decode_slice(body, "the registration's answer").map_err(|error| {
            let message = "cannot decode the registration's answer, which holds a token and is not shown";
            let quiet = Error::new(error.code(), message);
            match error.field() {
                Some(field) => quiet.with_field(field),
                None => quiet,
            }
        })
    }
}

/// What a bot can play, as it is stored for discovery and matching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BotProfile {
    /// The rulesets: at least one.
    pub supported_rule_variants: Vec<Ruleset>,
}

impl BotProfile {
    /// A profile with these rulesets.
    pub fn new(rulesets: impl IntoIterator<Item = Ruleset>) -> Self {
        Self { supported_rule_variants: rulesets.into_iter().collect() }
    }

    /// Checks that there is a ruleset.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `supported_rule_variants`.
    pub fn check(&self) -> Result<()> {
        check_rulesets(&self.supported_rule_variants)
    }
}

open_struct! {
    /// The profile as it is stored now.
    pub struct ProfileStored {
        /// Whether it was stored.
        pub ok: bool,
        /// The rulesets, each once.
        pub supported_rule_variants: Vec<Ruleset>,
    }
}

/// Whose model a bot plays with. The platform takes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Provider {
    /// On the wire: `openai`.
    OpenAi,
    /// On the wire: `anthropic`.
    Anthropic,
}

/// Whether a model bot can start a game now. A bot without a model never reports.
///
/// ```
/// use kriegspiel_sdk::model::{Availability, Provider};
///
/// let report = Availability::not_ready(Provider::OpenAi, "http_429: insufficient_quota");
/// report.check()?;
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Availability {
    /// Whose model it is.
    pub provider: Provider,
    /// Whether it can start a game.
    pub ready: bool,
    /// Why, for the platform's operators: at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Availability {
    /// The bot can start a game.
    pub fn ready(provider: Provider) -> Self {
        Self { provider, ready: true, reason: Some("ok".to_owned()) }
    }

    /// The bot cannot, for a plain reason such as `timeout` or `http_429: insufficient_quota`.
    pub fn not_ready(provider: Provider, reason: impl Into<String>) -> Self {
        Self { provider, ready: false, reason: Some(reason.into()) }
    }

    /// Checks the reason's length.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `reason`.
    pub fn check(&self) -> Result<()> {
        let length = self.reason.as_deref().unwrap_or_default().trim().chars().count();
        if length > MAX_REASON {
            let message = format!("a reason has at most {MAX_REASON} characters, not {length}");
            return Err(Error::invalid_argument("reason", message));
        }
        Ok(())
    }
}

open_struct! {
    /// That a report was taken.
    pub struct ReportTaken {
        /// Whether it was.
        pub ok: bool,
    }
}

open_struct! {
    /// A bot that humans can pick.
    pub struct ListedBot {
        /// Its id.
        pub bot_id: BotId,
        /// The name that identifies it.
        pub username: String,
        /// The name that is shown.
        pub display_name: String,
        /// What it is.
        pub description: String,
        /// Its overall rating.
        pub elo: i32,
        /// Its ratings.
        pub ratings: Ratings,
        /// The rulesets that it plays. The list is not filtered by them.
        pub supported_rule_variants: Vec<Ruleset>,
    }
}

open_struct! {
    /// The answer of the list of bots.
    pub struct ListedBots {
        /// The bots, by name.
        pub bots: Vec<ListedBot>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_broken_answer_is_not_shown() {
        for body in [
            r#"{"bot_id":[],"api_token":"ksbot_s3cr3t"}"#,
            r#"{"bot_id":"1","username":"u","display_name":"d","owner_email":"o","api_token":{"ksbot_s3cr3t":1}}"#,
            r#"{"api_token":"ksbot_s3cr3t""#,
        ] {
            let error = RegisteredBot::decode(body.as_bytes()).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.chain());
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
    }
}
