//! What the soak of every platform shares: how fast things happen, and what is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How fast things happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long a bot waits for its next match.
    pub(crate) between_matches: Duration,
    /// How long a match of BotOrNot is.
    pub(crate) chat: Duration,
    /// How long it plays before it is measured, as a part of the span.
    pub(crate) warm_up: f64,
    /// The shortest and the longest time between two faults.
    pub(crate) faults: (Duration, Duration),
    /// Into how many parts the span is divided. In each there is a match.
    pub(crate) parts: usize,
    /// How much more the last part may have than the second.
    pub(crate) slack: Slack,
}

/// What is no growth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slack {
    /// So much memory, however small the program is.
    pub(crate) kib: u64,
    /// So many files or tasks.
    pub(crate) handles: u64,
}

impl Pace {
    /// About ten matches an hour, and four faults.
    pub(crate) fn virtual_time() -> Self {
        Self {
            between_matches: Duration::from_secs(5 * 60),
            chat: Duration::from_secs(60),
            // Of thirty days: forty. A client of BOTPIT keeps the last 10,000 commitments, which takes 37 days.
            warm_up: 4.0 / 3.0,
            faults: (Duration::from_secs(5 * 60), Duration::from_secs(25 * 60)),
            parts: 30,
            slack: Slack { kib: 0, handles: 0 },
        }
    }

    /// Matches and faults every few seconds.
    pub(crate) fn real() -> Self {
        Self {
            between_matches: Duration::from_millis(500),
            chat: Duration::from_secs(4),
            warm_up: 0.2,
            faults: (Duration::from_secs(5), Duration::from_secs(30)),
            // A game of Kriegspiel takes a minute, and half of the time a fault is being lived through.
            parts: 3,
            slack: Slack { kib: 1_024, handles: 2 },
        }
    }
}

/// One soak. Clones share what is counted.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) pace: Pace,
    pub(crate) seed: u64,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    matches: AtomicU64,
    faults: AtomicU64,
    restarts: AtomicU64,
    duplicated: Mutex<Vec<String>>,
}

impl Scene {
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        Self { pace, seed, counts: Arc::default() }
    }

    /// A match (a game, a conversation) was played to its end.
    pub(crate) fn played(&self) {
        self.counts.matches.fetch_add(1, Ordering::Relaxed);
    }

    /// A bot ended with a final refusal, and was started again, as a service manager would.
    pub(crate) fn restarted(&self) {
        self.counts.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// So many faults have happened in all.
    pub(crate) fn injected(&self, faults: u64) {
        self.counts.faults.store(faults, Ordering::Relaxed);
    }

    /// Something happened twice in the sandbox's books.
    pub(crate) fn duplicated(&self, what: String) {
        let mut duplicated = self.list();
        if duplicated.len() < 10 && !duplicated.contains(&what) {
            duplicated.push(what);
        }
    }

    pub(crate) fn matches(&self) -> u64 {
        self.counts.matches.load(Ordering::Relaxed)
    }

    pub(crate) fn faults(&self) -> u64 {
        self.counts.faults.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.counts.restarts.load(Ordering::Relaxed)
    }

    pub(crate) fn duplicates(&self) -> Vec<String> {
        self.list().clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<String>> {
        self.counts.duplicated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
