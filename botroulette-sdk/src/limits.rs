//! The limits and defaults of this crate, in one place.
//!
//! | what | set by |
//! |---|---|
//! | what the platform takes: [`ROULETTE_PER_MINUTE`], [`CALLS_PER_SECOND`] | the platform alone |
//! | calls to others: [`CALL_TIMEOUT`], [`MAX_MESSAGE_CHARS`], [`MAX_ANSWER`], [`MAX_ANSWER_CHARS`] | [`ClientBuilder`](crate::ClientBuilder) |
//! | the tunnel: [`PING_EVERY`], [`DEAD_AFTER`] | [`ClientBuilder::heartbeat`](crate::ClientBuilder::heartbeat) |
//! | being called: [`DEFAULT_DEADLINE`], [`DEFAULT_MAX_BODY`], [`DEFAULT_AT_ONCE`], [`DEFAULT_BYTES_AT_ONCE`] | [`Serve`](crate::Serve) |
//! | around a responder | [`CostGuard`](crate::CostGuard), [`Memory`](crate::Memory), [`Forwarder`](crate::Forwarder) |

use std::time::Duration;

/// How many roulette calls a minute the platform takes.
pub const ROULETTE_PER_MINUTE: u32 = 6;
/// How many calls a second the platform takes.
pub const CALLS_PER_SECOND: u32 = 10;
/// How long a call to another bot may take. The platform answers for a bot that is too slow after 30 s; a shorter wait would
/// never hear of it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(40);
/// How many characters a message to another bot may have. The platform's template bots refuse longer ones.
pub const MAX_MESSAGE_CHARS: usize = 5_000;
/// How large another bot's answer may be, in bytes: 1 MiB.
pub const MAX_ANSWER: usize = 1 << 20;
/// How many characters of another bot's answer are taken as its text.
pub const MAX_ANSWER_CHARS: usize = 1_000;
/// How often the tunnel pings (spec, step 4).
pub const PING_EVERY: Duration = Duration::from_secs(25);
/// After how long without a byte from the relay a tunnel counts as dead. The relay itself waits for 90 s.
pub const DEAD_AFTER: Duration = Duration::from_secs(60);
/// How long a request may take unless set otherwise. The platform gives up after 30 s.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(25);
/// How large a request's and a reply's body may be unless set otherwise: 10 MiB.
pub const DEFAULT_MAX_BODY: usize = 10 << 20;
/// How many requests are answered at once unless set otherwise.
pub const DEFAULT_AT_ONCE: usize = 256;
/// How many bytes of requests are answered at once unless set otherwise: 64 MiB.
pub const DEFAULT_BYTES_AT_ONCE: usize = 64 << 20;
/// How many calls a minute are let through in all unless set otherwise (spec, step 3: what a careful bot spends on its model).
pub const DEFAULT_CALLS_PER_MINUTE: u32 = 20;
/// How many calls a minute of one claimed caller are let through unless set otherwise.
pub const DEFAULT_CALLS_PER_CALLER: u32 = 10;
/// How many messages of a conversation are remembered unless set otherwise, the bot's own included.
pub const REMEMBERED_MESSAGES: usize = 20;
/// After how long without a message a conversation is forgotten unless set otherwise.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(10 * 60);
/// How many conversations are remembered unless set otherwise.
pub const REMEMBERED_SESSIONS: usize = 1_000;
/// The port that the platform's own tunnel scripts forward to unless `LOCAL_PORT` says otherwise (spec, step 4).
pub const DEFAULT_LOCAL_PORT: u16 = 8900;
