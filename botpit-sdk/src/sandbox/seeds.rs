//! Everything that looks random in the sandbox, from one seed: ids, keys, server seeds.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Lowercase hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a text: of its characters, also when they happen to be hexadecimal.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn random_bytes<const N: usize>(rng: &mut fastrand::Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// An id in the form of a version 4 UUID.
pub(crate) fn uuid(rng: &mut fastrand::Rng) -> String {
    let bits = u128::from_be_bytes(random_bytes(rng));
    let bits = (bits & !(0xf << 76)) | (0x4 << 76);
    let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// An API key with the platform's prefix.
pub(crate) fn api_key(rng: &mut fastrand::Rng) -> String {
    format!("bp_live_{}", hex(&random_bytes::<24>(rng)))
}

/// A server seed and its commitment: the SHA-256 of the seed's *text*, as the spec's "Verification" samples compute it.
pub(crate) fn server_seed(rng: &mut fastrand::Rng) -> (String, String) {
    let seed = hex(&random_bytes::<16>(rng));
    let hash = hex(&sha256(&seed));
    (seed, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commitment_is_the_hash_of_the_text() {
        // Computed with `printf f9e8d7c6 | sha256sum`.
        assert_eq!(
            hex(&sha256("f9e8d7c6")),
            "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe"
        );
        let (seed, hash) = server_seed(&mut fastrand::Rng::with_seed(1));
        assert_eq!(seed.len(), 32);
        assert_eq!(hash, hex(&sha256(&seed)));
    }

    #[test]
    fn ids_look_like_uuids_and_repeat_under_a_seed() {
        let mut rng = fastrand::Rng::with_seed(7);
        let id = uuid(&mut rng);
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        assert_ne!(id, uuid(&mut rng));
        assert_eq!(id, uuid(&mut fastrand::Rng::with_seed(7)));
        assert!(api_key(&mut rng).starts_with("bp_live_"));
    }
}
