//! Serving a platform's router on loopback.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::control;
use super::dialect::Dialect;
use super::fault::Fault;
use super::faults::{Faults, Moment};
use super::io::{Cut, FaultyStream, Line, Told};
use super::peer::{KEPT_MESSAGES, Kept};
use super::recent::{Recent, Recorder};
use super::request;
use super::seed::Seed;
use crate::clock::Clock;
use crate::error::{Error, Result, codes};
use crate::secret::Secret;

/// How long [`Server::shutdown`] waits for sessions to end before it aborts them.
pub const SHUTDOWN_WAIT: Duration = Duration::from_secs(2);

/// The most agents whose earlier messages are kept.
const MAX_KEPT_AGENTS: usize = 1_024;

type OnReset = dyn Fn(Seed) + Send + Sync;

/// How a sandbox is served.
///
/// ```
/// use sdk_core::clock::Clock;
/// use sdk_core::sandbox::{Dialect, Faults, Seed, ServerOptions};
///
/// let options = ServerOptions::new()
///     .seed(Seed(7))
///     .clock(Clock::scaled(10.0))
///     .faults(Faults::new())
///     .dialect(Dialect::default().turn("your_turn").action("make_move"))
///     .on_reset(|seed| println!("matches start afresh under {seed:?}"));
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct ServerOptions {
    addr: SocketAddr,
    clock: Clock,
    seed: Seed,
    faults: Faults,
    dialect: Dialect,
    allow_non_loopback: bool,
    hosts: Vec<String>,
    recent: usize,
    plain: bool,
    on_reset: Arc<OnReset>,
}

impl ServerOptions {
    /// A free port of 127.0.0.1, real time, seed 0, no faults, the default dialect.
    pub fn new() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::real(),
            seed: Seed(0),
            faults: Faults::new(),
            dialect: Dialect::default(),
            allow_non_loopback: false,
            hosts: Vec::new(),
            recent: 0,
            plain: false,
            on_reset: Arc::new(|_| {}),
        }
    }

    /// Where to listen. An address that is not loopback needs [`ServerOptions::allow_non_loopback`].
    #[must_use]
    pub fn addr(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.addr = addr.into();
        self
    }

    /// The time that the platform's matches live in. Faults and heartbeats are never scaled.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The seed of the platform's random choices.
    #[must_use]
    pub fn seed(mut self, seed: impl Into<Seed>) -> Self {
        self.seed = seed.into();
        self
    }

    /// The book of faults.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// How the platform's messages look.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Lets everybody who can reach this machine in: for a container or a second machine of one's own. The sandbox hands
    /// out keys to anybody, and obeys anybody's `/__sandbox`.
    #[must_use]
    pub fn allow_non_loopback(mut self, allow: bool) -> Self {
        self.allow_non_loopback = allow;
        self
    }

    /// A host name under which the sandbox is reached beside loopback and literal addresses, such as a container's name.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// How many messages and requests are kept for [`Server::recent`], at most
    /// [`MAX_RECENT`](super::MAX_RECENT). Default 0: none, and nothing is looked at.
    #[must_use]
    pub fn recent(mut self, count: usize) -> Self {
        self.recent = count;
        self
    }

    /// Serves the router alone: without control endpoint, faults and magic words. For a page beside the sandboxes; the
    /// check of `Host` and `Origin` stays.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    /// What the platform does at a reset: forget every match and agent, and draw from this seed from now on. It is
    /// called after the faults were cleared, and before the WebSockets are closed with code 1012. It must not block.
    #[must_use]
    pub fn on_reset(mut self, reset: impl Fn(Seed) + Send + Sync + 'static) -> Self {
        self.on_reset = Arc::new(reset);
        self
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("addr", &self.addr)
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .field("dialect", &self.dialect)
            .field("allow_non_loopback", &self.allow_non_loopback)
            .field("hosts", &self.hosts)
            .field("recent", &self.recent)
            .field("plain", &self.plain)
            .finish_non_exhaustive()
    }
}

/// What the tasks of one server share.
pub(crate) struct Shared {
    pub(crate) faults: Faults,
    pub(crate) dialect: Dialect,
    pub(crate) clock: Clock,
    pub(crate) stopping: CancellationToken,
    pub(crate) hosts: Vec<String>,
    pub(crate) allow_non_loopback: bool,
    pub(crate) plain: bool,
    /// `None` where nothing is kept.
    pub(crate) recorder: Option<Recorder>,
    seed: AtomicU64,
    on_reset: Arc<OnReset>,
    accepted: AtomicU64,
    open: Arc<AtomicUsize>,
    lines: Mutex<Vec<Weak<Line>>>,
    kept: Mutex<HashMap<String, Kept>>,
    /// `None` once the server takes no new tasks.
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// A request's connection, in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) line: Arc<Line>,
    pub(crate) server: Arc<Shared>,
}

/// A WebSocket that is open now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PeerInfo {
    /// The connection's number.
    pub id: u64,
    /// The path that it was opened with, without the query.
    pub path: String,
    /// The labels that the platform gave it: whose it is.
    pub labels: Vec<String>,
    /// How many messages the server sent.
    pub sent: u64,
    /// How many messages the client sent.
    pub received: u64,
}

/// Serves a platform's router, the control endpoint `/__sandbox` beside it, over HTTP/1.1 with upgrades.
///
/// Requests whose `Host` is not loopback, or whose `Origin` is present and not the sandbox's own, are answered 403: a web
/// page that somebody visits must not play with a sandbox on the same machine.
///
/// ```
/// use axum::{Router, routing::get};
/// use sdk_core::sandbox::{ServerOptions, serve};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let router = Router::new().route("/health", get(async || "fine"));
/// let server = serve(ServerOptions::new(), router).await?;
/// println!("serving on {}", server.base_url());
/// server.shutdown().await;
/// # Ok::<(), sdk_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
/// `invalid_config` when the address is not loopback and that was not allowed; `local_io` when it cannot be bound.
pub async fn serve(options: ServerOptions, router: Router) -> Result<Server> {
    let ServerOptions {
        addr,
        clock,
        seed,
        faults,
        dialect,
        allow_non_loopback,
        hosts,
        recent,
        plain,
        on_reset,
    } = options;
    if !addr.ip().is_loopback() {
        if !allow_non_loopback {
            return Err(Error::invalid_config(
                "addr",
                format!("{addr} is not loopback; anybody who reaches this machine could use the sandbox"),
            ));
        }
        tracing::warn!(%addr, "the sandbox listens beyond this machine: everybody who reaches it may use it");
    }
    let cannot = |error| Error::new(&codes::LOCAL_IO, format!("cannot listen on {addr}")).with_source(error);
    let listener = TcpListener::bind(addr).await.map_err(cannot)?;
    let addr = listener.local_addr().map_err(cannot)?;
    // Listening everywhere is listening on loopback too, and nobody can connect to everywhere.
    let shown = match addr.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let base_url = Url::parse(&format!("http://{}/", SocketAddr::new(shown, addr.port())))
        .map_err(|error| Error::new(&codes::LOCAL_IO, format!("{addr} has no URL")).with_source(error))?;
    let shared = Arc::new(Shared {
        faults,
        dialect,
        clock,
        stopping: CancellationToken::new(),
        hosts,
        allow_non_loopback,
        plain,
        recorder: Recorder::new(recent),
        seed: AtomicU64::new(seed.0),
        on_reset,
        accepted: AtomicU64::new(0),
        open: Arc::default(),
        lines: Mutex::default(),
        kept: Mutex::default(),
        tasks: Mutex::new(Some(JoinSet::new())),
    });
    let control = control::router(shared.clone());
    shared.spawn(accept(listener, shared.clone(), router, control));
    Ok(Server { addr, base_url, shared })
}

/// A sandbox that is being served. Dropping it aborts every session and closes every socket; [`Server::shutdown`] does
/// the same politely.
pub struct Server {
    addr: SocketAddr,
    base_url: Url,
    shared: Arc<Shared>,
}

impl Server {
    /// The address that it listens on, with the port that was chosen.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT/`. A server that listens on every address is named by its loopback one.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The book of faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// How the platform's messages look.
    pub fn dialect(&self) -> &Dialect {
        &self.shared.dialect
    }

    /// The time that the platform's matches live in.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The seed, as it was set last.
    pub fn seed(&self) -> Seed {
        self.shared.seed()
    }

    /// How many TCP connections are open now.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// How many TCP connections were accepted so far, those that were refused by a fault included.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted()
    }

    /// The WebSockets that are open now, by number.
    pub fn peers(&self) -> Vec<PeerInfo> {
        self.shared.peers()
    }

    /// The last messages and requests, oldest first, without keys: as many as [`ServerOptions::recent`] says. The control
    /// endpoint's are not among them.
    ///
    /// Removed are the values of fields, parameters and headers whose name says that they hold a key, token, password,
    /// signature or seed phrase; these values wherever else they stand; what [`hide`](Self::hide) was told; and what looks
    /// like a key or a seed phrase.
    pub fn recent(&self) -> Vec<Recent> {
        self.shared.recorder.as_ref().map(Recorder::all).unwrap_or_default()
    }

    /// Says that this text is a secret, so that [`recent`](Self::recent) never shows it: a key that was handed out.
    pub fn hide(&self, secret: &Secret) {
        if let Some(recorder) = &self.shared.recorder {
            recorder.hide(secret);
        }
    }

    /// Runs a task of the platform (an arena, a house agent) that ends with the server.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.shared.spawn(task);
    }

    /// Cancelled when the server shuts down: for the platform's own tasks.
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stopping.clone()
    }

    /// Starts afresh, as `POST /__sandbox/reset` does: forgets the faults and their counts, lets the platform forget its
    /// state, and closes the WebSockets with code 1012.
    pub fn reset(&self) {
        self.shared.reset(self.seed());
    }

    /// Closes every WebSocket with code 1001, ends every task, and returns when they have ended: within
    /// [`SHUTDOWN_WAIT`] of the machine's time.
    pub async fn shutdown(self) {
        self.shared.stopping.cancel();
        let tasks = self.shared.tasks().take();
        if let Some(mut tasks) = tasks {
            let drained = timeout(SHUTDOWN_WAIT, async { while tasks.join_next().await.is_some() {} }).await;
            if drained.is_err() {
                tasks.shutdown().await;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.cancel();
        // Dropping the set aborts its tasks; their sockets close with them, and at once where a task is busy.
        drop(self.shared.tasks().take());
        for line in self.shared.live_lines() {
            line.cut(Cut::Fin);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .field("seed", &self.seed())
            .field("connections", &self.connections())
            .field("faults", &self.shared.faults)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.tasks().as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed(self.seed.load(Ordering::Acquire))
    }

    pub(crate) fn connections(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    pub(crate) fn peers(&self) -> Vec<PeerInfo> {
        let info = |line: Arc<Line>| PeerInfo {
            id: line.id(),
            path: line.path(),
            labels: line.labels(),
            sent: line.sent.load(Ordering::Relaxed),
            received: line.received.load(Ordering::Relaxed),
        };
        self.live_lines().into_iter().filter(|line| line.is_websocket()).map(info).collect()
    }

    pub(crate) fn reset(&self, seed: Seed) {
        self.seed.store(seed.0, Ordering::Release);
        self.faults.reset();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(recorder) = &self.recorder {
            recorder.clear();
        }
        (self.on_reset)(seed);
        for line in self.live_lines() {
            if line.is_websocket() {
                line.tell(Told::Close(1012, "the sandbox was reset"));
            }
        }
    }

    /// The earlier messages to an agent, joined by those of its new connection.
    pub(crate) fn kept_for(&self, label: &str, new: &Kept) -> Kept {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KEPT_AGENTS && !all.contains_key(label) {
            return new.clone();
        }
        let kept = all.entry(label.to_owned()).or_default();
        if !Arc::ptr_eq(kept, new) {
            let new = std::mem::take(&mut *new.lock().unwrap_or_else(PoisonError::into_inner));
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(new);
            let surplus = kept.len().saturating_sub(KEPT_MESSAGES);
            kept.drain(..surplus);
        }
        kept.clone()
    }

    fn live_lines(&self) -> Vec<Arc<Line>> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter_map(Weak::upgrade).filter(|line| line.is_open()).collect()
    }

    fn tasks(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, unless a fault refuses it.
    fn admit(&self, socket: TcpStream) -> Option<Arc<Line>> {
        let id = self.accepted.fetch_add(1, Ordering::AcqRel) + 1;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn Nagle's algorithm off");
        }
        let line = Line::new(id, socket, self.open.clone());
        if let Some(taken) = self.faults.take(Moment::Accept, Some(&line)) {
            self.faults.happened(Some(taken.id), &taken.fault, &taken.when, id);
            if taken.fault == Fault::RefuseConnect {
                line.cut(Cut::Rst);
                return None;
            }
            line.carry_out(&taken.fault);
        }
        self.faults.watch(&line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|line| line.strong_count() > 0);
        lines.push(Arc::downgrade(&line));
        Some(line)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// The same text always gives the same number, within one build.
pub(crate) fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, router: Router, control: Router) {
    loop {
        let accepted = tokio::select! {
            () = shared.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                if let Some(line) = shared.admit(socket) {
                    shared.spawn(serve_connection(line, shared.clone(), router.clone(), control.clone()));
                }
            }
            Err(error) => {
                // Out of file descriptors, or the client is gone already: neither is mended by asking again at once.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve_connection(line: Arc<Line>, server: Arc<Shared>, router: Router, control: Router) {
    let connection = Connection { line: line.clone(), server: server.clone() };
    let service = service_fn(move |incoming: hyper::Request<hyper::body::Incoming>| {
        let (connection, router, control) = (connection.clone(), router.clone(), control.clone());
        async move {
            let mut incoming = incoming.map(Body::new);
            incoming.extensions_mut().insert(connection.clone());
            let answer = request::handle(
                &connection,
                incoming,
                TowerToHyperService::new(router),
                TowerToHyperService::new(control),
            );
            Ok::<_, Infallible>(answer.await)
        }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(FaultyStream(line.clone())), service);
    let mut served = pin!(served.with_upgrades());
    let result = tokio::select! {
        result = served.as_mut() => result,
        () = server.stopping.cancelled() => {
            if line.is_deaf() {
                line.cut(Cut::Rst);
            }
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}
