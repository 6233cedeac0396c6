//! What came of the check of a match.

use std::fmt;

use sdk_core::wire::printable;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::commitment::CommitmentCheck;
use super::derivation::{CrashReading, LayoutReading, OrderReading, RingReading};
use super::evidence::MatchEvidence;
use super::finding::{Note, Violation};
use crate::model::{GameType, MatchId};

/// What a check came to: of a round, or of a match.
///
/// As JSON it is one word: `verified`, `consistent` or `violated`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// All that chance decided was derived from the seed again, and is what was told.
    Verified,
    /// Nothing contradicts itself, and not everything could be derived: the formula is not fully specified, or something
    /// that it takes was not seen.
    Consistent,
    /// The commitment fails, a value that the seed determines is another, or the server contradicts itself in what the spec
    /// determines.
    Violated {
        /// What was found.
        why: Vec<Violation>,
    },
}

impl Verdict {
    /// The word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Consistent => "consistent",
            Self::Violated { .. } => "violated",
        }
    }

    /// Whether something was found.
    pub const fn is_violated(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if let Self::Violated { why } = self {
            for (index, violation) in why.iter().enumerate() {
                write!(f, "{} {violation}", if index == 0 { ":" } else { ";" })?;
            }
        }
        Ok(())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What came of the check of one round.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RoundCheck {
    /// The round's number on the wire. Replayed ties may share one.
    pub round: u32,
    /// What it came to.
    pub verdict: Verdict,
    /// What else is worth knowing.
    pub notes: Vec<Note>,
}

impl Serialize for RoundCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("RoundCheck", 4)?;
        object.serialize_field("round", &self.round)?;
        object.serialize_field("verdict", &self.verdict)?;
        object.serialize_field("violations", &told(self.violations()))?;
        object.serialize_field("notes", &told(&self.notes))?;
        object.end()
    }
}

impl RoundCheck {
    /// What was found; empty unless the round is violated.
    pub fn violations(&self) -> &[Violation] {
        violations(&self.verdict)
    }
}

/// The readings of the formulas that fitted every round of a match and are still open on its host. Empty where the game has
/// no such formula, or none fitted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchReadings {
    /// Of the crash point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crash_point: Vec<CrashReading>,
    /// Of the reaction ring's target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<RingReading>,
    /// Of the mines' layout.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mine_positions: Vec<LayoutReading>,
    /// Of the order of the tiles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reveal_order: Vec<OrderReading>,
}

/// What came of the check of a match. `Display` tells it in words.
///
/// # As JSON
/// One object; the keys are stable, more may come:
///
/// | key | value |
/// |---|---|
/// | `match_id`, `game` | text or null |
/// | `verdict` | `"verified"`, `"consistent"` or `"violated"` |
/// | `fair` | false after a violation, true when the commitment holds, null where that is not known |
/// | `commitment` | `"matches"`, `"matches_decoded_bytes"`, `"differs"`, or null where hash or seed was not seen |
/// | `verified`, `consistent`, `violated` | how many rounds came to that |
/// | `truncated` | whether there were more rounds than are kept |
/// | `violations`, `notes` | of the match: objects with `code`, `message`, and fields that depend on the code |
/// | `rounds` | objects with `round`, `verdict`, `violations` and `notes` |
/// | `readings` | the readings that fitted: `crash_point`, `target`, `mine_positions`, `reveal_order`, where there are any |
/// | `evidence` | what was seen, so that [`from_json`](super::from_json) can check it again |
#[derive(Debug, Clone, PartialEq)]
pub struct FairnessReport {
    pub(super) verdict: Verdict,
    pub(super) commitment: Option<CommitmentCheck>,
    pub(super) rounds: Vec<RoundCheck>,
    pub(super) violations: Vec<Violation>,
    pub(super) notes: Vec<Note>,
    pub(super) readings: MatchReadings,
    pub(super) evidence: MatchEvidence,
}

impl FairnessReport {
    /// What the match came to. `Violated` has everything that was found, in its rounds too.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// False after a violation; true when the seed matches its commitment and there is none; `None` where that cannot be
    /// said, as no seed was revealed or no commitment was seen.
    pub fn fair(&self) -> Option<bool> {
        match (&self.verdict, self.commitment) {
            (Verdict::Violated { .. }, _) => Some(false),
            (_, Some(check)) => Some(check.is_match()),
            (_, None) => None,
        }
    }

    /// How seed and commitment fit. `None` where one of them was not seen.
    pub const fn commitment(&self) -> Option<CommitmentCheck> {
        self.commitment
    }

    /// The match, where it was told.
    pub fn match_id(&self) -> Option<&MatchId> {
        self.evidence.match_id()
    }

    /// The game, where it was told.
    pub fn game_type(&self) -> Option<&GameType> {
        self.evidence.game_type()
    }

    /// The rounds, oldest first.
    pub fn rounds(&self) -> &[RoundCheck] {
        &self.rounds
    }

    /// What was found that belongs to no single round.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What else is worth knowing of the match.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The readings of the formulas that fitted.
    pub const fn readings(&self) -> &MatchReadings {
        &self.readings
    }

    /// How many rounds came to [`Verdict::Verified`].
    pub fn verified(&self) -> usize {
        self.rounds.iter().filter(|round| round.verdict == Verdict::Verified).count()
    }

    /// How many rounds came to [`Verdict::Consistent`].
    pub fn consistent(&self) -> usize {
        self.rounds.iter().filter(|round| round.verdict == Verdict::Consistent).count()
    }

    /// How many rounds came to [`Verdict::Violated`].
    pub fn violated(&self) -> usize {
        self.rounds.iter().filter(|round| round.verdict.is_violated()).count()
    }

    /// Whether there were more rounds than are kept: those beyond were not checked.
    pub fn is_truncated(&self) -> bool {
        self.evidence.left_out > 0
    }

    /// What was seen of the match.
    pub const fn evidence(&self) -> &MatchEvidence {
        &self.evidence
    }
}

pub(super) fn violations(verdict: &Verdict) -> &[Violation] {
    match verdict {
        Verdict::Violated { why } => why,
        _ => &[],
    }
}

/// A finding with its words.
#[derive(Serialize)]
struct Told<'a, T: Serialize> {
    #[serde(flatten)]
    finding: &'a T,
    message: String,
}

fn told<T: Serialize + fmt::Display>(findings: &[T]) -> Vec<Told<'_, T>> {
    findings.iter().map(|finding| Told { finding, message: finding.to_string() }).collect()
}

impl Serialize for FairnessReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("FairnessReport", 14)?;
        object.serialize_field("match_id", &self.match_id())?;
        object.serialize_field("game", &self.game_type())?;
        object.serialize_field("verdict", &self.verdict)?;
        object.serialize_field("fair", &self.fair())?;
        object.serialize_field("commitment", &self.commitment)?;
        object.serialize_field("verified", &self.verified())?;
        object.serialize_field("consistent", &self.consistent())?;
        object.serialize_field("violated", &self.violated())?;
        object.serialize_field("truncated", &self.is_truncated())?;
        object.serialize_field("violations", &told(&self.violations))?;
        object.serialize_field("notes", &told(&self.notes))?;
        object.serialize_field("rounds", &self.rounds)?;
        object.serialize_field("readings", &self.readings)?;
        object.serialize_field("evidence", &self.evidence)?;
        object.end()
    }
}

impl fmt::Display for FairnessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.match_id().map_or("of an unknown id", MatchId::as_str);
        let game = self.game_type().map_or("a game that was not told", GameType::as_str);
        write!(f, "Match {}, {}: {}", printable(id), printable(game), self.verdict.as_str())?;
        match self.commitment {
            Some(check) => write!(f, "\n  {check}")?,
            None => f.write_str("\n  the commitment could not be checked")?,
        }
        for violation in &self.violations {
            write!(f, "\n  VIOLATION: {violation}")?;
        }
        for note in &self.notes {
            write!(f, "\n  {note}")?;
        }
        for round in &self.rounds {
            write!(f, "\n  round {}: {}", round.round, round.verdict)?;
            for note in &round.notes {
                write!(f, "; {note}")?;
            }
        }
        Ok(())
    }
}
