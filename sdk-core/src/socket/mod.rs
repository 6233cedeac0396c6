//! The WebSocket driver: reads, writes, keeps the heart beating, reconnects, and never waits for your code.
//!
//! One task owns the socket. What differs between platforms is small and is a trait, [`Protocol`]: how to open, what to
//! say first, what a frame means, what a ping looks like, and which refusals are final. A protocol is pure state: it gets
//! frames, commands and the time, and says through a [`Context`] what to send and what to tell the bot.
//!
//! ```text
//!            frames                 events                         commands
//!  server ───────────▶  Driver<P>  ─────────▶  Consumer            Handle ──▶ Drive ──▶ P::on_command
//!         ◀───────────  (one task)             · Inbox ──▶ Stream of events
//!            frames                            · handler, polled in place
//! ```
//!
//! What holds for every platform:
//!
//! - **Nothing that the bot does stops reading, pongs, heartbeats or reconnects** (a handler that blocks its thread is
//!   noticed and reported: [`Lifecycle::Blocked`]).
//! - **Liveness is "no inbound byte for X"** (a large message is life long before it is whole), and the watchdog lives in the loop that reads: when it fires, that loop
//!   drops the socket and reconnects.
//! - **Backoff resets after proven health**, never on a TCP connect. Refusals are classified in one place:
//!   [`Protocol::classify`].
//! - **A write is never cancelled**: a deadline drops the socket. What was not written when the connection broke is gone,
//!   and the protocol is told; nothing is carried over to the next connection behind its back.
//! - **Everything is bounded**: messages, the outbound queue, the queue of events, every wait.
//! - Replies are written while frames are ready, and flushed once when the next read is pending.

mod dial;
mod drive;
mod driver;
mod inbox;
mod metered;
mod options;
mod protocol;
#[cfg(feature = "sandbox")]
mod rehearsal;

pub use drive::{Consumer, Drive};
pub use driver::Driver;
pub use inbox::{Inbox, InboxEvent, InboxStream};
pub use options::SocketOptions;
pub use protocol::{Context, Dial, Lifecycle, Protocol, State, Token, Verdict};
#[cfg(feature = "sandbox")]
pub use rehearsal::Rehearsal;
