//! A platform's state, shared by everything that runs: connections, requests, and the task that keeps its time.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::clock::{Clock, Instant};

/// A state in which things happen by themselves when their time comes.
pub trait Timed {
    /// When the next of them is due.
    fn next_deadline(&self) -> Option<Instant>;

    /// Does what is due.
    fn on_time(&mut self, now: Instant);

    /// Hands out what came of a deed. By default there is nothing to hand out.
    fn deliver(&mut self) {}
}

/// A [`Timed`] state with its clock. Whoever acts on it has it alone, and what is due is done by
/// [`keep_time`](Self::keep_time), which one task runs.
pub struct Timekeeper<T> {
    clock: Clock,
    state: Mutex<T>,
    sooner: Notify,
}

impl<T: Timed> Timekeeper<T> {
    /// A state on a clock.
    pub fn new(state: T, clock: Clock) -> Self {
        Self { clock, state: Mutex::new(state), sooner: Notify::new() }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Does something to the state now, and delivers what comes of it.
    pub fn act<R>(&self, deed: impl FnOnce(&mut T, Instant) -> R) -> R {
        let mut state = self.lock();
        let before = state.next_deadline();
        let result = deed(&mut state, self.clock.now());
        state.deliver();
        let after = state.next_deadline();
        drop(state);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.notify_one();
        }
        result
    }

    /// Does what is due when it is due, for ever.
    ///
    /// # Cancel safety
    /// Dropping the future stops the time; what was due is done when it runs again.
    pub async fn keep_time(&self) {
        loop {
            let next = self.lock().next_deadline();
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = sleep_until(&self.clock, next) => {}
            }
            self.act(T::on_time);
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // A platform has no half-done state that a panic elsewhere could leave behind and a later caller could notice.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sleep_until(clock: &Clock, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl<T> fmt::Debug for Timekeeper<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timekeeper").field("clock", &self.clock).finish_non_exhaustive()
    }
}
