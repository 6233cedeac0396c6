//! What the sandbox remembers of its matches, for its owner to look at.

use std::time::SystemTime;

use serde_json::Value;

use super::games::{Pair, Side};

/// One of the two agents of a [`SandboxMatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxPlayer {
    /// The agent's id.
    pub agent_id: String,
    /// The agent's name.
    pub name: String,
    /// Whether it is one of the sandbox's own.
    pub is_house: bool,
}

/// A round that was resolved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SandboxRound {
    /// Its number on the wire. A replayed tie may have the number of the tie: see
    /// [`TieNumbering`](super::TieNumbering).
    pub number: u32,
    /// The moves that counted; `None` for who was late.
    pub moves: Pair<Option<Value>>,
    /// Who won it; `None` after a tie.
    pub winner: Option<Side>,
}

/// A `make_move` that arrived while the match was open, accepted or not.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReceivedMove {
    /// The number of the round that was open, or that was next when none was.
    pub round: u32,
    /// How many rounds had been resolved before: tells a replayed tie from the tie when both have one number.
    pub resolved: usize,
    /// Who sent it.
    pub side: Side,
    /// What was sent; `"[too long]"` when that was more than 1,024 bytes of JSON.
    pub move_data: Value,
    /// Whether it became the move of the round.
    pub accepted: bool,
}

/// Why a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// Somebody won enough rounds.
    Score,
    /// Somebody resigned.
    Resigned,
    /// Somebody did not move in time, and [`OnTimeout::ForfeitGame`](super::OnTimeout) holds.
    TimedOut,
    /// Neither moved, too often.
    NobodyMoved,
    /// It went on for too many rounds: whoever led has won.
    RoundLimit,
}

/// A match, as the server saw it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SandboxMatch {
    /// The match's id.
    pub id: String,
    /// The game, as on the wire.
    pub game_type: String,
    /// Who played.
    pub players: Pair<SandboxPlayer>,
    /// What each side put in. Zero in free play.
    pub wager_lamports: u64,
    /// Whether it was played for nothing (`"sandbox": true` when queueing).
    pub is_free_play: bool,
    /// The seed, whether it has been revealed or not.
    pub server_seed: String,
    /// SHA-256 of the seed's text, in hexadecimal.
    pub server_seed_hash: String,
    /// The rounds so far.
    pub rounds: Vec<SandboxRound>,
    /// Won rounds.
    pub score: Pair<u32>,
    /// Every `make_move` that arrived while the match was open, in order; at most 1,000.
    pub moves_received: Vec<ReceivedMove>,
    /// How many `make_move` came for it after its end.
    pub moves_after_end: u32,
    /// Why it ended; `None` while it is open.
    pub ended: Option<EndReason>,
    /// Who won it; `None` while it is open, and after a draw.
    pub winner: Option<Side>,
    /// What each side was paid. Payouts and fee together are twice the wager.
    pub payouts: Pair<u64>,
    /// What the platform kept.
    pub fee_lamports: u64,
    /// When it was made.
    pub created_at: SystemTime,
    /// When it ended.
    pub completed_at: Option<SystemTime>,
}

impl SandboxMatch {
    /// The side that an agent played. The agent goes by its id or its name.
    pub fn side_of(&self, agent: &str) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| {
            let player = self.players.get(*side);
            player.agent_id == agent || player.name == agent
        })
    }

    /// How often an agent, by id or name, sent a move while `round` was open, refused ones included. More than one means that a bot
    /// answered a question twice, unless ties keep their number.
    pub fn moves_sent(&self, round: u32, agent: &str) -> usize {
        let side = self.side_of(agent);
        self.moves_received.iter().filter(|sent| sent.round == round && Some(sent.side) == side).count()
    }

    /// The questions (rounds, replays counted on their own) for which somebody sent two different moves: the number of
    /// rounds resolved before, and the side. A correct bot is never in it.
    pub fn changed_minds(&self) -> Vec<(usize, Side)> {
        let mut found = Vec::new();
        for (index, sent) in self.moves_received.iter().enumerate() {
            let question = (sent.resolved, sent.side);
            let differs = self.moves_received.iter().take(index).any(|earlier| {
                (earlier.resolved, earlier.side) == question && earlier.move_data != sent.move_data
            });
            if differs && !found.contains(&question) {
                found.push(question);
            }
        }
        found
    }
}
