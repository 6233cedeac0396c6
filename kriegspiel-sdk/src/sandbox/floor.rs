//! The platform, shared by everything that runs: requests, and the task that keeps its time.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sdk_core::clock::{Clock, Instant};
use tokio::sync::Notify;

use super::platform::Platform;

pub(super) struct Floor {
    clock: Clock,
    platform: Mutex<Platform>,
    sooner: Notify,
}

impl Floor {
    pub(super) fn new(platform: Platform, clock: Clock) -> Self {
        Self { clock, platform: Mutex::new(platform), sooner: Notify::new() }
    }

    /// Does something to the platform now, after everything that was due before.
    pub(super) fn act<T>(&self, deed: impl FnOnce(&mut Platform, Instant) -> T) -> T {
        let mut platform = self.lock();
        let before = platform.next_deadline();
        let now = self.clock.now();
        platform.on_time(now);
        let result = deed(&mut platform, now);
        let after = platform.next_deadline();
        drop(platform);
        if after != before {
            self.sooner.notify_one();
        }
        result
    }

    /// Does what is due when it is due, for ever.
    pub(super) async fn keep_time(&self) {
        loop {
            let next = self.lock().next_deadline();
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = sleep_until(&self.clock, next) => {}
            }
            self.act(|_, _| ());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sleep_until(clock: &Clock, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").field("clock", &self.clock).finish_non_exhaustive()
    }
}
