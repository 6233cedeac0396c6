//! The opaque compliance room (spec, "Opaque Compliance Room").

use std::collections::VecDeque;

use sdk_core::clock::Instant;
use serde_json::{Map, Value};

use super::{Arena, Due, Reason, SessionId};
use crate::sandbox::accounts::{AccountId, Probe};
use crate::sandbox::frames::{self, Object};
use crate::sandbox::opaque::{hex, opaque};
use crate::sandbox::request::Request;
use crate::sandbox::settings::{AfterWrongEcho, Compliance};

/// How many tokens that are no longer good are still known as such.
const OLDER_TOKENS: usize = 64;

impl Arena {
    /// The room of the check that an account has to pass, if any.
    pub(super) fn due_check(&mut self, account: AccountId) -> Option<String> {
        if self.settings.compliance == Compliance::Off {
            return None;
        }
        let refuse = self.settings.refused_echoes;
        let seed = self.seed;
        let known = self.accounts.get_mut(account)?;
        if known.is_compliant {
            return None;
        }
        if let Some(probe) = &known.probe {
            return Some(probe.room.clone());
        }
        known.probes_made += 1;
        let mut rng = seed.stream(&format!("room {} of {}", known.probes_made, known.user_id));
        let room = format!("room:session:{}", opaque(&mut rng, 12));
        known.probe =
            Some(Probe { room: room.clone(), token: None, older: VecDeque::new(), refuse, issued: 0 });
        Some(room)
    }

    pub(super) fn join_probe(
        &mut self,
        session: SessionId,
        account: AccountId,
        request: &Request,
        is_again: bool,
        now: Instant,
    ) -> Result<(), Reason> {
        let known = self.accounts.get(account);
        let (is_own, is_compliant) = known.map_or((false, true), |known| {
            let is_own = known.probe.as_ref().is_some_and(|probe| probe.room == request.room);
            (is_own, known.is_compliant)
        });
        if !is_own {
            return Err(":forbidden".into());
        }
        self.enter(session, request);
        if is_compliant || (is_again && !self.settings.challenge_on_rejoin) {
            return Ok(());
        }
        if self.settings.compliance_small_talk {
            self.speak_in_probe(account, "hold on a moment", None, now);
        }
        for _ in 0..=self.settings.probe_rotations {
            self.challenge(account, true, now);
        }
        Ok(())
    }

    /// Asks for an echo, of a new token or of the last one again.
    fn challenge(&mut self, account: AccountId, is_new: bool, now: Instant) {
        let seed = self.seed;
        let Some(known) = self.accounts.get_mut(account) else { return };
        known.challenges = known.challenges.saturating_add(1);
        let (user_id, made) = (known.user_id, known.probes_made);
        let Some(probe) = &mut known.probe else { return };
        if is_new || probe.token.is_none() {
            probe.issued += 1;
            let subject = format!("token {} of room {made} of {user_id}", probe.issued);
            let token = hex(&mut seed.stream(&subject), 8);
            probe.older.extend(probe.token.replace(token));
            if probe.older.len() > OLDER_TOKENS {
                probe.older.pop_front();
            }
        }
        let (token, issued) = (probe.token.clone(), probe.issued);
        self.speak_in_probe(account, "compliance check: echo probe_token in chat:message body", token, now);
        if let Some(lifetime) = self.settings.probe_lifetime {
            self.later(now, lifetime, Due::ProbeExpires(account, issued));
        }
    }

    fn speak_in_probe(&mut self, account: AccountId, body: &str, token: Option<String>, now: Instant) {
        let Some(probe) = self.accounts.get(account).and_then(|known| known.probe.as_ref()) else { return };
        let room = probe.room.clone();
        let opaque_id = room.strip_prefix("room:session:").unwrap_or(&room);
        let handle: String = "rando_".chars().chain(opaque_id.chars().take(6)).collect();
        let mut payload = Object::new().with("body", body);
        if let Some(token) = token {
            payload = payload.with("probe_token", token);
        }
        let payload = payload
            .with("sender_handle", handle)
            .with("sender_kind", "human")
            .with("sender_role", "user")
            .with("mode", "direct");
        let frame = self.push_frame(&room, "chat:message", &payload, None, now);
        for session in self.sessions_in(account, &room) {
            self.send_push(session, frame.clone(), now);
        }
    }

    /// A `chat:message` in an opaque room.
    pub(super) fn echo_probe(
        &mut self,
        session: SessionId,
        request: &Request,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        if !self.is_in(session, &request.room) {
            return Err(":not_joined".into());
        }
        let Some(account) = self.account_of(session) else { return Ok(()) };
        let Some(known) = self.accounts.get_mut(account) else { return Ok(()) };
        let Some(probe) = known.probe.as_mut().filter(|probe| probe.room == request.room) else {
            return Err(":not_found".into());
        };
        let body = payload.get("body").and_then(Value::as_str);
        let is_right = body.is_some() && body == probe.token.as_deref();
        if is_right && probe.refuse == 0 {
            probe.token = None;
            known.is_compliant = true;
            known.matches_since_check = 0;
            known.right_echoes = known.right_echoes.saturating_add(1);
            if self.settings.acknowledge {
                let payload = Object::new().with("status", "ok");
                self.answer(session, frames::reply(&request.id, &request.room, &payload));
            }
            return Ok(());
        }
        if is_right {
            probe.refuse -= 1;
        }
        known.wrong_echoes = known.wrong_echoes.saturating_add(1);
        // Who echoes an older token has been sent a newer one. Another would make that one old, and so on for ever.
        let is_due =
            !known.is_compliant && !body.is_some_and(|body| probe.older.iter().any(|old| old == body));
        self.answer(session, frames::error(&request.id, &request.room, ":invalid_probe_token"));
        match self.settings.after_wrong_echo {
            AfterWrongEcho::NewToken if is_due => self.challenge(account, true, now),
            AfterWrongEcho::SameToken if is_due => self.challenge(account, false, now),
            _ => {}
        }
        Ok(())
    }

    /// The token was not echoed in time: the next one.
    pub(super) fn probe_expires(&mut self, account: AccountId, issued: u32, now: Instant) {
        let is_open = self.accounts.get(account).is_some_and(|known| {
            !known.is_compliant
                && known.probe.as_ref().is_some_and(|probe| {
                    probe.issued == issued && !self.sessions_in(account, &probe.room).is_empty()
                })
        });
        if is_open {
            self.challenge(account, true, now);
        }
    }

    /// A match of the account is over: maybe another check is due.
    pub(super) fn count_towards_check(&mut self, account: AccountId, now: Instant) {
        let every = self.settings.compliance_every;
        let Some(known) = self.accounts.get_mut(account) else { return };
        known.matches_since_check = known.matches_since_check.saturating_add(1);
        if every == 0 || known.matches_since_check < every || !known.is_compliant {
            return;
        }
        known.is_compliant = false;
        if let Some(old) = known.probe.take() {
            self.clear_room(account, &old.room);
        }
        if self.settings.compliance == Compliance::AtJoin
            && let Some(room) = self.due_check(account)
        {
            self.push(account, super::LOBBY, "room:sync", &Object::new().with("room", room), now);
        }
    }
}
