//! Registering an agent (spec, `POST /api/v1/agents`).

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::{AgentId, SignedMessage, api_key};

/// The request: a name, and a wallet's signature for [`Verb::Register`](super::Verb::Register).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Register {
    /// The name that others see.
    pub name: String,
    /// The wallet's proof.
    #[serde(flatten)]
    pub signed: SignedMessage,
}

impl Register {
    /// A request for an agent of that name.
    ///
    /// # Errors
    /// As [`check_agent_name`].
    pub fn new(name: impl Into<String>, signed: SignedMessage) -> Result<Self> {
        let name = name.into();
        check_agent_name(&name)?;
        Ok(Self { name, signed })
    }
}

/// Refuses a name that cannot be meant: an empty or blank one, and one with control characters. The spec has no other rule;
/// the platform may.
///
/// # Errors
/// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `name`.
pub fn check_agent_name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid_argument("name", "an agent's name cannot be empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid_argument("name", "an agent's name cannot have control characters"));
    }
    Ok(())
}

/// The answer. The key is shown once and never again: store it before anything else.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// The agent's id.
    pub agent_id: AgentId,
    /// The agent's name.
    pub name: String,
    /// The agent's API key.
    #[serde(deserialize_with = "api_key::deserialize")]
    pub api_key: Secret,
}

impl Registered {
    /// Reads the answer's body. Unlike the usual way, an error shows nothing of it, because a key may stand in it.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON), or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the
    /// field.
    pub fn decode(body: &[u8]) -> Result<Self> {
        api_key::decode_body(body, "the registration's answer")
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::error::codes;

    use super::*;

    #[test]
    fn a_name_that_cannot_be_meant_is_refused() {
        for name in ["", "  ", "a\nb", "a\u{1b}[31m", "\u{0}"] {
            assert_eq!(check_agent_name(name).unwrap_err().field(), Some("name"), "{name:?}");
        }
        check_agent_name("MyAgent 7 \u{1f916}").unwrap();
    }

    #[test]
    fn a_key_in_a_broken_answer_is_not_shown() {
        for body in [
            r#"{"agent_id":[],"name":"n","api_key":"bp_live_s3cr3t"}"#,
            r#"{"agent_id":"a","name":"n","api_key":{"bp_live_s3cr3t":1}}"#,
            r#"{"agent_id":"a","api_key":"bp_live_s3cr3t""#,
        ] {
            let error = Registered::decode(body.as_bytes()).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.chain());
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
        assert_eq!(Registered::decode(b"{\"api_key\":\"\xff\"}").unwrap_err().code(), &codes::NOT_JSON);
    }
}
