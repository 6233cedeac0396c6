//! Settings from the environment, with a `.env` file beside the bot as the second choice.
//!
//! Nothing is written into the process's environment: a bot's key does not reach the programs that it starts.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use crate::error::{Error, Result, codes};

/// What the environment, or else a `.env` file, says.
///
/// ```
/// use sdk_core::env::Env;
///
/// let env = Env::from_text("# my bot\nexport BOTPIT_API_KEY=\"bp_live_1\"\nEMPTY=\n");
/// assert_eq!(env.get("BOTPIT_API_KEY").as_deref(), Some("bp_live_1"));
/// assert_eq!(env.get("EMPTY"), None);
/// ```
#[derive(Clone, Default)]
pub struct Env {
    file: HashMap<String, String>,
    process: bool,
}

impl Env {
    /// The process's environment, and the `.env` file of the working directory where there is one. The environment wins.
    ///
    /// # Errors
    /// [`codes::LOCAL_IO`] when there is such a file and it cannot be read.
    pub fn read() -> Result<Self> {
        let path = Path::new(".env");
        let file = match std::fs::read_to_string(path) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => {
                return Err(Error::new(&codes::LOCAL_IO, "the .env file cannot be read").with_source(error));
            }
        };
        Ok(Self { file, process: true })
    }

    /// The text of a `.env` file alone, without the process's environment: for tests and other sources.
    pub fn from_text(text: &str) -> Self {
        Self { file: parse(text), process: false }
    }

    /// A variable's value. An empty one counts as not there, in either place.
    pub fn get(&self, name: &str) -> Option<String> {
        let process = if self.process { std::env::var(name).ok() } else { None };
        let is_set = |value: &String| !value.trim().is_empty();
        process.filter(is_set).or_else(|| self.file.get(name).cloned().filter(is_set))
    }

    /// The first of these variables that is there, with its name: for settings that platforms name in their own way.
    ///
    /// ```
    /// use sdk_core::env::Env;
    ///
    /// let env = Env::from_text("KRIEGSPIEL_BOT_TOKEN=t");
    /// let found = env.first(&["KRIEGSPIEL_API_KEY", "KRIEGSPIEL_BOT_TOKEN"]);
    /// assert_eq!(found, Some(("KRIEGSPIEL_BOT_TOKEN", "t".to_owned())));
    /// ```
    pub fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, String)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// [`codes::INVALID_ENV`], naming it.
    pub fn require(&self, name: &str) -> Result<String> {
        self.get(name).ok_or_else(|| {
            Error::new(
                &codes::INVALID_ENV,
                format!("{name} is not set, neither in the environment nor in .env"),
            )
            .with_field(name)
        })
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.file.keys().collect();
        names.sort_unstable();
        f.debug_struct("Env").field("file", &names).finish_non_exhaustive()
    }
}

fn parse(text: &str) -> HashMap<String, String> {
    text.lines().filter_map(parse_line).collect()
}

/// `NAME=value`, with `export` in front, quotes around and a comment behind, as shells take it.
fn parse_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split(quote).next());
    let value = match quoted('"').or_else(|| quoted('\'')) {
        Some(inside) => inside,
        None => value.split(" #").next().unwrap_or_default().trim_end(),
    };
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_shells_write_them() {
        let env = Env::from_text(
            "A=1\n export B = two words # a comment\nC=\"x # y\" # z\nD='it'\n# E=5\nF\n=G\nH I=2\nJ=a#b\r\n",
        );
        for (name, value) in [
            ("A", Some("1")),
            ("B", Some("two words")),
            ("C", Some("x # y")),
            ("D", Some("it")),
            ("E", None),
            ("F", None),
            ("", None),
            ("H I", None),
            ("J", Some("a#b")),
        ] {
            assert_eq!(env.get(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_values_never_print() {
        let env = Env::from_text("KEY=s3cr3t");
        assert_eq!(env.require("OTHER").unwrap_err().field(), Some("OTHER"));
        assert!(!format!("{env:?}").contains("s3cr3t"));
    }
}
