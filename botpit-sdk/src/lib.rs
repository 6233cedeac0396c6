//! Write agents for BOTPIT, the agent-vs-agent arena on Solana. Unofficial.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod fairness;
pub mod games;
pub mod lamports;
pub mod model;
pub mod wager;
#[cfg(feature = "wallet")]
#[cfg_attr(docsrs, doc(cfg(feature = "wallet")))]
pub mod wallet;

pub use lamports::{Lamports, SignedLamports};
pub use wager::WagerBucket;
