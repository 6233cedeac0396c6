//! Waiting for an opponent.

use sdk_core::clock::Instant;

use super::{Arena, Due};
use crate::sandbox::games::KNOWN;
use crate::sandbox::json::Object;
use crate::sandbox::matchmaking::{MAX_WAGER, MIN_WAGER, Pool, Waiting};
use crate::sandbox::messages::{Problem, Stake};
use crate::sandbox::registry::AgentKey;
use crate::sandbox::settings::WagerRule;

/// The first `search_radius`, in Elo points; it grows by as much with each `queue_update`. The sandbox's queue does not
/// look at ratings, so it is only told.
const NARROWEST: u64 = 100;
/// The radius at which it stops to grow.
const WIDEST: u64 = 1_000;

impl Arena {
    /// The pool and the wager that an agent has asked for, if there are such.
    pub(super) fn check_stake(&self, kind: &str, stake: &Stake) -> Result<(Pool, u64), Problem> {
        if !KNOWN.contains(&stake.game_type.as_str()) {
            let games = KNOWN.join(", ");
            return Err(Problem::new("unknown_game", format!("this sandbox plays {games}")));
        }
        let zero_is_free = self.settings.zero_wager_is_free_play;
        match stake.wager_lamports {
            _ if stake.free_play => Ok((Pool::FreePlay, 0)),
            Some(0) if zero_is_free => Ok((Pool::FreePlay, 0)),
            None => Err(Problem::new(
                "invalid_message",
                format!("{kind}: the field \"wager_lamports\" is missing"),
            )),
            Some(wager) => Pool::of_wager(wager).map(|pool| (pool, wager)).ok_or_else(|| {
                Problem::new(
                    "invalid_wager",
                    format!(
                        "a wager is {MIN_WAGER} to {MAX_WAGER} lamports, not {wager}; \"sandbox\": true plays for nothing"
                    ),
                )
            }),
        }
    }

    pub(super) fn join_queue(&mut self, agent: AgentKey, stake: Stake, now: Instant) -> Result<(), Problem> {
        let (pool, wager_lamports) = self.check_stake("join_queue", &stake)?;
        let game_type = stake.game_type;
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
        let update_timer =
            self.settings.queue_updates.map(|every| self.timers.set(now + every, Due::QueueUpdate(agent)));
        let joined = Object::message("queue_joined").with("game_type", &game_type);
        let entry = Waiting { agent, game_type, pool, wager_lamports, house_timer, since: now, update_timer };
        let position = self.queue.push(entry);
        self.send_to(agent, &joined.with("position", position));
        if let Some((first, second)) = self.queue.pair_up(agent) {
            self.end_waiting(&first);
            self.end_waiting(&second);
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
        if let Some(waiting) = &left {
            self.end_waiting(waiting);
        }
        left.is_some()
    }

    fn end_waiting(&mut self, waiting: &Waiting) {
        self.timers.cancel(waiting.house_timer);
        self.timers.cancel(waiting.update_timer);
    }

    /// `queue_update`: how the waiting goes. Beyond the spec; the fields are those of the platform's SDKs.
    pub(super) fn tell_of_the_queue(&mut self, agent: AgentKey, now: Instant) {
        let Some(every) = self.settings.queue_updates else { return };
        let (_, players_online) = self.stats();
        let Some((position, players_in_queue)) = self.queue.standing(agent) else { return };
        let Some(waiting) = self.queue.find_mut(agent) else { return };
        let waited = now.saturating_duration_since(waiting.since);
        let steps = waited.as_nanos() / every.as_nanos().max(1);
        let search_radius = (NARROWEST * u64::try_from(steps).unwrap_or(WIDEST)).min(WIDEST);
        let game_type = waiting.game_type.clone();
        waiting.update_timer = Some(self.timers.set(now + every, Due::QueueUpdate(agent)));
        let update = Object::message("queue_update")
            .with("game_type", game_type)
            .with("position", position)
            .with("wait_time_ms", self.wire_ms(waited))
            .with("search_radius", search_radius)
            .with("players_in_queue", players_in_queue)
            .with("players_online", players_online);
        self.send_to(agent, &update);
    }

    pub(super) fn house_sits_down(&mut self, agent: AgentKey, now: Instant) {
        let Some(waiting) = self.queue.remove(agent) else { return };
        self.end_waiting(&waiting);
        if let Some(house) = self.registry.pick_house(&mut self.rng.matches) {
            self.start_match(agent, house, &waiting.game_type, waiting.pool, waiting.wager_lamports, now);
        }
    }
}
