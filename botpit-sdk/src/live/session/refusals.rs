//! Whose error it is. The protocol has no request ids, so an error is laid at a command's door only where no other can be
//! meant: by what its code is about, by what waits for an answer, or because every other command that could be meant was
//! answered since. Where two remain, it is nobody's.

use sdk_core::error::{Error, Sent, codes};
use sdk_core::socket::Context;

use super::{Phase, Session};
use crate::live::event::Event;
use crate::model::{self, ErrorCode, MatchId};

/// A command that waits for the platform's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Culprit {
    Queue,
    Leave,
    Challenge,
    Spectate,
    Resign(MatchId),
}

/// An error that more than one command may have caused.
pub(super) struct Suspicion {
    refusal: Error,
    suspects: Vec<Culprit>,
}

impl Session {
    pub(super) fn on_error(&mut self, error: &model::ServerError<'_>, cx: &mut Context<'_, Event>) {
        let code = error.code.as_ref().map(|code| ErrorCode::from(&*self.without_key(code.as_str())));
        let words = self.without_key(error.message.as_deref().unwrap_or("no reason was given"));
        let message = format!("the platform said: {}", sdk_core::wire::excerpt(&words));
        let greeting = self.phase == Phase::Greeting;
        let refused_key = match &code {
            Some(code) => code.is_auth() || (greeting && sounds_like_a_refused_key(code.as_str())),
            None => greeting,
        };
        let kind = match &code {
            _ if refused_key => &codes::AUTH_REJECTED,
            Some(ErrorCode::RateLimited) => &codes::RATE_LIMITED,
            _ => &codes::REJECTED,
        };
        let mut refusal = Error::new(kind, message).with_sent(Sent::Yes);
        if let Some(code) = &code {
            refusal = refusal.with_platform_code(code.as_str());
        }
        if refused_key && !self.current.is_settling(&self.key) {
            cx.end(Some(refusal));
            return;
        }
        if refused_key || greeting {
            cx.drop_connection(refusal); // the key is being replaced, or the server has trouble of its own
            return;
        }
        let suspects = self.suspects(code.as_ref());
        match suspects.as_slice() {
            [] => {}
            [one] => self.blame(one, code.as_ref(), &refusal, cx),
            _ => self.suspicion = Some(Suspicion { refusal: refusal.clone(), suspects }),
        }
        cx.emit(Event::Error(refusal));
    }

    /// Which of the commands that wait for an answer the error may be about.
    fn suspects(&self, code: Option<&ErrorCode>) -> Vec<Culprit> {
        let alone = self.matches.is_empty();
        let mut suspects = Vec::new();
        if self.may_refuse_queue(code) {
            suspects.push(Culprit::Queue);
        }
        if self.leaving_until.is_some() && matches!(code, Some(ErrorCode::NotQueued)) {
            suspects.push(Culprit::Leave);
        }
        // Who is in the queue is told so when it queues: a challenge is meant only when nobody does.
        let is_the_queues = code == Some(&ErrorCode::AlreadyQueued) && !suspects.is_empty();
        if !is_the_queues && self.may_refuse_challenge(code) {
            suspects.push(Culprit::Challenge);
        }
        if self.awaits_watching() {
            let is_about_it = match code {
                Some(ErrorCode::UnknownMatch | ErrorCode::MatchOver) => alone,
                code => may_be_anything(code, alone),
            };
            if is_about_it {
                suspects.push(Culprit::Spectate);
            }
        }
        for match_id in self.resigning() {
            let is_about_it = match code {
                Some(ErrorCode::UnknownMatch | ErrorCode::MatchOver | ErrorCode::NotYourMatch) => true,
                code => may_be_anything(code, alone),
            };
            if is_about_it {
                suspects.push(Culprit::Resign(match_id.clone()));
            }
        }
        suspects
    }

    fn blame(
        &mut self,
        culprit: &Culprit,
        code: Option<&ErrorCode>,
        refusal: &Error,
        cx: &mut Context<'_, Event>,
    ) {
        match culprit {
            Culprit::Queue => self.queue_refused(code, refusal, cx),
            Culprit::Leave => self.left_queue(),
            Culprit::Challenge => self.challenge_refused(refusal, cx),
            Culprit::Spectate => self.watching_refused(refusal),
            Culprit::Resign(match_id) => self.resign_refused(match_id, refusal),
        }
        self.settled(culprit, cx);
    }

    /// A command has its answer: an error that it or one other may have caused was the other's.
    pub(super) fn settled(&mut self, culprit: &Culprit, cx: &mut Context<'_, Event>) {
        let Some(mut suspicion) = self.suspicion.take() else { return };
        suspicion.suspects.retain(|suspect| suspect != culprit);
        match suspicion.suspects.as_slice() {
            [] => {}
            [one] => {
                let (one, refusal) = (one.clone(), suspicion.refusal);
                let code = refusal.platform_code::<ErrorCode>();
                self.blame(&one, code.as_ref(), &refusal, cx);
            }
            _ => self.suspicion = Some(suspicion),
        }
    }

    /// The error that a command without an answer may have caused.
    pub(super) fn suspicion_of(&mut self, culprit: &Culprit) -> Option<Error> {
        let suspicion = self.suspicion.take_if(|suspicion| suspicion.suspects.contains(culprit))?;
        Some(suspicion.refusal)
    }
}

/// Whether an error is in such general words that it may be about whatever waits for an answer. While a match is open it
/// may also be about that.
pub(super) fn may_be_anything(code: Option<&ErrorCode>, alone: bool) -> bool {
    match code {
        Some(ErrorCode::InvalidMessage | ErrorCode::RateLimited) => true,
        // The spec does not list the codes: an empty wallet, for one, has a word that nobody knows here.
        Some(ErrorCode::Internal | ErrorCode::UnknownType | ErrorCode::Other(_)) | None => alone,
        Some(_) => false,
    }
}

/// The spec names `auth_failed`; other servers have other words for it.
fn sounds_like_a_refused_key(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["auth", "key", "token", "forbidden", "revoked", "banned"].iter().any(|word| code.contains(word))
}
