//! What a run of the lab comes to.

use std::fmt;

use serde::Serialize;

use crate::model::Side;

/// Won, lost and neither, from the first strategy's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// The first strategy won.
    pub won: u64,
    /// The second strategy won.
    pub lost: u64,
    /// Neither did.
    pub drawn: u64,
}

impl Tally {
    /// All together.
    pub fn total(self) -> u64 {
        self.won + self.lost + self.drawn
    }

    fn count(&mut self, first_side: Side, winner: Option<Side>) {
        match winner {
            Some(side) if side == first_side => self.won += 1,
            Some(_) => self.lost += 1,
            None => self.drawn += 1,
        }
    }
}

/// A rate and the interval that holds the true one in 95 of 100 runs (Wilson's score interval).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Interval {
    /// The lower end, 0 to 1.
    pub low: f64,
    /// What was seen, 0 to 1; one half where nothing was.
    pub rate: f64,
    /// The upper end, 0 to 1.
    pub high: f64,
}

impl Interval {
    /// The interval of `hits` in `tries`. Half a hit is half a hit: a draw may count as one.
    ///
    /// ```
    /// use botpit_sdk::lab::Interval;
    ///
    /// let even = Interval::of(50.0, 100.0);
    /// assert!((even.low - 0.4038).abs() < 1e-4 && (even.high - 0.5962).abs() < 1e-4);
    /// ```
    pub fn of(hits: f64, tries: f64) -> Self {
        /// The normal distribution has 95 % within so many standard deviations.
        const Z: f64 = 1.959_963_984_540_054;
        if tries <= 0.0 {
            return Self { low: 0.0, rate: 0.5, high: 1.0 };
        }
        let rate = hits / tries;
        let z2 = Z * Z / tries;
        let middle = rate + z2 / 2.0;
        let half = Z * (rate * (1.0 - rate) / tries + z2 / (4.0 * tries)).max(0.0).sqrt();
        Self {
            low: ((middle - half) / (1.0 + z2)).clamp(0.0, rate),
            rate,
            high: ((middle + half) / (1.0 + z2)).clamp(rate, 1.0),
        }
    }
}

impl fmt::Display for Interval {
    /// `52.1 % (51.8 to 52.4)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rate, low, high] = [self.rate, self.low, self.high].map(|rate| 100.0 * rate);
        write!(f, "{rate:.1} % ({low:.1} to {high:.1})")
    }
}

/// How often a strategy made a kind of move, and how the rounds with it went for that strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MoveTally {
    /// The kind of move: `rock`, or a range.
    pub kind: String,
    /// The rounds in which it was made, by how they went for the strategy that made it.
    #[serde(flatten)]
    pub rounds: Tally,
}

/// A line of the payoff table: the rounds in which the first strategy made one kind of move and the second another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PayoffRow {
    /// The first strategy's kind of move.
    pub first: String,
    /// The second's.
    pub second: String,
    /// How those rounds went for the first.
    #[serde(flatten)]
    pub rounds: Tally,
}

/// How two strategies did against each other, from the first one's view.
///
/// `Display` tells it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabReport {
    /// The game's name on the wire.
    pub game: &'static str,
    /// How many matches were played.
    pub matches: u64,
    /// How many rounds they had.
    pub rounds: u64,
    /// The matches.
    pub result: Tally,
    /// The matches in which the first strategy was side A.
    pub as_side_a: Tally,
    /// The matches in which it was side B.
    pub as_side_b: Tally,
    kinds: Vec<String>,
    /// By the first strategy's kind, then by the second's.
    cells: Vec<Tally>,
}

impl LabReport {
    pub(super) fn new(game: &'static str, kinds: Vec<String>) -> Self {
        let cells = vec![Tally::default(); kinds.len() * kinds.len()];
        Self {
            game,
            matches: 0,
            rounds: 0,
            result: Tally::default(),
            as_side_a: Tally::default(),
            as_side_b: Tally::default(),
            kinds,
            cells,
        }
    }

    /// Counts a round; `kinds` are A's and B's.
    pub(super) fn round(&mut self, first_side: Side, winner: Option<Side>, [a, b]: [usize; 2]) {
        self.rounds += 1;
        let (first, second) = (first_side.pick(a, b), first_side.pick(b, a));
        if let Some(cell) = self.cells.get_mut(first * self.kinds.len() + second) {
            cell.count(first_side, winner);
        }
    }

    pub(super) fn finished(&mut self, first_side: Side, winner: Option<Side>) {
        self.matches += 1;
        self.result.count(first_side, winner);
        first_side.pick(&mut self.as_side_a, &mut self.as_side_b).count(first_side, winner);
    }

    /// How many of the matches the first strategy won; a draw counts half.
    #[expect(clippy::cast_precision_loss, reason = "nobody plays 2⁵³ matches")]
    pub fn win_rate(&self) -> Interval {
        Interval::of(self.result.won as f64 + self.result.drawn as f64 / 2.0, self.matches as f64)
    }

    /// What a match brings the first strategy on average, in wagers, when the platform keeps `fee_percent` of the pot:
    /// 0.9 for a win of every match at 5 %. Draws give the wager back.
    ///
    /// ```
    /// # use botpit_sdk::games::coinflip::{Caller, Coinflip, Face};
    /// # use botpit_sdk::lab::Lab;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> botpit_sdk::Result<()> {
    /// let (heads, tails) = (Caller::new(Face::Heads), Caller::new(Face::Tails));
    /// let report = Lab::<Coinflip>::new().matches(2_000).run(heads, tails).await?;
    /// // A fair coin, and still: whoever only breaks even loses the fee.
    /// assert!(report.edge(5.0) < 0.0);
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "nobody plays 2⁵³ matches")]
    pub fn edge(&self, fee_percent: f64) -> f64 {
        if self.matches == 0 {
            return 0.0;
        }
        let won = 2.0 * (1.0 - fee_percent / 100.0) - 1.0;
        (self.result.won as f64 * won - self.result.lost as f64) / self.matches as f64
    }

    /// The first strategy's kinds of moves, those that it made.
    pub fn first_moves(&self) -> Vec<MoveTally> {
        self.moves(|index, size| index / size, false)
    }

    /// The second strategy's kinds of moves, those that it made, and how the rounds went for the second.
    pub fn second_moves(&self) -> Vec<MoveTally> {
        self.moves(|index, size| index % size, true)
    }

    fn moves(&self, kind_of: impl Fn(usize, usize) -> usize, is_second: bool) -> Vec<MoveTally> {
        let size = self.kinds.len().max(1);
        let mut tallies: Vec<MoveTally> = self
            .kinds
            .iter()
            .map(|kind| MoveTally { kind: kind.clone(), rounds: Tally::default() })
            .collect();
        for (index, cell) in self.cells.iter().enumerate() {
            if let Some(MoveTally { rounds, .. }) = tallies.get_mut(kind_of(index, size)) {
                let (won, lost) = if is_second { (cell.lost, cell.won) } else { (cell.won, cell.lost) };
                rounds.won += won;
                rounds.lost += lost;
                rounds.drawn += cell.drawn;
            }
        }
        tallies.retain(|tally| tally.rounds.total() > 0);
        tallies
    }

    /// The payoff table: how the rounds went for each kind of move against each, those that were played.
    pub fn payoffs(&self) -> Vec<PayoffRow> {
        let pairs = self.kinds.iter().flat_map(|first| self.kinds.iter().map(move |second| (first, second)));
        pairs
            .zip(&self.cells)
            .filter(|(_, rounds)| rounds.total() > 0)
            .map(|((first, second), rounds)| PayoffRow {
                first: first.clone(),
                second: second.clone(),
                rounds: *rounds,
            })
            .collect()
    }
}

impl Serialize for LabReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut report = serializer.serialize_struct("LabReport", 10)?;
        report.serialize_field("game", self.game)?;
        report.serialize_field("matches", &self.matches)?;
        report.serialize_field("rounds", &self.rounds)?;
        report.serialize_field("result", &self.result)?;
        report.serialize_field("as_side_a", &self.as_side_a)?;
        report.serialize_field("as_side_b", &self.as_side_b)?;
        report.serialize_field("win_rate", &self.win_rate())?;
        report.serialize_field("first_moves", &self.first_moves())?;
        report.serialize_field("second_moves", &self.second_moves())?;
        report.serialize_field("payoffs", &self.payoffs())?;
        report.end()
    }
}

impl fmt::Display for LabReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { won, lost, drawn } = self.result;
        write!(
            f,
            "{} matches of {}, {} rounds: won {won}, lost {lost}, drawn {drawn}; win rate {}",
            self.matches,
            self.game,
            self.rounds,
            self.win_rate()
        )
    }
}
