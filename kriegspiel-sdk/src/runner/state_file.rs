//! The bot's little memory between runs: its token, and when it joined a bot's game last.

use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sdk_core::env::Env;
use sdk_core::error::{Error, Result};
use sdk_core::private_file::{self, Protection};
use sdk_core::secret::Secret;
use serde_json::{Map, Number, Value};

use crate::client::{Client, ClientBuilder};
use crate::codes;

/// The usual name of the file (spec, "A complete runtime loop").
pub const STATE_FILE: &str = ".bot-state.json";

const TOKEN: &str = "token";
const BASE: &str = "api_base";
const JOINED: &str = "last_bot_game_join_attempt_at";
/// Larger is no file of ours.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// `.bot-state.json`: the bot's token and when it joined last, in the form of the platform's example bots.
///
/// It is replaced as a whole (a crash leaves the old content or the new, never a part), and its owner alone may read it.
/// Fields of others in it are kept. A file that is broken, or is no bot's state, is never overwritten: it is reported with
/// [`STATE_FILE_FOREIGN`](codes::STATE_FILE_FOREIGN), and whoever wants it gone removes it.
///
/// ```no_run
/// use kriegspiel_sdk::runner::{STATE_FILE, StateFile};
/// use kriegspiel_sdk::sdk_core::env::Env;
///
/// # fn example() -> kriegspiel_sdk::Result<()> {
/// let file = StateFile::open(STATE_FILE)?;
/// // KRIEGSPIEL_BOT_TOKEN beats the file.
/// let client = file.client(&Env::read()?)?.build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StateFile {
    path: PathBuf,
    fields: Map<String, Value>,
    protection: Option<Protection>,
}

impl StateFile {
    /// Reads the file. One that is not there is an empty state; it is written when there is something to keep.
    ///
    /// # Errors
    /// [`STATE_FILE_FOREIGN`](codes::STATE_FILE_FOREIGN) when the file is broken, or is no bot's state;
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when it cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let unreadable = |cause: std::io::Error| {
            Error::new(&sdk_core::error::codes::LOCAL_IO, format!("{} cannot be read", path.display()))
                .with_field("path")
                .with_source(cause)
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                return Ok(Self { path, fields: Map::new(), protection: None });
            }
            Err(cause) => return Err(unreadable(cause)),
        };
        let protection = Protection::of(&file).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.len() > MAX_BYTES {
            return Err(foreign(&path, "it is too large"));
        }
        let text = fs::read(&path).map_err(unreadable)?;
        let fields = read(&text).map_err(|why| foreign(&path, why))?;
        if protection == Protection::Open {
            tracing::warn!(path = %path.display(), "others may read the bot's state file, which can hold its token");
        }
        Ok(Self { path, fields, protection: Some(protection) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who could read it when it was opened. `None`: it was not there.
    pub fn protection(&self) -> Option<Protection> {
        self.protection
    }

    /// The bot's token, where it is in the file.
    pub fn token(&self) -> Option<Secret> {
        self.fields.get(TOKEN).and_then(Value::as_str).filter(|token| !token.is_empty()).map(Secret::new)
    }

    /// When the bot joined another bot's game last, by this machine's clock.
    pub fn last_join(&self) -> Option<SystemTime> {
        let seconds = self.fields.get(JOINED).and_then(Value::as_f64)?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// A field of the file that this crate does not use.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|_| name != TOKEN)
    }

    /// A client of the environment's host, with its token (`KRIEGSPIEL_BOT_TOKEN`) or else the file's.
    ///
    /// # Errors
    /// [`INVALID_ENV`](sdk_core::error::codes::INVALID_ENV) when there is neither, or no host is named;
    /// [`STATE_FILE_FOREIGN`](codes::STATE_FILE_FOREIGN) when the file's token is wanted and belongs to another host.
    pub fn client(&self, env: &Env) -> Result<ClientBuilder> {
        match self.token().filter(|_| env.get("KRIEGSPIEL_BOT_TOKEN").is_none()) {
            None => Client::builder_from_env(env),
            Some(token) => {
                let builder = Client::builder(token).base_from_env(env)?;
                self.check_host(&builder.clone().build()?)?;
                Ok(builder)
            }
        }
    }

    /// Refuses a client of another host than the one whose state this is: neither the token nor the joins are its.
    ///
    /// # Errors
    /// [`STATE_FILE_FOREIGN`](codes::STATE_FILE_FOREIGN).
    pub fn check_host(&self, client: &Client) -> Result<()> {
        match self.fields.get(BASE).and_then(Value::as_str) {
            Some(base) if base != client.shown_url() => {
                Err(foreign(&self.path, "it is a bot's of another host"))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a token that was just given, before it is used.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn store_token(&mut self, client: &Client, token: &Secret) -> Result<()> {
        self.fields.insert(TOKEN.to_owned(), token.expose().into());
        self.fields.insert(BASE.to_owned(), client.shown_url().into());
        self.save()
    }

    /// Keeps when the bot joined last.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn store_join(&mut self, at: SystemTime) -> Result<()> {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let Some(seconds) = Number::from_f64(since.as_secs_f64()) else { return Ok(()) };
        self.fields.insert(JOINED.to_owned(), Value::Number(seconds));
        self.save()
    }

    /// Writes the file as a whole.
    ///
    /// # Errors
    /// [`STATE_FILE_FOREIGN`](codes::STATE_FILE_FOREIGN) when what stands there now is no bot's state any more;
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when it cannot be written. The old content is there then.
    pub fn save(&self) -> Result<()> {
        // Somebody may have put another file there since it was read.
        match fs::read(&self.path) {
            Ok(text) => {
                read(&text).map_err(|why| foreign(&self.path, why))?;
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) => {
                let message = format!("{} cannot be read", self.path.display());
                return Err(Error::new(&sdk_core::error::codes::LOCAL_IO, message)
                    .with_field("path")
                    .with_source(cause));
            }
        }
        let mut text = serde_json::to_vec_pretty(&self.fields).unwrap_or_default();
        text.push(b'\n');
        private_file::replace(&self.path, &text)
    }
}

/// The fields of a bot's state, or why it is none.
fn read(text: &[u8]) -> Result<Map<String, Value>, &'static str> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(text) else {
        return Err("it is no JSON object");
    };
    let is = |name: &str, check: fn(&Value) -> bool| {
        fields.get(name).is_none_or(|value| value.is_null() || check(value))
    };
    if !is(TOKEN, Value::is_string) || !is(BASE, Value::is_string) || !is(JOINED, Value::is_number) {
        return Err("a field of it has another type");
    }
    if !fields.is_empty() && ![TOKEN, BASE, JOINED].iter().any(|name| fields.contains_key(*name)) {
        return Err("it is the state of something else");
    }
    Ok(fields)
}

fn foreign(path: &Path, why: &str) -> Error {
    let message = format!("{} is not this bot's state file ({why}); it is left as it is", path.display());
    Error::new(&codes::STATE_FILE_FOREIGN, message).with_field("path")
}

impl fmt::Debug for StateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateFile")
            .field("path", &self.path)
            .field("has_token", &self.token().is_some())
            .field("last_join", &self.last_join())
            .finish_non_exhaustive()
    }
}
