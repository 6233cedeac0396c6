//! The one error of the family.
//!
//! Every fallible call of every crate returns [`Error`]. It is one pointer wide, it can be cloned (so that every call
//! that waited on a lost connection learns the same cause), and it answers the questions a bot asks:
//!
//! - *What kind of trouble is it?* [`Error::kind`], [`Error::is_retryable`], [`Error::is_auth`], [`Error::is_timeout`].
//! - *What exactly?* [`Error::code`]: a stable code with one line of advice, listed in [`codes`].
//! - *What did the platform say?* [`Error::platform_code`], [`Error::status`], [`Error::body`], [`Error::retry_after`].
//! - *Did my request leave?* [`Error::sent`].
//!
//! `Display` never repeats [`std::error::Error::source`]: print the chain to see both.
//!
//! ```
//! use sdk_core::error::{Error, ErrorKind, Sent, codes};
//!
//! let error = Error::new(&codes::CALL_TIMEOUT, "no answer to join_queue within 10 s").with_sent(Sent::Maybe);
//! assert_eq!(error.kind(), ErrorKind::Timeout);
//! assert_eq!(error.code().id(), "call_timeout");
//! assert_eq!(error.sent(), Sent::Maybe);
//! println!("{error}\n  {}", error.advice());
//! ```

mod run;

pub use run::RunError;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::wire::printable;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// At most this many bytes of an answer's body are kept in an error.
pub const MAX_BODY: usize = 8 * 1024;

/// What kind of trouble an [`Error`] is. New kinds may come: match with a `_` arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection could not be made, or was lost.
    Connection,
    /// Nothing came within the time that was allowed.
    Timeout,
    /// The platform understood, and said no.
    Rejected,
    /// The platform asks us to slow down.
    RateLimited,
    /// Something arrived that cannot be decoded.
    Decode,
    /// The call itself is wrong; nothing was sent.
    Misuse,
    /// The client was closed, or has given up.
    Closed,
    /// The bot's own code failed.
    Handler,
}

/// Whether a request left before its call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sent {
    /// It did not leave: sending it again is safe.
    #[default]
    No,
    /// It may have arrived: look at the platform's state before sending anything that is not idempotent.
    Maybe,
    /// It arrived: the platform answered.
    Yes,
}

/// A stable error code with its advice. The catalogue of this crate is [`codes`]; platform crates add their own.
///
/// Codes are compared by [`id`](Code::id), which never changes within a major version.
#[derive(Debug)]
pub struct Code {
    id: &'static str,
    kind: ErrorKind,
    when: &'static str,
    advice: &'static str,
}

impl Code {
    /// A code. `when` says when it happens, `advice` what to do about it; both are one line.
    pub const fn new(id: &'static str, kind: ErrorKind, when: &'static str, advice: &'static str) -> Self {
        Self { id, kind, when, advice }
    }

    /// The stable name, in `snake_case`.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The kind of every error with this code.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// When it happens, in one line.
    pub const fn when(&self) -> &'static str {
        self.when
    }

    /// What to do about it, in one line.
    pub const fn advice(&self) -> &'static str {
        self.advice
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

/// Defines a catalogue of [`Code`]s: a constant for each, and `ALL` with every one of them.
///
/// ```
/// sdk_core::error_codes! {
///     /// A wager without a unit.
///     UNIT_MISSING = "unit_missing", Misuse, "a wager was given without a unit", "write \"0.01 SOL\" or \"10000000 lamports\"";
/// }
/// assert_eq!(ALL[0].id(), UNIT_MISSING.id());
/// ```
#[macro_export]
macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $kind:ident, $when:literal, $advice:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("\n\n`", $id, "`: ", $when, ". Advice: ", $advice, ".")]
            pub static $name: $crate::error::Code =
                $crate::error::Code::new($id, $crate::error::ErrorKind::$kind, $when, $advice);
        )*
        /// Every code of this catalogue, in the order of its documentation.
        pub static ALL: &[&$crate::error::Code] = &[$(&$name),*];
    };
}

/// The stable codes that every crate of the family shares.
pub mod codes {
    crate::error_codes! {
        /// The host could not be reached.
        CONNECT_FAILED = "connect_failed", Connection, "the host could not be reached (name, network, refused)", "check the host and port, and that the server is up";
        /// TLS failed.
        TLS_FAILED = "tls_failed", Connection, "the TLS handshake failed", "check the host name, the system clock and the certificate roots";
        /// The server answered the WebSocket upgrade with something else.
        UPGRADE_REFUSED = "upgrade_refused", Connection, "the server answered the WebSocket upgrade with another status than 101", "check the URL's path, and the status and body in this error";
        /// An established connection broke.
        CONNECTION_LOST = "connection_lost", Connection, "an established connection broke", "nothing to do: the client reconnects; look at `sent` for what was under way";
        /// Nothing was heard for too long.
        SERVER_SILENT = "server_silent", Connection, "nothing was heard from the server for the stated span", "nothing to do: the client reconnects; if it recurs, check the network";
        /// The server closed the connection.
        CLOSED_BY_SERVER = "closed_by_server", Connection, "the server sent a close frame", "look at the close code and reason in this error";
        /// The server broke the WebSocket protocol.
        PROTOCOL_VIOLATION = "protocol_violation", Connection, "the server sent something that is not WebSocket", "check that the URL is the platform's and that no proxy is in between";
        /// A message was larger than the limit.
        MESSAGE_TOO_LARGE = "message_too_large", Connection, "a message was larger than the client's limit", "raise the limit in the builder if the platform really sends such messages";
        /// The server stopped reading.
        WRITE_STALLED = "write_stalled", Connection, "the server did not take our bytes within the write deadline", "nothing to do: the client reconnects; look at `sent` for what was under way";
        /// The connection was not made in time.
        CONNECT_TIMEOUT = "connect_timeout", Timeout, "the connection or its handshake took too long", "check the network, or raise the connect timeout in the builder";
        /// The server did not greet in time.
        GREETING_TIMEOUT = "greeting_timeout", Timeout, "the server accepted the connection and then did not answer the greeting", "check that the URL is the platform's WebSocket";
        /// A call got no answer in time.
        CALL_TIMEOUT = "call_timeout", Timeout, "a call over the live connection got no answer in time", "look at `sent`; ask the platform's state before sending it again";
        /// A REST call took too long.
        HTTP_TIMEOUT = "http_timeout", Timeout, "a REST call took too long", "retry later, or raise the timeout in the builder";
        /// The platform refused the key.
        AUTH_REJECTED = "auth_rejected", Rejected, "the platform refused the key or token", "check the key; it may have been rotated or revoked";
        /// Another session took over.
        SESSION_REPLACED = "session_replaced", Rejected, "another connection with the same key took over", "run one bot a key";
        /// The platform said no.
        REJECTED = "rejected", Rejected, "the platform understood the request and refused it", "look at the platform's code and message in this error";
        /// A REST call was answered with an error status.
        HTTP_STATUS = "http_status", Rejected, "a REST call was answered with an error status", "look at the status and body in this error";
        /// A redirect was answered.
        REDIRECT_REFUSED = "redirect_refused", Rejected, "the server answered with a redirect, which is not followed with a key in hand", "use the address that it points to, if you trust it";
        /// Slow down.
        RATE_LIMITED = "rate_limited", RateLimited, "the platform's rate limit was hit", "wait for `retry_after`";
        /// The client's own limit refused.
        LIMIT_REACHED = "limit_reached", RateLimited, "the client's own limiter refused, so that the platform does not have to", "wait for `retry_after`, or choose the limiter that waits";
        /// Not the expected shape.
        DECODE_FAILED = "decode_failed", Decode, "a message or answer has not the documented shape", "look at the field in this error; if the platform changed, update the crate";
        /// Not JSON.
        NOT_JSON = "not_json", Decode, "an answer that should be JSON is not", "look at the excerpt in this error; a proxy may have answered instead";
        /// A body was larger than the limit.
        BODY_TOO_LARGE = "body_too_large", Decode, "an answer's body was larger than the client's limit", "raise the limit in the builder if the platform really sends such bodies";
        /// A setting is wrong.
        INVALID_CONFIG = "invalid_config", Misuse, "a setting of the client is wrong", "look at the field and limit in this error";
        /// An environment variable is missing or wrong.
        INVALID_ENV = "invalid_env", Misuse, "an environment variable is missing or wrong", "set the variable that the message names, in the environment or in .env";
        /// An argument is out of its limits.
        INVALID_ARGUMENT = "invalid_argument", Misuse, "an argument is outside its limits; nothing was sent", "look at the field and limit in this error";
        /// Keys do not travel in the clear.
        INSECURE_URL = "insecure_url", Misuse, "a key would travel unencrypted to a host that is not loopback", "use wss:// or https://, or allow plaintext in so many words";
        /// Too much is waiting to be sent.
        OUTBOUND_FULL = "outbound_full", Misuse, "the bounded queue of outgoing messages is full", "wait for earlier commands before sending more";
        /// Not connected.
        NOT_CONNECTED = "not_connected", Connection, "the command needs a live connection and there is none now", "wait for the `Connected` event, then send it again";
        /// The client was closed.
        CLIENT_CLOSED = "client_closed", Closed, "the client was closed by its owner", "build a new client to go on";
        /// The attempt cap was reached.
        GAVE_UP = "gave_up", Closed, "the reconnect policy's attempt cap was reached", "raise the cap or leave it out; look at the source for the last cause";
        /// The bot's handler failed.
        HANDLER_FAILED = "handler_failed", Handler, "the bot's own code returned an error or panicked", "look at the source; the connection goes on";
        /// Events were lost because they were not taken.
        LAGGED = "lagged", Handler, "events were dropped because the bot did not take them in time", "take events faster, or raise the queue's bound";
        /// A local resource failed.
        LOCAL_IO = "local_io", Misuse, "a file, port or thread of this machine could not be used", "look at the source";
    }
}

/// A platform's own error code, as a typed open enum (an `Other(..)` variant keeps what is not known yet).
pub trait PlatformCode: Sized {
    /// The typed code for the platform's word.
    fn from_wire(code: &str) -> Self;
}

/// Why a call failed. See the [module](self) for how to read one.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: &'static Code,
    message: String,
    field: Option<String>,
    platform_code: Option<String>,
    status: Option<u16>,
    close_code: Option<u16>,
    retry_after: Option<Duration>,
    server_time: Option<SystemTime>,
    request_id: Option<String>,
    sent: Sent,
    body: Option<Bytes>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a code of a catalogue and a message for a person. The message must be free of secrets.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            field: None,
            platform_code: None,
            status: None,
            close_code: None,
            retry_after: None,
            server_time: None,
            request_id: None,
            sent: Sent::No,
            body: None,
            source: None,
        }))
    }

    /// [`codes::INVALID_ARGUMENT`] for a field; the message names the limit.
    pub fn invalid_argument(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(&codes::INVALID_ARGUMENT, message).with_field(field)
    }

    /// [`codes::INVALID_CONFIG`] for a setting; the message names the limit.
    pub fn invalid_config(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(&codes::INVALID_CONFIG, message).with_field(field)
    }

    /// The same error under another code: for a platform whose words say more than the status.
    #[must_use]
    pub fn with_code(mut self, code: &'static Code) -> Self {
        self.0.code = code;
        self
    }

    /// Names the field (a path such as `result.round_winner`) that the error is about.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds the platform's own code.
    #[must_use]
    pub fn with_platform_code(mut self, code: impl Into<String>) -> Self {
        self.0.platform_code = Some(code.into());
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the WebSocket close code.
    #[must_use]
    pub fn with_close_code(mut self, code: u16) -> Self {
        self.0.close_code = Some(code);
        self
    }

    /// Forgets the answer's body: for calls whose answers hold a secret.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.0.body = None;
        self
    }

    /// Adds how long the platform (or our limiter) asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds what the server's clock showed when it answered.
    #[must_use]
    pub fn with_server_time(mut self, time: SystemTime) -> Self {
        self.0.server_time = Some(time);
        self
    }

    /// Adds a sentence to the message: what the caller knows, and whoever made the error did not. It must be free of secrets.
    ///
    /// ```
    /// use sdk_core::error::{Error, codes};
    ///
    /// let error = Error::new(&codes::HTTP_TIMEOUT, "no answer within 30 s").with_note("the agent may exist by now");
    /// assert_eq!(error.message(), "no answer within 30 s; the agent may exist by now");
    /// ```
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.0.message.push_str("; ");
        self.0.message.push_str(note);
        self
    }

    /// Adds the id of the request that failed.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Says whether the request had left.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Keeps the first [`MAX_BODY`] bytes of the answer's body.
    #[must_use]
    pub fn with_body(mut self, mut body: Bytes) -> Self {
        body.truncate(MAX_BODY);
        self.0.body = Some(body);
        self
    }

    /// Adds the cause. It is shown by [`std::error::Error::source`], not by `Display`.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.code.kind
    }

    /// The stable code.
    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    /// One line of advice.
    pub fn advice(&self) -> &'static str {
        self.0.code.advice
    }

    /// The message without the code.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The field that the error is about: a path such as `game_state.score[1]`, or an argument's name.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The platform's own code, typed: `error.platform_code::<botpit_sdk::ErrorCode>()`.
    pub fn platform_code<C: PlatformCode>(&self) -> Option<C> {
        self.0.platform_code.as_deref().map(C::from_wire)
    }

    /// The platform's own code, as it stood on the wire.
    pub fn platform_code_str(&self) -> Option<&str> {
        self.0.platform_code.as_deref()
    }

    /// The HTTP status, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The WebSocket close code, where there was one.
    pub fn close_code(&self) -> Option<u16> {
        self.0.close_code
    }

    /// How long the platform asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the server's clock showed when it refused, to the second, where it said so: a REST answer's `Date`.
    pub fn server_time(&self) -> Option<SystemTime> {
        self.0.server_time
    }

    /// The id of the request that failed, where the protocol has ids.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether the request had left.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// The first [`MAX_BODY`] bytes of the answer's body. It may hold what the platform echoes: treat it as untrusted.
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Whether the same call may succeed later *and* is safe to send again: nothing left, or the platform said to wait.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited => true,
            ErrorKind::Connection | ErrorKind::Timeout => self.0.sent == Sent::No,
            ErrorKind::Rejected => matches!(self.0.status, Some(502..=504)) && self.0.sent == Sent::No,
            _ => false,
        }
    }

    /// Whether the platform refused the key or token.
    pub fn is_auth(&self) -> bool {
        *self.0.code == codes::AUTH_REJECTED || matches!(self.0.status, Some(401 | 403))
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether the platform, or our own limiter, asks to slow down.
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// This error and its causes in one line, separated by `: `. For logs.
    pub fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut source = StdError::source(self);
        while let Some(cause) = source {
            line.push_str(": ");
            line.push_str(&printable(&cause.to_string()).to_string());
            source = cause.source();
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What others said may be in any of these: none of it may steer a terminal or begin a line of a log.
        printable(&self.0.message).fmt(f)?;
        if let Some(field) = &self.0.field {
            write!(f, " (field `{}`)", printable(field))?;
        }
        if let Some(status) = self.0.status {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(code) = self.0.close_code {
            write!(f, " (close code {code})")?;
        }
        if let Some(code) = &self.0.platform_code {
            write!(f, " (platform code `{}`)", printable(code))?;
        }
        if let Some(wait) = self.0.retry_after {
            write!(f, " (retry after {:.1} s)", wait.as_secs_f64())?;
        }
        write!(f, " [{}]", self.0.code.id)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("code", &self.0.code.id).field("kind", &self.kind()).field("message", &self.0.message);
        macro_rules! when_some {
            ($($name:ident),*) => { $(if let Some(value) = &self.0.$name { debug.field(stringify!($name), value); })* };
        }
        when_some!(field, platform_code, status, close_code, retry_after, request_id);
        debug.field("sent", &self.0.sent);
        if let Some(body) = &self.0.body {
            debug.field("body", &format_args!("{} bytes", body.len()));
        }
        when_some!(source);
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_and_crosses_threads() {
        fn send_sync<T: Send + Sync + 'static>() {}
        send_sync::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_never_repeats_its_source() {
        let cause = std::io::Error::other("the cable is out");
        let error = Error::new(&codes::CONNECT_FAILED, "cannot reach 127.0.0.1:9").with_source(cause);
        assert_eq!(error.to_string(), "cannot reach 127.0.0.1:9 [connect_failed]");
        assert_eq!(error.chain(), "cannot reach 127.0.0.1:9 [connect_failed]: the cable is out");
    }

    #[test]
    fn what_others_said_cannot_steer_a_terminal() {
        let hostile = "\u{1b}[31mred\u{9b}2J\r\n\u{202e}";
        let cause = std::io::Error::other(hostile);
        let error = Error::new(&codes::REJECTED, hostile)
            .with_field(hostile)
            .with_platform_code(hostile)
            .with_request_id(hostile)
            .with_source(cause);
        for shown in [error.to_string(), error.chain(), format!("{error:?}")] {
            assert!(shown.contains("red") && !shown.contains(crate::wire::is_unprintable), "{shown:?}");
        }
    }

    #[test]
    fn every_code_has_an_id_of_its_own_and_one_line_of_advice() {
        let mut ids = std::collections::HashSet::new();
        for code in codes::ALL {
            assert!(ids.insert(code.id()), "{} twice", code.id());
            assert!(code.id().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", code.id());
            assert!(!code.advice().is_empty() && !code.advice().contains('\n'), "{}", code.id());
            assert!(!code.when().is_empty() && !code.when().contains('\n'), "{}", code.id());
        }
    }

    #[test]
    fn only_what_is_safe_to_send_again_is_retryable() {
        let lost = |sent| Error::new(&codes::CONNECTION_LOST, "lost").with_sent(sent);
        assert!(lost(Sent::No).is_retryable());
        assert!(!lost(Sent::Maybe).is_retryable());
        assert!(Error::new(&codes::RATE_LIMITED, "slow down").with_sent(Sent::Yes).is_retryable());
        assert!(!Error::new(&codes::AUTH_REJECTED, "no").is_retryable());
    }

    #[test]
    fn a_body_is_bounded_and_not_printed() {
        let error = Error::new(&codes::HTTP_STATUS, "refused").with_body(Bytes::from(vec![b'x'; 100_000]));
        assert_eq!(error.body().map(<[u8]>::len), Some(MAX_BODY));
        assert!(!format!("{error} {error:?}").contains("xxx"));
    }
}
