//! Checking what the platform claims (spec, "Provably Fair").
//!
//! Before a match the server commits to a seed by its hash, and after the match it reveals the seed. A seed that does not
//! fit its hash is proof of foul play. A seed that does is no proof of the opposite: the seed is the server's alone, so a
//! server that knows an agent's habits could draw seeds until one suits it, before it commits.

mod commitment;

pub use commitment::{CommitmentCheck, commitment, verify_commitment};
