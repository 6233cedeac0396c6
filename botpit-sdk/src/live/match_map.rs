//! What is kept per match, found quickly: every frame looks its match up.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::model::MatchId;

/// A table by match id. Whoever fills it keeps it bounded.
pub(super) type MatchMap<T> = HashMap<MatchId, T, IdHash>;

/// Hashes ids, some 40 bytes, several times as fast as the standard library's hash. That one also withstands somebody who
/// picks colliding keys for a large table; this one holds a bounded number of matches, and the seed is the process's own.
#[derive(Debug, Clone)]
pub(super) struct IdHash(u64);

impl Default for IdHash {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for IdHash {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher(self.0)
    }
}

pub(super) struct IdHasher(u64);

impl IdHasher {
    /// Folds the product's halves, so that every bit of both words moves every bit of the hash.
    fn mix(&mut self, pair: u128) {
        const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
        const SECOND: u64 = 0xbf58_476d_1ce4_e5b9;
        let product = u128::from(pair as u64 ^ FIRST ^ self.0) * u128::from((pair >> 64) as u64 ^ SECOND);
        self.0 = self.0.rotate_left(23) ^ (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= bytes.len() as u64;
        let (pairs, rest) = bytes.as_chunks();
        for pair in pairs {
            self.mix(u128::from_le_bytes(*pair));
        }
        if rest.is_empty() && !pairs.is_empty() {
            return;
        }
        // The last sixteen bytes again cost less than the few that are left.
        self.mix(bytes.last_chunk().map_or_else(
            || rest.iter().fold(0, |word, byte| (word << 8) | u128::from(*byte)),
            |pair| u128::from_le_bytes(*pair),
        ));
    }

    // A text ends its hash with this byte; its length is mixed in already.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_that_differ_little_hash_apart() {
        let hash = IdHash::default();
        let ids = (0..20_000u64).flat_map(|n| {
            [format!("3f0c1d2e-9b7a-4c5d-0000-{n:012x}"), format!("m-{n}"), "x".repeat(n as usize % 100)]
        });
        let ids: HashSet<String> = ids.collect();
        let hashes: HashSet<u64> = ids.iter().map(|id| hash.hash_one(id.as_str())).collect();
        assert_eq!(hashes.len(), ids.len());
        // The table takes the low bits for the place and the top seven for a first comparison.
        let places: HashSet<u64> = hashes.iter().map(|hash| hash & 0xffff).collect();
        assert!(places.len() > 25_000, "{}", places.len());
        let tags: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert_eq!(tags.len(), 128);
    }

    #[test]
    fn an_id_is_found_by_its_text() {
        let mut map = MatchMap::default();
        map.insert(MatchId::from("match-uuid"), 1);
        assert_eq!(map.get("match-uuid"), Some(&1));
        assert_eq!(map.get("match-uui"), None);
    }
}
