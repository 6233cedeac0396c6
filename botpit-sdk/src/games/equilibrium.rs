//! Small zero-sum games, solved exactly: one side knows a type of its own, the other side does not.

/// What the row player wins, by its type, its choice and the column player's choice: `payoffs[kind][row][column]`. Each
/// kind may have another number of rows, but at least one; every row has the same number of columns, at least one. All
/// kinds are as likely as each other. Payoffs are at least 0.
pub(crate) type Payoffs = [Vec<Vec<f64>>];

/// An equilibrium.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    /// What the row player wins on average.
    pub(crate) value: f64,
    /// With which probability each row is to be played, by kind.
    pub(crate) rows: Vec<Vec<f64>>,
    /// With which probability each column is to be played.
    pub(crate) columns: Vec<f64>,
}

/// Numbers closer to zero than this are rounding errors. Payoffs are of the order of 1.
const NOTHING: f64 = 1e-11;

/// More pivots than any game here needs by far.
const MAX_PIVOTS: usize = 20_000;

/// After so many pivots the rule that cannot cycle takes over from the one that is quick.
const QUICK_PIVOTS: usize = 400;

/// Solves a game by the simplex method. `None` only if rounding errors lead it astray.
///
/// The linear programme, with `p[kind][row]` the probability of both and `z` what the column player must at least
/// concede: the largest `z` such that for every column `z ≤ Σ payoff · p`, and for every kind `Σ p ≤ 1 / kinds`. Its
/// dual variables of the columns are the column player's mix.
pub(crate) fn solve(payoffs: &Payoffs) -> Option<Solution> {
    let kinds = payoffs.len();
    let columns = payoffs.first()?.first()?.len();
    let share = 1.0 / f64::from(u32::try_from(kinds).ok()?);
    let rows: usize = payoffs.iter().map(Vec::len).sum();

    // One column for each row of the game, one for z, one for the right-hand side. Payoffs are raised by 1: where all
    // are positive, it is never better to leave a probability unused.
    let mut body = Vec::with_capacity(columns + kinds);
    for column in 0..columns {
        let mut line = Vec::with_capacity(rows + 2);
        for row in payoffs.iter().flatten() {
            line.push(-1.0 - row.get(column)?);
        }
        line.extend([1.0, 0.0]);
        body.push(line);
    }
    for kind in 0..kinds {
        let mut line = Vec::with_capacity(rows + 2);
        for (other, rows) in payoffs.iter().enumerate() {
            line.extend(std::iter::repeat_n(if other == kind { 1.0 } else { 0.0 }, rows.len()));
        }
        line.extend([0.0, share]);
        body.push(line);
    }
    let mut goal = vec![0.0; rows + 2];
    *goal.get_mut(rows)? = -1.0;

    let mut tableau = Tableau {
        outside: (0..=rows).collect(),
        inside: (rows + 1..rows + 1 + body.len()).collect(),
        body,
        goal,
    };
    tableau.optimise()?;

    let probabilities: Vec<f64> = (0..rows).map(|row| tableau.primal(row)).collect();
    let mut rest = probabilities.as_slice();
    let mut by_kind = Vec::with_capacity(kinds);
    for of_kind in payoffs {
        let (mine, others) = rest.split_at_checked(of_kind.len())?;
        by_kind.push(normalised(mine)?);
        rest = others;
    }
    let mix: Vec<f64> = (0..columns).map(|column| tableau.dual(rows + 1 + column)).collect();
    Some(Solution { value: tableau.goal.last()? - 1.0, rows: by_kind, columns: normalised(&mix)? })
}

/// Weights as probabilities.
fn normalised(weights: &[f64]) -> Option<Vec<f64>> {
    let cleaned: Vec<f64> =
        weights.iter().map(|&weight| if weight > NOTHING { weight } else { 0.0 }).collect();
    let sum: f64 = cleaned.iter().sum();
    (sum > 0.0).then(|| cleaned.into_iter().map(|weight| weight / sum).collect())
}

/// A linear programme in a basis: `inside[i] + Σ body[i][j] · outside[j] = body[i].last()`, and the goal alike.
///
/// Variables are numbers: first those of the programme, then one slack for each line.
struct Tableau {
    body: Vec<Vec<f64>>,
    goal: Vec<f64>,
    inside: Vec<usize>,
    outside: Vec<usize>,
}

impl Tableau {
    fn optimise(&mut self) -> Option<()> {
        for pivots in 0..MAX_PIVOTS {
            let candidates =
                self.goal.iter().zip(&self.outside).enumerate().filter(|(_, (gain, _))| **gain < -NOTHING);
            let entering = if pivots < QUICK_PIVOTS {
                candidates.min_by(|(_, (one, _)), (_, (other, _))| one.total_cmp(other))
            } else {
                candidates.min_by_key(|(_, (_, name))| **name)
            };
            let Some((column, _)) = entering else { return Some(()) };
            let leaving = self
                .body
                .iter()
                .zip(&self.inside)
                .enumerate()
                .filter_map(|(at, (line, name))| {
                    let (slope, limit) = (*line.get(column)?, *line.last()?);
                    (slope > NOTHING).then_some((at, limit / slope, name))
                })
                .min_by(|one, other| one.1.total_cmp(&other.1).then(one.2.cmp(other.2)))?;
            self.pivot(leaving.0, column)?;
        }
        None
    }

    fn pivot(&mut self, at: usize, column: usize) -> Option<()> {
        let mut line = std::mem::take(self.body.get_mut(at)?);
        let inverse = 1.0 / *line.get(column)?;
        for number in &mut line {
            *number *= inverse;
        }
        *line.get_mut(column)? = inverse;
        for other in self.body.iter_mut().chain(std::iter::once(&mut self.goal)) {
            // The line that was taken out is empty.
            let Some(&factor) = other.get(column) else { continue };
            if factor == 0.0 {
                continue;
            }
            for (number, of_line) in other.iter_mut().zip(&line) {
                *number -= factor * of_line;
            }
            *other.get_mut(column)? = -factor * inverse;
        }
        *self.body.get_mut(at)? = line;
        std::mem::swap(self.inside.get_mut(at)?, self.outside.get_mut(column)?);
        Some(())
    }

    /// The value of a variable.
    fn primal(&self, name: usize) -> f64 {
        let at = self.inside.iter().position(|inside| *inside == name);
        at.and_then(|at| self.body.get(at)?.last().copied()).unwrap_or(0.0)
    }

    /// The price of a line, by its slack.
    fn dual(&self, slack: usize) -> f64 {
        let column = self.outside.iter().position(|outside| *outside == slack);
        column.and_then(|column| self.goal.get(column).copied()).unwrap_or(0.0)
    }
}

/// What the best answers win against each half of a solution: what the row player gets at most against its columns, and
/// at least with its rows. Both are the value, if it is an equilibrium.
#[cfg(test)]
pub(crate) fn best_answers(payoffs: &Payoffs, solution: &Solution) -> (f64, f64) {
    let against =
        |row: &Vec<f64>| row.iter().zip(&solution.columns).map(|(payoff, p)| payoff * p).sum::<f64>();
    let best = |rows: &Vec<Vec<f64>>| rows.iter().map(against).fold(f64::MIN, f64::max);
    let share = 1.0 / payoffs.len() as f64;
    let at_most = payoffs.iter().map(best).sum::<f64>() * share;
    let column_worth = |column: usize| {
        let of_kind = |(rows, mix): (&Vec<Vec<f64>>, &Vec<f64>)| {
            rows.iter().zip(mix).map(|(row, p)| row[column] * p).sum::<f64>()
        };
        payoffs.iter().zip(&solution.rows).map(of_kind).sum::<f64>() * share
    };
    let at_least = (0..solution.columns.len()).map(column_worth).fold(f64::MAX, f64::min);
    (at_most, at_least)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_solved(payoffs: &Payoffs) -> Solution {
        let solution = solve(payoffs).unwrap();
        let (at_most, at_least) = best_answers(payoffs, &solution);
        assert!((at_most - solution.value).abs() < 1e-8, "{at_most} {solution:?}");
        assert!((at_least - solution.value).abs() < 1e-8, "{at_least} {solution:?}");
        solution
    }

    #[test]
    fn rock_paper_scissors_is_played_evenly() {
        let hands = vec![vec![0.5, 0.0, 1.0], vec![1.0, 0.5, 0.0], vec![0.0, 1.0, 0.5]];
        let solution = assert_solved(&[hands]);
        assert!((solution.value - 0.5).abs() < 1e-12);
        for p in solution.columns.iter().chain(solution.rows.iter().flatten()) {
            assert!((p - 1.0 / 3.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_type_that_only_one_side_knows_is_used() {
        // Two coins that only the row player sees; guessing right is worth 1: it always guesses right.
        let coins = [vec![vec![1.0], vec![0.0]], vec![vec![0.0], vec![1.0]]];
        assert!((assert_solved(&coins).value - 1.0).abs() < 1e-12);
        // Where nothing can be won, any answer is as good as another, and the value is nothing.
        assert!(assert_solved(&[vec![vec![0.0, 0.0]], vec![vec![0.0, 0.0]]]).value.abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn any_small_game_is_solved(
            payoffs in (1_usize..5, 1_usize..6).prop_flat_map(|(kinds, columns)| {
                let row = prop::collection::vec((0_u8..9).prop_map(|eighths| f64::from(eighths) / 8.0), columns);
                prop::collection::vec(prop::collection::vec(row, 1..7), kinds)
            })
        ) {
            assert_solved(&payoffs);
        }
    }
}
