//! Results on stdout, as prose or as JSON lines; notes and errors on stderr.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use botpit_sdk::Error;
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
        let line = if self.json {
            // Written as text, so that the fields keep their order.
            let value = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
            format!(r#"{{"{name}":{value}}}"#)
        } else {
            format!("\n{value}")
        };
        // Nobody reads any more when the pipe is closed; the bot goes on.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
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

/// The end of a starter bot: an error is told in a line or two, with its advice.
pub fn exit(result: Result<(), Error>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(std::io::stderr().lock(), "error: {}\nadvice: {}", error.chain(), error.advice());
    ExitCode::FAILURE
}
