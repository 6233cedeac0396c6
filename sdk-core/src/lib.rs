//! The ground that the four bot SDKs stand on.
//!
//! Most people want one of the platform crates instead: `botpit-sdk`, `botornot-sdk`, `botroulette-sdk` or
//! `kriegspiel-sdk`. This crate holds what at least two of them need, and nothing that only one does:
//!
//! | module | what it is |
//! |---|---|
//! | [`error`] | the one error shape: kind, stable code, advice, platform code, HTTP status, whether it was sent |
//! | [`secret`] | keys and tokens that never print |
//! | [`clock`] | real, scaled and paused time behind one type |
//! | [`backoff`] | reconnect policies as data |
//! | [`correlation`] | request ids, each answered exactly once |
//! | [`heartbeat`] | when to ping, and when silence means death |
//! | [`limit`] | a token bucket that refuses or says how long to wait |
//! | [`dispatch`] | handlers in order per key, in parallel across keys |
//! | [`own_thread`] | blocking code on a thread of its own |
//! | [`private_file`] | files that only their owner may read |
//! | [`record`] | every frame of a connection in a file, without its keys |
//! | [`mod@env`] | settings from the environment and `.env` |
//! | [`network`] | one TLS and proxy set-up for REST and WebSocket |
//! | [`http`] | the REST caller: retries by declared idempotency, bounded bodies, typed errors |
//! | [`socket`] | the WebSocket driver: reads, writes, beats, reconnects, and never waits for your code |
//! | [`shutdown`] | drain on the first Ctrl-C, stop on the second |
//! | [`timestamp`] | moments as platforms write them |
//! | [`wire`] | raw JSON that keeps its frame, open enums, decode errors with a path |
//! | `sandbox` | (feature `sandbox`) serving a platform on loopback, with faults on request |
//!
//! State machines here are pure: they take `now` and an event, and return what to do. The I/O around them is thin.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backoff;
pub mod clock;
pub mod correlation;
pub mod dispatch;
pub mod env;
pub mod error;
pub mod heartbeat;
pub mod http;
pub mod limit;
pub mod network;
pub mod own_thread;
pub mod private_file;
pub mod record;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod secret;
pub mod shutdown;
pub mod socket;
pub mod timestamp;
pub mod wire;

pub use error::{Error, ErrorKind, Result, Sent};
