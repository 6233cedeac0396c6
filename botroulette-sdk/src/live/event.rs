//! What a bot is told of its tunnel.

use std::time::Duration;

use sdk_core::error::Error;
use sdk_core::socket::InboxEvent;
use sdk_core::wire::Text;
use serde_json::{Map, Value};

use crate::model::{RequestId, ServiceCode};

/// What happens to a tunnel. The requests themselves go to the [`Responder`](crate::Responder).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TunnelEvent {
    /// A dial begins.
    Connecting {
        /// How many dials came before it without a healthy connection.
        attempt: u32,
    },
    /// The bot is online: others can call it.
    Connected(Connected),
    /// The connection, or an attempt to make one, is over. Requests that were being answered on it are given up: the
    /// platform has told their callers already.
    Disconnected {
        /// Why.
        cause: Error,
    },
    /// The next attempt comes after a wait.
    Reconnecting {
        /// Which attempt it will be, from 1.
        attempt: u32,
        /// How long the wait is.
        delay: Duration,
        /// Why.
        cause: Error,
    },
    /// An attempt to connect takes long.
    StillConnecting {
        /// How long it has taken.
        waited: Duration,
        /// How long until it is given up.
        gives_up_in: Duration,
    },
    /// The responder kept the tunnel's thread for too long, so that nothing else was done.
    HandlerBlocked {
        /// For how long.
        took: Duration,
    },
    /// The responder failed at a request, which was answered with an error, or its reply was changed so that the platform
    /// lets it through ([`HTML_IN_REPLY`](crate::codes::HTML_IN_REPLY)).
    HandlerFailed {
        /// The platform's id of the request, where it has one.
        request: Option<RequestId>,
        /// What happened.
        error: Error,
    },
    /// A request was refused without asking the responder: more came than are answered at once
    /// ([`TOO_BUSY`](crate::codes::TOO_BUSY)), or its frame could not be read ([`BAD_FRAME`](crate::codes::BAD_FRAME)).
    Refused(Error),
    /// A request was not answered: its connection was lost first ([`UNANSWERED`](crate::codes::UNANSWERED)), it came twice
    /// ([`DUPLICATE_REQUEST`](crate::codes::DUPLICATE_REQUEST)), or nothing in it says whom to answer
    /// ([`BAD_FRAME`](crate::codes::BAD_FRAME)).
    NotAnswered(Error),
    /// The relay told of an error; the tunnel goes on ([`RELAY_ERROR`](crate::codes::RELAY_ERROR)).
    RelayError(Error),
    /// A frame that this version does not know.
    Unknown(UnknownFrame),
    /// Events were dropped because nobody took them.
    Lagged {
        /// How many.
        dropped: u64,
    },
    /// It is over; the last event.
    Closed {
        /// Why; `None` when the bot wanted it, or the relay closed in good order.
        reason: Option<Error>,
    },
}

/// What the relay said when it accepted the key (frame `auth_ok`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Connected {
    /// The bot's public address.
    pub tunnel_url: Option<String>,
    /// The bot's name.
    pub agent_name: Option<String>,
    /// The bot's identifier on the network.
    pub service_code: Option<ServiceCode>,
    /// Every other field.
    pub extra: Map<String, Value>,
    /// Whether the bot was online before.
    pub is_reconnect: bool,
}

/// A frame with a `type` that this version does not know, or without one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownFrame {
    /// Its `type`; empty where there is none.
    pub frame_type: String,
    /// The frame as it came.
    pub text: Text,
}

impl InboxEvent for TunnelEvent {
    fn weight(&self) -> usize {
        let held = match self {
            Self::Unknown(frame) => frame.text.len(),
            _ => 0,
        };
        size_of::<Self>() + held
    }

    fn is_droppable(&self) -> bool {
        !matches!(self, Self::Connected(_) | Self::Closed { .. })
    }

    fn lagged(dropped: u64) -> Self {
        Self::Lagged { dropped }
    }
}
