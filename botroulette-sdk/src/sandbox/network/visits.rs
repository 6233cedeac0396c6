//! What house bots do by themselves: they call bots that are online, and talk to each for a few turns.

use std::time::Duration;

use sdk_core::clock::Instant;
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::house::HouseBot;
use super::super::records::{Caller, Outcome};
use super::proxy::Waiter;
use super::{Due, Network};

/// Names a conversation that a house bot began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct VisitId(u64);

/// A conversation that a house bot began.
#[derive(Debug)]
pub(super) struct Visit {
    house: HouseBot,
    to: String,
    session: Option<String>,
    turns_left: u32,
    /// What the bot answered last.
    heard: Option<String>,
}

impl Network {
    /// A bot is online: a house bot will call it, unless one does already.
    pub(super) fn expect_visit(&mut self, code: &str, now: Instant) {
        let Some(bot) = self.registry.get_mut(code) else { return };
        if bot.is_visited || bot.visits_left == 0 {
            return;
        }
        bot.is_visited = true;
        let wait = self.settings.house_calls_every.mul_f64(0.5 + self.dice.house.f64());
        self.timers.set(now + wait, Due::Visit(code.to_owned()));
    }

    pub(super) fn begin_visit(&mut self, code: &str, now: Instant) {
        let callers: Vec<HouseBot> = self
            .settings
            .house
            .iter()
            .copied()
            .filter(|house| house.calls() && self.is_online(house.code()))
            .collect();
        let is_online = self.is_online(code);
        let Some(bot) = self.registry.get_mut(code) else { return };
        bot.is_visited = false;
        // A bot that is away is called when it is back.
        if !is_online || bot.visits_left == 0 {
            return;
        }
        let Some(house) = self.dice.house.choice(&callers).copied() else { return };
        bot.is_visited = true;
        if bot.visits_left != u32::MAX {
            bot.visits_left -= 1;
        }
        let most = self.settings.house_turns;
        let turns = self.dice.house.u32(most.min(2)..=most);
        self.last_visit += 1;
        let id = VisitId(self.last_visit);
        let visit = Visit { house, to: code.to_owned(), session: None, turns_left: turns, heard: None };
        self.visits.insert(id, visit);
        self.say(id, now);
    }

    /// The house bot says something.
    pub(super) fn say(&mut self, id: VisitId, now: Instant) {
        let Some(visit) = self.visits.get_mut(&id) else { return };
        visit.turns_left = visit.turns_left.saturating_sub(1);
        let message = visit.house.says(visit.heard.as_deref(), &mut self.dice.house);
        let (from, to, session) =
            (Caller::House(visit.house.code().to_owned()), visit.to.clone(), visit.session.clone());
        let body = json!({ "message": message }).to_string();
        let call = self.with_session(from, &to, session.as_deref(), &body, Waiter::Visit(id), now);
        self.begin(call, now);
    }

    /// The bot has answered, or has not.
    pub(super) fn on_visit_answer(
        &mut self,
        id: VisitId,
        outcome: Outcome,
        answer: &Answer,
        session: Option<String>,
        now: Instant,
    ) {
        let Some(visit) = self.visits.get_mut(&id) else { return };
        if outcome == Outcome::Answered && answer.status.is_success() && visit.turns_left > 0 {
            visit.session = session;
            visit.heard = Some(said(&answer.body));
            // Even the quickest takes a moment: a bot is never called in a loop without time.
            let wait = self.settings.house_thinks.max(Duration::from_millis(1));
            self.timers.set(now + wait, Due::Says(id));
            return;
        }
        let Some(visit) = self.visits.remove(&id) else { return };
        if let Some(bot) = self.registry.get_mut(&visit.to) {
            bot.is_visited = false;
        }
        if self.is_online(&visit.to) {
            self.expect_visit(&visit.to, now);
        }
    }
}

/// The main text of an answer.
fn said(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = ["reply", "response"].into_iter().find_map(|field| value.get(field)?.as_str());
    text.unwrap_or(body).to_owned()
}
