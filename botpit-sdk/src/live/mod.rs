//! The live side: one WebSocket connection that survives, as a stream of events or as callbacks.
//!
//! | file | what it is |
//! |---|---|
//! | `session` | the protocol as pure state: what is wanted, what is under way, what a new connection owes |
//! | `current_key` | the key of now, which can be replaced |
//! | `lookup` | what the live side has to ask the REST side |
//! | `spectator` | a watched match as a stream |
//! | `ledger` | one decision per turn, as pure state |
//! | `match_map` | what is kept per match, found quickly |
//! | `event` | what a bot is told |
//! | `handle` | what a bot asks for |
//! | `handler` | callbacks with the names of the platform's own SDKs |
//! | `runner` | drives a handler in place, in order per match |

mod current_key;
mod event;
mod handle;
mod handler;
mod ledger;
mod lookup;
mod match_map;
mod move_data;
mod runner;
mod session;
mod spectator;

pub use event::{
    Challenge, ChallengeAccepted, Connected, Event, GameOver, GameStart, MatchFound, Outcome, QueueJoined,
    QueueUpdate, RoundResult, Turn, UnknownFrame,
};
pub use handle::{Events, Handle};
pub use handler::{
    Blocking, BoxedHandler, EventHandler, EventHandlerExt, LateMove, MatchRefused, OpponentMoved, QueueLeft,
    Reconnecting, TauntReceived,
};
pub use ledger::TurnId;
pub use move_data::MoveData;

pub use spectator::{Spectator, SpectatorEvent, WatchedGameOver};

pub(crate) use current_key::CurrentKey;
pub(crate) use handler::heard_by;
pub(crate) use lookup::answer_lookups;
pub(crate) use runner::runner;
pub(crate) use session::{Command, Session, Timings};
