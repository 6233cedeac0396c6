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

    /// The odds against an opponent who does one thing or another, each with its weight. `None` where the weights do not
    /// add up to more than nothing.
    pub(crate) fn averaged(parts: impl Iterator<Item = (f64, Self)>) -> Option<Self> {
        let (mut win, mut lose, mut tie, mut sum) = (0.0, 0.0, 0.0, 0.0);
        for (weight, odds) in parts {
            win += weight * odds.win;
            lose += weight * odds.lose;
            tie += weight * odds.tie;
            sum += weight;
        }
        (sum > 0.0).then(|| Self { win: win / sum, lose: lose / sum, tie: tie / sum })
    }
}

/// The first of the moves that most often wins a round, ties replayed, against an opponent who plays these with these
/// weights.
pub(crate) fn best_response<M: Copy>(
    moves: impl Iterator<Item = M>,
    opponent: &[(M, f64)],
    odds: fn(M, M) -> RoundOdds,
) -> Option<M> {
    let mut best = None;
    for mine in moves {
        let against = opponent.iter().map(|&(theirs, weight)| (weight, odds(mine, theirs)));
        let worth = RoundOdds::averaged(against)?.decided();
        if best.is_none_or(|(_, most)| worth > most) {
            best = Some((mine, worth));
        }
    }
    best.map(|(mine, _)| mine)
}
