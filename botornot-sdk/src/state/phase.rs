//! Where a bot is.

use std::fmt;

/// Where a bot is (spec, "Client Runtime State Machine").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// There is no socket.
    Offline,
    /// There is a socket; the lobby is not joined yet.
    SocketOpen,
    /// In the lobby.
    LobbyJoined,
    /// A compliance check is under way.
    ProbePending,
    /// Waiting for a match, or about to enter one.
    Queued,
    /// In a match's room, before its beginning.
    MatchJoined,
    /// In a match.
    InMatch,
    /// A match has ended; the lobby follows at once.
    Ended,
}

impl Phase {
    /// The name in the spec's drawing.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::SocketOpen => "socket_open",
            Self::LobbyJoined => "lobby_joined",
            Self::ProbePending => "probe_pending",
            Self::Queued => "queued",
            Self::MatchJoined => "match_joined",
            Self::InMatch => "in_match",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
