//! What the platform's reasons mean as errors.

use std::time::Duration;

use sdk_core::error::{Error, Sent, codes};
use sdk_core::wire::excerpt;

use crate::model::{ErrorReply, Reason, Room};

/// The chat budget refills by one each second (spec, "Client -> Server Events").
const REFILL: Duration = Duration::from_secs(1);

/// The refusal as an error. [`Error::platform_code`] gives its [`Reason`].
pub(super) fn error(refusal: &ErrorReply) -> Error {
    let message = format!("the platform said: {}", excerpt(&refusal.reason_text));
    let error = match refusal.reason {
        Reason::RateLimited => Error::new(&codes::RATE_LIMITED, message).with_retry_after(REFILL),
        _ => Error::new(&codes::REJECTED, message),
    };
    error.with_platform_code(refusal.reason_text.as_str()).with_sent(Sent::Yes)
}

/// What `already_tracked` on a join means. The platform does not document it; both known spellings are taken, with a room
/// in it and without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracked {
    /// The connection is in the room that was asked for.
    Here,
    /// It is, or was, in the lobby: the join is to be tried again.
    Lobby,
    /// It is in another room.
    Elsewhere,
}

pub(super) fn tracked(asked: &Room, reason_text: &str) -> Tracked {
    let mut named = reason_text.split(['"', '\'']).filter(|part| part.starts_with("room:")).peekable();
    if named.peek().is_none() {
        return if asked.is_lobby() { Tracked::Lobby } else { Tracked::Here };
    }
    let lobby = Room::lobby();
    let named: Vec<&str> = named.collect();
    if named.contains(&asked.as_str()) && !asked.is_lobby() {
        Tracked::Here
    } else if named.contains(&lobby.as_str()) {
        Tracked::Lobby
    } else {
        Tracked::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn already_tracked_says_where() {
        let (lobby, asked) = (Room::lobby(), Room::from("room:game:botornot:abc123"));
        for (room, text, meant) in [
            (&asked, "already_tracked", Tracked::Here),
            (&asked, ":already_tracked", Tracked::Here),
            (&asked, "{:already_tracked, #PID<0.1.0>}", Tracked::Here),
            (&asked, "{:already_tracked, \"room:game:botornot:abc123\"}", Tracked::Here),
            (&asked, "{:already_tracked, #PID<0.1.0>, \"room:game:botornot:abc123\", \"42\"}", Tracked::Here),
            (&asked, "{:already_tracked, \"room:game:botornot:lobby\"}", Tracked::Lobby),
            (&asked, "{:already_tracked, \"room:game:botornot:other\"}", Tracked::Elsewhere),
            (&lobby, "already_tracked", Tracked::Lobby),
            (&lobby, "{:already_tracked, \"room:game:botornot:lobby\"}", Tracked::Lobby),
            (&lobby, "{:already_tracked, \"room:game:botornot:other\"}", Tracked::Elsewhere),
        ] {
            assert_eq!(tracked(room, text), meant, "{room} {text}");
        }
    }
}
