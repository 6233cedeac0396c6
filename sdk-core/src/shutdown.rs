//! Drain on the first Ctrl-C, stop on the second.
//!
//! Every bot of the family stops in the same two steps. Asked *once*, it finishes the match in progress and takes no new
//! one. Asked *twice*, it ends now: it waits a bounded time for what is under way, and closes the socket with a close
//! frame. A [`Shutdown`] carries that wish to everybody who must know.
//!
//! ```
//! use sdk_core::shutdown::{Phase, Shutdown};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let shutdown = Shutdown::new();
//! // In a program: `shutdown.on_signals()?;` makes Ctrl-C and SIGTERM call `request`.
//! let bot = tokio::spawn({
//!     let shutdown = shutdown.clone();
//!     async move {
//!         let mut matches = 0;
//!         while shutdown.phase() == Phase::Running {
//!             matches += 1; // play a match …
//!             tokio::task::yield_now().await;
//!         }
//!         matches
//!     }
//! });
//! tokio::task::yield_now().await;
//! assert_eq!(shutdown.request(), Phase::Draining);
//! assert!(bot.await.unwrap() > 0);
//! # });
//! ```

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::error::{Error, Result, codes};

/// How far a shutdown is. It only ever advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Phase {
    /// Nobody asked.
    #[default]
    Running,
    /// Asked once: finish what is in progress, take nothing new.
    Draining,
    /// Asked twice: end now, with a bounded wait and a close frame.
    Stopping,
}

/// The wish to stop. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: watch::Sender<Phase>,
    /// The task that waits for signals, once there is one.
    listener: Mutex<Option<AbortHandle>>,
}

impl Shared {
    /// Lets `next` choose from the phase of now, and returns what it is then. There is no way back.
    fn advance(&self, next: impl FnOnce(Phase) -> Phase) -> Phase {
        let mut reached = Phase::Running;
        self.phase.send_if_modified(|phase| {
            let before = *phase;
            *phase = before.max(next(before));
            reached = *phase;
            reached != before
        });
        reached
    }

    fn request(&self) -> Phase {
        self.advance(|phase| if phase == Phase::Running { Phase::Draining } else { Phase::Stopping })
    }
}

impl Shutdown {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to finish what is in progress and to take nothing new. Nothing changes if that was asked already.
    pub fn drain(&self) {
        self.0.advance(|_| Phase::Draining);
    }

    /// Asks to end now. Nothing changes if that was asked already.
    pub fn stop(&self) {
        self.0.advance(|_| Phase::Stopping);
    }

    /// Asks once more, as each Ctrl-C does: the first time drains, the second time stops. Returns the phase that this
    /// leads to.
    pub fn request(&self) -> Phase {
        self.0.request()
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// Waits until it drains, or stops.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until it stops.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn stopping(&self) {
        self.reached(Phase::Stopping).await;
    }

    async fn reached(&self, wanted: Phase) {
        // The sender lives in `self`, so this ends only by reaching the phase.
        let _ = self.subscribe().wait_for(|phase| *phase >= wanted).await;
    }

    /// The phase as a channel, for a loop that waits for other things too. It closes when the last clone is gone: from
    /// then on nobody can ask.
    pub fn subscribe(&self) -> watch::Receiver<Phase> {
        self.0.phase.subscribe()
    }

    /// Calls [`Shutdown::request`] at each Ctrl-C, and on unix at each SIGTERM too (a container's or service manager's
    /// wish to stop). Asked for twice, it listens once.
    ///
    /// A task of the current runtime listens. It ends when the shutdown stops, and when the last clone is gone. From the
    /// first call on, and for the rest of the process, these signals no longer end it by themselves: after the second
    /// one, ending in bounded time is up to the program.
    ///
    /// # Errors
    /// [`LOCAL_IO`](codes::LOCAL_IO) when the operating system refuses the handlers, when it has no such signals, and
    /// outside a tokio runtime.
    ///
    /// # Panics
    /// In a tokio runtime that was built without `enable_io`.
    pub fn on_signals(&self) -> Result<()> {
        let failed = |error: io::Error| {
            Error::new(&codes::LOCAL_IO, "cannot listen for Ctrl-C and SIGTERM").with_source(error)
        };
        let runtime = Handle::try_current().map_err(|error| failed(io::Error::other(error)))?;
        let mut listener = self.0.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_some_and(|task| !task.is_finished()) {
            return Ok(());
        }
        let signals = Signals::install().map_err(failed)?;
        *listener =
            Some(runtime.spawn(listen(signals, Arc::downgrade(&self.0), self.subscribe())).abort_handle());
        Ok(())
    }
}

/// Turns signals into requests, for as long as somebody can care.
async fn listen(mut signals: Signals, shared: std::sync::Weak<Shared>, mut phase: watch::Receiver<Phase>) {
    loop {
        let over = async {
            // An error means that the last clone is gone.
            let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
        };
        tokio::select! {
            biased;
            () = over => return,
            () = signals.next() => {}
        }
        if let Some(shared) = shared.upgrade() {
            shared.request();
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn install() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(any(unix, windows)))]
struct Signals;

#[cfg(not(any(unix, windows)))]
impl Signals {
    fn install() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;

    use super::*;

    #[test]
    fn once_drains_and_twice_stops() {
        let shutdown = Shutdown::new();
        assert_eq!(shutdown.phase(), Phase::Running);
        assert_eq!(shutdown.clone().request(), Phase::Draining);
        assert_eq!(shutdown.phase(), Phase::Draining);
        assert_eq!(shutdown.request(), Phase::Stopping);
        assert_eq!(shutdown.request(), Phase::Stopping);
    }

    #[test]
    fn there_is_no_way_back() {
        let shutdown = Shutdown::new();
        shutdown.drain();
        shutdown.drain();
        assert_eq!(shutdown.phase(), Phase::Draining, "the same wish twice is one wish");
        shutdown.stop();
        shutdown.drain();
        assert_eq!(shutdown.phase(), Phase::Stopping);
    }

    #[tokio::test]
    async fn everybody_who_waits_learns_it_whenever_they_come() {
        let shutdown = Shutdown::new();
        let (mut draining, mut stopping) = (Box::pin(shutdown.draining()), Box::pin(shutdown.stopping()));
        assert!(poll!(&mut draining).is_pending() && poll!(&mut stopping).is_pending());
        shutdown.request();
        assert!(poll!(&mut draining).is_ready() && poll!(&mut stopping).is_pending());
        shutdown.request();
        assert!(poll!(&mut stopping).is_ready());
        shutdown.draining().await;
        shutdown.stopping().await;

        let at_once = Shutdown::new();
        at_once.stop();
        at_once.draining().await;
    }

    #[tokio::test]
    async fn a_subscriber_sees_each_phase_and_then_the_end() {
        let shutdown = Shutdown::new();
        let mut phase = shutdown.subscribe();
        shutdown.drain();
        phase.changed().await.unwrap();
        assert_eq!(*phase.borrow_and_update(), Phase::Draining);
        shutdown.drain();
        assert!(!phase.has_changed().unwrap(), "no news is not sent");
        drop(shutdown);
        assert!(phase.changed().await.is_err());
    }

    #[test]
    fn outside_a_runtime_listening_is_a_typed_error() {
        let error = Shutdown::new().on_signals().unwrap_err();
        assert_eq!(error.code(), &codes::LOCAL_IO);
        assert!(std::error::Error::source(&error).is_some());
    }

    async fn no_task_is_left() {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        tokio::time::timeout(Duration::from_secs(5), async {
            while tasks() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the listener outlives what it listens for");
    }

    #[tokio::test]
    async fn the_listener_ends_with_the_last_clone_and_when_all_is_said() {
        let shutdown = Shutdown::new();
        shutdown.on_signals().unwrap();
        let phase = shutdown.subscribe();
        drop(shutdown.clone());
        tokio::task::yield_now().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
        drop(shutdown);
        no_task_is_left().await;
        drop(phase);

        let stopped = Shutdown::new();
        stopped.on_signals().unwrap();
        stopped.stop();
        no_task_is_left().await;
        stopped.on_signals().unwrap();
        no_task_is_left().await;
    }

    /// The one test that sends real signals to this process: two of them would hear each other's.
    #[cfg(unix)]
    #[tokio::test]
    async fn real_signals_are_requests_and_listening_twice_counts_each_once() {
        let raise = |signal: &str| {
            let kill = format!("kill -{signal} {}", std::process::id());
            let status = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
            assert!(status.success());
        };
        let shutdown = Shutdown::new();
        shutdown.on_signals().unwrap();
        shutdown.on_signals().unwrap();
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);

        raise("INT");
        tokio::time::timeout(Duration::from_secs(5), shutdown.draining()).await.expect("Ctrl-C drains");
        assert_eq!(shutdown.phase(), Phase::Draining);
        raise("TERM");
        tokio::time::timeout(Duration::from_secs(5), shutdown.stopping()).await.expect("SIGTERM stops");
        no_task_is_left().await;
    }
}
