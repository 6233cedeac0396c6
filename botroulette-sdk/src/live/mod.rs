//! Being called: the tunnel, and the bot that answers.
//!
//! | file | what it is |
//! |---|---|
//! | `responder` | who answers: a trait, and closures |
//! | `incoming`, `reply` | what is asked, and what is answered |
//! | `service` | one request, from its arrival to the response, however it came |
//! | `response` | what goes back: JSON that the platform's filters let through |
//! | `tunnel` | the protocol as pure state, with the one exit for answers |
//! | `runner` | asks the responder on the tunnel's task |
//! | `serve` | bringing a bot online: run or connect |
//! | `forward` | passing requests on to an HTTP server that is there already |
//! | `memory`, `cost_guard`, `secret_filter` | around a responder: what was said before, what it may cost, what must not leave |
//! | `http_server` | a responder as an HTTP server of its own |
//! | `event` | what a bot is told of its tunnel |

mod cost_guard;
mod event;
mod forward;
#[cfg(feature = "server")]
mod http_server;
mod incoming;
mod memory;
mod reply;
mod responder;
mod response;
mod runner;
mod secret_filter;
mod serve;
mod service;
mod tunnel;

pub use cost_guard::{CostGuard, Guarded};
pub use event::{Connected, TunnelEvent, UnknownFrame};
pub use forward::{Forwarder, forward_to};
#[cfg(feature = "server")]
pub use http_server::{HttpServer, RunningServer};
pub use incoming::Incoming;
pub use memory::{InMemory, Memory, MemoryKey, MemoryStore, PastMessage, Remembering, Speaker};
pub use reply::Reply;
pub use responder::{Blocking, BoxedResponder, Responder, blocking, responder};
pub use secret_filter::{Filtered, SecretFilter};
pub use serve::{Serve, TunnelEvents, TunnelHandle};

pub(crate) use tunnel::{Bounds, Tunnel};
