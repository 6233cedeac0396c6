//! Watching a match. The protocol watches one at a time, and does not confirm it.

use std::sync::{Arc, Weak};

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::{Context, Inbox};
use sdk_core::wire::{RawJson, Text};

use super::{Phase, Reply, Session, answer};
use crate::live::event::Event;
use crate::live::spectator::SpectatorEvent;
use crate::model::{self, ClientMessage, MatchId, SpectateMatch};

/// The watched match.
pub(super) struct Watched {
    match_id: MatchId,
    feed: Inbox<SpectatorEvent>,
    /// Gone when nobody reads any more.
    reader: Weak<()>,
    /// Whether it was asked for on this connection, and nothing has come of it yet.
    unanswered: bool,
    /// Whether it was watched on an earlier connection.
    again: bool,
    /// Until when the platform must have spoken of it.
    due: Option<Instant>,
    /// Whether it has, since `due` was set.
    heard: bool,
}

impl Watched {
    fn end(self, reason: Option<Error>) {
        self.feed.push(SpectatorEvent::Ended { reason });
        self.feed.close();
    }
}

impl Session {
    /// The bot wants to watch a match. Whether the platform lets it, shows in the stream.
    pub(super) fn spectate(
        &mut self,
        match_id: MatchId,
        feed: Inbox<SpectatorEvent>,
        reader: &Arc<()>,
        reply: Reply<()>,
        cx: &mut Context<'_, Event>,
    ) {
        self.forget_unread(cx);
        let refused = if self.draining {
            Some(Error::new(&codes::CLIENT_CLOSED, "the bot is stopping"))
        } else {
            self.watched.as_ref().map(|watched| {
                let message = format!(
                    "one match is watched at a time, and {} is: drop its stream first",
                    sdk_core::wire::printable(watched.match_id.as_str())
                );
                Error::invalid_argument("match_id", message)
            })
        };
        if let Some(error) = refused {
            let _ = reply.send(Err(error));
            return;
        }
        self.unwatched = None;
        self.watched = Some(Watched {
            match_id,
            feed,
            reader: Arc::downgrade(reader),
            unanswered: false,
            again: false,
            due: None,
            heard: false,
        });
        let sent = if self.phase == Phase::Ready { self.spectate_now(cx) } else { Ok(()) };
        if sent.is_err() {
            self.watched = None;
        }
        let _ = reply.send(sent);
    }

    fn spectate_now(&mut self, cx: &mut Context<'_, Event>) -> Result<()> {
        let due = cx.now() + self.timings.lost_after;
        let Some(watched) = &mut self.watched else { return Ok(()) };
        let message = ClientMessage::SpectateMatch(SpectateMatch::new(watched.match_id.clone()));
        cx.send(message.to_text()?)?;
        watched.unanswered = true;
        watched.heard = false;
        watched.due = Some(due);
        Ok(())
    }

    /// A new connection stands: the platform has forgotten what was watched.
    pub(super) fn spectate_again(&mut self, cx: &mut Context<'_, Event>) {
        self.forget_unread(cx);
        if let Err(error) = self.spectate_now(cx) {
            self.end_watching(Some(error));
        }
    }

    /// `stop_spectating` (spec, "Spectating"): it has no id. With one, only the stream of that match is meant.
    pub(super) fn stop_spectating(
        &mut self,
        match_id: Option<&MatchId>,
        reply: Option<Reply<()>>,
        cx: &mut Context<'_, Event>,
    ) {
        let is_meant = self
            .watched
            .as_ref()
            .is_some_and(|watched| match_id.is_none_or(|match_id| *match_id == watched.match_id));
        let mut sent = Ok(());
        if is_meant {
            if self.phase == Phase::Ready {
                sent = ClientMessage::StopSpectating.to_text().and_then(|text| cx.send(text));
            }
            self.end_watching(None);
        }
        answer(reply, sent);
    }

    fn end_watching(&mut self, reason: Option<Error>) {
        if let Some(watched) = self.watched.take() {
            self.unwatched = Some(watched.match_id.clone());
            watched.end(reason);
        }
    }

    /// A reader that went away without a word: there was no room for the command.
    fn forget_unread(&mut self, cx: &mut Context<'_, Event>) {
        if self.watched.as_ref().is_some_and(|watched| watched.reader.strong_count() == 0) {
            self.stop_spectating(None, None, cx);
        }
    }

    pub(super) fn on_spectate_update(
        &mut self,
        text: &Text,
        update: &model::SpectateUpdate<'_>,
        cx: &mut Context<'_, Event>,
    ) {
        self.forget_unread(cx);
        let is_watched = |watched: &&mut Watched| *watched.match_id.as_str() == *update.match_id;
        if let Some(watched) = self.watched.as_mut().filter(is_watched) {
            watched.unanswered = false;
            watched.heard = true;
            if std::mem::take(&mut watched.again) {
                watched.feed.push(SpectatorEvent::Resumed);
            }
            let event = SpectatorEvent::read(text, &watched.match_id, update.event.get());
            let is_over = matches!(event, SpectatorEvent::GameOver(_));
            watched.feed.push(event);
            if is_over {
                self.end_watching(None);
            }
        } else if self.unwatched.as_ref().is_none_or(|unwatched| *unwatched.as_str() != *update.match_id) {
            // Asked for by a message of the bot's own making.
            cx.emit(Event::SpectateUpdate {
                match_id: MatchId::from(&*update.match_id),
                event: RawJson::part_of(text, update.event.get()),
            });
        }
    }

    /// Whether the platform may still refuse to show the match.
    pub(super) fn awaits_watching(&self) -> bool {
        self.watched.as_ref().is_some_and(|watched| watched.unanswered)
    }

    pub(super) fn watching_refused(&mut self, refusal: &Error) {
        self.end_watching(Some(refusal.clone()));
    }

    pub(super) fn watching_lost(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.again = true;
            watched.unanswered = false;
            watched.due = None;
        }
    }

    pub(super) fn watching_ended(&mut self, reason: Option<&Error>) {
        self.end_watching(reason.cloned());
    }

    pub(super) fn watching_due(&self) -> Option<Instant> {
        self.watched.as_ref()?.due
    }

    /// The platform does not say that it watches, nor that a match that is watched is gone: silence ends it.
    pub(super) fn on_watching_due(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        let span = self.timings.lost_after;
        let Some(watched) = self.watched.as_mut().filter(|watched| watched.due.is_some_and(|at| at <= now))
        else {
            return;
        };
        if std::mem::take(&mut watched.heard) {
            watched.due = Some(now + span);
            return;
        }
        let message = format!("the platform said nothing of the match for {:.0} s", span.as_secs_f64());
        let error = Error::new(&codes::CALL_TIMEOUT, message).with_sent(Sent::Maybe);
        // It may go on without a word: what comes late is nobody's any more.
        if self.phase == Phase::Ready
            && let Ok(text) = ClientMessage::StopSpectating.to_text()
        {
            let _ = cx.send(text);
        }
        self.end_watching(Some(error));
    }
}
