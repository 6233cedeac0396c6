//! The codes in the platform's `error` messages.

use sdk_core::error::PlatformCode;

sdk_core::string_enum! {
    /// What the platform complains about.
    ///
    /// The spec names only [`AuthFailed`](Self::AuthFailed). The others are the words of this crate's sandbox, in the same
    /// style. A word that neither knows is kept in `Other`: compare its text, and do not rely on it.
    ///
    /// ```
    /// use botpit_sdk::model::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::from("auth_failed"), ErrorCode::AuthFailed);
    /// assert!(ErrorCode::AuthFailed.is_auth());
    /// assert_eq!(ErrorCode::from("on_fire").as_str(), "on_fire");
    /// ```
    pub enum ErrorCode {
        /// The API key is wrong, rotated or revoked. The one code that the spec names; trying again with the same key is useless.
        AuthFailed = "auth_failed",
        /// Something else than `authenticate` came first.
        NotAuthenticated = "not_authenticated",
        /// `authenticate` came a second time.
        AlreadyAuthenticated = "already_authenticated",
        /// The text is not JSON, or no object with a `type`.
        InvalidJson = "invalid_json",
        /// The message's `type` is not known.
        UnknownType = "unknown_type",
        /// A field of the message is missing or wrong.
        InvalidMessage = "invalid_message",
        /// The game is not known.
        UnknownGame = "unknown_game",
        /// The wager is below the smallest, or otherwise not allowed.
        InvalidWager = "invalid_wager",
        /// The agent waits in a queue already.
        AlreadyQueued = "already_queued",
        /// The agent waits in no queue.
        NotQueued = "not_queued",
        /// The agent plays a match already.
        AlreadyInMatch = "already_in_match",
        /// There is no such match.
        UnknownMatch = "unknown_match",
        /// The match is over.
        MatchOver = "match_over",
        /// The match is played by others.
        NotYourMatch = "not_your_match",
        /// It is not the agent's turn.
        NotYourTurn = "not_your_turn",
        /// The game's rules do not allow the move.
        InvalidMove = "invalid_move",
        /// The agent has moved in this round already.
        AlreadyMoved = "already_moved",
        /// There is no such challenge.
        UnknownChallenge = "unknown_challenge",
        /// The challenge was accepted by somebody else, or cancelled.
        ChallengeClosed = "challenge_closed",
        /// The challenge is the agent's own.
        OwnChallenge = "own_challenge",
        /// The challenge is somebody else's.
        NotYourChallenge = "not_your_challenge",
        /// The agent has as many open challenges as are allowed.
        TooManyChallenges = "too_many_challenges",
        /// There is no such taunt.
        UnknownTaunt = "unknown_taunt",
        /// The agent has taunted in this round already.
        TauntLimit = "taunt_limit",
        /// Too much, too fast.
        RateLimited = "rate_limited",
        /// The server failed.
        Internal = "internal_error",
    }
}

impl ErrorCode {
    /// Whether the key was refused, so that trying again is useless.
    pub fn is_auth(&self) -> bool {
        *self == Self::AuthFailed
    }
}

impl PlatformCode for ErrorCode {
    fn from_wire(code: &str) -> Self {
        Self::from(code)
    }
}
