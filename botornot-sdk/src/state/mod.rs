//! The platform's state machine as pure data: events and the time go in, actions come out, and nothing else happens.
//!
//! ```text
//!  Offline ─▶ SocketOpen ─▶ LobbyJoined ─▶ (ProbePending) ─▶ Queued ─▶ MatchJoined ─▶ InMatch ─▶ Ended
//!                               ▲                                                                 │
//!                               └─────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A [`Machine`] knows what a bot must do to get from one match to the next (spec, "Client Runtime State Machine"): join
//! the lobby, pass the compliance room, ask for matches, enter them, vote in time, begin again; after a lost connection too.
//! It has no socket, no task and no clock. Whoever drives it
//!
//! 1. gives it every [`Event`]: what the connection did, what the platform said, what the bot wishes;
//! 2. carries out the [`Action`]s, in order: joins, requests, and [`Notice`]s for the bot;
//! 3. gives it [`Event::Tick`] when [`Machine::next_deadline`] has come.
//!
//! Any event may come twice, late, in another order or not at all. The machine asks again for what it needs, says nothing
//! twice that counts once (a vote, a probe token), and never sends into a room that it is not in.
//!
//! [`Client::enter`](crate::Client::enter) drives one over a live connection.
//!
//! ```
//! use botornot_sdk::model::Room;
//! use botornot_sdk::state::{Action, Event, Machine, Phase, Settings};
//! use sdk_core::clock::Clock;
//!
//! let clock = Clock::paused();
//! let mut machine = Machine::new(Settings::default());
//!
//! // The socket is open: the lobby comes first …
//! let actions = machine.handle(Event::Opened, clock.now());
//! assert!(actions.iter().any(|action| matches!(action, Action::Join { room, .. } if room.is_lobby())));
//!
//! // … and once it is joined, a match is asked for.
//! let actions = machine.handle(Event::Joined { room: Room::lobby() }, clock.now());
//! assert!(actions.iter().any(|action| matches!(action, Action::Send { .. })));
//! assert_eq!(machine.phase(), Phase::LobbyJoined);
//! ```
//!
//! # Votes
//! A vote is the bot's ([`Wish::Vote`]). It is asked for by [`Notice::VoteWanted`], and may come at any time before or
//! after that; one that comes before voting is open is held, and sent once when it opens. A bot that does not decide does not
//! lose its vote: [`Settings::vote_margin`] before the end, the machine votes as the bot last leaned ([`Wish::Lean`]), or else
//! as [`Settings::fallback`] says, and tells so ([`Notice::VoteCast`]).

mod action;
mod event;
mod game;
mod machine;
mod phase;
mod probe;
mod settings;

pub use action::{Action, Ending, NotSent, Notice, SayOutcome, VotedBy, WhyVote};
pub use event::{Answer, Event, RequestNo, SayId, Wish};
pub use machine::Machine;
pub use phase::Phase;
pub use settings::{Queue, Settings};
