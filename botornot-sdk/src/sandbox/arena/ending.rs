//! How matches end: the reveal, ratings, the seal, and what comes after.

use std::sync::Arc;
use std::time::Duration;

use sdk_core::clock::Instant;

use super::{Arena, LOBBY};
use crate::model::Guess;
use crate::sandbox::accounts::AccountId;
use crate::sandbox::frames::{self, Object};
use crate::sandbox::records::{EndReason, SandboxMatch, Seat, Seats};
use crate::sandbox::settings::MetaDeltaRoom;

/// What a passed and a caught agent do to the seal, out of 100.
const PASSED: i64 = -2;
const CAUGHT: i64 = 1;

impl Arena {
    pub(super) fn join_ends(&mut self, id: &Arc<str>, now: Instant) {
        self.finish(id, EndReason::NotJoined, now);
    }

    pub(super) fn time_is_up(&mut self, id: &Arc<str>, now: Instant) {
        self.finish(id, EndReason::TimeUp, now);
    }

    pub(super) fn finish(&mut self, id: &str, reason: EndReason, now: Instant) {
        let ended_at = self.wall_clock(now);
        let Some(contest) = self.matches.get_mut(id) else { return };
        contest.conclude(reason, now, ended_at);
        let old = contest.timer.take();
        let left = match contest.started {
            Some(_) => contest.ends.saturating_duration_since(now),
            None => Duration::ZERO,
        };
        let record = contest.record.clone();
        let accounts = Seat::BOTH.map(|seat| (seat, contest.places.get(seat).account));
        let clients: Vec<AccountId> =
            Seat::BOTH.into_iter().filter_map(|seat| contest.client_in(seat)).collect();
        let room = Arc::clone(&contest.room);
        self.timers.cancel(old);

        let is_rated = !record.no_contest && !record.is_test;
        if is_rated {
            for (seat, account) in accounts {
                if let Some(known) = account.and_then(|account| self.accounts.get_mut(account)) {
                    known.rating += record.players.get(seat).rating_delta;
                    known.rated_matches = known.rated_matches.saturating_add(1);
                }
            }
        }
        let ratings = accounts.map(|(seat, account)| {
            let known = account.and_then(|account| self.accounts.get(account));
            known.map_or(record.players.get(seat).rating_before, |known| known.rating)
        });
        let [first, second] = ratings;
        let ratings = Seats { first, second };
        let left = self.clock.real_span(left);
        self.push_to_both(id, "match:reveal", |seat| reveal(&record, seat, left, *ratings.get(seat)), now);
        let deltas = if is_rated { self.strain_seal(&record) } else { Vec::new() };
        if self.settings.meta_delta_room == MetaDeltaRoom::Match {
            for delta in &deltas {
                self.push_to_both(id, "meta:delta", |_| delta.clone(), now);
            }
        }
        self.push_to_both(id, "match:ended", |_| Object::new(), now);

        self.matches.remove(id);
        for account in clients {
            self.clear_room(account, &room);
            if let Some(known) = self.accounts.get_mut(account) {
                known.active = None;
            }
            if self.settings.meta_delta_room == MetaDeltaRoom::Lobby {
                for delta in &deltas {
                    self.push(account, LOBBY, "meta:delta", delta, now);
                }
            }
            if is_rated && self.settings.leaderboard_after_match {
                let leaderboard = self.leaderboard();
                self.push(account, LOBBY, "leaderboard:state", &leaderboard, now);
            }
            self.count_towards_check(account, now);
        }
        while self.finished.len() >= self.settings.keep_matches.max(1) {
            self.finished.pop_front();
        }
        self.finished.push_back(record);
    }

    /// An agent that passes as human strains the seal, and one that is caught mends it. The payloads of `meta:delta`.
    fn strain_seal(&mut self, record: &SandboxMatch) -> Vec<Object> {
        let mut deltas = Vec::new();
        for seat in Seat::BOTH {
            let taken_for = record.players.get(seat.other()).vote.map(|vote| vote.guess);
            let (change, reason) = match (record.players.get(seat).kind, taken_for) {
                (Guess::Agent, Some(Guess::Human)) => (PASSED, "agent_passed"),
                (Guess::Agent, Some(Guess::Agent)) => (CAUGHT, "agent_caught"),
                _ => continue,
            };
            let before = self.seal.integrity;
            self.seal.integrity = (before + change).clamp(0, 100);
            self.seal.breaches = self.seal.breaches.saturating_add(u32::from(change < 0));
            self.seal.last_reason = Some(reason);
            deltas.push(
                Object::new()
                    .with("delta", self.seal.integrity - before)
                    .with("reason", reason)
                    .with("seal_integrity", self.seal.integrity),
            );
        }
        deltas
    }
}

/// The payload of `match:reveal` for one side, in the spec's order.
fn reveal(record: &SandboxMatch, seat: Seat, left: Duration, new_rating: i64) -> Object {
    let (me, opponent) = (record.players.get(seat), record.players.get(seat.other()));
    Object::new()
        .with("opponent_kind", opponent.kind)
        .with("opponent_label", &opponent.handle)
        .with("agent_tier", &opponent.tier)
        .with("correct", me.correct.unwrap_or(false))
        .with("no_contest", record.no_contest)
        .with("opponent_vote", opponent.vote.map(|vote| vote.guess))
        .with("seconds_remaining", frames::seconds(left))
        .with("rating_delta", me.rating_delta)
        .with("new_rating", new_rating)
}
