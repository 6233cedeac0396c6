//! Results on stdout, as prose or as JSON lines; notes and errors on stderr.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use botpit_sdk::{Error, PlayError, Summary};
use serde::Serialize;

/// Tells results, in words or as one JSON object a line.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    json: bool,
}

impl Report {
    /// As JSON, or in words.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result under its name: `{"match":{…}}`, or its words below an empty line.
    pub fn result<T: Display + Serialize>(&self, name: &str, value: &T) {
        self.tell(name, value, "\n");
    }

    /// The same without the empty line, for results that are a list.
    pub fn line<T: Display + Serialize>(&self, name: &str, value: &T) {
        self.tell(name, value, "");
    }

    fn tell<T: Display + Serialize>(&self, name: &str, value: &T, before: &str) {
        let line = if self.json {
            // Written as text, so that the fields keep their order.
            let value = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
            format!(r#"{{"{name}":{value}}}"#)
        } else {
            format!("{before}{value}")
        };
        // Nobody reads any more when the pipe is closed; the bot goes on.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// How a run of matches went. Where it ended in failure, what was played before is told too, and the error handed on.
    ///
    /// # Errors
    /// The one that ended it.
    pub fn summary(&self, played: Result<Summary, PlayError>) -> Result<(), Error> {
        match played {
            Ok(summary) => self.result("summary", &summary),
            Err(ended) => {
                let (error, summary) = ended.into_parts();
                if summary.matches > 0 {
                    self.result("summary", &summary);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// A remark for a person.
    pub fn note(&self, words: impl Display) {
        if self.json {
            let _ = writeln!(std::io::stderr().lock(), "{words}");
        } else {
            let _ = writeln!(std::io::stdout().lock(), "{words}");
        }
    }
}

/// A number with its word: `1 match`, `2 matches`.
pub fn counted(number: usize, word: &str, plural: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { plural })
}

/// The end of a starter bot: an error is told in a line or two, with its advice.
pub fn exit(result: Result<(), Error>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(std::io::stderr().lock(), "error: {}\nadvice: {}", error.chain(), error.advice());
    ExitCode::FAILURE
}
