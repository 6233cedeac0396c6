//! Wager buckets: who is matched with whom (spec, "Matchmaking").
//!
//! ```
//! use botpit_sdk::WagerBucket;
//!
//! assert_eq!(WagerBucket::of("0.005 SOL".parse()?), Ok(WagerBucket::Micro));
//! assert_eq!(WagerBucket::of("0.01 SOL".parse()?), Ok(WagerBucket::Small));
//! assert!(WagerBucket::of("0.0009 SOL".parse()?).is_err());
//! # Ok::<(), botpit_sdk::lamports::ParseLamportsError>(())
//! ```

use std::fmt;

use sdk_core::error::Error;

use crate::lamports::Lamports;

/// A range of wagers. Agents are matched with others in the same bucket of the same game.
///
/// A bound belongs to the bucket that begins with it: 0.01 SOL is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WagerBucket {
    /// Nothing: only for sandbox play.
    Free,
    /// 0.001 SOL and above, below 0.01.
    Micro,
    /// 0.01 SOL and above, below 0.1.
    Small,
    /// 0.1 SOL and above, below 1.
    Medium,
    /// 1 SOL and above, below 10.
    Large,
    /// 10 SOL and above.
    Whale,
}

impl WagerBucket {
    /// The buckets that are played for money, from the smallest.
    pub const PAID: [Self; 5] = [Self::Micro, Self::Small, Self::Medium, Self::Large, Self::Whale];

    /// The bucket of a wager for money.
    ///
    /// # Errors
    /// [`WagerTooSmall`] below [`Lamports::MIN_WAGER`], nothing included.
    pub fn of(wager: Lamports) -> Result<Self, WagerTooSmall> {
        Self::PAID
            .into_iter()
            .rev()
            .find(|bucket| wager >= bucket.lower_bound())
            .ok_or(WagerTooSmall { wager })
    }

    /// The bucket of a wager in sandbox play, where nothing may be wagered at all.
    ///
    /// # Errors
    /// [`WagerTooSmall`] between nothing and [`Lamports::MIN_WAGER`].
    pub fn of_sandbox(wager: Lamports) -> Result<Self, WagerTooSmall> {
        if wager.is_zero() { Ok(Self::Free) } else { Self::of(wager) }
    }

    /// The smallest wager of the bucket.
    pub const fn lower_bound(self) -> Lamports {
        Lamports::from_lamports(match self {
            Self::Free => 0,
            Self::Micro => 1_000_000,
            Self::Small => 10_000_000,
            Self::Medium => 100_000_000,
            Self::Large => 1_000_000_000,
            Self::Whale => 10_000_000_000,
        })
    }

    /// The bucket's name as the spec writes it. `free` is this crate's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Micro => "micro",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Whale => "whale",
        }
    }
}

impl fmt::Display for WagerBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A wager below 0.001 SOL, which no bucket takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WagerTooSmall {
    /// The wager that was asked for.
    pub wager: Lamports,
}

impl fmt::Display for WagerTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the smallest wager is {}, not {}", Lamports::MIN_WAGER, self.wager)?;
        if self.wager.is_zero() { f.write_str("; free play is for the sandbox alone") } else { Ok(()) }
    }
}

impl std::error::Error for WagerTooSmall {}

impl From<WagerTooSmall> for Error {
    fn from(error: WagerTooSmall) -> Self {
        Self::invalid_argument("wager_lamports", error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_that_begins_with_it() {
        for (bucket, below) in WagerBucket::PAID.into_iter().skip(1).zip(WagerBucket::PAID) {
            let bound = bucket.lower_bound();
            assert_eq!(WagerBucket::of(bound), Ok(bucket));
            assert_eq!(WagerBucket::of(Lamports::from_lamports(bound.as_lamports() - 1)), Ok(below));
        }
        assert_eq!(WagerBucket::of(Lamports::MIN_WAGER), Ok(WagerBucket::Micro));
        assert_eq!(WagerBucket::of(Lamports::from_lamports(u64::MAX)), Ok(WagerBucket::Whale));
    }

    #[test]
    fn nothing_is_for_the_sandbox_alone() {
        assert_eq!(WagerBucket::of_sandbox(Lamports::ZERO), Ok(WagerBucket::Free));
        let error = WagerBucket::of(Lamports::ZERO).unwrap_err();
        assert!(error.to_string().contains("sandbox"), "{error}");
        let short = Lamports::from_lamports(999_999);
        assert_eq!(WagerBucket::of(short), Err(WagerTooSmall { wager: short }));
        assert_eq!(WagerBucket::of_sandbox(short), Err(WagerTooSmall { wager: short }));
        assert_eq!(Error::from(WagerTooSmall { wager: short }).field(), Some("wager_lamports"));
    }
}
