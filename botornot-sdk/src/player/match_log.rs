//! Finished matches in a file, a line of JSON each.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sdk_core::error::{Error, Result, codes};
use sdk_core::private_file;
use sdk_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::MatchReport;
use super::transcript::{Transcript, seconds};
use crate::model::{AgentTier, Guess, Kind, MatchId};
use crate::state::{Ending, VotedBy};

/// Longer lines than this are not looked at when a file is read: no match is as long.
const MAX_LINE: usize = 16 << 20;
/// How much of a file's end is read at once, to find its last line's beginning.
const TAIL: u64 = 64 << 10;

/// One finished match, as it stands in a [`MatchLog`]. Fields that are not there read as nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MatchRecord {
    /// The match.
    pub id: Option<MatchId>,
    /// Whether it was a match of the deterministic harness.
    pub test: bool,
    /// When it began, by the wall clock of the machine that wrote this.
    pub began: Option<Timestamp>,
    /// How long it lasted, in seconds.
    #[serde(with = "seconds")]
    pub lasted: Duration,
    /// Whether the platform ended it; otherwise it was lost from sight.
    pub ended: bool,
    /// What the opponent was.
    pub opponent_kind: Option<Kind>,
    /// How good the agent opponent was.
    pub opponent_tier: Option<AgentTier>,
    /// Its name. Left out on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opponent_label: Option<String>,
    /// What this bot voted.
    pub guess: Option<Guess>,
    /// Who decided that: `player`, `leaning` or `fallback`.
    pub voted_by: Option<String>,
    /// When it was cast, in seconds from the beginning.
    pub voted_at: Option<f64>,
    /// How sure the player was, from 0.5 to 1, where it said so.
    pub confidence: Option<f64>,
    /// Whether the vote was right.
    pub correct: Option<bool>,
    /// Whether the match did not count.
    pub no_contest: Option<bool>,
    /// What the opponent took this bot for.
    pub opponent_vote: Option<Kind>,
    /// How many seconds were left at the reveal.
    pub seconds_remaining: Option<f64>,
    /// The rating before.
    pub rating_before: Option<f64>,
    /// The rating after.
    pub rating_after: Option<f64>,
    /// How it changed.
    pub rating_delta: Option<f64>,
    /// How many older lines of the transcript are missing.
    pub forgotten: usize,
    /// What was said. The opponent's words are empty when they were left out.
    pub transcript: Transcript,
}

impl MatchRecord {
    /// The record of a match.
    pub fn of(report: &MatchReport) -> Self {
        let reveal = report.reveal.as_ref();
        let began = report.began.duration_since(SystemTime::UNIX_EPOCH).ok();
        let began = began.and_then(|since| i64::try_from(since.as_secs()).ok());
        Self {
            id: Some(report.id.clone()),
            test: report.is_test(),
            began: began.map(Timestamp::from_unix_seconds),
            lasted: report.lasted,
            ended: report.ending == Ending::Ended,
            opponent_kind: report.opponent_kind.clone(),
            opponent_tier: report.opponent_tier.clone(),
            opponent_label: report.opponent().map(str::to_owned),
            guess: report.guess,
            voted_by: report.voted_by.map(|by| {
                match by {
                    VotedBy::Bot => "player",
                    VotedBy::Leaning => "leaning",
                    VotedBy::Fallback => "fallback",
                }
                .to_owned()
            }),
            voted_at: report.voted_at.map(|at| at.as_secs_f64()),
            confidence: report.confidence,
            correct: report.correct,
            no_contest: reveal.and_then(|reveal| reveal.no_contest),
            opponent_vote: report.opponent_vote.clone(),
            seconds_remaining: reveal.and_then(|reveal| reveal.seconds_remaining),
            rating_before: report.rating_before,
            rating_after: report.rating_after,
            rating_delta: report.rating_delta,
            forgotten: report.transcript.forgotten(),
            transcript: Transcript::clone(&report.transcript),
        }
    }

    /// Whether the opponent took this bot for a human. `None` when it did not vote.
    pub fn passed(&self) -> Option<bool> {
        self.opponent_vote.as_ref().map(|vote| *vote == Kind::Human)
    }

    /// The same without the opponent's name and words. When it spoke stays.
    #[must_use]
    pub fn without_opponent(mut self) -> Self {
        self.opponent_label = None;
        self.transcript = self.transcript.without_opponent();
        self
    }
}

/// A file of finished matches, a line of JSON each. It holds other people's words: it is made for its owner alone (mode
/// 0600), and [`without_opponents`](Self::without_opponents) leaves their words and names out.
///
/// A line is written at once and reaches the disk before the next match. When a crash tore the last line all the same, the
/// file is healed as it is opened again: what is left of that line goes, every other one stays. One process at a time may
/// write to a file; clones of a log in one process may share it.
///
/// ```no_run
/// use botornot_sdk::player::{MatchLog, Stats};
///
/// # fn main() -> botornot_sdk::Result<()> {
/// let log = MatchLog::append_to("matches.jsonl")?.without_opponents();
/// // … client.play(player).log(log) …
/// println!("{}", Stats::read("matches.jsonl")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MatchLog {
    shared: Arc<Shared>,
    without_opponents: bool,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    file: Mutex<File>,
}

impl MatchLog {
    /// Appends to a file, and makes it when it is not there. One that exists keeps its mode.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
    pub fn append_to(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let mut file = private_file::append(&path)?;
        if private_file::Protection::of(&file).ok() == Some(private_file::Protection::Open) {
            tracing::warn!(path = %path.display(), "others may read this file of other people's words");
        }
        heal(&path, &mut file).map_err(|cause| failed(&path, "cannot be healed", cause))?;
        Ok(Self { shared: Arc::new(Shared { path, file: Mutex::new(file) }), without_opponents: false })
    }

    /// Leaves the opponents' words and names out.
    #[must_use]
    pub fn without_opponents(mut self) -> Self {
        self.without_opponents = true;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Appends a match. It waits for the disk.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
    pub fn append(&self, record: MatchRecord) -> Result<()> {
        let record = if self.without_opponents { record.without_opponent() } else { record };
        let mut line = serde_json::to_vec(&record)
            .map_err(|cause| failed(&self.shared.path, "takes no such match", cause.into()))?;
        line.push(b'\n');
        let mut file = self.shared.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.metadata().map(|metadata| metadata.len());
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        written.map_err(|cause| {
            // A part of it would spoil the next line. If even that fails, the file is healed when it is opened again.
            if let Ok(before) = before {
                let _ = file.set_len(before);
            }
            failed(&self.shared.path, "cannot be written", cause)
        })
    }

    /// Reads a file of matches. Lines that are no match are counted and passed over.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
    pub fn read(path: impl AsRef<Path>) -> Result<Records> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|cause| failed(path, "cannot be opened", cause))?;
        Ok(Records { lines: std::io::BufReader::new(file), path: path.to_owned(), unreadable: 0 })
    }
}

fn failed(path: &Path, what: &str, cause: std::io::Error) -> Error {
    let message = format!("the log of matches {} {what}", path.display());
    Error::new(&codes::LOCAL_IO, message).with_field("path").with_source(cause)
}

/// Takes away what a crash has left of a last line. One that only lacks its end is given it.
fn heal(path: &Path, file: &mut File) -> std::io::Result<()> {
    let length = file.metadata()?.len();
    let mut reader = match File::open(path) {
        Ok(reader) => reader,
        // Something that can be written and not read: there is nothing to look at.
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => return Ok(()),
        Err(cause) => return Err(cause),
    };
    let mut torn: Vec<u8> = Vec::new();
    let mut start = length;
    while start > 0 {
        let from = start.saturating_sub(TAIL);
        let mut piece = vec![0; usize::try_from(start - from).unwrap_or_default()];
        reader.seek(SeekFrom::Start(from))?;
        reader.read_exact(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            let rest = piece.split_off(at + 1);
            torn = [rest, torn].concat();
            break;
        }
        torn = [piece, torn].concat();
        start = from;
    }
    if torn.is_empty() {
        return Ok(());
    }
    if serde_json::from_slice::<MatchRecord>(&torn).is_ok() {
        return file.write_all(b"\n");
    }
    tracing::warn!(path = %path.display(), bytes = torn.len(), "the last line was torn by a crash; it is taken away");
    file.set_len(length - torn.len() as u64)
}

/// The matches of a file, oldest first.
#[derive(Debug)]
pub struct Records {
    lines: std::io::BufReader<File>,
    path: PathBuf,
    unreadable: u64,
}

impl Records {
    /// How many lines so far were no match.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl Iterator for Records {
    type Item = Result<MatchRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        use std::io::BufRead as _;
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = MAX_LINE as u64;
            match (&mut self.lines).take(limit).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => match serde_json::from_slice(&line) {
                    Ok(record) => return Some(Ok(record)),
                    Err(_) => self.unreadable += 1,
                },
                Err(cause) => return Some(Err(failed(&self.path, "cannot be read", cause))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::player::{Line, Speaker};

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("botornot-log-{:016x}", fastrand::u64(..)));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn log(&self) -> PathBuf {
            self.0.join("matches.jsonl")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn record(id: &str) -> MatchRecord {
        let mut transcript = Transcript::default();
        transcript.add(Line::new(Speaker::Opponent, "my \"secret\"\nwords 🙂", Duration::from_millis(1_250)));
        transcript.add(Line::new(Speaker::Me, "hm", Duration::from_secs(3)));
        MatchRecord {
            id: Some(id.into()),
            opponent_label: Some("ORACLE".into()),
            guess: Some(Guess::Agent),
            transcript,
            ..MatchRecord::default()
        }
    }

    fn read(path: &Path) -> Vec<MatchRecord> {
        MatchLog::read(path).unwrap().map(|record| record.unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read_and_is_its_owners_alone() {
        let directory = Directory::new();
        let log = MatchLog::append_to(directory.log()).unwrap();
        log.append(record("m1")).unwrap();
        log.append(record("m2")).unwrap();
        assert_eq!(read(log.path()), [record("m1"), record("m2")]);
        assert_eq!(fs::read_to_string(log.path()).unwrap().lines().count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn the_opponent_can_be_left_out() {
        let directory = Directory::new();
        let log = MatchLog::append_to(directory.log()).unwrap().without_opponents();
        log.append(record("m1")).unwrap();
        let text = fs::read_to_string(log.path()).unwrap();
        assert!(!text.contains("secret") && !text.contains("ORACLE") && text.contains("hm"), "{text}");
        assert_eq!(read(log.path())[0].transcript.lines()[0].at, Duration::from_millis(1_250));
    }

    #[test]
    fn a_last_line_torn_anywhere_is_healed_and_nothing_else_is_lost() {
        let directory = Directory::new();
        let path = directory.log();
        let log = MatchLog::append_to(&path).unwrap();
        log.append(record("m1")).unwrap();
        let whole_first = fs::metadata(&path).unwrap().len();
        log.append(record("m2")).unwrap();
        let both = fs::read(&path).unwrap();
        for cut in whole_first..both.len() as u64 {
            fs::write(&path, &both[..cut as usize]).unwrap();
            let log = MatchLog::append_to(&path).unwrap();
            log.append(record("m3")).unwrap();
            let ids: Vec<String> = read(&path).iter().map(|r| r.id.as_ref().unwrap().to_string()).collect();
            let lacks_only_its_end = cut == both.len() as u64 - 1;
            let expected: &[&str] = if lacks_only_its_end { &["m1", "m2", "m3"] } else { &["m1", "m3"] };
            assert_eq!(ids, expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_torn_line_longer_than_a_look_is_found_and_a_torn_only_line_leaves_nothing() {
        let directory = Directory::new();
        let path = directory.log();
        let torn = format!("{{\"id\":\"{}", "x".repeat(3 * TAIL as usize));
        fs::write(&path, &torn).unwrap();
        MatchLog::append_to(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        fs::write(&path, format!("{{\"id\":\"m1\"}}\n{torn}")).unwrap();
        MatchLog::append_to(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"id\":\"m1\"}\n");
    }

    #[test]
    fn lines_of_others_are_counted_and_passed_over() {
        let directory = Directory::new();
        fs::write(directory.log(), "{\"id\":\"m1\",\"new_field\":1}\nnonsense\n\n{\"id\":\"m2\"}\n").unwrap();
        let mut records = MatchLog::read(directory.log()).unwrap();
        assert_eq!(records.by_ref().count(), 2);
        assert_eq!(records.unreadable(), 1);
        let error = MatchLog::read(directory.0.join("none")).unwrap_err();
        assert_eq!((error.code(), error.field()), (&codes::LOCAL_IO, Some("path")));
    }
}
