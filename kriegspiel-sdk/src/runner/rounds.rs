//! The rounds: readiness, the list of games, the lobby, and a task for each game.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use sdk_core::backoff::{Backoff, BackoffPolicy, Jitter};
use sdk_core::clock::Instant;
use sdk_core::dispatch::caught;
use sdk_core::error::{Error, Result};
use sdk_core::shutdown::Phase;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::availability::{Heartbeat, PREFLIGHT_TIMEOUT};
use super::cooldown::JoinCooldown;
use super::degraded::Health;
use super::event::PlayEvent;
use super::game::{Game, Played};
use super::hints::{Hint, Hints};
use super::lobby::{Choice, LOOKUPS, Lobby, OpenGameKey, View};
use super::pace::Interval;
use super::position::GameStart;
use super::report::{PlayError, Summary};
use super::state_file::StateFile;
use super::strategy::Strategy;
use super::table::{Leaving, Order, Table, guarded};
use super::trouble::{self, Trouble};
use super::{MAX_GAMES, OnGame, Play};
use crate::client::Client;
use crate::model::{
    CreateGame, ErrorCode, GameCode, GameId, GameMetadata, GameStatus, JoinedGame, OpenGame, Role, Ruleset,
};

/// How long everything may take when the bot is told to end now.
const GRACE: Duration = Duration::from_secs(10);
/// How long it waits between two tries of a turn, where others share the server.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
/// So many games that are over are remembered, so that a listing that lags behind does not begin them again.
const REMEMBERED_GAMES: usize = 256;
/// A game that ended may be listed for a moment longer.
const AFTER_GAME: Duration = Duration::from_millis(500);

pub(super) async fn run<S: Strategy>(play: Play<S>) -> Result<Summary, PlayError> {
    let mut rng = play.seed.map_or_else(Rng::new, Rng::with_seed);
    let between =
        play.between_tries.unwrap_or(if play.client.is_local() { Duration::ZERO } else { BETWEEN_TRIES });
    let table = Arc::new(Table::new(
        play.client.clone(),
        play.pace.clone(),
        Health::new(play.degrade),
        play.think,
        between,
        play.on_event,
    ));
    let clock = table.clock.clone();
    let (began, wall) = (clock.now(), clock.system_now());
    let mut settings = play.lobby;
    settings.creates = match play.create_rulesets {
        _ if !play.creates => Vec::new(),
        Some(rulesets) => rulesets,
        None => settings.rulesets.clone(),
    };
    let policy = BackoffPolicy::exponential(Duration::from_secs(2), Duration::from_secs(60));
    let mut rounds = Rounds {
        phase: play.shutdown.subscribe(),
        rulesets: settings.rulesets.clone(),
        // The name is filled in before it is used.
        lobby: Lobby::new(
            settings,
            play.username.clone().unwrap_or_default(),
            JoinCooldown::restored(play.state_file.as_ref().and_then(StateFile::last_join), wall),
        ),
        username: play.username.unwrap_or_default(),
        strategy: play.strategy,
        games: play.games,
        leaving: play.leaving,
        when_degraded: play.when_degraded,
        state_file: play.state_file,
        on_game: play.on_game,
        heartbeat: Heartbeat::new(play.report_every),
        interval: table.pace.of_rounds(),
        backoff: Backoff::new(policy.with_jitter(Jitter::Equal), Some(rng.u64(..))),
        tasks: JoinSet::new(),
        playing: HashMap::new(),
        done: VecDeque::new(),
        waiting: None,
        summary: Summary::default(),
        number: 0,
        began,
        wall,
        rng,
        table,
    };
    let outcome = rounds.go_on().await;
    rounds.end(&outcome).await;
    match outcome {
        Ok(()) => Ok(rounds.summary),
        Err(error) => Err(PlayError::new(error, rounds.summary)),
    }
}

/// The bot's own game that waits in the lobby.
struct Waiting {
    id: GameId,
    hints: Hints,
}

struct Rounds<S> {
    table: Arc<Table>,
    phase: watch::Receiver<Phase>,
    rulesets: Vec<Ruleset>,
    username: String,
    lobby: Lobby,
    strategy: S,
    games: Option<u32>,
    leaving: Leaving,
    when_degraded: Leaving,
    state_file: Option<StateFile>,
    on_game: Option<OnGame>,
    heartbeat: Heartbeat,
    interval: Interval,
    backoff: Backoff,
    tasks: JoinSet<(GameId, Played)>,
    playing: HashMap<GameId, GameCode>,
    /// The last games that are over, oldest first: they may be listed for a moment longer.
    done: VecDeque<GameId>,
    waiting: Option<Waiting>,
    summary: Summary,
    number: u32,
    began: Instant,
    wall: SystemTime,
    rng: Rng,
}

/// What ended a wait.
enum Woke {
    Time,
    Phase,
    Played(Box<(GameId, Played)>),
    Joined,
    Lost,
}

impl<S: Strategy> Rounds<S> {
    fn client(&self) -> &Client {
        &self.table.client
    }

    fn now(&self) -> Instant {
        self.table.clock.now()
    }

    /// The wall clock, but one that nobody sets while the bot runs.
    fn wall_now(&self) -> SystemTime {
        self.wall + self.now().saturating_duration_since(self.began)
    }

    fn is_running(&self) -> bool {
        *self.phase.borrow() == Phase::Running
    }

    /// How many games may still begin. `None`: any number.
    fn wanted(&self) -> Option<u32> {
        let begun = self.summary.games + self.summary.unfinished + count(self.playing.len());
        self.games.map(|games| games.saturating_sub(begun))
    }

    fn view(&self) -> View {
        let waits = u32::from(self.waiting.is_some());
        View {
            active: count(self.playing.len()),
            waiting: self.waiting.is_some(),
            wanted: self.wanted().map(|wanted| wanted.saturating_sub(waits)),
        }
    }

    async fn go_on(&mut self) -> Result<()> {
        if !self.introduce().await? {
            return Ok(());
        }
        loop {
            if !self.is_running() {
                return self.drain().await;
            }
            let wait = match self.round().await {
                Ok(()) => {
                    self.backoff.healthy(self.now());
                    self.interval.next(&mut self.rng)
                }
                Err(error) if trouble::of(&error) == Trouble::Fatal => return Err(error),
                Err(error) => self.failed(&error),
            };
            if self.wanted() == Some(0) && self.tasks.is_empty() {
                return Ok(());
            }
            self.give_order();
            self.wait(wait).await?;
        }
    }

    /// Learns the bot's name and stores its rulesets, once, before the first round. False: it is told to stop before that.
    async fn introduce(&mut self) -> Result<bool> {
        loop {
            let outcome = self.introduction().await;
            match outcome {
                Ok(()) => return Ok(true),
                Err(error) if trouble::of(&error) != Trouble::Wait || error.status() == Some(422) => {
                    return Err(error);
                }
                Err(error) => {
                    let wait = self.failed(&error);
                    self.wait(wait).await?;
                    if !self.is_running() {
                        return Ok(false);
                    }
                }
            }
        }
    }

    async fn introduction(&mut self) -> Result<()> {
        if self.username.is_empty() {
            let username = self.client().me().await?.username;
            self.lobby.is_called(&username);
            self.username = username;
        }
        self.client().sync_profile(self.rulesets.iter().cloned()).await.map(drop)
    }

    /// One round of the spec's loop. The games play on in the meantime.
    async fn round(&mut self) -> Result<()> {
        self.report_availability().await?;
        let listed = self.client().active_games().await?;
        self.table.fine();
        self.adopt(listed);
        if !self.may_begin() {
            return self.withdraw().await;
        }
        let view = self.view();
        if !self.lobby.wants_list(view, self.now(), self.wall_now()) {
            return Ok(());
        }
        let open = self.client().open_games().await?;
        if let Some(game) = self.lobby.listed(&open, view, self.now()) {
            self.create(&game).await?;
        }
        self.maybe_join(&open).await
    }

    /// Whether new games may begin.
    fn may_begin(&self) -> bool {
        self.is_running() && self.heartbeat.is_ready() && self.table.degraded().is_none()
    }

    async fn report_availability(&mut self) -> Result<()> {
        if self.heartbeat.wants_check(self.now()) {
            let limit = self.table.clock.real_span(PREFLIGHT_TIMEOUT);
            let asked = caught(async { self.strategy.preflight().await });
            let said = match tokio::time::timeout(limit, asked).await {
                Ok(Ok(said)) => said,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the strategy could not say whether it is ready");
                    self.heartbeat.not_ready("preflight_failed")
                }
                Err(_) => self.heartbeat.not_ready("timeout"),
            };
            let now = self.now();
            self.heartbeat.checked(now, said);
        }
        let Some(report) = self.heartbeat.due(self.now()).cloned() else { return Ok(()) };
        self.client().report_availability(&report).await?;
        let now = self.now();
        self.heartbeat.reported(now, report);
        Ok(())
    }

    /// Starts a task for each game that is being played and has none. Whose turn it is, the list does not know.
    fn adopt(&mut self, listed: Vec<GameMetadata>) {
        let waits = listed.iter().find(|game| game.state == GameStatus::Waiting);
        match (waits.map(|game| &game.game_id), &self.waiting) {
            (Some(id), Some(known)) if *id == known.id => {}
            (Some(id), _) => self.now_waiting(id.clone()),
            (None, _) => self.waiting = None,
        }
        for game in listed {
            if game.state == GameStatus::Active {
                self.start(game);
            }
        }
    }

    fn now_waiting(&mut self, id: GameId) {
        let table = &self.table;
        let hints =
            Hints::new(table.client.clone(), table.clock.clone(), id.clone(), table.pace.uses_events());
        self.waiting = Some(Waiting { id, hints });
    }

    fn start(&mut self, game: GameMetadata) {
        if self.playing.contains_key(&game.game_id) || self.done.contains(&game.game_id) {
            return;
        }
        let Some(color) = game.color_of(&self.username) else {
            tracing::warn!(game = %game.game_id, "a listed game has no player of this bot's name");
            return;
        };
        if self.wanted() == Some(0) || self.tasks.len() >= MAX_GAMES {
            tracing::info!(game = %game.game_id, "a game is not begun: the bot has enough");
            return;
        }
        if self.waiting.as_ref().is_some_and(|waiting| waiting.id == game.game_id) {
            self.waiting = None;
        }
        self.number += 1;
        self.interval.hurry();
        let opponent = game.player(!color).cloned();
        let start = Arc::new(GameStart {
            opponent,
            ..GameStart::new(
                self.number,
                game.game_id.clone(),
                game.game_code.clone(),
                game.rule_variant,
                color,
            )
        });
        let rng = Rng::with_seed(self.rng.u64(..));
        let task = Game::new(self.table.clone(), start, self.strategy.clone(), rng);
        let id = game.game_id.clone();
        self.playing.insert(game.game_id, game.game_code);
        self.tasks.spawn(async move { (id, task.play().await) });
    }

    async fn create(&mut self, game: &CreateGame) -> Result<()> {
        match self.client().create_game(game).await {
            Ok(created) => {
                self.lobby.created();
                let (code, ruleset) = (created.game_code, created.rule_variant);
                tracing::info!(%code, %ruleset, "a game waits in the lobby");
                self.table.tell(&PlayEvent::Created { code, ruleset });
                self.now_waiting(created.game_id);
                self.interval.hurry();
                Ok(())
            }
            Err(error) if was_refused(&error) => {
                let now = self.now();
                let follows = self.lobby.creation_refused(&error, game, now);
                self.refused(error, follows);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn maybe_join(&mut self, open: &[OpenGame]) -> Result<()> {
        if !self.lobby.feels_like_joining(self.view(), self.wall_now(), &mut self.rng) {
            return Ok(());
        }
        for _ in 0..=LOOKUPS {
            match self.lobby.choose(open, &mut self.rng) {
                Choice::Nothing => return Ok(()),
                Choice::Join(game) => return self.join(&game).await,
                Choice::LookUp(name) => match self.client().user(&name).await {
                    Ok(user) => self.lobby.looked_up(&name, user.is_bot || user.role == Role::Bot),
                    // A guest has no page: a human.
                    Err(error) if error.status() == Some(404) => self.lobby.looked_up(&name, false),
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(())
    }

    async fn join(&mut self, game: &OpenGameKey) -> Result<()> {
        // The answer's `Date` is wanted too.
        let sent = self.client().http().post(&["game", "join", game.code.as_str()]).send().await;
        let wall = self.wall_now();
        let response = match sent {
            Ok(response) => response,
            Err(error) if was_refused(&error) => {
                let follows = self.lobby.join_refused(&error, game, wall);
                self.refused(error, follows);
                return Ok(());
            }
            Err(error) => {
                // It may have been joined: the minute counts from now.
                self.lobby.joined(game, wall, None);
                self.save_join();
                return Err(error);
            }
        };
        self.lobby.joined(game, wall, response.server_time());
        self.save_join();
        let joined: JoinedGame = response.json()?;
        self.table.tell(&PlayEvent::Joined { code: joined.game_code, ruleset: joined.rule_variant });
        let metadata = self.client().game(&joined.game_id).await?;
        self.start(metadata);
        if self.wanted() == Some(0) || self.view().active >= self.lobby.at_once() {
            // A game of the bot's own that waits would be one too many.
            self.withdraw().await?;
        }
        Ok(())
    }

    fn refused(&self, error: Error, follows: &'static str) {
        tracing::info!(%error, "the platform refused: {follows}");
        self.table.tell(&PlayEvent::LobbyRefused { error: Box::new(error), follows });
    }

    /// Deletes the bot's waiting game. One that was joined in the meantime is played.
    async fn withdraw(&mut self) -> Result<()> {
        let Some(Waiting { id, .. }) = self.waiting.take() else { return Ok(()) };
        match self.client().delete_game(&id).await {
            Ok(()) => Ok(()),
            Err(error) if error.platform_code() == Some(ErrorCode::GameNotWaiting) => {
                let game = self.client().game(&id).await?;
                if game.state == GameStatus::Active {
                    self.start(game);
                }
                Ok(())
            }
            // It expired.
            Err(error) if trouble::of(&error) == Trouble::Gone => Ok(()),
            Err(error) => {
                self.now_waiting(id);
                Err(error)
            }
        }
    }

    fn save_join(&mut self) {
        let Some(at) = self.lobby.cooldown().last() else { return };
        let saved = self.state_file.as_mut().map_or(Ok(()), |file| file.store_join(at));
        if let Err(error) = saved {
            tracing::error!(%error, "the bot's state cannot be saved");
            self.table.tell(&PlayEvent::Trouble(Box::new(error)));
        }
    }

    /// A round failed. How long to wait before the next.
    fn failed(&mut self, error: &Error) -> Duration {
        self.table.trouble(error);
        let now = self.now();
        self.backoff.lost(now);
        // The policy has no last attempt.
        self.backoff.next_delay_at_least(error.retry_after()).unwrap_or(GRACE)
    }

    /// Tells the games what to do, as the phase and the bot's health have it.
    fn give_order(&mut self) {
        if let Some(why) = self.table.degraded() {
            self.summary.degraded = Some(why);
        }
        let order = match *self.phase.borrow() {
            Phase::Running => match self.when_degraded {
                Leaving::Resign if self.table.degraded().is_some() => Order::Resign,
                _ => Order::Play,
            },
            Phase::Draining => {
                if self.leaving == Leaving::Resign {
                    Order::Resign
                } else {
                    Order::Play
                }
            }
            Phase::Stopping => {
                if self.leaving == Leaving::Resign {
                    Order::Resign
                } else {
                    Order::Leave
                }
            }
        };
        self.table.order.send_if_modified(|told| {
            let changed = *told != order;
            *told = order;
            changed
        });
    }

    /// Waits for the next round: for this long, or until something happens.
    async fn wait(&mut self, span: Duration) -> Result<()> {
        let mut until = self.now() + span;
        loop {
            match self.wake(until).await {
                Woke::Time => match self.table.may_poll() {
                    Ok(()) => return Ok(()),
                    Err(wait) => until = self.now() + wait,
                },
                Woke::Phase | Woke::Joined => return Ok(()),
                Woke::Lost => {}
                Woke::Played(played) => {
                    let (id, played) = *played;
                    self.count(id, played)?;
                    if self.wanted() == Some(0) && self.tasks.is_empty() {
                        return Ok(());
                    }
                    self.interval.hurry();
                    until = until.min(self.now() + AFTER_GAME);
                }
            }
        }
    }

    async fn wake(&mut self, until: Instant) -> Woke {
        let clock = self.table.clock.clone();
        let hint = async {
            match &mut self.waiting {
                Some(waiting) => waiting.hints.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = self.phase.changed() => {
                if changed.is_err() {
                    // Nobody can ask any more.
                    std::future::pending::<()>().await;
                }
                Woke::Phase
            }
            Some(ended) = self.tasks.join_next() => match ended {
                Ok(played) => Woke::Played(Box::new(played)),
                // A task ends by itself: strategies' panics are caught.
                Err(_) => Woke::Lost,
            },
            hint = hint => match hint {
                Hint::Game(hint) if hint.state != GameStatus::Waiting => Woke::Joined,
                Hint::Game(_) | Hint::Lost => Woke::Lost,
            },
            () = clock.sleep_until(until) => Woke::Time,
        }
    }

    fn count(&mut self, id: GameId, played: Played) -> Result<()> {
        self.playing.remove(&id);
        if self.done.len() >= REMEMBERED_GAMES {
            self.done.pop_front();
        }
        self.done.push_back(id);
        self.summary.add(&played.report);
        tracing::info!("{}", played.report);
        if let Some(on_game) = &mut self.on_game {
            guarded("on_game", || on_game(&played.report));
        }
        played.fatal.map_or(Ok(()), Err)
    }

    /// Asked to stop once: no new games, and those at hand are finished or resigned.
    async fn drain(&mut self) -> Result<()> {
        self.give_order();
        if let Err(error) = self.withdraw().await {
            tracing::warn!(%error, "the waiting game cannot be deleted now");
        }
        while !self.tasks.is_empty() && *self.phase.borrow() != Phase::Stopping {
            let until = self.now() + Duration::from_secs(3_600);
            if let Woke::Played(played) = self.wake(until).await {
                let (id, played) = *played;
                self.count(id, played)?;
            }
            self.give_order();
        }
        Ok(())
    }

    /// Leaves nothing behind: tasks, a waiting game, what is to be saved. In bounded time.
    async fn end(&mut self, outcome: &Result<()>) {
        let order =
            if self.leaving == Leaving::Resign && outcome.is_ok() { Order::Resign } else { Order::Leave };
        self.table.order.send_replace(order);
        let clock = self.table.clock.clone();
        let grace = clock.real_span(GRACE);
        let tidy = async {
            let withdrawn = if outcome.is_ok() { self.withdraw().await } else { Ok(()) };
            if let Err(error) = withdrawn {
                tracing::warn!(%error, "the waiting game is left: it expires after ten minutes");
            }
            while let Some(ended) = self.tasks.join_next().await {
                if let Ok((id, played)) = ended {
                    // The run ends with what ended it first.
                    let _ = self.count(id, played);
                }
            }
        };
        if tokio::time::timeout(grace, tidy).await.is_err() {
            tracing::warn!("not everything ended in time: the rest is dropped");
        }
        self.summary.unfinished += count(self.tasks.len());
        self.tasks.shutdown().await;
        if let Some(why) = self.table.degraded() {
            self.summary.degraded = Some(why);
        }
    }
}

/// Whether the platform understood, and said no: the bot goes on without a pause.
fn was_refused(error: &Error) -> bool {
    matches!(error.status(), Some(400 | 403 | 404 | 409 | 422))
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
