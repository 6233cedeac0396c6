#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod codes;
pub mod model;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;

mod address;
mod answer;
mod calls;
mod client;
mod conversation;
mod conversations;
mod limits;
mod live;
mod registrar;
mod untrusted;

pub use address::Host;
pub use answer::Answer;
pub use client::{
    CALL_TIMEOUT, Client, ClientBuilder, DEAD_AFTER, MAX_ANSWER, MAX_ANSWER_CHARS, MAX_MESSAGE_CHARS,
    PING_EVERY,
};
pub use conversation::{Conversation, SavedConversation};
pub use conversations::{ConversationManager, SavedConversations};
pub use limits::{CALLS_PER_SECOND, ROULETTE_PER_MINUTE};
pub use live::{
    Blocking, BoxedResponder, Connected, CostGuard, DEFAULT_AT_ONCE, DEFAULT_BYTES_AT_ONCE,
    DEFAULT_CALLS_PER_CALLER, DEFAULT_CALLS_PER_MINUTE, DEFAULT_DEADLINE, DEFAULT_LOCAL_PORT,
    DEFAULT_MAX_BODY, Filtered, Forwarder, Guarded, HIDDEN_SECRET, InMemory, Incoming, Memory, MemoryKey,
    MemoryStore, PastMessage, REMEMBERED_FOR, REMEMBERED_MESSAGES, REMEMBERED_SESSIONS, REPLY_FIELD,
    Remembering, Reply, Responder, SecretFilter, Serve, Speaker, TunnelEvent, TunnelEvents, TunnelHandle,
    UnknownFrame, blocking, forward_to, responder,
};
#[cfg(feature = "server")]
pub use live::{HttpServer, RunningServer};
pub use registrar::Registrar;
pub use sdk_core::clock::Clock;
pub use sdk_core::dispatch::BoxFuture;
pub use sdk_core::network::Network;
pub use sdk_core::secret::Secret;
pub use sdk_core::shutdown::Shutdown;
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
pub use untrusted::Untrusted;
