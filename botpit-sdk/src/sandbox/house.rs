//! The house agents: opponents that are always there.

/// How well a house agent plays.
///
/// What each strength does depends on the game; in rock paper scissors a novice always plays rock, a regular plays at
/// random, and an expert looks for a pattern in your moves and plays at random where it finds none.
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
