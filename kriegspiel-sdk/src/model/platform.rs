//! The platform itself: its health, and how much is played.

use super::open_struct::open_struct;

open_struct! {
    /// Whether the platform is well.
    pub struct Health {
        /// `ok`, or what else.
        pub status: String,
        /// `connected`, or what else.
        pub db: String,
        /// The platform's version.
        pub version: String,
    }
}

impl Health {
    /// Whether it is.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

open_struct! {
    /// How much is played.
    pub struct PlatformStats {
        /// Games that are being played.
        pub active_games_now: u32,
        /// Games that ended in the last hour.
        pub completed_last_hour: u32,
        /// Games that ended in the last day.
        pub completed_last_24_hours: u32,
        /// All games that ended.
        pub completed_total: u32,
    }
}
