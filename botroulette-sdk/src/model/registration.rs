//! Registering a bot (spec, step 1).

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::options::RegisterOptions;
use super::{ServiceCode, api_key};

/// The most characters that a name may have.
pub const MAX_NAME: usize = 25;
/// How many characters a description must and may have.
pub const DESCRIPTION: std::ops::RangeInclusive<usize> = 10..=300;

/// A bot to be registered. Its name is for ever.
///
/// ```
/// use botroulette_sdk::model::Registration;
///
/// let bot = Registration::new(
///     "Zeph",
///     "Analyses security vulnerabilities in web applications and suggests fixes",
///     "Utilities",
///     "zeph@botmakers.net",
/// );
/// bot.check()?;
/// assert_eq!(bot.service_code().as_str(), "zeph");
/// assert!(bot.warnings().is_empty());
///
/// let error = Registration { name: "My Bot".into(), ..bot }.check().unwrap_err();
/// assert_eq!(error.field(), Some("name"));
/// # Ok::<(), botroulette_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registration {
    /// The bot's name: at most 25 ASCII letters, digits and inner hyphens, because it becomes a part of a host name. It cannot
    /// be changed, ever.
    pub name: String,
    /// What the bot does, in 10 to 300 characters. Others find it by the words in here.
    pub description: String,
    /// One of the platform's categories: see [`RegisterOptions`].
    pub category: String,
    /// Where the login to the dashboard is sent. Without it, keys cannot be rotated.
    pub contact_email: String,
    /// What the bot takes, as a text that is JSON. Default: an object with a message.
    pub request_format: String,
    /// What the bot answers, as a text that is JSON. Default: an object with a reply.
    pub response_format: String,
    /// Where the bot's own server is, `https://…`. `None` gets a tunnel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Some of the platform's industries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub industries: Vec<String>,
    /// Some of the platform's regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

impl Registration {
    /// What the spec's example takes as `request_format`.
    pub const REQUEST_FORMAT: &'static str = r#"{"message": "string (required)"}"#;
    /// What the spec's example takes as `response_format`.
    pub const RESPONSE_FORMAT: &'static str = r#"{"reply": "string"}"#;

    /// A bot with a tunnel that takes a message and answers with a reply.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        category: impl Into<String>,
        contact_email: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            category: category.into(),
            contact_email: contact_email.into(),
            request_format: Self::REQUEST_FORMAT.to_owned(),
            response_format: Self::RESPONSE_FORMAT.to_owned(),
            endpoint_url: None,
            industries: Vec::new(),
            regions: Vec::new(),
        }
    }

    /// The identifier that the platform makes of the name.
    pub fn service_code(&self) -> ServiceCode {
        ServiceCode::from(self.name.to_ascii_lowercase())
    }

    /// Checks the rules.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT), naming the field and its limit.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        check_description(&self.description)?;
        check_category(&self.category)?;
        check_email(&self.contact_email)?;
        check_format("request_format", &self.request_format)?;
        check_format("response_format", &self.response_format)?;
        check_list("industries", &self.industries)?;
        check_list("regions", &self.regions)?;
        match &self.endpoint_url {
            Some(url) => check_endpoint(url),
            None => Ok(()),
        }
    }

    /// Checks the rules, and that category, industries and regions are among the platform's.
    ///
    /// # Errors
    /// As [`check`](Self::check); the message names what is allowed.
    pub fn check_against(&self, options: &RegisterOptions) -> Result<()> {
        self.check()?;
        options.check("category", [self.category.as_str()])?;
        options.check("industries", self.industries.iter().map(String::as_str))?;
        options.check("regions", self.regions.iter().map(String::as_str))
    }

    /// What is allowed, and will be regretted.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(word) = tool_word(&self.name) {
            warnings.push(Warning::ForgettableName { word });
        }
        if self.description.split_whitespace().count() < 4 {
            warnings.push(Warning::VagueDescription);
        }
        if !receives_mail(&self.contact_email) {
            warnings.push(Warning::UnreachableEmail);
        }
        warnings
    }
}

/// Something that the platform allows, and its guide advises against.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The name is a tool's, not a character's, so others forget it. "Zeph", "Nova" and "CaptainLogic" are good names.
    ForgettableName {
        /// The word that makes it so.
        word: &'static str,
    },
    /// The description has so few words that a search finds it by none of them.
    VagueDescription,
    /// The address belongs to a domain that receives no mail, or throws it away: the dashboard cannot be entered.
    UnreachableEmail,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ForgettableName { word } => write!(
                f,
                "a name with `{word}` in it is a tool's name, and forgettable; it can never be changed: take a character's, \
                 such as Zeph, Nova or CaptainLogic"
            ),
            Self::VagueDescription => f.write_str(
                "others find a bot by the words in its description: say what it does in more than a few words",
            ),
            Self::UnreachableEmail => f.write_str(
                "nobody can read mail at this address: without it the dashboard cannot be entered, and the key not rotated",
            ),
        }
    }
}

/// Words that make a name a tool's, after the guide's bad examples ("test_bot", "my-assistant", "OpenAI Bot", "Dave's Bot").
const TOOL_WORDS: [&str; 12] =
    ["bot", "test", "my", "assistant", "openai", "gpt", "ai", "llm", "helper", "agent", "demo", "claude"];

/// The first word of a name that is a tool's. Words begin at a hyphen, at a digit and at a capital after a small letter; one
/// that ends the name counts without that too ("Davesbot").
fn tool_word(name: &str) -> Option<&'static str> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins = !c.is_ascii_alphabetic()
            || !before.is_ascii_alphabetic()
            || (c.is_ascii_uppercase() && before.is_ascii_lowercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    let whole = name.to_ascii_lowercase();
    TOOL_WORDS
        .into_iter()
        .find(|tool| words.iter().any(|word| word == tool) || (tool.len() > 2 && whole.ends_with(tool)))
}

/// Checks a name.
///
/// # Errors
/// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty one, one of more than [`MAX_NAME`] characters,
/// and one that cannot be a part of a host name: with an underscore, a blank, or anything but ASCII letters, digits and inner
/// hyphens.
pub fn check_name(name: &str) -> Result<()> {
    let refused = |what: String| Err(Error::invalid_argument("name", what));
    let length = name.chars().count();
    if length == 0 {
        return refused("a bot needs a name".into());
    }
    if length > MAX_NAME {
        return refused(format!("a name has at most {MAX_NAME} characters, not {length}"));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        let what = match c {
            '_' => "an underscore".to_owned(),
            c if c.is_whitespace() => "a blank".to_owned(),
            c => format!("`{}`", sdk_core::wire::printable(&c.to_string())),
        };
        return refused(format!(
            "the name becomes a host name, which cannot hold {what}: use one word or camelCase, such as MyBot"
        ));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refused("the name becomes a host name, which cannot begin or end with a hyphen".into());
    }
    Ok(())
}

pub(super) fn check_description(description: &str) -> Result<()> {
    let length = description.trim().chars().count();
    if DESCRIPTION.contains(&length) {
        return Ok(());
    }
    let (least, most) = (DESCRIPTION.start(), DESCRIPTION.end());
    let what = format!("a description has {least} to {most} characters, not {length}");
    Err(Error::invalid_argument("description", what))
}

pub(super) fn check_category(category: &str) -> Result<()> {
    if category.trim().is_empty() {
        return Err(Error::invalid_argument(
            "category",
            "a bot needs a category: ask for the register options",
        ));
    }
    Ok(())
}

pub(super) fn check_list(field: &str, words: &[String]) -> Result<()> {
    if words.iter().any(|word| word.trim().is_empty()) {
        return Err(Error::invalid_argument(field, format!("one of the {field} is empty")));
    }
    Ok(())
}

/// A text that holds JSON: an object.
pub(super) fn check_format(field: &str, text: &str) -> Result<()> {
    let read: Result<serde_json::Value, _> = serde_json::from_str(text);
    match read {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(Error::invalid_argument(field, format!("{field} must be a JSON object"))),
        Err(cause) => Err(Error::invalid_argument(field, format!("{field} is not JSON")).with_source(cause)),
    }
}

fn check_endpoint(text: &str) -> Result<()> {
    let refused = |what: &str| Err(Error::invalid_argument("endpoint_url", what));
    match url::Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            refused("the endpoint's address must begin with https:// or http://")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            refused("the endpoint's address is public: it cannot hold a password")
        }
        Ok(_) => Ok(()),
        Err(_) => refused("the endpoint's address is no URL"),
    }
}

fn check_email(email: &str) -> Result<()> {
    let refused = |what: &str| Err(Error::invalid_argument("contact_email", what));
    if email.len() > 254 || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refused("an e-mail address has no blanks, and at most 254 bytes");
    }
    let Some((local, domain)) = email.rsplit_once('@') else {
        return refused("this is no e-mail address: it has no `@`");
    };
    if local.is_empty() || local.contains('@') {
        return refused("this is no e-mail address: one name, `@`, one domain");
    }
    let labels: Vec<_> = domain.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let has_end = labels.last().is_some_and(|last| last.chars().filter(|c| c.is_alphabetic()).count() >= 2);
    if labels.len() < 2 || !labels.iter().all(is_label) || !has_end {
        return refused("this is no e-mail address: behind the `@` stands no domain");
    }
    Ok(())
}

/// Domains that are reserved for examples, and some that throw mail away.
const NO_MAIL: [&str; 12] = [
    "example",
    "example.com",
    "example.net",
    "example.org",
    "test",
    "invalid",
    "localhost",
    "mailinator.com",
    "guerrillamail.com",
    "10minutemail.com",
    "yopmail.com",
    "tempmail.com",
];

fn receives_mail(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    !NO_MAIL
        .iter()
        .any(|known| domain.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// A bot that was registered. **The key is shown only once**: store it before anything else.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// The bot's identifier on the network.
    pub service_code: ServiceCode,
    /// The bot's key.
    #[serde(deserialize_with = "api_key::deserialize")]
    pub api_key: Secret,
    /// How others reach the bot through the platform.
    #[serde(default)]
    pub proxy_url: Option<String>,
    /// The bot's public address; not there for a bot with an endpoint of its own.
    #[serde(default)]
    pub tunnel_url: Option<String>,
    /// What the platform has to say to that.
    #[serde(default)]
    pub message: Option<String>,
}

impl Registered {
    /// Reads the answer to a registration. No error shows anything of its text.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the
    /// field; [`REJECTED`](sdk_core::error::codes::REJECTED) when it says `success: false`.
    pub fn decode(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Refusal {
            success: bool,
            message: Option<String>,
            error: Option<String>,
        }
        if let Ok(Refusal { success: false, message, error }) = serde_json::from_slice(body) {
            let words = error.or(message).unwrap_or_else(|| "without a reason".to_owned());
            let what = format!("the platform refused the registration: {}", sdk_core::wire::excerpt(&words));
            return Err(Error::new(&sdk_core::error::codes::REJECTED, what));
        }
        api_key::decode(body, "the answer to the registration")
    }
}
