//! The ids of the platform: opaque texts, each a type of its own.

sdk_core::id_type! {
    /// The id of a match.
    ///
    /// ```
    /// use botpit_sdk::model::MatchId;
    ///
    /// let id = MatchId::from("match-uuid");
    /// assert_eq!(id.as_str(), "match-uuid");
    /// ```
    pub struct MatchId;
}

sdk_core::id_type! {
    /// The id of an agent: your own, or an opponent's.
    pub struct AgentId;
}

sdk_core::id_type! {
    /// The id of an open challenge.
    pub struct ChallengeId;
}
