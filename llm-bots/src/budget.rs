//! What a model may cost a day: a cap on calls and on tokens, kept in a file so that a restart does not begin anew.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// A call that was taken from a budget: what it may cost is set aside until [`Budget::settle`] says what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    day: u64,
    tokens: u64,
}

/// Counts a day's calls and tokens, and refuses what goes beyond. Bots that name the same file share it.
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
        let used = kept(path)?.unwrap_or_default();
        Ok(Self { limits, path: Some(path.to_owned()), used: Mutex::new(used) })
    }

    /// Takes a call from the budget, before it is made, and sets the tokens aside that it may cost: of one that fails, is too
    /// slow or is dropped nobody knows what it has cost, so they stay taken. The last call of a day may go beyond its tokens.
    ///
    /// # Errors
    /// `model_budget_spent` when the day's calls or tokens are used up; [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be
    /// read or written, because a cap that is not kept is none.
    pub fn take_call(&self, now: SystemTime, tokens: u64) -> Result<Reserved> {
        let mut used = self.lock()?;
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
        used.tokens = used.tokens.saturating_add(tokens);
        self.keep(*used)?;
        Ok(Reserved { day: used.day, tokens })
    }

    /// Puts what a call has cost in the place of what was set aside for it.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be read or written.
    pub fn settle(&self, reserved: Reserved, tokens: u64) -> Result<()> {
        let mut used = self.lock()?;
        // A call over midnight stays with the day before, whose figures are gone.
        if used.day == reserved.day {
            used.tokens = used.tokens.saturating_sub(reserved.tokens).saturating_add(tokens);
            self.keep(*used)?;
        }
        Ok(())
    }

    /// The calls and tokens of the day so far.
    pub fn used(&self) -> (u64, u64) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        (used.calls, used.tokens)
    }

    /// What was used by now, by others with the same file too.
    fn lock(&self) -> Result<MutexGuard<'_, Used>> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.path
            && let Some(kept) = kept(path)?
        {
            *used = kept;
        }
        Ok(used)
    }

    fn keep(&self, used: Used) -> Result<()> {
        match &self.path {
            Some(path) => private_file::replace(path, &serde_json::to_vec(&used).unwrap_or_default()),
            None => Ok(()),
        }
    }
}

/// What a file says; `None` where there is none.
fn kept(path: &Path) -> Result<Option<Used>> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|cause| {
            let message = format!("{} is not a budget of ours", path.display());
            Error::new(&codes::DECODE_FAILED, message).with_field("path").with_source(cause)
        }),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => {
            let message = format!("{} cannot be read", path.display());
            Err(Error::new(&codes::LOCAL_IO, message).with_field("path").with_source(cause))
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
        budget.take_call(day(1), 0).unwrap();
        budget.take_call(day(1), 0).unwrap();
        let spent = budget.take_call(day(1), 0).unwrap_err();
        assert_eq!((spent.code().id(), spent.field()), ("model_budget_spent", Some("calls-per-day")));
        assert!(budget.take_call(day(0), 0).is_err(), "a clock that was set back gives nothing");
        budget.take_call(day(2), 0).unwrap();
    }

    #[test]
    fn a_day_has_so_many_tokens() {
        let budget = Budget::in_memory(LIMITS);
        let call = budget.take_call(day(1), 80).unwrap();
        assert_eq!(budget.used(), (1, 80), "what it may cost is set aside");
        budget.settle(call, 30).unwrap();
        assert_eq!(budget.used(), (1, 30));
        let over_midnight = budget.take_call(day(1), 70).unwrap();
        assert_eq!(budget.take_call(day(1), 0).unwrap_err().field(), Some("calls-per-day"));
        let budget = Budget { limits: Limits { calls: 9, ..LIMITS }, ..budget };
        assert_eq!(budget.take_call(day(1), 0).unwrap_err().field(), Some("tokens-per-day"));
        budget.take_call(day(2), 5).unwrap();
        budget.settle(over_midnight, 1).unwrap();
        assert_eq!(budget.used(), (1, 5));
    }

    #[test]
    fn a_restart_does_not_begin_anew_and_another_file_is_left_alone() {
        let path = std::env::temp_dir().join(format!("llm-budget-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let budget = Budget::in_file(LIMITS, &path).unwrap();
        budget.take_call(day(3), 40).unwrap();
        let again = Budget::in_file(LIMITS, &path).unwrap();
        assert_eq!(again.used(), (1, 40));
        again.take_call(day(3), 0).unwrap();
        assert!(again.take_call(day(3), 0).is_err());
        assert!(budget.take_call(day(3), 0).is_err(), "two bots with one file have one budget");

        std::fs::write(&path, "my diary").unwrap();
        assert_eq!(Budget::in_file(LIMITS, &path).unwrap_err().field(), Some("path"));
        assert_eq!(budget.take_call(day(4), 0).unwrap_err().field(), Some("path"));
        assert_eq!(std::fs::read(&path).unwrap(), b"my diary");
        std::fs::remove_file(&path).unwrap();
    }
}
