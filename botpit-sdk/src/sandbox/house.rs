//! The house agents: opponents that are always there.

/// How well a house agent plays.
///
/// What each strength does depends on the game. Where there is nothing to choose or to foresee all play alike.
///
/// | game | novice | regular | expert |
/// |---|---|---|---|
/// | coinflip | heads | at random | at random |
/// | rock paper scissors | rock | at random | looks for a pattern in your moves, and is random where it finds none |
/// | hi-lo | higher | by the card, two times in three | by the card |
/// | crash | 9.0 | anything | drawn from the equilibrium, 1.01 to 4.04 |
/// | mines | 12 tiles | 1 to 15 | drawn from near the equilibrium, 1 to 6 |
/// | math duel | forgets precedence | wrong one time in three | wrong one time in ten |
/// | reaction ring | 250 | anything | the median or next to it |
/// | blotto | half of what is left | 0 to 6 | an even share for each round it needs; lets a round go now and then |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Strength {
    /// Predictable: a bot that looks at the history beats it.
    Novice,
    /// Random within sense: nobody beats it in the long run where the game is one of luck or bluff.
    Regular,
    /// Plays to win.
    Expert,
}

/// The names of the house agents. They are the same whoever asks, so that a bot's notes about an opponent make sense.
pub(crate) const ROSTER: [(&str, Strength); 6] = [
    ("Pebble", Strength::Novice),
    ("Moss", Strength::Novice),
    ("Brook", Strength::Regular),
    ("Heron", Strength::Regular),
    ("Granite", Strength::Expert),
    ("Glacier", Strength::Expert),
];
