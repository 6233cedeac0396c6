//! One game, from its first look to its report.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use sdk_core::backoff::{Backoff, BackoffPolicy, Jitter};
use sdk_core::dispatch::caught;
use sdk_core::error::Error;

use super::choice::{ASKED_AGAIN, FailureCause, StrategyFailure, check, fallback};
use super::event::PlayEvent;
use super::hints::{Hint, Hints};
use super::pace::{Heard, TurnWatch};
use super::position::{GameStart, Position};
use super::report::{GameReport, Unfinished};
use super::strategy::{Action, Strategy};
use super::table::{Order, Table, guarded};
use super::trouble::{self, Trouble};
use crate::client::Reply;
use crate::model::{GameClock, GameState, MoveAnswer};

/// The least and the most that a strategy waits.
const WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));
/// How often the state is read in a row because what was known turned out to be old.
const STALE: u32 = 5;

/// How a game went.
pub(super) struct Played {
    pub(super) report: GameReport,
    /// What must stop the whole run.
    pub(super) fatal: Option<Error>,
}

/// Why a game ended for the bot.
enum End {
    Over(Box<GameState>),
    Unfinished(Unfinished),
    Fatal(Error),
}

type Flow<T = ()> = ControlFlow<End, T>;

pub(super) struct Game<S> {
    table: Arc<Table>,
    game: Arc<GameStart>,
    strategy: S,
    rng: Rng,
    hints: Hints,
    watch: TurnWatch,
    backoff: Backoff,
    position: Option<Position>,
    heard: usize,
    fallbacks: u32,
}

impl<S: Strategy> Game<S> {
    pub(super) fn new(table: Arc<Table>, game: Arc<GameStart>, strategy: S, mut rng: Rng) -> Self {
        let clock = &table.clock;
        let hints =
            Hints::new(table.client.clone(), clock.clone(), game.id.clone(), table.pace.uses_events());
        let watch = TurnWatch::new(&table.pace, game.color, 1, clock.now());
        let policy = BackoffPolicy::exponential(Duration::from_secs(2), Duration::from_secs(60));
        let backoff = Backoff::new(policy.with_jitter(Jitter::Equal), Some(rng.u64(..)));
        Self { table, game, strategy, rng, hints, watch, backoff, position: None, heard: 0, fallbacks: 0 }
    }

    pub(super) async fn play(mut self) -> Played {
        self.table.tell(&PlayEvent::Started(self.game.clone()));
        guarded("on_game_start", || self.strategy.on_game_start(&self.game));
        let end = self.until_the_end().await;
        let (report, fatal) = self.report(end);
        self.table.tell(&PlayEvent::Over(Box::new(report.clone())));
        guarded("on_game_end", || self.strategy.on_game_end(&report));
        Played { report, fatal }
    }

    async fn until_the_end(&mut self) -> End {
        loop {
            let flow = match self.wait_for_turn().await {
                ControlFlow::Continue(()) => self.turn().await,
                end => end,
            };
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    /// Waits until the state is worth a look: the bot's turn, or the end. The state itself is not read for that: a game's
    /// metadata and its events say whose turn it is.
    async fn wait_for_turn(&mut self) -> Flow {
        loop {
            let table = self.table.clone();
            let clock = &table.clock;
            let flag_at = self.watch.flag_at();
            tokio::select! {
                biased;
                order = table.told_to_end() => return self.leave(order).await,
                hint = self.hints.next() => match hint {
                    Hint::Game(hint) => {
                        if self.watch.event(&hint) == Heard::ReadState {
                            return Flow::Continue(());
                        }
                    }
                    Hint::Lost => self.watch.lost_events(clock.now(), &mut self.rng),
                },
                () = clock.sleep_until(flag_at.unwrap_or_else(|| clock.now())), if flag_at.is_some() => {
                    // The platform finds a fallen flag when the state is read.
                    self.watch.flag_seen();
                    return Flow::Continue(());
                }
                () = clock.sleep_until(self.watch.look_at()) => {
                    if self.look().await? == Heard::ReadState {
                        return Flow::Continue(());
                    }
                }
            }
        }
    }

    async fn look(&mut self) -> Flow<Heard> {
        let now = self.table.clock.now();
        if let Err(wait) = self.table.may_poll() {
            self.watch.failed(wait, now);
            return Flow::Continue(Heard::Nothing);
        }
        match self.table.client.game(&self.game.id).await {
            Ok(game) => {
                self.worked();
                let now = self.table.clock.now();
                Flow::Continue(self.watch.looked(&game, now, self.hints.is_live(), &mut self.rng))
            }
            Err(error) => {
                self.failed(&error)?;
                Flow::Continue(Heard::Nothing)
            }
        }
    }

    /// Plays the bot's turn, if it is.
    async fn turn(&mut self) -> Flow {
        let mut stale = 0;
        loop {
            let Some(position) = self.read_state().await? else { return Flow::Continue(()) };
            if position.moves().is_empty() && !position.can_ask_any() {
                // What cannot be, as every turn has a legal move: something is old.
                stale += 1;
                self.pause(Duration::from_secs(u64::from(stale))).await?;
                if stale > STALE {
                    return Flow::Continue(());
                }
                continue;
            }
            let action = self.decide().await?;
            self.table.tell(&PlayEvent::Asked { game: self.game.clone(), action });
            let state = self.state()?;
            let asked = match action {
                Action::Resign => return self.resign().await,
                Action::Wait(span) => {
                    self.pause(span.clamp(WAIT.0, WAIT.1)).await?;
                    continue;
                }
                Action::Move(uci) => self.table.client.make_move(&state, uci).await,
                Action::AskAny => self.table.client.ask_any(&state).await,
            };
            match asked {
                Ok(reply) => {
                    self.worked();
                    if self.answered(action, &reply).await? {
                        return Flow::Continue(());
                    }
                }
                Err(error) => match trouble::of(&error) {
                    // The game may be over by now, and archived: the state says.
                    Trouble::Stale | Trouble::Gone if stale < STALE => stale += 1,
                    _ => {
                        self.failed(&error)?;
                        return Flow::Continue(());
                    }
                },
            }
        }
    }

    /// The referee answered. True: the turn is over.
    async fn answered(&mut self, action: Action, reply: &Reply) -> Flow<bool> {
        let Some(position) = &mut self.position else { return Flow::Continue(true) };
        guarded("on_answer", || self.strategy.on_answer(position, action, reply));
        if reply.is_game_over() {
            return match self.read_state().await? {
                // Over, it says: the state will too.
                Some(_) => Flow::Continue(false),
                None => Flow::Continue(true),
            };
        }
        let position = match &mut self.position {
            Some(position) if !reply.is_move_done() => position,
            position => {
                let number = position.as_ref().map_or(1, |position| position.move_number);
                let now = self.table.clock.now();
                if let Reply::Answer(answer) = reply {
                    let MoveAnswer { clock, .. } = &**answer;
                    self.note_clock(clock);
                }
                let live = self.hints.is_live();
                self.watch.moved(number.saturating_add(2), now, live, &mut self.rng);
                return Flow::Continue(true);
            }
        };
        if let Action::Move(uci) = action {
            position.refuse(uci);
            let pause = self.table.between_tries;
            if !pause.is_zero() {
                self.pause(pause).await?;
            }
        }
        Flow::Continue(false)
    }

    /// Reads the state. `None`: it is not the bot's turn.
    async fn read_state(&mut self) -> Flow<Option<&Position>> {
        let state = match self.table.client.state(&self.game.id).await {
            Ok(state) => state,
            Err(error) => {
                self.failed(&error)?;
                return Flow::Continue(None);
            }
        };
        self.worked();
        self.tell_heard(&state);
        if state.is_over() {
            return Flow::Break(End::Over(Box::new(state)));
        }
        let (mine, number) = (state.is_my_turn(), state.move_number);
        if !mine {
            let ours_from = number.saturating_add(u32::from(state.turn.is_some()));
            self.note_clock(&state.clock);
            let (now, live) = (self.table.clock.now(), self.hints.is_live());
            self.watch.moved(ours_from, now, live, &mut self.rng);
        }
        let updated = match &mut self.position {
            Some(position) => position.update(state),
            none => Position::new(self.game.clone(), state).map(|position| *none = Some(position)),
        };
        if let Err(error) = updated {
            self.failed(&error)?;
            return Flow::Continue(None);
        }
        Flow::Continue(self.position.as_ref().filter(|_| mine))
    }

    fn note_clock(&mut self, clock: &GameClock) {
        let opponent = !self.game.color;
        if clock.active_color == Some(opponent) {
            let table = &self.table;
            self.watch.opponent_has(table.clock.real_span(clock.remaining(opponent)), table.clock.now());
        }
    }

    fn tell_heard(&mut self, state: &GameState) {
        let mut count = 0;
        for (turn, side, entry) in state.scoresheet.entries() {
            count += 1;
            if count > self.heard {
                let (game, entry) = (self.game.clone(), Box::new(entry.clone()));
                self.table.tell(&PlayEvent::Heard { game, turn, side, entry });
            }
        }
        self.heard = self.heard.max(count);
    }

    /// What the strategy wants: checked, or the fallback.
    async fn decide(&mut self) -> Flow<Action> {
        let table = self.table.clone();
        for asked in 0..=ASKED_AGAIN {
            let limit = self.think_limit();
            let Some(position) = &self.position else { break };
            let choosing = tokio::time::timeout(
                table.clock.real_span(limit),
                caught(async { self.strategy.choose(position).await }),
            );
            let chosen = match table.or_end(choosing).await {
                Ok(chosen) => chosen,
                Err(order) => {
                    self.leave(order).await?;
                    break;
                }
            };
            let cause = match chosen {
                Ok(Ok(Ok(action))) => match check(position, action) {
                    Ok(()) => {
                        table.fine();
                        return Flow::Continue(action);
                    }
                    Err(complaint) => FailureCause::Nonsense(complaint),
                },
                Ok(Ok(Err(error)) | Err(error)) => FailureCause::Error(error),
                Err(_) => FailureCause::TooSlow(limit),
            };
            let again = match &cause {
                FailureCause::Nonsense(complaint) if asked < ASKED_AGAIN => Some(*complaint),
                _ => None,
            };
            let played = again.is_none().then(|| fallback(position, &mut self.rng));
            self.strategy_failed(cause, played);
            if let Some(position) = &mut self.position {
                position.complain(again);
            }
            if let Some(action) = played {
                return Flow::Continue(action);
            }
        }
        Flow::Continue(Action::Wait(WAIT.0))
    }

    fn strategy_failed(&mut self, cause: FailureCause, played: Option<Action>) {
        let move_number = self.position.as_ref().map_or(0, |position| position.move_number);
        let failure = StrategyFailure { game: self.game.id.clone(), move_number, cause, played };
        tracing::warn!("{failure}");
        guarded("on_failure", || self.strategy.on_failure(&failure));
        if played.is_some() {
            self.fallbacks = self.fallbacks.saturating_add(1);
            self.table.strategy_failed(&failure.cause.to_string());
        }
        self.table.tell(&PlayEvent::Failed(Box::new(failure)));
    }

    /// How long the strategy may think: as configured, else a quarter of the bot's clock, two minutes at most.
    fn think_limit(&self) -> Duration {
        self.table.think.unwrap_or_else(|| {
            let clock = self.position.as_ref().map(|position| position.clock.remaining(self.game.color));
            (clock.unwrap_or_default() / 4).clamp(Duration::from_secs(1), Duration::from_secs(120))
        })
    }

    /// The state of the position that is being decided.
    fn state(&self) -> Flow<Arc<GameState>> {
        match &self.position {
            Some(position) => Flow::Continue(position.shared_state()),
            None => Flow::Break(End::Unfinished(Unfinished::Gone)),
        }
    }

    async fn pause(&mut self, span: Duration) -> Flow {
        let table = self.table.clone();
        match table.sleep_until(table.clock.now() + span).await {
            Some(order) => self.leave(order).await,
            None => Flow::Continue(()),
        }
    }

    /// The games are told to end.
    async fn leave(&mut self, order: Order) -> Flow {
        match order {
            Order::Resign => self.resign().await?,
            Order::Leave | Order::Play => {}
        }
        Flow::Break(End::Unfinished(Unfinished::Left))
    }

    /// Resigns, once, and reads how it ended.
    async fn resign(&mut self) -> Flow {
        if let Err(error) = self.table.client.resign(&self.game.id).await {
            tracing::warn!(game = %self.game.id, %error, "resigning failed: the state says whether the game is over");
        }
        self.read_state().await?;
        // It is not over: it is tried again in the next turn, where the strategy still wants it.
        Flow::Continue(())
    }

    fn worked(&mut self) {
        self.backoff.healthy(self.table.clock.now());
        self.table.fine();
    }

    /// A call failed.
    fn failed(&mut self, error: &Error) -> Flow {
        match trouble::of(error) {
            Trouble::Fatal => return Flow::Break(End::Fatal(error.clone())),
            Trouble::Gone => return Flow::Break(End::Unfinished(Unfinished::Gone)),
            Trouble::Forbidden => return Flow::Break(End::Unfinished(Unfinished::Refused)),
            Trouble::Stale | Trouble::Wait => {}
        }
        self.table.trouble(error);
        let now = self.table.clock.now();
        self.backoff.lost(now);
        // The policy has no last attempt.
        let wait = self.backoff.next_delay_at_least(error.retry_after()).unwrap_or(WAIT.1);
        self.watch.failed(wait, now);
        Flow::Continue(())
    }

    fn report(&self, end: End) -> (GameReport, Option<Error>) {
        let seen = self.position.as_ref().map(Position::state);
        let mut report = GameReport {
            game: self.game.clone(),
            result: None,
            unfinished: None,
            plies: seen.map_or(0, |state| state.move_number.saturating_sub(1)),
            turns: seen.map(|state| state.scoresheet.turns.clone()).unwrap_or_default(),
            board: self.position.as_ref().map(|position| position.board().clone()),
            fallbacks: self.fallbacks,
        };
        match end {
            End::Over(state) => {
                report.plies = state.move_number.saturating_sub(1);
                report.board = state.your_fen.board().ok().or(report.board);
                report.turns = state.scoresheet.turns;
                report.unfinished = state.result.is_none().then_some(Unfinished::Gone);
                report.result = state.result;
                (report, None)
            }
            End::Unfinished(why) => {
                report.unfinished = Some(why);
                (report, None)
            }
            End::Fatal(error) => {
                report.unfinished = Some(Unfinished::Left);
                (report, Some(error))
            }
        }
    }
}
