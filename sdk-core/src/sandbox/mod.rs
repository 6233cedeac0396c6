//! What the sandboxes of all four platforms share: serving on loopback, faults on request, seeds, a control endpoint.
//!
//! A sandbox is the documented server side of a platform on a real socket of this machine, for clients in any language.
//! A platform's crate brings the router and the rules; this module serves them, and makes things go wrong on request.
//!
//! ```
//! use axum::{Router, routing::get};
//! use sdk_core::sandbox::{Fault, Incoming, ServerOptions, Upgrade, When, serve};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let router = Router::new().route(
//!     "/ws",
//!     get(async |upgrade: Upgrade| {
//!         upgrade.on_connect(async move |mut peer| {
//!             peer.identify("agent-1", &["Rocky"]);
//!             while let Incoming::Text(text) = peer.recv().await {
//!                 peer.send(text).await;
//!             }
//!         })
//!     }),
//! );
//! let server = serve(ServerOptions::new(), router).await?;
//! // The connection is reset as soon as the second `your_turn` went out.
//! server.faults().order(Fault::DropTcp.on(When::sent("your_turn")).skip(1))?;
//! server.shutdown().await;
//! # Ok::<(), sdk_core::Error>(()) }).unwrap();
//! ```
//!
//! # The faults
//!
//! Each can be ordered from Rust ([`Faults::order`]), over HTTP (`POST /__sandbox/faults`) and by a magic word in a name
//! or key ([`magic`] has the grammar). [`Fault`] documents them, [`When`] the moments.
//!
//! | fault | `"fault"` on the wire | its fields | magic word |
//! |---|---|---|---|
//! | the connect is refused | `refuseConnect` | | `faultRefuse` |
//! | accepted, never answered | `neverAnswer` | | `faultNeverAnswer` |
//! | HTTP 401, 403, 500 | `unauthorized`, `forbidden`, `serverError` | | `faultUnauthorized`, `faultForbidden`, `faultServerError` |
//! | HTTP 429, 503 | `rateLimited`, `unavailable` | `retryAfter` | `faultRateLimited`, `faultUnavailable` |
//! | a redirect | `redirect` | `status`, `location` | `faultRedirect` |
//! | a page of HTML | `html` | `status` | `faultHtml` |
//! | half a body | `partialBody` | | `faultPartialBody` |
//! | a reset | `dropTcp` | | `faultDrop` |
//! | an end without a close frame | `fin` | | `faultFin` |
//! | a reset in the middle of a frame | `tornFrame` | | `faultTorn` |
//! | reads nothing, sends nothing | `halfOpen` | | `faultHalfOpen` |
//! | reads nothing | `stopReading` | | `faultStopReading` |
//! | sends nothing | `silence` | | `faultSilence` |
//! | every message is late | `slow` | `delayMs` | `faultSlow` |
//! | pongs are late, or missing | `delayPongs`, `dropPongs` | `delayMs` | `faultSlowPongs`, `faultNoPongs` |
//! | a close frame | `close` | `code`, `reason` | `faultClose` |
//! | a text that is not JSON | `garbageText` | | `faultGarbage` |
//! | a text that is not UTF-8 | `invalidUtf8` | | `faultInvalidUtf8` |
//! | a reserved bit, an unknown opcode, a masked frame | `reservedBits`, `badOpcode`, `maskedFrame` | | `faultReservedBits`, `faultBadOpcode`, `faultMasked` |
//! | a message in a binary frame | `binary` | | `faultBinary` |
//! | a message of an unknown type | `unknownMessage` | | `faultUnknown` |
//! | a message with a broken field | `brokenField` | `field` | `faultBroken` |
//! | a message twice | `duplicate` | | `faultDuplicate` |
//! | an earlier message again | `stale` | | `faultStale` |
//! | a message of 2 MiB | `huge` | `bytes` | `faultHuge` |
//! | a million tiny fragments | `fragments` | `count` | `faultFragments` |
//! | the key is refused, in the platform's own words | | | `faultRevoked` |
//!
//! # The control endpoint
//!
//! | request | what it does |
//! |---|---|
//! | `GET /__sandbox` | the state: seed, speed, connections, open WebSockets, pending orders, how many faults happened |
//! | `GET /__sandbox/faults` | the names of the faults, the magic words, the pending orders, the log of what happened |
//! | `POST /__sandbox/faults` | orders a fault, or a list of them; answers 201 with their numbers |
//! | `DELETE /__sandbox/faults` | forgets the pending orders |
//! | `POST /__sandbox/reset` | starts afresh under the same seed, and closes the WebSockets with code 1012 |
//! | `POST /__sandbox/seed` | `{"seed": N}`: the same under another seed |
//!
//! A mistake is answered 400 with `{"error": …}` that says what is wrong. An order looks like this:
//!
//! ```json
//! {"fault": "close", "code": 4001, "reason": "bye", "when": {"sent": "your_turn"}, "times": 1, "skip": 0, "only": "agent-1"}
//! ```
//!
//! # Repeatable
//!
//! Faults are counted, never drawn: the same orders and the same messages give the same faults. What a platform draws,
//! it draws from its [`Seed`].

mod broken;
mod control;
mod dialect;
mod fault;
mod faults;
mod frame;
mod io;
pub mod magic;
mod order;
mod peer;
mod recent;
mod request;
mod seed;
mod server;
mod timekeeper;
mod timers;
mod upgrade;

pub use control::CONTROL_PATH;
pub use dialect::Dialect;
pub use fault::{Fault, MAX_DELAY_MS, MAX_FRAGMENTS, MAX_HUGE};
pub use faults::{Faults, Injection, MAX_LOG, MAX_ORDERS, OrderId, Pending};
pub use order::{Order, When};
pub use peer::{CLOSE_WAIT, Incoming, KEPT_MESSAGES, Peer, SEND_DEADLINE};
pub use recent::{MAX_RECENT, MAX_RECENT_TEXT, Progress, Recent, RecentKind, Sender};
pub use seed::Seed;
pub use server::{PeerInfo, SHUTDOWN_WAIT, Server, ServerOptions, serve};
pub use timekeeper::{Timed, Timekeeper};
pub use timers::{TimerKey, Timers};
pub use upgrade::{MAX_MESSAGE_SIZE, Upgrade, UpgradeRejection};
