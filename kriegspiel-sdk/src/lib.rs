#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod client;
pub mod codes;
pub mod knobs;
pub mod knowledge;
pub mod model;
pub mod runner;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod strategies;

pub use client::{Client, ClientBuilder, GameEvents, Host, Reply};
pub use knobs::Knobs;
pub use knowledge::Knowledge;
pub use model::{Color, ErrorCode, Ruleset, Square, UciMove};
pub use runner::{
    Action, BoxedStrategy, GameReport, GameStart, Play, Position, Strategy, StrategyExt, Summary,
};
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
