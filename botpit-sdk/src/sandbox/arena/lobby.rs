//! Waiting for an opponent.

use sdk_core::clock::Instant;

use super::{Arena, Due};
use crate::sandbox::games::KNOWN;
use crate::sandbox::json::Object;
use crate::sandbox::matchmaking::{MAX_WAGER, MIN_WAGER, Pool, Waiting};
use crate::sandbox::messages::Problem;
use crate::sandbox::registry::AgentKey;
use crate::sandbox::settings::WagerRule;

impl Arena {
    pub(super) fn join_queue(
        &mut self,
        agent: AgentKey,
        game_type: String,
        wager_lamports: Option<u64>,
        free_play: bool,
        now: Instant,
    ) -> Result<(), Problem> {
        if !KNOWN.contains(&game_type.as_str()) {
            let games = KNOWN.join(", ");
            return Err(Problem::new("unknown_game", format!("this sandbox plays {games}")));
        }
        let (pool, wager_lamports) = if free_play {
            (Pool::FreePlay, 0)
        } else {
            let wager = wager_lamports.ok_or_else(|| {
                Problem::new("invalid_message", "join_queue: the field \"wager_lamports\" is missing")
            })?;
            let pool = Pool::of_wager(wager).ok_or_else(|| {
                Problem::new(
                    "invalid_wager",
                    format!(
                        "a wager is {MIN_WAGER} to {MAX_WAGER} lamports, not {wager}; \"sandbox\": true plays for nothing"
                    ),
                )
            })?;
            (pool, wager)
        };
        if let Some(waiting) = self.queue.find(agent) {
            let game = &waiting.game_type;
            return Err(Problem::new(
                "already_queued",
                format!("you are in the queue for {game} already; leave it first"),
            ));
        }
        let playing = self.registry.get(agent).is_some_and(|known| !known.open_matches.is_empty());
        if playing && !self.settings.queue_while_playing {
            return Err(Problem::new("already_in_match", "finish your match before you queue again"));
        }
        let house_timer = (!self.settings.house.is_empty())
            .then(|| self.timers.set(now + self.settings.house_wait, Due::HouseSitsDown(agent)));
        let joined = Object::message("queue_joined").with("game_type", &game_type);
        let position = self.queue.push(Waiting { agent, game_type, pool, wager_lamports, house_timer });
        self.send_to(agent, &joined.with("position", position));
        if let Some((first, second)) = self.queue.pair_up(agent) {
            self.timers.cancel(first.house_timer);
            self.timers.cancel(second.house_timer);
            let wager = match self.settings.wager_rule {
                WagerRule::Smaller => first.wager_lamports.min(second.wager_lamports),
                WagerRule::Larger => first.wager_lamports.max(second.wager_lamports),
            };
            self.start_match(first.agent, second.agent, &first.game_type, first.pool, wager, now);
        }
        Ok(())
    }

    pub(super) fn leave_queue(&mut self, agent: AgentKey) -> bool {
        let left = self.queue.remove(agent);
        self.timers.cancel(left.as_ref().and_then(|waiting| waiting.house_timer));
        left.is_some()
    }

    pub(super) fn house_sits_down(&mut self, agent: AgentKey, now: Instant) {
        let Some(waiting) = self.queue.remove(agent) else { return };
        if let Some(house) = self.registry.pick_house(&mut self.rng.matches) {
            self.start_match(agent, house, &waiting.game_type, waiting.pool, waiting.wager_lamports, now);
        }
    }
}
