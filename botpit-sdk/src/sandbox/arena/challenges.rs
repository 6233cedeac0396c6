//! Challenges: matches that agents arrange in the lobby instead of the queue (spec: "Challenges").

use std::sync::Arc;

use sdk_core::clock::Instant;

use super::{Arena, Due};
use crate::sandbox::challenges::{Challenge, Closed, MAX_OPEN, SandboxChallenge};
use crate::sandbox::games::KNOWN;
use crate::sandbox::json::Object;
use crate::sandbox::matchmaking::Pool;
use crate::sandbox::messages::{Problem, Stake};
use crate::sandbox::registry::AgentKey;
use crate::sandbox::seeds;

/// What house agents play for in challenges of their own.
const HOUSE_WAGERS: [u64; 3] = [1_000_000, 10_000_000, 50_000_000];

impl Arena {
    /// The lobby, oldest challenge first.
    pub(crate) fn open_challenges(&self) -> Vec<SandboxChallenge> {
        let listed = |open: &Challenge| {
            let creator = self.registry.get(open.creator)?;
            Some(SandboxChallenge {
                id: open.id.to_string(),
                creator_id: creator.id.clone(),
                creator_name: creator.name.clone(),
                is_house: creator.house.is_some(),
                game_type: open.game_type.clone(),
                wager_lamports: open.wager_lamports,
                created_at: open.created_at,
            })
        };
        self.lobby.open().filter_map(listed).collect()
    }

    pub(super) fn create_challenge(
        &mut self,
        creator: AgentKey,
        stake: Stake,
        now: Instant,
    ) -> Result<(), Problem> {
        let (pool, wager_lamports) = self.check_stake("create_challenge", &stake)?;
        if self.lobby.of(creator).count() >= MAX_OPEN {
            return Err(Problem::new(
                "too_many_challenges",
                format!("{MAX_OPEN} of your challenges are open already; cancel one first"),
            ));
        }
        let game_type = stake.game_type;
        let id = self.post_challenge(creator, &game_type, pool, wager_lamports, now);
        let created = Object::message("challenge_created")
            .with("challenge_id", &*id)
            .with("game_type", game_type)
            .with("wager_lamports", wager_lamports);
        self.send_to(creator, &created);
        Ok(())
    }

    pub(super) fn accept_challenge(
        &mut self,
        agent: AgentKey,
        id: &str,
        now: Instant,
    ) -> Result<(), Problem> {
        if self.lobby.find(id)?.creator == agent {
            return Err(Problem::new(
                "own_challenge",
                "this challenge is your own; another agent accepts it",
            ));
        }
        self.take_challenge(agent, id, now);
        Ok(())
    }

    pub(super) fn cancel_challenge(&mut self, agent: AgentKey, id: &str) -> Result<(), Problem> {
        if self.lobby.find(id)?.creator != agent {
            return Err(Problem::new("not_your_challenge", "only its creator can cancel a challenge"));
        }
        self.withdraw_challenge(id);
        self.send_to(agent, &Object::message("challenge_cancelled").with("challenge_id", id));
        Ok(())
    }

    /// Takes back what an agent has offered: it is gone.
    pub(super) fn withdraw_challenges_of(&mut self, agent: AgentKey) {
        let ids: Vec<Arc<str>> = self.lobby.of(agent).map(|open| Arc::clone(&open.id)).collect();
        for id in ids {
            self.withdraw_challenge(&id);
        }
    }

    fn withdraw_challenge(&mut self, id: &str) {
        let withdrawn = self.lobby.close(id, Closed::Cancelled);
        self.timers.cancel(withdrawn.and_then(|challenge| challenge.house_timer));
    }

    /// Puts a challenge into the lobby.
    fn post_challenge(
        &mut self,
        creator: AgentKey,
        game_type: &str,
        pool: Pool,
        wager_lamports: u64,
        now: Instant,
    ) -> Arc<str> {
        let id: Arc<str> = seeds::uuid(&mut self.rng.lobby).into();
        let is_house = self.registry.get(creator).is_some_and(|known| known.house.is_some());
        let house_timer = self
            .settings
            .house_accepts_after
            .filter(|_| !is_house && !self.settings.house.is_empty())
            .map(|wait| self.timers.set(now + wait, Due::HouseAccepts(Arc::clone(&id))));
        self.lobby.post(Challenge {
            id: Arc::clone(&id),
            creator,
            game_type: game_type.to_owned(),
            pool,
            wager_lamports,
            created_at: self.wall_clock(now),
            house_timer,
        });
        id
    }

    fn take_challenge(&mut self, taker: AgentKey, id: &str, now: Instant) {
        let Some(challenge) = self.lobby.close(id, Closed::Taken) else { return };
        self.timers.cancel(challenge.house_timer);
        let Challenge { creator, game_type, pool, wager_lamports, .. } = challenge;
        let Some(match_id) = self.seat_players(creator, taker, &game_type, pool, wager_lamports, now) else {
            return;
        };
        let accepted =
            Object::message("challenge_accepted").with("challenge_id", id).with("match_id", &*match_id);
        for agent in [creator, taker] {
            if let Some(known) = self.registry.get_mut(agent)
                && known.session.is_none()
                && known.house.is_none()
            {
                known.miss(accepted.clone());
            }
            self.send_to(agent, &accepted);
        }
        self.begin_match(&match_id, now);
        if self.registry.get(creator).is_some_and(|known| known.house.is_some()) {
            self.timers.set(now + self.settings.house_wait, Due::HouseChallenges);
        }
    }

    /// A house agent accepts what nobody else has.
    pub(super) fn house_accepts(&mut self, id: &str, now: Instant) {
        if let Some(house) = self.registry.pick_house(&mut self.rng.lobby) {
            self.take_challenge(house, id, now);
        }
    }

    /// The challenges of the house with which the sandbox begins.
    pub(super) fn open_lobby(&mut self, now: Instant) {
        for _ in 0..self.settings.house_challenges.min(MAX_OPEN) {
            self.house_challenges(now);
        }
    }

    /// A house agent challenges whoever comes.
    pub(super) fn house_challenges(&mut self, now: Instant) {
        let Some(house) = self.registry.pick_house(&mut self.rng.lobby) else { return };
        let (game, wager) = (self.rng.lobby.choice(KNOWN), self.rng.lobby.choice(HOUSE_WAGERS));
        if let (Some(game_type), Some(wager)) = (game, wager)
            && let Some(pool) = Pool::of_wager(wager)
        {
            self.post_challenge(house, game_type, pool, wager, now);
        }
    }
}
