#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod codes;
pub mod knobs;
pub mod knowledge;
pub mod model;
pub mod runner;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod strategies;

mod client;

pub use client::{
    Client, ClientBuilder, EVENTS_SILENCE, GameEvents, Host, LeaderboardQuery, RatingHistoryQuery, Recovered,
    Reply, UserGamesQuery,
};
pub use knobs::Knobs;
pub use knowledge::Knowledge;
pub use model::{Color, ErrorCode, Ruleset, Square, UciMove};
pub use runner::{
    Action, BlockingStrategy, BoxedStrategy, GameReport, GameStart, Play, PlayError, PlayEvent, Position,
    Strategy, StrategyExt, StrategyFailure, Summary,
};
pub use sdk_core::clock::Clock;
pub use sdk_core::network::Network;
pub use sdk_core::secret::Secret;
pub use sdk_core::shutdown::Shutdown;
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
