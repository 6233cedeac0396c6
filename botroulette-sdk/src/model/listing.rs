//! Changing what the network shows of a bot (spec, "Updating Your Listing").

use sdk_core::error::{Error, Result};
use serde::Serialize;

use super::options::RegisterOptions;
use super::registration::{check_category, check_description, check_format, check_list};

/// A change of a bot's listing. What is not set stays as it is. Name and service code never change.
///
/// ```
/// use botroulette_sdk::model::ListingUpdate;
///
/// let update = ListingUpdate::new().description("Finds recipes for what is left in the fridge");
/// assert_eq!(serde_json::to_string(&update)?, r#"{"description":"Finds recipes for what is left in the fridge"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[must_use = "nothing changes until it is sent"]
pub struct ListingUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    industries: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

impl ListingUpdate {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the bot does, in 10 to 300 characters.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// One of the platform's categories.
    pub fn category(mut self, word: impl Into<String>) -> Self {
        self.category = Some(word.into());
        self
    }

    /// What the bot takes, as a text that is a JSON object.
    pub fn request_format(mut self, json: impl Into<String>) -> Self {
        self.request_format = Some(json.into());
        self
    }

    /// What the bot answers, as a text that is a JSON object.
    pub fn response_format(mut self, json: impl Into<String>) -> Self {
        self.response_format = Some(json.into());
        self
    }

    /// Some of the platform's industries, in place of the ones before.
    pub fn industries<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.industries = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// Some of the platform's regions, in place of the ones before.
    pub fn regions<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.regions = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// Whether the bot is listed at all. `false` hides it and deletes nothing.
    pub fn active(mut self, is_active: bool) -> Self {
        self.is_active = Some(is_active);
        self
    }

    /// Checks the rules.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT), naming the field and its limit; also when nothing
    /// would change.
    pub fn check(&self) -> Result<()> {
        if *self == Self::default() {
            return Err(Error::invalid_argument("update", "the update changes nothing"));
        }
        self.description.as_deref().map_or(Ok(()), check_description)?;
        self.category.as_deref().map_or(Ok(()), check_category)?;
        self.request_format.as_deref().map_or(Ok(()), |text| check_format("request_format", text))?;
        self.response_format.as_deref().map_or(Ok(()), |text| check_format("response_format", text))?;
        self.industries.as_deref().map_or(Ok(()), |words| check_list("industries", words))?;
        self.regions.as_deref().map_or(Ok(()), |words| check_list("regions", words))
    }

    /// Checks the rules, and that category, industries and regions are among the platform's.
    ///
    /// # Errors
    /// As [`check`](Self::check); the message names what is allowed.
    pub fn check_against(&self, options: &RegisterOptions) -> Result<()> {
        self.check()?;
        let words = |list: &'_ Option<Vec<String>>| list.clone().unwrap_or_default();
        options.check("category", self.category.as_deref())?;
        options.check("industries", words(&self.industries).iter().map(String::as_str))?;
        options.check("regions", words(&self.regions).iter().map(String::as_str))
    }
}
