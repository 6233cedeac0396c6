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
//! | `event` | what a bot is told of its tunnel |

mod event;
mod incoming;
mod reply;
mod responder;
mod response;
mod runner;
mod serve;
mod service;
mod tunnel;

pub use event::{Connected, TunnelEvent, UnknownFrame};
pub use incoming::Incoming;
pub use reply::{REPLY_FIELD, Reply};
pub use responder::{Blocking, BoxFuture, BoxedResponder, Responder, blocking, responder};
pub use serve::{DEFAULT_AT_ONCE, DEFAULT_BYTES_AT_ONCE, Serve, TunnelEvents, TunnelHandle};
pub use service::{DEFAULT_DEADLINE, DEFAULT_MAX_BODY};

pub(crate) use tunnel::{Bounds, Tunnel};
