//! The short way for one game: a strategy that queues, plays and reports.

use std::fmt;
use std::future::ready;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_core::error::{Error, ErrorKind, Result, codes};
use sdk_core::shutdown::Shutdown;
use sdk_core::wire::{RawJson, printable};
use serde::Serialize;

use crate::client::Client;
use crate::fairness::CommitmentCheck;
use crate::games::{Game, RoundRecord};
use crate::lamports::Lamports;
use crate::live::{
    Connected, EventHandler, GameOver, GameStart, Handle, MatchFound, MoveData, Outcome, QueueLeft,
    RoundResult, Turn,
};
use crate::model::{AgentId, ErrorCode, GameType, MatchId, Score, Side};
use crate::wager::WagerBucket;

/// At most this many rounds of a match are kept for its report.
pub const MAX_ROUNDS: usize = 4_096;

/// Decides turns of one game.
///
/// A closure from a turn to a move is one: `|turn: &GameTurn<Rps>| Choice::Rock`. Implement the trait for a strategy that
/// learns from rounds, or waits for something.
///
/// ```
/// use botpit_sdk::{GameTurn, Result, Strategy, games::rps::{Choice, Move, Rps}};
///
/// /// Plays what would have won the round before.
/// struct CounterLast;
///
/// impl Strategy<Rps> for CounterLast {
///     async fn choose(&mut self, turn: &GameTurn<Rps>) -> Result<Move> {
///         let last = turn.state.history.last().and_then(|round| round.theirs(turn.side));
///         Ok(last.map_or(Choice::Rock, Choice::beaten_by).into())
///     }
/// }
/// ```
pub trait Strategy<G: Game>: Send + 'static {
    /// The move for a turn. It is sent at most once, and not after the deadline.
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported, and no move is sent.
    ///
    /// # Cancel safety
    /// The future is dropped when the turn's time is over or its match ends.
    fn choose(&mut self, turn: &GameTurn<G>) -> impl Future<Output = Result<G::Move>> + Send;

    /// A round ended.
    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        let _ = (result, side);
    }

    /// A match ended.
    fn on_match(&mut self, report: &MatchReport) {
        let _ = report;
    }
}

impl<G, F, M> Strategy<G> for F
where
    G: Game,
    F: FnMut(&GameTurn<G>) -> M + Send + 'static,
    M: Into<G::Move>,
{
    fn choose(&mut self, turn: &GameTurn<G>) -> impl Future<Output = Result<G::Move>> + Send {
        ready(Ok(self(turn).into()))
    }
}

/// A turn of a game that is known: its state is typed, and so is the answer. It derefs to the [`Turn`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GameTurn<G: Game> {
    /// The state (spec, "Game Types").
    pub state: G::State,
    /// The agent's side.
    pub side: Side,
    turn: Turn,
}

impl<G: Game> GameTurn<G> {
    /// The typed form of a turn.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) when the state has not the game's shape, or the side is not known.
    pub fn new(turn: Turn) -> Result<Self> {
        let Some(side) = turn.side else {
            let message = "the match's beginning was not seen, so the side is not known";
            return Err(Error::new(&codes::DECODE_FAILED, message).with_field("your_side"));
        };
        Ok(Self { state: turn.state::<G>()?, side, turn })
    }
}

impl<G: Game> GameTurn<G> {
    /// A turn whose state did not come off the wire.
    pub(crate) fn of_state(turn: Turn, state: G::State, side: Side) -> Self {
        Self { state, side, turn }
    }
}

impl<G: Game> Deref for GameTurn<G> {
    type Target = Turn;

    fn deref(&self) -> &Turn {
        &self.turn
    }
}

/// How one match went.
///
/// `Display` tells it in words; as JSON it is the object under `"match"` of a starter bot's `--json` line.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MatchReport {
    /// The match.
    pub id: MatchId,
    /// The game.
    pub game: GameType,
    /// The opponent's name, or its id where it has none. A stranger's words.
    pub opponent: String,
    /// The opponent's id.
    #[serde(skip)]
    pub opponent_id: Option<AgentId>,
    /// Whether the agent won; `None` for a draw.
    pub won: Option<bool>,
    /// The final score, `[a, b]` as on the wire.
    pub score: Option<Score>,
    /// What the platform said it pays out, where it said so.
    pub payout_lamports: Option<Lamports>,
    /// Whether the revealed seed matches the commitment; `None` where no seed was revealed.
    pub fair: Option<bool>,
    /// The agent's side.
    #[serde(skip)]
    pub side: Option<Side>,
    /// What each side put in.
    #[serde(skip)]
    pub wager: Option<Lamports>,
    /// The check of the seed.
    #[serde(skip)]
    pub commitment: Option<CommitmentCheck>,
    /// The rounds, at most [`MAX_ROUNDS`].
    #[serde(skip)]
    pub rounds: Vec<RoundReport>,
}

/// How one round went.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RoundReport {
    /// The round's number.
    pub round: u32,
    /// The score after it, where the platform said so.
    pub score: Option<Score>,
    /// In words, from the agent's side.
    pub told: String,
    /// The result as it came.
    pub result: Option<RawJson>,
}

impl MatchReport {
    /// A match without a platform: nothing was at stake, and no seed is there to be checked.
    pub(crate) fn of_lab(
        id: MatchId,
        game: GameType,
        opponent_id: AgentId,
        side: Side,
        won: Option<bool>,
        score: Score,
    ) -> Self {
        Self {
            id,
            game,
            opponent: opponent_id.to_string(),
            opponent_id: Some(opponent_id),
            won,
            score: Some(score),
            payout_lamports: None,
            fair: None,
            side: Some(side),
            wager: None,
            commitment: None,
            rounds: Vec::new(),
        }
    }

    /// How it ended for the agent.
    pub fn outcome(&self) -> Outcome {
        match self.won {
            Some(true) => Outcome::Won,
            Some(false) => Outcome::Lost,
            None => Outcome::Draw,
        }
    }
}

impl fmt::Display for MatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The opponent chose its name: nothing in it may steer somebody's terminal.
        let opponent: String = self.opponent.chars().take(40).collect();
        write!(f, "Match {} against {}", printable(self.id.as_str()), printable(&opponent))?;
        if let Some(wager) = self.wager {
            write!(f, " for {wager}")?;
        }
        writeln!(f)?;
        for round in &self.rounds {
            write!(f, "  round {}: {}", round.round, printable(&round.told))?;
            match (round.score, self.side) {
                (Some(score), Some(side)) => writeln!(f, "  ({}:{})", score.mine(side), score.theirs(side))?,
                _ => writeln!(f)?,
            }
        }
        write!(f, "  {}", self.outcome())?;
        if let (Some(score), Some(side)) = (self.score, self.side) {
            write!(f, " {}:{}", score.mine(side), score.theirs(side))?;
        }
        match self.payout_lamports {
            Some(payout) => write!(f, ", payout {payout}")?,
            None => write!(f, ", payout not told")?,
        }
        match self.commitment {
            Some(check) if check.is_match() => write!(f, ", fair: {check}"),
            Some(check) => write!(f, ", NOT FAIR: {check}"),
            None => write!(f, ", no seed was revealed"),
        }
    }
}

/// How all matches of a run went.
///
/// `Display` tells it in words; as JSON it is the object under `"summary"` of a starter bot's last `--json` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many matches ended.
    pub matches: u32,
    /// Of them won.
    pub won: u32,
    /// Of them lost.
    pub lost: u32,
    /// Of them drawn.
    pub drawn: u32,
    /// Of them with a seed that matches its commitment.
    pub fair: u32,
}

impl Summary {
    fn add(&mut self, report: &MatchReport) {
        self.matches += 1;
        match report.outcome() {
            Outcome::Won => self.won += 1,
            Outcome::Lost => self.lost += 1,
            Outcome::Draw => self.drawn += 1,
        }
        self.fair += u32::from(report.fair == Some(true));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, won, lost, drawn, fair } = self;
        let plural = if *matches == 1 { "match" } else { "matches" };
        write!(
            f,
            "{matches} {plural}: {won} won, {lost} lost, {drawn} drawn; {fair} with a seed that matches its commitment"
        )
    }
}

/// Plays matches of one game: made by [`Client::play`], started by [`run`](Self::run).
#[must_use = "nothing is played until it is run"]
pub struct Play<G: Game, S> {
    client: Client,
    strategy: S,
    wager: Option<Lamports>,
    matches: Option<u32>,
    on_match: Option<OnMatch>,
    game: PhantomData<G>,
}

type OnMatch = Box<dyn FnMut(&MatchReport) + Send>;

impl<G: Game, S: Strategy<G>> Play<G, S> {
    pub(crate) fn new(client: Client, strategy: S) -> Self {
        Self { client, strategy, wager: None, matches: None, on_match: None, game: PhantomData }
    }

    /// What to put into each match. Without it nothing is played: there is no default wager.
    pub fn wager(mut self, wager: Lamports) -> Self {
        self.wager = Some(wager);
        self
    }

    /// Stop after so many matches. Without it the bot plays until it is stopped.
    pub fn matches(mut self, matches: u32) -> Self {
        self.matches = Some(matches);
        self
    }

    /// Called with the report of each match as it ends.
    pub fn on_match(mut self, callback: impl FnMut(&MatchReport) + Send + 'static) -> Self {
        self.on_match = Some(Box::new(callback));
        self
    }

    /// Queues, plays, and queues again, until the matches are played or the client's shutdown says so. A server that says
    /// goodbye in good order before that is dialled again.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for a wager that is missing or too small; what the platform refused
    /// when the queue was to be joined; otherwise as [`Client::run`].
    pub async fn run(self) -> Result<Summary> {
        let Some(wager) = self.wager else {
            return Err(Error::invalid_argument(
                "wager",
                "no wager was given: use .wager(\"0.01 SOL\".parse()?)",
            ));
        };
        WagerBucket::of(wager)?;
        if self.matches == Some(0) {
            return Ok(Summary::default());
        }
        let table = Arc::new(Mutex::new(Table::default()));
        let player = Player::<G, S> {
            strategy: tokio::sync::Mutex::new(self.strategy),
            wager,
            matches: self.matches,
            on_match: Mutex::new(self.on_match),
            table: table.clone(),
            shutdown: self.client.shutdown_of_all(),
            game: PhantomData,
        };
        let ended = self.client.run_staying(player).await;
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        match &table.refused {
            Some(refused) => Err(refused.clone()),
            None => ended.map(|()| table.summary.clone()),
        }
    }
}

impl<G: Game, S> fmt::Debug for Play<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("client", &self.client)
            .field("game", &G::NAME)
            .field("wager", &self.wager)
            .field("matches", &self.matches)
            .finish_non_exhaustive()
    }
}

/// What the player knows of the matches under way, and of those that ended.
#[derive(Default)]
struct Table {
    open: Vec<OpenMatch>,
    summary: Summary,
    refused: Option<Error>,
}

struct OpenMatch {
    id: MatchId,
    found: Option<MatchFound>,
    side: Option<Side>,
    rounds: Vec<RoundReport>,
}

impl Table {
    fn open_match(&mut self, id: &MatchId) -> &mut OpenMatch {
        let at = self.open.iter().position(|open| open.id == *id).unwrap_or_else(|| {
            self.open.push(OpenMatch { id: id.clone(), found: None, side: None, rounds: Vec::new() });
            self.open.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found, or pushed just above")]
        &mut self.open[at]
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

struct Player<G: Game, S> {
    strategy: tokio::sync::Mutex<S>,
    wager: Lamports,
    matches: Option<u32>,
    on_match: Mutex<Option<OnMatch>>,
    table: Arc<Mutex<Table>>,
    shutdown: Shutdown,
    game: PhantomData<G>,
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
            let Err(error) = bot.join_queue(G::game_type(), self.wager).await else { return };
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

    /// False when the bot stops meanwhile.
    async fn sleep(&self, bot: &Handle, span: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(span) => true,
            () = self.shutdown.draining() => false,
            () = bot.closed() => false,
        }
    }

    fn report(&self, over: &GameOver) -> MatchReport {
        let mut table = self.table();
        let open = table.open_match(&over.match_id);
        let rounds = std::mem::take(&mut open.rounds);
        let (found, side) = (open.found.take(), over.side.or(open.side));
        table.open.retain(|open| open.id != over.match_id);
        let report = MatchReport {
            id: over.match_id.clone(),
            game: found.as_ref().map_or_else(G::game_type, |found| found.game_type.clone()),
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
            fair: over.commitment.map(CommitmentCheck::is_match),
            side,
            wager: found.map(|found| found.wager),
            commitment: over.commitment,
            rounds,
        };
        table.summary.add(&report);
        report
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

    async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
        let turn = GameTurn::<G>::new(turn)?;
        let answer = self.strategy.lock().await.choose(&turn).await?;
        G::check_move(&turn.state, turn.side, &answer)?;
        MoveData::of(&answer)
    }

    async fn on_round_result(&self, _: &Handle, result: RoundResult) {
        let side = self.table().open_match(&result.match_id).side;
        let told = match (result.result::<G>(), side) {
            (Ok(Some(record)), Some(side)) => {
                self.strategy.lock().await.on_round(&record, side);
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

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        let report = self.report(&over);
        self.strategy.lock().await.on_match(&report);
        if let Some(callback) = &mut *self.on_match.lock().unwrap_or_else(PoisonError::into_inner) {
            callback(&report);
        }
        self.next_match(bot).await;
    }

    async fn on_match_lost(&self, bot: &Handle, match_id: MatchId) {
        self.table().open.retain(|open| open.id != match_id);
        self.next_match(bot).await;
    }

    async fn on_handler_failed(&self, _: &Handle, error: Error) {
        tracing::error!(error = %error.chain(), "the strategy failed; no move was sent");
    }
}
