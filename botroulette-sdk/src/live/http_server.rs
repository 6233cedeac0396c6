//! A responder as an HTTP server of its own, for bots with an `endpoint_url` (feature `server`).

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming as HttpBody};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes as core_codes};
use sdk_core::shutdown::{Phase, Shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout_at};

use super::incoming::Incoming;
use super::responder::Responder;
use super::response::Response;
use super::service::{Answered, Rules, Service, busy};
use crate::limits::{DEFAULT_AT_ONCE, DEFAULT_DEADLINE, DEFAULT_LOCAL_PORT};

/// How many connections are open at once; the next one waits to be taken.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a caller may take for the headers of a request, and how long a connection may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long nothing is accepted when the system has no more files for us.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A responder as an HTTP server of its own: for a bot that is registered with an `endpoint_url` instead of a tunnel, and
/// for trying a bot out with `curl`.
///
/// ```no_run
/// # async fn example() -> botroulette_sdk::Result<()> {
/// use botroulette_sdk::{HttpServer, Incoming, responder};
///
/// let parrot = responder(|request: Incoming| async move { Ok(request.message()?.to_uppercase()) });
/// HttpServer::new(parrot).run().await // on 127.0.0.1:8900
/// # }
/// ```
///
/// It answers `POST /`, `POST /api/chat` and `GET /health` (spec, step 3), everything with JSON: a path that is not there
/// (404), another method (405), a body that is too large (413), one that is no text or no JSON (400), one that does not come
/// (408), too many requests at once (503), and the responder's own failures as [`Responder`] says. What its author should know
/// is in the log.
///
/// It listens on this machine alone unless told otherwise, speaks plain HTTP/1.1, and knows no passwords: on the internet it
/// belongs behind a reverse proxy with TLS. [`CostGuard`](crate::CostGuard) bounds what strangers can spend.
#[must_use = "nothing happens until it runs or starts"]
pub struct HttpServer<R> {
    responder: R,
    addr: SocketAddr,
    rules: Rules,
    max_at_once: usize,
    drain_limit: Duration,
    shutdown: Shutdown,
}

impl<R: Responder> HttpServer<R> {
    /// On `127.0.0.1:8900`, as the spec's sample servers.
    pub fn new(responder: R) -> Self {
        Self {
            responder,
            addr: (Ipv4Addr::LOCALHOST, DEFAULT_LOCAL_PORT).into(),
            rules: Rules::default(),
            max_at_once: DEFAULT_AT_ONCE,
            drain_limit: DEFAULT_DEADLINE,
            shutdown: Shutdown::new(),
        }
    }

    /// Another address; port 0 is one that is free. An address that is not loopback can be reached by others, past whatever
    /// the platform holds back: the log warns of it.
    pub fn bind(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.addr = addr.into();
        self
    }

    /// How long a request may take, its body included, before it is answered with 504 (408 where the body did not come). Default
    /// 25 s.
    pub fn deadline(mut self, span: Duration) -> Self {
        self.rules.deadline = span;
        self
    }

    /// How large the body of a request and of a reply may be, in bytes. Default 10 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.rules.max_body = bytes;
        self
    }

    /// How many requests are answered at once. The next one is refused with 503. Default 256.
    pub fn max_at_once(mut self, requests: usize) -> Self {
        self.max_at_once = requests;
        self
    }

    /// Answers 200 where the responder failed, as [`Serve::errors_as_200`](crate::Serve::errors_as_200).
    pub fn errors_as_200(mut self) -> Self {
        self.rules.errors_as_200 = true;
        self
    }

    /// How long a graceful stop waits for the requests that are being answered. Default 25 s.
    pub fn drain_limit(mut self, span: Duration) -> Self {
        self.drain_limit = span;
        self
    }

    /// Stops with everything else that shares this [`Shutdown`].
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// Serves until the [`Shutdown`] says otherwise.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// Dropping the future drops every connection at once.
    pub async fn run(self) -> Result<()> {
        let (listener, server) = self.listen().await?;
        server.serve(listener).await;
        Ok(())
    }

    /// Listens, and serves in a task of its own until the handle is dropped.
    ///
    /// # Errors
    /// [`LOCAL_IO`](core_codes::LOCAL_IO) when the address cannot be listened on;
    /// [`INVALID_CONFIG`](core_codes::INVALID_CONFIG) for a limit of zero.
    pub async fn start(self) -> Result<RunningServer> {
        let (listener, server) = self.listen().await?;
        let addr = server.addr;
        // The server's own, so that dropping the handle stops nobody else.
        let (stop, stopped) = (server.stop.clone(), server.stopped.subscribe());
        tokio::spawn(async move { server.serve(listener).await });
        Ok(RunningServer { addr, stop, stopped })
    }

    async fn listen(self) -> Result<(TcpListener, Server<R>)> {
        for (field, count) in [("max_at_once", self.max_at_once), ("max_body", self.rules.max_body)] {
            if count == 0 {
                return Err(Error::invalid_config(field, format!("{field} must be at least 1")));
            }
        }
        for (field, span) in [("deadline", self.rules.deadline), ("drain_limit", self.drain_limit)] {
            if span.is_zero() || span > Duration::from_secs(24 * 60 * 60) {
                let what = format!("{field} must be above 0 and at most 24 h, not {span:?}");
                return Err(Error::invalid_config(field, what));
            }
        }
        let wanted = self.addr;
        let cannot = |error| {
            Error::new(&core_codes::LOCAL_IO, format!("cannot listen on {wanted}")).with_source(error)
        };
        let listener = TcpListener::bind(wanted).await.map_err(cannot)?;
        let addr = listener.local_addr().map_err(cannot)?;
        if !addr.ip().is_loopback() {
            tracing::warn!(%addr, "the bot listens beyond this machine: everybody who reaches it can call it");
        }
        let server = Server {
            addr,
            service: Service::new(self.responder, self.rules),
            at_once: Arc::new(Semaphore::new(self.max_at_once.min(Semaphore::MAX_PERMITS))),
            drain_limit: self.drain_limit,
            shutdown: self.shutdown,
            stop: watch::Sender::new(Phase::Running),
            stopped: watch::Sender::new(false),
        };
        Ok((listener, server))
    }
}

impl<R> fmt::Debug for HttpServer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("addr", &self.addr)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A server that runs, made by [`HttpServer::start`]. When it is dropped, the server stops and drops its connections.
pub struct RunningServer {
    addr: SocketAddr,
    stop: watch::Sender<Phase>,
    stopped: watch::Receiver<bool>,
}

impl RunningServer {
    /// The address that it listens on, with the port that was chosen.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no new request, finishes those that are being answered, and returns when that is done, within the drain limit.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connections at once.
    pub async fn drain(self) {
        self.stop.send_replace(Phase::Draining);
        // An error means that its task is gone, and the server with it.
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.send_replace(Phase::Stopping);
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

struct Server<R> {
    addr: SocketAddr,
    service: Service<R>,
    at_once: Arc<Semaphore>,
    drain_limit: Duration,
    shutdown: Shutdown,
    /// The handle's wish, beside everybody's.
    stop: watch::Sender<Phase>,
    stopped: watch::Sender<bool>,
}

impl<R: Responder> Server<R> {
    async fn serve(self, listener: TcpListener) {
        let (all, own) = (self.shutdown.subscribe(), self.stop.subscribe());
        let until = |phase: Phase| {
            let (mut all, mut own) = (all.clone(), own.clone());
            async move {
                tokio::select! {
                    () = reached(&mut all, phase) => {}
                    () = reached(&mut own, phase) => {}
                }
            }
        };
        let leaving = watch::Sender::new(false);
        let mut connections = JoinSet::new();
        {
            let mut draining = pin!(until(Phase::Draining));
            loop {
                tokio::select! {
                    biased;
                    () = &mut draining => break,
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                        Ok((stream, _)) => {
                            let connection = Connection {
                                service: self.service.clone(),
                                at_once: Arc::clone(&self.at_once),
                                leaving: leaving.subscribe(),
                            };
                            connections.spawn(connection.serve(stream));
                        }
                        Err(error) => {
                            tracing::warn!(%error, "a connection could not be accepted");
                            sleep(ACCEPT_PAUSE).await;
                        }
                    },
                }
            }
        }
        drop(listener);
        leaving.send_replace(true);
        let limit = Instant::now() + self.drain_limit;
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = until(Phase::Stopping) => {}
            () = sleep_until(limit) => {
                tracing::warn!(connections = connections.len(), "requests were still being answered at the end");
            }
        }
        connections.shutdown().await;
        self.stopped.send_replace(true);
    }
}

/// Waits until it is this far; for ever when nobody is left who could say so.
async fn reached(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    let reached = phases.wait_for(|now| *now >= phase).await.is_ok();
    if !reached {
        std::future::pending().await
    }
}

struct Connection<R> {
    service: Service<R>,
    at_once: Arc<Semaphore>,
    leaving: watch::Receiver<bool>,
}

impl<R: Responder> Connection<R> {
    async fn serve(self, stream: TcpStream) {
        // A system that refuses still works.
        let _ = stream.set_nodelay(true);
        let Self { service, at_once, mut leaving } = self;
        let answer = service_fn(move |request| {
            let (service, at_once) = (service.clone(), Arc::clone(&at_once));
            async move { Ok::<_, Infallible>(written(answer(service, at_once, request).await)) }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), answer)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = async { drop(leaving.wait_for(|leaving| *leaving).await) } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a caller's connection ended in trouble");
        }
    }
}

/// Answers one request.
async fn answer<R: Responder>(
    service: Service<R>,
    at_once: Arc<Semaphore>,
    request: Request<HttpBody>,
) -> Response {
    let Ok(_permit) = at_once.try_acquire() else { return busy() };
    let deadline = Instant::now() + service.rules().deadline;
    let limit = service.rules().max_body;
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > limit as u64 {
        return too_large(limit);
    }
    let body = match timeout_at(deadline, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(limit),
        Ok(Err(_)) => return refusal(400, "broken request", "The request did not come whole."),
        Err(_) => return refusal(408, "request timeout", "The request did not come in time."),
    };
    let Ok(body) = String::from_utf8(body.into()) else {
        return refusal(400, "invalid UTF-8", "Please send JSON with a text in the field `message`.");
    };
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let request =
        Incoming::from_parts(head.method.as_str(), path, query, head.headers, body).with_deadline(deadline);
    if let Some(response) = service.without_responder(&request) {
        return response;
    }
    let Answered { response, notice } = service.answer(request).await;
    if let Some(error) = notice {
        tracing::error!(error = %error.chain(), "the responder failed");
    }
    response
}

fn too_large(limit: usize) -> Response {
    refusal(413, "message too long", &format!("A request may have {limit} bytes at most."))
}

/// A refusal of a request that was not read to its end: the connection is of no more use.
fn refusal(status: u16, error: &str, reply: &str) -> Response {
    Response::refusal(status, error, reply).with_header(CONNECTION, HeaderValue::from_static("close"))
}

fn written(response: Response) -> http::Response<Full<Bytes>> {
    let Response { status, headers, body } = response;
    let mut written = http::Response::new(Full::new(Bytes::from(body)));
    *written.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *written.headers_mut() = headers;
    written
}
