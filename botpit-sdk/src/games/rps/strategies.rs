//! Ways to play rock paper scissors.

use std::future::ready;

use fastrand::Rng;

use super::{Choice, Move, RoundResult, Rps, State};
use crate::games::Game;
use crate::games::chance::seeded;
use crate::model::Side;
use crate::{GameTurn, Result, Strategy};

/// Plays each choice with the same probability. Nobody can do better against it than break even, and it does no better
/// against anybody.
///
/// ```
/// use botpit_sdk::games::rps::UniformRandom;
///
/// let (mut one, mut other) = (UniformRandom::seeded(7), UniformRandom::seeded(7));
/// assert_eq!(one.next_choice(), other.next_choice());
/// ```
///
/// Its numbers are fast, not cryptographic: play it unseeded for money.
#[derive(Debug, Clone)]
pub struct UniformRandom {
    rng: Rng,
}

impl UniformRandom {
    /// A player with a seed of its own.
    pub fn new() -> Self {
        Self { rng: Rng::new() }
    }

    /// A player that makes the same choices for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: seeded(seed) }
    }

    /// A choice.
    pub fn next_choice(&mut self) -> Choice {
        match self.rng.u8(0..3) {
            0 => Choice::Rock,
            1 => Choice::Paper,
            _ => Choice::Scissors,
        }
    }

    /// A choice for a turn, whatever the turn is.
    pub fn choose(&mut self, _state: &State, _side: Side) -> Choice {
        self.next_choice()
    }
}

impl Default for UniformRandom {
    fn default() -> Self {
        Self::new()
    }
}

strategy!(UniformRandom, Rps);

/// Looks for habits of one opponent, plays against them while that pays, and plays [`UniformRandom`] otherwise.
///
/// It counts what the opponent plays after each of their own choices, and overall. Where the counts speak for one answer
/// clearly enough to be no accident (the mean gain of the answer is above a 95 % Hoeffding bound), it plays that answer.
///
/// What makes it sound is its brake. It keeps the balance of the rounds in which it followed a habit, and gives that up
/// for good once it is [`MAX_LOSS`](Self::MAX_LOSS) rounds behind. So whatever the opponent does, even one who reads its
/// mind, following habits costs at most that many rounds net, and all other rounds are uniform.
///
/// Keep one for each opponent, over all matches with them. It learns from the history in each turn's state; the last
/// round of a match stands in no turn, so hand it to [`learn`](Self::learn) as well. A round is counted once either way.
///
/// ```
/// use botpit_sdk::games::rps::{Choice, Predictor, RoundResult};
/// use botpit_sdk::model::Side;
///
/// let mut predictor = Predictor::seeded(7);
/// for round in 1..=10 {
///     let mine = predictor.next_choice();
///     predictor.learn(&RoundResult::new(round, Some(mine), Some(Choice::Rock), None), Side::A);
/// }
/// assert_eq!(predictor.next_choice(), Choice::Paper);
/// ```
#[derive(Debug, Clone)]
pub struct Predictor {
    fallback: UniformRandom,
    after: [Counts; 3],
    overall: Counts,
    /// The opponent's last choice in this match.
    last: Option<Choice>,
    /// How many rounds of this match have been counted.
    seen: usize,
    /// The choice that awaits its result, when it followed a habit.
    wagered: Option<Choice>,
    balance: i32,
}

/// How often each choice was seen.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    rock: u32,
    paper: u32,
    scissors: u32,
}

impl Counts {
    fn of(&mut self, choice: Choice) -> &mut u32 {
        match choice {
            Choice::Rock => &mut self.rock,
            Choice::Paper => &mut self.paper,
            Choice::Scissors => &mut self.scissors,
        }
    }

    fn get(mut self, choice: Choice) -> f64 {
        f64::from(*self.of(choice))
    }

    /// The answer that these counts speak for, if they speak for one clearly.
    fn answer(self) -> Option<Choice> {
        // Two tables with three answers each are looked at, and together they may err one time in twenty.
        const LN_OF_TRIES_BY_RISK: f64 = 4.787_491_742_782_046; // ln(2 * 3 / 0.05)

        let rounds: f64 = Choice::ALL.into_iter().map(|choice| self.get(choice)).sum();
        let gain = |answer: Choice| {
            let beaten = answer.beaten_by().beaten_by();
            (self.get(beaten) - self.get(answer.beaten_by())) / rounds
        };
        let best = Choice::ALL.into_iter().max_by(|one, other| gain(*one).total_cmp(&gain(*other)))?;
        // Hoeffding, for a mean of values between -1 and 1.
        (rounds > 0.0 && gain(best) > (2.0 * LN_OF_TRIES_BY_RISK / rounds).sqrt()).then_some(best)
    }
}

impl Predictor {
    /// How many rounds net it may lose by following habits before it gives that up.
    pub const MAX_LOSS: i32 = 5;

    /// A predictor with a seed of its own.
    pub fn new() -> Self {
        Self::with(UniformRandom::new())
    }

    /// A predictor that makes the same choices for the same seed and the same opponent.
    pub fn seeded(seed: u64) -> Self {
        Self::with(UniformRandom::seeded(seed))
    }

    fn with(fallback: UniformRandom) -> Self {
        Self {
            fallback,
            after: [Counts::default(); 3],
            overall: Counts::default(),
            last: None,
            seen: 0,
            wagered: None,
            balance: 0,
        }
    }

    /// The choice for a turn: learns from the rounds in the state that are new, then chooses.
    pub fn choose(&mut self, state: &State, side: Side) -> Choice {
        if state.history.len() < self.seen {
            self.begin_match();
        }
        for result in state.history.iter().skip(self.seen) {
            self.learn(result, side);
        }
        self.next_choice()
    }

    /// Learns from a round, when I am on `side`. A round in which a side showed nothing teaches nothing.
    pub fn learn(&mut self, result: &RoundResult, side: Side) {
        self.seen = self.seen.saturating_add(1);
        let wagered = self.wagered.take();
        let Some(theirs) = result.theirs(side) else { return };
        // What was played counts, in case the choice came too late.
        if let (Some(_), Some(mine)) = (wagered, result.mine(side)) {
            self.balance += i32::from(mine.beats(theirs)) - i32::from(theirs.beats(mine));
        }
        *self.overall.of(theirs) += 1;
        if let Some(last) = self.last.replace(theirs) {
            *Self::row(&mut self.after, last).of(theirs) += 1;
        }
    }

    /// The next choice from what it has learnt.
    pub fn next_choice(&mut self) -> Choice {
        self.wagered = self.habit();
        self.wagered.unwrap_or_else(|| self.fallback.next_choice())
    }

    /// The balance of the rounds in which it followed a habit: won minus lost. Never below minus [`MAX_LOSS`](Self::MAX_LOSS).
    pub fn balance(&self) -> i32 {
        self.balance
    }

    fn habit(&mut self) -> Option<Choice> {
        if self.balance <= -Self::MAX_LOSS {
            return None;
        }
        let after_last = self.last.and_then(|last| Self::row(&mut self.after, last).answer());
        after_last.or_else(|| self.overall.answer())
    }

    fn begin_match(&mut self) {
        self.seen = 0;
        self.last = None;
        self.wagered = None;
    }

    fn row([rock, paper, scissors]: &mut [Counts; 3], last: Choice) -> &mut Counts {
        match last {
            Choice::Rock => rock,
            Choice::Paper => paper,
            Choice::Scissors => scissors,
        }
    }
}

impl Default for Predictor {
    fn default() -> Self {
        Self::new()
    }
}

impl Strategy<Rps> for Predictor {
    fn choose(&mut self, turn: &GameTurn<Rps>) -> impl Future<Output = Result<Move>> + Send {
        ready(Ok(Self::choose(self, &turn.state, turn.side).into()))
    }

    fn on_round(&mut self, result: &RoundResult, side: Side) {
        self.learn(result, side);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Score;

    /// Plays one endless match and gives rounds won minus rounds lost.
    fn play(
        predictor: &mut Predictor,
        rounds: u32,
        mut opponent: impl FnMut(u32, &Predictor) -> Choice,
    ) -> i32 {
        let mut net = 0;
        for round in 0..rounds {
            let theirs = opponent(round, predictor);
            let mine = predictor.next_choice();
            net += i32::from(mine.beats(theirs)) - i32::from(theirs.beats(mine));
            predictor.learn(&RoundResult::new(round, Some(mine), Some(theirs), None), Side::A);
            assert!(predictor.balance() >= -Predictor::MAX_LOSS);
        }
        net
    }

    #[test]
    fn uniform_plays_each_choice_a_third_of_the_time() {
        let mut player = UniformRandom::seeded(1);
        let mut counts = Counts::default();
        for _ in 0..30_000 {
            *counts.of(player.next_choice()) += 1;
        }
        for choice in Choice::ALL {
            assert!((9_700.0..10_300.0).contains(&counts.get(choice)), "{counts:?}");
        }
    }

    #[test]
    fn a_habit_is_found_and_punished() {
        for seed in 0..20 {
            let constant = play(&mut Predictor::seeded(seed), 200, |_, _| Choice::Scissors);
            assert!(constant > 150, "{constant}");
            // Each choice a third of the time: only the order gives it away.
            let cycle = |round: u32, _: &Predictor| Choice::ALL[round as usize % 3];
            let cyclic = play(&mut Predictor::seeded(seed), 200, cycle);
            assert!(cyclic > 120, "{cyclic}");
        }
    }

    #[test]
    fn no_opponent_costs_more_than_the_brake_allows() {
        for seed in 0..20 {
            let mut dice = UniformRandom::seeded(seed + 1_000);
            let mut predictor = Predictor::seeded(seed);
            play(&mut predictor, 3_000, |_, _| dice.next_choice());

            // Reads its mind: feeds it a habit, and strikes as soon as it believes in one.
            let mut predictor = Predictor::seeded(seed);
            play(&mut predictor, 3_000, |_, predictor| match predictor.clone().habit() {
                Some(expected) => expected.beaten_by(),
                None => Choice::Rock,
            });
            assert_eq!(predictor.balance(), -Predictor::MAX_LOSS);
            assert_eq!(predictor.habit(), None);
        }
    }

    #[test]
    fn a_round_is_counted_once_however_it_is_told() {
        let result = |round, theirs| RoundResult::new(round, Some(Choice::Rock), Some(theirs), None);
        let mut predictor = Predictor::seeded(3);
        let mut history = Vec::new();
        for round in 1..=3 {
            predictor.choose(&State::new(round, Score::new(0, 0), history.clone()), Side::A);
            history.push(result(round, Choice::Paper));
            predictor.learn(history.last().unwrap(), Side::A);
        }
        assert_eq!(predictor.overall.paper, 3);
        assert_eq!(predictor.after[1].paper, 2);

        // The next match begins with an empty history; its first round follows nothing.
        predictor.choose(&State::new(1, Score::new(0, 0), Vec::new()), Side::A);
        predictor.choose(&State::new(2, Score::new(0, 1), vec![result(1, Choice::Paper)]), Side::A);
        assert_eq!(predictor.overall.paper, 4);
        assert_eq!(predictor.after[1].paper, 2);
    }

    #[test]
    fn a_round_that_was_not_played_teaches_nothing() {
        let mut predictor = Predictor::seeded(3);
        predictor.learn(&RoundResult::new(1, Some(Choice::Rock), None, None), Side::A);
        assert_eq!((predictor.overall.get(Choice::Rock), predictor.last, predictor.seen), (0.0, None, 1));
    }
}
