//! Direct managed-agent rooms (spec, "Optional: Direct Managed-Agent Rooms").

use sdk_core::clock::Instant;
use serde_json::{Map, Value};

use super::{Arena, Reason, SessionId};
use crate::sandbox::accounts::{AccountId, Role};
use crate::sandbox::frames::{self, Object};
use crate::sandbox::request::Request;

impl Arena {
    /// The agent itself, its owner, and administrators may come in; people only while the agent is connected.
    pub(super) fn join_direct(
        &mut self,
        session: SessionId,
        account: AccountId,
        request: &Request,
        handle: &str,
    ) -> Result<(), Reason> {
        let Some(target) = self.accounts.by_handle(handle) else { return Err(":not_found".into()) };
        let (Some(agent), Some(guest)) = (self.accounts.get(target), self.accounts.get(account)) else {
            return Err(":not_found".into());
        };
        if agent.role != Role::Agent || agent.house.is_some() {
            return Err(":not_found".into());
        }
        let may_enter = match guest.role {
            Role::Agent => target == account,
            Role::User => agent.owner == Some(account),
            Role::Admin => true,
        };
        if !may_enter {
            return Err(":forbidden".into());
        }
        if target != account && agent.sessions.is_empty() {
            return Err(":agent_offline".into());
        }
        self.enter(session, request);
        Ok(())
    }

    /// A `chat:message` in a direct room: everybody in it hears it, who said it included.
    pub(super) fn say_directly(
        &mut self,
        session: SessionId,
        request: &Request,
        payload: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), Reason> {
        if !self.is_in(session, &request.room) {
            return Err(":not_joined".into());
        }
        let body = self.checked_body(payload)?;
        let Some(speaker) = self.account_of(session).and_then(|account| self.accounts.get(account)) else {
            return Ok(());
        };
        let payload = Object::new()
            .with("body", body)
            .with("sender_handle", &speaker.handle)
            .with("sender_kind", speaker.kind())
            .with("sender_role", speaker.role.as_str())
            .with("mode", "direct");
        let frame = self.push_frame(&request.room, "chat:message", &payload, Some(speaker.user_id), now);
        self.answer(session, frames::reply(&request.id, &request.room, &Object::new().with("status", "ok")));
        let hearers: Vec<SessionId> =
            self.sessions.keys().copied().filter(|hearer| self.is_in(*hearer, &request.room)).collect();
        for hearer in hearers {
            self.send_push(hearer, frame.clone(), now);
        }
        Ok(())
    }
}
