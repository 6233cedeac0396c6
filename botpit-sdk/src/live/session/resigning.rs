//! Giving a match up. The answer is its end.

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Sent, codes};
use sdk_core::socket::Context;

use super::challenges::unanswered;
use super::{Culprit, Phase, Reply, Session};
use crate::live::event::Event;
use crate::model::{self, ClientMessage, MatchId};

/// A match that is being given up.
pub(super) struct Resigning {
    match_id: MatchId,
    /// Whether it was written on this connection.
    asked: bool,
    /// Whether it was written on any.
    sent: Sent,
    due: Instant,
    waiting: Vec<Reply<()>>,
}

impl Resigning {
    fn end(self, result: &Result<(), Error>) {
        for reply in self.waiting {
            let _ = reply.send(result.clone());
        }
    }
}

impl Session {
    pub(super) fn resign(&mut self, match_id: MatchId, reply: Reply<()>, cx: &mut Context<'_, Event>) {
        if self.has_ended(match_id.as_str()) {
            let _ = reply.send(Ok(())); // nothing is left to give up
            return;
        }
        let due = cx.now() + self.timings.answer;
        if let Some(resigning) = self.resigning.iter_mut().find(|resigning| resigning.match_id == match_id) {
            resigning.waiting.push(reply);
            return;
        }
        self.resigning.push(Resigning { match_id, asked: false, sent: Sent::No, due, waiting: vec![reply] });
        self.resign_again(cx);
    }

    /// Sends what this connection does not know of. To resign twice is to resign.
    pub(super) fn resign_again(&mut self, cx: &mut Context<'_, Event>) {
        if self.phase != Phase::Ready {
            return;
        }
        let mut failed = Vec::new();
        for resigning in self.resigning.iter_mut().filter(|resigning| !resigning.asked) {
            let message = ClientMessage::Resign(model::Resign::new(resigning.match_id.clone()));
            match message.to_text().and_then(|text| cx.send(text)) {
                Ok(()) => {
                    resigning.asked = true;
                    resigning.sent = Sent::Maybe;
                }
                Err(error) => failed.push((resigning.match_id.clone(), error)),
            }
        }
        for (match_id, error) in failed {
            self.resigned(&match_id, &Err(error));
        }
    }

    /// The matches whose resignation waits for an answer on this connection.
    pub(super) fn resigning(&self) -> impl Iterator<Item = &MatchId> {
        self.resigning.iter().filter(|resigning| resigning.asked).map(|resigning| &resigning.match_id)
    }

    pub(super) fn resigned(&mut self, match_id: &MatchId, result: &Result<(), Error>) {
        if let Some(at) = self.resigning.iter().position(|resigning| resigning.match_id == *match_id) {
            self.resigning.swap_remove(at).end(result);
        }
    }

    pub(super) fn resign_refused(&mut self, match_id: &MatchId, refusal: &Error) {
        self.resigned(match_id, &Err(refusal.clone()));
    }

    pub(super) fn resign_due(&self) -> Option<Instant> {
        self.resigning.iter().map(|resigning| resigning.due).min()
    }

    pub(super) fn on_resign_due(&mut self, now: Instant) {
        while let Some(at) = self.resigning.iter().position(|resigning| resigning.due <= now) {
            let late = self.resigning.swap_remove(at);
            let error = match self.suspicion_of(&Culprit::Resign(late.match_id.clone())) {
                Some(refusal) => unanswered("resign", self.timings.answer).with_source(refusal),
                None => unanswered("resign", self.timings.answer),
            };
            let error = error.with_sent(late.sent);
            late.end(&Err(error));
        }
    }

    pub(super) fn resigns_lost(&mut self) {
        for resigning in &mut self.resigning {
            resigning.asked = false;
        }
    }

    pub(super) fn resigns_ended(&mut self, closed: &Error) {
        for resigning in std::mem::take(&mut self.resigning) {
            let sent = resigning.sent;
            resigning.end(&Err(closed.clone().with_sent(sent)));
        }
    }

    /// How a match ended, or that it did, is not known.
    pub(super) fn lost_while_resigning(&mut self, match_id: &MatchId) {
        let message = "the platform says nothing more about the match";
        let error = Error::new(&codes::CALL_TIMEOUT, message).with_sent(Sent::Maybe);
        self.resigned(match_id, &Err(error));
    }
}
