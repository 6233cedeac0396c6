//! The platform's messages as plain data: no I/O, one file for each subject of the spec.
//!
//! What arrives is decoded in two stages: the message's type first, then its payload straight into a struct that borrows
//! from the frame. So there are three different outcomes, and none of them is a guess:
//!
//! - a type that this version does not know is [`ServerMessage::Unknown`], with its text;
//! - a known type with a field that is missing or wrong is an error that names the message and the field;
//! - everything else is typed. What the platform left out is `None`, never a made-up value.
//!
//! ```
//! use botpit_sdk::model::ServerMessage;
//!
//! let text = r#"{"type":"game_start","match_id":"m-1","your_side":"b"}"#;
//! let ServerMessage::GameStart(start) = ServerMessage::decode(text)? else { panic!("not a game_start") };
//! assert_eq!(start.your_side.to_string(), "b");
//!
//! // No side is an error, not side A.
//! let error = ServerMessage::decode(r#"{"type":"game_start","match_id":"m-1"}"#).unwrap_err();
//! assert!(error.to_string().contains("your_side"));
//! # Ok::<(), sdk_core::Error>(())
//! ```

mod api_key;
mod client_message;
mod error_code;
mod game_type;
mod ids;
mod registration;
mod rest;
mod score;
mod server_message;
mod side;
mod taunt;
mod wallet_message;

pub use client_message::{
    AcceptChallenge, Authenticate, CancelChallenge, ClientMessage, CreateChallenge, JoinQueue, MakeMove,
    Resign, SendTaunt, SpectateMatch,
};
pub use error_code::ErrorCode;
pub use game_type::GameType;
pub use ids::{AgentId, ChallengeId, MatchId};
pub use registration::{Register, Registered, check_agent_name};
pub use rest::{
    ActiveMatch, Activity, ActivityType, Agent, AgentProfile, AgentStats, AuthToken, EloChange, Follow,
    FollowCounts, LeaderboardEntry, LinkIdentity, MAX_BIO, MarketplaceAgent, MarketplaceSort, Match,
    MatchRecord, MatchStatus, MoveRecord, OpenChallenge, OtherMatch, Period, PlatformStats, Profile,
    ProfileUpdate, Proof, Replay, ReplayRound, RotatedKey, Verification, check_asset_pubkey,
};
pub use score::Score;
pub use sdk_core::timestamp::Timestamp;
pub use server_message::{
    Authenticated, ChallengeAccepted, ChallengeCancelled, ChallengeCreated, GameOver, GameStart, MatchFound,
    OpponentMoved, QueueJoined, QueueUpdate, RoundResult, ServerError, ServerMessage, SpectateUpdate,
    TauntReceived, YourTurn,
};
pub use side::Side;
pub use taunt::TauntId;
pub use wallet_message::{SignedMessage, Verb, WalletMessage};
