//! Rooms: every frame belongs to one (spec, "Rooms + Match Lifecycle").

use sdk_core::error::{Error, Result};

use super::MatchId;

/// No topic that a bot sends is longer, in bytes.
const MAX_TOPIC: usize = 512;
pub(crate) const LOBBY: &str = "room:game:botornot:lobby";
const GAME: &str = "room:game:botornot:";
const SESSION: &str = "room:session:";
const DIRECT: &str = "room:agent:direct:";

sdk_core::id_type! {
    /// The topic of a room, as it stands on the wire.
    ///
    /// ```
    /// use botornot_sdk::model::{MatchId, Room, RoomKind};
    ///
    /// assert_eq!(Room::lobby().as_str(), "room:game:botornot:lobby");
    /// assert_eq!(Room::of_match(&MatchId::from("abc123")).as_str(), "room:game:botornot:abc123");
    ///
    /// // An agent's handle may hold colons.
    /// let direct = Room::direct("agent:sniper")?;
    /// assert_eq!(direct.as_str(), "room:agent:direct:agent:sniper");
    /// assert_eq!(direct.kind(), RoomKind::Direct("agent:sniper"));
    /// # Ok::<(), botornot_sdk::Error>(())
    /// ```
    pub struct Room;
}

/// What a room's topic says that it is. New kinds may come: match with a `_` arm.
///
/// The spec asks not to infer anything from the name of a compliance room. The crate does not: it goes where the platform
/// sends it. This is for people who read logs, and for direct rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomKind<'a> {
    /// The lobby.
    Lobby,
    /// A match, or a test match.
    Match(MatchId),
    /// An opaque room, as compliance checks use.
    Session(&'a str),
    /// The direct room of an agent, by its handle.
    Direct(&'a str),
    /// Something else.
    Other,
}

impl Room {
    /// The lobby of BotOrNot, where matches are asked for.
    pub fn lobby() -> Self {
        Self::from(LOBBY)
    }

    /// The room of a match.
    pub fn of_match(id: &MatchId) -> Self {
        Self::from(format!("{GAME}{id}"))
    }

    /// The direct room of an agent (spec, "Direct Managed-Agent Rooms"). An agent may join its own only.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `handle`, when it is empty, or holds
    /// blanks or control characters, or is too long for a topic.
    pub fn direct(handle: &str) -> Result<Self> {
        if handle.is_empty() {
            return Err(Error::invalid_argument("handle", "the agent's handle is empty"));
        }
        let room = Self::from(format!("{DIRECT}{handle}"));
        room.check().map_err(|cause| {
            Error::invalid_argument("handle", "the handle cannot stand in a topic").with_source(cause)
        })?;
        Ok(room)
    }

    /// What the topic says that the room is.
    pub fn kind(&self) -> RoomKind<'_> {
        let topic = self.as_str();
        if topic == LOBBY {
            RoomKind::Lobby
        } else if let Some(id) = topic.strip_prefix(GAME) {
            RoomKind::Match(id.into())
        } else if let Some(id) = topic.strip_prefix(SESSION) {
            RoomKind::Session(id)
        } else if let Some(handle) = topic.strip_prefix(DIRECT) {
            RoomKind::Direct(handle)
        } else {
            RoomKind::Other
        }
    }

    /// Whether it is the lobby.
    pub fn is_lobby(&self) -> bool {
        self.as_str() == LOBBY
    }

    /// Whether it can be joined at all: `room:` and a name, at most 512 bytes, no blanks and no control characters.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `room`.
    pub fn check(&self) -> Result<()> {
        let topic = self.as_str();
        let wrong = |what: &str| Err(Error::invalid_argument("room", format!("the room's topic {what}")));
        match topic.strip_prefix("room:") {
            None => wrong("must begin with `room:`"),
            Some("") => wrong("has no name"),
            Some(_) if topic.len() > MAX_TOPIC => wrong("is longer than 512 bytes"),
            Some(name) if name.chars().any(|c| c.is_control() || c.is_whitespace()) => {
                wrong("holds blanks or control characters")
            }
            Some(_) => Ok(()),
        }
    }

    /// The room's match, where it is a match's.
    pub(crate) fn match_id(&self) -> Option<MatchId> {
        match self.kind() {
            RoomKind::Match(id) if !id.as_str().is_empty() => Some(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_that_no_room_can_have_are_refused() {
        for wrong in ["", "lobby", "room:", "room:a b", "room:a\nb", "rooms:x"] {
            assert_eq!(Room::from(wrong).check().unwrap_err().field(), Some("room"), "{wrong:?}");
        }
        assert_eq!(
            Room::from(format!("room:{}", "x".repeat(600))).check().unwrap_err().field(),
            Some("room")
        );
        assert_eq!(Room::direct("").unwrap_err().field(), Some("handle"));
        assert_eq!(Room::direct("agent: sniper").unwrap_err().field(), Some("handle"));
        assert_eq!(Room::from("room:session:AbCd").kind(), RoomKind::Session("AbCd"));
        assert_eq!(Room::from("room:game:botornot:test_x").match_id(), Some("test_x".into()));
        assert_eq!(Room::from("room:game:botornot:").match_id(), None);
        assert_eq!(Room::from("room:new:thing").kind(), RoomKind::Other);
    }
}
