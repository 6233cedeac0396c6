//! A key: where it came from, and whether it looks like one. Its value is never told.

use botpit_sdk::Result;
use botpit_sdk::sdk_core::env::Env;
use botpit_sdk::sdk_core::secret::Secret;

use super::Chart;
use crate::served::Name;

/// A key, and where it came from.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub secret: Secret,
    /// Where it came from, in words.
    pub from: String,
}

/// The variables that can hold a platform's key.
pub(super) const fn variables(name: Name) -> &'static [&'static str] {
    match name {
        Name::Botpit => &["BOTPIT_API_KEY"],
        Name::Botornot => &["BOTORNOT_API_KEY", "BOTORNOT_AGENT_TOKEN"],
        Name::Botroulette => &["BOTROULETTE_API_KEY"],
        Name::Kriegspiel => &["KRIEGSPIEL_BOT_TOKEN"],
    }
}

/// The key of the environment or the `.env` file.
///
/// # Errors
/// When there is such a file and it cannot be read.
pub fn from_env(name: Name) -> Result<Option<Key>> {
    let env = Env::read()?;
    let found = variables(name).iter().find_map(|variable| Some((variable, env.get(variable)?)));
    Ok(found.map(|(variable, value)| {
        let of_process = std::env::var(variable).is_ok_and(|value| !value.trim().is_empty());
        let place = if of_process { "the environment" } else { "the .env file" };
        Key { secret: Secret::new(value), from: format!("{variable} of {place}") }
    }))
}

/// How keys of a platform begin; empty where nothing is documented.
const fn prefix(name: Name) -> &'static str {
    match name {
        Name::Botpit => "bp_",
        Name::Botornot => "",
        Name::Botroulette => "kp_live_",
        Name::Kriegspiel => "ksbot_",
    }
}

/// Whether there is a key that could be one.
pub(super) fn look_at(chart: &mut Chart, name: Name, key: Option<&Key>) -> bool {
    let Some(Key { secret, from }) = key else {
        let variable = variables(name).first().copied().unwrap_or_default();
        chart.fail(
            "key",
            format!("there is none: {variable} is neither in the environment nor in .env"),
            format!("register a bot, and put {variable}=… into a .env file that only you can read"),
        );
        return false;
    };
    let text = secret.expose();
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let advice = "copy it again, without quotes, blanks and line ends";
        chart.fail("key", format!("{from}: it holds a blank or a control character"), advice);
        return false;
    }
    if is_placeholder(text) {
        let advice = "put the key there that the platform showed when the bot was registered";
        chart.fail("key", format!("{from}: it is still the example's placeholder"), advice);
        return false;
    }
    let prefix = prefix(name);
    if text.starts_with(prefix) {
        chart.ok("key", format!("{from}, well-formed"));
    } else {
        let advice = "make sure that it is this platform's key, and whole";
        chart.warn("key", format!("{from}: it does not begin with {prefix}, as keys do"), advice);
    }
    true
}

fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains('…')
        || text.contains("...")
        || ["your_", "your-", "replace_with", "changeme", "<"].iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_keys() {
        for text in
            ["bp_live_…", "YOUR_API_KEY", "kp_live_your-key", "replace_with_token", "<token>", "bp_live_..."]
        {
            assert!(is_placeholder(text), "{text}");
        }
        assert!(!is_placeholder("bp_live_0123456789abcdef"));
    }
}
