//! What a model may cost a day: a cap on calls and on tokens, kept in a file so that a restart does not begin anew.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk_core::error::{Code, Error, ErrorKind, Result, codes};
use sdk_core::private_file;
use serde::{Deserialize, Serialize};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A day's calls or tokens are used up.
pub(crate) static BUDGET_SPENT: Code = Code::new(
    "model_budget_spent",
    ErrorKind::Misuse,
    "the day's budget for the language model is spent",
    "wait until tomorrow (UTC), or raise --calls-per-day or --tokens-per-day",
);

/// The most that a day may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls of a model a day.
    pub calls: u64,
    /// Tokens a day, of questions and answers together. A provider's price is by the token, so this caps the cost.
    pub tokens: u64,
}

/// What was used of a day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Used {
    day: u64,
    calls: u64,
    tokens: u64,
}

/// Counts a day's calls and tokens, and refuses what goes beyond.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    path: Option<PathBuf>,
    used: Mutex<Used>,
}

impl Budget {
    /// A budget that is kept in memory.
    pub fn in_memory(limits: Limits) -> Self {
        Self { limits, path: None, used: Mutex::default() }
    }

    /// A budget that is kept in a file, its owner's alone, which is made when it is not there.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be read; [`DECODE_FAILED`](codes::DECODE_FAILED) when it is another
    /// file: it is not overwritten.
    pub fn in_file(limits: Limits, path: &Path) -> Result<Self> {
        let used = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|cause| {
                let message = format!("{} is not a budget of ours", path.display());
                Error::new(&codes::DECODE_FAILED, message).with_field("path").with_source(cause)
            })?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Used::default(),
            Err(cause) => {
                let message = format!("{} cannot be read", path.display());
                return Err(Error::new(&codes::LOCAL_IO, message).with_field("path").with_source(cause));
            }
        };
        Ok(Self { limits, path: Some(path.to_owned()), used: Mutex::new(used) })
    }

    /// Takes a call from the budget, before it is made: of one that fails nobody knows what it has cost.
    ///
    /// # Errors
    /// `model_budget_spent` when the day's calls or tokens are used up; [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be
    /// written, because a cap that is not kept is none.
    pub fn take_call(&self, now: SystemTime) -> Result<()> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY.as_secs();
        // A clock that was set back does not give a new day.
        if today > used.day {
            *used = Used { day: today, ..Used::default() };
        }
        for (field, spent, limit) in [
            ("calls-per-day", used.calls, self.limits.calls),
            ("tokens-per-day", used.tokens, self.limits.tokens),
        ] {
            if spent >= limit {
                let message = format!("{spent} of {limit} are used: --{field}");
                return Err(Error::new(&BUDGET_SPENT, message).with_field(field));
            }
        }
        used.calls += 1;
        self.keep(*used)
    }

    /// Adds what a call has cost.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be written.
    pub fn add_tokens(&self, tokens: u64) -> Result<()> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.tokens = used.tokens.saturating_add(tokens);
        self.keep(*used)
    }

    /// The calls and tokens of the day so far.
    pub fn used(&self) -> (u64, u64) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        (used.calls, used.tokens)
    }

    fn keep(&self, used: Used) -> Result<()> {
        match &self.path {
            Some(path) => private_file::replace(path, &serde_json::to_vec(&used).unwrap_or_default()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { calls: 2, tokens: 100 };

    fn day(number: u64) -> SystemTime {
        UNIX_EPOCH + DAY * u32::try_from(number).unwrap() + Duration::from_secs(60)
    }

    #[test]
    fn a_day_has_so_many_calls_and_the_next_day_has_them_again() {
        let budget = Budget::in_memory(LIMITS);
        budget.take_call(day(1)).unwrap();
        budget.take_call(day(1)).unwrap();
        let spent = budget.take_call(day(1)).unwrap_err();
        assert_eq!((spent.code().id(), spent.field()), ("model_budget_spent", Some("calls-per-day")));
        assert!(budget.take_call(day(0)).is_err(), "a clock that was set back gives nothing");
        budget.take_call(day(2)).unwrap();
    }

    #[test]
    fn a_day_has_so_many_tokens() {
        let budget = Budget::in_memory(LIMITS);
        budget.take_call(day(1)).unwrap();
        budget.add_tokens(100).unwrap();
        assert_eq!(budget.take_call(day(1)).unwrap_err().field(), Some("tokens-per-day"));
        assert_eq!(budget.used(), (1, 100));
    }

    #[test]
    fn a_restart_does_not_begin_anew_and_another_file_is_left_alone() {
        let path = std::env::temp_dir().join(format!("llm-budget-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let budget = Budget::in_file(LIMITS, &path).unwrap();
        budget.take_call(day(3)).unwrap();
        budget.add_tokens(40).unwrap();
        let again = Budget::in_file(LIMITS, &path).unwrap();
        assert_eq!(again.used(), (1, 40));
        again.take_call(day(3)).unwrap();
        assert!(again.take_call(day(3)).is_err());

        std::fs::write(&path, "my diary").unwrap();
        assert_eq!(Budget::in_file(LIMITS, &path).unwrap_err().field(), Some("path"));
        assert_eq!(std::fs::read(&path).unwrap(), b"my diary");
        std::fs::remove_file(&path).unwrap();
    }
}
