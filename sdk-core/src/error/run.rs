//! Why a run ended in failure, and what it had done until then.

use std::fmt;

use super::Error;

/// Why a run of many matches or games ended in failure, together with its summary until then: what cost or brought something
/// is not lost with the connection.
///
/// `?` makes an [`Error`] of it in a function that returns one, and the summary is let go.
#[derive(Debug, Clone)]
pub struct RunError<S> {
    error: Error,
    summary: Box<S>,
}

impl<S> RunError<S> {
    /// An error, and the summary of what was done before.
    pub fn new(error: Error, summary: S) -> Self {
        Self { error, summary: Box::new(summary) }
    }

    /// Why it ended.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What was done until then. Where nothing was, it counts nothing.
    pub fn summary(&self) -> &S {
        &self.summary
    }

    /// Both.
    pub fn into_parts(self) -> (Error, S) {
        (self.error, *self.summary)
    }
}

impl<S> From<RunError<S>> for Error {
    fn from(ended: RunError<S>) -> Self {
        ended.error
    }
}

/// The error's own words.
impl<S> fmt::Display for RunError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S: fmt::Debug> std::error::Error for RunError<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
