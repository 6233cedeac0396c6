//! Passing requests on to an HTTP server that is there already, in whatever language it is written.
//!
//! | file | what it is |
//! |---|---|
//! | `target` | the one server that requests go to, and the connector that dials nothing else |
//! | `outbound` | the request as that server gets it |
//! | `answer` | its answer as a reply that the platform lets through |
//! | `encoding`, `charset` | bytes back to text |

mod answer;
mod charset;
mod encoding;
mod outbound;
mod target;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming as LocalBody};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sdk_core::env::Env;
use sdk_core::error::{Error, Result, codes as core_codes};

use self::answer::{Answer, too_large};
use self::target::{Connector, Target};
use super::incoming::Incoming;
use super::reply::Reply;
use super::responder::Responder;
use super::service::DEFAULT_MAX_BODY;
use crate::codes;

/// The port that the platform's own tunnel scripts forward to unless `LOCAL_PORT` says otherwise (spec, step 4).
pub const DEFAULT_LOCAL_PORT: u16 = 8900;
/// How long a connection to the local server may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next request. Servers in Node and Python close an idle one after 5 s: a request
/// that meets the closing is lost, so it must not come that late.
const KEPT_IDLE: Duration = Duration::from_secs(4);
/// How many idle connections are kept.
const MAX_IDLE: usize = 256;

type Local = legacy::Client<Connector, Full<Bytes>>;

/// A responder that passes every request on to an HTTP server on this machine: the drop-in replacement for the platform's
/// `tunnel.js` and `tunnel.py`. Made by [`forward_to`].
///
/// ```no_run
/// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
/// use botroulette_sdk::forward_to;
///
/// client.serve(forward_to("127.0.0.1:8900")?).run().await
/// # }
/// ```
///
/// # Where requests go
/// To that server alone, over one pool of kept connections. A request's path cannot change that, whatever is in it (`@`,
/// `//`, `\`, a whole URL, line breaks): it begins with one slash, and what has no place in a path is encoded. Redirects go
/// back to the caller; none is followed.
///
/// # What goes there
/// Method, path, query, body and headers as they came. Left out are the headers of the connection (RFC 9110, 7.6.1), those
/// that say how long the body is, `Host` and `Expect`, which are made anew, and `Forwarded`, `X-Forwarded-*` and `X-Real-IP`:
/// here they are a stranger's claims, which frameworks like to believe ([`trust_forwarded`](Self::trust_forwarded)).
///
/// `Accept-Encoding` is always `identity`, whatever the caller wanted: the tunnel carries text, so whatever is compressed
/// here would have to be undone here.
///
/// # What comes back
/// | the server's answer | what the caller gets |
/// |---|---|
/// | a JSON object | the same, `<` escaped |
/// | other JSON, or text | the same in `{"reply": …}` |
/// | compressed all the same (gzip, deflate, br, zstd), or in another charset (Latin-1, UTF-16) | the text |
/// | HTML | 502, or the server's own status where that was an error |
/// | pictures, bytes, an unknown encoding, more than the limit | the same |
/// | no connection, or one that breaks | 502 `{"error": "local server unreachable", …}` |
/// | nothing within the deadline ([`Serve::deadline`](crate::Serve::deadline)) | 504 `{"error": "timeout", …}`; the local request is given up |
///
/// These are refusals, not failures of a responder: [`Serve::errors_as_200`](crate::Serve::errors_as_200) does not change them,
/// but for the 504.
///
/// Where an answer was not passed on, the bot's author is told what it was and where
/// ([`TunnelEvent::HandlerFailed`](crate::TunnelEvent::HandlerFailed), and the log). A request is never sent twice: one
/// whose connection broke may have been read.
#[derive(Clone)]
pub struct Forwarder {
    target: Target,
    local: Local,
    max_body: usize,
    trusts_forwarded: bool,
}

/// A responder that passes every request on to an HTTP server on this machine: `127.0.0.1:8900`, `localhost:8900`,
/// `[::1]:8900`, or a port alone. See [`Forwarder`].
///
/// # Errors
/// [`INVALID_CONFIG`](core_codes::INVALID_CONFIG) with the field `target`, when it is no such address, or another
/// machine's ([`Forwarder::to_another_machine`]).
pub fn forward_to(target: &str) -> Result<Forwarder> {
    Target::read(target, false).map(Forwarder::new)
}

impl Forwarder {
    fn new(target: Target) -> Self {
        let connector = Connector { target: target.clone(), patience: CONNECT_TIMEOUT };
        let local = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEPT_IDLE)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        Self { target, local, max_body: DEFAULT_MAX_BODY, trusts_forwarded: false }
    }

    /// As [`forward_to`], to a server that may be on another machine: a container beside this one, say. Its name is looked
    /// up once, here, which may block for a moment. The requests travel unencrypted.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](core_codes::INVALID_CONFIG) with the field `target`, when it is no address, or a name that nobody
    /// knows.
    pub fn to_another_machine(target: &str) -> Result<Self> {
        Target::read(target, true).map(Self::new)
    }

    /// As the platform's own tunnel scripts read it: to `127.0.0.1` at the port in `LOCAL_PORT`, or else at
    /// [`DEFAULT_LOCAL_PORT`]. Their other variable, `BOTROULETTE_API_KEY`, is for [`Client::from_env`](crate::Client::from_env).
    /// A `.env` file in the working directory counts too; the environment wins.
    ///
    /// # Errors
    /// [`INVALID_ENV`](core_codes::INVALID_ENV) when `LOCAL_PORT` is no port.
    pub fn from_env() -> Result<Self> {
        Self::with_env(&Env::read()?)
    }

    /// As [`from_env`](Self::from_env), from settings that were read already.
    ///
    /// ```
    /// use botroulette_sdk::Forwarder;
    /// use botroulette_sdk::sdk_core::env::Env;
    ///
    /// let forwarder = Forwarder::with_env(&Env::from_text("LOCAL_PORT=3000"))?;
    /// assert_eq!(forwarder.target(), "127.0.0.1:3000");
    /// # Ok::<(), botroulette_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn with_env(env: &Env) -> Result<Self> {
        let port = match env.get("LOCAL_PORT") {
            None => DEFAULT_LOCAL_PORT,
            Some(text) => text.trim().parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                let what = "LOCAL_PORT is not a port: a number from 1 to 65535";
                Error::new(&core_codes::INVALID_ENV, what).with_field("LOCAL_PORT")
            })?,
        };
        forward_to(&port.to_string())
    }

    /// How large the server's answer may be, in bytes, compressed and not. Default 10 MiB. [`Serve::max_body`] bounds
    /// requests, and replies once more.
    ///
    /// [`Serve::max_body`]: crate::Serve::max_body
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Passes `Forwarded`, `X-Forwarded-*` and `X-Real-IP` on. By default they stay here: whoever calls the tunnel's public
    /// address can write anything into them.
    #[must_use]
    pub fn trust_forwarded(mut self) -> Self {
        self.trusts_forwarded = true;
        self
    }

    /// Where requests go: `127.0.0.1:8900`.
    pub fn target(&self) -> &str {
        self.target.authority.as_str()
    }

    fn unreachable(&self, words: &str, error: &(dyn std::error::Error + 'static)) -> Reply {
        // A dial's own words name the address.
        let dial = chain(error).find_map(|error| error.downcast_ref::<Error>());
        let what = dial.map_or_else(
            || format!("{}: {}", self.target(), causes(error)),
            |dial| dial.message().to_owned(),
        );
        Reply::error(502, words).with_notice(Error::new(&codes::LOCAL_UNREACHABLE, what))
    }

    async fn read(&self, response: Response<LocalBody>, request: &str) -> Reply {
        let (head, mut body) = response.into_parts();
        // What says how long it is need not be read to be refused.
        if body.size_hint().lower() > self.max_body as u64 {
            return too_large(head.status, request, self.max_body);
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) if data.len() > self.max_body - bytes.len() => {
                    return too_large(head.status, request, self.max_body);
                }
                Ok(Ok(data)) => bytes.extend_from_slice(&data),
                // Trailers.
                Ok(Err(_)) => {}
                Err(error) => return self.unreachable("local server broke the connection", &error),
            }
        }
        let limit = self.max_body;
        Answer { status: head.status, headers: head.headers, body: bytes, limit, request }.into_reply()
    }
}

impl Responder for Forwarder {
    async fn reply(&self, incoming: Incoming) -> Result<Reply> {
        let request = match outbound::request(&incoming, &self.target.authority, self.trusts_forwarded) {
            Ok(request) => request,
            Err((status, words)) => return Ok(Reply::error(status, words)),
        };
        let shown = format!("{} {}", request.method(), request.uri().path());
        drop(incoming);
        match self.local.request(request).await {
            Ok(response) => Ok(self.read(response, &sdk_core::wire::excerpt(&shown)).await),
            Err(error) if error.is_connect() => Ok(self.unreachable("local server unreachable", &error)),
            Err(error) => Ok(self.unreachable("local server broke the connection", &error)),
        }
    }

    fn takes_every_path(&self) -> bool {
        true
    }
}

/// An error's words, and those of what is below it.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder")
            .field("target", &self.target())
            .field("max_body", &self.max_body)
            .field("trusts_forwarded", &self.trusts_forwarded)
            .finish_non_exhaustive()
    }
}
