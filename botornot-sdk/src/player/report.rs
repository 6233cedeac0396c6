//! How a match went, and how all of them did.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::wire::printable;
use serde::{Serialize, Serializer};

use super::transcript::Transcript;
use crate::model::{AgentTier, Guess, Kind, MatchId, Reveal};
use crate::state::{Ending, VotedBy};

/// How one match went.
///
/// `Display` tells it in words; as JSON it is the object under `"match"` of a starter bot's `--json` line.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MatchReport {
    /// The match.
    pub id: MatchId,
    /// What the opponent was.
    pub opponent_kind: Option<Kind>,
    /// How good the agent opponent was.
    pub opponent_tier: Option<AgentTier>,
    /// What this bot voted.
    pub guess: Option<Guess>,
    /// What the opponent took this bot for.
    pub opponent_vote: Option<Kind>,
    /// Whether the vote was right.
    pub correct: Option<bool>,
    /// The rating before the match.
    pub rating_before: Option<f64>,
    /// The rating after it.
    pub rating_after: Option<f64>,
    /// How the match changed it. 0 in test matches.
    pub rating_delta: Option<f64>,
    /// Who decided the vote.
    #[serde(skip)]
    pub voted_by: Option<VotedBy>,
    /// When it was cast, from the match's beginning.
    #[serde(skip)]
    pub voted_at: Option<Duration>,
    /// How sure the player was of its vote, from 0.5 to 1, where it [said so](super::Chat::lean).
    #[serde(skip)]
    pub confidence: Option<f64>,
    /// Whether the platform counted the vote, as far as it said.
    #[serde(skip)]
    pub vote_counted: bool,
    /// Everything that the platform revealed, the opponent's name included.
    #[serde(skip)]
    pub reveal: Option<Reveal>,
    /// How it ended.
    #[serde(skip)]
    pub ending: Ending,
    /// Whether it was under way before this bot saw it.
    #[serde(skip)]
    pub resumed: bool,
    /// When it began, by this machine's wall clock.
    #[serde(skip)]
    pub began: SystemTime,
    /// How long it lasted, in the match's own time.
    #[serde(skip)]
    pub lasted: Duration,
    /// What was said.
    #[serde(skip)]
    pub transcript: Arc<Transcript>,
    /// How often the player failed, panicked or was too slow.
    #[serde(skip)]
    pub failures: u32,
}

impl MatchReport {
    /// Whether it was a match of the deterministic harness, without effect on the rating.
    pub fn is_test(&self) -> bool {
        self.id.is_test()
    }

    /// Whether the opponent took this bot for a human. `None` when it did not vote.
    pub fn passed(&self) -> Option<bool> {
        self.opponent_vote.as_ref().map(|vote| *vote == Kind::Human)
    }

    /// The opponent's name, where the platform revealed it. A stranger's words.
    pub fn opponent(&self) -> Option<&str> {
        self.reveal.as_ref()?.opponent_label.as_deref()
    }

    /// Takes what the platform revealed.
    pub(super) fn revealed(&mut self, reveal: Reveal) {
        self.opponent_kind = reveal.opponent_kind.clone();
        self.opponent_tier = reveal.agent_tier.clone();
        self.opponent_vote = reveal.opponent_vote.clone();
        self.rating_before = reveal.rating_before();
        self.rating_after = reveal.new_rating;
        self.rating_delta = reveal.rating_delta;
        let kind = reveal.opponent_kind.as_ref().and_then(Kind::guess);
        self.correct = reveal.correct.or_else(|| Some(kind? == self.guess?));
        self.reveal = Some(reveal);
    }
}

impl fmt::Display for MatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Match {}", printable(self.id.as_str()))?;
        if let Some(name) = self.opponent() {
            let name: String = name.chars().take(40).collect();
            write!(f, " against {}", printable(&name))?;
        }
        match &self.opponent_kind {
            Some(kind) => write!(f, ": it was {}", with_article(kind))?,
            None => write!(f, ": what it was, was not told")?,
        }
        if let Some(tier) = &self.opponent_tier {
            write!(f, " ({})", printable(tier.as_str()))?;
        }
        match (self.guess, self.correct) {
            (Some(guess), Some(true)) => write!(f, "; guessed {guess}, right")?,
            (Some(guess), Some(false)) => write!(f, "; guessed {guess}, wrong")?,
            (Some(guess), None) => write!(f, "; guessed {guess}")?,
            (None, _) => write!(f, "; no vote was cast")?,
        }
        match self.voted_by {
            Some(VotedBy::Leaning) => write!(f, " (as it leaned: it took too long)")?,
            Some(VotedBy::Fallback) => write!(f, " (the fallback: it took too long)")?,
            Some(VotedBy::Bot) | None => {}
        }
        match self.passed() {
            Some(true) => write!(f, "; it took us for a human")?,
            Some(false) => write!(f, "; it took us for an agent")?,
            None => write!(f, "; it did not vote")?,
        }
        match (self.rating_before, self.rating_after, self.rating_delta) {
            (Some(before), Some(after), Some(delta)) => write!(f, "; rating {before} → {after} ({delta:+})"),
            (_, Some(after), _) => write!(f, "; rating {after}"),
            (_, _, Some(delta)) => write!(f, "; rating {delta:+}"),
            _ => Ok(()),
        }
    }
}

fn with_article(kind: &Kind) -> String {
    match kind {
        Kind::Human => "a human".to_owned(),
        Kind::Agent => "an agent".to_owned(),
        other => printable(other.as_str()).to_string(),
    }
}

/// So many ratings are kept for the curve; of more, every second one goes.
const MAX_CURVE: usize = 1_024;

/// How all matches of a run went.
///
/// `Display` tells it as a small table; as JSON it is the object under `"summary"` of a starter bot's last `--json` line.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many matches ended.
    pub matches: u32,
    /// Of them with a right vote.
    pub correct: u32,
    /// Of them with a wrong vote.
    pub wrong: u32,
    /// The share of right votes among those of which it is known, from 0 to 1.
    #[serde(serialize_with = "share")]
    pub win_rate: Rate,
    /// Of the matches those in which the opponent took this bot for a human.
    pub passed: u32,
    /// Of them those in which it took it for an agent.
    pub caught: u32,
    /// The share of passes among the opponents' votes, from 0 to 1.
    #[serde(serialize_with = "share")]
    pub pass_rate: Rate,
    /// The rating before the first match.
    pub rating_before: Option<f64>,
    /// The rating after the last one.
    pub rating_after: Option<f64>,
    /// The sum of what the matches changed.
    pub rating_delta: f64,
    /// The ratings after the matches, in order: at most 1,024 of them, evenly thinned out.
    pub ratings: Vec<f64>,
    /// In how many matches the vote was cast in the player's place.
    pub fallbacks: u32,
    /// How many matches were lost from sight: the platform no longer knew them. They are not among the others.
    #[serde(skip)]
    pub lost: u32,
    /// How often the player failed, panicked or was too slow.
    #[serde(skip)]
    pub failures: u32,
    /// Why the log of the matches could not be written, the first time.
    #[serde(skip)]
    pub log_failed: Option<Arc<str>>,
    /// Of how many ratings one is kept, as a power of two.
    #[serde(skip)]
    thinned: u32,
    #[serde(skip)]
    rated: u32,
}

/// So many of so many: right votes of all votes, say. Shown as `75% of 4`, and as `–` of nothing; as JSON it is the share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// How many.
    pub hits: u32,
    /// Of how many.
    pub of: u32,
}

impl Rate {
    /// The share, from 0 to 1; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.hits) / f64::from(self.of))
    }

    /// Counts one.
    pub(super) fn count(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.share() {
            Some(share) => f.pad(&format!("{:.0}% of {}", share * 100.0, self.of)),
            None => f.pad("–"),
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        share(self, serializer)
    }
}

fn share<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
    rate.share().serialize(serializer)
}

impl Summary {
    /// Counts a match.
    pub fn add(&mut self, report: &MatchReport) {
        self.failures += report.failures;
        if report.ending == Ending::Lost && report.reveal.is_none() {
            self.lost += 1;
            return;
        }
        self.matches += 1;
        if let Some(correct) = report.correct {
            self.correct += u32::from(correct);
            self.wrong += u32::from(!correct);
            self.win_rate.count(correct);
        }
        if let Some(passed) = report.passed() {
            self.passed += u32::from(passed);
            self.caught += u32::from(!passed);
            self.pass_rate.count(passed);
        }
        self.fallbacks += u32::from(matches!(report.voted_by, Some(VotedBy::Leaning | VotedBy::Fallback)));
        self.rating_delta += report.rating_delta.unwrap_or_default();
        self.rating_before = self.rating_before.or(report.rating_before);
        if let Some(rating) = report.rating_after {
            self.rating_after = Some(rating);
            self.add_rating(rating);
        }
    }

    fn add_rating(&mut self, rating: f64) {
        let stride = 1_u32.checked_shl(self.thinned).unwrap_or(u32::MAX);
        if self.rated.is_multiple_of(stride) {
            if self.ratings.len() >= MAX_CURVE {
                let mut nth = 0_u32;
                self.ratings.retain(|_| {
                    nth += 1;
                    nth % 2 == 1
                });
                self.thinned += 1;
            }
            self.ratings.push(rating);
        }
        self.rated = self.rated.wrapping_add(1);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.matches == 1 { "match" } else { "matches" };
        writeln!(f, "{} {plural}", self.matches)?;
        writeln!(f, "  win rate       {}", self.win_rate)?;
        writeln!(f, "  pass-as-human  {}", self.pass_rate)?;
        match (self.rating_before, self.rating_after) {
            (Some(before), Some(after)) => {
                write!(f, "  rating         {before} → {after} ({:+})", self.rating_delta)?;
            }
            (_, Some(after)) => write!(f, "  rating         {after} ({:+})", self.rating_delta)?,
            _ => write!(f, "  rating         not told")?,
        }
        if self.ratings.len() > 1 {
            write!(f, "  {}", curve(&self.ratings, 40))?;
        }
        if self.fallbacks > 0 {
            write!(f, "\n  {} votes were cast in the player's place", self.fallbacks)?;
        }
        if self.lost > 0 {
            write!(f, "\n  {} matches were lost from sight", self.lost)?;
        }
        if let Some(why) = &self.log_failed {
            write!(f, "\n  the log of the matches is not complete: {why}")?;
        }
        Ok(())
    }
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Ratings as a row of at most `width` bars.
pub(super) fn curve(ratings: &[f64], width: usize) -> String {
    let step = ratings.len().div_ceil(width.max(1)).max(1);
    let (low, high) = ratings.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), rating| {
        (low.min(*rating), high.max(*rating))
    });
    let span = (high - low).max(f64::EPSILON);
    let bar = |rating: f64| {
        let share = (rating - low) / span;
        (1_u8..=7)
            .rev()
            .find(|step| share * 7.0 >= f64::from(*step) - 0.5)
            .map_or('▁', |step| BARS.get(usize::from(step)).copied().unwrap_or('█'))
    };
    ratings.iter().step_by(step).map(|rating| bar(*rating)).collect()
}

/// Why a [`Play`](super::Play) ended in failure, together with the summary of what was played before. `?` makes an
/// [`Error`](crate::Error) of it in a function that returns one.
pub type PlayError = sdk_core::error::RunError<Summary>;
