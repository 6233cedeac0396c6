//! What a log of matches comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use sdk_core::error::Result;
use sdk_core::timestamp::Timestamp;
use sdk_core::wire::printable;
use serde::Serialize;

use super::match_log::{MatchLog, MatchRecord};
use super::report::{Rate, curve};

/// How many classes of confidence are told apart, from 0.5 to 1.
const CLASSES: usize = 5;
/// So many kinds of opponents are told apart; of more, the rest is one.
const MAX_KINDS: usize = 64;

/// Figures over many matches: votes, passes, ratings, and whether the player is as sure as it ought to be. Test matches and
/// matches that were lost from sight are counted and otherwise left out.
///
/// `Display` is a page to read; as JSON each [`Rate`] is its share, from 0 to 1.
///
/// ```no_run
/// use botornot_sdk::player::Stats;
///
/// # fn main() -> botornot_sdk::Result<()> {
/// // What `Play::log` has written, of all runs so far.
/// let stats = Stats::read("matches.jsonl")?;
/// println!("{stats}");
/// for sort in &stats.by_opponent {
///     println!("{:?} {:?}: passed as human {}", sort.kind, sort.tier, sort.pass_rate);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// How many matches the other figures are made of.
    pub matches: u32,
    /// How many test matches, beyond them.
    pub tests: u32,
    /// How many matches that were lost from sight, beyond them.
    pub lost: u32,
    /// How often the player's vote was right, of the votes of which the platform told.
    pub win_rate: Rate,
    /// How often the opponent took the player for a human, of the matches in which it voted.
    pub pass_rate: Rate,
    /// The same by what the opponent was and, of agents, how good: one entry for each that was met, at most 65.
    pub by_opponent: Vec<ByOpponent>,
    /// The ratings after the matches, in their order: a curve over time.
    pub ratings: Vec<RatingPoint>,
    /// How often votes were right, by how sure the player was ([`Chat::lean`](super::Chat::lean)): five classes from 0.5 to 1,
    /// those without a vote included.
    pub calibration: Vec<Calibration>,
    /// The mean square of confidence minus outcome, over the votes with a confidence: 0 is perfect, 0.25 is a coin's throw.
    pub brier: Option<f64>,
    /// How many lines of the file were no match.
    pub unreadable: u64,
}

/// Figures against one sort of opponents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ByOpponent {
    /// What they were: `human`, `agent`, or what the platform says; `None` where it did not say.
    pub kind: Option<String>,
    /// How good they were, of agents.
    pub tier: Option<String>,
    /// How many matches.
    pub matches: u32,
    /// How often the player's vote was right.
    pub win_rate: Rate,
    /// How often they took the player for a human.
    pub pass_rate: Rate,
    /// What the matches changed in the rating, in sum.
    pub rating_delta: f64,
}

/// The rating after a match.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RatingPoint {
    /// When the match began.
    pub at: Option<Timestamp>,
    /// The rating after it.
    pub rating: f64,
}

/// Votes of about the same confidence. A player that is right less often than its confidence says is too sure of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Calibration {
    /// The confidence, from here …
    pub from: f64,
    /// … to here.
    pub to: f64,
    /// The mean confidence of these votes; `None` without one.
    pub confidence: Option<f64>,
    /// How often they were right: about as often as their confidence says, of a player that knows itself.
    pub right: Rate,
}

#[derive(Default)]
struct Class {
    sum: f64,
    right: Rate,
}

impl Stats {
    /// The figures of a [`MatchLog`]'s file. Lines that are no match are passed over, and counted in
    /// [`unreadable`](Self::unreadable).
    ///
    /// # Errors
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO), naming the path, when it is not there or cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let mut records = MatchLog::read(path)?;
        let mut failed = None;
        let read = std::iter::from_fn(|| match records.next()? {
            Ok(record) => Some(record),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let mut stats = Self::of(read);
        if let Some(error) = failed {
            return Err(error);
        }
        stats.unreadable = records.unreadable();
        Ok(stats)
    }

    /// The figures of some matches, oldest first.
    pub fn of(records: impl IntoIterator<Item = MatchRecord>) -> Self {
        let mut stats = Self::default();
        let mut by_opponent: BTreeMap<(Option<String>, Option<String>), ByOpponent> = BTreeMap::new();
        let mut classes: [Class; CLASSES] = Default::default();
        let mut brier = (0.0, 0_u32);
        for record in records {
            if record.test {
                stats.tests += 1;
                continue;
            }
            if !record.ended && record.opponent_kind.is_none() {
                stats.lost += 1;
                continue;
            }
            stats.matches += 1;
            let word = |word: Option<&str>| word.map(str::to_owned);
            let mut key = (
                word(record.opponent_kind.as_ref().map(|kind| kind.as_str())),
                word(record.opponent_tier.as_ref().map(|tier| tier.as_str())),
            );
            if by_opponent.len() >= MAX_KINDS && !by_opponent.contains_key(&key) {
                key = (Some("others".to_owned()), None);
            }
            let entry = by_opponent.entry(key).or_default();
            entry.matches += 1;
            entry.rating_delta += record.rating_delta.unwrap_or_default();
            if let Some(correct) = record.correct {
                stats.win_rate.count(correct);
                entry.win_rate.count(correct);
            }
            if let Some(passed) = record.passed() {
                stats.pass_rate.count(passed);
                entry.pass_rate.count(passed);
            }
            if let Some(rating) = record.rating_after {
                stats.ratings.push(RatingPoint { at: record.began, rating });
            }
            if let (Some(confidence), Some(correct)) = (record.confidence, record.correct) {
                let confidence = confidence.clamp(0.5, 1.0);
                if let Some(class) = classes
                    .iter_mut()
                    .zip(1..)
                    .find_map(|(class, nth)| (confidence < edge(nth) || nth == CLASSES).then_some(class))
                {
                    class.sum += confidence;
                    class.right.count(correct);
                }
                brier.0 += (confidence - f64::from(u8::from(correct))).powi(2);
                brier.1 += 1;
            }
        }
        stats.by_opponent =
            by_opponent.into_iter().map(|((kind, tier), entry)| ByOpponent { kind, tier, ..entry }).collect();
        stats.calibration = classes
            .iter()
            .zip(0..)
            .map(|(class, nth)| Calibration {
                from: edge(nth),
                to: edge(nth + 1),
                confidence: (class.right.of > 0).then(|| class.sum / f64::from(class.right.of)),
                right: class.right,
            })
            .collect();
        stats.brier = (brier.1 > 0).then(|| brier.0 / f64::from(brier.1));
        stats
    }
}

/// Where a class of confidence begins.
fn edge(nth: usize) -> f64 {
    let nth = f64::from(u32::try_from(nth).unwrap_or_default());
    0.5 + nth / 10.0
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} matches: win rate {}, pass-as-human {}", self.matches, self.win_rate, self.pass_rate)?;
        for entry in &self.by_opponent {
            let kind = entry.kind.as_deref().unwrap_or("not told");
            let name = match &entry.tier {
                Some(tier) => format!("{kind} ({tier})"),
                None => kind.to_owned(),
            };
            let name: String = printable(&name).to_string().chars().take(20).collect();
            write!(
                f,
                "\n  {name:<20} {:>5} matches  win {:<12} pass {:<12} rating {:+.0}",
                entry.matches, entry.win_rate, entry.pass_rate, entry.rating_delta
            )?;
        }
        if let (Some(first), Some(last)) = (self.ratings.first(), self.ratings.last()) {
            let ratings: Vec<f64> = self.ratings.iter().map(|point| point.rating).collect();
            write!(f, "\n  rating {} → {}  {}", first.rating, last.rating, curve(&ratings, 40))?;
        }
        for class in self.calibration.iter().filter(|class| class.right.of > 0) {
            write!(f, "\n  {:.0}–{:.0}% sure: right {}", class.from * 100.0, class.to * 100.0, class.right)?;
        }
        if let Some(brier) = self.brier {
            write!(f, "\n  Brier score {brier:.3}")?;
        }
        if self.tests > 0 {
            write!(f, "\n  {} test matches beyond these", self.tests)?;
        }
        if self.lost > 0 {
            write!(f, "\n  {} matches were lost from sight", self.lost)?;
        }
        if self.unreadable > 0 {
            write!(f, "\n  {} lines were no match", self.unreadable)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgentTier, Kind};

    fn record(kind: Kind, correct: bool, passed: Option<bool>, confidence: Option<f64>) -> MatchRecord {
        MatchRecord {
            ended: true,
            opponent_tier: (kind == Kind::Agent).then_some(AgentTier::Hard),
            opponent_kind: Some(kind),
            correct: Some(correct),
            opponent_vote: passed.map(|passed| if passed { Kind::Human } else { Kind::Agent }),
            confidence,
            rating_after: Some(if correct { 1_010.0 } else { 990.0 }),
            rating_delta: Some(if correct { 10.0 } else { -10.0 }),
            ..MatchRecord::default()
        }
    }

    #[test]
    fn figures_are_those_of_the_matches() {
        let test = MatchRecord { test: true, ..record(Kind::Agent, true, Some(true), None) };
        let stats = Stats::of([
            record(Kind::Agent, true, Some(true), Some(0.95)),
            record(Kind::Agent, false, Some(false), Some(0.92)),
            record(Kind::Human, true, None, Some(0.5)),
            record(Kind::Human, true, Some(true), None),
            test,
            MatchRecord::default(),
        ]);
        assert_eq!((stats.matches, stats.tests, stats.lost), (4, 1, 1));
        assert_eq!((stats.win_rate.hits, stats.win_rate.of), (3, 4));
        assert_eq!((stats.pass_rate.hits, stats.pass_rate.of), (2, 3));
        let agents = &stats.by_opponent[0];
        assert_eq!((agents.kind.as_deref(), agents.tier.as_deref()), (Some("agent"), Some("hard")));
        assert_eq!((agents.matches, agents.win_rate.hits, agents.rating_delta), (2, 1, 0.0));
        let passes: Vec<_> = stats
            .by_opponent
            .iter()
            .map(|of| (of.kind.as_deref().unwrap(), of.tier.as_deref(), of.pass_rate.hits, of.pass_rate.of))
            .collect();
        assert_eq!(passes, [("agent", Some("hard"), 1, 2), ("human", None, 1, 1)]);
        let ratings: Vec<f64> = stats.ratings.iter().map(|point| point.rating).collect();
        assert_eq!(ratings, [1_010.0, 990.0, 1_010.0, 1_010.0], "over time");
        let right: Vec<(u32, u32)> = stats.calibration.iter().map(|c| (c.right.hits, c.right.of)).collect();
        assert_eq!(right, [(1, 1), (0, 0), (0, 0), (0, 0), (1, 2)]);
        let brier = stats.brier.unwrap();
        assert!((brier - (0.0025 + 0.8464 + 0.25) / 3.0).abs() < 1e-9, "{brier}");
        let told = stats.to_string();
        assert!(told.contains("4 matches: win rate 75% of 4, pass-as-human 67% of 3"), "{told}");
        assert!(told.contains("agent (hard)") && told.contains("90–100% sure: right 50% of 2"), "{told}");
    }

    #[test]
    fn of_nothing_nothing_is_made_up() {
        let stats = Stats::of([]);
        assert_eq!((stats.win_rate.share(), stats.brier), (None, None));
        assert_eq!(stats.to_string(), "0 matches: win rate –, pass-as-human –");
    }
}
