//! Connections: who is here, in which rooms, and how frames get to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::sandbox::{Dialect, magic};
use sdk_core::secret::Secret;

use super::{Arena, Due, Outgoing, Reason, Session, SessionId, Topic, close};
use crate::sandbox::accounts::{AccountId, Role};
use crate::sandbox::frames::{self, LOBBY};
use crate::sandbox::records::SandboxIdentity;
use crate::sandbox::request::Request;
use crate::sandbox::settings::{Connections, Rejoin};

/// How long a push waits at most for one that may pass it.
const HELD_FOR: Duration = Duration::from_millis(50);
/// In how many rooms a connection can be.
const MAX_ROOMS: usize = 64;

impl Arena {
    /// A new agent; `None` when the name is taken or the sandbox is full.
    pub(crate) fn register_agent(&mut self, name: &str, owner: Option<&str>) -> Option<SandboxIdentity> {
        let owner = match owner {
            Some(handle) => Some(self.accounts.by_handle(handle)?),
            None => None,
        };
        self.accounts.register_agent(name, owner)
    }

    pub(crate) fn register_person(&mut self, handle: &str, is_admin: bool) -> Option<SandboxIdentity> {
        let role = if is_admin { Role::Admin } else { Role::User };
        self.accounts.register_person(handle, role)
    }

    /// `POST /api/agents/token`; `None` without a good session cookie, or when the sandbox is full.
    pub(crate) fn mint(&mut self, cookie_header: &str) -> Option<SandboxIdentity> {
        self.accounts.mint(cookie_header)
    }

    /// From now on the token is refused. Says whether it was good.
    pub(crate) fn revoke(&mut self, token: &Secret) -> bool {
        let Some(account) = self.accounts.revoke(token.expose()) else { return false };
        if self.settings.close_on_revoke {
            for session in self.sessions_of(account) {
                self.close(session, close::REVOKED, "the token was revoked");
            }
        }
        true
    }

    /// Closes whatever connections an account has; it may come back. Says whether it had one.
    pub(crate) fn drop_sessions(&mut self, handle: &str) -> bool {
        let account = self.accounts.by_handle(handle);
        let sessions = account.map(|account| self.sessions_of(account)).unwrap_or_default();
        for session in &sessions {
            self.close(*session, close::DROPPED, "the sandbox let the connection go");
        }
        !sessions.is_empty()
    }

    /// Whose a token is. One with a magic word in it is good though nobody registered it, unless the word says otherwise.
    pub(crate) fn admit(&mut self, token: &str, dialect: &Dialect) -> Option<AccountId> {
        if magic::is_revoked(token) {
            return None;
        }
        self.accounts.by_token(token).or_else(|| {
            let is_magic = !magic::orders_in(token, dialect).is_empty();
            if is_magic { self.accounts.register_magic(token) } else { None }
        })
    }

    /// An account's handle.
    pub(crate) fn handle_of(&self, account: AccountId) -> Option<String> {
        self.accounts.get(account).map(|account| account.handle.clone())
    }

    /// A connection was made.
    pub(crate) fn connect(&mut self, account: AccountId, now: Instant) -> SessionId {
        self.on_time(now);
        if self.settings.connections == Connections::NewestReplaces {
            for older in self.sessions_of(account) {
                self.close(older, close::REPLACED, "another connection took over");
            }
        }
        self.sessions_made += 1;
        let id = SessionId(self.sessions_made);
        if let Some(known) = self.accounts.get_mut(account) {
            if known.sessions.is_empty() && self.settings.compliance_per_connection {
                known.is_compliant = false;
                known.probe = None;
            }
            known.sessions.push(id);
        }
        self.sessions.insert(id, Session { account, rooms: BTreeSet::new(), held: None, idle: None });
        self.heard_from(id, now);
        id
    }

    /// A connection is gone. Without one in the lobby an account leaves the queue; it keeps its match.
    pub(crate) fn disconnect(&mut self, session: SessionId, now: Instant) {
        self.on_time(now);
        self.forget(session);
    }

    pub(super) fn close(&mut self, session: SessionId, code: u16, reason: &'static str) {
        if self.sessions.contains_key(&session) {
            self.release(session);
            self.outbox.push((session, Outgoing::Close { code, reason }));
            self.forget(session);
        }
    }

    fn forget(&mut self, session: SessionId) {
        let Some(gone) = self.sessions.remove(&session) else { return };
        self.timers.cancel(gone.idle);
        if let Some(account) = self.accounts.get_mut(gone.account) {
            account.sessions.retain(|known| *known != session);
        }
        if self.sessions_in(gone.account, LOBBY).is_empty() {
            self.leave_queue(gone.account);
        }
    }

    fn sessions_of(&self, account: AccountId) -> Vec<SessionId> {
        self.accounts.get(account).map(|account| account.sessions.clone()).unwrap_or_default()
    }

    /// Any frame shows that somebody is there.
    pub(super) fn heard_from(&mut self, session: SessionId, now: Instant) {
        let Some(timeout) = self.settings.idle_timeout else { return };
        let Some(known) = self.sessions.get_mut(&session) else { return };
        self.timers.cancel(known.idle.take());
        // The heartbeat is transport: it does not scale.
        let after = self.clock.scaled_span(timeout);
        known.idle = Some(self.timers.set(now + after, Due::Idle(session)));
    }

    // ---- rooms

    pub(super) fn join(
        &mut self,
        session: SessionId,
        request: &Request,
        topic: Topic<'_>,
        now: Instant,
    ) -> Result<(), Reason> {
        let Some(account) = self.account_of(session) else { return Ok(()) };
        let is_again = self.is_in(session, &request.room);
        if is_again && self.settings.rejoin != Rejoin::Joined {
            return Err(self.tracked(account, &request.room));
        }
        if !is_again && self.sessions.get(&session).is_some_and(|known| known.rooms.len() >= MAX_ROOMS) {
            return Err(":forbidden".into());
        }
        match topic {
            Topic::Lobby => self.join_lobby(session, account, request, now),
            Topic::Match(id) => self.join_match(session, account, request, id, is_again, now),
            Topic::Session => self.join_probe(session, account, request, is_again, now),
            Topic::Direct(handle) => self.join_direct(session, account, request, handle),
        }
    }

    /// Lets a connection into a room, and says so.
    pub(super) fn enter(&mut self, session: SessionId, request: &Request) {
        if let Some(known) = self.sessions.get_mut(&session) {
            known.rooms.insert(Arc::from(request.room.as_str()));
        }
        self.answer(session, frames::joined(&request.id, &request.room));
    }

    /// A room is no more.
    pub(super) fn clear_room(&mut self, account: AccountId, room: &str) {
        for session in self.sessions_of(account) {
            if let Some(known) = self.sessions.get_mut(&session) {
                known.rooms.remove(room);
            }
        }
    }

    /// The reason of a join that came too often.
    pub(super) fn tracked(&self, account: AccountId, room: &str) -> Reason {
        let user_id = self.accounts.get(account).map_or(0, |account| account.user_id);
        match self.settings.rejoin {
            Rejoin::TrackedPair => "{:already_tracked, #PID<0.421.0>}".into(),
            Rejoin::TrackedWithRoom => {
                format!("{{:already_tracked, #PID<0.421.0>, \"{room}\", \"{user_id}\"}}").into()
            }
            Rejoin::TrackedAtom | Rejoin::Joined => ":already_tracked".into(),
        }
    }

    // ---- frames

    pub(super) fn send(&mut self, session: SessionId, text: String) {
        if self.sessions.contains_key(&session) {
            self.outbox.push((session, Outgoing::Text(text)));
        }
    }

    /// The answer to a request, unless it is one of those that get lost.
    pub(super) fn answer(&mut self, session: SessionId, text: String) {
        if !self.happens(self.settings.lose_one_in) {
            self.send(session, text);
        }
    }

    /// A push, once or twice, in its turn or after the next.
    pub(super) fn send_push(&mut self, session: SessionId, text: String, now: Instant) {
        let is_twice = self.happens(self.settings.duplicate_one_in);
        let is_late = self.happens(self.settings.reorder_one_in);
        let Some(known) = self.sessions.get_mut(&session) else { return };
        if is_late && known.held.is_none() {
            known.held = Some(text);
            self.later(now, HELD_FOR, Due::Release(session));
            return;
        }
        if is_twice {
            self.send(session, text.clone());
        }
        self.send(session, text);
        self.release(session);
    }

    pub(super) fn release(&mut self, session: SessionId) {
        if let Some(held) = self.sessions.get_mut(&session).and_then(|known| known.held.take()) {
            self.send(session, held);
        }
    }

    fn happens(&mut self, one_in: u32) -> bool {
        one_in > 0 && self.mischief.u32(0..one_in) == 0
    }
}
