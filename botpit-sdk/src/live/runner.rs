//! Drives a handler on the connection's own task: in place when it is quick, aside when it is not, in order per match.

use std::sync::Arc;
use std::task::{Context, Poll};

use sdk_core::dispatch::{Dispatched, Dispatcher, caught};
use sdk_core::error::Result;
use sdk_core::socket::{Consumer, Driver, InboxEvent};

use super::event::Event;
use super::handle::Handle;
use super::handler::{EventHandler, call};
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
    Decided(TurnId, Result<MoveData>),
    /// The turn's time was over before the handler had decided.
    RanOut(TurnId),
    /// A callback ran to its end, or the match ended first.
    Nothing,
    /// A callback panicked.
    Failed(sdk_core::Error),
}

struct Runner<F: Future<Output = Done>, S: Fn(Event) -> F> {
    start: S,
    dispatcher: Dispatcher<Key, Event, F>,
    lagged: u64,
}

/// A runner for a handler. The future's type is the compiler's, so it is made here.
pub(crate) fn runner<H: EventHandler>(handler: H, bot: Handle) -> impl Consumer<Session> {
    let shared = Arc::new((handler, bot));
    let start = move |event: Event| {
        let shared = shared.clone();
        async move {
            let (handler, bot) = &*shared;
            let Event::YourTurn(turn) = event else {
                let is_report = matches!(event, Event::HandlerFailed(_));
                return match caught(call(handler, bot, event)).await {
                    Ok(()) => Done::Nothing,
                    // A report that fails is not reported in its turn: that would go on for ever.
                    Err(error) if is_report => {
                        tracing::error!(error = %error, "the callback that reports failures failed");
                        Done::Nothing
                    }
                    Err(error) => Done::Failed(error),
                };
            };
            let (id, deadline, over) = (turn.id, turn.deadline, turn.over.clone());
            let decision = caught(handler.on_your_turn(bot, turn));
            // Only a handler that is not ready at once pays for the other two.
            tokio::select! {
                biased;
                decision = decision => Done::Decided(id, decision.and_then(|decision| decision)),
                () = over.cancelled() => Done::Nothing,
                () = tokio::time::sleep_until(deadline) => Done::RanOut(id),
            }
        }
    };
    Runner { start, dispatcher: Dispatcher::new(WAITING_AT_MOST), lagged: 0 }
}

impl<F, S> Runner<F, S>
where
    F: Future<Output = Done>,
    S: Fn(Event) -> F,
{
    fn run(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        let key = event.match_id().cloned();
        if event.is_droppable() && self.dispatcher.waiting(&key) >= WAITING {
            self.drop_one();
            return;
        }
        match self.dispatcher.dispatch(cx, key.clone(), event, &self.start) {
            Dispatched::Done(done) => finished(key, done, driver),
            Dispatched::Deferred => {}
            Dispatched::Full(_) => self.drop_one(),
        }
    }

    fn drop_one(&mut self) {
        if self.lagged == 0 {
            tracing::warn!("the bot does not keep up: events are dropped");
        }
        self.lagged += 1;
    }
}

fn finished(key: Key, done: Done, driver: &mut Driver<Session>) {
    match (key, done) {
        (Some(match_id), Done::Decided(turn, decision)) => {
            driver.act(|session, cx| session.answer(&match_id, turn, decision, cx));
        }
        (Some(match_id), Done::RanOut(turn)) => {
            driver.act(|session, cx| session.ran_out(&match_id, turn, cx));
        }
        (_, Done::Failed(error)) => {
            tracing::error!(error = %error, "a callback failed");
            driver.act(|_, cx| cx.emit(Event::HandlerFailed(error)));
        }
        _ => {}
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
        while let Poll::Ready((key, done)) = self.dispatcher.poll_next(cx, &self.start) {
            finished(key, done, driver);
        }
        // One such event at a time: a bot that lags must not be kept busy with the news that it does.
        if self.lagged > 0 && self.dispatcher.waiting(&None) == 0 {
            let dropped = std::mem::take(&mut self.lagged);
            self.run(Event::Lagged { dropped }, driver, cx);
        }
    }

    fn is_idle(&self) -> bool {
        self.dispatcher.running() == 0
    }
}
