//! Matches, from the seats to the payout.

use std::sync::Arc;

use sdk_core::clock::Instant;
use serde_json::Value;

use super::{Arena, Due};
use crate::sandbox::games::{self, Pair, Side};
use crate::sandbox::match_state::{Ending, Match};
use crate::sandbox::matchmaking::Pool;
use crate::sandbox::messages::Problem;
use crate::sandbox::records::{SandboxMatch, SandboxPlayer};
use crate::sandbox::registry::AgentKey;
use crate::sandbox::seeds;

impl Arena {
    /// The match and the agent's side in it.
    pub(super) fn seat(&self, agent: AgentKey, match_id: &str) -> Result<(Arc<str>, Side), Problem> {
        let open = self.open_match(match_id)?;
        open.side_of(agent)
            .map(|side| (Arc::clone(&open.id), side))
            .ok_or_else(|| Problem::new("not_your_match", "you do not play in this match"))
    }

    pub(super) fn open_match(&self, match_id: &str) -> Result<&Match, Problem> {
        match self.matches.get(match_id) {
            Some(open) => Ok(open),
            None if self.finished.iter().any(|finished| finished.id == match_id) => {
                Err(Problem::new("match_over", "this match is over"))
            }
            None => Err(Problem::new("unknown_match", "there is no match with this id")),
        }
    }

    pub(super) fn start_match(
        &mut self,
        first: AgentKey,
        second: AgentKey,
        game_type: &str,
        pool: Pool,
        wager_lamports: u64,
        now: Instant,
    ) {
        if let Some(id) = self.seat_players(first, second, game_type, pool, wager_lamports, now) {
            self.begin_match(&id, now);
        }
    }

    /// Makes a match, of which nobody is told yet.
    pub(super) fn seat_players(
        &mut self,
        first: AgentKey,
        second: AgentKey,
        game_type: &str,
        pool: Pool,
        wager_lamports: u64,
        now: Instant,
    ) -> Option<Arc<str>> {
        let players =
            if self.rng.matches.bool() { Pair { a: first, b: second } } else { Pair { a: second, b: first } };
        let (a, b) = (self.player(players.a)?, self.player(players.b)?);
        let rules = games::rules_of(game_type)?;
        let (server_seed, server_seed_hash) = seeds::server_seed(&mut self.rng.matches);
        let record = SandboxMatch {
            id: seeds::uuid(&mut self.rng.matches),
            game_type: game_type.to_owned(),
            players: Pair { a, b },
            wager_lamports,
            is_free_play: pool == Pool::FreePlay,
            server_seed,
            server_seed_hash,
            rounds: Vec::new(),
            score: Pair::default(),
            moves_received: Vec::new(),
            moves_after_end: 0,
            ended: None,
            winner: None,
            payouts: Pair::default(),
            fee_lamports: 0,
            created_at: self.wall_clock(now),
            completed_at: None,
        };
        self.matches_made += 1;
        let made = Match::new(self.matches_made, players, record, rules, self.rng.matches.fork());
        let id = Arc::clone(&made.id);
        for side in Side::BOTH {
            let agent = *players.get(side);
            if let Some(known) = self.registry.get_mut(agent)
                && known.house.is_none()
            {
                known.open_matches.insert((made.number, Arc::clone(&id)));
            }
        }
        self.matches.insert(Arc::clone(&id), made);
        Some(id)
    }

    /// Tells both players, and asks for the first move.
    pub(super) fn begin_match(&mut self, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get(id) else { return };
        let told =
            Side::BOTH.map(|side| (*open.players.get(side), open.match_found(side), open.game_start(side)));
        for (agent, found, started) in told {
            self.send_to(agent, &found);
            self.send_to(agent, &started);
        }
        self.next_turn(id, now);
    }

    pub(super) fn player(&self, agent: AgentKey) -> Option<SandboxPlayer> {
        self.registry.get(agent).map(|known| SandboxPlayer {
            agent_id: known.id.clone(),
            name: known.name.clone(),
            is_house: known.house.is_some(),
        })
    }

    pub(super) fn next_turn(&mut self, id: &Arc<str>, now: Instant) {
        let pause = self.settings.between_rounds;
        if pause.is_zero() {
            self.open_turn(id, now);
        } else if let Some(open) = self.matches.get_mut(id) {
            open.timer = Some(self.timers.set(now + pause, Due::PauseEnds(Arc::clone(id))));
        }
    }

    pub(super) fn open_turn(&mut self, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        let timeout = self.settings.turn_timeout.unwrap_or_else(|| open.timeout());
        open.open_turn(now + timeout);
        open.timer = Some(self.timers.set(now + timeout, Due::TurnEnds(Arc::clone(id))));
        let thinks = match self.settings.live_showcase {
            Some(pace) if open.is_showcase() => pace.min(timeout / 2),
            _ => self.settings.house_thinks,
        };
        let mut questions = Vec::new();
        for side in Side::BOTH {
            let agent = *open.players.get(side);
            if self.registry.get(agent).is_some_and(|known| known.house.is_some()) {
                let at = now + thinks;
                let timer = self.timers.set(at, Due::HouseMoves(Arc::clone(id), side));
                *open.house_timers.get_mut(side) = Some(timer);
            } else if let Some((_, frame)) = open.question(side) {
                questions.push((agent, frame));
            }
        }
        let timeout_ms = self.wire_ms(timeout);
        for (agent, frame) in questions {
            self.send_to(agent, &frame.with("timeout_ms", timeout_ms));
        }
    }

    pub(super) fn house_moves(&mut self, id: &Arc<str>, side: Side, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        *open.house_timers.get_mut(side) = None;
        let strength = self.registry.get(*open.players.get(side)).and_then(|known| known.house);
        let Some(strength) = strength else { return };
        let move_data = open.house_move(side, strength);
        self.house_may_taunt(id, side);
        // A house move follows the rules and comes once a turn: there is nobody to tell of a refusal.
        let _ = self.play(id, side, move_data, now);
    }

    pub(super) fn play(
        &mut self,
        id: &Arc<str>,
        side: Side,
        move_data: Value,
        now: Instant,
    ) -> Result<(), Problem> {
        let at = self.wall_clock(now);
        let Some(open) = self.matches.get_mut(id) else { return Ok(()) };
        let complete = open.play(side, move_data, at)?;
        let (opponent, frame) = (*open.players.get(side.other()), open.opponent_moved());
        self.send_to(opponent, &frame);
        if complete {
            self.end_turn(id, now);
        }
        Ok(())
    }

    /// Ends the open turn: both have moved, or time is up.
    pub(super) fn end_turn(&mut self, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get_mut(id) else { return };
        self.timers.cancel(open.timer.take());
        for side in Side::BOTH {
            self.timers.cancel(open.house_timers.get_mut(side).take());
        }
        let Some(resolved) = open.resolve(&self.settings) else { return };
        let players = open.players;
        if let Some(frame) = resolved.round_result {
            self.send_to(players.a, &frame);
            self.send_to(players.b, &frame);
            self.tell_spectators(id, &frame);
        }
        match resolved.ending {
            Some(ending) => self.finish(id, ending, now),
            None => self.next_turn(id, now),
        }
    }

    pub(super) fn finish(&mut self, id: &Arc<str>, ending: Ending, now: Instant) {
        let Some(mut over) = self.matches.remove(id) else { return };
        self.timers.cancel(over.timer);
        self.timers.cancel(over.house_timers.a);
        self.timers.cancel(over.house_timers.b);
        over.settle(ending, &self.settings);
        over.record.completed_at = Some(self.wall_clock(now));
        for side in Side::BOTH {
            let agent = *over.players.get(side);
            let frame = over.game_over(side, &self.settings);
            if let Some(known) = self.registry.get_mut(agent)
                && known.house.is_none()
            {
                known.open_matches.remove(&(over.number, Arc::clone(id)));
                if known.session.is_none() && self.settings.missed_game_over {
                    known.miss(frame.clone());
                }
            }
            self.send_to(agent, &frame);
        }
        self.end_spectating(id, &over.game_over_for_all(&self.settings));
        self.chronicle.match_settled(&over);
        if over.is_showcase() {
            self.exhibit_again(now);
        }
        self.finished.push_back(over.record);
        while self.finished.len() > self.settings.keep_matches {
            self.finished.pop_front();
        }
    }
}
