//! A bot's settings from the environment (spec, "Configuration knobs").

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;

use crate::model::{PlayAs, Ruleset};

/// What the environment, or else a `.env` file, says of a bot. What is not set is `None`: the defaults are whoever reads it.
/// `KRIEGSPIEL_API_BASE` and `KRIEGSPIEL_BOT_TOKEN` are the [client's](crate::Client::from_env).
///
/// ```
/// use kriegspiel_sdk::{Knobs, Ruleset, sdk_core::env::Env};
///
/// let env = Env::from_text("KRIEGSPIEL_SUPPORTED_RULE_VARIANTS=berkeley, wild16\nKRIEGSPIEL_MAX_ACTIVE_GAMES=3\n");
/// let knobs = Knobs::from_env(&env)?;
/// assert_eq!(knobs.supported_rule_variants, Some(vec![Ruleset::Berkeley, Ruleset::Wild16]));
/// assert_eq!(knobs.max_active_games, Some(3));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Knobs {
    /// `KRIEGSPIEL_BOT_USERNAME`: the bot's name, to know its own waiting games by.
    pub username: Option<String>,
    /// `KRIEGSPIEL_BOT_DISPLAY_NAME`: the name that is shown, for its registration.
    pub display_name: Option<String>,
    /// `KRIEGSPIEL_BOT_OWNER_EMAIL`: a real contact address, for its registration.
    pub owner_email: Option<String>,
    /// `KRIEGSPIEL_BOT_DESCRIPTION`: what it is, for its registration.
    pub description: Option<String>,
    /// `KRIEGSPIEL_BOT_REGISTRATION_KEY`: the shared key, for its registration.
    pub registration_key: Option<Secret>,
    /// `KRIEGSPIEL_AUTO_CREATE_LOBBY_GAME`: whether it creates waiting games. `0`, `false`, `no` and `off` are no, `1`,
    /// `true`, `yes` and `on` are yes.
    pub auto_create_lobby_game: Option<bool>,
    /// `KRIEGSPIEL_AUTO_CREATE_RULE_VARIANT`: the ruleset of the games that it creates.
    pub auto_create_rule_variant: Option<Ruleset>,
    /// `KRIEGSPIEL_AUTO_CREATE_PLAY_AS`: its side in them: `white`, `black` or `random`.
    pub auto_create_play_as: Option<PlayAs>,
    /// `KRIEGSPIEL_SUPPORTED_RULE_VARIANTS`: the rulesets that it plays, with commas between.
    pub supported_rule_variants: Option<Vec<Ruleset>>,
    /// `KRIEGSPIEL_MAX_ACTIVE_GAMES` or `KRIEGSPIEL_MAX_ACTIVE_GAMES_BEFORE_CREATE`: how many games it plays at once. The
    /// first wins when both are set.
    pub max_active_games: Option<u32>,
    /// `BOT_GAME_PICK_PROBABILITY`: how likely it joins a bot's waiting game, from 0 to 1.
    pub game_pick_probability: Option<f64>,
    /// `ASK_ANY_PROBABILITY`: how likely it asks Any? where it can, from 0 to 1.
    pub ask_any_probability: Option<f64>,
    /// `MODEL_AVAILABILITY_REPORT_INTERVAL_SECONDS`: how long a model bot waits before it reports the same again.
    pub availability_report_interval: Option<Duration>,
    /// `OPENAI_API_KEY`: the key of a model bot's provider.
    pub openai_api_key: Option<Secret>,
    /// `ANTHROPIC_API_KEY`: the key of a model bot's provider.
    pub anthropic_api_key: Option<Secret>,
    /// `KRIEGSPIEL_BOT_STATE_FILE`: where it keeps its token and state.
    pub state_file: Option<PathBuf>,
}

impl Knobs {
    /// Reads all of them.
    ///
    /// # Errors
    /// [`INVALID_ENV`](codes::INVALID_ENV), naming the variable that is wrong and what it may be.
    pub fn from_env(env: &Env) -> Result<Self> {
        let max_active_games = match number(env, "KRIEGSPIEL_MAX_ACTIVE_GAMES")? {
            Some(most) => Some(most),
            None => number(env, "KRIEGSPIEL_MAX_ACTIVE_GAMES_BEFORE_CREATE")?,
        };
        Ok(Self {
            username: env.get("KRIEGSPIEL_BOT_USERNAME"),
            display_name: env.get("KRIEGSPIEL_BOT_DISPLAY_NAME"),
            owner_email: env.get("KRIEGSPIEL_BOT_OWNER_EMAIL"),
            description: env.get("KRIEGSPIEL_BOT_DESCRIPTION"),
            registration_key: env.get("KRIEGSPIEL_BOT_REGISTRATION_KEY").map(Secret::new),
            auto_create_lobby_game: read(env, "KRIEGSPIEL_AUTO_CREATE_LOBBY_GAME", "yes or no", flag)?,
            auto_create_rule_variant: read(
                env,
                "KRIEGSPIEL_AUTO_CREATE_RULE_VARIANT",
                "a ruleset of the spec",
                ruleset,
            )?,
            auto_create_play_as: read(
                env,
                "KRIEGSPIEL_AUTO_CREATE_PLAY_AS",
                "white, black or random",
                play_as,
            )?,
            supported_rule_variants: read(
                env,
                "KRIEGSPIEL_SUPPORTED_RULE_VARIANTS",
                "rulesets of the spec with commas between",
                rulesets,
            )?,
            max_active_games,
            game_pick_probability: probability(env, "BOT_GAME_PICK_PROBABILITY")?,
            ask_any_probability: probability(env, "ASK_ANY_PROBABILITY")?,
            availability_report_interval: read(
                env,
                "MODEL_AVAILABILITY_REPORT_INTERVAL_SECONDS",
                "seconds",
                |text| Duration::try_from_secs_f64(text.parse().ok()?).ok(),
            )?,
            openai_api_key: env.get("OPENAI_API_KEY").map(Secret::new),
            anthropic_api_key: env.get("ANTHROPIC_API_KEY").map(Secret::new),
            state_file: env.get("KRIEGSPIEL_BOT_STATE_FILE").map(PathBuf::from),
        })
    }
}

fn read<T>(env: &Env, name: &str, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = env.get(name) else { return Ok(None) };
    parse(text.trim()).map(Some).ok_or_else(|| {
        let message = format!("{name} is wrong: it should be {what}");
        Error::new(&codes::INVALID_ENV, message).with_field(name)
    })
}

fn number<T: FromStr>(env: &Env, name: &str) -> Result<Option<T>> {
    read(env, name, "a number", |text| text.parse().ok())
}

fn probability(env: &Env, name: &str) -> Result<Option<f64>> {
    read(env, name, "a probability from 0 to 1", |text| {
        text.parse().ok().filter(|value| (0.0..=1.0).contains(value))
    })
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A typing mistake is no new ruleset: what the platform may add one day is set in code.
fn ruleset(text: &str) -> Option<Ruleset> {
    Some(Ruleset::from(text.to_ascii_lowercase())).filter(Ruleset::is_known)
}

fn rulesets(text: &str) -> Option<Vec<Ruleset>> {
    text.split(',').map(|word| ruleset(word.trim())).collect()
}

fn play_as(text: &str) -> Option<PlayAs> {
    match text.to_ascii_lowercase().as_str() {
        "white" => Some(PlayAs::White),
        "black" => Some(PlayAs::Black),
        "random" => Some(PlayAs::Random),
        _ => None,
    }
}

impl fmt::Debug for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knobs")
            .field("username", &self.username)
            .field("auto_create_lobby_game", &self.auto_create_lobby_game)
            .field("auto_create_rule_variant", &self.auto_create_rule_variant)
            .field("auto_create_play_as", &self.auto_create_play_as)
            .field("supported_rule_variants", &self.supported_rule_variants)
            .field("max_active_games", &self.max_active_games)
            .field("game_pick_probability", &self.game_pick_probability)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("KRIEGSPIEL_AUTO_CREATE_LOBBY_GAME", "perhaps"),
            ("KRIEGSPIEL_AUTO_CREATE_RULE_VARIANT", "chess"),
            ("KRIEGSPIEL_AUTO_CREATE_PLAY_AS", "green"),
            ("KRIEGSPIEL_SUPPORTED_RULE_VARIANTS", "berkeley,,rand"),
            ("KRIEGSPIEL_MAX_ACTIVE_GAMES", "-1"),
            ("KRIEGSPIEL_MAX_ACTIVE_GAMES_BEFORE_CREATE", "many"),
            ("BOT_GAME_PICK_PROBABILITY", "1.5"),
            ("ASK_ANY_PROBABILITY", "NaN"),
            ("MODEL_AVAILABILITY_REPORT_INTERVAL_SECONDS", "-3"),
        ] {
            let error = Knobs::from_env(&Env::from_text(&format!("{name}={value}"))).unwrap_err();
            assert_eq!((error.code(), error.field()), (&codes::INVALID_ENV, Some(name)));
        }
    }

    #[test]
    fn what_is_set_is_read_and_the_rest_is_not() {
        let env = Env::from_text(
            "KRIEGSPIEL_BOT_USERNAME=rando\nKRIEGSPIEL_AUTO_CREATE_LOBBY_GAME=off\n\
             KRIEGSPIEL_AUTO_CREATE_RULE_VARIANT=rand\nKRIEGSPIEL_AUTO_CREATE_PLAY_AS=Black\n\
             KRIEGSPIEL_MAX_ACTIVE_GAMES_BEFORE_CREATE=2\nBOT_GAME_PICK_PROBABILITY=0.25\n\
             MODEL_AVAILABILITY_REPORT_INTERVAL_SECONDS=30\nKRIEGSPIEL_BOT_REGISTRATION_KEY=s3cr3t\nOPENAI_API_KEY=s3cr3t\n",
        );
        let knobs = Knobs::from_env(&env).unwrap();
        assert_eq!(knobs.username.as_deref(), Some("rando"));
        assert_eq!(knobs.auto_create_lobby_game, Some(false));
        assert_eq!(knobs.auto_create_rule_variant, Some(Ruleset::Rand));
        assert_eq!(knobs.auto_create_play_as, Some(PlayAs::Black));
        assert_eq!(knobs.max_active_games, Some(2));
        assert_eq!(knobs.game_pick_probability, Some(0.25));
        assert_eq!(knobs.availability_report_interval, Some(Duration::from_secs(30)));
        assert_eq!(knobs.registration_key.as_ref().map(Secret::expose), Some("s3cr3t"));
        assert!(knobs.openai_api_key.is_some() && knobs.anthropic_api_key.is_none());
        assert!(!format!("{knobs:?}").contains("s3cr3t"));
        assert_eq!(Knobs::from_env(&Env::default()).unwrap().supported_rule_variants, None);
    }
}
