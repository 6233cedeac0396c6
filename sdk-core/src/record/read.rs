//! Reading a record, line by line.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Direction;
use crate::error::{Error, Result, codes};
use crate::private_file::local_error;

/// A line of a record is not longer when it is read.
const MAX_LINE: u64 = 64 << 20;

/// A line of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// A recording began here. A file that was appended to has several.
    Began {
        /// Whose recording it is.
        by: String,
        /// When.
        at: SystemTime,
    },
    /// A frame.
    Frame {
        /// How long after the recording began.
        after: Duration,
        /// Which way it went.
        direction: Direction,
        /// Its text, without keys.
        text: String,
    },
    /// Something happened to the connection: `opened`, `greeted`, `lost`, `ended`.
    Occurred {
        /// How long after the recording began.
        after: Duration,
        /// What.
        event: String,
        /// Why, where there is a reason.
        cause: Option<String>,
    },
    /// Lines are missing here.
    Missing {
        /// How many.
        lines: u64,
    },
}

/// The entries of a record, one after the other.
///
/// # Errors
/// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be opened or read; [`DECODE_FAILED`](codes::DECODE_FAILED), naming the
/// line, for a line that is none of a record's. The lines after it are still read.
pub fn read(path: impl AsRef<Path>) -> Result<Entries> {
    let path = path.as_ref().to_owned();
    let file = File::open(&path).map_err(|cause| local_error(&path, "cannot be opened", cause))?;
    Ok(Entries { lines: BufReader::new(file), path, number: 0, is_over: false })
}

/// See [`read`].
#[derive(Debug)]
pub struct Entries {
    lines: BufReader<File>,
    path: PathBuf,
    number: u64,
    is_over: bool,
}

impl Iterator for Entries {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        while !self.is_over {
            let mut line = String::new();
            let mut limited = std::io::Read::take(&mut self.lines, MAX_LINE);
            match limited.read_line(&mut line) {
                Ok(0) => self.is_over = true,
                Ok(_) => {
                    self.number += 1;
                    let line = line.trim();
                    if !line.is_empty() {
                        return Some(entry(line).map_err(|error| {
                            let place = format!("{}, line {}", self.path.display(), self.number);
                            Error::new(&codes::DECODE_FAILED, format!("{place} is no line of a record"))
                                .with_source(error)
                        }));
                    }
                }
                Err(cause) => {
                    self.is_over = true;
                    return Some(Err(local_error(&self.path, "cannot be read", cause)));
                }
            }
        }
        None
    }
}

#[derive(Deserialize)]
struct AnyLine<'a> {
    record: Option<u32>,
    #[serde(borrow)]
    by: Option<Cow<'a, str>>,
    unix_ms: Option<u64>,
    ms: Option<u64>,
    dir: Option<Direction>,
    #[serde(borrow)]
    frame: Option<&'a RawValue>,
    text: Option<String>,
    event: Option<String>,
    cause: Option<String>,
    missing: Option<u64>,
}

fn entry(line: &str) -> Result<Entry, Box<dyn std::error::Error + Send + Sync>> {
    let line: AnyLine<'_> = serde_json::from_str(line)?;
    let after = Duration::from_millis(line.ms.unwrap_or_default());
    if let Some(version) = line.record {
        if version != 1 {
            return Err(format!("the record has version {version}, and this program reads version 1").into());
        }
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(line.unix_ms.unwrap_or_default()));
        return Ok(Entry::Began {
            by: line.by.unwrap_or_default().into_owned(),
            at: at.unwrap_or(UNIX_EPOCH),
        });
    }
    if let Some(direction) = line.dir {
        let text = line.frame.map(|frame| frame.get().to_owned()).or(line.text);
        let text = text.ok_or("a frame needs `frame` or `text`")?;
        return Ok(Entry::Frame { after, direction, text });
    }
    if let Some(event) = line.event {
        return Ok(Entry::Occurred { after, event, cause: line.cause });
    }
    if let Some(lines) = line.missing {
        return Ok(Entry::Missing { lines });
    }
    Err("it has none of `record`, `dir`, `event` and `missing`".into())
}
