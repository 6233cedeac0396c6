#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use sdk_core::{self, Error, ErrorKind, Result, Sent};
