//! What a bot is told, in order.

use std::time::Duration;

use sdk_core::error::Error;
use sdk_core::socket::InboxEvent;
use sdk_core::wire::Text;

use crate::model::{Push, Room, ServerEvent};
use crate::state::Notice;

/// Something happened. New events may come: match with a `_` arm.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A dial begins.
    Connecting {
        /// How many dials came before it without a healthy connection.
        attempt: u32,
    },
    /// A dial takes long.
    StillConnecting {
        /// How long it has taken.
        waited: Duration,
        /// How long until it is given up and tried anew.
        gives_up_in: Duration,
    },
    /// The lobby is joined: the connection is of use. It comes again after every reconnect.
    Connected(Connected),
    /// The connection, or an attempt to make one, is over.
    Disconnected {
        /// Why.
        cause: Error,
    },
    /// The next dial comes after a wait.
    Reconnecting {
        /// Which attempt it will be, from 1.
        attempt: u32,
        /// How long the wait is.
        delay: Duration,
        /// Why the connection is gone.
        cause: Error,
    },
    /// A room was joined, for the first time on this connection.
    Joined {
        /// The room.
        room: Room,
    },
    /// A room that the bot had joined could not be joined again. It is not tried any more.
    RoomLost {
        /// The room.
        room: Room,
        /// Why.
        cause: Error,
    },
    /// The platform pushed an event into a room. Of a client that [entered](crate::Client::enter) matches, what the state
    /// machine understands comes as a [`Notice`](Self::Notice) instead.
    Push(Push),
    /// The state machine tells something. Only of a client that [entered](crate::Client::enter).
    Notice(Notice),
    /// The platform refused something for which nobody waited. [`Error::platform_code`] has its
    /// [`Reason`](crate::Reason).
    Refused(Error),
    /// A known event could not be decoded, or a frame is none at all. The connection goes on.
    DecodeError(Error),
    /// A frame of a shape that this version does not know. Events of an unknown type are a [`Push`](Self::Push).
    Unknown(UnknownFrame),
    /// The bot's code kept the connection's thread for longer than it should.
    HandlerBlocked {
        /// For how long.
        took: Duration,
    },
    /// The bot does not take events as fast as they come, and these many are missing here.
    Lagged {
        /// How many.
        dropped: u64,
    },
    /// It is over: no event comes after this one.
    Closed {
        /// Why; `None` when the bot wanted it.
        reason: Option<Error>,
    },
}

/// The lobby is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connected {
    /// Whether it was connected before.
    pub is_reconnect: bool,
}

impl Connected {
    pub(crate) fn new(is_reconnect: bool) -> Self {
        Self { is_reconnect }
    }
}

/// A frame of a shape that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFrame {
    /// Its `event`, where it has one.
    pub event: Option<String>,
    /// The whole frame.
    pub text: Text,
}

impl UnknownFrame {
    pub(crate) fn new(event: Option<String>, text: Text) -> Self {
        Self { event, text }
    }
}

impl InboxEvent for Event {
    fn weight(&self) -> usize {
        let text = match self {
            Self::Push(push) => push.text.len(),
            Self::Notice(Notice::Other(push)) => push.text.len(),
            Self::Notice(Notice::Chat { message, .. }) => message.body.len(),
            Self::Unknown(frame) => frame.text.len(),
            _ => 0,
        };
        size_of::<Self>() + text
    }

    fn is_droppable(&self) -> bool {
        match self {
            Self::Connecting { .. }
            | Self::StillConnecting { .. }
            | Self::DecodeError(_)
            | Self::Unknown(_)
            | Self::HandlerBlocked { .. } => true,
            Self::Push(push) => matches!(
                push.event,
                ServerEvent::MetaState(_)
                    | ServerEvent::Leaderboard(_)
                    | ServerEvent::Typing(_)
                    | ServerEvent::Unknown { .. }
            ),
            Self::Notice(notice) => matches!(
                notice,
                Notice::MetaState(_) | Notice::Leaderboard(_) | Notice::Typing { .. } | Notice::Other(_)
            ),
            _ => false,
        }
    }

    fn lagged(dropped: u64) -> Self {
        Self::Lagged { dropped }
    }
}
