//! How much stronger one player is than another, in Elo, and how sure that is.

use std::fmt;

use serde::Serialize;

/// The results of games, from one player's side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Games won.
    pub won: u32,
    /// Games drawn.
    pub drawn: u32,
    /// Games lost.
    pub lost: u32,
}

impl Score {
    /// How many games.
    pub const fn games(self) -> u32 {
        self.won + self.drawn + self.lost
    }

    /// A win counts one, a draw a half.
    pub fn points(self) -> f64 {
        f64::from(self.won) + f64::from(self.drawn) / 2.0
    }

    /// The points of a game, and the 95 % interval that they lie in (Wilson). A draw is less of a surprise than the
    /// interval takes it for, so it is rather too wide than too narrow. Without a game anything can be.
    pub fn rate(self) -> (f64, f64, f64) {
        const Z: f64 = 1.96;
        if self.games() == 0 {
            return (0.5, 0.0, 1.0);
        }
        let n = f64::from(self.games());
        let rate = self.points() / n;
        let z2 = Z * Z;
        let middle = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
        // All won or all lost: the bound is exact there, whatever the last digit says.
        let low = if self.points() > 0.0 { middle - half } else { 0.0 };
        let high = if self.points() < n { middle + half } else { 1.0 };
        (rate, low, high)
    }

    /// The same in Elo.
    pub fn elo(self) -> Elo {
        let (rate, low, high) = self.rate();
        Elo { elo: of(rate), low: of(low), high: of(high) }
    }
}

/// A difference in Elo, and its 95 % interval. `None`: without bound, in that direction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Elo {
    /// The difference.
    pub elo: Option<f64>,
    /// Its lower bound.
    pub low: Option<f64>,
    /// Its upper bound.
    pub high: Option<f64>,
}

/// The difference in Elo at which that many points of a game are expected.
fn of(rate: f64) -> Option<f64> {
    (0.0 < rate && rate < 1.0).then(|| 400.0 * (rate / (1.0 - rate)).log10())
}

impl fmt::Display for Elo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |elo: Option<f64>, without: &str| {
            elo.map_or_else(|| without.to_owned(), |elo| format!("{elo:+.0}"))
        };
        match (self.elo, self.low, self.high) {
            (Some(_), ..) => {
                write!(f, "{} ({} to {})", shown(self.elo, ""), shown(self.low, "−∞"), shown(self.high, "+∞"))
            }
            (None, Some(_), _) => write!(f, "above {}", shown(self.low, "−∞")),
            (None, _, Some(_)) => write!(f, "below {}", shown(self.high, "+∞")),
            _ => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_points_are_about_200_elo() {
        let elo = Score { won: 70, drawn: 10, lost: 20 }.elo();
        let near = |shown: Option<f64>, known: f64| (shown.unwrap() - known).abs() < 1.0;
        // 400·log10(3), and of the bounds of 75 of 100 by Wilson: 0.6570 and 0.8245.
        assert!(near(elo.elo, 190.8) && near(elo.low, 112.9) && near(elo.high, 268.8), "{elo:?}");
        assert_eq!(elo.to_string(), "+191 (+113 to +269)");
    }

    #[test]
    fn who_won_all_is_better_by_at_least_so_much() {
        let all = Score { won: 10, ..Score::default() }.elo();
        assert_eq!((all.elo, all.high), (None, None));
        assert!(all.to_string().starts_with("above +1"), "{all}");
        let none = Score { lost: 10, ..Score::default() }.elo();
        assert!(none.to_string().starts_with("below -1"), "{none}");
        assert_eq!(Score::default().elo().to_string(), "+0 (−∞ to +∞)");
        assert_eq!(Score { drawn: 2, ..Score::default() }.points(), 1.0);
    }
}
