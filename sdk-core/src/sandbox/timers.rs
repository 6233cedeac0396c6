//! What is due when: events in the future, each of which can be cancelled.

use std::collections::BTreeMap;

use crate::clock::Instant;

/// Names one entry of [`Timers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey(Instant, u64);

/// Events in the future, in order; those of the same instant in the order of their making.
#[derive(Debug)]
pub struct Timers<T> {
    entries: BTreeMap<TimerKey, T>,
    made: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Timers<T> {
    /// Nothing is due.
    pub const fn new() -> Self {
        Self { entries: BTreeMap::new(), made: 0 }
    }

    /// An event that is due at a moment. The key cancels it.
    pub fn set(&mut self, at: Instant, event: T) -> TimerKey {
        self.made += 1;
        let key = TimerKey(at, self.made);
        self.entries.insert(key, event);
        key
    }

    /// Takes an event back. One that has come, or none, is no mistake.
    pub fn cancel(&mut self, key: Option<TimerKey>) {
        if let Some(key) = key {
            self.entries.remove(&key);
        }
    }

    /// When the next event is due.
    pub fn next(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|(key, _)| key.0)
    }

    /// The earliest event that is due at `now`, with the time it was due at.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn events_come_in_order_and_only_when_due() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::new();
        timers.set(at(20), "late");
        timers.set(at(10), "first");
        let cancelled = timers.set(at(10), "cancelled");
        timers.set(at(10), "second");
        timers.cancel(Some(cancelled));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop_due(at(9)), None);
        assert_eq!(timers.pop_due(at(15)), Some((at(10), "first")));
        assert_eq!(timers.pop_due(at(15)), Some((at(10), "second")));
        assert_eq!(timers.pop_due(at(15)), None);
        assert_eq!(timers.next(), Some(at(20)));
    }
}
