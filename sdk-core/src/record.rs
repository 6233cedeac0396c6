//! Records of connections: every frame as a line of JSON, for reading, replaying and reporting.
//!
//! A record is opt-in. Its file is its owner's alone (mode 0600), keys are removed before anything is written, and other
//! people's names can be left out ([`Recording::leave_out`]).
//!
//! The lines:
//!
//! | line | what |
//! |---|---|
//! | `{"record":1,"by":"botpit-sdk/0.1.0","unix_ms":…}` | a recording began |
//! | `{"ms":12,"dir":"in","frame":{…}}` | a frame that came, so many milliseconds after that |
//! | `{"ms":13,"dir":"out","frame":{…}}` | a frame that was handed to the socket |
//! | `{"ms":14,"dir":"in","text":"…"}` | a frame that is no JSON |
//! | `{"ms":15,"event":"opened"}` | also `greeted`, `lost` and `ended`, with a `cause` |
//! | `{"ms":16,"missing":3}` | so many lines are not there: the disk was too slow |
//!
//! ```
//! use sdk_core::record::{Direction, Entry, Recording, read};
//!
//! # let directory = std::env::temp_dir().join(format!("record-{:016x}", fastrand::u64(..)));
//! # std::fs::create_dir(&directory).unwrap();
//! # let path = directory.join("bot.jsonl");
//! let recording = Recording::append_to(&path, "my-bot/1.0")?;
//! // … a client takes it, plays, and is dropped …
//! drop(recording);
//!
//! for entry in read(&path)? {
//!     if let Entry::Frame { direction: Direction::In, text, .. } = entry? {
//!         println!("{text}");
//!     }
//! }
//! # std::fs::remove_dir_all(directory).unwrap();
//! # Ok::<(), sdk_core::Error>(())
//! ```

mod read;

pub use self::read::{Entries, Entry, read};

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::error::{Error, Result, codes};
use crate::private_file::{self, Protection, local_error};
use crate::secret::Secret;
use crate::wire::Text;

/// How many lines may wait for the disk. What comes beyond is counted, and the count is written.
const MAX_WAITING: usize = 4_096;

/// How many values that are left out are told apart by a number. Later ones have none.
const MAX_LEFT_OUT: usize = 10_000;

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the server.
    In,
    /// To the server.
    Out,
}

/// Something that happened to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Occurrence {
    Opened,
    Greeted,
    Lost(String),
    Ended(Option<String>),
}

enum Item {
    Frame(Direction, Text),
    Occurred(Occurrence),
    Secrets(Vec<Secret>),
    LeaveOut(Vec<String>),
}

/// Writes what a connection reads and writes to a file. Cheap to clone; one recording may serve several connections.
///
/// The file is written by a thread of its own: a slow disk delays nothing. Dropping the last clone waits until everything is
/// written.
#[derive(Clone)]
pub struct Recording(Arc<Shared>);

struct Shared {
    path: PathBuf,
    protection: Protection,
    /// `None` once it is being dropped.
    sender: Option<SyncSender<(Instant, Item)>>,
    missing: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Recording {
    /// Begins a recording at the end of a file, which is made when it is not there. `by` says whose it is: a program's name
    /// and version.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be opened or written.
    pub fn append_to(path: impl AsRef<Path>, by: &str) -> Result<Self> {
        let path = path.as_ref();
        let mut file = private_file::append(path)?;
        let failed = |cause| local_error(path, "cannot be written", cause);
        let protection = Protection::of(&file).map_err(failed)?;
        if protection == Protection::Open {
            tracing::warn!(path = %path.display(), "others may be able to read this record");
        }
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let head = Head { record: 1, by: by.into(), unix_ms: u64::try_from(unix_ms).unwrap_or(u64::MAX) };
        let mut line = serde_json::to_vec(&head).unwrap_or_default();
        line.push(b'\n');
        file.write_all(&line).map_err(failed)?;

        let (sender, items) = sync_channel(MAX_WAITING);
        let missing = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            lines: BufWriter::new(file),
            began: Instant::now(),
            missing: Arc::clone(&missing),
            secrets: Vec::new(),
            left_out: LeftOut::default(),
            path: path.to_owned(),
        };
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || writer.run(&items))
            .map_err(|cause| Error::new(&codes::LOCAL_IO, "no thread for the record").with_source(cause))?;
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            protection,
            sender: Some(sender),
            missing,
            writer: Mutex::new(Some(thread)),
        })))
    }

    /// Leaves people out: the texts under these names are replaced by `[left out 1]`, `[left out 2]` and so on, wherever
    /// they stand in a frame from then on, so that who did what can still be followed.
    #[must_use]
    pub fn leave_out<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.write(Item::LeaveOut(names.into_iter().map(Into::into).collect()));
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Who can read the file.
    pub fn protection(&self) -> Protection {
        self.0.protection
    }

    /// What must not be written from now on, wherever it stands.
    pub(crate) fn keep_secret(&self, secrets: &[Secret]) {
        self.write(Item::Secrets(secrets.to_vec()));
    }

    pub(crate) fn frame(&self, direction: Direction, text: &Text) {
        self.write(Item::Frame(direction, text.clone()));
    }

    pub(crate) fn occurred(&self, occurrence: Occurrence) {
        self.write(Item::Occurred(occurrence));
    }

    fn write(&self, item: Item) {
        let Some(sender) = &self.0.sender else { return };
        let item = (Instant::now(), item);
        match &item.1 {
            // What protects others is not dropped: the thread takes it as soon as it can.
            Item::Secrets(_) | Item::LeaveOut(_) => drop(sender.send(item)),
            Item::Frame(..) | Item::Occurred(_) => {
                if matches!(sender.try_send(item), Err(TrySendError::Full(_))) {
                    self.0.missing.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.sender = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It ends by itself now; a panic of it has been told by the panic's own message.
            let _ = writer.join();
        }
    }
}

/// What the thread does.
struct Writer {
    lines: BufWriter<File>,
    began: Instant,
    missing: Arc<AtomicU64>,
    secrets: Vec<Secret>,
    left_out: LeftOut,
    path: PathBuf,
}

impl Writer {
    fn run(mut self, items: &Receiver<(Instant, Item)>) {
        while let Ok(first) = items.recv() {
            let mut next = Some(first);
            while let Some((at, item)) = next {
                if let Err(cause) = self.take(at, item) {
                    tracing::warn!(path = %self.path.display(), %cause, "the record ends here");
                    return;
                }
                next = items.try_recv().ok();
            }
            if let Err(cause) = self.lines.flush() {
                tracing::warn!(path = %self.path.display(), %cause, "the record ends here");
                return;
            }
        }
        // Nothing follows that would tell of what is missing.
        if let Err(cause) = self.tell_missing(Instant::now()).and_then(|()| self.lines.flush()) {
            tracing::warn!(path = %self.path.display(), %cause, "the record ends here");
        }
    }

    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    fn tell_missing(&mut self, at: Instant) -> std::io::Result<()> {
        match self.missing.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            missing => writeln!(self.lines, r#"{{"ms":{},"missing":{missing}}}"#, self.ms(at)),
        }
    }

    fn take(&mut self, at: Instant, item: Item) -> std::io::Result<()> {
        self.tell_missing(at)?;
        let ms = self.ms(at);
        match item {
            Item::Secrets(secrets) => self.secrets = secrets,
            Item::LeaveOut(names) => self.left_out.names.extend(names),
            Item::Occurred(occurrence) => {
                let (event, cause) = match occurrence {
                    Occurrence::Opened => ("opened", None),
                    Occurrence::Greeted => ("greeted", None),
                    Occurrence::Lost(cause) => ("lost", Some(cause)),
                    Occurrence::Ended(cause) => ("ended", cause),
                };
                let cause = cause.map(|cause| self.without_secrets(&cause).into_owned());
                let line = OccurrenceLine { ms, event: event.into(), cause };
                self.line(&line)?;
            }
            Item::Frame(dir, text) => {
                let text = self.without_secrets(text.as_str()).into_owned();
                let frame = self.left_out.removed_from(&text);
                match serde_json::from_str::<&RawValue>(&frame) {
                    Ok(raw) if !frame.contains(['\n', '\r']) => {
                        self.line(&FrameLine { ms, dir, frame: Some(raw), text: None })?;
                    }
                    // JSON over several lines would break the record's own; as a text it does not.
                    _ => self.line(&FrameLine { ms, dir, frame: None, text: Some(frame) })?,
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.lines, line)?;
        self.lines.write_all(b"\n")
    }

    fn without_secrets<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let holds = |text: &str| self.secrets.iter().any(|secret| text.contains(secret.expose()));
        // Most frames hold none, and are not copied.
        if !holds(text) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text)))
    }
}

/// Whom a record leaves out.
#[derive(Default)]
struct LeftOut {
    names: Vec<String>,
    known: HashMap<String, String>,
}

impl LeftOut {
    fn removed_from<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        if self.names.is_empty() {
            return Cow::Borrowed(text);
        }
        let Ok(mut value) = serde_json::from_str::<Value>(text) else {
            // Nobody knows who is in a text that is no JSON.
            return Cow::Borrowed("[left out]");
        };
        self.learn(&value);
        self.replace(&mut value);
        Cow::Owned(value.to_string())
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let Value::String(text) = value
                        && self.names.contains(name)
                        && self.known.len() < MAX_LEFT_OUT
                        && !self.known.contains_key(text)
                    {
                        let number = self.known.len() + 1;
                        self.known.insert(text.clone(), format!("[left out {number}]"));
                    }
                    self.learn(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    fn replace(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    if value.is_string() && self.names.contains(name) {
                        let known = value.as_str().and_then(|text| self.known.get(text));
                        *value = known.map_or("[left out]", String::as_str).into();
                    } else {
                        self.replace(value);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace(value)),
            Value::String(text) => {
                if let Some(known) = self.known.get(text) {
                    text.clone_from(known);
                }
            }
            _ => {}
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    record: u32,
    #[serde(borrow)]
    by: Cow<'a, str>,
    unix_ms: u64,
}

#[derive(Serialize)]
struct FrameLine<'a> {
    ms: u64,
    dir: Direction,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct OccurrenceLine<'a> {
    ms: u64,
    event: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("sdk-core-record-{:016x}", fastrand::u64(..)));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("record.jsonl")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn frames(path: &Path) -> Vec<(Direction, String)> {
        read(path)
            .unwrap()
            .filter_map(|entry| match entry.unwrap() {
                Entry::Frame { direction, text, .. } => Some((direction, text)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn frames_come_back_as_they_went_without_the_keys() {
        let place = Place::new();
        let recording = Recording::append_to(place.file(), "test/1").unwrap();
        recording.keep_secret(&[Secret::new("s3cr3t-key")]);
        recording.occurred(Occurrence::Opened);
        recording.frame(Direction::Out, &Text::from(r#"{"say":"s3cr3t-key, s3cr3t-key"}"#));
        recording.frame(Direction::In, &Text::from("no json"));
        recording.frame(Direction::In, &Text::from("{\n\"a\": 1\n}"));
        recording.occurred(Occurrence::Lost("because of s3cr3t-key".into()));
        recording.occurred(Occurrence::Ended(None));
        assert_eq!(recording.path(), place.file());
        drop(recording.clone());
        drop(recording);

        let text = std::fs::read_to_string(place.file()).unwrap();
        assert!(!text.contains("s3cr3t"), "{text}");
        assert_eq!(text.lines().count(), 7);
        let mut entries = read(place.file()).unwrap().map(Result::unwrap);
        let began = entries.next().unwrap();
        assert!(matches!(began, Entry::Began { by, at } if by == "test/1" && at > UNIX_EPOCH));
        let opened = entries.next().unwrap();
        assert!(matches!(opened, Entry::Occurred { event, cause: None, .. } if event == "opened"));
        assert_eq!(
            frames(&place.file()),
            [
                (Direction::Out, r#"{"say":"[redacted], [redacted]"}"#.to_owned()),
                (Direction::In, "no json".to_owned()),
                (Direction::In, "{\n\"a\": 1\n}".to_owned()),
            ]
        );
        let last = entries.last().unwrap();
        assert!(matches!(last, Entry::Occurred { event, cause: None, .. } if event == "ended"));
    }

    #[test]
    fn a_second_recording_goes_on_in_the_same_file() {
        let place = Place::new();
        for by in ["one", "two"] {
            drop(Recording::append_to(place.file(), by).unwrap());
        }
        let began = read(place.file()).unwrap().filter(|entry| matches!(entry, Ok(Entry::Began { .. })));
        assert_eq!(began.count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(place.file()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn people_are_left_out_wherever_they_stand() {
        let place = Place::new();
        let recording =
            Recording::append_to(place.file(), "test").unwrap().leave_out(["opponent_id", "name"]);
        recording.frame(Direction::In, &Text::from(r#"{"opponent_id":"u-1","me":"u-2"}"#));
        recording.frame(Direction::In, &Text::from(r#"{"of":{"name":"Ann"}}"#));
        recording
            .frame(Direction::In, &Text::from(r#"{"winner":"u-1","all":["u-1","u-2","Ann"],"name":null}"#));
        recording.frame(Direction::In, &Text::from("Ann says"));
        drop(recording);
        let texts: Vec<String> = frames(&place.file()).into_iter().map(|(_, text)| text).collect();
        for (text, expected) in texts.iter().zip([
            r#"{"me":"u-2","opponent_id":"[left out 1]"}"#,
            r#"{"of":{"name":"[left out 2]"}}"#,
            r#"{"all":["[left out 1]","u-2","[left out 2]"],"name":null,"winner":"[left out 1]"}"#,
        ]) {
            let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(json(text), json(expected));
        }
        assert_eq!(texts[3], "[left out]");
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number_and_the_rest_is_read() {
        let place = Place::new();
        std::fs::write(
            place.file(),
            "{\"ms\":1,\"missing\":4}\n\nwhat\n{\"record\":2}\n{\"dir\":\"in\",\"ms\":2,\"text\":\"hi\"}\n{}\n",
        )
        .unwrap();
        let entries: Vec<_> = read(place.file()).unwrap().collect();
        assert_eq!(entries.len(), 5);
        assert_eq!(*entries[0].as_ref().unwrap(), Entry::Missing { lines: 4 });
        for (index, line) in [(1, "line 3"), (2, "line 4"), (4, "line 6")] {
            let error = entries[index].as_ref().unwrap_err();
            assert_eq!(error.code(), &codes::DECODE_FAILED);
            assert!(error.message().contains(line), "{error}");
        }
        assert!(matches!(&entries[3], Ok(Entry::Frame { text, .. }) if text == "hi"));
        assert_eq!(read(place.0.join("none")).unwrap_err().code(), &codes::LOCAL_IO);
        assert_eq!(Recording::append_to(&place.0, "x").unwrap_err().code(), &codes::LOCAL_IO);
    }

    #[test]
    fn a_disk_that_is_too_slow_costs_lines_and_says_how_many() {
        let place = Place::new();
        let recording = Recording::append_to(place.file(), "test").unwrap();
        let text = Text::from(r#"{"n":1}"#);
        for _ in 0..200_000 {
            recording.frame(Direction::In, &text);
        }
        drop(recording);
        let (mut written, mut missing) = (0, 0);
        for entry in read(place.file()).unwrap() {
            match entry.unwrap() {
                Entry::Frame { .. } => written += 1,
                Entry::Missing { lines } => missing += lines,
                _ => {}
            }
        }
        assert_eq!(written + missing, 200_000);
    }
}
