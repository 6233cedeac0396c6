//! The platform's server side on your laptop.
//!
//! [`referee`] is its heart: what is legal, what is announced, and who hears it, in all seven rulesets, as pure code.

pub mod referee;

pub use referee::Referee;
