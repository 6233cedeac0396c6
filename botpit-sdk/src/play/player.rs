//! The handler behind a [`Play`](super::Play): it queues, asks the strategy, reports, and queues again.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::dispatch::{caught, panicked};
use sdk_core::error::{Error, ErrorKind, Result, codes};
use sdk_core::shutdown::Shutdown;
use sdk_core::wire::RawJson;

use super::OnMatch;
use super::fallback::{Fallback, Played, StrategyFailure, margin};
use super::report::{MAX_ROUNDS, MatchReport, RoundReport, Summary};
use super::strategy::{GameTurn, Strategy};
use crate::bankroll::BankrollRefusal;
use crate::fairness::FairnessReport;
use crate::games::{Game, RoundRecord};
use crate::lamports::Lamports;
use crate::live::{
    Connected, EventHandler, GameOver, GameStart, Handle, LateMove, MatchFound, MoveData, Outcome, QueueLeft,
    RoundResult, Turn,
};
use crate::model::{ErrorCode, GameType, MatchId, Side};

/// What the player knows of the matches under way, and of those that ended.
#[derive(Default)]
pub(super) struct Table {
    open: Vec<OpenMatch>,
    pub(super) summary: Summary,
    /// Why it ends before anything was played.
    pub(super) refused: Option<Error>,
}

struct OpenMatch {
    id: MatchId,
    found: Option<MatchFound>,
    side: Option<Side>,
    rounds: Vec<RoundReport>,
    fallbacks: u32,
}

impl OpenMatch {
    fn new(id: MatchId) -> Self {
        Self { id, found: None, side: None, rounds: Vec::new(), fallbacks: 0 }
    }
}

impl Table {
    fn open_match(&mut self, id: &MatchId) -> &mut OpenMatch {
        let at = self.open.iter().position(|open| open.id == *id).unwrap_or_else(|| {
            self.open.push(OpenMatch::new(id.clone()));
            self.open.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found, or pushed just above")]
        &mut self.open[at]
    }

    fn close_match(&mut self, id: &MatchId) -> OpenMatch {
        match self.open.iter().position(|open| open.id == *id) {
            Some(at) => self.open.swap_remove(at),
            None => OpenMatch::new(id.clone()),
        }
    }
}

/// What a refused place in the queue means.
enum Refused {
    /// It may be given later.
    ForNow(Duration),
    /// A match is going on, whose end is waited for, or the bot stops.
    Because,
    /// Asking again would change nothing.
    ForGood,
}

/// How long a match may take to turn up after the platform took the place in the queue back.
const QUEUE_LEFT_GRACE: Duration = Duration::from_secs(1);
/// How long until the queue is tried again, unless the platform says.
const RETRY_AFTER: Duration = Duration::from_secs(5);
const RETRY_AFTER_AT_MOST: Duration = Duration::from_secs(60);

fn refused(error: &Error) -> Refused {
    let wait = error.retry_after().unwrap_or(RETRY_AFTER).min(RETRY_AFTER_AT_MOST);
    match (error.kind(), error.platform_code()) {
        (_, Some(ErrorCode::AlreadyInMatch)) => Refused::Because,
        (_, Some(ErrorCode::RateLimited | ErrorCode::Internal)) => Refused::ForNow(wait),
        (ErrorKind::Rejected, Some(_)) => Refused::ForGood,
        // The platform took the place back, or did not answer.
        (ErrorKind::Rejected | ErrorKind::Connection | ErrorKind::Timeout, None) => Refused::ForNow(wait),
        (ErrorKind::Misuse, _) if *error.code() == codes::OUTBOUND_FULL => Refused::ForNow(wait),
        (ErrorKind::Misuse, _) => Refused::ForGood,
        _ => Refused::Because,
    }
}

pub(super) struct Player<G: Game, S> {
    pub(super) strategy: tokio::sync::Mutex<S>,
    pub(super) game_type: GameType,
    pub(super) wager: Lamports,
    pub(super) matches: Option<u32>,
    pub(super) fallback: Fallback<G>,
    pub(super) fallback_before: Option<Duration>,
    pub(super) on_match: Mutex<Option<OnMatch>>,
    pub(super) table: Arc<Mutex<Table>>,
    pub(super) shutdown: Shutdown,
}

impl<G: Game, S: Strategy<G>> Player<G, S> {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues for the next match, or ends when all are played. What may pass is tried again; what does not is the end.
    async fn next_match(&self, bot: &Handle) {
        loop {
            let played = self.table().summary.matches;
            if self.matches.is_some_and(|matches| played >= matches) {
                // An error means that it is over already.
                let _ = bot.drain().await;
                return;
            }
            let Err(error) = bot.join_queue(self.game_type.clone(), self.wager).await else { return };
            if self.is_stopped_by_guard(bot, &error).await {
                return;
            }
            let wait = match refused(&error) {
                Refused::ForNow(wait) => wait,
                Refused::Because => return,
                Refused::ForGood => {
                    self.table().refused = Some(error);
                    let _ = bot.close().await;
                    return;
                }
            };
            tracing::warn!(error = %error, "the queue is tried again in {:.1} s", wait.as_secs_f64());
            if !self.sleep(bot, wait).await {
                return;
            }
        }
    }

    /// Ends after the matches in progress when it was the bankroll's guard that refused.
    async fn is_stopped_by_guard(&self, bot: &Handle, error: &Error) -> bool {
        let Some(refusal) = BankrollRefusal::of(error) else { return false };
        {
            let mut table = self.table();
            if table.summary.matches == 0 && table.open.is_empty() {
                table.refused = Some(error.clone());
            } else {
                table.summary.stopped = Some(refusal.clone());
            }
        }
        tracing::warn!("no other match is begun: {refusal}");
        // An error means that it is over already.
        let _ = bot.drain().await;
        true
    }

    /// False when the bot stops meanwhile.
    async fn sleep(&self, bot: &Handle, span: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(span) => true,
            () = self.shutdown.draining() => false,
            () = bot.closed() => false,
        }
    }

    /// The strategy's choice, unless it fails or is too slow.
    async fn choose(&self, turn: &GameTurn<G>) -> Result<G::Move> {
        let chosen = async { self.strategy.lock().await.choose(turn).await };
        let mut chosen = pin!(caught(chosen));
        let by = turn.deadline.checked_sub(self.fallback_before.unwrap_or_else(|| margin(turn.timeout)));
        let by = by.unwrap_or_else(Instant::now);
        let mut over = None;
        let answer = poll_fn(|cx| {
            if let Poll::Ready(chosen) = chosen.as_mut().poll(cx) {
                return Poll::Ready(chosen.and_then(|chosen| chosen));
            }
            // Only a strategy that is not ready at once pays for this.
            let over = over.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(by)));
            over.as_mut().poll(cx).map(|()| Err(too_slow()))
        })
        .await?;
        G::check_move(&turn.state, turn.side, &answer)?;
        Ok(answer)
    }

    /// What is played in the strategy's place.
    async fn fall_back(
        &self,
        bot: &Handle,
        turn: &Turn,
        typed: Option<&GameTurn<G>>,
        cause: Error,
    ) -> Result<MoveData> {
        let answer = match &self.fallback {
            Fallback::SafeMove => match typed {
                Some(typed) => G::safe_move(&typed.state),
                None => turn.state::<G>().ok().and_then(|state| G::safe_move(&state)),
            },
            Fallback::Custom(choose) => {
                typed.and_then(|typed| caught_now("the fallback", || choose(typed)).flatten())
            }
            Fallback::Resign | Fallback::Forfeit => None,
        };
        let answer = answer.and_then(|answer| MoveData::of(&answer).ok());
        let played = match (&answer, &self.fallback) {
            (Some(_), _) => Played::Move,
            (None, Fallback::Forfeit) => Played::Nothing,
            (None, _) => Played::Resigned,
        };
        if played == Played::Resigned
            && let Err(error) = bot.resign(&turn.match_id).await
        {
            tracing::error!(error = %error, "the match cannot be resigned");
        }
        let failure = StrategyFailure {
            match_id: turn.match_id.clone(),
            round: turn.round,
            cause: cause.clone(),
            played,
        };
        tracing::error!("{failure}");
        self.table().open_match(&turn.match_id).fallbacks += 1;
        // A strategy that hangs holds its lock, and is not told.
        if let Ok(mut strategy) = self.strategy.try_lock() {
            caught_now("on_failure", || strategy.on_failure(&failure));
        }
        answer.ok_or(cause)
    }

    fn report(&self, over: &GameOver) -> MatchReport {
        let mut table = self.table();
        let OpenMatch { found, side, rounds, fallbacks, .. } = table.close_match(&over.match_id);
        let report = MatchReport {
            id: over.match_id.clone(),
            game: found.as_ref().map_or_else(|| self.game_type.clone(), |found| found.game_type.clone()),
            opponent: found
                .as_ref()
                .map(|found| found.opponent_name.clone().unwrap_or_else(|| found.opponent_id.to_string()))
                .unwrap_or_else(|| "an opponent whose name was not seen".to_owned()),
            opponent_id: found.as_ref().map(|found| found.opponent_id.clone()),
            won: match over.outcome {
                Outcome::Won => Some(true),
                Outcome::Lost => Some(false),
                Outcome::Draw => None,
            },
            score: over.final_score,
            payout_lamports: over.payout,
            fair: over.fairness.fair(),
            verdict: over.fairness.verdict().clone(),
            side: over.side.or(side),
            wager: found.map(|found| found.wager),
            profit: over.profit,
            fallbacks,
            fairness: over.fairness.clone(),
            rounds,
        };
        table.summary.add(&report);
        report
    }
}

fn too_slow() -> Error {
    Error::new(&codes::HANDLER_FAILED, "the strategy has not decided in time")
}

/// Runs code of the bot's, whose panic is told and costs nothing else.
fn caught_now<T>(what: &str, run: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            tracing::error!(error = %panicked(&*payload), "{what} failed");
            None
        }
    }
}

impl<G: Game, S: Strategy<G>> EventHandler for Player<G, S> {
    async fn on_connected(&self, bot: &Handle, connected: Connected) {
        if !connected.is_reconnect {
            self.next_match(bot).await;
        }
    }

    async fn on_queue_left(&self, bot: &Handle, _: QueueLeft) {
        // Not asked for: the platform took the place back. Unless a match comes of it, the bot asks again.
        if self.sleep(bot, QUEUE_LEFT_GRACE).await && self.table().open.is_empty() {
            self.next_match(bot).await;
        }
    }

    async fn on_match_found(&self, _: &Handle, found: MatchFound) {
        let id = found.match_id.clone();
        self.table().open_match(&id).found = Some(found);
    }

    async fn on_game_start(&self, _: &Handle, start: GameStart) {
        self.table().open_match(&start.match_id).side = Some(start.side);
    }

    async fn on_your_turn(&self, bot: &Handle, turn: Turn) -> Result<MoveData> {
        let turn = match GameTurn::<G>::of(turn) {
            Ok(turn) => turn,
            Err((error, turn)) => return self.fall_back(bot, &turn, None, error).await,
        };
        match self.choose(&turn).await.and_then(|answer| MoveData::of(&answer)) {
            Ok(answer) => Ok(answer),
            Err(cause) => self.fall_back(bot, &turn, Some(&turn), cause).await,
        }
    }

    async fn on_late_move(&self, _: &Handle, late: LateMove) {
        if late.late_by.is_some() {
            // It kept the thread, so that nothing could be played in its place.
            tracing::error!("a strategy that blocks its thread decided too late: declare it blocking");
        }
    }

    async fn on_round_result(&self, _: &Handle, result: RoundResult) {
        let side = self.table().open_match(&result.match_id).side;
        let told = match (result.result::<G>(), side) {
            (Ok(Some(record)), Some(side)) => {
                let mut strategy = self.strategy.lock().await;
                caught_now("on_round", || strategy.on_round(&record, side));
                record.told(side)
            }
            (Err(error), _) => error.to_string(),
            _ => "not told".to_owned(),
        };
        let mut table = self.table();
        let open = table.open_match(&result.match_id);
        if open.rounds.len() < MAX_ROUNDS {
            let result_json = result.result.as_ref().map(RawJson::detached);
            open.rounds.push(RoundReport {
                round: result.round,
                score: result.score,
                told,
                result: result_json,
            });
        }
    }

    async fn on_fairness(&self, _: &Handle, report: Arc<FairnessReport>) {
        let mut strategy = self.strategy.lock().await;
        caught_now("on_fairness", || strategy.on_fairness(&report));
    }

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        let report = self.report(&over);
        {
            let mut strategy = self.strategy.lock().await;
            caught_now("on_match_end", || strategy.on_match_end(&report));
        }
        if let Some(callback) = &mut *self.on_match.lock().unwrap_or_else(PoisonError::into_inner) {
            caught_now("the callback for matches", || callback(&report));
        }
        self.next_match(bot).await;
    }

    async fn on_match_lost(&self, bot: &Handle, match_id: MatchId) {
        self.table().close_match(&match_id);
        self.next_match(bot).await;
    }

    async fn on_error(&self, bot: &Handle, error: Error) {
        // What is asked for again after an outage has nobody who waits for the answer.
        self.is_stopped_by_guard(bot, &error).await;
    }

    async fn on_handler_failed(&self, _: &Handle, error: Error) {
        tracing::error!(error = %error.chain(), "no move was sent");
    }
}
