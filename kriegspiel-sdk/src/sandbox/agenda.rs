//! What is due when.

use std::collections::BTreeMap;

use sdk_core::clock::Instant;

/// Events in the future, in order; those of the same instant in the order of their making. An event that no longer
/// applies when it is due is passed over by who set it.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BTreeMap<(Instant, u64), T>,
    made: u64,
}

impl<T> Agenda<T> {
    pub(super) const fn new() -> Self {
        Self { entries: BTreeMap::new(), made: 0 }
    }

    pub(super) fn set(&mut self, at: Instant, event: T) {
        self.made += 1;
        self.entries.insert((at, self.made), event);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The earliest event that is due at `now`, and when it was due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}
