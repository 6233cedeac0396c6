#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod model;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;

pub mod state;

pub use model::{Guess, PROTOCOL, Reason, Room};
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
