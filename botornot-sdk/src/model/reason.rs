//! Why the platform refuses something (spec, "Error Handling").

use sdk_core::error::PlatformCode;

sdk_core::string_enum! {
    /// The reason in an error reply, without the ornaments of the platform's own language: `:forbidden` and `forbidden` are
    /// the same, and of `{:already_tracked, …}` the first word counts.
    ///
    /// None of them ends the connection. A reason that this version does not know is kept in `Other`.
    ///
    /// ```
    /// use botornot_sdk::Reason;
    ///
    /// assert_eq!(Reason::read(":rate_limited"), Reason::RateLimited);
    /// assert_eq!(Reason::read("unsupported_event"), Reason::UnsupportedEvent);
    /// assert_eq!(Reason::read("{:already_tracked, \"room:game:botornot:abc123\"}"), Reason::AlreadyTracked);
    /// assert_eq!(Reason::read(":on_fire").as_str(), "on_fire");
    /// ```
    pub enum Reason {
        /// The chat budget is used up: burst 3, one more each second.
        RateLimited = "rate_limited",
        /// The message has no text.
        EmptyMessage = "empty_message",
        /// The message is too long. The spec does not say how long it may be.
        MessageTooLong = "message_too_long",
        /// The room was not joined on this connection.
        NotJoined = "not_joined",
        /// A human joins the direct room of an agent that is offline.
        AgentOffline = "agent_offline",
        /// The echo is not the compliance challenge's newest token.
        InvalidProbeToken = "invalid_probe_token",
        /// The sender may not vote.
        AgentCannotVote = "agent_cannot_vote",
        /// Voting is not open yet, in a test match.
        VoteNotOpen = "vote_not_open",
        /// The sender is not in this match, or no longer.
        NotInMatch = "not_in_match",
        /// There is no such room or match, or no longer.
        NotFound = "not_found",
        /// The room or the action is not for the sender.
        Forbidden = "forbidden",
        /// The platform does not know the event's type.
        UnsupportedEvent = "unsupported_event",
        /// The topic is no room's.
        InvalidRoom = "invalid_room",
        /// The connection is in the room already. Beyond the spec; on joins.
        AlreadyTracked = "already_tracked",
        /// The compliance check comes first. The spec has it as a status; as a reason it means the same.
        ProbeRequired = "probe_required",
        /// The message is not valid. Beyond the spec.
        InvalidChat = "invalid_chat",
        /// The chat is closed. Beyond the spec.
        ChatClosed = "chat_closed",
        /// The frame is not valid. Beyond the spec.
        InvalidEnvelope = "invalid_envelope",
    }
}

impl Reason {
    /// The reason for the platform's text, whatever its ornaments.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let inner = match text.strip_prefix('{') {
            Some(tuple) => tuple.split([',', '}']).next().unwrap_or_default().trim(),
            None => text,
        };
        let word = inner.strip_prefix(':').unwrap_or(inner).trim_matches('"');
        // Of something that is none of these shapes, all is kept.
        Self::from(if word.is_empty() { text } else { word })
    }

    /// Whether it says that the match or its room is no longer ours.
    pub fn is_stale_match(&self) -> bool {
        matches!(self, Self::NotInMatch | Self::NotFound | Self::Forbidden | Self::InvalidRoom)
    }
}

impl PlatformCode for Reason {
    fn from_wire(code: &str) -> Self {
        Self::read(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_reason_is_the_same_reason() {
        for (text, reason) in [
            (":rate_limited", Reason::RateLimited),
            ("rate_limited", Reason::RateLimited),
            (" :not_joined ", Reason::NotJoined),
            ("{:already_tracked, #PID<0.1.0>, \"room:x\", \"k\"}", Reason::AlreadyTracked),
            ("{:already_tracked}", Reason::AlreadyTracked),
            ("already_tracked", Reason::AlreadyTracked),
            ("\"forbidden\"", Reason::Forbidden),
            ("{}", Reason::Other("{}".into())),
            (":", Reason::Other(":".into())),
            ("", Reason::Other("".into())),
            ("{\"code\":1}", Reason::Other("code\":1".into())),
        ] {
            assert_eq!(Reason::read(text), reason, "{text:?}");
        }
    }

    #[test]
    fn known_words_need_no_ornament() {
        for word in Reason::KNOWN {
            assert!(Reason::read(word).is_known());
            assert_eq!(Reason::read(&format!(":{word}")), Reason::from(*word));
        }
    }
}
