//! The live side: one WebSocket connection that survives, with rooms and correlated replies.
//!
//! | file | what it is |
//! |---|---|
//! | `session` | the protocol as pure state: rooms, requests, and the state machine where one is driven |
//! | `refusal` | what the platform's reasons mean as errors |
//! | `event` | what a bot is told |
//! | `handle` | what a bot asks for |

mod event;
mod handle;
mod refusal;
mod session;

pub use event::{Connected, Event, UnknownFrame};
pub use handle::{Events, Handle};

pub(crate) use handle::Calls;
pub(crate) use session::{Command, Session, Timings};
