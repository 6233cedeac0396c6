//! What is said in a room, and what may be.

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Kind;

/// The longest text that is sent unless the client is built otherwise, in characters. The spec states no limit; the
/// platform refuses a text that is too long for it with `message_too_long`.
pub const MAX_CHAT_CHARS: usize = 2_000;

/// The fields of frames that hold what people say, and their names: for
/// [`Recording::leave_out`](sdk_core::record::Recording::leave_out). The bot's own words go with them.
pub const OPPONENTS: [&str; 4] = ["body", "handle", "opponent_label", "sender_handle"];

sdk_core::string_enum! {
    /// Who said something in a match. The spec has no example; the platform's own starter takes everything that is not
    /// `opponent` for its own.
    pub enum ChatFrom {
        /// The opponent.
        Opponent = "opponent",
        /// Oneself.
        Me = "self",
    }
}

/// The payload of `chat:message`, in any room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatMessage {
    /// Who said it. In matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ChatFrom>,
    /// What was said. A stranger's words.
    pub body: String,
    /// What a compliance challenge wants to hear back, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_token: Option<String>,
    /// The sender's handle. In direct and opaque rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_handle: Option<String>,
    /// What the sender is. In direct and opaque rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_kind: Option<Kind>,
    /// The sender's role, such as `user`. In direct and opaque rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_role: Option<String>,
    /// How it was said: `direct`. In direct and opaque rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl ChatMessage {
    /// A text of somebody's.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}

/// The payload of `chat:typing`. From the platform it is beyond the spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatTyping {
    /// Whether somebody types.
    pub typing: bool,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ChatFrom>,
}

/// Whether a text may be sent: not empty, not blank, and at most `max_chars` characters.
///
/// # Errors
/// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `body` and the limit.
///
/// ```
/// use botornot_sdk::model::check_chat;
///
/// assert!(check_chat("you seem calm", 260).is_ok());
/// assert_eq!(check_chat(" \n", 260).unwrap_err().field(), Some("body"));
/// assert!(check_chat("äöü", 2).is_err());
/// ```
pub fn check_chat(text: &str, max_chars: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid_argument("body", "the text is empty"));
    }
    // No character is shorter than a byte, so most texts need not be counted.
    if text.len() > max_chars {
        let chars = text.chars().count();
        if chars > max_chars {
            let message = format!("the text has {chars} characters, and at most {max_chars} are sent");
            return Err(Error::invalid_argument("body", message));
        }
    }
    Ok(())
}
