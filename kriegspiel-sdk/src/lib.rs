#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod model;

pub use model::{Color, ErrorCode, Ruleset, Square, UciMove};
pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
