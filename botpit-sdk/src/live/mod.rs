//! The live side: one WebSocket connection that survives, as a stream of events or as callbacks.
//!
//! | file | what it is |
//! |---|---|
//! | `session` | the protocol as pure state: what is wanted, what is under way, what a new connection owes |
//! | `ledger` | one decision per turn, as pure state |
//! | `match_map` | what is kept per match, found quickly |
//! | `event` | what a bot is told |
//! | `handle` | what a bot asks for |
//! | `handler` | callbacks with the names of the platform's own SDKs |
//! | `runner` | drives a handler in place, in order per match |

mod event;
mod handle;
mod handler;
mod ledger;
mod match_map;
mod move_data;
mod runner;
mod session;

pub use event::{
    Connected, Event, GameOver, GameStart, MatchFound, Outcome, QueueJoined, QueueUpdate, RoundResult, Turn,
    UnknownMessage,
};
pub use handle::{Events, Handle};
pub use handler::{
    Blocking, BoxFuture, BoxedHandler, EventHandler, EventHandlerExt, LateMove, MatchRefused, OpponentMoved,
    QueueLeft, Reconnecting,
};
pub use ledger::TurnId;
pub use move_data::MoveData;

pub(crate) use handler::heard_by;
pub(crate) use runner::runner;
pub(crate) use session::{Session, Timings};
