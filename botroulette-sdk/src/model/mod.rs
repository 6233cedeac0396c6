//! The platform's data: no I/O, one file for each subject of the spec.
//!
//! What the platform left out is `None`, never a made-up value, and what this version does not know is kept.

mod api_key;
mod bot;
pub mod frame;
pub mod header;
mod ids;
mod listing;
mod options;
mod registration;

pub use bot::Bot;
pub use ids::{MessageId, PrivacyLevel, RequestId, ServiceCode, SessionId, UserToken};
pub use listing::ListingUpdate;
pub use options::RegisterOptions;
pub use registration::{DESCRIPTION, MAX_NAME, Registered, Registration, Warning, check_name};

pub(crate) use bot::Results;
