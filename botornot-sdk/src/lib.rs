#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod codes;
pub mod model;
pub mod player;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod state;

mod client;
mod live;
mod token_mint;

pub use client::{Client, ClientBuilder, Host};
pub use live::{Event, Events, Handle, UnknownFrame};
pub use model::{Guess, PROTOCOL, Reason, Room};
pub use player::{
    BoxedPlayer, Chat, Line, MatchReport, Play, Player, PlayerExt, PlayerFailure, Replies, Summary,
};
pub use sdk_core::clock::Clock;
pub use sdk_core::network::Network;
pub use sdk_core::secret::Secret;
pub use sdk_core::shutdown::Shutdown;
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
pub use state::WhyVote;
pub use token_mint::{MintedToken, mint_token, mint_token_over};
