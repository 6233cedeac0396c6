//! Reaction Ring: the guess that is closest to a hidden number wins (spec, "Reaction Ring").
//!
//! Best of three, ten seconds a move. The server derives a target from its seed, 1 to 1000. Both sides guess at once, and
//! the smaller distance wins the round. The same distance is a tie.
//!
//! # The law
//!
//! The target is sixteen bits of a hash: `u16 % 1000 + 1`. As 65,536 is no multiple of 1000, the targets 1 to 536 come up
//! 66 times in 65,536 and the others 65 times ([`chances`]). That is why the middle is at 497, and not at 500: see
//! [`Median`].
//!
//! ```
//! use botpit_sdk::games::reaction_ring::{Guess, Median, round_odds};
//!
//! assert_eq!(Median::GUESS.get(), 497);
//! assert!(round_odds(Median::GUESS, Guess::new(500)?).gain() > 0.0);
//! assert_eq!(Guess::new(0).unwrap_err().message(), "guess is 1 to 1000, not 0");
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundOdds, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

/// The game of reaction ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReactionRing;

impl Game for ReactionRing {
    const NAME: &'static str = "reaction_ring";
    const BEST_OF: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// Within the state's own `min_guess` and `max_guess`, where it has them.
    fn check_move(state: &State, _side: Side, answer: &Move) -> Result<()> {
        let guess = u32::from(answer.guess);
        let (min, max) = (state.min_guess.unwrap_or(guess), state.max_guess.unwrap_or(guess));
        if guess < min || guess > max {
            let message = format!("this match takes a guess of {min} to {max}, not {guess}");
            return Err(Error::invalid_argument("guess", message));
        }
        Ok(())
    }

    /// The middle, which is nearest to most targets.
    fn safe_move(state: &State) -> Option<Move> {
        Some(Median.choose(state, Side::A).into())
    }
}

bounded_number! {
    /// A guess: 1 to 1000.
    Guess: u16, "guess", 1..=1000
}

/// A move: `{"guess":500}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// What the target might be.
    pub guess: Guess,
}

impl From<Guess> for Move {
    fn from(guess: Guess) -> Self {
        Self { guess }
    }
}

/// The `game_state` of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 2.
    pub rounds_to_win: u32,
    /// The lowest guess that is taken: 1.
    pub min_guess: Option<u32>,
    /// The highest guess that is taken: 1000.
    pub max_guess: Option<u32>,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, history: Vec<RoundResult>) -> Self {
        Self {
            round,
            score,
            rounds_to_win: ReactionRing::rounds_to_win(),
            min_guess: Some(Guess::MIN.into()),
            max_guess: Some(Guess::MAX.into()),
            history,
            extra: Extra::new(),
        }
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// The hidden number. `None` where the server does not tell.
    pub target: Option<u32>,
    /// What side A guessed. `None` when it did not.
    pub guess_a: Option<u32>,
    /// What side B guessed. `None` when it did not.
    pub guess_b: Option<u32>,
    /// How far side A was off.
    pub distance_a: Option<u32>,
    /// How far side B was off.
    pub distance_b: Option<u32>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one. The distances follow.
    pub fn new(
        round: u32,
        target: u32,
        guess_a: Option<Guess>,
        guess_b: Option<Guess>,
        round_winner: Option<AgentId>,
    ) -> Self {
        let (guess_a, guess_b) = (guess_a.map(u32::from), guess_b.map(u32::from));
        Self {
            round,
            target: Some(target),
            guess_a,
            guess_b,
            distance_a: guess_a.map(|guess| guess.abs_diff(target)),
            distance_b: guess_b.map(|guess| guess.abs_diff(target)),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// What I guessed, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<u32> {
        side.pick(self.guess_a, self.guess_b)
    }

    /// What the opponent guessed, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<u32> {
        self.mine(side.other())
    }

    /// How far a side was off: what the server says, or else what follows from its guess.
    pub fn distance(&self, side: Side) -> Option<u32> {
        side.pick(self.distance_a, self.distance_b).or_else(|| Some(self.mine(side)?.abs_diff(self.target?)))
    }
}

impl RoundRecord for RoundResult {
    fn round(&self) -> u32 {
        self.round
    }

    fn round_winner(&self) -> Option<&AgentId> {
        self.round_winner.as_ref()
    }

    fn by_rules(&self) -> Option<RoundEnd> {
        Some(RoundEnd::from(self.distance(Side::B)?.cmp(&self.distance(Side::A)?)))
    }

    fn told(&self, side: Side) -> String {
        let end = end_told(self.by_rules(), side);
        let (mine, theirs) = (shown(self.mine(side)), shown(self.theirs(side)));
        format!("{mine} against {theirs}, the target was {}: {end}", shown(self.target))
    }
}

/// How many of the 65,536 sixteen-bit numbers give a target: 66 up to 536, 65 up to 1000, none for anything else.
pub const fn chances(target: u32) -> u32 {
    match target {
        1..=536 => 66,
        537..=1000 => 65,
        _ => 0,
    }
}

/// The odds of a round with one guess against another, by the exact law of the targets.
pub fn round_odds(mine: Guess, theirs: Guess) -> RoundOdds {
    let (mut win, mut lose) = (0, 0);
    for target in 1..=1000 {
        match u32::from(mine).abs_diff(target).cmp(&u32::from(theirs).abs_diff(target)) {
            std::cmp::Ordering::Less => win += chances(target),
            std::cmp::Ordering::Greater => lose += chances(target),
            std::cmp::Ordering::Equal => {}
        }
    }
    let (win, lose) = (f64::from(win) / 65_536.0, f64::from(lose) / 65_536.0);
    RoundOdds { win, lose, tie: 1.0 - win - lose }
}

/// Guesses the middle of the law: 497.
///
/// It wins more rounds than it loses against *every* other guess, 500 and 501 among them, so no mix of guesses has an edge
/// on it; a test goes through all 999. The reason: at least half of all targets are at 497 or below, at least half at 497
/// or above, and a guess on one side is farther from all targets on the other.
///
/// Two players who both guess it tie every round. What the platform does about a match that is never decided is not
/// documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Median;

impl Median {
    /// The middle: 32,736 of 65,536 targets are below it and 32,734 above.
    pub const GUESS: Guess = Guess(497);

    /// The guess for a turn, within the state's limits.
    pub fn choose(&mut self, state: &State, _side: Side) -> Guess {
        let limit = |limit: Option<u32>| limit.and_then(|limit| Guess::new(limit).ok());
        let at_most = Self::GUESS.min(limit(state.max_guess).unwrap_or(Guess::MAX));
        at_most.max(limit(state.min_guess).unwrap_or(Guess::MIN))
    }
}

strategy!(Median, ReactionRing);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chances_are_those_of_sixteen_bits_modulo_a_thousand() {
        let mut counts = [0; 1_002];
        for bits in 0..=u16::MAX {
            counts[usize::from(bits % 1000 + 1)] += 1;
        }
        for (target, count) in counts.into_iter().enumerate() {
            assert_eq!(chances(u32::try_from(target).unwrap()), count, "{target}");
        }
    }

    #[test]
    fn the_median_beats_every_other_guess() {
        for other in Guess::all().filter(|other| *other != Median::GUESS) {
            assert!(round_odds(Median::GUESS, other).gain() > 0.0, "{other}");
        }
        assert_eq!(round_odds(Median::GUESS, Median::GUESS).tie, 1.0);
        assert_eq!((1..497).map(chances).sum::<u32>(), 32_736);
        assert_eq!((498..=1000).map(chances).sum::<u32>(), 32_734);
    }

    #[test]
    fn the_closer_guess_wins() {
        let guess = |number| Guess::new(number).ok();
        let end = |a, b| RoundResult::new(1, 372, guess(a), guess(b), None).by_rules();
        assert_eq!(end(350, 600), Some(RoundEnd::Won(Side::A)));
        assert_eq!(end(1, 372), Some(RoundEnd::Won(Side::B)));
        assert_eq!((end(370, 374), end(370, 0)), (Some(RoundEnd::Tie), None));
        let told = RoundResult::new(1, 372, guess(350), guess(600), None).told(Side::B);
        assert_eq!(told, "600 against 350, the target was 372: lost");
    }

    #[test]
    fn the_states_own_limits_count() {
        let mut state = State::new(1, Score::new(0, 0), Vec::new());
        assert!(ReactionRing::check_move(&state, Side::A, &Guess::MAX.into()).is_ok());
        (state.min_guess, state.max_guess) = (Some(10), Some(20));
        for (guess, allowed) in [(9, false), (10, true), (20, true), (21, false)] {
            let checked = ReactionRing::check_move(&state, Side::A, &Guess::new(guess).unwrap().into());
            assert_eq!(checked.is_ok(), allowed, "{guess}");
            assert!(checked.err().is_none_or(|error| error.message().contains("10 to 20")));
        }
        assert_eq!(Median.choose(&state, Side::A).get(), 20);
        (state.min_guess, state.max_guess) = (Some(600), None);
        assert_eq!(Median.choose(&state, Side::A).get(), 600);
    }
}
