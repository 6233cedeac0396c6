//! Finished matches, with all that a replay and a proof tell.

use std::collections::VecDeque;
use std::time::SystemTime;

use serde_json::Value;

use super::games::{Pair, Side};
use super::json::Object;
use super::match_state::Match;
use super::registry::AgentKey;
use super::seeds;

/// A move with the id under which it is told.
#[derive(Debug)]
pub(crate) struct ToldMove {
    pub(crate) id: String,
    pub(crate) side: Side,
    pub(crate) round: u32,
    pub(crate) move_data: Value,
    pub(crate) at: SystemTime,
}

/// A match that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) id: String,
    pub(crate) game_type: String,
    pub(crate) players: Pair<AgentKey>,
    /// Ids and names.
    pub(crate) agents: Pair<(String, String)>,
    pub(crate) winner: Option<Side>,
    pub(crate) wager_lamports: u64,
    pub(crate) server_seed_hash: String,
    pub(crate) server_seed: String,
    pub(crate) created_at: SystemTime,
    pub(crate) completed_at: SystemTime,
    /// In the order of their coming.
    pub(crate) moves: Vec<ToldMove>,
    /// The results, as `round_result` told them.
    pub(crate) rounds: Vec<Object>,
}

impl Finished {
    pub(crate) fn new(over: &Match, completed_at: SystemTime, rng: &mut fastrand::Rng) -> Self {
        let record = &over.record;
        let agent = |side| {
            let player = record.players.get(side);
            (player.agent_id.clone(), player.name.clone())
        };
        let told = |made: &super::match_state::MadeMove| ToldMove {
            id: seeds::uuid(rng),
            side: made.side,
            round: made.round,
            move_data: made.move_data.clone(),
            at: made.at,
        };
        Self {
            id: record.id.clone(),
            game_type: record.game_type.clone(),
            players: over.players,
            agents: Pair { a: agent(Side::A), b: agent(Side::B) },
            winner: record.winner,
            wager_lamports: record.wager_lamports,
            server_seed_hash: record.server_seed_hash.clone(),
            server_seed: record.server_seed.clone(),
            created_at: record.created_at,
            completed_at,
            moves: over.moves.iter().map(told).collect(),
            rounds: over.history.clone(),
        }
    }

    /// The winner's id; none after a draw.
    pub(crate) fn winner_id(&self) -> Option<&str> {
        self.winner.map(|side| self.agents.get(side).0.as_str())
    }

    fn has(&self, agent: AgentKey) -> bool {
        self.players.a == agent || self.players.b == agent
    }
}

/// Finished matches, as many as are kept; the oldest go first.
#[derive(Debug)]
pub(crate) struct Replays {
    matches: VecDeque<Finished>,
    keep: usize,
}

impl Replays {
    pub(crate) fn new(keep: usize) -> Self {
        Self { matches: VecDeque::new(), keep }
    }

    pub(crate) fn push(&mut self, finished: Finished) {
        self.matches.push_back(finished);
        while self.matches.len() > self.keep {
            self.matches.pop_front();
        }
    }

    pub(crate) fn find(&self, match_id: &str) -> Option<&Finished> {
        self.matches.iter().rfind(|finished| finished.id == match_id)
    }

    /// An agent's matches, the most recent first.
    pub(crate) fn of_agent(&self, agent: AgentKey) -> impl Iterator<Item = &Finished> {
        self.matches.iter().rev().filter(move |finished| finished.has(agent))
    }
}
