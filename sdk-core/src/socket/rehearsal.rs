//! A protocol on a stage without a socket.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::options::SocketOptions;
use super::protocol::{Context, Dial, Lifecycle, Protocol, Shared, Verdict, Wanted};
use crate::error::{Error, Result};
use crate::wire::Text;

/// Plays a [`Protocol`] through frames, commands and losses of a script, with neither socket nor driver, and collects
/// what it sends and tells. For tests of a protocol's state: on a paused clock nothing takes time, and any interleaving
/// is a few lines.
///
/// It does to the protocol what [`Driver`](super::Driver) does, in the same order, except that it never dials by itself:
/// there is no backoff, no heartbeat, and no [`Lifecycle::Waiting`].
///
/// ```
/// # use bytes::Bytes;
/// # use sdk_core::error::Result;
/// use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Rehearsal};
/// use sdk_core::wire::Text;
///
/// /// Says back what it hears.
/// struct Parrot;
///
/// impl Protocol for Parrot {
///     type Event = Text;
///     type Command = ();
///     fn on_text(&mut self, text: Text, cx: &mut Context<'_, Text>) {
///         let _ = cx.send(text.clone());
///         cx.emit(text);
///     }
/// #   fn dial(&mut self) -> Result<Dial> {
/// #       Ok(Dial { url: "ws://127.0.0.1".parse().unwrap(), headers: Default::default(), greeting: None, secrets: vec![] })
/// #   }
/// #   fn on_binary(&mut self, _: Bytes, _: &mut Context<'_, Text>) {}
/// #   fn on_command(&mut self, _: (), _: &mut Context<'_, Text>) {}
/// #   fn on_lifecycle(&mut self, _: Lifecycle<'_>, _: &mut Context<'_, Text>) {}
///     // …
/// }
///
/// let mut stage = Rehearsal::new(Parrot);
/// stage.connect().unwrap();
/// stage.hear("hello");
/// assert_eq!(stage.events(), [Text::from("hello")]);
/// assert_eq!(stage.written(), [Text::from("hello")]);
/// ```
pub struct Rehearsal<P: Protocol> {
    protocol: P,
    shared: Shared<P::Event>,
    written: VecDeque<Text>,
    stalled: bool,
    dials: u32,
    was_ready: bool,
    outcome: Option<Result<()>>,
}

impl<P: Protocol> Rehearsal<P> {
    /// A protocol that is not connected.
    pub fn new(protocol: P) -> Self {
        Self {
            protocol,
            shared: Shared::new(&SocketOptions::default()),
            written: VecDeque::new(),
            stalled: false,
            dials: 0,
            was_ready: false,
            outcome: None,
        }
    }

    /// A dial that succeeds. The greeting is in the returned [`Dial`].
    ///
    /// # Errors
    /// What [`Protocol::dial`] refuses with; it is over then.
    pub fn connect(&mut self) -> Result<Dial> {
        let attempt = self.dials;
        self.dials += 1;
        self.lifecycle(Lifecycle::Connecting { attempt });
        let dial = self.protocol.dial().inspect_err(|error| self.finish(Some(error.clone())))?;
        if self.outcome.is_none() {
            self.shared.opened();
            self.lifecycle(Lifecycle::Opened);
        }
        Ok(dial)
    }

    /// A text frame arrives.
    pub fn hear(&mut self, text: impl Into<Text>) {
        let text = text.into();
        self.act(|protocol, cx| protocol.on_text(text, cx));
    }

    /// The bot asks for something.
    pub fn command(&mut self, command: P::Command) {
        self.act(|protocol, cx| protocol.on_command(command, cx));
    }

    /// The program asks to drain.
    pub fn drain(&mut self) {
        self.act(|protocol, cx| protocol.on_drain(cx));
    }

    /// Lets the protocol act, as [`Driver::act`](super::Driver::act).
    pub fn act<R>(&mut self, f: impl FnOnce(&mut P, &mut Context<'_, P::Event>) -> R) -> R {
        let result = f(&mut self.protocol, &mut Context { shared: &mut self.shared });
        self.settle();
        result
    }

    /// The connection breaks. Says what the protocol made of it, and has ended it if that is final.
    pub fn lose(&mut self, cause: Error) -> Verdict {
        self.shared.gone();
        self.protocol
            .on_lifecycle(Lifecycle::Lost { cause: &cause }, &mut Context { shared: &mut self.shared });
        if !matches!(self.shared.verdict, Some(Wanted::End(_))) {
            self.shared.verdict = None;
        }
        let verdict = self.protocol.classify(&cause, self.was_ready);
        match verdict {
            _ if self.shared.verdict.is_some() => self.settle(),
            Verdict::Fatal => self.finish(Some(cause)),
            Verdict::End => self.finish(None),
            Verdict::Retry { .. } => {}
        }
        verdict
    }

    /// The bot closes it.
    pub fn close(&mut self) {
        self.act(|_, cx| cx.end(None));
    }

    /// From now on the server takes no bytes (`true`), or takes them again: what is sent meanwhile waits to be written.
    pub fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
        self.settle();
    }

    /// Time passes, and each of the protocol's deadlines in it is told at its moment. Meant for tokio's paused clock, which
    /// it moves.
    pub async fn pass(&mut self, span: Duration) {
        let end = Instant::now() + span;
        loop {
            let due = self.protocol.next_deadline().filter(|at| *at <= end && self.outcome.is_none());
            sleep_until(due.unwrap_or(end)).await;
            if due.is_none() {
                return;
            }
            self.act(|protocol, cx| protocol.on_deadline(Instant::now(), cx));
        }
    }

    /// What was told since it was last asked.
    pub fn events(&mut self) -> Vec<P::Event> {
        self.shared.events.drain(..).collect()
    }

    /// What was written since it was last asked, over all connections.
    pub fn written(&mut self) -> Vec<Text> {
        self.written.drain(..).collect()
    }

    /// Whether the connection was accepted and is in use.
    pub fn is_ready(&self) -> bool {
        self.shared.ready
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Result<()>> {
        self.outcome.as_ref()
    }

    /// The protocol.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    fn lifecycle(&mut self, lifecycle: Lifecycle<'_>) {
        self.protocol.on_lifecycle(lifecycle, &mut Context { shared: &mut self.shared });
        self.settle();
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.shared.became_ready) {
            self.was_ready = true;
        }
        if !self.stalled {
            self.write();
        }
        match self.shared.verdict.take() {
            Some(Wanted::Drop(cause)) if self.shared.open => drop(self.lose(cause)),
            Some(Wanted::End(reason)) if self.outcome.is_none() => self.finish(reason),
            _ => {}
        }
    }

    fn write(&mut self) {
        while let Some(outgoing) = self.shared.next_outgoing() {
            let goes = outgoing
                .token
                .is_none_or(|token| self.protocol.on_write(token, &mut Context { shared: &mut self.shared }));
            if goes {
                self.written.push_back(outgoing.text);
            }
        }
    }

    fn finish(&mut self, reason: Option<Error>) {
        self.shared.gone();
        self.protocol.on_lifecycle(
            Lifecycle::Ended { reason: reason.as_ref() },
            &mut Context { shared: &mut self.shared },
        );
        self.shared.over = true;
        self.shared.verdict = None;
        self.outcome = Some(reason.map_or(Ok(()), Err));
    }
}

impl<P: Protocol> fmt::Debug for Rehearsal<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal")
            .field("open", &self.shared.open)
            .field("ready", &self.shared.ready)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
