//! The platform's data: no I/O, one file for each subject of the spec.
//!
//! What the platform left out is `None`, never a made-up value, and what this version does not know is kept.

pub mod frame;
pub mod header;
mod ids;

pub use ids::{MessageId, PrivacyLevel, RequestId, ServiceCode, SessionId, UserToken};
