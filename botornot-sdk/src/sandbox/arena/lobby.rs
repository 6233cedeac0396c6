//! The lobby: snapshots, requests, the queue, and who meets whom.

use fastrand::Rng;
use sdk_core::clock::Instant;

use super::{Arena, Due, Reason, SessionId};
use crate::model::Guess;
use crate::sandbox::accounts::AccountId;
use crate::sandbox::contest::Opposition;
use crate::sandbox::frames::{self, LOBBY, Object};
use crate::sandbox::house::Mind;
use crate::sandbox::request::Request;
use crate::sandbox::settings::{Compliance, Connections};
use sdk_core::sandbox::TimerKey;

/// An account that waits for a match.
#[derive(Debug)]
pub(super) struct Waiting {
    account: AccountId,
    /// When the house sits down, if nobody else does.
    house_timer: Option<TimerKey>,
}

impl Arena {
    pub(super) fn join_lobby(
        &mut self,
        session: SessionId,
        account: AccountId,
        request: &Request,
        now: Instant,
    ) -> Result<(), Reason> {
        if self.settings.connections == Connections::OldestStays
            && self.sessions_in(account, LOBBY).iter().any(|other| *other != session)
        {
            return Err(self.tracked(account, LOBBY));
        }
        self.enter(session, request);
        let user_id = self.accounts.get(account).map(|account| account.user_id);
        for (event_type, payload) in
            [("meta:state", self.meta_state()), ("leaderboard:state", self.leaderboard())]
        {
            let frame = self.push_frame(LOBBY, event_type, &payload, user_id, now);
            self.send_push(session, frame, now);
        }
        if self.settings.compliance == Compliance::AtJoin
            && let Some(room) = self.due_check(account)
        {
            let frame = self.push_frame(LOBBY, "room:sync", &Object::new().with("room", room), user_id, now);
            self.send_push(session, frame, now);
        }
        Ok(())
    }

    fn meta_state(&self) -> Object {
        Object::new()
            .with("seal_integrity", self.seal.integrity)
            .with("breach_count", self.seal.breaches)
            .with("last_reason", self.seal.last_reason)
    }

    /// The spec does not say what is in a row.
    pub(super) fn leaderboard(&self) -> Object {
        let rows: Vec<Object> = self
            .accounts
            .leaders()
            .zip(1_u32..)
            .map(|(account, rank)| {
                Object::new()
                    .with("rank", rank)
                    .with("handle", &account.handle)
                    .with("rating", account.rating)
                    .with("matches", account.rated_matches)
            })
            .collect();
        Object::new().with("top", rows)
    }

    /// `match:request`, or `match:test_request`.
    pub(super) fn request_match(
        &mut self,
        session: SessionId,
        request: &Request,
        is_test: bool,
        now: Instant,
    ) -> Result<(), Reason> {
        if !self.is_in(session, LOBBY) {
            return Err(":not_joined".into());
        }
        let Some(account) = self.account_of(session) else { return Ok(()) };
        let Some(known) = self.accounts.get_mut(account) else { return Ok(()) };
        known.match_requests = known.match_requests.saturating_add(1);
        if is_test && known.kind() == Guess::Human {
            return Err(":forbidden".into());
        }
        let status = |status: &str| Object::new().with("status", status);
        if let Some(active) = known.active.clone()
            && let Some(open) = self.matches.get(&active)
        {
            let payload = status("already_active").with("room", &*open.room).with("match_id", &*active);
            self.answer(session, frames::reply(&request.id, LOBBY, &payload));
            if self.settings.found_again_on_resume {
                self.push_found(account, &active, now);
            }
            return Ok(());
        }
        if let Some(room) = self.due_check(account) {
            let payload = status("probe_required").with("room", &room);
            self.answer(session, frames::reply(&request.id, LOBBY, &payload));
            if self.settings.compliance == Compliance::AtRequestWithSync {
                self.push(account, LOBBY, "room:sync", &Object::new().with("room", room), now);
            }
            return Ok(());
        }
        let is_waiting = self.queue.iter().any(|waiting| waiting.account == account);
        if is_waiting && !is_test {
            self.answer(session, frames::reply(&request.id, LOBBY, &status("already_queued")));
            return Ok(());
        }
        self.answer(session, frames::reply(&request.id, LOBBY, &status("queued")));
        if is_test {
            self.leave_queue(account);
            self.open_match(account, None, Opposition::Harness { turns: 0 }, now);
            return Ok(());
        }
        let partner = if self.settings.clients_meet { self.queue.pop_front() } else { None };
        match partner {
            Some(waiting) => {
                self.timers.cancel(waiting.house_timer);
                self.open_match(waiting.account, Some(account), Opposition::Client, now);
            }
            None => {
                let has_house = !self.settings.house.is_empty();
                let wait = self.settings.house_wait;
                let house_timer = has_house.then(|| self.later(now, wait, Due::HouseSitsDown(account)));
                self.queue.push_back(Waiting { account, house_timer });
            }
        }
        Ok(())
    }

    pub(super) fn leave_queue(&mut self, account: AccountId) {
        if let Some(index) = self.queue.iter().position(|waiting| waiting.account == account)
            && let Some(left) = self.queue.remove(index)
        {
            self.timers.cancel(left.house_timer);
        }
    }

    /// Nobody else came in time.
    pub(super) fn house_sits_down(&mut self, account: AccountId, now: Instant) {
        self.leave_queue(account);
        let mut rng = self.match_rng("house");
        if let Some((house, opponent)) = self.accounts.draw_house(&mut rng) {
            let mind = Mind::new(opponent, self.settings.house_chats, self.settings.house_votes, rng);
            self.open_match(account, Some(house), Opposition::House(Box::new(mind)), now);
        }
    }

    /// A stream of its own for each subject of the next match.
    pub(super) fn match_rng(&self, subject: &str) -> Rng {
        self.seed.derive(&format!("match {}", self.matches_made)).stream(subject)
    }
}
