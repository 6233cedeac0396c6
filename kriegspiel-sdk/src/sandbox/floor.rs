//! The platform, shared by everything that runs: requests, and the task that keeps its time.

use sdk_core::clock::{Clock, Instant};
use sdk_core::sandbox::{Timed as _, Timekeeper};

use super::platform::Platform;

#[derive(Debug)]
pub(super) struct Floor(Timekeeper<Platform>);

impl Floor {
    pub(super) fn new(platform: Platform, clock: Clock) -> Self {
        Self(Timekeeper::new(platform, clock))
    }

    /// Does something to the platform now, after everything that was due before.
    pub(super) fn act<T>(&self, deed: impl FnOnce(&mut Platform, Instant) -> T) -> T {
        self.0.act(|platform, now| {
            platform.on_time(now);
            deed(platform, now)
        })
    }

    /// Does what is due when it is due, for ever.
    pub(super) async fn keep_time(&self) {
        self.0.keep_time().await;
    }
}
