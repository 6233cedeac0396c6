//! How a round may end, in probabilities.

/// The odds of one round for one side, before it is played. They add up to 1.
///
/// ```
/// use botpit_sdk::games::RoundOdds;
///
/// let odds = RoundOdds { win: 0.3, lose: 0.1, tie: 0.6 };
/// // Ties are replayed, so in the end three of four are won.
/// assert!((odds.decided() - 0.75).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundOdds {
    /// The probability to win the round.
    pub win: f64,
    /// The probability to lose it.
    pub lose: f64,
    /// The probability that nobody wins it.
    pub tie: f64,
}

impl RoundOdds {
    /// What a round gains on average: a win counts 1, a loss −1, a tie 0.
    pub fn gain(self) -> f64 {
        self.win - self.lose
    }

    /// The probability to win when ties are replayed until somebody wins. One half where nobody can.
    pub fn decided(self) -> f64 {
        let decisive = self.win + self.lose;
        if decisive > 0.0 { self.win / decisive } else { 0.5 }
    }

    /// The odds where both sides face the same danger and the bolder one, who survives less often, wins if it survives:
    /// crash and mines. Who survives the bolder move would have survived the other one too.
    pub(crate) fn of_same_danger(mine: f64, theirs: f64) -> Self {
        let (win, lose) = if mine < theirs {
            (mine, theirs - mine)
        } else if mine > theirs {
            (mine - theirs, theirs)
        } else {
            (0.0, 0.0)
        };
        Self { win, lose, tie: 1.0 - win - lose }
    }
}
