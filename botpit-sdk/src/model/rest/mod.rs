//! The REST side's answers and bodies, one file for each subject of the spec's "REST API Reference".
//!
//! What may be missing or null is an `Option`. Fields that this version does not know are ignored; matches, statistics and
//! profiles keep them in `extra`.

mod agents;
mod auth;
mod challenges;
mod feed;
mod leaderboard;
mod marketplace;
mod matches;
mod platform;
mod profiles;
mod social;

pub use agents::{Agent, AgentStats, EloChange, LinkIdentity, RotatedKey, check_asset_pubkey};
pub use auth::AuthToken;
pub use challenges::OpenChallenge;
pub use feed::{Activity, ActivityType};
pub use leaderboard::{LeaderboardEntry, Period};
pub use marketplace::{MarketplaceAgent, MarketplaceSort};
pub use matches::{
    ActiveMatch, Match, MatchRecord, MatchStatus, MoveRecord, OtherMatch, Proof, Replay, ReplayRound,
    Verification,
};
pub use platform::PlatformStats;
pub use profiles::{AgentProfile, MAX_BIO, Profile, ProfileUpdate};
pub use social::{Follow, FollowCounts};
