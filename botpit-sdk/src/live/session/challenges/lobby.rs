//! What a lost connection leaves open: looked for in the lobby before anything is made again.

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::Context;

use super::super::{Phase, Session, answer};
use super::{Call, Create, Own, is_for, not_answered, perhaps_accepted};
use crate::live::event::Event;
use crate::live::lookup::Lookup;
use crate::model::{ChallengeId, OpenChallenge};

impl Session {
    pub(in crate::live::session) fn challenges_lost(&mut self, cause: &Error) {
        let challenges = &mut self.challenges;
        let mut in_flight = std::mem::take(&mut challenges.in_flight);
        challenges.due = None;
        challenges.check_at = None;
        for own in &mut challenges.open {
            own.is_sure = false;
        }
        for call in std::mem::take(&mut challenges.line) {
            let was_sent = std::mem::take(&mut in_flight);
            match call {
                Call::Create(create) if was_sent => challenges.unsure.push(create),
                Call::Accept { .. } => {
                    let sent = if was_sent { Sent::Maybe } else { Sent::No };
                    call.fail(not_answered(cause).with_sent(sent));
                }
                again => challenges.line.push_back(again),
            }
        }
    }

    /// A new connection stands.
    pub(in crate::live::session) fn challenges_again(&mut self, cx: &mut Context<'_, Event>) {
        self.challenges.stranger = false;
        if self.challenges.open.iter().any(|own| !own.is_sure) || !self.challenges.unsure.is_empty() {
            self.challenges.check_at = Some(cx.now() + self.timings.resume_grace);
        }
        self.next_challenge_call(cx);
    }

    pub(super) fn check_challenges(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        let is_sure = self.challenges.open.iter().all(|own| own.is_sure) && self.challenges.unsure.is_empty();
        if is_sure || self.phase != Phase::Ready {
            return;
        }
        self.ask_about_unseen();
        if self.asked_about_matches > 0 {
            // A match that turned up may have come of one of them.
            self.challenges.check_at = Some(now + self.timings.resume_grace);
            return;
        }
        let connection = self.connections;
        if !self.look_up(Lookup::Challenges { connection }) {
            self.lobby_unknown(&Error::new(&codes::NOT_CONNECTED, "the lobby cannot be asked"), cx);
        }
    }

    pub(in crate::live::session) fn on_lobby(
        &mut self,
        connection: u64,
        lobby: Result<Vec<OpenChallenge>>,
        cx: &mut Context<'_, Event>,
    ) {
        if connection != self.connections || self.phase != Phase::Ready {
            return; // the next connection asks anew
        }
        let mut lobby = match lobby {
            Ok(lobby) => lobby,
            Err(error) => return self.lobby_unknown(&error, cx),
        };
        let mut gone = Vec::new();
        for own in std::mem::take(&mut self.challenges.open) {
            let at = lobby.iter().position(|open| open.id == own.id);
            if let Some(at) = at {
                lobby.swap_remove(at);
            }
            if own.is_sure || at.is_some() {
                self.challenges.open.push(Own { is_sure: true, ..own });
            } else {
                gone.push(own);
            }
        }
        for create in std::mem::take(&mut self.challenges.unsure) {
            let at = lobby.iter().position(|open| {
                self.me.as_ref() == Some(&open.creator_id)
                    && is_for(&create.request, &open.game_type, open.wager_lamports)
            });
            match at.map(|at| lobby.swap_remove(at)) {
                Some(open) => self.challenge_stands(open.id, create, cx),
                None if self.may_make_again() => self.challenges.line.push_back(Call::Create(create)),
                None => answer(create.reply, Err(perhaps_accepted())),
            }
        }
        for own in gone {
            cx.emit(Event::ChallengeCancelled { challenge_id: own.id.clone() });
            if self.is_being_cancelled(&own.id) {
                continue; // the answer to that tells
            }
            if self.may_make_again() {
                tracing::info!("a challenge did not outlive the lost connection; it is made again");
                let create = Create { request: own.request, replaces: Some(own.id), reply: None };
                self.challenges.line.push_back(Call::Create(create));
            } else {
                tracing::warn!(
                    "a challenge is gone from the lobby, and may have been accepted: it is not made again"
                );
            }
        }
        self.next_challenge_call(cx);
        self.end_if_idle(cx);
    }

    /// Money is at stake twice if a challenge is made again that somebody has accepted.
    fn may_make_again(&self) -> bool {
        !self.draining && !self.challenges.stranger
    }

    pub(super) fn is_being_cancelled(&self, id: &ChallengeId) -> bool {
        self.challenges
            .line
            .iter()
            .any(|call| matches!(call, Call::Cancel { id: waiting, .. } if waiting == id))
    }

    /// Without the list nothing is made again; whoever waits is told, and what is open is looked for later.
    fn lobby_unknown(&mut self, error: &Error, cx: &mut Context<'_, Event>) {
        tracing::warn!(error = %error, "the lobby cannot be seen: challenges of before are not made again yet");
        for create in std::mem::take(&mut self.challenges.unsure) {
            answer(create.reply, Err(perhaps_accepted().with_source(error.clone())));
        }
        if !self.challenges.open.is_empty() {
            self.challenges.check_at = Some(cx.now() + self.timings.lost_after);
        }
    }
}
