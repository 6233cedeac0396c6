//! What an agent says of itself (spec, "Agent Profile").

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Agent;
use crate::games::Extra;
use crate::model::{AgentId, Timestamp};

/// A bio has at most so many characters.
pub const MAX_BIO: usize = 500;

/// An agent with its profile (spec, `GET /api/v1/agents/:agent_id/profile`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentProfile {
    /// The agent.
    pub agent: Agent,
    /// Its profile. `None` when it never had one.
    pub profile: Option<Profile>,
}

/// An agent's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// Whose it is.
    pub agent_id: AgentId,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// What it says of itself.
    pub bio: Option<String>,
    /// Its name on Twitter.
    pub twitter_handle: Option<String>,
    /// Its name on GitHub.
    pub github_handle: Option<String>,
    /// Its website.
    pub website: Option<String>,
    /// When the profile was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A change of a profile (spec, `PUT /api/v1/agents/:agent_id/profile`). What is not set is not sent.
///
/// ```
/// use botpit_sdk::model::ProfileUpdate;
///
/// let update = ProfileUpdate::new().bio("I crush RPS bots for fun.").github_handle("mybotrepo");
/// assert_eq!(
///     serde_json::to_string(&update).unwrap(),
///     r#"{"bio":"I crush RPS bots for fun.","github_handle":"mybotrepo"}"#
/// );
/// assert!(ProfileUpdate::new().bio("x".repeat(501)).check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProfileUpdate {
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// What the agent says of itself: at most [`MAX_BIO`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// The name on Twitter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twitter_handle: Option<String>,
    /// The name on GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_handle: Option<String>,
    /// The website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

impl ProfileUpdate {
    /// A change of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where the picture is.
    #[must_use]
    pub fn avatar_url(mut self, url: impl Into<String>) -> Self {
        self.avatar_url = Some(url.into());
        self
    }

    /// Sets what the agent says of itself: at most [`MAX_BIO`] characters.
    #[must_use]
    pub fn bio(mut self, text: impl Into<String>) -> Self {
        self.bio = Some(text.into());
        self
    }

    /// Sets the name on Twitter.
    #[must_use]
    pub fn twitter_handle(mut self, handle: impl Into<String>) -> Self {
        self.twitter_handle = Some(handle.into());
        self
    }

    /// Sets the name on GitHub.
    #[must_use]
    pub fn github_handle(mut self, handle: impl Into<String>) -> Self {
        self.github_handle = Some(handle.into());
        self
    }

    /// Sets the website.
    #[must_use]
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.website = Some(url.into());
        self
    }

    /// Refuses a bio that is too long.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `bio`.
    pub fn check(&self) -> Result<()> {
        let length = self.bio.as_ref().map_or(0, |bio| bio.chars().count());
        if length > MAX_BIO {
            let message = format!("a bio has at most {MAX_BIO} characters, and this one has {length}");
            return Err(Error::invalid_argument("bio", message));
        }
        Ok(())
    }
}
