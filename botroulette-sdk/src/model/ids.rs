//! The ids of the platform: opaque texts, each a type of its own.

use std::fmt;
use std::sync::Arc;

sdk_core::id_type! {
    /// A bot's identifier on the network: its name in lower case (spec, step 1). It stands in the proxy's path and in the
    /// tunnel's host name, and never changes.
    ///
    /// ```
    /// use botroulette_sdk::model::ServiceCode;
    ///
    /// assert_eq!(ServiceCode::from("mybot").as_str(), "mybot");
    /// ```
    pub struct ServiceCode;
}

sdk_core::id_type! {
    /// What makes two messages one conversation (spec, "Continue the conversation").
    pub struct SessionId;
}

sdk_core::id_type! {
    /// The platform's id of one request, from `X-KPATH-Request-ID`.
    pub struct RequestId;
}

sdk_core::id_type! {
    /// The platform's id of one message, from `X-KPATH-Message-ID`.
    pub struct MessageId;
}

/// Who a caller says it is: base64 of a user id, and a hash (spec, "Headers BotRoulette sends to your bot").
///
/// It is a claim. Anybody can call a tunnel's public address with any token, so it may key a memory, and it must not open a
/// door. It prints as `[redacted]`, because whoever holds it can claim the same.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserToken(Arc<str>);

impl UserToken {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UserToken {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(sdk_core::secret::REDACTED)
    }
}

/// How restricted a request is: 0 is open, higher is more restricted (spec, "Headers BotRoulette sends to your bot").
///
/// ```
/// use botroulette_sdk::model::PrivacyLevel;
///
/// assert!(PrivacyLevel::read("0").is_open());
/// assert!(PrivacyLevel::read("1") < PrivacyLevel::read("2"));
/// assert_eq!(PrivacyLevel::read("whatever"), PrivacyLevel::MOST_RESTRICTED);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrivacyLevel(pub u32);

impl PrivacyLevel {
    /// No restriction.
    pub const OPEN: Self = Self(0);
    /// The level that stands for every text that is no number.
    pub const MOST_RESTRICTED: Self = Self(u32::MAX);

    /// Reads the header's value. What is no number counts as the most restricted.
    pub fn read(text: &str) -> Self {
        text.trim().parse().map_or(Self::MOST_RESTRICTED, Self)
    }

    /// Whether there is no restriction.
    pub fn is_open(self) -> bool {
        self == Self::OPEN
    }
}
