//! The platform's frames as plain data: no I/O, one file for each subject of the spec.
//!
//! What arrives is decoded in two stages: the envelope first ([`ServerFrame`]), then the payload of an event into its
//! struct ([`ServerEvent`]). So there are three different outcomes, and none of them is a guess:
//!
//! - an event, status, reason or frame that this version does not know is kept as it came, and delivered;
//! - a known event with a field that is missing or wrong is an error that names the event and the field;
//! - everything else is typed. What the platform left out is `None`, never a made-up value. Fields that this version does
//!   not know are in the frame's text, which every [`Push`] keeps.
//!
//! ```
//! use botornot_sdk::model::{Room, ServerEvent, ServerFrame};
//!
//! let text = r#"{"room":"room:game:botornot:abc123","type":"chat:message","payload":{"from":"opponent","body":"hi"},"meta":{"user_id":null}}"#;
//! let ServerFrame::Push(push) = ServerFrame::decode(&text.into())? else { panic!("not a push") };
//! assert_eq!(push.room, Room::from("room:game:botornot:abc123"));
//! assert!(matches!(push.event, ServerEvent::Chat(chat) if chat.body == "hi"));
//! # Ok::<(), botornot_sdk::Error>(())
//! ```

mod chat;
mod client_frame;
mod frame;
mod guess;
mod ids;
mod reason;
mod reply;
mod reveal;
mod room;
mod server_event;

pub use chat::{ChatFrom, ChatMessage, ChatTyping, MAX_CHAT_CHARS, check_chat};
pub use client_frame::{ClientFrame, ClientMessage, PING, PONG};
pub use frame::{ErrorReply, JoinReply, Meta, Push, ServerFrame, UserId};
pub use guess::{Guess, Kind};
pub use ids::MatchId;
pub use reason::Reason;
pub use reply::{Reply, ReplyStatus};
pub use reveal::{AgentTier, Reveal};
pub(crate) use room::LOBBY;
pub use room::{Room, RoomKind};
pub use sdk_core::timestamp::Timestamp;
pub use server_event::{
    LeaderboardState, MatchFound, MatchStarted, MetaDelta, MetaState, RoomSync, ServerEvent, VoteAck,
    VotePhase,
};

/// The version of the platform's protocol that this crate speaks (spec, "Protocol Status").
pub const PROTOCOL: &str = "botornot-agent-v2";
