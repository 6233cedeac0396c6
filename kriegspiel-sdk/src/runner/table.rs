//! What all games of a run share.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_core::clock::{Clock, Instant};
use sdk_core::dispatch::panicked;
use sdk_core::error::Error;
use sdk_core::limit::TokenBucket;
use tokio::sync::watch;

use super::degraded::{Health, HealthChange, TroubleKind};
use super::event::PlayEvent;
use super::pace::Pace;
use crate::client::Client;

/// What becomes of a game that is being played when the bot must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Leaving {
    /// It is played to its end; asked to stop a second time, it is left as it is, and goes on when the bot comes back.
    #[default]
    Finish,
    /// It is resigned.
    Resign,
}

/// What the games are told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Play.
    Play,
    /// Resign, and end.
    Resign,
    /// Leave the game as it is, and end.
    Leave,
}

pub(super) type OnEvent = Box<dyn FnMut(&PlayEvent) + Send>;

pub(super) struct Table {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) pace: Pace,
    pub(super) think: Option<Duration>,
    pub(super) between_tries: Duration,
    pub(super) order: watch::Sender<Order>,
    budget: Mutex<TokenBucket>,
    health: Mutex<Health>,
    on_event: Mutex<Option<OnEvent>>,
}

impl Table {
    pub(super) fn new(
        client: Client,
        pace: Pace,
        health: Health,
        think: Option<Duration>,
        between_tries: Duration,
        on_event: Option<OnEvent>,
    ) -> Self {
        Self {
            clock: client.clock().clone(),
            budget: Mutex::new(pace.budget()),
            client,
            pace,
            think,
            between_tries,
            order: watch::Sender::new(Order::Play),
            health: Mutex::new(health),
            on_event: Mutex::new(on_event),
        }
    }

    /// Asks for leave to poll. `Err`: how long to wait first.
    pub(super) fn may_poll(&self) -> Result<(), Duration> {
        lock(&self.budget).try_take(self.clock.now())
    }

    /// The platform said to slow down: nobody polls for so long.
    pub(super) fn slow_down(&self, wait: Duration) {
        lock(&self.budget).learn(self.clock.now(), wait);
    }

    /// A call failed.
    pub(super) fn trouble(&self, error: &Error) {
        if let Some(wait) = error.retry_after().filter(|_| error.is_rate_limited()) {
            self.slow_down(wait);
        }
        tracing::warn!(%error, "a call failed");
        self.tell(&PlayEvent::Trouble(Box::new(error.clone())));
        let change = lock(&self.health).trouble(self.clock.now(), &TroubleKind::Platform, &error.to_string());
        self.changed(change);
    }

    /// The strategy failed, and the fallback is played.
    pub(super) fn strategy_failed(&self, what: &str) {
        let change = lock(&self.health).trouble(self.clock.now(), &TroubleKind::Strategy, what);
        self.changed(change);
    }

    /// Something worked.
    pub(super) fn fine(&self) {
        let change = lock(&self.health).fine(self.clock.now());
        self.changed(change);
    }

    /// Why the bot does less now.
    pub(super) fn degraded(&self) -> Option<String> {
        lock(&self.health).why().map(ToOwned::to_owned)
    }

    fn changed(&self, change: Option<HealthChange>) {
        match change {
            Some(HealthChange::Degraded(why)) => {
                tracing::error!(%why, "the bot does less: it creates and joins no games");
                self.tell(&PlayEvent::Degraded(why));
            }
            Some(HealthChange::Recovered) => {
                tracing::info!("the bot is well again");
                self.tell(&PlayEvent::Recovered);
            }
            None => {}
        }
    }

    /// Tells whoever listens.
    pub(super) fn tell(&self, event: &PlayEvent) {
        if let Some(on_event) = &mut *lock(&self.on_event) {
            guarded("on_event", || on_event(event));
        }
    }

    /// Waits until the games are told to end.
    pub(super) async fn told_to_end(&self) -> Order {
        let mut order = self.order.subscribe();
        // The sender lives in `self`.
        let order = order.wait_for(|order| *order != Order::Play).await;
        order.map_or(Order::Leave, |order| *order)
    }

    /// Waits, unless the games are told to end.
    pub(super) async fn sleep_until(&self, at: Instant) -> Option<Order> {
        self.or_end(self.clock.sleep_until(at)).await.err()
    }

    /// A future's output, or what the games are told to do instead.
    pub(super) async fn or_end<T>(&self, future: impl Future<Output = T>) -> Result<T, Order> {
        tokio::select! {
            biased;
            order = self.told_to_end() => Err(order),
            output = future => Ok(output),
        }
    }
}

/// Calls the bot's own code. Its panic is told, and ends nothing.
pub(super) fn guarded(what: &str, call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        tracing::error!(error = %panicked(&*payload), "{what} failed");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
