//! The session as the driver sees it: what to dial, and what each thing that happens leads to.

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{Text, printable};

use super::{Command, Phase, Session};
use crate::live::event::Event;
use crate::live::ledger::TurnId;
use crate::live::lookup::Answer;
use crate::model::{Authenticate, ClientMessage};

impl Protocol for Session {
    type Event = Event;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
        self.key = self.current.get();
        let greeting = ClientMessage::Authenticate(Authenticate::new(self.key.clone())).to_text()?;
        Ok(Dial {
            url: self.url.clone(),
            headers: HeaderMap::new(),
            greeting: Some(Secret::new(greeting)),
            secrets: vec![self.key.clone()],
        })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Event>) {
        self.on_message(&text, cx);
    }

    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Event>) {
        // The protocol has text frames only; a message in the other kind of frame is a message all the same.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            self.on_message(&Text::from(text), cx);
            return;
        }
        let message = format!("a binary frame of {} bytes that is no text", bytes.len());
        cx.emit(Event::DecodeError(Error::new(&codes::NOT_JSON, message)));
        self.doubt(cx.now());
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Event>) {
        match command {
            Command::JoinQueue { request, reply } => self.join_queue(request, reply, cx),
            Command::LeaveQueue { reply } => self.leave_queue(Some(reply), cx),
            Command::Answer { match_id, turn, decision } => self.answer(&match_id, turn, decision, cx),
            Command::CreateChallenge { request, reply } => self.create_challenge(request, reply, cx),
            Command::AcceptChallenge { id, reply } => self.accept_challenge(id, reply, cx),
            Command::CancelChallenge { id, reply } => self.cancel_challenge(id, Some(reply), cx),
            Command::Spectate { match_id, feed, reader, reply } => {
                self.spectate(match_id, feed, &reader, reply, cx);
            }
            Command::StopSpectating { match_id, reply } => {
                self.stop_spectating(match_id.as_ref(), reply, cx);
            }
            Command::Resign { match_id, reply } => self.resign(match_id, reply, cx),
            Command::Taunt { match_id, taunt, reply } => {
                let _ = reply.send(self.send_taunt(&match_id, taunt, cx));
            }
            Command::Send { message, reply } => {
                let _ = reply.send(self.send(&message, cx));
            }
            Command::SendRaw { text, reply } => {
                let _ = reply.send(match self.phase {
                    // What is not one of the protocol's own messages is nothing that the guard knows.
                    Phase::Ready => ClientMessage::decode(text.as_str())
                        .map_or(Ok(()), |message| self.may_send(&message))
                        .and_then(|()| self.send_text(text, cx)),
                    _ => Err(Error::new(&codes::NOT_CONNECTED, "there is no authenticated connection")),
                });
            }
            Command::Answered(Answer::Match(match_id, facts)) => self.on_match_facts(&match_id, facts, cx),
            Command::Answered(Answer::Challenges { connection, open }) => self.on_lobby(connection, open, cx),
            Command::KeyReplaced => {
                if self.phase != Phase::Down && self.key.expose() != self.current.get().expose() {
                    let message = "the key was replaced; the next connection uses the new one";
                    cx.drop_connection(Error::new(&codes::CONNECTION_LOST, message));
                }
            }
            Command::Drain => {
                self.ends_when_idle = true;
                self.on_drain(cx);
                self.end_if_idle(cx);
            }
            Command::Close => cx.end(None),
            Command::Reconnect => {
                cx.drop_connection(Error::new(&codes::CONNECTION_LOST, "the bot asked for a new connection"));
            }
        }
    }

    fn on_write(&mut self, token: Token, cx: &mut Context<'_, Event>) -> bool {
        match self.ledger.writing(TurnId(token.0), cx.now()) {
            Ok(()) => {
                self.witness_written(TurnId(token.0));
                true
            }
            Err(Some((match_id, round, late_by))) => {
                cx.emit(Event::MoveNotSent { match_id, round, late_by: Some(late_by) });
                false
            }
            Err(None) => false,
        }
    }

    fn ping(&mut self) -> Option<Text> {
        // Before `authenticate` has been answered, nothing else may be said.
        (self.phase == Phase::Ready).then(|| Text::from(r#"{"type":"ping"}"#))
    }

    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        if cause.is_auth() && self.current.is_settling(&self.key) {
            return Verdict::RETRY; // the next dial has the new key
        }
        match Verdict::of(cause, was_ready) {
            // A server that says goodbye in good order while a match is open or a place is held is coming back.
            Verdict::End
                if !self.matches.is_empty() || (!self.draining && (self.stays || self.wants_something())) =>
            {
                Verdict::RETRY
            }
            verdict => verdict,
        }
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Event>) {
        match lifecycle {
            Lifecycle::Connecting { attempt } => cx.emit(Event::Connecting { attempt }),
            Lifecycle::Slow { waited, gives_up_in } => {
                let host = sdk_core::secret::shown_url(&self.url);
                tracing::warn!(
                    %host,
                    "no answer yet after {:.1} s; this try is given up in {:.1} s",
                    waited.as_secs_f64(),
                    gives_up_in.as_secs_f64()
                );
                cx.emit(Event::StillConnecting { waited, gives_up_in });
            }
            Lifecycle::Opened => self.phase = Phase::Greeting,
            Lifecycle::Lost { cause } => {
                self.connection_lost(cause, cx);
                cx.emit(Event::Disconnected { cause: cause.clone() });
                self.end_if_idle(cx);
            }
            Lifecycle::Waiting { attempt, delay, cause } => {
                let host = sdk_core::secret::shown_url(&self.url);
                let what = if self.connections == 0 { "cannot connect" } else { "disconnected" };
                tracing::warn!(
                    %host,
                    "{what}: {}; try {attempt} in {:.1} s",
                    cause.chain(),
                    delay.as_secs_f64()
                );
                cx.emit(Event::Reconnecting { attempt, delay, cause: cause.clone() });
            }
            Lifecycle::Blocked { took } => {
                tracing::warn!(
                    took_ms = took.as_millis() as u64,
                    "the bot's code blocked the connection's thread; declare it blocking"
                );
                cx.emit(Event::HandlerBlocked { took });
            }
            Lifecycle::Ended { reason } => {
                self.phase = Phase::Down;
                let closed = || {
                    reason
                        .cloned()
                        .unwrap_or_else(|| Error::new(&codes::CLIENT_CLOSED, "the client was closed"))
                };
                let closed = closed();
                self.queue_ended(&closed);
                self.forget_challenges(&closed);
                self.resigns_ended(&closed);
                self.watching_ended(reason);
                for known in self.matches.values() {
                    known.over.cancel();
                    self.book(known, None);
                }
                cx.emit(Event::Closed { reason: reason.cloned() });
            }
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [
            self.resume_at,
            self.lost_at,
            self.gone_at,
            self.leaving_until,
            self.queue_due(),
            self.challenges.next_deadline(),
            self.resign_due(),
            self.watching_due(),
            self.ledger.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        for (match_id, round) in self.ledger.expire(now) {
            tracing::warn!(match_id = %printable(match_id.as_str()), round, "the turn's time is over and the bot has not answered");
            cx.emit(Event::MoveNotSent { match_id, round, late_by: None });
        }
        if self.queue_due().is_some_and(|at| at <= now) {
            self.on_queue_unanswered(now);
        }
        self.on_challenges_due(now, cx);
        self.on_resign_due(now);
        self.on_watching_due(now, cx);
        if self.resume_at.is_some_and(|at| at <= now) {
            self.resume_at = None;
            self.resume(now, cx);
        }
        if self.leaving_until.is_some_and(|at| at <= now) {
            self.left_queue();
        }
        if self.gone_at.is_some_and(|at| at <= now) {
            self.gone_at = None;
            self.give_up_all_matches(cx);
        }
        if self.lost_at.is_some_and(|at| at <= now) {
            self.lost_at = None;
            self.give_up_silent_matches(cx);
        }
        self.end_if_idle(cx);
    }

    fn on_drain(&mut self, cx: &mut Context<'_, Event>) {
        self.draining = true;
        self.leave_queue(None, cx);
        self.drain_challenges(cx);
        self.stop_spectating(None, None, cx);
        self.wait_for_matches_at_most(cx);
    }

    fn is_idle(&self) -> bool {
        self.matches.is_empty()
            && self.leaving_until.is_none()
            && (!self.draining || self.challenges.is_idle())
    }
}
