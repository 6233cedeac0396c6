//! Seeds: one number, and for each subject a repeatable stream of its own.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// The number that makes a sandbox repeatable.
///
/// Each subject draws from a stream of its own, so that one more draw in one of them does not shift the others.
///
/// ```
/// use sdk_core::sandbox::Seed;
///
/// let seed = Seed(7);
/// assert_eq!(seed.stream("match 1").u64(..), seed.stream("match 1").u64(..));
/// assert_ne!(seed.stream("match 1").u64(..), seed.stream("match 2").u64(..));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of one subject: the same seed and label always give the same numbers.
    pub fn stream(self, label: &str) -> Rng {
        Rng::with_seed(self.derive(label).0)
    }

    /// A seed for a subject that has subjects of its own, such as a match with its rounds.
    #[must_use]
    pub fn derive(self, label: &str) -> Self {
        // FNV-1a over the label, then the finalizer of SplitMix64, so that neighbouring seeds do not resemble each other.
        let mut hash = 0xcbf2_9ce4_8422_2325 ^ self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(hash ^ (hash >> 31))
    }
}

impl From<u64> for Seed {
    fn from(seed: u64) -> Self {
        Self(seed)
    }
}
