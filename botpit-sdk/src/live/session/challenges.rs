//! Challenges: offers in the lobby, and matches that come of them.
//!
//! The protocol has no request ids, so one challenge command is under way at a time and the others wait in line: then an
//! error that is about a challenge is about that one. What a lost connection means, command by command:
//!
//! | command | not written yet | written, no answer |
//! |---|---|---|
//! | create | made once connected | looked for in the lobby, and made again only if it is not there |
//! | accept | fails, `Sent::No` | fails, `Sent::Maybe`: it puts money in, and somebody else may have been faster |
//! | cancel | sent once connected | sent again: to cancel twice is to cancel |
//!
//! Open challenges are looked for in the lobby too, and made again only if they are not there, and no match turned up that
//! may have come of them.

mod lobby;

use std::collections::VecDeque;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Sent, codes};
use sdk_core::socket::Context;

use super::{Culprit, Phase, Reply, Session, answer};
use crate::bankroll::{AtStake, BankrollRefusal};
use crate::lamports::Lamports;
use crate::live::event::{Challenge, ChallengeAccepted, Event};
use crate::model::{
    self, AcceptChallenge, CancelChallenge, ChallengeId, ClientMessage, CreateChallenge, ErrorCode, GameType,
    MatchId,
};

/// So many commands may wait in line, and so many challenges may be open.
const MAX_CHALLENGES: usize = 256;
/// So many matches that came of challenges are remembered until they are found.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub(super) struct Challenges {
    line: VecDeque<Call>,
    /// Whether the first in line was written on this connection.
    in_flight: bool,
    /// Until when it must be answered.
    due: Option<Instant>,
    /// The bot's own, open as far as it is known.
    open: Vec<Own>,
    /// Written on an earlier connection and never answered.
    unsure: Vec<Create>,
    /// When a drain no longer waits for what is being taken back.
    forget_at: Option<Instant>,
    /// When the lobby is to be asked for what a lost connection left open.
    check_at: Option<Instant>,
    /// Matches that came of challenges, by the platform's word.
    started: VecDeque<(MatchId, ChallengeId)>,
    /// The same where it did not name the match: what they are for, where that is known.
    unnamed: VecDeque<(ChallengeId, Option<(GameType, Lamports)>)>,
    /// A match turned up since the last reconnect of which nothing is known: a challenge may have led to it.
    stranger: bool,
}

enum Call {
    Create(Create),
    Accept { id: ChallengeId, reply: Reply<ChallengeAccepted> },
    Cancel { id: ChallengeId, reply: Option<Reply<()>> },
}

struct Create {
    request: CreateChallenge,
    replaces: Option<ChallengeId>,
    reply: Option<Reply<Challenge>>,
}

struct Own {
    id: ChallengeId,
    request: CreateChallenge,
    /// Whether it was made, or seen in the lobby, since the last reconnect.
    is_sure: bool,
}

impl Call {
    fn fail(self, error: Error) {
        match self {
            Self::Create(create) => answer(create.reply, Err(error)),
            Self::Accept { reply, .. } => drop(reply.send(Err(error))),
            Self::Cancel { reply, .. } => answer(reply, Err(error)),
        }
    }

    fn message(&self) -> ClientMessage {
        match self {
            Self::Create(create) => ClientMessage::CreateChallenge(create.request.clone()),
            Self::Accept { id, .. } => ClientMessage::AcceptChallenge(AcceptChallenge::new(id.clone())),
            Self::Cancel { id, .. } => ClientMessage::CancelChallenge(CancelChallenge::new(id.clone())),
        }
    }
}

impl Own {
    fn is_for(&self, game_type: &GameType, wager: Lamports) -> bool {
        is_for(&self.request, game_type, wager)
    }
}

fn is_for(request: &CreateChallenge, game_type: &GameType, wager: Lamports) -> bool {
    request.game_type == *game_type && request.wager_lamports == wager
}

fn stopping() -> Error {
    Error::new(&codes::CLIENT_CLOSED, "the bot is stopping and takes no new match")
}

impl Challenges {
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        [self.due, self.check_at, self.forget_at].into_iter().flatten().min()
    }

    /// Whether nothing is to be waited for: neither an answer, nor somebody who accepts.
    pub(super) fn is_idle(&self) -> bool {
        self.line.is_empty() && self.open.is_empty() && self.unsure.is_empty()
    }

    /// What may be lost by challenges that are open, or that may be.
    pub(super) fn at_stake(&self, open: &mut AtStake) {
        let asked = self.line.front().filter(|_| self.in_flight);
        match asked {
            Some(Call::Create(create)) => open.of_wish(create.request.wager_lamports),
            // What it is for is not known before its match is found.
            Some(Call::Accept { .. }) => open.of_wish(Lamports::MIN_WAGER),
            Some(Call::Cancel { .. }) | None => {}
        }
        for request in self.open.iter().map(|own| &own.request) {
            open.of_wish(request.wager_lamports);
        }
        for create in &self.unsure {
            open.of_wish(create.request.wager_lamports);
        }
    }

    /// What becomes of everything that waits.
    fn fail_all(&mut self, error: &Error) {
        let in_flight = std::mem::take(&mut self.in_flight);
        for (place, call) in self.line.drain(..).enumerate() {
            let sent = if place == 0 && in_flight { Sent::Maybe } else { Sent::No };
            call.fail(error.clone().with_sent(sent));
        }
        for create in self.unsure.drain(..) {
            answer(create.reply, Err(error.clone().with_sent(Sent::Maybe)));
        }
        self.open.clear();
        self.due = None;
        self.check_at = None;
        self.forget_at = None;
    }
}

impl Session {
    // ---- commands -------------------------------------------------------------------------------------------------

    pub(super) fn create_challenge(
        &mut self,
        request: CreateChallenge,
        reply: Reply<Challenge>,
        cx: &mut Context<'_, Event>,
    ) {
        self.line_up(Call::Create(Create { request, replaces: None, reply: Some(reply) }), cx);
    }

    pub(super) fn accept_challenge(
        &mut self,
        id: ChallengeId,
        reply: Reply<ChallengeAccepted>,
        cx: &mut Context<'_, Event>,
    ) {
        if self.phase != Phase::Ready {
            let message = "accept_challenge needs a live connection: later, it may be another's";
            let _ = reply.send(Err(Error::new(&codes::NOT_CONNECTED, message)));
        } else if self.challenges.open.iter().any(|own| own.id == id) {
            let message = "the challenge is the bot's own";
            let _ = reply.send(Err(Error::invalid_argument("challenge_id", message)));
        } else {
            self.line_up(Call::Accept { id, reply }, cx);
        }
    }

    pub(super) fn cancel_challenge(
        &mut self,
        id: ChallengeId,
        reply: Option<Reply<()>>,
        cx: &mut Context<'_, Event>,
    ) {
        self.line_up(Call::Cancel { id, reply }, cx);
    }

    fn line_up(&mut self, call: Call, cx: &mut Context<'_, Event>) {
        if self.draining && !matches!(call, Call::Cancel { .. }) {
            call.fail(stopping());
            return;
        }
        let waiting = self.challenges.line.len() + self.challenges.unsure.len() + self.challenges.open.len();
        if waiting >= MAX_CHALLENGES && !matches!(call, Call::Cancel { .. }) {
            let message = format!("more than {MAX_CHALLENGES} challenges at once are not kept");
            call.fail(Error::new(&codes::LIMIT_REACHED, message).with_sent(Sent::No));
            return;
        }
        self.challenges.line.push_back(call);
        self.next_challenge_call(cx);
    }

    /// Writes the next command in line, when none is under way.
    pub(super) fn next_challenge_call(&mut self, cx: &mut Context<'_, Event>) {
        while self.phase == Phase::Ready && !self.challenges.in_flight {
            let Some(call) = self.challenges.line.front() else { return };
            let message = call.message();
            match self.may_send(&message).and_then(|()| message.to_text()).and_then(|text| cx.send(text)) {
                Ok(()) => {
                    self.challenges.in_flight = true;
                    self.challenges.due = Some(cx.now() + self.timings.answer);
                }
                Err(error) => {
                    if BankrollRefusal::of(&error).is_some() {
                        cx.emit(Event::Error(error.clone())); // nobody waits for one that is made again
                    }
                    if let Some(call) = self.challenges.line.pop_front() {
                        call.fail(error);
                    }
                }
            }
        }
    }

    /// The command that is under way, if it is one of these: it has its answer.
    fn challenge_answered(&mut self, is_it: impl FnOnce(&Call) -> bool) -> Option<Call> {
        if !self.challenges.in_flight || !self.challenges.line.front().is_some_and(is_it) {
            return None;
        }
        self.challenges.in_flight = false;
        self.challenges.due = None;
        self.challenges.line.pop_front()
    }

    // ---- what the platform says -------------------------------------------------------------------------------------

    pub(super) fn on_challenge_created(
        &mut self,
        created: &model::ChallengeCreated<'_>,
        cx: &mut Context<'_, Event>,
    ) {
        let id = ChallengeId::from(&*created.challenge_id);
        let fits = |request: &CreateChallenge| {
            created.game_type.as_ref().is_none_or(|game_type| *game_type == request.game_type)
                && created.wager_lamports.is_none_or(|wager| wager == request.wager_lamports)
        };
        let call =
            self.challenge_answered(|call| matches!(call, Call::Create(create) if fits(&create.request)));
        if let Some(Call::Create(create)) = call {
            self.settled(&Culprit::Challenge, cx);
            self.challenge_stands(id, create, cx);
        } else {
            // Asked for by a message of the bot's own making, or after the caller had given up.
            cx.emit(Event::ChallengeCreated(Challenge {
                id,
                game_type: created.game_type.clone(),
                wager: created.wager_lamports,
                replaces: None,
            }));
        }
        self.next_challenge_call(cx);
    }

    /// A challenge is known to be open.
    fn challenge_stands(&mut self, id: ChallengeId, create: Create, cx: &mut Context<'_, Event>) {
        let Create { request, replaces, reply } = create;
        let challenge = Challenge {
            id: id.clone(),
            game_type: Some(request.game_type.clone()),
            wager: Some(request.wager_lamports),
            replaces,
        };
        self.challenges.open.push(Own { id: id.clone(), request, is_sure: true });
        answer(reply, Ok(challenge.clone()));
        cx.emit(Event::ChallengeCreated(challenge));
        if self.draining {
            self.cancel_challenge(id, None, cx);
        }
    }

    pub(super) fn on_challenge_accepted(
        &mut self,
        accepted: &model::ChallengeAccepted<'_>,
        cx: &mut Context<'_, Event>,
    ) {
        let id = ChallengeId::from(&*accepted.challenge_id);
        let match_id = accepted.match_id.as_deref().map(MatchId::from);
        let own = self.challenges.open.iter().position(|own| own.id == id);
        let own = own.map(|at| self.challenges.open.swap_remove(at));
        match &match_id {
            Some(match_id) => {
                let started = &mut self.challenges.started;
                if started.len() >= REMEMBERED {
                    started.pop_front();
                }
                started.push_back((match_id.clone(), id.clone()));
            }
            None => {
                let unnamed = &mut self.challenges.unnamed;
                if unnamed.len() >= REMEMBERED {
                    unnamed.pop_front();
                }
                let stake = own.map(|own| (own.request.game_type, own.request.wager_lamports));
                unnamed.push_back((id.clone(), stake));
            }
        }
        if self.draining {
            // It is played to its end.
            self.leaving_until.get_or_insert(cx.now() + self.timings.resume_grace);
        }
        let accepted = ChallengeAccepted { challenge_id: id.clone(), match_id };
        let call = self
            .challenge_answered(|call| matches!(call, Call::Accept { id: waiting, .. } if *waiting == id));
        if let Some(Call::Accept { reply, .. }) = call {
            self.settled(&Culprit::Challenge, cx);
            let _ = reply.send(Ok(accepted.clone()));
        }
        cx.emit(Event::ChallengeAccepted(accepted));
        self.next_challenge_call(cx);
        self.end_if_idle(cx);
    }

    pub(super) fn on_challenge_cancelled(
        &mut self,
        cancelled: &model::ChallengeCancelled<'_>,
        cx: &mut Context<'_, Event>,
    ) {
        let id = ChallengeId::from(&*cancelled.challenge_id);
        self.challenges.open.retain(|own| own.id != id);
        let call = self
            .challenge_answered(|call| matches!(call, Call::Cancel { id: waiting, .. } if *waiting == id));
        if let Some(Call::Cancel { reply, .. }) = call {
            self.settled(&Culprit::Challenge, cx);
            answer(reply, Ok(()));
        }
        cx.emit(Event::ChallengeCancelled { challenge_id: id });
        self.next_challenge_call(cx);
        self.end_if_idle(cx);
    }

    /// Whether an error with this code may be about the challenge command that is under way.
    pub(super) fn may_refuse_challenge(&self, code: Option<&ErrorCode>) -> bool {
        let Some(call) = self.challenges.line.front().filter(|_| self.challenges.in_flight) else {
            return false;
        };
        match code {
            Some(ErrorCode::UnknownGame | ErrorCode::InvalidWager) => matches!(call, Call::Create(_)),
            Some(ErrorCode::AlreadyInMatch | ErrorCode::AlreadyQueued) => {
                !matches!(call, Call::Cancel { .. })
            }
            Some(ErrorCode::TooManyChallenges) => matches!(call, Call::Create(_)),
            Some(ErrorCode::UnknownChallenge | ErrorCode::ChallengeClosed) => {
                !matches!(call, Call::Create(_))
            }
            Some(ErrorCode::NotYourChallenge) => matches!(call, Call::Cancel { .. }),
            Some(ErrorCode::OwnChallenge) => matches!(call, Call::Accept { .. }),
            code => super::refusals::may_be_anything(code, self.matches.is_empty()),
        }
    }

    pub(super) fn challenge_refused(&mut self, refusal: &Error, cx: &mut Context<'_, Event>) {
        if let Some(call) = self.challenge_answered(|_| true) {
            if let Call::Cancel { id, .. } = &call {
                // Not there any more, or not to be taken back: either way the bot no longer counts on it.
                self.challenges.open.retain(|own| own.id != *id);
            }
            call.fail(refusal.clone());
        }
        self.next_challenge_call(cx);
        self.end_if_idle(cx);
    }

    // ---- time -------------------------------------------------------------------------------------------------------

    pub(super) fn on_challenges_due(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        if self.challenges.due.is_some_and(|at| at <= now) {
            let late = self.suspicion_of(&Culprit::Challenge);
            if let Some(call) = self.challenge_answered(|_| true) {
                let error = unanswered(call.message().name(), self.timings.answer);
                call.fail(match late {
                    Some(refusal) => error.with_source(refusal),
                    None => error,
                });
            }
            self.next_challenge_call(cx);
        }
        if self.challenges.forget_at.is_some_and(|at| at <= now) {
            self.challenges.fail_all(&stopping());
        }
        if self.challenges.check_at.is_some_and(|at| at <= now) {
            self.challenges.check_at = None;
            self.check_challenges(now, cx);
        }
    }

    pub(super) fn drain_challenges(&mut self, cx: &mut Context<'_, Event>) {
        let keeps = usize::from(self.challenges.in_flight);
        let waiting = self.challenges.line.split_off(keeps.min(self.challenges.line.len()));
        for call in waiting {
            match call {
                Call::Cancel { .. } => self.challenges.line.push_back(call),
                call => call.fail(stopping()),
            }
        }
        let open: Vec<_> = self.challenges.open.iter().map(|own| own.id.clone()).collect();
        if self.phase != Phase::Ready {
            self.challenges.fail_all(&stopping());
            return;
        }
        for id in open {
            if !self.is_being_cancelled(&id) {
                self.cancel_challenge(id, None, cx);
            }
        }
        if !self.challenges.is_idle() {
            self.challenges.forget_at = Some(cx.now() + self.timings.resume_grace);
        }
    }

    /// Nobody waits any longer for what was to be taken back.
    pub(super) fn forget_challenges(&mut self, error: &Error) {
        self.challenges.fail_all(error);
    }

    // ---- matches that come of them ----------------------------------------------------------------------------------

    /// The challenge that a match came of, as the platform said when it was accepted, and what that was for.
    pub(super) fn challenge_of(
        &mut self,
        match_id: &str,
        stake: Option<(&GameType, Lamports)>,
    ) -> Option<ChallengeId> {
        let challenges = &mut self.challenges;
        if let Some(at) = challenges.started.iter().position(|(started, _)| started.as_str() == match_id) {
            return challenges.started.remove(at).map(|(_, challenge)| challenge);
        }
        let (game_type, wager) = stake?;
        let at = challenges.unnamed.iter().position(|(_, known)| {
            known.as_ref().is_none_or(|(game, amount)| game == game_type && *amount == wager)
        })?;
        challenges.unnamed.remove(at).map(|(challenge, _)| challenge)
    }

    /// Whether the platform said that the match came of a challenge.
    pub(super) fn is_of_challenge(&self, match_id: &str) -> bool {
        self.challenges.started.iter().any(|(started, _)| started.as_str() == match_id)
    }

    /// A match turned up that nothing else was for: one of the challenges that are not known to be open any more may have
    /// been accepted while nobody listened.
    pub(super) fn claim_challenge(&mut self, game_type: &GameType, wager: Lamports) -> Option<ChallengeId> {
        let open = &mut self.challenges.open;
        if let Some(at) = open.iter().position(|own| !own.is_sure && own.is_for(game_type, wager)) {
            return Some(open.swap_remove(at).id);
        }
        let unsure = &mut self.challenges.unsure;
        let at = unsure.iter().position(|create| is_for(&create.request, game_type, wager))?;
        answer(unsure.swap_remove(at).reply, Err(perhaps_accepted()));
        None
    }

    pub(super) fn met_a_stranger(&mut self) {
        self.challenges.stranger = true;
    }
}

fn perhaps_accepted() -> Error {
    let message = "the connection was lost before create_challenge was answered; a match may have come of it";
    Error::new(&codes::CONNECTION_LOST, message).with_sent(Sent::Maybe)
}

fn not_answered(cause: &Error) -> Error {
    Error::new(&codes::CONNECTION_LOST, "the connection was lost before the platform answered")
        .with_source(cause.clone())
}

/// The error for a command without an answer.
pub(super) fn unanswered(name: &str, span: Duration) -> Error {
    let message = format!("no answer to {name} within {:.1} s", span.as_secs_f64());
    Error::new(&codes::CALL_TIMEOUT, message).with_sent(Sent::Maybe)
}
