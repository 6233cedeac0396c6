//! The lab: two strategies against each other, many thousand matches, in this process and without a socket.
//!
//! It answers the question that a live site answers too slowly and too dearly: which of two strategies is better, and is
//! the difference more than luck? The rules, the moves and the odds are the platform's; the luck comes from a seed of
//! yours, so a run can be repeated.
//!
//! ```
//! use botpit_sdk::games::rps::{Choice, Predictor, Rps};
//! use botpit_sdk::lab::Lab;
//! use botpit_sdk::GameTurn;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> botpit_sdk::Result<()> {
//! let always_rock = |_: &GameTurn<Rps>| Choice::Rock;
//! let report = Lab::<Rps>::new().matches(1_000).seed(7).run(Predictor::seeded(7), always_rock).await?;
//!
//! assert_eq!(report.matches, 1_000);
//! // 95 of 100 such runs have the true win rate within the interval.
//! assert!(report.win_rate().low > 0.9);
//! # Ok(())
//! # }
//! ```
//!
//! What differs from a match on the platform: there is no opponent id, no wager and no seed to verify; the turn's raw
//! state is `null` (the typed one is whole); the deadline is the game's, and nobody enforces it.

mod games;
mod report;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use fastrand::Rng;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result};
use sdk_core::wire::RawJson;
use tokio_util::sync::CancellationToken;

pub use report::{Interval, LabReport, MoveTally, PayoffRow, Tally};

use crate::fairness::{FairnessReport, MatchEvidence};
use crate::games::chance::seeded;
use crate::games::{Game, GameState as _, RoundRecord as _};
use crate::live::{Turn, TurnId};
use crate::model::{AgentId, GameType, MatchId, Score, Side};
use crate::play::{GameTurn, MatchReport, Strategy};

/// A match is over after this many rounds, whoever leads: two who only ever tie would play for ever.
pub const MAX_ROUNDS: u32 = 100;

/// Every so many matches the lab lets other tasks run.
const MATCHES_BETWEEN_YIELDS: u64 = 256;

/// A game that the lab can play: where its luck comes from, and what its rounds come to.
///
/// The platform's ten games are. Implement it for a custom game, and the lab plays that one too.
pub trait LabGame: Game {
    /// What luck decides in a round: a crash point, two cards, an expression.
    type Deal: fmt::Debug;

    /// The kinds of moves that the payoff table tells apart, in its order: `rock`, `paper`, `scissors`. Games with
    /// hundreds of moves put them into ranges.
    fn kinds() -> Vec<String>;

    /// Which of the [`kinds`](Self::kinds) a move is, by its index.
    fn kind_of(state: &Self::State, answer: &Self::Move) -> usize;

    /// Draws what luck decides in a round, by the distribution that the spec's formulas have.
    fn deal(rng: &mut Rng, round: u32) -> Self::Deal;

    /// What a side sees before it moves.
    fn state(
        deal: &Self::Deal,
        round: u32,
        score: Score,
        side: Side,
        history: Vec<Self::RoundResult>,
    ) -> Self::State;

    /// What the round comes to, and who won it; `winner` names the id of a side. `before` is a side's state.
    fn resolve(
        deal: Self::Deal,
        before: &Self::State,
        a: &Self::Move,
        b: &Self::Move,
        ids: &Ids,
    ) -> (Self::RoundResult, Option<Side>);

    /// Takes the history out of a state, to be used for the next one.
    fn take_history(state: &mut Self::State) -> Vec<Self::RoundResult>;
}

/// The agents' ids in a match of the lab, by side.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ids {
    /// Side A's.
    pub a: AgentId,
    /// Side B's.
    pub b: AgentId,
}

impl Ids {
    /// The id of a side.
    pub fn of(&self, side: Side) -> &AgentId {
        side.pick(&self.a, &self.b)
    }
}

/// Two strategies against each other, many times. See the [module](self).
pub struct Lab<G: LabGame> {
    matches: u64,
    seed: u64,
    progress: Option<Box<dyn FnMut(u64) + Send>>,
    game: PhantomData<fn() -> G>,
}

impl<G: LabGame> fmt::Debug for Lab<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab")
            .field("game", &G::NAME)
            .field("matches", &self.matches)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<G: LabGame> Default for Lab<G> {
    fn default() -> Self {
        Self::new()
    }
}

impl<G: LabGame> Lab<G> {
    /// 10,000 matches with the seed 0.
    pub fn new() -> Self {
        Self { matches: 10_000, seed: 0, progress: None, game: PhantomData }
    }

    /// How many matches. The strategies change sides after each, so that neither has the better side more often than once.
    #[must_use]
    pub fn matches(mut self, matches: u64) -> Self {
        self.matches = matches;
        self
    }

    /// The seed of all luck that is not the strategies' own. The same seed and the same strategies, seeded likewise, give
    /// the same report.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Called every few hundred matches, with how many are done; and once at the end.
    #[must_use]
    pub fn on_progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Plays them. The first strategy is side A in the first match.
    ///
    /// # Errors
    /// What a strategy fails with, and [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a move that the
    /// rules do not allow. A lab forgives neither: the report would be about something else than the strategy.
    ///
    /// # Cancel safety
    /// Dropping the future ends the run. It lets other tasks run now and then.
    pub async fn run<A: Strategy<G>, B: Strategy<G>>(mut self, first: A, second: B) -> Result<LabReport> {
        let mut report = LabReport::new(G::NAME, G::kinds());
        let mut table = Table::<G>::new(self.seed);
        let (mut first, mut second) = (first, second);
        for number in 0..self.matches {
            let first_side = if number % 2 == 0 { Side::A } else { Side::B };
            match first_side {
                Side::A => table.play(first_side, &mut first, &mut second, &mut report).await?,
                Side::B => table.play(first_side, &mut second, &mut first, &mut report).await?,
            }
            let done = number + 1;
            if done % MATCHES_BETWEEN_YIELDS == 0 {
                if let Some(progress) = &mut self.progress {
                    progress(done);
                }
                tokio::task::yield_now().await;
            }
        }
        if let Some(progress) = &mut self.progress {
            progress(self.matches);
        }
        Ok(report)
    }
}

/// What matches of one run share. It is made once: a match of the lab takes less time than the ids of one would.
struct Table<G: LabGame> {
    rng: Rng,
    /// The first strategy's id and the second's.
    agents: [AgentId; 2],
    match_id: MatchId,
    game_type: GameType,
    null: RawJson,
    never: Arc<CancellationToken>,
    /// Nothing was promised, so nothing is there to be verified.
    unverified: Arc<FairnessReport>,
    turns: u64,
    game: PhantomData<fn() -> G>,
}

impl<G: LabGame> Table<G> {
    fn new(seed: u64) -> Self {
        Self {
            // Another one than a strategy has under the same seed.
            rng: seeded(!seed),
            agents: [AgentId::from("lab-first"), AgentId::from("lab-second")],
            match_id: MatchId::from("lab"),
            game_type: G::game_type(),
            null: RawJson::from("null".to_owned()),
            never: Arc::new(CancellationToken::new()),
            unverified: Arc::new(MatchEvidence::new().verify()),
            turns: 0,
            game: PhantomData,
        }
    }

    fn turn(&mut self, state: G::State, side: Side) -> GameTurn<G> {
        self.turns += 1;
        let turn = Turn {
            match_id: self.match_id.clone(),
            game_type: Some(self.game_type.clone()),
            round: state.round(),
            side: Some(side),
            state: self.null.clone(),
            timeout: G::TIMEOUT,
            deadline: Instant::now() + G::TIMEOUT,
            id: TurnId(self.turns),
            over: Arc::clone(&self.never),
        };
        GameTurn::of_state(turn, state, side)
    }

    /// One match, with `a` on side A. `first_side` is where the first strategy sits.
    async fn play<A: Strategy<G>, B: Strategy<G>>(
        &mut self,
        first_side: Side,
        a: &mut A,
        b: &mut B,
        report: &mut LabReport,
    ) -> Result<()> {
        let [first, second] = self.agents.clone();
        let ids = match first_side {
            Side::A => Ids { a: first, b: second },
            Side::B => Ids { a: second, b: first },
        };
        let (mut score, mut round, mut rounds) = (Score::new(0, 0), 1, 0);
        let (mut history_a, mut history_b) = (Vec::new(), Vec::new());
        let won = loop {
            let deal = G::deal(&mut self.rng, round);
            let mut turn_a = self.turn(G::state(&deal, round, score, Side::A, history_a), Side::A);
            let mut turn_b = self.turn(G::state(&deal, round, score, Side::B, history_b), Side::B);
            let move_a = choose(a, &turn_a, first_side == Side::A).await?;
            let move_b = choose(b, &turn_b, first_side == Side::B).await?;
            let kinds = [G::kind_of(&turn_a.state, &move_a), G::kind_of(&turn_b.state, &move_b)];
            let (result, winner) = G::resolve(deal, &turn_a.state, &move_a, &move_b, &ids);
            a.on_round(&result, Side::A);
            b.on_round(&result, Side::B);
            rounds += 1;
            match winner {
                Some(Side::A) => score.a += 1,
                Some(Side::B) => score.b += 1,
                None => {}
            }
            report.round(first_side, winner, kinds);
            if score.a.max(score.b) >= G::rounds_to_win() || rounds >= MAX_ROUNDS {
                break score.leader();
            }
            // As the sandbox counts: a replayed tie has the next number.
            round = result.round() + 1;
            history_a = G::take_history(&mut turn_a.state);
            history_b = G::take_history(&mut turn_b.state);
            history_a.push(result.clone());
            history_b.push(result);
        };
        report.finished(first_side, won);
        let told = |side: Side| {
            let opponent = ids.of(side.other()).clone();
            let won = won.map(|winner| winner == side);
            let (id, game) = (self.match_id.clone(), self.game_type.clone());
            let unverified = Arc::clone(&self.unverified);
            MatchReport::of_lab(id, game, opponent, side, won, Some(score), unverified)
        };
        a.on_match_end(&told(Side::A));
        b.on_match_end(&told(Side::B));
        Ok(())
    }
}

/// A strategy's move, checked as the client checks it.
async fn choose<G: LabGame, S: Strategy<G>>(
    strategy: &mut S,
    turn: &GameTurn<G>,
    is_first: bool,
) -> Result<G::Move> {
    let answer = strategy.choose(turn).await?;
    G::check_move(&turn.state, turn.side, &answer).map_err(|refused| {
        let who = if is_first { "first" } else { "second" };
        let message = format!("the {who} strategy, round {}: {}", turn.state.round(), refused.message());
        let field = refused.field().unwrap_or("move").to_owned();
        Error::invalid_argument(field, message).with_source(refused)
    })?;
    Ok(answer)
}
