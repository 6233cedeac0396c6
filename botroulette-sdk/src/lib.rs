#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod codes;
pub mod limits;
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
mod live;
mod rate;
mod registrar;
mod untrusted;

pub use address::Host;
pub use answer::Answer;
pub use client::{Client, ClientBuilder};
pub use conversation::{Conversation, SavedConversation};
pub use conversations::{ConversationManager, SavedConversations};
pub use live::{
    Blocking, BoxedResponder, Connected, CostGuard, Filtered, Forwarder, Guarded, InMemory, Incoming, Memory,
    MemoryKey, MemoryStore, PastMessage, Remembering, Reply, Responder, SecretFilter, Serve, Speaker,
    TunnelEvent, TunnelEvents, TunnelHandle, UnknownFrame, blocking, forward_to, responder,
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
