//! The compliance room: a check between the bot and the queue (spec, "Opaque Compliance Room").

use std::time::Duration;

use sdk_core::clock::Instant;

use super::super::action::{Action, Notice};
use super::super::event::RequestNo;
use super::super::probe::{Entry, Probe};
use super::Machine;
use crate::model::{ClientMessage, Meta, Room};

/// The longest wait for the platform's answer to an echo, which the spec does not document.
const ECHO_GRACE: Duration = Duration::from_secs(2);

impl Machine {
    pub(super) fn on_probe_required(&mut self, room: Option<&Room>, now: Instant) {
        self.queued = false;
        let challenge_due = now + self.settings.challenge_timeout;
        match (room, &mut self.probe) {
            (Some(room), Some(probe)) if probe.room == *room => probe.required_again(challenge_due),
            (None, Some(probe)) => probe.required_again(challenge_due),
            (Some(room), _) if is_enterable(room) => {
                self.probe = Some(Probe::new(room.clone(), challenge_due))
            }
            _ => self.wait_to_ask(now),
        }
    }

    pub(super) fn probe_accepted(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.accepted();
        }
        // What was answered before the check is of no use any more.
        self.drop_ticket();
    }

    pub(super) fn on_challenge(&mut self, room: Room, token: String, meta: Meta, now: Instant) {
        if token.is_empty() || !is_enterable(&room) {
            return;
        }
        let challenge_due = now + self.settings.challenge_timeout;
        if self.probe.as_ref().is_none_or(|probe| probe.room != room) {
            self.probe = Some(Probe::new(room, challenge_due));
        }
        if let Some(probe) = &mut self.probe {
            // Whoever is spoken to in a room is in it.
            probe.entry = Entry::In;
            probe.challenged(token, meta.timestamp);
        }
    }

    pub(super) fn expire_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.overdue(now) {
            self.probe_accepted();
        } else if probe.challenge_due.is_some_and(|due| due <= now) {
            // Perhaps the challenge was lost, or another room is meant by now: ask for both again.
            probe.challenge_due = Some(now + self.settings.challenge_timeout);
            probe.entry = Entry::Asked { due: now + self.settings.answer_timeout };
            out.push(Action::Join { room: probe.room.clone(), anew: true });
            if self.game.is_none() {
                self.ask(now, out);
            }
        }
    }

    pub(super) fn settle_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.entry.wants_join(now) {
            probe.entry = Entry::Asked { due: now + self.settings.answer_timeout };
            out.push(Action::Join { room: probe.room.clone(), anew: false });
        }
        let Some(token) = probe.owed(now).map(str::to_owned) else { return };
        self.last_request += 1;
        let request = RequestNo(self.last_request);
        let room = probe.room.clone();
        probe.echoed(request, now + self.settings.answer_timeout.min(ECHO_GRACE));
        out.push(Action::Send { request, room: room.clone(), message: ClientMessage::Chat { body: token } });
        out.push(Action::Tell(Notice::ProbeEchoed { room }));
    }
}

/// Whether a room that the platform names can be a match's or a compliance check's.
pub(super) fn is_enterable(room: &Room) -> bool {
    !room.is_lobby() && room.check().is_ok()
}
