//! Connections: who is who, who took over from whom, and what an agent that is back is told.

use std::sync::Arc;

use sdk_core::clock::Instant;
use sdk_core::sandbox::{Dialect, magic};
use sdk_core::secret::Secret;

use super::{Arena, Outgoing, SessionId, close};
use crate::sandbox::json::Object;
use crate::sandbox::registry::{AgentKey, NO_WALLET};
use crate::sandbox::seeds;
use crate::sandbox::settings::Resume;

impl Arena {
    pub(super) fn authenticate(&mut self, session: SessionId, api_key: &str, now: Instant) {
        let Some(agent) = self.agent_of_key(api_key, now) else {
            self.send(session, &Object::error("auth_failed", "invalid or expired API key"));
            if self.settings.close_on_auth_failure {
                self.close(session, close::AUTH_FAILED, "authentication failed");
            }
            return;
        };
        let Some(known) = self.registry.get_mut(agent) else { return };
        let replaced = known.session.replace(session);
        let authenticated =
            Object::message("authenticated").with("agent_id", &known.id).with("agent_name", &known.name);
        let missed = known.take_missed();
        let open: Vec<Arc<str>> = known.open_matches.iter().map(|(_, id)| Arc::clone(id)).collect();
        if let Some(old) = replaced {
            self.send(old, &Object::message("session_replaced"));
            self.close(old, close::SESSION_REPLACED, "session replaced");
            // Closing the old session has also taken the agent's name off it.
            if let Some(known) = self.registry.get_mut(agent) {
                known.session = Some(session);
            }
        }
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.agent = Some(agent);
            self.timers.cancel(entry.auth_timer.take());
        }
        self.send(session, &authenticated);
        for frame in missed {
            self.send(session, &frame);
        }
        for id in open {
            self.resume(session, agent, &id, now);
        }
    }

    /// Whose key it is. Magic words hold here: `faultRevoked` in a name or key makes the key bad, and a key that orders
    /// a fault is good, whoever made it up.
    fn agent_of_key(&mut self, api_key: &str, now: Instant) -> Option<AgentKey> {
        if magic::is_revoked(api_key) {
            return None;
        }
        if let Some(agent) = self.registry.by_api_key(api_key) {
            return self.registry.get(agent).filter(|known| !magic::is_revoked(&known.name)).map(|_| agent);
        }
        if magic::orders_in(api_key, &Dialect::default()).is_empty() {
            return None;
        }
        let (id, at) = (seeds::uuid(&mut self.rng.agents), self.wall_clock(now));
        self.registry.register_as(id, Secret::new(api_key), "Magic agent", NO_WALLET, at)?;
        self.registry.by_api_key(api_key)
    }

    /// Tells an agent that is back what it needs to go on with an open match.
    pub(super) fn resume(&mut self, session: SessionId, agent: AgentKey, id: &Arc<str>, now: Instant) {
        let Some(open) = self.matches.get(id) else { return };
        let Some(side) = open.side_of(agent) else { return };
        let (found, started, question) = (open.match_found(side), open.game_start(side), open.question(side));
        if self.settings.resume == Resume::Whole {
            self.send(session, &found);
        }
        if self.settings.resume != Resume::TurnOnly {
            self.send(session, &started);
        }
        if let Some((deadline, frame)) = question {
            let frame = frame.with("timeout_ms", self.wire_ms(deadline.saturating_duration_since(now)));
            self.send(session, &frame);
        }
    }

    /// Who is connected under an id or a name.
    pub(crate) fn connected(&self, agent: &str) -> Option<AgentKey> {
        self.sessions
            .values()
            .filter_map(|session| session.agent)
            .find(|key| self.registry.get(*key).is_some_and(|known| known.id == agent || known.name == agent))
    }

    /// Closes the connection of an agent whose key was rotated, if it has one. Its matches go on.
    pub(crate) fn close_sessions_of(&mut self, agent: AgentKey, now: Instant) {
        self.on_time(now);
        if let Some(session) = self.registry.get(agent).and_then(|known| known.session) {
            self.close(session, close::KEY_ROTATED, "the API key was rotated");
        }
    }

    pub(super) fn close(&mut self, session: SessionId, code: u16, reason: &'static str) {
        if self.sessions.contains_key(&session) {
            self.outbox.push((session, Outgoing::Close { code, reason }));
            self.forget_session(session);
        }
    }

    pub(super) fn forget_session(&mut self, session: SessionId) {
        self.stop_spectating(session);
        let Some(gone) = self.sessions.remove(&session) else { return };
        self.timers.cancel(gone.auth_timer);
        if let Some(agent) = gone.agent {
            self.leave_queue(agent);
            if !self.settings.keep_challenges {
                self.withdraw_challenges_of(agent);
            }
            if let Some(known) = self.registry.get_mut(agent) {
                known.session = None;
            }
        }
    }
}
