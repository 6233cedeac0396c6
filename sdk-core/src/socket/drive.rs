//! The loop that polls a driver, takes commands, and feeds a consumer.

use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::{Duration, Instant as WallInstant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::driver::{Driver, Step};
use super::protocol::Protocol;
use crate::error::Result;
use crate::shutdown::{Phase, Shutdown};

/// What takes a driver's events: an [`Inbox`](super::Inbox), or a bot's handler polled in place.
pub trait Consumer<P: Protocol>: Send + Unpin {
    /// An event. It must be taken without waiting.
    fn on_event(&mut self, event: P::Event, driver: &mut Driver<P>, cx: &mut task::Context<'_>);

    /// Advances whatever the consumer has under way; called whenever the task wakes.
    fn poll(&mut self, driver: &mut Driver<P>, cx: &mut task::Context<'_>) {
        let _ = (driver, cx);
    }

    /// Whether nothing is under way, so that a draining connection can close and an ended one can return.
    fn is_idle(&self) -> bool {
        true
    }

    /// No event comes any more.
    fn on_end(&mut self, outcome: &Result<()>) {
        let _ = outcome;
    }
}

/// A connection's whole life as one future: spawn it, or await it. It ends with `Ok` when the bot closed or drained it,
/// or the server ended the session in good order, and with the final error otherwise.
///
/// Dropping it drops the socket at once, without a close frame; ask for [`Shutdown::stop`] or drop every command sender
/// to close in good order.
pub struct Drive<P: Protocol, C> {
    driver: Driver<P>,
    consumer: C,
    commands: mpsc::Receiver<P::Command>,
    commands_open: bool,
    // In a set of its own, so that it is looked at only when it was woken.
    phases: FuturesUnordered<BoxFuture<'static, (watch::Receiver<Phase>, Phase)>>,
    phase: Phase,
    ended: Option<Result<()>>,
    /// How long handlers that still run may go on: after the end, or when nothing else is left to drain.
    grace: Option<Pin<Box<tokio::time::Sleep>>>,
    /// A drain has come to its end, and the close was asked for.
    drained: bool,
    /// The last round told that the bot blocks. The bot hears of it in the next round, which is not measured: a bot that
    /// takes long over that news would otherwise be told of it for ever.
    told_blocked: bool,
}

/// While there is more to read, the thread's other tasks wait for so long at most. A visit to the runtime costs as much as
/// several frames.
const READS_FOR: Duration = Duration::from_millis(1);
/// At most so many commands are taken in a row.
const COMMANDS_IN_A_ROW: u32 = 64;

impl<P: Protocol, C: Consumer<P>> Drive<P, C> {
    /// Joins the parts. When every sender of `commands` is gone, the connection closes.
    pub fn new(
        driver: Driver<P>,
        consumer: C,
        commands: mpsc::Receiver<P::Command>,
        shutdown: &Shutdown,
    ) -> Self {
        let phases = FuturesUnordered::new();
        phases.push(next_phase(shutdown.subscribe(), Phase::Running));
        Self {
            driver,
            consumer,
            commands,
            commands_open: true,
            phases,
            phase: Phase::Running,
            ended: None,
            grace: None,
            drained: false,
            told_blocked: false,
        }
    }

    fn poll_events(&mut self, cx: &mut task::Context<'_>) {
        while self.ended.is_none() {
            match self.driver.poll_step(cx) {
                Poll::Ready(Step::Event(event)) => self.consumer.on_event(event, &mut self.driver, cx),
                Poll::Ready(Step::Ended(outcome)) => {
                    // Whoever asks for something from now on learns at once that it is over.
                    self.commands.close();
                    while self.commands.try_recv().is_ok() {}
                    self.grace = None;
                    self.consumer.on_end(&outcome);
                    self.ended = Some(outcome);
                }
                Poll::Pending => return,
            }
        }
    }

    /// Whether anything was done that may have given the driver work.
    fn poll_commands(&mut self, cx: &mut task::Context<'_>) -> bool {
        let mut busy = false;
        for _ in 0..COMMANDS_IN_A_ROW {
            if !self.commands_open {
                break;
            }
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => {
                    busy = true;
                    self.driver.act(|protocol, cx| protocol.on_command(command, cx));
                }
                Poll::Ready(None) => {
                    busy = true;
                    self.commands_open = false;
                    self.driver.close();
                }
                Poll::Pending => return busy,
            }
        }
        if self.commands_open {
            cx.waker().wake_by_ref();
        }
        busy
    }

    /// Whether a draining connection has nothing left to wait for. A handler that does not end holds it up only for as
    /// long as handlers may go on after the end.
    fn has_drained(&mut self, cx: &mut task::Context<'_>) -> bool {
        if self.phase != Phase::Draining || self.drained {
            return false;
        }
        if !self.driver.protocol().is_idle() {
            self.grace = None;
            return false;
        }
        self.consumer.is_idle() || self.poll_grace(cx).is_ready()
    }

    fn poll_grace(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let finish = self.driver.options().finish_timeout;
        self.grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(finish))).as_mut().poll(cx)
    }

    fn poll_phase(&mut self, cx: &mut task::Context<'_>) -> bool {
        let Poll::Ready(Some((receiver, phase))) = self.phases.poll_next_unpin(cx) else { return false };
        self.phases.push(next_phase(receiver, phase));
        self.phase = phase;
        match phase {
            Phase::Running => {}
            Phase::Draining => self.driver.act(|protocol, cx| protocol.on_drain(cx)),
            Phase::Stopping => self.driver.close(),
        }
        true
    }
}

fn next_phase(
    mut receiver: watch::Receiver<Phase>,
    known: Phase,
) -> BoxFuture<'static, (watch::Receiver<Phase>, Phase)> {
    Box::pin(async move {
        match receiver.wait_for(|phase| *phase != known).await.map(|phase| *phase) {
            Ok(phase) => (receiver, phase),
            // Nobody is left who could ask for a shutdown.
            Err(_) => std::future::pending().await,
        }
    })
}

// Nothing is pinned in place: whatever needs it is boxed.
impl<P: Protocol, C> Unpin for Drive<P, C> {}

impl<P: Protocol, C: Consumer<P>> Future for Drive<P, C> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // The thread's own time: a paused or scaled clock does not see a handler that blocks.
        let began = WallInstant::now();
        this.driver.begin_round();
        loop {
            this.poll_events(cx);
            this.consumer.poll(&mut this.driver, cx);
            if this.ended.is_some() {
                break;
            }
            let busy = this.poll_commands(cx) | this.poll_phase(cx);
            if this.has_drained(cx) {
                this.drained = true;
                this.driver.close();
            } else if this.driver.has_more() && began.elapsed() < READS_FOR {
                this.driver.begin_round();
            } else if !busy && !this.driver.is_touched() {
                break;
            }
        }
        let took = began.elapsed();
        let blocked = took > this.driver.options().block_notice && this.ended.is_none();
        if blocked && !this.told_blocked {
            this.driver.blocked(took);
            cx.waker().wake_by_ref();
        }
        this.told_blocked = blocked && !this.told_blocked;
        if let Some(outcome) = this.ended.take() {
            if this.consumer.is_idle() || this.poll_grace(cx).is_ready() {
                return Poll::Ready(outcome);
            }
            this.ended = Some(outcome);
        } else if this.driver.has_more() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<P: Protocol, C> fmt::Debug for Drive<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive")
            .field("driver", &self.driver)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
