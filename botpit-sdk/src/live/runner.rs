//! Drives a handler on the connection's own task: in place when it is quick, aside when it is not, in order per match.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use sdk_core::dispatch::{Dispatched, Dispatcher, Outcome};
use sdk_core::error::Result;
use sdk_core::socket::{Consumer, Driver};

use super::event::{Event, Turn};
use super::handle::Handle;
use super::handler::{EventHandler, call, panicked};
use super::ledger::TurnId;
use super::move_data::MoveData;
use super::session::Session;
use crate::model::MatchId;

/// How many events of one match may wait behind the one that its handler works at. Beyond it the newest is dropped, and
/// the handler is told how many (`Event::Lagged`). A turn that is dropped this way expires, which is told as well.
const WAITING: usize = 1_024;

/// What runs in order: a match, or everything that belongs to none.
type Key = Option<MatchId>;
type Decision = (Option<TurnId>, Option<Result<MoveData>>);

pub(crate) struct Runner<F: Future<Output = Decision>, S: Fn(Event) -> F> {
    start: S,
    dispatcher: Dispatcher<Key, Event, F>,
    /// The turns that are being worked at aside.
    thinking: HashMap<MatchId, TurnId>,
    lagged: u64,
}

/// A runner for a handler. The future's type is the compiler's, so it is made here.
pub(crate) fn runner<H: EventHandler>(handler: H, bot: Handle) -> impl Consumer<Session> {
    let shared = Arc::new((handler, bot));
    let start = move |event: Event| {
        let shared = shared.clone();
        async move {
            let turn = match &event {
                Event::YourTurn(turn) => Some(turn.id),
                _ => None,
            };
            let (handler, bot) = &*shared;
            (turn, call(handler, bot, event).await)
        }
    };
    Runner { start, dispatcher: Dispatcher::new(WAITING), thinking: HashMap::new(), lagged: 0 }
}

impl<F, S> Runner<F, S>
where
    F: Future<Output = Decision>,
    S: Fn(Event) -> F,
{
    fn run(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        let key = event.match_id().cloned();
        let turn = match &event {
            Event::YourTurn(Turn { id, .. }) => Some(*id),
            _ => None,
        };
        match self.dispatcher.dispatch(cx, key.clone(), event, &self.start) {
            Dispatched::Done(outcome) => self.finished(&key, turn, outcome, driver),
            Dispatched::Deferred => {
                if let (Some(match_id), Some(turn)) = (key, turn) {
                    self.thinking.insert(match_id, turn);
                }
            }
            Dispatched::Full(_) => {
                if self.lagged == 0 {
                    tracing::warn!("the bot does not keep up: events are dropped");
                }
                self.lagged += 1;
            }
        }
    }

    fn finished(
        &mut self,
        key: &Key,
        turn: Option<TurnId>,
        outcome: Outcome<Decision>,
        driver: &mut Driver<Session>,
    ) {
        let (turn, decision) = match outcome {
            Outcome::Finished(decision) => decision,
            Outcome::Panicked(message) => {
                let error = panicked(&message);
                tracing::error!(error = %error, "the handler panicked");
                (turn.or_else(|| self.thinking_turn(key)), Some(Err(error)))
            }
        };
        match (key, turn, decision) {
            (Some(match_id), Some(turn), Some(decision)) => {
                driver.act(|session, cx| session.answer(match_id, turn, decision, cx));
            }
            (_, _, Some(Err(error))) => driver.act(|_, cx| cx.emit(Event::HandlerFailed(error))),
            _ => {}
        }
    }

    fn thinking_turn(&self, key: &Key) -> Option<TurnId> {
        self.thinking.get(key.as_ref()?).copied()
    }

    /// Drops the work on a turn whose answer has become worthless.
    fn forget_turn(&mut self, match_id: &MatchId) {
        if self.thinking.remove(match_id).is_some() {
            self.dispatcher.cancel_running(&Some(match_id.clone()), &self.start);
        }
    }
}

impl<F, S> Consumer<Session> for Runner<F, S>
where
    F: Future<Output = Decision> + Send,
    S: Fn(Event) -> F + Send + Unpin,
{
    fn on_event(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        if !self.thinking.is_empty() {
            match &event {
                Event::GameOver(over) => self.forget_turn(&over.match_id.clone()),
                Event::TurnExpired { match_id, .. } | Event::MatchLost { match_id } => {
                    self.forget_turn(&match_id.clone());
                }
                _ => {}
            }
        }
        self.run(event, driver, cx);
    }

    fn poll(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        while let Poll::Ready((key, outcome)) = self.dispatcher.poll_next(cx, &self.start) {
            self.finished(&key, None, outcome, driver);
            if let Some(match_id) = &key {
                let open = self.thinking.get(match_id).copied();
                if open.is_some_and(|turn| !driver.protocol().is_turn_open(match_id, turn)) {
                    self.thinking.remove(match_id);
                }
            }
        }
        if self.lagged > 0 && self.dispatcher.waiting(&None) == 0 {
            let dropped = std::mem::take(&mut self.lagged);
            self.run(Event::Lagged { dropped }, driver, cx);
        }
    }

    fn is_idle(&self) -> bool {
        self.dispatcher.running() == 0
    }

    fn on_end(&mut self, _: &Result<()>) {
        // The connection is over: no answer to a turn can be sent any more.
        let open: Vec<MatchId> = self.thinking.keys().cloned().collect();
        open.iter().for_each(|match_id| self.forget_turn(match_id));
    }
}

impl<F: Future<Output = Decision>, S: Fn(Event) -> F> std::fmt::Debug for Runner<F, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}
