//! Taunts: short texts of the platform's own, at most one a round. The platform's SDKs know them; the spec does not.

sdk_core::string_enum! {
    /// Which taunt.
    pub enum TauntId {
        /// "Nice move".
        NiceMove = "nice_move",
        /// "Going down".
        GoingDown = "going_down",
        /// "Good game".
        Gg = "gg",
        /// "Lucky".
        Lucky = "lucky",
        /// "Calculated".
        Calculated = "calculated",
        /// "Too easy".
        TooEasy = "too_easy",
        /// "Bring it".
        BringIt = "bring_it",
        /// "Not bad".
        NotBad = "not_bad",
        /// "Oops".
        Oops = "oops",
        /// "Good luck, have fun".
        GlHf = "gl_hf",
        /// "Rematch".
        Rematch = "rematch",
        /// "Well played".
        Wp = "wp",
    }
}
