//! Notes on opponents, across matches.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::path::Path;

use sdk_core::error::{Error, Result, codes};
use sdk_core::private_file;
use serde::{Deserialize, Serialize};

use super::report::MatchReport;
use crate::model::{AgentTier, Kind};

/// So many opponents are remembered unless something else is said.
const OPPONENTS: usize = 256;
/// So many remarks on one opponent are kept, each of at most so many characters.
const REMARKS: usize = 8;
const REMARK_CHARS: usize = 280;
/// The longest handle, in characters.
const HANDLE_CHARS: usize = 80;

/// What is known of one opponent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpponentNote {
    /// How many matches there were.
    pub matches: u32,
    /// What it was, the last time that the platform said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How good the agent was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<AgentTier>,
    /// How often this bot guessed it right.
    pub guessed_right: u32,
    /// How often it took this bot for a human.
    pub passed: u32,
    /// How often it took it for an agent.
    pub caught: u32,
    /// What the player wants to remember: at most 8 remarks of at most 280 characters, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub remarks: VecDeque<String>,
    /// When it was met last, in the notebook's own count.
    met: u64,
}

/// Notes per opponent handle: at most so many opponents; whoever was not met for longest goes first. It can be kept in a
/// file between runs.
///
/// The platform tells an opponent's handle when it reveals it (`opponent_label`), and where a message names its sender.
///
/// ```
/// use botornot_sdk::player::Notebook;
///
/// let mut notes = Notebook::new(100);
/// notes.remark("ORACLE", "answers every message within a second");
/// let json = serde_json::to_string(&notes).unwrap();
/// let again: Notebook = serde_json::from_str(&json).unwrap();
/// assert_eq!(again.about("ORACLE").unwrap().remarks.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Notebook {
    at_most: usize,
    met: u64,
    opponents: BTreeMap<String, OpponentNote>,
}

/// As it stands in a file, which somebody may have written by hand.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    at_most: Option<usize>,
    #[serde(default)]
    met: u64,
    #[serde(default)]
    opponents: BTreeMap<String, OpponentNote>,
}

impl From<Stored> for Notebook {
    fn from(stored: Stored) -> Self {
        let mut notes = Self::new(stored.at_most.unwrap_or(OPPONENTS));
        notes.met = stored.met;
        for (handle, mut note) in stored.opponents {
            notes.met = notes.met.max(note.met);
            while note.remarks.len() > REMARKS {
                note.remarks.pop_front();
            }
            for remark in &mut note.remarks {
                *remark = bounded(remark, REMARK_CHARS);
            }
            notes.opponents.insert(bounded(&handle, HANDLE_CHARS), note);
            notes.forget_beyond();
        }
        notes
    }
}

impl Default for Notebook {
    fn default() -> Self {
        Self::new(OPPONENTS)
    }
}

impl Notebook {
    /// Notes on at most so many opponents; 0 counts as 1.
    pub fn new(opponents: usize) -> Self {
        Self { at_most: opponents.max(1), met: 0, opponents: BTreeMap::new() }
    }

    /// The notes of a file; none when it is not there.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path, when it cannot be read or holds no notes.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |what: &str| {
            Error::new(&codes::LOCAL_IO, format!("the notes {} {what}", path.display())).with_field("path")
        };
        match std::fs::read(path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|cause| failed("are none").with_source(cause)),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(failed("cannot be read").with_source(cause)),
        }
    }

    /// Puts the notes into a file at once: it holds the old notes or the new, never a part. They are other people's words: the
    /// file is its owner's alone (mode 0600).
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path. The old notes are there then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let json = serde_json::to_vec(self).map_err(|cause| {
            Error::new(&codes::LOCAL_IO, "the notes cannot be written as JSON").with_source(cause)
        })?;
        private_file::replace(path, &json)
    }

    /// What is known of an opponent.
    pub fn about(&self, handle: &str) -> Option<&OpponentNote> {
        self.opponents.get(&bounded(handle, HANDLE_CHARS))
    }

    /// Everyone who is remembered, by handle.
    pub fn opponents(&self) -> impl Iterator<Item = (&str, &OpponentNote)> {
        self.opponents.iter().map(|(handle, note)| (handle.as_str(), note))
    }

    /// Counts a match, where the platform has named the opponent.
    pub fn met(&mut self, report: &MatchReport) {
        let Some(handle) = report.opponent() else { return };
        let handle = handle.to_owned();
        let note = self.note(&handle);
        note.matches = note.matches.saturating_add(1);
        note.kind = report.opponent_kind.clone().or_else(|| note.kind.take());
        note.tier = report.opponent_tier.clone().or_else(|| note.tier.take());
        note.guessed_right += u32::from(report.correct == Some(true));
        note.passed += u32::from(report.passed() == Some(true));
        note.caught += u32::from(report.passed() == Some(false));
        self.forget_beyond();
    }

    /// Remembers something about an opponent.
    pub fn remark(&mut self, handle: &str, remark: &str) {
        let remark = bounded(remark, REMARK_CHARS);
        let note = self.note(handle);
        if note.remarks.len() >= REMARKS {
            note.remarks.pop_front();
        }
        note.remarks.push_back(remark);
        self.forget_beyond();
    }

    fn note(&mut self, handle: &str) -> &mut OpponentNote {
        self.met += 1;
        let note = self.opponents.entry(bounded(handle, HANDLE_CHARS)).or_default();
        note.met = self.met;
        note
    }

    fn forget_beyond(&mut self) {
        while self.opponents.len() > self.at_most {
            let oldest = self.opponents.iter().min_by_key(|(_, note)| note.met);
            let Some(handle) = oldest.map(|(handle, _)| handle.clone()) else { return };
            self.opponents.remove(&handle);
        }
    }
}

fn bounded(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_in_every_direction() {
        let mut notes = Notebook::new(2);
        for handle in ["a", "b", "a", "c"] {
            notes.remark(handle, &"x".repeat(1_000));
        }
        let handles: Vec<&str> = notes.opponents().map(|(handle, _)| handle).collect();
        assert_eq!(handles, ["a", "c"], "whoever was not met for longest is forgotten");
        for n in 0..20 {
            notes.remark("a", &n.to_string());
        }
        let remarks = &notes.about("a").unwrap().remarks;
        assert_eq!((remarks.len(), &*remarks[0]), (8, "12"));
        assert_eq!(notes.about("c").unwrap().remarks[0].len(), 280);
        notes.remark(&"h".repeat(500), "long");
        assert!(notes.about(&"h".repeat(500)).is_some());
    }

    #[test]
    fn a_file_that_somebody_made_too_large_is_cut() {
        let text = r#"{"at_most":1,"opponents":{
            "x":{"matches":3,"guessed_right":1,"passed":0,"caught":0,"met":9},
            "y":{"matches":1,"guessed_right":0,"passed":0,"caught":0,"met":4}}}"#;
        let mut notes: Notebook = serde_json::from_str(text).unwrap();
        assert_eq!(notes.about("x").unwrap().matches, 3);
        assert!(notes.about("y").is_none());
        notes.remark("z", "newer");
        assert!(notes.about("x").is_none(), "the count goes on where it was");
    }

    #[test]
    fn a_file_keeps_them_and_a_missing_one_is_an_empty_one() {
        let path = std::env::temp_dir().join(format!("botornot-notes-{:016x}.json", fastrand::u64(..)));
        assert_eq!(Notebook::read(&path).unwrap(), Notebook::default());
        let mut notes = Notebook::default();
        notes.remark("ORACLE", "quick");
        notes.save(&path).unwrap();
        assert_eq!(Notebook::read(&path).unwrap(), notes);
        std::fs::write(&path, "nonsense").unwrap();
        let error = Notebook::read(&path).unwrap_err();
        assert_eq!((error.code(), error.field()), (&codes::LOCAL_IO, Some("path")));
        std::fs::remove_file(path).unwrap();
    }
}
