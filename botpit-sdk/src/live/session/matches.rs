//! The matches under way: what is known of each, from its first word to its last.

use std::sync::Arc;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes};
use sdk_core::socket::Context;
use sdk_core::wire::{RawJson, Text, printable};
use tokio_util::sync::CancellationToken;

use super::fairness::Witness;
use super::{MAX_MATCHES, MAX_TURN, REMEMBERED_MATCHES, Session};
use crate::fairness::verify_commitment;
use crate::lamports::Lamports;
use crate::live::event::{Event, GameOver, GameStart, MatchFound, Outcome, RoundResult, Turn};
use crate::live::ledger::Asked;
use crate::live::lookup::{Lookup, MatchFacts};
use crate::model::{self, AgentId, ChallengeId, GameType, MatchId, Side};

pub(super) struct Match {
    pub(super) id: MatchId,
    pub(super) game_type: Option<GameType>,
    pub(super) wager: Option<Lamports>,
    side: Option<Side>,
    server_seed_hash: Option<String>,
    pub(super) over: Arc<CancellationToken>,
    /// Whether the platform has spoken of it since `silent_since`.
    heard: bool,
    silent_since: Instant,
    /// The round that is being played, as far as it is known.
    pub(super) round: u32,
    /// The round of the last taunt.
    pub(super) taunted_in: Option<u32>,
    /// Whether it is known what it was wanted for.
    is_claimed: bool,
    /// Whether REST was asked what the match's beginning would have told.
    asked: bool,
    /// A turn that waits for that answer.
    held: Option<Box<Turn>>,
    /// The bankroll's guard did not allow it: it is resigned, and the bot is not asked.
    pub(super) refused: bool,
    pub(super) witness: Witness,
}

impl Match {
    fn unseen(id: MatchId, now: Instant, me: Option<&AgentId>) -> Self {
        Self {
            id,
            game_type: None,
            wager: None,
            side: None,
            server_seed_hash: None,
            over: Arc::default(),
            heard: true,
            silent_since: now,
            round: 0,
            taunted_in: None,
            is_claimed: false,
            asked: false,
            held: None,
            refused: false,
            witness: Witness::of(me),
        }
    }
}

impl Session {
    /// The match's own copy of its id, and the note that the platform spoke of it. `None` for a match that is over,
    /// and for one more than can be under way.
    pub(super) fn hear_of(
        &mut self,
        match_id: &str,
        round: u32,
        cx: &mut Context<'_, Event>,
    ) -> Option<MatchId> {
        if let Some(known) = self.matches.get_mut(match_id) {
            known.heard = true;
            known.round = known.round.max(round);
            return Some(known.id.clone());
        }
        if self.has_ended(match_id) {
            tracing::debug!("a late message of a match that is over");
            return None;
        }
        if !self.has_room(cx) {
            return None;
        }
        // The beginning was not seen: a match from before this client was started, or one whose `match_found` was lost
        // or broken. Then the place in the queue went with it.
        let is_of_challenge = self.is_of_challenge(match_id);
        let is_of_queue = !is_of_challenge
            && !self.is_lost(match_id)
            && self.queue.as_ref().is_some_and(|queue| queue.held || queue.joined.is_some());
        if is_of_queue {
            self.leave_for_match(None);
        }
        Some(self.open_match(match_id, round, is_of_challenge || is_of_queue, cx))
    }

    /// A match that is not among those under way.
    fn open_match(
        &mut self,
        match_id: &str,
        round: u32,
        is_claimed: bool,
        cx: &mut Context<'_, Event>,
    ) -> MatchId {
        let now = cx.now();
        self.lost_at.get_or_insert(now + self.timings.lost_after);
        if let Some(back) = self.take_lost(match_id) {
            // It was given up too soon. What is known of it still holds.
            let id = back.id.clone();
            let over = Arc::default();
            self.matches.insert(id.clone(), Match { over, heard: true, silent_since: now, ..back });
            return id;
        }
        let id = MatchId::from(match_id);
        let unseen = Match::unseen(id.clone(), now, self.me.as_ref());
        self.matches.insert(id.clone(), Match { round, is_claimed, ..unseen });
        id
    }

    /// One match more than can be told apart is left out.
    fn has_room(&self, cx: &mut Context<'_, Event>) -> bool {
        if self.matches.len() < MAX_MATCHES {
            return true;
        }
        let message =
            format!("the platform speaks of more than {MAX_MATCHES} matches at once; this one is left out");
        cx.emit(Event::DecodeError(Error::new(&codes::DECODE_FAILED, message).with_field("match_id")));
        false
    }

    pub(super) fn has_ended(&self, match_id: &str) -> bool {
        self.ended.iter().any(|ended| ended.as_str() == match_id)
    }

    /// A message could not be read. It may have been the end of a match, or the news that only comes once: what the
    /// platform does not speak of any more is given up for lost after a while, as after a reconnect.
    pub(super) fn doubt(&mut self, now: Instant) {
        for known in self.matches.values_mut().filter(|known| known.heard) {
            known.heard = false;
            known.silent_since = now;
        }
        self.witnesses_interrupted();
        if !self.matches.is_empty() {
            self.expect_word_by(now + self.timings.lost_after);
        }
    }

    pub(super) fn expect_word_by(&mut self, due: Instant) {
        self.lost_at = Some(self.lost_at.map_or(due, |at| at.min(due)));
    }

    pub(super) fn on_undecodable(&mut self, text: &str, cx: &mut Context<'_, Event>) {
        let tag = sdk_core::wire::tag(text, "type");
        if tag.as_deref() == Some("game_over")
            && let Some(match_id) = sdk_core::wire::tag(text, "match_id")
            && let Some((match_id, known)) = self.matches.remove_entry(&*match_id)
        {
            // How it ended cannot be read; that it did can.
            self.close_match(&match_id, &known);
            self.resigned(&match_id, &Ok(()));
            self.book(&known, None);
            cx.emit(Event::MatchLost { match_id });
            self.after_match(cx);
            return;
        }
        self.doubt(cx.now());
    }

    fn close_match(&mut self, match_id: &MatchId, known: &Match) {
        self.ledger.over(match_id.as_str());
        known.over.cancel();
        if self.ended.len() >= REMEMBERED_MATCHES {
            self.ended.pop_front();
        }
        self.ended.push_back(match_id.clone());
    }

    fn after_match(&mut self, cx: &mut Context<'_, Event>) {
        // The bot may still want a place in the queue that it lost with a connection.
        if self.phase == super::Phase::Ready && self.resume_at.is_none() {
            self.resume(cx.now(), cx);
        }
        self.end_if_idle(cx);
    }

    // ---- frames -----------------------------------------------------------------------------------------------------

    pub(super) fn on_match_found(&mut self, found: model::MatchFound<'_>, cx: &mut Context<'_, Event>) {
        if self.matches.get(&*found.match_id).is_some_and(|known| known.server_seed_hash.is_some()) {
            self.hear_of(&found.match_id, 0, cx);
            return; // a duplicate; the first commitment counts
        }
        let is_new = !self.matches.contains_key(&*found.match_id) && !self.has_ended(&found.match_id);
        let (match_id, queued, challenge_id) = if is_new && !self.is_lost(&found.match_id) {
            if !self.has_room(cx) {
                return;
            }
            let (queued, challenge_id) = self.claim(&found);
            (self.open_match(&found.match_id, 0, true, cx), queued, challenge_id)
        } else {
            let Some(match_id) = self.hear_of(&found.match_id, 0, cx) else { return };
            (match_id, None, None)
        };
        let above_queued = queued.filter(|queued| found.wager_lamports > *queued);
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.game_type = Some(found.game_type.clone());
            known.wager = Some(found.wager_lamports);
            known.server_seed_hash = Some(found.server_seed_hash.clone().into_owned());
            known.witness.found(&match_id, &found);
        }
        if let Some(queued) = above_queued {
            tracing::warn!(match_id = %printable(match_id.as_str()), wager = %found.wager_lamports, %queued, "the match is for more than was queued for");
        }
        cx.emit(Event::MatchFound(MatchFound {
            match_id: match_id.clone(),
            game_type: found.game_type,
            opponent_id: AgentId::from(&*found.opponent_id),
            opponent_name: found.opponent_name.map(Into::into),
            wager: found.wager_lamports,
            server_seed_hash: found.server_seed_hash.into_owned(),
            challenge_id,
            above_queued,
        }));
        self.hold_against_bankroll(match_id, found.wager_lamports, cx);
    }

    /// What a new match was found for: the wager that was queued with, or the challenge that it came of.
    fn claim(&mut self, found: &model::MatchFound<'_>) -> (Option<Lamports>, Option<ChallengeId>) {
        let (game_type, wager) = (&found.game_type, found.wager_lamports);
        if let Some(challenge) = self.challenge_of(&found.match_id, Some((game_type, wager))) {
            return (None, Some(challenge));
        }
        // A place is for one game; a match of another came of something else.
        let is_queued = self.queue.as_ref().is_some_and(|queue| queue.request.game_type == *game_type);
        if is_queued || self.leaving_until.is_some() {
            self.left_queue();
        }
        if is_queued {
            return (self.leave_for_match(Some(game_type)), None);
        }
        (None, self.claim_challenge(game_type, wager))
    }

    pub(super) fn on_game_start(&mut self, start: &model::GameStart<'_>, cx: &mut Context<'_, Event>) {
        let Some(match_id) = self.hear_of(&start.match_id, 0, cx) else { return };
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.side = Some(start.your_side);
            known.witness.started(start.your_side);
        }
        cx.emit(Event::GameStart(GameStart { match_id, side: start.your_side }));
    }

    pub(super) fn on_turn(&mut self, text: &Text, turn: &model::YourTurn<'_>, cx: &mut Context<'_, Event>) {
        let Some(match_id) = self.hear_of(&turn.match_id, turn.round, cx) else { return };
        if self.matches.get(match_id.as_str()).is_some_and(|known| known.refused) {
            self.give_up_refused(match_id, cx);
            return;
        }
        let state = RawJson::part_of(text, turn.game_state.get());
        let deadline = cx.now() + turn.timeout().min(MAX_TURN);
        match self.ledger.asked(&match_id, turn.round, &state, deadline) {
            Asked::New(id) => {
                let Some(known) = self.matches.get_mut(match_id.as_str()) else { return };
                known.witness.asked(turn.round, &state);
                let turn = Turn {
                    game_type: known.game_type.clone(),
                    round: turn.round,
                    side: known.side,
                    state,
                    timeout: turn.timeout(),
                    deadline,
                    id,
                    over: known.over.clone(),
                    match_id,
                };
                if turn.side.is_some() && turn.game_type.is_some() {
                    cx.emit(Event::YourTurn(turn));
                } else {
                    self.on_turn_of_unseen(turn, cx);
                }
            }
            Asked::Again(id) => self.send_move(id, cx),
            Asked::StillThinking | Asked::Duplicate => {}
            Asked::Stale => {
                tracing::debug!(match_id = %printable(match_id.as_str()), round = turn.round, "a turn of a round that is over")
            }
        }
    }

    pub(super) fn on_round_result(
        &mut self,
        text: &Text,
        result: &model::RoundResult<'_>,
        cx: &mut Context<'_, Event>,
    ) {
        let Some(match_id) = self.hear_of(&result.match_id, result.round.saturating_add(1), cx) else {
            return;
        };
        if let Some(round) = self.ledger.result(match_id.as_str(), result.round, result.score) {
            // The platform's clock was a little ahead of ours.
            cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: None });
        }
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.witness.resolved(result);
        }
        if !self.heard.round_result {
            return;
        }
        let raw = result.result.map(|raw| RawJson::part_of(text, raw.get()));
        cx.emit(Event::RoundResult(RoundResult {
            match_id,
            round: result.round,
            result: raw,
            score: result.score,
        }));
    }

    pub(super) fn on_game_over(&mut self, over: model::GameOver<'_>, cx: &mut Context<'_, Event>) {
        let (match_id, mut known) = match self.matches.remove_entry(&*over.match_id) {
            Some(open) => open,
            None if self.has_ended(&over.match_id) => {
                tracing::debug!("game_over for a match that is over");
                return;
            }
            None => {
                let known = self.take_lost(&over.match_id).unwrap_or_else(|| {
                    Match::unseen(MatchId::from(&*over.match_id), cx.now(), self.me.as_ref())
                });
                (known.id.clone(), known)
            }
        };
        self.close_match(&match_id, &known);
        self.resigned(&match_id, &Ok(()));
        let commitment = match (&known.server_seed_hash, &over.server_seed) {
            (Some(hash), Some(seed)) => Some(verify_commitment(hash, seed)),
            _ => None,
        };
        let winner = over.winner.as_deref().map(AgentId::from);
        let outcome = match &winner {
            None => Outcome::Draw,
            Some(id) if self.me.as_ref() == Some(id) => Outcome::Won,
            Some(_) => Outcome::Lost,
        };
        let fairness = self.check_fairness(&mut known, &over, cx);
        let profit = self.book(&known, Some((outcome, &over))).profit();
        cx.emit(Event::GameOver(GameOver {
            match_id,
            outcome,
            winner,
            side: known.side,
            final_score: over.final_score,
            payout: over.payout_lamports,
            fee: over.fee_lamports,
            profit,
            server_seed: over.server_seed.map(Into::into),
            commitment,
            fairness,
            is_sandbox: over.is_sandbox,
        }));
        self.after_match(cx);
    }

    // ---- a beginning that was not seen --------------------------------------------------------------------------------

    /// Who plays, and what, stands in the match's beginning, and that was missed. REST knows it too, and the turn waits for
    /// its answer for a moment.
    fn on_turn_of_unseen(&mut self, turn: Turn, cx: &mut Context<'_, Event>) {
        let (is_asked, is_waited_for) = match self.matches.get(turn.match_id.as_str()) {
            Some(known) => (known.asked, known.asked && known.held.is_some()),
            None => return,
        };
        let asks = !is_asked && self.look_up(Lookup::Match(turn.match_id.clone()));
        let Some(known) = self.matches.get_mut(turn.match_id.as_str()) else { return };
        known.asked = true;
        if asks {
            self.asked_about_matches += 1;
        }
        if asks || is_waited_for {
            known.held = Some(Box::new(turn));
        } else {
            self.met_a_stranger();
            cx.emit(Event::YourTurn(turn));
        }
    }

    pub(super) fn on_match_facts(
        &mut self,
        match_id: &MatchId,
        facts: Result<MatchFacts>,
        cx: &mut Context<'_, Event>,
    ) {
        self.asked_about_matches = self.asked_about_matches.saturating_sub(1);
        let facts = match facts {
            Ok(facts) => {
                if self.matches.get(match_id.as_str()).is_some_and(|known| !known.is_claimed) {
                    self.claim_challenge(&facts.game_type, facts.wager);
                }
                Some(facts)
            }
            Err(error) => {
                tracing::warn!(error = %error, "the beginning of a match was missed, and cannot be asked for");
                self.met_a_stranger();
                None
            }
        };
        let me = self.me.clone();
        let Some(known) = self.matches.get_mut(match_id.as_str()) else { return };
        if let Some(facts) = facts {
            let side = me.and_then(|me| facts.side_of(&me));
            known.game_type.get_or_insert(facts.game_type);
            known.wager.get_or_insert(facts.wager);
            if let (None, Some(side)) = (known.side, side) {
                known.side = Some(side);
                known.witness.started(side);
                cx.emit(Event::GameStart(GameStart { match_id: match_id.clone(), side }));
            }
        }
        let Some(turn) = known.held.take() else { return };
        let (side, game_type) = (known.side, known.game_type.clone());
        if self.ledger.is_thinking(match_id, turn.id) {
            cx.emit(Event::YourTurn(Turn { side, game_type, ..*turn }));
        }
    }

    /// Before a challenge is made again, every match must be known that may have come of it.
    pub(super) fn ask_about_unseen(&mut self) {
        let mut unseen = Vec::new();
        for known in self.matches.values_mut().filter(|known| known.game_type.is_none() && !known.asked) {
            known.asked = true;
            unseen.push(known.id.clone());
        }
        for match_id in unseen {
            if self.look_up(Lookup::Match(match_id)) {
                self.asked_about_matches += 1;
            } else {
                self.met_a_stranger();
            }
        }
    }

    // ---- silence ------------------------------------------------------------------------------------------------------

    /// A new connection stands: the platform has so long to speak of what it still plays.
    pub(super) fn listen_anew(&mut self, now: Instant) {
        for known in self.matches.values_mut() {
            known.heard = false;
            known.silent_since = now;
        }
        self.gone_at = None;
        self.lost_at = (!self.matches.is_empty()).then(|| now + self.timings.lost_after);
    }

    /// Gives up what the platform has not spoken of for `lost_after`, an open turn's time not counted. No message costs a
    /// look at the clock for it: between two looks, all that counts is whether there was one.
    pub(super) fn give_up_silent_matches(&mut self, cx: &mut Context<'_, Event>) {
        let now = cx.now();
        let mut silent = Vec::new();
        let mut next: Option<Instant> = None;
        for (match_id, known) in &mut self.matches {
            if std::mem::take(&mut known.heard) {
                known.silent_since = now;
            }
            // While a turn's time runs, the platform need not say anything.
            let since =
                self.ledger.deadline(match_id).map_or(known.silent_since, |at| at.max(known.silent_since));
            let due = since + self.timings.lost_after;
            if due <= now {
                silent.push(match_id.clone());
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        self.lost_at = next;
        self.give_up(silent, cx);
    }

    /// While draining without a connection, matches are waited for so long.
    pub(super) fn give_up_all_matches(&mut self, cx: &mut Context<'_, Event>) {
        let open = self.matches.keys().cloned().collect();
        self.give_up(open, cx);
    }

    fn give_up(&mut self, silent: Vec<MatchId>, cx: &mut Context<'_, Event>) {
        for match_id in silent {
            if let Some(mut known) = self.matches.remove(match_id.as_str()) {
                known.over.cancel();
                known.witness.interrupted();
                self.book(&known, None);
                if self.lost.len() >= REMEMBERED_MATCHES
                    && let Some(forgotten) = self.lost.pop_front()
                {
                    self.ledger.over(forgotten.id.as_str());
                }
                // Should it turn up again, its side and commitment are known, and what was decided in it.
                self.lost.push_back(Match { held: None, ..known });
            }
            self.lost_while_resigning(&match_id);
            tracing::warn!(match_id = %printable(match_id.as_str()), "the platform says nothing more about the match");
            cx.emit(Event::MatchLost { match_id });
        }
    }

    fn is_lost(&self, match_id: &str) -> bool {
        self.lost.iter().any(|lost| lost.id.as_str() == match_id)
    }

    fn take_lost(&mut self, match_id: &str) -> Option<Match> {
        let at = self.lost.iter().position(|lost| lost.id.as_str() == match_id)?;
        self.lost.remove(at)
    }
}
