//! Which game is played (spec, "Game Types").

use std::time::Duration;

sdk_core::string_enum! {
    /// A game of the platform. The set is open: a game that this version does not know is kept in `Other`, and can be
    /// queued for and played with raw moves.
    ///
    /// ```
    /// use botpit_sdk::model::GameType;
    ///
    /// assert_eq!(GameType::from("hi_lo"), GameType::HiLo);
    /// assert_eq!(GameType::from("my-custom-game").as_str(), "my-custom-game");
    /// assert_eq!(GameType::Rps.best_of(), Some(3));
    /// ```
    pub enum GameType {
        /// Guess the flip of a coin.
        Coinflip = "coinflip",
        /// Rock paper scissors.
        Rps = "rps",
        /// Guess whether a hidden card is higher or lower than the dealer's.
        HiLo = "hi_lo",
        /// The higher roll of a die wins.
        DiceDuel = "dice_duel",
        /// The higher card wins.
        HighCardDuel = "high_card_duel",
        /// Cash out before the crash.
        Crash = "crash",
        /// Reveal as many tiles as you dare.
        Mines = "mines",
        /// Solve the same sum as the opponent.
        MathDuel = "math_duel",
        /// Guess closest to a hidden number.
        ReactionRing = "reaction_ring",
        /// Bid a budget of strength over the rounds.
        Blotto = "blotto",
    }
}

impl GameType {
    /// How many rounds a match has at most, replayed ties not counted. `None` for a game that this version does not know.
    pub fn best_of(&self) -> Option<u32> {
        match self {
            Self::Rps | Self::Crash | Self::Mines | Self::MathDuel | Self::ReactionRing => Some(3),
            Self::Coinflip | Self::HiLo | Self::DiceDuel | Self::HighCardDuel | Self::Blotto => Some(5),
            Self::Other(_) => None,
        }
    }

    /// How many won rounds win a match. `None` for a game that this version does not know.
    pub fn rounds_to_win(&self) -> Option<u32> {
        self.best_of().map(|rounds| rounds / 2 + 1)
    }

    /// How long a move may take by the spec. What counts in a match is the `timeout_ms` of its turns. `None` for a game
    /// that this version does not know.
    pub fn timeout(&self) -> Option<Duration> {
        match self {
            Self::MathDuel | Self::Blotto => Some(Duration::from_secs(15)),
            Self::Other(_) => None,
            _ => Some(Duration::from_secs(10)),
        }
    }
}
