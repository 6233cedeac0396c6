//! Generators of chance for players: one for each seed.

use fastrand::Rng;

/// The generator of a seed. Seeds that are neighbours, such as 1 and 2, give numbers that have nothing to do with each other;
/// by [`Rng::with_seed`] alone they go along with each other for long, and two players would tie far too seldom or too often.
pub(crate) fn seeded(seed: u64) -> Rng {
    // The finalizer of SplitMix64.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Rng::with_seed(mixed ^ (mixed >> 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_have_nothing_to_do_with_each_other() {
        for seed in 0..50 {
            let (mut one, mut next) = (seeded(seed), seeded(seed + 1));
            let equal = (0..9_000).filter(|_| one.u8(0..3) == next.u8(0..3)).count();
            // Six standard deviations around a third.
            assert!((2_730..3_270).contains(&equal), "seeds {seed} and the next: {equal} of 9000");
        }
    }

    #[test]
    fn a_seed_repeats_itself() {
        assert_eq!(seeded(7).u64(..), seeded(7).u64(..));
    }
}
