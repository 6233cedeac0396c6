//! The place in the queue: a wish that survives the connection.

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Sent, codes};
use sdk_core::socket::Context;

use super::challenges::unanswered;
use super::{Culprit, Phase, Reply, Session, answer, refusals};
use crate::bankroll::BankrollRefusal;
use crate::lamports::Lamports;
use crate::live::event::{Event, QueueJoined};
use crate::model::{self, ClientMessage, ErrorCode, GameType, JoinQueue};

/// How long until the queue is tried again, in graces, when the platform finds it too soon after a reconnect.
const RETRY_GRACES: u32 = 5;

pub(super) struct Queue {
    pub(super) request: JoinQueue,
    /// Whether `join_queue` was given to be written on this connection.
    pub(super) asked: bool,
    /// What the platform confirmed on this connection.
    pub(super) joined: Option<QueueJoined>,
    /// Until when it must be.
    pub(super) due: Option<Instant>,
    /// Whether it was asked for on an earlier connection: a match may turn up for it, or the platform may hold the place.
    pub(super) held: bool,
    waiting: Vec<Reply<QueueJoined>>,
}

impl Queue {
    /// The platform has given the place.
    fn join(&mut self, joined: QueueJoined) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Ok(joined.clone()));
        }
        self.joined = Some(joined);
        self.due = None;
    }

    pub(super) fn fail(self, error: &Error) {
        for reply in self.waiting {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// Whether a match may turn up for it.
    pub(super) fn is_out(&self) -> bool {
        self.held || self.asked
    }
}

impl Session {
    pub(super) fn join_queue(
        &mut self,
        request: JoinQueue,
        reply: Reply<QueueJoined>,
        cx: &mut Context<'_, Event>,
    ) {
        if self.draining {
            let message = "the bot is stopping and takes no new match";
            let _ = reply.send(Err(Error::new(&codes::CLIENT_CLOSED, message)));
            return;
        }
        if let Some(queue) = &mut self.queue {
            if queue.request != request {
                let message = format!("already queueing for {}", queue.request.game_type);
                let _ = reply.send(Err(Error::invalid_argument("game_type", message)));
            } else if let Some(joined) = &queue.joined {
                let _ = reply.send(Ok(joined.clone()));
            } else {
                queue.waiting.push(reply);
            }
            return;
        }
        if let Err(refused) = self.may_send(&ClientMessage::JoinQueue(request.clone())) {
            let _ = reply.send(Err(refused.clone()));
            cx.emit(Event::Error(refused));
            return;
        }
        self.queue =
            Some(Queue { request, asked: false, joined: None, due: None, held: false, waiting: vec![reply] });
        if self.phase == Phase::Ready {
            self.join_queue_now(cx);
        }
    }

    pub(super) fn join_queue_now(&mut self, cx: &mut Context<'_, Event>) {
        let Some(queue) = &mut self.queue else { return };
        if queue.asked {
            return;
        }
        let message = ClientMessage::JoinQueue(queue.request.clone());
        // Perhaps asked for again after an outage, in which something else was lost.
        let queue = self.queue.take();
        let allowed = self.may_send(&message);
        self.queue = queue;
        let Some(queue) = &mut self.queue else { return };
        let sent = allowed.and_then(|()| message.to_text()).and_then(|text| cx.send(text));
        match sent {
            Ok(()) => {
                queue.asked = true;
                queue.due = Some(cx.now() + self.timings.answer);
            }
            Err(error) => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(&error);
                }
                if BankrollRefusal::of(&error).is_some() {
                    cx.emit(Event::Error(error)); // perhaps nobody waits for the answer any more
                }
            }
        }
    }

    pub(super) fn leave_queue(&mut self, reply: Option<Reply<()>>, cx: &mut Context<'_, Event>) {
        match self.queue.take() {
            // A place of before may still be held.
            Some(queue) if queue.asked || (queue.held && self.phase == Phase::Ready) => {
                queue.fail(&Error::new(&codes::CLIENT_CLOSED, "the bot left the queue"));
                match ClientMessage::LeaveQueue.to_text().and_then(|text| cx.send(text)) {
                    Ok(()) => {
                        self.leaving_until = Some(cx.now() + self.timings.resume_grace);
                        self.leaving.extend(reply);
                    }
                    Err(error) => answer(reply, Err(error)),
                }
            }
            Some(queue) => {
                queue.fail(&Error::new(&codes::CLIENT_CLOSED, "the bot left the queue"));
                answer(reply, Ok(()));
            }
            None => answer(reply, Ok(())),
        }
    }

    pub(super) fn left_queue(&mut self) {
        self.leaving_until = None;
        for reply in self.leaving.drain(..) {
            let _ = reply.send(Ok(()));
        }
    }

    pub(super) fn on_queue_joined(&mut self, joined: model::QueueJoined, cx: &mut Context<'_, Event>) {
        let joined = QueueJoined { game_type: joined.game_type, position: joined.position };
        if let Some(queue) = self.queue.as_mut().filter(|queue| queue.asked) {
            queue.join(joined.clone());
            self.settled(&Culprit::Queue, cx);
        }
        cx.emit(Event::QueueJoined(joined));
    }

    pub(super) fn on_queue_left(&mut self, cx: &mut Context<'_, Event>) {
        if self.leaving_until.is_some() {
            self.left_queue(); // what was asked for since then is another place
        } else if let Some(queue) = self.queue.take_if(|queue| queue.asked) {
            queue.fail(&Error::new(&codes::REJECTED, "the platform took the bot out of the queue"));
        }
        cx.emit(Event::QueueLeft);
        self.end_if_idle(cx);
    }

    /// A match turned up that the place was for: nobody waits in the queue any more. What was queued for.
    pub(super) fn leave_for_match(&mut self, game_type: Option<&GameType>) -> Option<Lamports> {
        let mut queue = self.queue.take()?;
        let game_type = game_type.unwrap_or(&queue.request.game_type).clone();
        queue.join(QueueJoined { game_type: Some(game_type), position: None });
        Some(queue.request.wager_lamports)
    }

    /// Whether an error with this code may be about `join_queue`.
    pub(super) fn may_refuse_queue(&self, code: Option<&ErrorCode>) -> bool {
        if !self.queue.as_ref().is_some_and(|queue| queue.asked && queue.joined.is_none()) {
            return false;
        }
        match code {
            Some(
                ErrorCode::UnknownGame
                | ErrorCode::InvalidWager
                | ErrorCode::AlreadyInMatch
                | ErrorCode::AlreadyQueued,
            ) => true,
            code => refusals::may_be_anything(code, self.matches.is_empty()),
        }
    }

    pub(super) fn queue_refused(
        &mut self,
        code: Option<&ErrorCode>,
        refusal: &Error,
        cx: &mut Context<'_, Event>,
    ) {
        let Some(queue) = &mut self.queue else { return };
        let again_in = match code {
            // The platform held the place through the outage, or an earlier run of the program took it.
            Some(ErrorCode::AlreadyQueued) => {
                queue.join(QueueJoined { game_type: None, position: None });
                return;
            }
            // The match that the place was for is going on, and has not been spoken of yet.
            Some(ErrorCode::AlreadyInMatch) if queue.held => self.timings.lost_after,
            Some(ErrorCode::RateLimited | ErrorCode::Internal) if queue.held => {
                self.timings.resume_grace * RETRY_GRACES
            }
            _ => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(refusal);
                }
                return;
            }
        };
        queue.asked = false;
        queue.due = None;
        self.resume_at.get_or_insert(cx.now() + again_in);
    }

    /// The platform did not answer `join_queue`.
    pub(super) fn on_queue_unanswered(&mut self, now: Instant) {
        let suspicion = self.suspicion_of(&Culprit::Queue);
        let Some(mut queue) = self.queue.take() else { return };
        let mut error = unanswered("join_queue", self.timings.answer);
        if let Some(refusal) = suspicion {
            error = error.with_source(refusal);
        }
        for reply in queue.waiting.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
        if queue.held {
            // Nobody else would ask again. The platform may have taken the wish without a word, so not soon.
            self.queue = Some(Queue { asked: false, due: None, ..queue });
            self.resume_at.get_or_insert(now + self.timings.lost_after);
        }
    }

    /// The place is gone with the connection; what the bot wants is not.
    pub(super) fn queue_lost(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.held |= queue.asked;
            queue.asked = false;
            queue.joined = None;
            queue.due = None;
        }
        self.left_queue(); // a place in the queue does not outlive its connection
    }

    pub(super) fn queue_ended(&mut self, closed: &Error) {
        if let Some(queue) = self.queue.take() {
            let sent = if queue.is_out() { Sent::Maybe } else { Sent::No };
            queue.fail(&closed.clone().with_sent(sent));
        }
        self.left_queue();
    }

    pub(super) fn queue_due(&self) -> Option<Instant> {
        self.queue.as_ref().and_then(|queue| queue.due)
    }
}
