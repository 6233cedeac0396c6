//! The message that a wallet signs to prove that it owns an agent (spec, "Wallet Signature Auth").
//!
//! This is the text and its parts; the `wallet` feature has the keys that sign it.

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use sdk_core::secret::REDACTED;
use sdk_core::wire;
use serde::{Deserialize, Serialize};

/// What a wallet allows by its signature. A signature for one verb is of no use for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Register an agent.
    Register,
    /// Replace an agent's API key.
    RotateKey,
    /// Change an agent's profile.
    UpdateProfile,
    /// Follow another agent.
    Follow,
    /// Stop following another agent.
    Unfollow,
    /// Link an identity to an agent.
    Identity,
    /// Get a token for the dashboard.
    Auth,
}

impl Verb {
    /// Every verb of the spec.
    pub const ALL: [Self; 7] = [
        Self::Register,
        Self::RotateKey,
        Self::UpdateProfile,
        Self::Follow,
        Self::Unfollow,
        Self::Identity,
        Self::Auth,
    ];

    /// The word in the message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::RotateKey => "rotate-key",
            Self::UpdateProfile => "update-profile",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::Identity => "identity",
            Self::Auth => "auth",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The parts of `BOTPIT:<verb>:<wallet>:<timestamp>`.
///
/// ```
/// use botpit_sdk::model::{Verb, WalletMessage};
///
/// let message: WalletMessage = "BOTPIT:register:Base58SolanaAddress:1709500000".parse()?;
/// assert_eq!(message.verb, Verb::Register);
/// assert_eq!(message.timestamp, 1_709_500_000);
/// assert_eq!(message.to_string(), "BOTPIT:register:Base58SolanaAddress:1709500000");
/// # Ok::<(), sdk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WalletMessage {
    /// What is allowed.
    pub verb: Verb,
    /// The wallet's address in base58.
    pub wallet_address: String,
    /// When it was signed, in seconds since 1970. How old the platform lets it be is not documented.
    pub timestamp: u64,
}

impl fmt::Display for WalletMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BOTPIT:{}:{}:{}", self.verb, self.wallet_address, self.timestamp)
    }
}

impl FromStr for WalletMessage {
    type Err = Error;

    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when the text is not of that form, to the character.
    fn from_str(text: &str) -> Result<Self> {
        let parsed = || {
            let mut parts = text.strip_prefix("BOTPIT:")?.split(':');
            let (verb, wallet, timestamp) = (parts.next()?, parts.next()?, parts.next()?);
            let message = Self {
                verb: Verb::ALL.into_iter().find(|known| known.as_str() == verb)?,
                wallet_address: wallet.to_owned(),
                timestamp: timestamp.parse().ok()?,
            };
            // Another spelling of the same parts, such as `+1`, would not be the text that was signed.
            (message.to_string() == text && !wallet.is_empty()).then_some(message)
        };
        parsed().ok_or_else(|| {
            let rule = "a signed message is BOTPIT:<verb>:<wallet>:<unix timestamp>";
            Error::invalid_argument("message", format!("{rule}, not {}", wire::excerpt(text)))
        })
    }
}

/// A wallet's signature with what it signed: the three fields that a signed request carries.
///
/// Whoever has it can use it while it is fresh, so `{:?}` does not show the signature.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedMessage {
    /// The wallet's address in base58.
    pub wallet_address: String,
    /// The ed25519 signature in base58.
    pub signature: String,
    /// The text that was signed: a [`WalletMessage`].
    pub message: String,
}

impl fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedMessage")
            .field("wallet_address", &self.wallet_address)
            .field("signature", &format_args!("{REDACTED}"))
            .field("message", &self.message)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_goes_there_and_back() {
        for verb in Verb::ALL {
            let message = WalletMessage { verb, wallet_address: "Wa11et".into(), timestamp: 1_709_500_000 };
            assert_eq!(message.to_string().parse::<WalletMessage>().unwrap(), message);
        }
    }

    #[test]
    fn only_the_exact_form_is_a_signed_message() {
        for text in [
            "",
            "BOTPIT",
            "BOTPIT:register:W",
            "BOTPIT:register::1",
            "BOTPIT:register:W:",
            "BOTPIT:register:W:+1",
            "BOTPIT:register:W:01",
            "BOTPIT:register:W:-1",
            "BOTPIT:register:W:1:2",
            "BOTPIT:steal:W:1",
            "botpit:register:W:1",
            " BOTPIT:register:W:1",
        ] {
            assert_eq!(text.parse::<WalletMessage>().unwrap_err().field(), Some("message"), "{text:?}");
        }
    }

    #[test]
    fn a_signature_does_not_print() {
        let signed = SignedMessage {
            wallet_address: "W".into(),
            signature: "5igNature".into(),
            message: "BOTPIT:auth:W:1".into(),
        };
        assert!(!format!("{signed:?}").contains("5igNature"));
    }
}
