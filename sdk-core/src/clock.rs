//! Real, scaled and paused time behind one type.
//!
//! A sandbox, and a client built for a sandbox in its own process, share one [`Clock`], so that matches, deadlines and
//! pacing scale together. Pure state machines take a [`Instant`] as an argument and never ask for the time themselves.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::clock::Clock;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let clock = Clock::paused();
//! let start = clock.now();
//! let sleeper = tokio::spawn({
//!     let clock = clock.clone();
//!     async move { clock.sleep(Duration::from_secs(3600)).await }
//! });
//! tokio::task::yield_now().await;
//! clock.advance(Duration::from_secs(3600));
//! sleeper.await.unwrap();
//! assert_eq!(clock.now() - start, Duration::from_secs(3600));
//! # });
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
pub use tokio::time::Instant;

/// Where time comes from. Cheap to clone; clones share the same time.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

enum Source {
    Real,
    Scaled { speed: f64, origin: Instant, system_origin: SystemTime },
    Paused { origin: Instant, system_origin: SystemTime, elapsed: watch::Sender<Duration> },
}

/// The largest speed of a scaled clock.
pub const MAX_SPEED: f64 = 1_000_000.0;

impl Clock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self(Arc::new(Source::Real))
    }

    /// Time that runs `speed` times as fast as the machine's. A speed that is not a positive number counts as 1, and at
    /// most [`MAX_SPEED`] is taken.
    pub fn scaled(speed: f64) -> Self {
        if speed == 1.0 || !speed.is_finite() || speed <= 0.0 {
            return Self::real();
        }
        let speed = speed.min(MAX_SPEED);
        Self(Arc::new(Source::Scaled { speed, origin: Instant::now(), system_origin: SystemTime::now() }))
    }

    /// Time that stands still until [`Clock::advance`] moves it.
    pub fn paused() -> Self {
        Self(Arc::new(Source::Paused {
            origin: Instant::now(),
            system_origin: SystemTime::now(),
            elapsed: watch::Sender::new(Duration::ZERO),
        }))
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        match &*self.0 {
            Source::Real => Instant::now(),
            Source::Scaled { speed, origin, .. } => *origin + origin.elapsed().mul_f64(*speed),
            Source::Paused { origin, elapsed, .. } => *origin + *elapsed.borrow(),
        }
    }

    /// The wall clock, moved along with [`Clock::now`]: for timestamps on the wire.
    pub fn system_now(&self) -> SystemTime {
        match &*self.0 {
            Source::Real => SystemTime::now(),
            Source::Scaled { speed, origin, system_origin } => {
                *system_origin + origin.elapsed().mul_f64(*speed)
            }
            Source::Paused { system_origin, elapsed, .. } => *system_origin + *elapsed.borrow(),
        }
    }

    /// Waits for a span of this clock's time.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the wait.
    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now() + span).await;
    }

    /// Waits until this clock shows `deadline`.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the wait.
    pub async fn sleep_until(&self, deadline: Instant) {
        match &*self.0 {
            Source::Real => tokio::time::sleep_until(deadline).await,
            Source::Scaled { .. } => {
                tokio::time::sleep(self.real_span(deadline.saturating_duration_since(self.now()))).await;
            }
            Source::Paused { origin, elapsed, .. } => {
                let mut elapsed = elapsed.subscribe();
                // The sender lives in `self`, so waiting ends only by reaching the deadline.
                let _ = elapsed.wait_for(|elapsed| *origin + *elapsed >= deadline).await;
            }
        }
    }

    /// The machine time that a span of this clock takes: what a client on the other side of a wire will live through.
    /// A paused clock gives the span itself.
    pub fn real_span(&self, span: Duration) -> Duration {
        match &*self.0 {
            Source::Scaled { speed, .. } => span.div_f64(*speed),
            Source::Real | Source::Paused { .. } => span,
        }
    }

    /// The span of this clock that passes during a machine time: the inverse of [`Clock::real_span`].
    pub fn scaled_span(&self, real: Duration) -> Duration {
        match &*self.0 {
            Source::Scaled { speed, .. } => real.mul_f64(*speed),
            Source::Real | Source::Paused { .. } => real,
        }
    }

    /// Moves a paused clock on. Without effect on the others.
    pub fn advance(&self, span: Duration) {
        if let Source::Paused { elapsed, .. } = &*self.0 {
            elapsed.send_modify(|elapsed| *elapsed += span);
        }
    }

    /// How many times as fast as the machine's time it runs: 1 when real, 0 when paused.
    pub fn speed(&self) -> f64 {
        match &*self.0 {
            Source::Real => 1.0,
            Source::Scaled { speed, .. } => *speed,
            Source::Paused { .. } => 0.0,
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Real => f.write_str("Clock::real"),
            Source::Scaled { speed, .. } => write!(f, "Clock::scaled({speed})"),
            Source::Paused { elapsed, .. } => write!(f, "Clock::paused({:?})", *elapsed.borrow()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_runs_faster_and_sleeps_shorter() {
        let clock = Clock::scaled(60.0);
        let (start, real_start) = (clock.now(), Instant::now());
        clock.sleep(Duration::from_secs(60)).await;
        assert!(clock.now() - start >= Duration::from_secs(60));
        assert!(real_start.elapsed() < Duration::from_millis(1_010), "{:?}", real_start.elapsed());
        assert_eq!(clock.real_span(Duration::from_secs(60)), Duration::from_secs(1));
        assert_eq!(clock.scaled_span(Duration::from_secs(1)), Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_moves_only_when_told() {
        let clock = Clock::paused();
        let mut sleep = tokio_test_pending(clock.sleep(Duration::from_secs(10)));
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        assert!(futures_util::poll!(sleep.as_mut()).is_pending());
        clock.advance(Duration::from_millis(9_999));
        assert!(futures_util::poll!(sleep.as_mut()).is_pending());
        clock.advance(Duration::from_millis(1));
        assert!(futures_util::poll!(sleep.as_mut()).is_ready());
    }

    fn tokio_test_pending<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
        Box::pin(future)
    }

    #[test]
    fn a_speed_that_is_no_speed_counts_as_one() {
        for speed in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Clock::scaled(speed).speed(), 1.0);
        }
        assert_eq!(Clock::scaled(1e12).speed(), MAX_SPEED);
    }
}
