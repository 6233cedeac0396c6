//! Files that only their owner may read: keys, records, state.
//!
//! On unix they are made with mode 0600, whatever the process's umask says. Elsewhere the directory's rights decide, and
//! [`Protection::Open`] says so.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Sent, codes};

/// Who can read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// Its owner alone (mode 0600 or stricter).
    OwnerOnly,
    /// Perhaps others too: its mode lets them, or this system has no modes, and its directory decides.
    Open,
}

impl Protection {
    /// Of a file that is open.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| of_metadata(&metadata))
    }
}

#[cfg(unix)]
fn of_metadata(metadata: &fs::Metadata) -> Protection {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o077 == 0 { Protection::OwnerOnly } else { Protection::Open }
}

#[cfg(not(unix))]
fn of_metadata(_metadata: &fs::Metadata) -> Protection {
    Protection::Open
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Opens a file to append to, and makes it when it is not there. One that exists keeps its mode: see [`Protection::of`].
///
/// # Errors
/// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
pub fn append(path: &Path) -> Result<File> {
    private(OpenOptions::new().append(true).create(true))
        .open(path)
        .map_err(|cause| local_error(path, "cannot be opened", cause))
}

/// Makes a new file. One that exists is refused, whatever stands in it.
///
/// # Errors
/// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
pub fn create_new(path: &Path) -> Result<File> {
    private(OpenOptions::new().write(true).create_new(true))
        .open(path)
        .map_err(|cause| local_error(path, "cannot be made", cause))
}

/// Puts `content` into the file at once: whoever reads it sees the old content or the new, never a part, also after a
/// crash. The new file is its owner's alone, whatever the old one was.
///
/// # Errors
/// [`LOCAL_IO`](codes::LOCAL_IO), naming the path. The old content is there then.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    Draft::replacing(path)?.fill(content).map(drop)
}

/// A place for content that is not there yet, made sure of beforehand: a key that is shown once must not find that it cannot
/// be written. Filled, it takes its name in one step; dropped, it leaves nothing behind.
///
/// ```
/// use sdk_core::private_file::{Draft, Protection};
///
/// # let directory = std::env::temp_dir().join(format!("draft-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("agent.key");
/// let place = Draft::new_file(&path)?;
/// // … the key is asked for …
/// place.fill(b"KEY=1")?;
/// assert_eq!(std::fs::read(&path)?, b"KEY=1");
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    /// Takes the content, and then the file's name.
    beside: Unkept,
    file: File,
    /// Keeps the file's name for us, where there was no file.
    claim: Option<Unkept>,
}

impl Draft {
    /// For a new file. Its name is taken at once; one that exists is refused, whatever stands in it.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path.
    pub fn new_file(path: &Path) -> Result<Self> {
        create_new(path)?;
        let claim = Unkept(Some(path.to_owned()));
        Self::beside(path.to_owned(), Some(claim))
    }

    /// For a file that may exist, and keeps its content until then. Of a link, what it points to is replaced, and not the
    /// link.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path; [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when it names no file.
    pub fn replacing(path: &Path) -> Result<Self> {
        Self::beside(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), None)
    }

    fn beside(path: PathBuf, claim: Option<Unkept>) -> Result<Self> {
        let Some(name) = path.file_name() else {
            return Err(Error::invalid_argument("path", format!("{} names no file", path.display())));
        };
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{:016x}.tmp", fastrand::u64(..)));
        let draft = path.with_file_name(draft);
        let file = private(OpenOptions::new().write(true).create_new(true))
            .open(&draft)
            .map_err(|cause| local_error(&path, "cannot be written", cause))?;
        Ok(Self { path, beside: Unkept(Some(draft)), file, claim })
    }

    /// Where the content will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the content, and gives the file its name. Says who can read it.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO), naming the path. What was there before is there then.
    pub fn fill(mut self, content: &[u8]) -> Result<Protection> {
        let failed = |cause| local_error(&self.path, "cannot be written", cause);
        self.file.write_all(content).map_err(failed)?;
        // Without it, a crash may leave the new name with the old length, which is nothing.
        self.file.sync_all().map_err(failed)?;
        let protection = Protection::of(&self.file).map_err(failed)?;
        if let Some(beside) = &self.beside.0 {
            fs::rename(beside, &self.path)
                .map_err(|cause| local_error(&self.path, "cannot be replaced", cause))?;
        }
        self.beside.0 = None;
        if let Some(claim) = &mut self.claim {
            claim.0 = None;
        }
        sync_directory(&self.path);
        Ok(protection)
    }
}

/// A file that is removed again unless it is kept.
#[derive(Debug)]
struct Unkept(Option<PathBuf>);

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // Nothing can be done about a file that stays.
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes a new name last through a power cut, where the system lets a directory be synced.
fn sync_directory(path: &Path) {
    if let Some(directory) = path.parent() {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
}

/// [`LOCAL_IO`](codes::LOCAL_IO) for a path.
pub(crate) fn local_error(path: &Path, what: &str, cause: io::Error) -> Error {
    Error::new(&codes::LOCAL_IO, format!("{} {what}", path.display()))
        .with_field("path")
        .with_sent(Sent::No)
        .with_source(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sdk-core-{name}-{:016x}", fastrand::u64(..)));
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn what_is_replaced_is_whole_and_private() {
        let directory = directory("replace");
        let path = directory.join("state.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        assert_eq!(Protection::of(&File::open(&path).unwrap()).unwrap(), Protection::OwnerOnly);
        fs::remove_dir_all(directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn of_a_link_what_it_points_to_is_replaced() {
        let directory = directory("link");
        let (file, link) = (directory.join("file"), directory.join("link"));
        fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_place_that_is_never_filled_leaves_nothing_and_changes_nothing() {
        let directory = directory("draft");
        let path = directory.join("key");
        drop(Draft::new_file(&path).unwrap());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

        let place = Draft::new_file(&path).unwrap();
        assert!(Draft::new_file(&path).is_err(), "the name is taken");
        place.fill(b"one").unwrap();
        drop(Draft::replacing(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_directory_that_is_not_there_is_told_with_the_path() {
        let path = Path::new("/nonexistent-directory/state.json");
        for error in
            [replace(path, b"").unwrap_err(), append(path).unwrap_err(), create_new(path).unwrap_err()]
        {
            assert_eq!((error.code(), error.field()), (&codes::LOCAL_IO, Some("path")));
            assert!(error.message().contains("state.json"));
        }
        assert_eq!(replace(Path::new("/"), b"").unwrap_err().field(), Some("path"));
    }

    #[test]
    fn a_new_file_is_new_and_an_old_one_is_appended_to() {
        let directory = directory("append");
        let path = directory.join("log");
        create_new(&path).unwrap().write_all(b"a").unwrap();
        assert!(create_new(&path).is_err());
        append(&path).unwrap().write_all(b"b").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ab");
        #[cfg(unix)]
        assert_eq!(Protection::of(&File::open(&path).unwrap()).unwrap(), Protection::OwnerOnly);
        fs::remove_dir_all(directory).unwrap();
    }
}
