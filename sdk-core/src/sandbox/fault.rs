//! The faults.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::order::{Order, When};
use crate::error::{Error, Result};

/// The most bytes that [`Fault::Huge`] sends.
pub const MAX_HUGE: usize = 64 * 1024 * 1024;
/// The most fragments that [`Fault::Fragments`] sends.
pub const MAX_FRAGMENTS: usize = 1_000_000;
/// The longest delay of [`Fault::Slow`] and [`Fault::DelayPongs`], in milliseconds: ten minutes.
pub const MAX_DELAY_MS: u64 = 600_000;

/// Something that goes wrong on request. On the wire it is a JSON object with the name in `fault`, in camelCase:
/// `{"fault": "rateLimited", "retryAfter": "2"}`.
///
/// Spans are the machine's time, never scaled: they are what the client must live through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Fault {
    // ── of connecting ──
    /// The connection is accepted and reset at once, before a byte is read: a listening socket cannot refuse on demand,
    /// and to a client this differs from a refusal only in that `connect` itself succeeds.
    RefuseConnect,
    /// The connection is accepted; nothing is ever read from it or answered.
    NeverAnswer,

    // ── of HTTP: answers to an upgrade or a REST call ──
    /// HTTP 401 with the platform's error body.
    Unauthorized,
    /// HTTP 403 with the platform's error body.
    Forbidden,
    /// HTTP 429 with `Retry-After`.
    RateLimited {
        /// The header's value as it goes out: seconds, a date, or something wrong on purpose. Default `1`.
        #[serde(default = "one_second", deserialize_with = "text_or_number")]
        retry_after: String,
    },
    /// HTTP 503 with `Retry-After`.
    Unavailable {
        /// The header's value as it goes out. Default `1`.
        #[serde(default = "one_second", deserialize_with = "text_or_number")]
        retry_after: String,
    },
    /// HTTP 500 with the platform's error body. With [`When::Answered`] the platform did what was asked all the same.
    ServerError,
    /// A redirect.
    Redirect {
        /// 300 to 399. Default 307.
        #[serde(default = "temporary_redirect")]
        status: u16,
        /// The `Location` header. Default `/moved`.
        #[serde(default = "moved")]
        location: String,
    },
    /// A page of HTML, as from a proxy in front of the platform.
    Html {
        /// 200 to 599. Default 502.
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// The platform's real answer with its full `Content-Length`, and only the first half of its body; then the
    /// connection ends.
    PartialBody,

    // ── of the TCP connection ──
    /// The connection is reset (RST).
    DropTcp,
    /// The connection ends (FIN) without a close frame.
    Fin,
    /// The connection is half open: from now on the server reads nothing and sends nothing, and does not say so.
    HalfOpen,
    /// The server stops reading, and goes on sending: the client's writes will stall.
    StopReading,
    /// The server reads and handles everything, and sends nothing any more, pongs included.
    Silence,
    /// Every outgoing message of the connection is late.
    Slow {
        /// By how much, in milliseconds. Default 500, at most [`MAX_DELAY_MS`].
        #[serde(default = "half_a_second")]
        delay_ms: u64,
    },

    // ── of the WebSocket ──
    /// Pongs come late: the protocol's, and the platform's own.
    DelayPongs {
        /// By how much, in milliseconds. Default 500, at most [`MAX_DELAY_MS`].
        #[serde(default = "half_a_second")]
        delay_ms: u64,
    },
    /// Pongs do not come any more: neither the protocol's nor the platform's own.
    DropPongs,
    /// The server closes with a code and a reason.
    Close {
        /// The close code, sent as it is. Default 1012, "service restart".
        #[serde(default = "service_restart")]
        code: u16,
        /// At most 123 bytes.
        #[serde(default)]
        reason: String,
    },
    /// A text message that is not JSON.
    GarbageText,
    /// A text message that is not UTF-8.
    InvalidUtf8,
    /// A frame with a reserved bit set that nobody negotiated.
    ReservedBits,
    /// A frame with an opcode that does not exist.
    BadOpcode,
    /// A masked frame, which a server must never send.
    MaskedFrame,
    /// A well-formed message of a type that no version of the platform knows.
    UnknownMessage,
    /// A message larger than a client should take.
    Huge {
        /// The size of its payload. Default 2 MiB, at most [`MAX_HUGE`].
        #[serde(default = "two_mib")]
        bytes: usize,
    },
    /// An earlier message again: the oldest kept one of the moment's type, or of any type where the moment has none.
    /// The last 64 messages to an agent are kept, over reconnects too. While there is none, the order waits.
    Stale,

    // ── of one outgoing message: the moment's own, or else the next one ──
    /// The first half of the message's frame, and then a reset.
    TornFrame,
    /// The message in a binary frame.
    Binary,
    /// The message with one field of another JSON type than it should have.
    BrokenField {
        /// A field's name, or a path such as `game_state.score`. Default: the last field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// The message twice.
    Duplicate,
    /// The message, padded with spaces, in fragments of one byte each.
    Fragments {
        /// How many. Default and limit: [`MAX_FRAGMENTS`].
        #[serde(default = "a_million")]
        count: usize,
    },
}

fn one_second() -> String {
    "1".into()
}
fn moved() -> String {
    "/moved".into()
}
fn temporary_redirect() -> u16 {
    307
}
fn bad_gateway() -> u16 {
    502
}
fn service_restart() -> u16 {
    1012
}
fn half_a_second() -> u64 {
    500
}
fn two_mib() -> usize {
    2 * 1024 * 1024
}
fn a_million() -> usize {
    MAX_FRAGMENTS
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!("retryAfter is a string or a number, not {other}"))),
    }
}

/// At which place of the server a fault acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Accept,
    Http,
    Line,
    Message,
}

impl Fault {
    /// The name of every fault on the wire, in the order of the documentation.
    pub const NAMES: &[&str] = &[
        "refuseConnect",
        "neverAnswer",
        "unauthorized",
        "forbidden",
        "rateLimited",
        "unavailable",
        "serverError",
        "redirect",
        "html",
        "partialBody",
        "dropTcp",
        "fin",
        "halfOpen",
        "stopReading",
        "silence",
        "slow",
        "delayPongs",
        "dropPongs",
        "close",
        "garbageText",
        "invalidUtf8",
        "reservedBits",
        "badOpcode",
        "maskedFrame",
        "unknownMessage",
        "huge",
        "stale",
        "tornFrame",
        "binary",
        "brokenField",
        "duplicate",
        "fragments",
    ];

    /// A fault by its name on the wire, with its defaults. `None` for a name that is not in [`Fault::NAMES`].
    ///
    /// ```
    /// use sdk_core::sandbox::Fault;
    ///
    /// assert_eq!(Fault::named("dropTcp"), Some(Fault::DropTcp));
    /// assert_eq!(Fault::named("huge"), Some(Fault::Huge { bytes: 2 * 1024 * 1024 }));
    /// assert_eq!(Fault::named("gremlins"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ "fault": name })).ok()
    }

    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RefuseConnect => "refuseConnect",
            Self::NeverAnswer => "neverAnswer",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited { .. } => "rateLimited",
            Self::Unavailable { .. } => "unavailable",
            Self::ServerError => "serverError",
            Self::Redirect { .. } => "redirect",
            Self::Html { .. } => "html",
            Self::PartialBody => "partialBody",
            Self::DropTcp => "dropTcp",
            Self::Fin => "fin",
            Self::HalfOpen => "halfOpen",
            Self::StopReading => "stopReading",
            Self::Silence => "silence",
            Self::Slow { .. } => "slow",
            Self::DelayPongs { .. } => "delayPongs",
            Self::DropPongs => "dropPongs",
            Self::Close { .. } => "close",
            Self::GarbageText => "garbageText",
            Self::InvalidUtf8 => "invalidUtf8",
            Self::ReservedBits => "reservedBits",
            Self::BadOpcode => "badOpcode",
            Self::MaskedFrame => "maskedFrame",
            Self::UnknownMessage => "unknownMessage",
            Self::Huge { .. } => "huge",
            Self::Stale => "stale",
            Self::TornFrame => "tornFrame",
            Self::Binary => "binary",
            Self::BrokenField { .. } => "brokenField",
            Self::Duplicate => "duplicate",
            Self::Fragments { .. } => "fragments",
        }
    }

    /// An order for this fault, once, at that moment.
    ///
    /// ```
    /// use sdk_core::sandbox::{Fault, When};
    ///
    /// let order = Fault::DropTcp.on(When::sent("your_turn"));
    /// assert_eq!(order.to_string(), "dropTcp once when your_turn was sent");
    /// ```
    pub fn on(self, when: When) -> Order {
        Order { fault: self, when, times: 1, skip: 0, only: None }
    }

    pub(crate) fn layer(&self) -> Layer {
        match self {
            Self::RefuseConnect | Self::NeverAnswer => Layer::Accept,
            Self::Unauthorized
            | Self::Forbidden
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::ServerError
            | Self::Redirect { .. }
            | Self::Html { .. }
            | Self::PartialBody => Layer::Http,
            Self::DropTcp
            | Self::Fin
            | Self::HalfOpen
            | Self::StopReading
            | Self::Silence
            | Self::Slow { .. } => Layer::Line,
            _ => Layer::Message,
        }
    }

    /// Whether it changes one outgoing message, and so waits for the next where there is none at its moment.
    pub(crate) fn alters_a_message(&self) -> bool {
        matches!(
            self,
            Self::TornFrame
                | Self::Binary
                | Self::BrokenField { .. }
                | Self::Duplicate
                | Self::Fragments { .. }
        )
    }

    /// Whether nothing that arrived is handled after it.
    pub(crate) fn ends_the_connection(&self) -> bool {
        matches!(self, Self::DropTcp | Self::Fin | Self::HalfOpen | Self::Close { .. })
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Slow { delay_ms } | Self::DelayPongs { delay_ms } if *delay_ms > MAX_DELAY_MS => {
                Err(Error::invalid_argument("delayMs", format!("at most {MAX_DELAY_MS}, not {delay_ms}")))
            }
            Self::Close { reason, .. } if reason.len() > 123 => {
                Err(Error::invalid_argument("reason", format!("at most 123 bytes, not {}", reason.len())))
            }
            Self::Huge { bytes } if *bytes > MAX_HUGE => {
                Err(Error::invalid_argument("bytes", format!("at most {MAX_HUGE}, not {bytes}")))
            }
            Self::Fragments { count } if !(1..=MAX_FRAGMENTS).contains(count) => {
                Err(Error::invalid_argument("count", format!("1 to {MAX_FRAGMENTS}, not {count}")))
            }
            Self::Redirect { status, .. } if !(300..=399).contains(status) => {
                Err(Error::invalid_argument("status", format!("300 to 399, not {status}")))
            }
            Self::Html { status } if !(200..=599).contains(status) => {
                Err(Error::invalid_argument("status", format!("200 to 599, not {status}")))
            }
            Self::RateLimited { retry_after: value }
            | Self::Unavailable { retry_after: value }
            | Self::Redirect { location: value, .. }
                if http::HeaderValue::from_str(value).is_err() =>
            {
                Err(Error::invalid_argument("retryAfter or location", "not the value of an HTTP header"))
            }
            _ => Ok(()),
        }
    }
}
