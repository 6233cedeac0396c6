//! Matches: found, joined, started, chatted in, voted on.

use std::sync::Arc;

use sdk_core::clock::Instant;
use sdk_core::limit::TokenBucket;
use serde_json::{Map, Value};

use super::{Arena, Due, LOBBY, Reason, SessionId};
use crate::model::{AgentTier, Guess};
use crate::sandbox::accounts::{AccountId, FIRST_RATING};
use crate::sandbox::contest::{Contest, Opposition, Place};
use crate::sandbox::frames::{self, Object};
use crate::sandbox::house::{Act, Plan};
use crate::sandbox::opaque::opaque;
use crate::sandbox::records::{EndReason, SandboxMatch, SandboxPlayer, Seat, Seats};
use crate::sandbox::request::Request;
use crate::sandbox::settings::{ChatBudget, VoteAnswer};
use crate::sandbox::voice::HARNESS;

/// The name of the harness in a reveal.
const HARNESS_LABEL: &str = "HARNESS";
impl Arena {
    // ---- making

    /// A match between a client and another, the house, or the harness.
    pub(super) fn open_match(
        &mut self,
        first: AccountId,
        second: Option<AccountId>,
        opposition: Opposition,
        now: Instant,
    ) {
        let is_test = matches!(opposition, Opposition::Harness { .. });
        let mut rng = self.match_rng("id");
        let id: Arc<str> = loop {
            let id = if is_test { format!("test_{}", opaque(&mut rng, 5)) } else { opaque(&mut rng, 10) };
            let is_used = self.matches.contains_key(id.as_str())
                || self.finished.iter().any(|over| over.id == id)
                || id == "lobby";
            if !is_used {
                break id.into();
            }
        };
        self.matches_made += 1;
        let second_waits = matches!(opposition, Opposition::Client);
        let players =
            Seats { first: self.player(Some(first), true), second: self.player(second, second_waits) };
        let budget = || TokenBucket::new(self.settings.chat_burst, self.settings.chat_refill);
        let places = Seats {
            first: Place { account: Some(first), budget: budget() },
            second: Place { account: second, budget: budget() },
        };
        let within = self.settings.join_within;
        let timer = Some(self.later(now, within, Due::JoinEnds(Arc::clone(&id))));
        let contest = Contest {
            number: self.matches_made,
            room: format!("room:game:botornot:{id}").into(),
            places,
            opposition,
            started: None,
            ends: now + within,
            is_locked: false,
            vote_is_open: false,
            timer,
            record: SandboxMatch {
                id: id.to_string(),
                is_test,
                players,
                messages: Vec::new(),
                refusals: Vec::new(),
                sent_after_end: 0,
                ended: None,
                no_contest: false,
                length: None,
                created_at: self.wall_clock(now),
                ended_at: None,
            },
        };
        let clients = Seat::BOTH.map(|seat| contest.client_in(seat));
        self.matches.insert(Arc::clone(&id), contest);
        for account in clients.into_iter().flatten() {
            if let Some(known) = self.accounts.get_mut(account) {
                known.active = Some(Arc::clone(&id));
            }
            self.push_found(account, &id, now);
        }
    }

    fn player(&self, account: Option<AccountId>, waits: bool) -> SandboxPlayer {
        let known = account.and_then(|account| self.accounts.get(account));
        let rating_before = known.map_or(FIRST_RATING, |known| known.rating);
        let kind = known.map_or(Guess::Agent, |known| known.kind());
        let tier = match known.map(|known| known.house) {
            None => Some(AgentTier::Easy),
            Some(Some(opponent)) => opponent.tier(),
            Some(None) if kind == Guess::Human => None,
            // The spec does not say how a client's tier comes about.
            Some(None) if rating_before < 1_050 => Some(AgentTier::Easy),
            Some(None) if rating_before < 1_150 => Some(AgentTier::Medium),
            Some(None) => Some(AgentTier::Hard),
        };
        SandboxPlayer {
            handle: known.map_or_else(|| HARNESS_LABEL.to_owned(), |known| known.handle.clone()),
            kind,
            tier,
            is_house: !waits,
            joined: !waits,
            vote: None,
            correct: None,
            rating_before,
            rating_delta: 0,
        }
    }

    pub(super) fn push_found(&mut self, account: AccountId, id: &str, now: Instant) {
        let Some(contest) = self.matches.get(id) else { return };
        let mut payload = Object::new().with("room", &*contest.room).with("match_id", id);
        if self.settings.tell_source {
            // Whoever the opponent is, the source is the same.
            payload = payload.with("source", if contest.record.is_test { "test" } else { "queue" });
        }
        self.push(account, LOBBY, "match:found", &payload, now);
    }

    // ---- joining

    pub(super) fn join_match(
        &mut self,
        session: SessionId,
        account: AccountId,
        request: &Request,
        id: &str,
        is_again: bool,
        now: Instant,
    ) -> Result<(), Reason> {
        let Some(contest) = self.matches.get_mut(id) else { return Err(":not_found".into()) };
        let Some(seat) = contest.seat_of(account) else { return Err(":not_in_match".into()) };
        contest.player(seat).joined = true;
        let (has_started, is_complete) = (contest.started.is_some(), contest.everybody_joined());
        self.enter(session, request);
        if !has_started && is_complete {
            self.start_match(id, now);
        } else if has_started && !is_again && self.settings.started_on_resume {
            let (payload, user_id) = (self.started_payload(id), self.user_id(account));
            let frame = self.push_frame(&request.room, "match:started", &payload, user_id, now);
            self.send_push(session, frame, now);
        }
        Ok(())
    }

    fn user_id(&self, account: AccountId) -> Option<u64> {
        self.accounts.get(account).map(|known| known.user_id)
    }

    fn start_match(&mut self, id: &str, now: Instant) {
        let length = self.settings.match_length;
        let Some(contest) = self.matches.get_mut(id) else { return };
        let id: Arc<str> = contest.record.id.as_str().into();
        contest.started = Some(now);
        contest.ends = now + length;
        let old = contest.timer.take();
        let plan = match &mut contest.opposition {
            Opposition::House(mind) => mind.on_start(length),
            Opposition::Client | Opposition::Harness { .. } => Plan::new(),
        };
        let is_test = contest.record.is_test;
        self.timers.cancel(old);
        let timer = self.later(now, length, Due::MatchEnds(Arc::clone(&id)));
        if let Some(contest) = self.matches.get_mut(&id) {
            contest.timer = Some(timer);
        }
        let payload = self.started_payload(&id);
        self.push_to_both(&id, "match:started", |_| payload.clone(), now);
        if is_test {
            let gap = self.settings.test_turn_gap;
            self.later(now, gap, Due::HarnessTurn(Arc::clone(&id)));
        }
        self.follow(&id, plan, now);
    }

    /// Real time, as the client lives through it.
    fn started_payload(&self, id: &str) -> Object {
        let Some(contest) = self.matches.get(id) else { return Object::new() };
        let length = self.clock.real_span(self.settings.match_length);
        let mut payload = Object::new()
            .with("ends_at", self.stamp(contest.ends))
            .with("duration_sec", frames::seconds(length));
        if self.settings.started_names_match {
            payload = payload.with("match_id", id);
        }
        payload
    }

    /// Pushes an event into a match's room, to each client its own payload.
    pub(super) fn push_to_both(
        &mut self,
        id: &str,
        event_type: &str,
        payload: impl Fn(Seat) -> Object,
        now: Instant,
    ) {
        let Some(contest) = self.matches.get(id) else { return };
        let room = Arc::clone(&contest.room);
        let clients = Seat::BOTH.map(|seat| (seat, contest.client_in(seat)));
        for (seat, account) in clients {
            if let Some(account) = account {
                self.push(account, &room, event_type, &payload(seat), now);
            }
        }
    }

    fn push_to(&mut self, id: &str, seat: Seat, event_type: &str, payload: &Object, now: Instant) {
        let Some(contest) = self.matches.get(id) else { return };
        let room = Arc::clone(&contest.room);
        if let Some(account) = contest.client_in(seat) {
            self.push(account, &room, event_type, payload, now);
        }
    }

    // ---- playing

    pub(super) fn on_match_event(
        &mut self,
        session: SessionId,
        request: &Request,
        id: &str,
        event_type: &str,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        let Some(account) = self.account_of(session) else { return Ok(()) };
        let Some(contest) = self.matches.get(id) else {
            if let Some(over) = self.finished.iter_mut().rfind(|over| over.id == id) {
                over.sent_after_end = over.sent_after_end.saturating_add(1);
            }
            return Err(":not_found".into());
        };
        let Some(seat) = contest.seat_of(account) else { return Err(":not_in_match".into()) };
        let done = if !self.is_in(session, &request.room) {
            Err(":not_joined".into())
        } else {
            match event_type {
                "chat:message" => self.chat(session, request, id, seat, payload, now),
                "chat:typing" => self.typing(session, request, id, seat, payload, now),
                _ => self.vote(session, request, id, seat, payload, now),
            }
        };
        if let (Err(reason), Some(contest)) = (&done, self.matches.get_mut(id)) {
            contest.remember_refusal(seat, event_type, reason, now);
        }
        done
    }

    /// What is said, if it may be: in a match as in a direct room.
    pub(super) fn checked_body<'a>(&self, payload: &'a Map<String, Value>) -> Result<&'a str, Reason> {
        match payload.get("body") {
            None | Some(Value::Null) => Err(":empty_message".into()),
            Some(Value::String(body)) if body.trim().is_empty() => Err(":empty_message".into()),
            Some(Value::String(body)) if body.chars().count() > self.settings.max_chat_chars => {
                Err(":message_too_long".into())
            }
            Some(Value::String(body)) => Ok(body),
            Some(_) => Err("invalid_envelope".into()),
        }
    }

    fn acknowledge(&mut self, session: SessionId, request: &Request) {
        if self.settings.acknowledge {
            let payload = Object::new().with("status", "ok");
            self.answer(session, frames::reply(&request.id, &request.room, &payload));
        }
    }

    fn chat(
        &mut self,
        session: SessionId,
        request: &Request,
        id: &str,
        seat: Seat,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        let body = self.checked_body(payload)?;
        let Some(contest) = self.matches.get_mut(id) else { return Ok(()) };
        if contest.started.is_none() || contest.is_locked {
            return Err(":chat_closed".into());
        }
        let place = contest.places.get_mut(seat);
        let taken = match self.settings.chat_budget {
            ChatBudget::PerRoom => place.budget.try_take(now),
            ChatBudget::PerUser => match place.account.and_then(|account| self.accounts.get_mut(account)) {
                Some(known) => known.budget.try_take(now),
                None => Ok(()),
            },
        };
        if taken.is_err() {
            return Err(":rate_limited".into());
        }
        self.acknowledge(session, request);
        self.say(id, seat, body, now);
        Ok(())
    }

    /// A text reaches the opponent, and whoever said it where the server echoes.
    fn say(&mut self, id: &str, from: Seat, body: &str, now: Instant) {
        let Some(contest) = self.matches.get_mut(id) else { return };
        contest.remember_message(from, body, now);
        let at = contest.clock(now);
        let plan = match &mut contest.opposition {
            Opposition::House(mind) if from == Seat::First => mind.on_message(body, at),
            Opposition::House(mind) => {
                mind.on_said(at);
                Plan::new()
            }
            Opposition::Client | Opposition::Harness { .. } => Plan::new(),
        };
        let to_opponent = Object::new().with("from", "opponent").with("body", body);
        self.push_to(id, from.other(), "chat:message", &to_opponent, now);
        if self.settings.echo_chat {
            let echo = Object::new().with("from", &self.settings.own_from).with("body", body);
            self.push_to(id, from, "chat:message", &echo, now);
        }
        self.follow(id, plan, now);
    }

    fn typing(
        &mut self,
        session: SessionId,
        request: &Request,
        id: &str,
        seat: Seat,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        let Some(is_typing) = payload.get("typing").and_then(Value::as_bool) else {
            return Err("invalid_envelope".into());
        };
        let Some(contest) = self.matches.get_mut(id) else { return Ok(()) };
        if contest.started.is_none() || contest.is_locked {
            return Err(":chat_closed".into());
        }
        if let (Opposition::House(mind), true) = (&mut contest.opposition, is_typing) {
            mind.on_typing();
        }
        self.acknowledge(session, request);
        self.show_typing(id, seat, is_typing, now);
        Ok(())
    }

    fn show_typing(&mut self, id: &str, from: Seat, is_typing: bool, now: Instant) {
        if self.settings.relay_typing {
            let payload = Object::new().with("from", "opponent").with("typing", is_typing);
            self.push_to(id, from.other(), "chat:typing", &payload, now);
        }
    }

    // ---- voting

    fn vote(
        &mut self,
        session: SessionId,
        request: &Request,
        id: &str,
        seat: Seat,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        let guess = match payload.get("guess").and_then(Value::as_str) {
            Some("human") => Guess::Human,
            Some("agent") => Guess::Agent,
            _ => return Err("invalid_envelope".into()),
        };
        let Some(contest) = self.matches.get(id) else { return Ok(()) };
        let is_open = contest.started.is_some()
            && match contest.opposition {
                Opposition::Harness { .. } => contest.vote_is_open,
                _ => contest.clock(now) >= self.settings.votes_open_after,
            };
        if !is_open {
            return Err(":vote_not_open".into());
        }
        let is_agent = contest.record.players.get(seat).kind == Guess::Agent;
        if contest.vote_of(seat).is_some() || (is_agent && !self.settings.agents_may_vote) {
            return Err(":agent_cannot_vote".into());
        }
        if self.settings.vote_answer != VoteAnswer::AckOnly {
            self.answer(
                session,
                frames::reply(&request.id, &request.room, &Object::new().with("status", "ok")),
            );
        }
        self.count_vote(id, seat, guess, now);
        Ok(())
    }

    fn count_vote(&mut self, id: &str, seat: Seat, guess: Guess, now: Instant) {
        let Some(contest) = self.matches.get_mut(id) else { return };
        contest.vote(seat, guess, now);
        let is_first = contest.vote_of(seat.other()).is_none();
        let is_test = contest.record.is_test;
        if self.settings.vote_answer != VoteAnswer::ReplyOnly {
            self.push_to(id, seat, "vote:ack", &Object::new().with("guess", guess), now);
        }
        if !is_first || is_test {
            self.finish(id, EndReason::Voted, now);
            return;
        }
        let locks = self.settings.lock_chat_on_vote;
        let Some(contest) = self.matches.get_mut(id) else { return };
        contest.is_locked = locks;
        let plan = match (&mut contest.opposition, seat) {
            (Opposition::House(mind), Seat::First) => mind.on_opponent_voted(),
            _ => Plan::new(),
        };
        let to_other = self.vote_phase(locks, "opponent", true);
        self.push_to(id, seat.other(), "vote:phase", &to_other, now);
        if self.settings.vote_phase_to_voter {
            let to_voter = self.vote_phase(locks, &self.settings.own_from, false);
            self.push_to(id, seat, "vote:phase", &to_voter, now);
        }
        self.follow(id, plan, now);
    }

    fn vote_phase(&self, is_locked: bool, voted_by: &str, must_vote: bool) -> Object {
        let payload = Object::new().with("chat_locked", is_locked);
        let payload = if self.settings.voted_by_list {
            payload.with("voted_by", [voted_by])
        } else {
            payload.with("voted_by", voted_by)
        };
        payload.with("must_vote", must_vote)
    }

    // ---- the other side

    /// Lets a house opponent do what it has in mind.
    fn follow(&mut self, id: &str, plan: Plan, now: Instant) {
        for (after, act) in plan {
            self.later(now, after, Due::HouseActs(id.into(), act));
        }
    }

    pub(super) fn house_acts(&mut self, id: &str, act: Act, now: Instant) {
        let Some(contest) = self.matches.get_mut(id) else { return };
        let (at, is_locked) = (contest.clock(now), contest.is_locked);
        let has_voted = contest.vote_of(Seat::Second).is_some();
        let Opposition::House(mind) = &mut contest.opposition else { return };
        match act {
            Act::Say(_) | Act::Typing(_) | Act::Nudge if is_locked => {}
            Act::Say(line) => self.say(id, Seat::Second, line, now),
            Act::Typing(is_typing) => self.show_typing(id, Seat::Second, is_typing, now),
            Act::Nudge => {
                let plan = mind.on_nudge(at);
                self.follow(id, plan, now);
            }
            Act::Vote if has_voted => {}
            Act::Vote => {
                let guess = mind.guess();
                self.count_vote(id, Seat::Second, guess, now);
            }
        }
    }

    /// The next of the harness's turns, and after the last its vote.
    pub(super) fn harness_turn(&mut self, id: &Arc<str>, now: Instant) {
        let gap = self.settings.test_turn_gap;
        let Some(contest) = self.matches.get_mut(id) else { return };
        let Opposition::Harness { turns } = &mut contest.opposition else { return };
        let line = HARNESS.get(*turns).copied();
        *turns += 1;
        match line {
            Some(line) => {
                self.say(id, Seat::Second, line, now);
                self.later(now, gap, Due::HarnessTurn(Arc::clone(id)));
            }
            None => {
                contest.vote_is_open = true;
                contest.vote(Seat::Second, Guess::Agent, now);
                let payload = self.vote_phase(false, "opponent", true);
                self.push_to(id, Seat::First, "vote:phase", &payload, now);
            }
        }
    }
}
