//! The compliance room: a check between the bot and the queue (spec, "Opaque Compliance Room").

use std::time::Duration;

use sdk_core::clock::Instant;

use super::super::action::{Action, Notice};
use super::super::event::RequestNo;
use super::super::probe::{Entry, Probe};
use super::{FIRST_RETRY, Machine};
use crate::model::{ClientMessage, Meta, Reason, Room};

/// The longest wait for the platform's answer to an echo, which the spec does not document.
const ECHO_GRACE: Duration = Duration::from_secs(2);
/// The longest wait before the check is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Waits double this often at most.
const MAX_DOUBLINGS: u32 = 10;
/// So often a challenge that does not come is asked for again. Not every server sends a second one on one connection.
const CHALLENGE_TRIES: u32 = 2;
/// After so many failures a challenge is no longer answered at once.
const PROMPT_ECHOES: u32 = 3;

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
            let is_news = probe.challenged(token, meta.timestamp);
            // Who refuses every echo and asks for another at once is not to be flooded with them.
            if is_news && self.probe_failures >= PROMPT_ECHOES {
                let doublings = (self.probe_failures - PROMPT_ECHOES).min(MAX_DOUBLINGS);
                probe.again_at(now + FIRST_RETRY.saturating_mul(1 << doublings).min(LONGEST_WAIT));
            }
        }
    }

    pub(super) fn expire_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.overdue(now) {
            self.probe_accepted();
        } else if probe.challenge_due.is_some_and(|due| due <= now) {
            // Perhaps the challenge was lost, or another room is meant by now: ask for both again.
            let room = probe.room.clone();
            self.probe_failed(None, out);
            let challenge_due = now + self.challenge_wait();
            let entry = Entry::Asked { due: now + self.settings.call_timeout };
            let Some(probe) = &mut self.probe else { return };
            let insists = probe.ask_anew(entry, challenge_due);
            if self.game.is_none() && probe.waited_in_vain(CHALLENGE_TRIES) {
                out.push(Action::Reconnect);
                return;
            }
            out.push(Action::Join { room, anew: true });
            if self.game.is_none() && !insists {
                self.ask(now, out);
            }
        }
    }

    /// The platform did not take the echo.
    pub(super) fn probe_refused(&mut self, reason: Reason, now: Instant, out: &mut Vec<Action>) {
        self.probe_failed(Some(reason), out);
        let challenge_due = now + self.challenge_wait();
        if let Some(probe) = &mut self.probe {
            probe.refused(challenge_due);
        }
    }

    fn probe_failed(&mut self, reason: Option<Reason>, out: &mut Vec<Action>) {
        let Some(probe) = &self.probe else { return };
        self.probe_failures = self.probe_failures.saturating_add(1);
        let (room, tries) = (probe.room.clone(), self.probe_failures);
        out.push(Action::Tell(Notice::ProbeFailed { room, reason, tries }));
    }

    /// How long a challenge is waited for: the longer, the more often it was in vain.
    fn challenge_wait(&self) -> Duration {
        let doublings = self.probe_failures.saturating_sub(2).min(MAX_DOUBLINGS);
        let first = self.settings.challenge_timeout;
        first.saturating_mul(1 << doublings).min(LONGEST_WAIT.max(first))
    }

    /// Whether the bot gives up. A match that is under way is played to its end first.
    pub(super) fn gives_up(&mut self, out: &mut Vec<Action>) -> bool {
        let tries = self.probe_failures;
        let is_over = self.settings.compliance_tries.is_some_and(|most| tries >= most);
        if !is_over || self.game.is_some() || self.draining || self.probe.is_none() {
            return false;
        }
        self.draining = true;
        self.probe = None;
        self.drop_ticket();
        out.push(Action::GiveUp { tries });
        true
    }

    pub(super) fn settle_probe(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(probe) = &mut self.probe else { return };
        if probe.entry.wants_join(now) {
            probe.entry = Entry::Asked { due: now + self.settings.call_timeout };
            out.push(Action::Join { room: probe.room.clone(), anew: false });
        }
        let Some(token) = probe.owed(now).map(str::to_owned) else { return };
        self.last_request += 1;
        let request = RequestNo(self.last_request);
        let room = probe.room.clone();
        probe.echoed(request, now + self.settings.call_timeout.min(ECHO_GRACE));
        out.push(Action::Send { request, room: room.clone(), message: ClientMessage::Chat { body: token } });
        out.push(Action::Tell(Notice::ProbeEchoed { room }));
    }
}

/// Whether a room that the platform names can be a match's or a compliance check's.
pub(super) fn is_enterable(room: &Room) -> bool {
    !room.is_lobby() && room.check().is_ok()
}
