//! What the platform remembers, and tells by REST: finished matches, standings, activity, follows.

use std::fmt;
use std::time::SystemTime;

use sdk_core::sandbox::Seed;

use super::elo;
use super::feed::{Activity, Feed};
use super::follows::Follows;
use super::games::{Pair, Side};
use super::json::Object;
use super::leaderboard::{Leaderboard, Result};
use super::match_state::Match;
use super::registry::AgentKey;
use super::replay::{Finished, Replays};
use super::seeds;
use super::signature::Spent;

pub(crate) struct Chronicle {
    pub(crate) replays: Replays,
    pub(crate) leaderboard: Leaderboard,
    pub(crate) feed: Feed,
    pub(crate) follows: Follows,
    pub(crate) spent: Spent,
    /// What the dashboard's tokens are signed with.
    pub(crate) token_secret: [u8; 32],
    keep_matches: usize,
    rng: fastrand::Rng,
}

impl Chronicle {
    pub(crate) fn new(keep_matches: usize, seed: u64) -> Self {
        let mut rng = Seed(seed).stream("chronicle");
        let mut token_secret = [0; 32];
        rng.fill(&mut token_secret);
        Self {
            replays: Replays::new(keep_matches),
            leaderboard: Leaderboard::default(),
            feed: Feed::new(keep_matches),
            follows: Follows::default(),
            spent: Spent::default(),
            token_secret,
            keep_matches,
            rng,
        }
    }

    /// Forgets matches, and what came of them. Who follows whom stays.
    pub(crate) fn forget_matches(&mut self, seed: u64) {
        self.replays = Replays::new(self.keep_matches);
        self.leaderboard = Leaderboard::default();
        self.feed.clear();
        self.rng = Seed(seed).stream("chronicle");
    }

    /// Takes a match that is over and paid out. Free play moves no ratings, and is in no statistics and no activity log.
    pub(crate) fn match_settled(&mut self, over: &Match) {
        let record = &over.record;
        let at = record.completed_at.unwrap_or(record.created_at);
        if !record.is_free_play {
            let profit = |side| {
                let difference = i128::from(*record.payouts.get(side)) - i128::from(record.wager_lamports);
                // A payout is below `i64::MAX`: the largest wager is 10^18 lamports.
                i64::try_from(difference).unwrap_or(i64::MAX)
            };
            let change_ids = Pair { a: seeds::uuid(&mut self.rng), b: seeds::uuid(&mut self.rng) };
            self.leaderboard.settle(Result {
                match_id: &record.id,
                game_type: &record.game_type,
                players: over.players,
                winner: record.winner,
                profits: Pair { a: profit(Side::A), b: profit(Side::B) },
                at,
                change_ids,
            });
            for side in Side::BOTH {
                let activity_type = match record.winner {
                    None => "match_drawn",
                    Some(winner) if winner == side => "match_won",
                    Some(_) => "match_lost",
                };
                let metadata = Object::new()
                    .with("match_id", &record.id)
                    .with("game_type", &record.game_type)
                    .with("opponent", &record.players.get(side.other()).name)
                    .with("payout_lamports", record.payouts.get(side));
                self.did(*over.players.get(side), activity_type, metadata, at);
            }
        }
        let finished = Finished::new(over, at, &mut self.rng);
        self.replays.push(finished);
    }

    /// Enters something that an agent did.
    pub(crate) fn did(
        &mut self,
        agent: AgentKey,
        activity_type: &'static str,
        metadata: Object,
        at: SystemTime,
    ) {
        self.feed.push(Activity { id: seeds::uuid(&mut self.rng), agent, activity_type, metadata, at });
    }

    /// An agent's best rating in any game: the one that everybody begins with, before its first match.
    pub(crate) fn best_elo(&self, agent: AgentKey) -> i64 {
        self.leaderboard.of_agent(agent).map(|(_, standing)| standing.elo).max().unwrap_or(elo::START)
    }
}

impl fmt::Debug for Chronicle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chronicle").field("replays", &self.replays).finish_non_exhaustive()
    }
}
