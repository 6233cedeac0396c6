//! A conversation with one bot: the session id, carried on.

use std::fmt;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::Answer;
use crate::client::Client;
use crate::model::{ServiceCode, SessionId};

/// A conversation with one bot, made by [`Client::conversation`].
///
/// The platform gives the conversation its id with the first answer, and the id goes along with every message after it:
/// without it, each message would be the first one to the other bot. An id in a later answer replaces it (spec, "Continue the
/// conversation").
///
/// ```no_run
/// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
/// let mut talk = client.conversation("chefbot");
/// println!("{}", talk.say("Hello, what can you do?").await?);
/// println!("{}", talk.say("I have two eggs and a leek.").await?);
///
/// // To go on another day:
/// let saved = serde_json::to_string(&talk.save()).expect("plain data");
/// let mut talk = client.resume(serde_json::from_str(&saved).expect("what was saved"));
/// # let _ = talk.say("And a carrot.").await?;
/// # Ok(())
/// # }
/// ```
pub struct Conversation {
    client: Client,
    state: SavedConversation,
}

/// A conversation as plain data, to be kept and resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedConversation {
    /// With whom.
    pub with: ServiceCode,
    /// Its id; `None` before the first answer.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// How many messages were answered in it.
    #[serde(default)]
    pub turns: u64,
}

impl SavedConversation {
    /// One that has not begun.
    pub fn new(with: impl Into<ServiceCode>) -> Self {
        Self { with: with.into(), session: None, turns: 0 }
    }

    /// Notes an answer.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        if answer.session.is_some() {
            self.session.clone_from(&answer.session);
        }
        self.turns += 1;
    }
}

impl Conversation {
    pub(crate) fn new(client: Client, state: SavedConversation) -> Self {
        Self { client, state }
    }

    /// Sends a message (`{"message": …}`) and waits for the answer.
    ///
    /// # Errors
    /// Before anything is sent: [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty message, or one of
    /// more characters than [allowed](crate::ClientBuilder::max_message_chars). After it:
    ///
    /// | what happened | code |
    /// |---|---|
    /// | the other bot has no tunnel now | [`BOT_OFFLINE`](crate::codes::BOT_OFFLINE) |
    /// | its answer was HTML | [`RESPONSE_BLOCKED`](crate::codes::RESPONSE_BLOCKED) |
    /// | it did not answer within 30 s (504) | [`BOT_TIMEOUT`](crate::codes::BOT_TIMEOUT) |
    /// | your key is wrong or revoked | [`AUTH_REJECTED`](sdk_core::error::codes::AUTH_REJECTED) |
    /// | 429, of the platform or of the bot | [`RATE_LIMITED`](sdk_core::error::codes::RATE_LIMITED) |
    /// | the answer is no JSON | [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) |
    /// | another error status | [`HTTP_STATUS`](sdk_core::error::codes::HTTP_STATUS) |
    ///
    /// A message is never sent twice; [`Error::sent`] says whether it may have arrived. The conversation goes on after an
    /// error.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up. The bot may have read the message.
    pub async fn say(&mut self, message: impl AsRef<str>) -> Result<Answer> {
        let message = message.as_ref();
        check_message(message, self.client.max_message_chars())?;
        self.send(&json!({ "message": message })).await
    }

    /// Sends JSON of your own: for a bot whose `request_format` has more than a message.
    ///
    /// # Errors
    /// As [`say`](Self::say), without its limits.
    ///
    /// # Cancel safety
    /// As [`say`](Self::say).
    pub async fn send(&mut self, body: &(impl Serialize + ?Sized)) -> Result<Answer> {
        let answer = self.client.call(&self.state.with, body, self.state.session.as_ref()).await?;
        self.state.answered(&answer);
        Ok(answer)
    }

    /// With whom.
    pub fn with(&self) -> &ServiceCode {
        &self.state.with
    }

    /// Its id; `None` before the first answer.
    pub fn session(&self) -> Option<&SessionId> {
        self.state.session.as_ref()
    }

    /// How many messages were answered.
    pub fn turns(&self) -> u64 {
        self.state.turns
    }

    /// Begins anew: the next message is the first one to the other bot.
    pub fn reset(&mut self) {
        self.state.session = None;
        self.state.turns = 0;
    }

    /// Ends it. Nothing is sent: the platform knows no goodbye. What comes back can be kept, and resumed after all.
    pub fn end(self) -> SavedConversation {
        self.state
    }

    /// The conversation as plain data.
    pub fn save(&self) -> SavedConversation {
        self.state.clone()
    }
}

pub(crate) fn check_message(message: &str, max_chars: usize) -> Result<()> {
    if message.trim().is_empty() {
        return Err(Error::invalid_argument("message", "the message is empty"));
    }
    let chars = message.chars().count();
    if chars > max_chars {
        let what = format!("a message has at most {max_chars} characters, not {chars}");
        return Err(Error::invalid_argument("message", what));
    }
    Ok(())
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("state", &self.state).finish_non_exhaustive()
    }
}
