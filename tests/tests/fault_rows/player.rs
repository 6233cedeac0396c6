//! A bot that plays rock paper scissors through either front door, and remembers all that it was told.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use botpit_sdk::games::rps::Choice;
use botpit_sdk::model::{GameType, MatchId};
use botpit_sdk::{
    Client, Connected, Event, EventHandler, GameOver, GameStart, Handle, LateMove, MatchFound, MoveData,
    OpponentMoved, QueueJoined, QueueLeft, QueueUpdate, Reconnecting, Result, RoundResult, Turn,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sdk_core::error::Error;
use tokio::time::Instant;

/// Which way into the crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// `connect()`: a handle and a stream of events.
    Stream,
    /// `run(handler)`.
    Handler,
}

impl Door {
    pub(crate) const BOTH: [Self; 2] = [Self::Stream, Self::Handler];
}

/// What the bot does.
#[derive(Clone)]
pub(crate) struct Plan {
    /// After so many matches it drains; 0: it never queues.
    pub(crate) matches: usize,
    /// How long it thinks: by the number of the question, from 0.
    pub(crate) thinks: Arc<dyn Fn(usize) -> Duration + Send + Sync>,
}

impl Plan {
    /// Plays so many matches, each turn decided at once.
    pub(crate) fn matches(matches: usize) -> Self {
        Self { matches, thinks: Arc::new(|_| Duration::ZERO) }
    }

    pub(crate) fn thinking(mut self, thinks: impl Fn(usize) -> Duration + Send + Sync + 'static) -> Self {
        self.thinks = Arc::new(thinks);
        self
    }
}

/// What a bot was told, and what it did.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Shared>);

#[derive(Default)]
struct Shared {
    events: Mutex<Vec<(Instant, Event)>>,
    calls: Mutex<Vec<(&'static str, Result<()>)>>,
    begun: AtomicUsize,
    asked: AtomicUsize,
    handle: Mutex<Option<Handle>>,
}

impl Seen {
    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<(Instant, Event)>> {
        self.0.events.lock().unwrap()
    }

    /// What `pick` takes from each event, in order.
    pub(crate) fn all<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.events().iter().filter_map(|(_, event)| pick(event)).collect()
    }

    pub(crate) fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events().iter().filter(|(_, event)| is(event)).count()
    }

    /// When each such event came.
    pub(crate) fn times(&self, is: impl Fn(&Event) -> bool) -> Vec<Instant> {
        self.events().iter().filter(|(_, event)| is(event)).map(|(at, _)| *at).collect()
    }

    /// The causes of lost connections and failed dials.
    pub(crate) fn causes(&self) -> Vec<Error> {
        self.all(|event| match event {
            Event::Disconnected { cause } => Some(cause.clone()),
            _ => None,
        })
    }

    /// Their codes.
    pub(crate) fn cause_codes(&self) -> Vec<&'static str> {
        self.causes().iter().map(|cause| cause.code().id()).collect()
    }

    /// The waits before the next dials.
    pub(crate) fn delays(&self) -> Vec<Duration> {
        self.all(|event| match event {
            Event::Reconnecting { delay, .. } => Some(*delay),
            _ => None,
        })
    }

    pub(crate) fn dials(&self) -> usize {
        self.count(|event| matches!(event, Event::Connecting { .. }))
    }

    pub(crate) fn reconnects(&self) -> usize {
        self.count(|event| matches!(event, Event::Connected(connected) if connected.is_reconnect))
    }

    pub(crate) fn finished(&self) -> usize {
        self.count(|event| matches!(event, Event::GameOver(_)))
    }

    /// How often the bot was asked for a move.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// The handle that the bot has. It is there as soon as the first event was.
    pub(crate) fn handle(&self) -> Handle {
        self.0.handle.lock().unwrap().clone().expect("the bot has heard something")
    }

    pub(crate) fn keep(&self, handle: &Handle) {
        self.0.handle.lock().unwrap().get_or_insert_with(|| handle.clone());
    }

    /// Lets the handle go, so that it keeps no connection open.
    pub(crate) fn let_go(&self) {
        self.0.handle.lock().unwrap().take();
    }

    pub(crate) fn note(&self, event: Event) {
        self.events().push((Instant::now(), event));
    }

    /// Every call began and ended once.
    pub(crate) fn check_calls(&self) {
        let ended = self.0.calls.lock().unwrap().len();
        assert_eq!(self.0.begun.load(Ordering::Relaxed), ended, "a call has no end: {self:?}");
    }

    /// Waits for an event.
    pub(crate) async fn wait_for(&self, what: &str, is: impl Fn(&Event) -> bool) {
        let waiting = async {
            while self.count(&is) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let limit = Duration::from_secs(1_800);
        assert!(tokio::time::timeout(limit, waiting).await.is_ok(), "{what} never came: {self:?}");
    }

    async fn call(&self, name: &'static str, call: impl Future<Output = Result<()>>) {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        let ended = call.await;
        self.0.calls.lock().unwrap().push((name, ended));
    }

    fn next_question(&self) -> usize {
        self.0.asked.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.events();
        let began = events.first().map(|(at, _)| *at);
        for (at, event) in events.iter() {
            let text = format!("{event:?}");
            let short: String = text.chars().take(160).collect();
            writeln!(f, "\n  {:>9.3} s {short}", began.map_or(0.0, |began| (*at - began).as_secs_f64()))?;
        }
        writeln!(f, "  calls: {:?}", self.0.calls.lock().unwrap())
    }
}

/// Plays until the plan is done, or the connection is over for good.
pub(crate) async fn play(door: Door, client: &Client, plan: Plan, seen: &Seen) -> Result<()> {
    let bot = Bot { plan, seen: seen.clone() };
    let outcome = match door {
        Door::Handler => client.run(bot).await,
        Door::Stream => bot.stream(client).await,
    };
    seen.let_go();
    outcome
}

#[derive(Clone)]
struct Bot {
    plan: Plan,
    seen: Seen,
}

/// Every question gets another answer, so that asking twice shows.
fn choice(question: usize) -> Choice {
    [Choice::Rock, Choice::Paper, Choice::Scissors][question % 3]
}

impl Bot {
    async fn stream(self, client: &Client) -> Result<()> {
        let (handle, mut events) = client.connect().await?;
        let mut work: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send + '_>>> =
            FuturesUnordered::new();
        let mut reason = None;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                Some(()) = work.next() => continue,
            };
            let Some(event) = event else { break };
            assert!(reason.is_none(), "{event:?} came after the end");
            self.seen.keep(&handle);
            self.seen.note(event.clone());
            match event {
                Event::Closed { reason: told } => reason = Some(told),
                Event::YourTurn(turn) => {
                    let (handle, bot, question) = (handle.clone(), &self, self.seen.next_question());
                    work.push(Box::pin(async move {
                        tokio::time::sleep((bot.plan.thinks)(question)).await;
                        bot.seen.call("make_move", handle.make_move(&turn, choice(question))).await;
                    }));
                }
                event if self.wants_something(&event) => {
                    let (handle, bot) = (handle.clone(), &self);
                    work.push(Box::pin(async move { bot.after(&handle, &event).await }));
                }
                _ => {}
            }
        }
        // Whatever was begun ends by itself, now that the connection is over, unless it thinks for longer.
        let rest = async { while work.next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
        reason.expect("the last event is Closed").map_or(Ok(()), Err)
    }

    fn wants_something(&self, event: &Event) -> bool {
        matches!(event, Event::Connected(_) | Event::GameOver(_) | Event::MatchLost { .. })
    }

    /// Queues for the first match, queues for the next, or drains after the last.
    async fn after(&self, handle: &Handle, event: &Event) {
        let played = self.seen.count(|event| matches!(event, Event::GameOver(_) | Event::MatchLost { .. }));
        let queue = match event {
            Event::Connected(connected) => !connected.is_reconnect && played < self.plan.matches,
            _ if played >= self.plan.matches => return self.seen.call("drain", handle.drain()).await,
            _ => true,
        };
        if queue {
            let wager = "0.01 SOL".parse().unwrap();
            let joining = async { handle.join_queue(GameType::Rps, wager).await.map(drop) };
            self.seen.call("join_queue", joining).await;
        }
    }

    async fn heard(&self, handle: &Handle, event: Event) {
        self.seen.keep(handle);
        self.seen.note(event.clone());
        if matches!(event, Event::Closed { .. }) {
            self.seen.let_go();
        }
        if self.wants_something(&event) {
            // Callbacks run in order: waiting here would delay what is to be noted.
            let (bot, handle) = (self.clone(), handle.clone());
            tokio::spawn(async move { bot.after(&handle, &event).await });
        }
    }
}

impl EventHandler for Bot {
    async fn on_your_turn(&self, bot: &Handle, turn: Turn) -> Result<MoveData> {
        self.seen.keep(bot);
        self.seen.note(Event::YourTurn(turn));
        let question = self.seen.next_question();
        tokio::time::sleep((self.plan.thinks)(question)).await;
        Ok(choice(question).into())
    }

    async fn on_connected(&self, bot: &Handle, connected: Connected) {
        self.heard(bot, Event::Connected(connected)).await;
    }

    async fn on_disconnect(&self, bot: &Handle, cause: Error) {
        self.heard(bot, Event::Disconnected { cause }).await;
    }

    async fn on_reconnecting(&self, bot: &Handle, reconnecting: Reconnecting) {
        let Reconnecting { attempt, delay, cause, .. } = reconnecting;
        self.heard(bot, Event::Reconnecting { attempt, delay, cause }).await;
    }

    async fn on_queue_joined(&self, bot: &Handle, joined: QueueJoined) {
        self.heard(bot, Event::QueueJoined(joined)).await;
    }

    async fn on_queue_left(&self, bot: &Handle, _: QueueLeft) {
        self.heard(bot, Event::QueueLeft).await;
    }

    async fn on_queue_update(&self, bot: &Handle, update: QueueUpdate) {
        self.heard(bot, Event::QueueUpdate(update)).await;
    }

    async fn on_match_found(&self, bot: &Handle, found: MatchFound) {
        self.heard(bot, Event::MatchFound(found)).await;
    }

    async fn on_game_start(&self, bot: &Handle, start: GameStart) {
        self.heard(bot, Event::GameStart(start)).await;
    }

    async fn on_opponent_moved(&self, bot: &Handle, moved: OpponentMoved) {
        let OpponentMoved { match_id, round, .. } = moved;
        self.heard(bot, Event::OpponentMoved { match_id, round }).await;
    }

    async fn on_round_result(&self, bot: &Handle, result: RoundResult) {
        self.heard(bot, Event::RoundResult(result)).await;
    }

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        self.heard(bot, Event::GameOver(over)).await;
    }

    async fn on_match_lost(&self, bot: &Handle, match_id: MatchId) {
        self.heard(bot, Event::MatchLost { match_id }).await;
    }

    async fn on_late_move(&self, bot: &Handle, late: LateMove) {
        let LateMove { match_id, round, late_by, .. } = late;
        self.heard(bot, Event::MoveNotSent { match_id, round, late_by }).await;
    }

    async fn on_error(&self, bot: &Handle, error: Error) {
        self.heard(bot, Event::Error(error)).await;
    }

    async fn on_decode_error(&self, bot: &Handle, error: Error) {
        self.heard(bot, Event::DecodeError(error)).await;
    }

    async fn on_handler_failed(&self, bot: &Handle, error: Error) {
        self.heard(bot, Event::HandlerFailed(error)).await;
    }

    async fn on_event(&self, bot: &Handle, event: Event) {
        self.heard(bot, event).await;
    }
}
