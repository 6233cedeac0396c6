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
    // Of a link, what it points to is replaced, and not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let draft = Draft::beside(path)?;
    let written = draft.write(content).map_err(|cause| local_error(path, "cannot be written", cause))?;
    drop(written);
    draft.keep_as(path)
}

/// A file on its way to its name; it is removed again unless it gets there.
struct Draft {
    path: PathBuf,
    kept: bool,
}

impl Draft {
    fn beside(path: &Path) -> Result<Self> {
        let Some(name) = path.file_name() else {
            return Err(Error::invalid_argument("path", format!("{} names no file", path.display())));
        };
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{:016x}", fastrand::u64(..)));
        Ok(Self { path: path.with_file_name(draft), kept: false })
    }

    fn write(&self, content: &[u8]) -> io::Result<File> {
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&self.path)?;
        file.write_all(content)?;
        // Without it, a crash may leave the new name with the old length, which is nothing.
        file.sync_all()?;
        Ok(file)
    }

    fn keep_as(mut self, path: &Path) -> Result<()> {
        fs::rename(&self.path, path).map_err(|cause| local_error(path, "cannot be replaced", cause))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing can be done about a draft that stays.
            let _ = fs::remove_file(&self.path);
        }
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
