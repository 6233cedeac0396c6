//! An agent's key in a file of its own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sdk_core::env::Env;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::private_file::{Draft, Protection};
use sdk_core::secret::Secret;

use crate::model::AgentId;

const AGENT_ID: &str = "BOTPIT_AGENT_ID";
const API_KEY: &str = "BOTPIT_API_KEY";

/// A key file is smaller: what is larger is another file.
const MAX_FILE: u64 = 64 * 1024;

/// An agent and its API key, as they stand in a file.
///
/// The file has the form of a `.env` file, so that [`Client::from_env`](crate::Client::from_env) takes one with that name:
///
/// ```text
/// BOTPIT_AGENT_ID=550e8400-e29b-41d4-a716-446655440000
/// BOTPIT_API_KEY=bp_live_…
/// ```
///
/// ```no_run
/// use botpit_sdk::{Client, rest::StoredKey};
///
/// let stored = StoredKey::load("my-agent.key")?;
/// let client = Client::builder(stored.api_key).url("http://localhost:3001").build()?;
/// # let _ = client;
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredKey {
    /// The agent.
    pub agent_id: AgentId,
    /// Its API key.
    pub api_key: Secret,
    /// The file.
    pub path: PathBuf,
    /// Who can read the file.
    pub protection: Protection,
}

impl StoredKey {
    /// Reads a key file. A file that others can read is taken, and told by [`protection`](Self::protection) and in the log.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when it cannot be read; [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) with the field
    /// `path` when it holds no agent and key. Nothing of its text is shown.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|cause| local(path, "cannot be opened", cause))?;
        Self::read(path, file)?.ok_or_else(|| refused(path, "holds no BOTPIT_AGENT_ID and BOTPIT_API_KEY"))
    }

    /// `None` when it is no key file.
    fn read(path: &Path, file: File) -> Result<Option<Self>> {
        let unreadable = |cause| local(path, "cannot be read", cause);
        let metadata = file.metadata().map_err(unreadable)?;
        let protection = Protection::of(&file).map_err(unreadable)?;
        if metadata.len() > MAX_FILE {
            return Ok(None);
        }
        let mut text = Vec::with_capacity(metadata.len().try_into().unwrap_or_default());
        io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE), &mut text).map_err(unreadable)?;
        let Ok(text) = String::from_utf8(text) else { return Ok(None) };
        // As a secret, it is wiped.
        let text = Secret::new(text);
        let env = Env::from_text(text.expose());
        let (Some(agent_id), Some(api_key)) = (env.get(AGENT_ID), env.get(API_KEY)) else { return Ok(None) };
        let stored =
            Self { agent_id: agent_id.into(), api_key: api_key.into(), path: path.to_owned(), protection };
        stored.warn();
        Ok(Some(stored))
    }

    fn warn(&self) {
        if self.protection == Protection::Open {
            tracing::warn!(path = %self.path.display(), "others may be able to read this key file");
        }
    }
}

/// A place for a key, made sure of before the key is asked for: once the key is known, only the disk can fail.
#[derive(Debug)]
pub(super) struct KeySlot(Draft);

impl KeySlot {
    /// A new file. One that exists is refused, whatever stands in it.
    pub(super) async fn for_new_agent(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || Self::new(&path)).await
    }

    /// The key file of this agent, or a new file.
    pub(super) async fn for_agent(path: &Path, agent: &AgentId) -> Result<Self> {
        let (path, agent) = (path.to_owned(), agent.clone());
        blocking(move || {
            // The file itself, should the path be a link to it.
            let path = fs::canonicalize(&path).unwrap_or(path);
            match File::open(&path) {
                Ok(file) => match StoredKey::read(&path, file)? {
                    Some(stored) if stored.agent_id == agent => Draft::replacing(&path).map(Self),
                    Some(_) => Err(refused(&path, "holds the key of another agent")),
                    None => Err(refused(&path, "exists, and holds no agent's key")),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new(&path),
                Err(cause) => Err(local(&path, "cannot be opened", cause)),
            }
        })
        .await
    }

    fn new(path: &Path) -> Result<Self> {
        Draft::new_file(path).map(Self).map_err(|error| {
            let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
            match cause.map(io::Error::kind) {
                Some(io::ErrorKind::AlreadyExists) => {
                    refused(path, "exists already, and a key is not written over another file")
                }
                _ => error,
            }
        })
    }

    /// Writes the key, and gives the file its name in one step.
    pub(super) async fn fill(self, agent_id: AgentId, api_key: Secret) -> Result<StoredKey> {
        blocking(move || self.fill_now(agent_id, api_key)).await
    }

    fn fill_now(self, agent_id: AgentId, api_key: Secret) -> Result<StoredKey> {
        for part in [agent_id.as_str(), api_key.expose()] {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'".contains(&byte))
            {
                let message = "the platform's agent id or key holds characters that a key file cannot";
                return Err(Error::new(&codes::LOCAL_IO, message).with_field("path"));
            }
        }
        let text = Secret::new(format!("{AGENT_ID}={agent_id}\n{API_KEY}={}\n", api_key.expose()));
        let path = self.0.path().to_owned();
        let protection = self.0.fill(text.expose().as_bytes())?;
        let stored = StoredKey { agent_id, api_key, path, protection };
        stored.warn();
        Ok(stored)
    }
}

/// Disks are slow: not on the thread that plays.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(cause) => {
            Err(Error::new(&codes::LOCAL_IO, "a thread for the key file failed").with_source(cause))
        }
    }
}

fn refused(path: &Path, what: &str) -> Error {
    Error::invalid_argument("path", format!("the file {} {what}", path.display())).with_sent(Sent::No)
}

fn local(path: &Path, what: &str, cause: io::Error) -> Error {
    Error::new(&codes::LOCAL_IO, format!("the file {} {what}", path.display()))
        .with_field("path")
        .with_source(cause)
}
