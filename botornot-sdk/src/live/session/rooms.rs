//! Rooms: joined once, shared while the join is under way, joined again after a reconnect.

use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::correlation::RequestId;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::Context;
use sdk_core::wire::RawJson;

use super::super::event::Event;
use super::super::refusal::{self, Tracked};
use super::{Purpose, Session, not_connected};
use crate::model::{ClientFrame, ErrorReply, LOBBY, Reason, Reply, Room};
use crate::state;

/// A join that is under way for less than this is shared, also by the state machine, which asks again after its own wait.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// When a join that the platform wants tried again is.
const RETRY_JOIN: Duration = Duration::from_millis(500);
/// So often.
const JOIN_TRIES: u32 = 4;
/// So many rooms can be joined, or asked for, at once.
const MAX_ROOMS: usize = 4_096;

/// Where the bot is with a room.
pub(super) enum Membership {
    Joining { since: Instant, tries: u32, retry_at: Option<Instant>, waiting: Vec<RequestId> },
    Joined,
}

/// What became of the wish to be in a room.
pub(super) enum Joining {
    AlreadyIn,
    UnderWay,
}

impl Session {
    pub(super) fn in_lobby(&self) -> bool {
        self.open && matches!(self.rooms.get(LOBBY), Some(Membership::Joined))
    }

    pub(super) fn is_joined(&self, room: &Room) -> bool {
        matches!(self.rooms.get(room), Some(Membership::Joined))
    }

    pub(super) fn join(
        &mut self,
        room: Room,
        waiter: Option<RequestId>,
        anew: bool,
        cx: &mut Context<'_, Event>,
    ) -> Result<Joining> {
        if !self.open {
            return Err(not_connected());
        }
        let now = cx.now();
        let shared_for = if waiter.is_some() { self.timings.answer } else { SHARED_FOR };
        let is_full = self.rooms.len() >= MAX_ROOMS;
        match self.rooms.get_mut(&room) {
            Some(Membership::Joined) if !anew => return Ok(Joining::AlreadyIn),
            Some(Membership::Joining { since, waiting, .. }) => {
                waiting.extend(waiter);
                if now.duration_since(*since) < shared_for {
                    return Ok(Joining::UnderWay);
                }
                *since = now;
            }
            Some(Membership::Joined) => {}
            None if is_full => {
                let message = format!("{MAX_ROOMS} rooms are joined, or asked for, already");
                return Err(Error::new(&codes::OUTBOUND_FULL, message));
            }
            None => {
                let waiting = waiter.into_iter().collect();
                let state = Membership::Joining { since: now, tries: 0, retry_at: None, waiting };
                self.rooms.insert(room.clone(), state);
            }
        }
        self.send_join(room, waiter, cx).map(|()| Joining::UnderWay)
    }

    pub(super) fn send_join(
        &mut self,
        room: Room,
        id: Option<RequestId>,
        cx: &mut Context<'_, Event>,
    ) -> Result<()> {
        let id = id.unwrap_or_else(|| self.calls.next_id());
        match cx.send(ClientFrame::join(&id.to_string(), &room)) {
            Ok(()) => {
                self.calls.mark(id, Sent::Maybe);
                self.note_own(id, Purpose::Join(room));
                Ok(())
            }
            Err(error) => {
                self.fail_join(&room, &error);
                Err(error)
            }
        }
    }

    /// Whoever waits for a room hears that it is not to be had.
    pub(super) fn fail_join(&mut self, room: &Room, error: &Error) {
        if let Some(Membership::Joining { waiting, .. }) = self.rooms.remove(room) {
            for id in waiting {
                self.calls.fail(id, error);
            }
        }
    }

    pub(super) fn on_joined(&mut self, room: Room, raw: RawJson, cx: &mut Context<'_, Event>) {
        let before = self.rooms.insert(room.clone(), Membership::Joined);
        if let Some(Membership::Joining { waiting, .. }) = before {
            for id in waiting {
                self.calls.resolve(&id.to_string(), Reply::read(raw.clone()));
            }
            if room.is_lobby() {
                self.on_lobby(cx);
            }
            cx.emit(Event::Joined { room: room.clone() });
        }
        self.feed(state::Event::Joined { room }, cx);
    }

    /// The connection has proved to be of use.
    pub(super) fn on_lobby(&mut self, cx: &mut Context<'_, Event>) {
        cx.ready();
        if std::mem::replace(&mut self.lobby_on, cx.connection()) == cx.connection() {
            return; // left and joined again on the same connection
        }
        self.connections += 1;
        cx.emit(Event::Connected { is_reconnect: self.connections > 1 });
        for room in self.wanted.clone() {
            // A connection that takes nothing more is noticed elsewhere.
            let _ = self.join(room, None, false, cx);
        }
    }

    pub(super) fn on_join_refused(&mut self, room: Room, reply: &ErrorReply, cx: &mut Context<'_, Event>) {
        let Some(Membership::Joining { tries, retry_at, .. }) = self.rooms.get_mut(&room) else { return };
        let tracked =
            (reply.reason == Reason::AlreadyTracked).then(|| refusal::tracked(&room, &reply.reason_text));
        *tries += 1;
        let may_retry = *tries < JOIN_TRIES;
        match tracked {
            Some(Tracked::Here) => return self.on_joined(room, RawJson::from("{}".to_owned()), cx),
            Some(Tracked::Lobby) if may_retry => {
                *retry_at = Some(cx.now() + RETRY_JOIN);
                return;
            }
            // The platform insists: then the bot is in the lobby.
            Some(Tracked::Lobby) if room.is_lobby() => {
                return self.on_joined(room, RawJson::from("{}".to_owned()), cx);
            }
            _ => {}
        }
        let error = refusal::error(reply);
        if room.is_lobby() {
            // Without the lobby the connection is of no use. It is tried until the greeting's time is up.
            *retry_at = Some(cx.now() + RETRY_JOIN);
            cx.emit(Event::Refused(error));
            return;
        }
        self.lose_room(&room, &error, cx);
        self.feed(state::Event::JoinRefused { room, reason: Some(reply.reason.clone()) }, cx);
    }

    /// A room that was asked for cannot be had.
    pub(super) fn lose_room(&mut self, room: &Room, error: &Error, cx: &mut Context<'_, Event>) {
        if let Some(Membership::Joining { waiting, .. }) = self.rooms.remove(room) {
            let mut heard = false;
            for id in waiting {
                heard |= self.calls.fail(id, error);
            }
            if self.wanted.remove(room) && !heard {
                cx.emit(Event::RoomLost { room: room.clone(), cause: error.clone() });
            }
        }
    }

    /// The platform says that the bot is not in a room that it took for joined.
    pub(super) fn on_not_joined(&mut self, room: &Room, cx: &mut Context<'_, Event>) {
        if !self.is_joined(room) {
            return;
        }
        self.rooms.remove(room);
        if room.is_lobby() || self.wanted.contains(room) {
            let _ = self.join(room.clone(), None, false, cx);
        }
    }
}
