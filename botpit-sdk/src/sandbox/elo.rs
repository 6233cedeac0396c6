//! Ratings. The spec shows numbers and no formula; its example (`elo_before` 1200, `elo_after` 1216) is what a win among equals
//! gives under the usual one with K = 32.

/// The rating before the first match.
pub(crate) const START: i64 = 1_200;

/// The most that one match can move a rating.
const K: f64 = 32.0;

/// How a match went for one side: what Elo's formula calls the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    Won,
    Drawn,
    Lost,
}

impl Went {
    fn score(self) -> f64 {
        match self {
            Self::Won => 1.0,
            Self::Drawn => 0.5,
            Self::Lost => 0.0,
        }
    }
}

/// What a match adds to the rating of a side; the other side loses as much.
pub(crate) fn gain(mine: i64, theirs: i64, went: Went) -> i64 {
    // Ratings are far below what `f64` holds exactly.
    let expected = 1.0 / (1.0 + 10_f64.powf((theirs - mine) as f64 / 400.0));
    (K * (went.score() - expected)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_move_by_the_formula() {
        // The first is the spec's example; the others were computed by hand: an expectation of 10/11 at 400 points ahead.
        for (mine, theirs, went, expected) in [
            (1_200, 1_200, Went::Won, 16),
            (1_200, 1_200, Went::Lost, -16),
            (1_200, 1_200, Went::Drawn, 0),
            (1_600, 1_200, Went::Won, 3),
            (1_600, 1_200, Went::Lost, -29),
            (1_200, 1_600, Went::Won, 29),
            (1_200, 1_600, Went::Drawn, 13),
            (100_000, 1_200, Went::Won, 0),
        ] {
            assert_eq!(gain(mine, theirs, went), expected, "{mine} against {theirs}: {went:?}");
        }
    }

    #[test]
    fn what_one_wins_the_other_loses() {
        for theirs in (0..3_000).step_by(7) {
            assert_eq!(gain(1_200, theirs, Went::Won), -gain(theirs, 1_200, Went::Lost), "{theirs}");
            assert_eq!(gain(1_200, theirs, Went::Drawn), -gain(theirs, 1_200, Went::Drawn), "{theirs}");
        }
    }
}
