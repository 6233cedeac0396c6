//! Checking what the platform claims (spec, "Provably Fair").
//!
//! Before a match the server commits to a seed by its hash, and after the match it reveals the seed. Everything that chance
//! decides is derived from that seed, by formulas that the spec tells. So a match can be played again afterwards, and what
//! was told laid beside it:
//!
//! - [`MatchEvidence`] is what was seen of a match: fed with events as they come, or made from a [`Proof`] and a [`Replay`].
//! - [`MatchEvidence::verify`] checks it, [`Readings::verify`] checks it with what is known of the host.
//! - [`FairnessReport`] says what came of it, with a [`Verdict`] for each round and for the match.
//! - [`derivation`] has the formulas themselves.
//! - [`Rest::verify_match`](crate::Rest::verify_match) checks any finished match, [`from_json`] one from a file.
//!
//! [`Proof`]: crate::model::Proof
//! [`Replay`]: crate::model::Replay
//!
//! # What a verdict means
//! `Verified`: everything that chance decided was derived again and is what was told. `Consistent`: nothing contradicts
//! itself, and not everything could be derived. `Violated`: the commitment fails, a value that the seed determines is
//! another, or the server contradicts itself in what the spec determines; it says [why](Violation). Whatever is
//! undocumented, was not seen, or can have an honest reason is a [`Note`], and never a violation.
//!
//! # What is checked
//! | | derived from the seed | what must hold besides |
//! |---|---|---|
//! | every match | the commitment | it came before the first move and served no other match; round numbers, scores and histories go on from each other; a move is told as it was sent; the winner won enough rounds; payout and fee make up both wagers, where the fee is told |
//! | coinflip | the coin | who is right alone wins |
//! | rps | there is no chance | the rules decide |
//! | hi_lo | both cards | as in coinflip |
//! | dice_duel, high_card_duel | both rolls, both cards | the higher wins; names fit |
//! | crash | the crash point, by one of twelve readings | who survives, who wins |
//! | mines | layout and order, by one of 28 and 49 readings | which tiles were safe, who wins |
//! | math_duel | nothing: the formula is not told | the expression's value, who is right, who wins |
//! | reaction_ring | the target, by one of two readings | distances, who wins |
//! | blotto | the terrain | powers, budgets, who wins |
//! | any other game | the commitment alone | |
//!
//! # Readings
//! Some formulas can be read in more ways than one ([`derivation`] lists them). One reading must fit every round of a match,
//! and then it is pinned for the host: see [`Readings`]. Where no reading fits, the round is `Consistent`: an unmatched guess
//! at a formula that is not fully told is no proof of cheating. A pinned reading that stops fitting is a warning.
//!
//! # What no client can detect
//! - The seed is the server's alone: no agent adds to it. A server that knows an agent's habits can draw seeds until one
//!   suits it, *before* it commits. Every check here passes then.
//! - The formulas themselves are a little uneven, as 256 is no multiple of 13 or 6: Ace to nine come up 20 times in 256 and
//!   ten to King 19 times; one to four come up 43 times in 256 and five and six 42 times. Of the 65,536 numbers behind the
//!   reaction ring's target, 1 to 536 get 66 each and the others 65.
//! - Whether a commitment that is read afterwards, in a proof, was made before the match.
//! - Whether a side resigned or was late: the protocol does not tell. A round with a move missing is not for the rules to
//!   decide.

pub mod derivation;

mod check;
mod commitment;
mod evidence;
mod fields;
mod file;
mod finding;
mod readings;
mod report;
mod rest;

pub use commitment::{CommitmentCheck, commitment, verify_commitment};
pub use evidence::{MAX_BYTES, MAX_ROUNDS, MatchEvidence};
pub use file::from_json;
pub use finding::{Note, Violation};
pub use readings::{HostReadings, Readings};
pub use report::{FairnessReport, MatchReadings, RoundCheck, Verdict};
pub use rest::host_of;
