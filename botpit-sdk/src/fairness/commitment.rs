//! The commitment: the hash that the server shows before a match, and the seed that it reveals after.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// How a revealed seed and its commitment fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommitmentCheck {
    /// The commitment is the hash of the seed's text, as the spec's samples compute it.
    Matches,
    /// The commitment is the hash of the bytes that the seed's hex digits stand for. The spec's samples do not compute it
    /// so: it is told apart, and it is no pass.
    MatchesDecodedBytes,
    /// The commitment is no hash of the seed.
    Differs,
}

impl CommitmentCheck {
    /// Whether the commitment holds by the spec.
    pub const fn is_match(self) -> bool {
        matches!(self, Self::Matches)
    }
}

impl fmt::Display for CommitmentCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matches => "seed matches commitment",
            Self::MatchesDecodedBytes => "only the seed's decoded bytes match the commitment",
            Self::Differs => "seed does not match commitment",
        })
    }
}

/// The commitment to a seed: the SHA-256 of its text, in lower-case hex.
///
/// ```
/// use botpit_sdk::fairness::commitment;
///
/// assert_eq!(commitment("f9e8d7c6"), "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe");
/// ```
pub fn commitment(server_seed: &str) -> String {
    hex(&Sha256::digest(server_seed.as_bytes()))
}

/// Whether `server_seed` from `game_over` is what `server_seed_hash` from `match_found` committed to. The case of the hex
/// digits of the hash does not matter; the text of the seed is taken as it is.
///
/// ```
/// use botpit_sdk::fairness::{CommitmentCheck, verify_commitment};
///
/// let hash = "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe";
/// assert_eq!(verify_commitment(hash, "f9e8d7c6"), CommitmentCheck::Matches);
/// assert_eq!(verify_commitment(hash, "f9e8d7c7"), CommitmentCheck::Differs);
/// ```
pub fn verify_commitment(server_seed_hash: &str, server_seed: &str) -> CommitmentCheck {
    if server_seed_hash.eq_ignore_ascii_case(&commitment(server_seed)) {
        return CommitmentCheck::Matches;
    }
    match decoded(server_seed) {
        Some(bytes) if server_seed_hash.eq_ignore_ascii_case(&hex(&Sha256::digest(&bytes))) => {
            CommitmentCheck::MatchesDecodedBytes
        }
        _ => CommitmentCheck::Differs,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn decoded(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    (rest.is_empty() && !pairs.is_empty()).then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe";

    #[test]
    fn the_case_of_the_hash_does_not_matter() {
        assert_eq!(verify_commitment(&HASH.to_uppercase(), "f9e8d7c6"), CommitmentCheck::Matches);
    }

    #[test]
    fn the_text_of_the_seed_is_hashed_as_it_is() {
        assert_eq!(verify_commitment(HASH, "F9E8D7C6"), CommitmentCheck::Differs);
        assert_eq!(verify_commitment(HASH, " f9e8d7c6"), CommitmentCheck::Differs);
        assert_eq!(verify_commitment("", ""), CommitmentCheck::Differs);
    }

    #[test]
    fn decoded_bytes_are_told_apart_and_are_no_pass() {
        // SHA-256 of the three bytes 61 62 63, "abc": the first example of the hash's standard.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let check = verify_commitment(hash, "616263");
        assert_eq!(check, CommitmentCheck::MatchesDecodedBytes);
        assert!(!check.is_match());
        assert_eq!(verify_commitment(hash, "abc"), CommitmentCheck::Matches);
        // Neither half a byte nor something that is not hex has decoded bytes.
        assert_eq!(verify_commitment(hash, "6162633"), CommitmentCheck::Differs);
        assert_eq!(verify_commitment(hash, "61626g"), CommitmentCheck::Differs);
        // The hash of no bytes at all is not the hash of an empty seed's digits.
        assert_eq!(
            verify_commitment("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""),
            CommitmentCheck::Matches
        );
    }
}
