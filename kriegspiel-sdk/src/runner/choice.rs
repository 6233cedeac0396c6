//! What a strategy chose, checked before it is sent; and what is played when it does not decide.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use sdk_core::error::Error;

use super::position::Position;
use super::strategy::Action;
use crate::knowledge::Legality;
use crate::model::{GameId, UciMove};

/// How often a strategy is asked again in one position before the fallback is played.
pub const ASKED_AGAIN: u32 = 2;

/// Why a choice cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Complaint {
    /// The move is not among the allowed ones.
    NotAllowed(UciMove),
    /// The move was refused in this turn already.
    TriedBefore(UciMove),
    /// Any? cannot be asked now.
    AnyNotPossible,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(uci) => write!(f, "{uci} is not among the allowed moves"),
            Self::TriedBefore(uci) => write!(f, "{uci} was refused in this turn already"),
            Self::AnyNotPossible => f.write_str("Any? is not among the possible actions"),
        }
    }
}

/// Whether an action can be sent in a position.
///
/// # Errors
/// Why not.
pub fn check(position: &Position, action: Action) -> Result<(), Complaint> {
    match action {
        Action::Move(uci) if position.refused().contains(&uci) => Err(Complaint::TriedBefore(uci)),
        Action::Move(uci) if !position.allows(uci) => Err(Complaint::NotAllowed(uci)),
        Action::AskAny if !position.can_ask_any() => Err(Complaint::AnyNotPossible),
        _ => Ok(()),
    }
}

/// What is played when a strategy does not decide: a random one of the moves that are not known to be illegal, else any.
pub fn fallback(position: &Position, rng: &mut Rng) -> Action {
    let moves = position.moves();
    let hopeful: Vec<UciMove> = moves
        .iter()
        .copied()
        .filter(|uci| position.knowledge.tracker().legality(*uci) != Legality::Illegal)
        .collect();
    match rng.choice(&hopeful).or_else(|| rng.choice(moves)) {
        Some(&uci) => Action::Move(uci),
        None if position.can_ask_any() => Action::AskAny,
        None => Action::Wait(Duration::from_secs(1)),
    }
}

/// That a strategy did not decide, or chose what cannot be asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StrategyFailure {
    /// The game.
    pub game: GameId,
    /// The `move_number` of the turn.
    pub move_number: u32,
    /// Why.
    pub cause: FailureCause,
    /// What was played in its place. `None`: the strategy is asked again.
    pub played: Option<Action>,
}

/// Why a strategy did not decide.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FailureCause {
    /// Its own error, or its panic.
    Error(Error),
    /// It chose what cannot be asked.
    Nonsense(Complaint),
    /// It thought for longer than this.
    TooSlow(Duration),
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.write_str(&error.chain()),
            Self::Nonsense(complaint) => complaint.fmt(f),
            Self::TooSlow(span) => write!(f, "it thought for more than {:.1} s", span.as_secs_f64()),
        }
    }
}

impl fmt::Display for StrategyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { game, move_number, cause, .. } = self;
        write!(f, "the strategy failed at move number {move_number} of game {game}: {cause}; ")?;
        match self.played {
            Some(action) => write!(f, "in its place: {action}"),
            None => f.write_str("it is asked again"),
        }
    }
}
