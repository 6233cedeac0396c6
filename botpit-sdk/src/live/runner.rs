//! Drives a handler on the connection's own task: in place when it is quick, aside when it is not, in order per match.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Either;
use sdk_core::clock::Instant;
use sdk_core::dispatch::{Dispatched, Dispatcher, caught};
use sdk_core::error::Result;
use sdk_core::socket::{Consumer, Driver, InboxEvent};
use tokio_util::sync::CancellationToken;

use super::event::{Event, Turn};
use super::handle::Handle;
use super::handler::{EventHandler, call, is_heard};
use super::ledger::TurnId;
use super::move_data::MoveData;
use super::session::Session;
use crate::model::MatchId;

/// How many events of one match may wait behind the one that its handler works at. Beyond it, new ones that the bot can do
/// without are dropped, and the handler is told how many (`Event::Lagged`).
const WAITING: usize = 1_024;
/// How many events that it cannot do without may wait in all. Beyond it they are dropped and told in the same way; a turn
/// that is dropped expires, which is told as well.
const WAITING_AT_MOST: usize = 4 * WAITING;

/// What runs in order: a match, or everything that belongs to none.
type Key = Option<MatchId>;

/// What a handler's run came to.
enum Done {
    /// A turn was decided.
    Decided(MatchId, TurnId, Result<MoveData>),
    /// The turn's time was over before the handler had decided.
    RanOut(MatchId, TurnId),
    /// A callback ran to its end, or the match ended first.
    Nothing,
    /// A callback panicked.
    Failed(sdk_core::Error),
}

/// How a turn ended.
enum TurnEnd {
    Decided(Result<MoveData>),
    RanOut,
    MatchOver,
}

struct Runner<F: Future<Output = Done>, S: Fn(Event) -> F> {
    start: S,
    is_heard: fn(&Event) -> bool,
    dispatcher: Dispatcher<Key, Event, F>,
    /// How many events were dropped and not told yet, by what they belong to.
    lagged: Vec<(Key, u64)>,
}

/// A runner for a handler. The future's type is the compiler's, so it is made here.
///
/// That future is made and moved once an event, so it is kept small: nothing in it is there twice.
pub(crate) fn runner<H: EventHandler>(handler: H, bot: Handle) -> impl Consumer<Session> {
    let shared = Arc::new((handler, bot));
    let start = move |event: Event| match event {
        Event::YourTurn(turn) => {
            let (match_id, id) = (turn.match_id.clone(), turn.id);
            Either::Left(caught(decide(shared.clone(), turn)).map(move |end| match end {
                Ok(TurnEnd::Decided(decision)) => Done::Decided(match_id, id, decision),
                Ok(TurnEnd::RanOut) => Done::RanOut(match_id, id),
                Ok(TurnEnd::MatchOver) => Done::Nothing,
                Err(panic) => Done::Decided(match_id, id, Err(panic)),
            }))
        }
        event => {
            let is_report = matches!(event, Event::HandlerFailed(_));
            Either::Right(caught(call(shared.clone(), event)).map(move |called| match called {
                Ok(()) => Done::Nothing,
                // A report that fails is not reported in its turn: that would go on for ever.
                Err(error) if is_report => {
                    tracing::error!(error = %error, "the callback that reports failures failed");
                    Done::Nothing
                }
                Err(error) => Done::Failed(error),
            }))
        }
    };
    let dispatcher = Dispatcher::new(WAITING_AT_MOST);
    Runner { start, is_heard: is_heard::<H>, dispatcher, lagged: Vec::new() }
}

async fn decide<H: EventHandler>(shared: Arc<(H, Handle)>, turn: Turn) -> TurnEnd {
    let (handler, bot) = &*shared;
    let (deadline, over) = (turn.deadline, turn.over.clone());
    let mut decision = pin!(handler.on_your_turn(bot, turn));
    let mut end = None;
    poll_fn(|cx| {
        if let Poll::Ready(decision) = decision.as_mut().poll(cx) {
            return Poll::Ready(TurnEnd::Decided(decision));
        }
        // Only a handler that is not ready at once pays for this.
        end.get_or_insert_with(|| Box::pin(end_of_turn(over.clone(), deadline))).as_mut().poll(cx)
    })
    .await
}

async fn end_of_turn(over: Arc<CancellationToken>, deadline: Instant) -> TurnEnd {
    tokio::select! {
        biased;
        () = over.cancelled() => TurnEnd::MatchOver,
        () = tokio::time::sleep_until(deadline) => TurnEnd::RanOut,
    }
}

impl<F, S> Runner<F, S>
where
    F: Future<Output = Done>,
    S: Fn(Event) -> F,
{
    fn run(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        if !(self.is_heard)(&event) {
            return;
        }
        let key = event.match_id().cloned();
        if event.is_droppable() && self.dispatcher.waiting(&key) >= WAITING {
            self.drop_one(key);
            return;
        }
        match self.dispatcher.dispatch(cx, key, event, &self.start) {
            Dispatched::Done(done) => finished(done, driver),
            Dispatched::Deferred => {}
            Dispatched::Full(event) => self.drop_one(event.match_id().cloned()),
        }
    }

    fn drop_one(&mut self, key: Key) {
        if let Some((_, dropped)) = self.lagged.iter_mut().find(|(lagged, _)| *lagged == key) {
            *dropped += 1;
            return;
        }
        tracing::warn!("the bot does not keep up: events are dropped");
        self.lagged.push((key, 1)); // at most one for each match that is open
    }

    /// Tells a match's own worker what it missed, one such event at a time: a bot that lags must not be kept busy with the
    /// news that it does.
    fn tell_lagged(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        let mut at = 0;
        while let Some((key, dropped)) = self.lagged.get(at) {
            if self.dispatcher.waiting(key) > 0 {
                at += 1;
                continue;
            }
            let event = Event::Lagged { dropped: *dropped, match_id: key.clone() };
            self.lagged.swap_remove(at);
            self.run(event, driver, cx);
        }
    }
}

fn finished(done: Done, driver: &mut Driver<Session>) {
    match done {
        Done::Decided(match_id, turn, decision) => {
            driver.act(|session, cx| session.answer(&match_id, turn, decision, cx));
        }
        Done::RanOut(match_id, turn) => {
            driver.act(|session, cx| session.ran_out(&match_id, turn, cx));
        }
        Done::Failed(error) => {
            tracing::error!(error = %error, "a callback failed");
            driver.act(|_, cx| cx.emit(Event::HandlerFailed(error)));
        }
        Done::Nothing => {}
    }
}

impl<F, S> Consumer<Session> for Runner<F, S>
where
    F: Future<Output = Done> + Send,
    S: Fn(Event) -> F + Send + Unpin,
{
    fn on_event(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        self.run(event, driver, cx);
    }

    fn poll(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        while let Poll::Ready((_, done)) = self.dispatcher.poll_next(cx, &self.start) {
            finished(done, driver);
        }
        if !self.lagged.is_empty() {
            self.tell_lagged(driver, cx);
        }
    }

    fn is_idle(&self) -> bool {
        self.dispatcher.running() == 0
    }
}
