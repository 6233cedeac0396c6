#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod bankroll;
pub mod codes;
pub mod fairness;
pub mod games;
pub mod lab;
pub mod lamports;
pub mod ledger;
pub mod model;
pub mod replay;
pub mod rest;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod wager;
#[cfg(feature = "wallet")]
#[cfg_attr(docsrs, doc(cfg(feature = "wallet")))]
pub mod wallet;

mod client;
mod live;
mod play;
mod signer;

pub use bankroll::{Bankroll, BankrollRefusal};
pub use client::{Client, ClientBuilder, Host};
pub use lamports::{Lamports, SignedLamports};
pub use ledger::Ledger;
pub use live::{
    Blocking, BoxedHandler, Challenge, ChallengeAccepted, Connected, Event, EventHandler, EventHandlerExt,
    Events, GameOver, GameStart, Handle, LateMove, MatchFound, MatchRefused, MoveData, OpponentMoved,
    Outcome, QueueJoined, QueueLeft, QueueUpdate, Reconnecting, RoundResult, Spectator, SpectatorEvent,
    TauntReceived, Turn, TurnId, UnknownFrame, WatchedGameOver,
};
pub use model::ErrorCode;
pub use play::{
    BlockingStrategy, BoxedStrategy, Fallback, GameTurn, MAX_ROUNDS, MatchReport, Play, PlayError, Played,
    RoundReport, Strategy, StrategyExt, StrategyFailure, Summary,
};
pub use rest::Rest;
pub use sdk_core::clock::Clock;
pub use sdk_core::dispatch::BoxFuture;
pub use sdk_core::network::Network;
pub use sdk_core::secret::Secret;
pub use sdk_core::shutdown::Shutdown;
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
pub use signer::Signer;
pub use wager::WagerBucket;
