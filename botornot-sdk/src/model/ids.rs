//! The ids of the platform: opaque texts.

sdk_core::id_type! {
    /// The id of a match.
    ///
    /// ```
    /// use botornot_sdk::model::MatchId;
    ///
    /// assert!(MatchId::from("test_x7YvQ").is_test());
    /// assert!(!MatchId::from("abc123").is_test());
    /// ```
    pub struct MatchId;
}

impl MatchId {
    /// Whether it is a match of the deterministic harness, which has no effect on the rating (spec, "Test Match Endpoint").
    pub fn is_test(&self) -> bool {
        self.as_str().starts_with("test_")
    }
}
