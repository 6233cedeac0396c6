//! Callbacks with the names of the platform's own SDKs.

use std::any::TypeId;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sdk_core::dispatch::BoxFuture;
use sdk_core::error::{Error, Result};
use sdk_core::own_thread::OwnThread;
use tokio::runtime::Runtime;

use super::event::{
    Challenge, ChallengeAccepted, Connected, Event, GameOver, GameStart, MatchFound, QueueJoined,
    QueueUpdate, RoundResult, Turn,
};
use super::handle::Handle;
use super::move_data::MoveData;
use super::session::Heard;
use crate::fairness::FairnessReport;
use crate::model::{AgentId, ChallengeId, MatchId, TauntId};

macro_rules! callbacks {
    ($($(#[$doc:meta])* $name:ident($arg:ident: $type:ty) in $event:pat => $value:expr;)*) => {
        /// A bot as callbacks. Write plain `async fn`s; only [`on_your_turn`](Self::on_your_turn) must be there.
        ///
        /// Callbacks of one match run one after the other, in the order of its events; different matches run beside each
        /// other. However slow a callback is, the connection goes on. A callback that *blocks its thread* is another thing:
        /// declare it with [`EventHandlerExt::blocking`].
        ///
        /// ```
        /// use botpit_sdk::games::rps::Choice;
        /// use botpit_sdk::{Connected, EventHandler, Handle, MoveData, Result, Turn, model::GameType};
        ///
        /// struct AlwaysRock;
        ///
        /// impl EventHandler for AlwaysRock {
        ///     async fn on_connected(&self, bot: &Handle, connected: Connected) {
        ///         if connected.open_matches.is_empty() && !connected.is_reconnect {
        ///             let _ = bot.join_queue(GameType::Rps, "0.01 SOL".parse().unwrap()).await;
        ///         }
        ///     }
        ///
        ///     async fn on_your_turn(&self, _bot: &Handle, _turn: Turn) -> Result<MoveData> {
        ///         Ok(Choice::Rock.into())
        ///     }
        /// }
        /// ```
        pub trait EventHandler: Send + Sync + 'static {
            /// A move is asked for; the move is the return value. It is sent at most once, and not after the deadline.
            /// An error is reported by [`on_handler_failed`](Self::on_handler_failed), and no move is sent.
            ///
            /// # Cancel safety
            /// The future is dropped when the turn's time is over or its match ends: its answer would be worthless.
            fn on_your_turn(&self, bot: &Handle, turn: Turn) -> impl Future<Output = Result<MoveData>> + Send;

            $(
                $(#[$doc])*
                fn $name(&self, bot: &Handle, $arg: $type) -> impl Future<Output = ()> + Send {
                    let _ = (bot, $arg);
                    LeftOut
                }
            )*

            /// Every event that has no callback of its own, among them those of later versions.
            fn on_event(&self, bot: &Handle, event: Event) -> impl Future<Output = ()> + Send {
                let _ = (bot, event);
                LeftOut
            }
        }

        /// Whether a handler has a callback for an event. The compiler knows the answer for every kind of event.
        #[allow(unused_variables, reason = "only the kind matters, not what is in it")]
        pub(super) fn is_heard<H: EventHandler>(event: &Event) -> bool {
            match event {
                Event::YourTurn(_) => true,
                $($event => is_written(|handler: &'static H, bot: &'static Handle, $arg: $type| handler.$name(bot, $arg)),)*
                _ => is_written(|handler: &'static H, bot: &'static Handle, event: Event| handler.on_event(bot, event)),
            }
        }

        /// Calls the callback of an event that asks for no decision.
        pub(super) async fn call<H: EventHandler>(shared: Arc<(H, Handle)>, event: Event) {
            let (handler, bot) = &*shared;
            match event {
                $($event => handler.$name(bot, $value).await,)*
                other => handler.on_event(bot, other).await,
            }
        }

        /// [`EventHandler`] with boxed futures, so that it can be a trait object.
        trait DynHandler: Send + Sync + 'static {
            fn on_your_turn<'a>(&'a self, bot: &'a Handle, turn: Turn) -> BoxFuture<'a, Result<MoveData>>;
            $(fn $name<'a>(&'a self, bot: &'a Handle, $arg: $type) -> BoxFuture<'a, ()>;)*
            fn on_event<'a>(&'a self, bot: &'a Handle, event: Event) -> BoxFuture<'a, ()>;
        }

        impl<H: EventHandler> DynHandler for H {
            fn on_your_turn<'a>(&'a self, bot: &'a Handle, turn: Turn) -> BoxFuture<'a, Result<MoveData>> {
                Box::pin(EventHandler::on_your_turn(self, bot, turn))
            }
            $(fn $name<'a>(&'a self, bot: &'a Handle, $arg: $type) -> BoxFuture<'a, ()> {
                Box::pin(EventHandler::$name(self, bot, $arg))
            })*
            fn on_event<'a>(&'a self, bot: &'a Handle, event: Event) -> BoxFuture<'a, ()> {
                Box::pin(EventHandler::on_event(self, bot, event))
            }
        }

        impl<H: EventHandler> EventHandler for Blocking<H> {
            async fn on_your_turn(&self, bot: &Handle, turn: Turn) -> Result<MoveData> {
                let decide = move |handler: &H, bot: &Handle, runtime: &Runtime| {
                    runtime.block_on(handler.on_your_turn(bot, turn))
                };
                self.on_thread(bot, decide).await
            }
            $(async fn $name(&self, bot: &Handle, $arg: $type) {
                let run = move |handler: &H, bot: &Handle, runtime: &Runtime| runtime.block_on(handler.$name(bot, $arg));
                self.on_thread(bot, run).await;
            })*
            async fn on_event(&self, bot: &Handle, event: Event) {
                let run = move |handler: &H, bot: &Handle, runtime: &Runtime| runtime.block_on(handler.on_event(bot, event));
                self.on_thread(bot, run).await;
            }
        }

        impl EventHandler for BoxedHandler {
            async fn on_your_turn(&self, bot: &Handle, turn: Turn) -> Result<MoveData> {
                self.0.on_your_turn(bot, turn).await
            }
            $(async fn $name(&self, bot: &Handle, $arg: $type) {
                self.0.$name(bot, $arg).await;
            })*
            async fn on_event(&self, bot: &Handle, event: Event) {
                self.0.on_event(bot, event).await;
            }
        }
    };
}

callbacks! {
    /// Authenticated; again after every reconnect.
    on_connected(connected: Connected) in Event::Connected(connected) => connected;
    /// The connection, or an attempt to make one, is over. The client reconnects by itself.
    on_disconnect(cause: Error) in Event::Disconnected { cause } => cause;
    /// The next dial comes after a wait.
    on_reconnecting(reconnecting: Reconnecting) in Event::Reconnecting { attempt, delay, cause } => Reconnecting { attempt, delay, cause };
    /// A place in the queue.
    on_queue_joined(joined: QueueJoined) in Event::QueueJoined(joined) => joined;
    /// Out of the queue.
    on_queue_left(left: QueueLeft) in Event::QueueLeft => QueueLeft;
    /// How the waiting goes.
    on_queue_update(update: QueueUpdate) in Event::QueueUpdate(update) => update;
    /// An opponent was found.
    on_match_found(found: MatchFound) in Event::MatchFound(found) => found;
    /// The bankroll's guard did not allow the match that was found: it is resigned.
    on_match_refused(refused: MatchRefused) in Event::MatchRefused { match_id, reason } => MatchRefused { match_id, reason };
    /// The match begins.
    on_game_start(start: GameStart) in Event::GameStart(start) => start;
    /// The opponent has moved; what, stays hidden until the round ends.
    on_opponent_moved(moved: OpponentMoved) in Event::OpponentMoved { match_id, round } => OpponentMoved { match_id, round };
    /// A round ended.
    on_round_result(result: RoundResult) in Event::RoundResult(result) => result;
    /// A match that is over was checked against its revealed seed; its `on_game_over` comes next.
    on_fairness(report: Arc<FairnessReport>) in Event::Fairness(report) => report;
    /// The match ended.
    on_game_over(over: GameOver) in Event::GameOver(over) => over;
    /// The platform says nothing more about a match: it is given up for lost. See [`Event::MatchLost`].
    on_match_lost(match_id: MatchId) in Event::MatchLost { match_id } => match_id;
    /// An answer came too late and was not sent, or none came in time.
    on_late_move(late: LateMove) in Event::MoveNotSent { match_id, round, late_by } => LateMove { match_id, round, late_by };
    /// One's own challenge is in the lobby.
    on_challenge_created(challenge: Challenge) in Event::ChallengeCreated(challenge) => challenge;
    /// A challenge was accepted; a match follows.
    on_challenge_accepted(accepted: ChallengeAccepted) in Event::ChallengeAccepted(accepted) => accepted;
    /// A challenge was cancelled; after a reconnect, also one that the lobby no longer shows.
    on_challenge_cancelled(challenge: ChallengeId) in Event::ChallengeCancelled { challenge_id } => challenge_id;
    /// The opponent says something.
    on_taunt_received(taunt: TauntReceived) in Event::TauntReceived { match_id, agent_id, taunt_id, text } => TauntReceived { match_id, agent_id, taunt_id, text };
    /// The platform refused something, or the bankroll's guard did.
    on_error(error: Error) in Event::Error(error) => error;
    /// A message could not be decoded. The connection goes on.
    on_decode_error(error: Error) in Event::DecodeError(error) => error;
    /// One of the bot's own callbacks failed or panicked.
    on_handler_failed(error: Error) in Event::HandlerFailed(error) => error;
}

/// What a callback returns that its handler leaves out. Its event need not be brought to it.
struct LeftOut;

impl Future for LeftOut {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// Which of the frequent events a handler has a callback for.
pub(crate) fn heard_by<H: EventHandler>(_: &H) -> Heard {
    let match_id = MatchId::from("");
    let result = RoundResult { match_id: match_id.clone(), round: 0, result: None, score: None };
    Heard {
        opponent_moved: is_heard::<H>(&Event::OpponentMoved { match_id, round: None }),
        round_result: is_heard::<H>(&Event::RoundResult(result)),
    }
}

/// Whether a callback is the handler's own, and not the trait's.
fn is_written<H, A, F>(_: impl FnOnce(&'static H, &'static Handle, A) -> F) -> bool
where
    H: EventHandler,
    F: Future + 'static,
{
    TypeId::of::<F>() != TypeId::of::<LeftOut>()
}

/// The argument of [`EventHandler::on_reconnecting`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Which attempt it will be, from 1.
    pub attempt: u32,
    /// How long the wait is.
    pub delay: Duration,
    /// Why the connection is gone.
    pub cause: Error,
}

/// The argument of [`EventHandler::on_match_refused`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MatchRefused {
    /// The match.
    pub match_id: MatchId,
    /// Why: [`BankrollRefusal::of`](crate::BankrollRefusal::of) has the limit.
    pub reason: Error,
}

/// The argument of [`EventHandler::on_queue_left`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueLeft;

/// The argument of [`EventHandler::on_opponent_moved`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpponentMoved {
    /// The match.
    pub match_id: MatchId,
    /// The round, where the platform says.
    pub round: Option<u32>,
}

/// The argument of [`EventHandler::on_taunt_received`]. The words are a stranger's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TauntReceived {
    /// The match.
    pub match_id: MatchId,
    /// Who says it.
    pub agent_id: Option<AgentId>,
    /// What.
    pub taunt_id: Option<TauntId>,
    /// In words.
    pub text: Option<String>,
}

/// The argument of [`EventHandler::on_late_move`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LateMove {
    /// The match.
    pub match_id: MatchId,
    /// The round.
    pub round: u32,
    /// By how much the answer was late; `None` when there was none.
    pub late_by: Option<Duration>,
}

/// A handler whose type is chosen at run time.
///
/// ```
/// use botpit_sdk::{BoxedHandler, EventHandler, EventHandlerExt};
///
/// fn pick<A: EventHandler, B: EventHandler>(first: bool, a: A, b: B) -> BoxedHandler {
///     if first { a.boxed() } else { b.boxed() }
/// }
/// ```
pub struct BoxedHandler(Box<dyn DynHandler>);

/// What every handler can be turned into.
pub trait EventHandlerExt: EventHandler + Sized {
    /// For a handler whose callbacks block their thread (a heavy computation, a blocking call): each runs on a thread of
    /// the handler's own, one after the other, and the connection never waits for it.
    fn blocking(self) -> Blocking<Self> {
        Blocking(OwnThread::new("handler", self))
    }

    /// A handler whose type is known only at run time.
    fn boxed(self) -> BoxedHandler {
        BoxedHandler(Box::new(self))
    }
}

impl<H: EventHandler> EventHandlerExt for H {}

/// Runs a handler's callbacks on a thread of its own, which begins with the first: see [`EventHandlerExt::blocking`].
pub struct Blocking<H>(OwnThread<H>);

impl<H: EventHandler> Blocking<H> {
    /// Runs a callback on the handler's thread. A panic there goes on here, where it is caught and reported like any other
    /// handler's; so does a thread that cannot be started.
    async fn on_thread<T, F>(&self, bot: &Handle, run: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(&H, &Handle, &Runtime) -> T + Send + 'static,
    {
        let bot = bot.clone();
        match self.0.ask(move |handler, runtime| run(handler, &bot, runtime)).await {
            Ok(value) => value,
            Err(error) => resume_unwind(Box::new(error.to_string())),
        }
    }
}

impl<H> std::fmt::Debug for Blocking<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for BoxedHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoxedHandler").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OnlyMoves;

    impl EventHandler for OnlyMoves {
        async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
            MoveData::raw("{}")
        }
    }

    /// Passes two events on to another handler, and is itself a listener to them.
    struct Around<H>(H);

    impl<H: EventHandler> EventHandler for Around<H> {
        async fn on_your_turn(&self, bot: &Handle, turn: Turn) -> Result<MoveData> {
            self.0.on_your_turn(bot, turn).await
        }

        async fn on_opponent_moved(&self, bot: &Handle, moved: OpponentMoved) {
            self.0.on_opponent_moved(bot, moved).await;
        }

        fn on_queue_left(&self, _: &Handle, _: QueueLeft) -> impl Future<Output = ()> + Send {
            std::future::ready(())
        }
    }

    fn moved() -> Event {
        Event::OpponentMoved { match_id: MatchId::from("m"), round: None }
    }

    #[test]
    fn only_what_a_handler_leaves_out_is_not_brought_to_it() {
        assert!(!is_heard::<OnlyMoves>(&moved()));
        assert!(!is_heard::<OnlyMoves>(&Event::Lagged { dropped: 1, match_id: None }));
        assert!(is_heard::<Around<OnlyMoves>>(&moved()));
        assert!(is_heard::<Around<OnlyMoves>>(&Event::QueueLeft), "written without async");
        assert!(!is_heard::<Around<OnlyMoves>>(&Event::Lagged { dropped: 1, match_id: None }));
        assert!(is_heard::<BoxedHandler>(&moved()), "what is in the box is known only at run time");
        let heard = heard_by(&Around(OnlyMoves));
        assert!(heard.opponent_moved && !heard.round_result);
    }
}
