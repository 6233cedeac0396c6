//! The byte stream under a connection, which can be cut, muted and deafened from anywhere.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::fault::{Fault, Layer};
use super::faults::Taken;
use super::order::Order;

/// How many times unread bytes are read before a connection ends all the same.
const MAX_SCRAPS: usize = 256;

/// How long a connection is kept after the server has stopped reading it. A client that has not noticed by then never will.
pub(crate) const DEAF_FOR: Duration = Duration::from_secs(10 * 60);

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A reset.
    Rst,
    /// An orderly end of the TCP stream.
    Fin,
}

/// What somebody else wants of the task that owns a WebSocket.
#[derive(Debug)]
pub(crate) enum Told {
    Fault(Taken),
    Close(u16, &'static str),
}

/// One accepted TCP connection, as everybody but its own task sees it.
#[derive(Debug)]
pub(crate) struct Line {
    id: u64,
    open: Arc<AtomicUsize>,
    websocket: AtomicBool,
    control: AtomicBool,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    state: Mutex<State>,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    socket: Option<TcpStream>,
    deaf: bool,
    deaf_since: Option<Instant>,
    mute: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    orders: VecDeque<Told>,
    labels: Vec<String>,
    path: String,
}

impl Line {
    /// Takes over a socket; `open` counts the sockets that are open.
    pub(crate) fn new(id: u64, socket: TcpStream, open: Arc<AtomicUsize>) -> Arc<Self> {
        open.fetch_add(1, Ordering::AcqRel);
        Arc::new(Self {
            id,
            open,
            websocket: AtomicBool::new(false),
            control: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            state: Mutex::new(State { socket: Some(socket), ..State::default() }),
            told: Notify::new(),
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().socket.is_some()
    }

    pub(crate) fn is_websocket(&self) -> bool {
        self.websocket.load(Ordering::Acquire)
    }

    pub(crate) fn became_websocket(&self, path: &str) {
        self.state().path = path.to_owned();
        self.websocket.store(true, Ordering::Release);
    }

    /// Marks a connection that talks to the control endpoint: faults for all live connections leave it alone.
    pub(crate) fn became_control(&self) {
        self.control.store(true, Ordering::Release);
    }

    /// Whether an order for the connections that are live means this one.
    pub(crate) fn takes(&self, order: &Order) -> bool {
        self.is_open()
            && !self.control.load(Ordering::Acquire)
            && (self.is_websocket() || order.fault.layer() == Layer::Line)
            && order.only.as_ref().is_none_or(|label| self.has_label(label))
    }

    pub(crate) fn add_label(&self, label: &str) {
        let mut state = self.state();
        if !state.labels.iter().any(|known| known == label) {
            state.labels.push(label.to_owned());
        }
    }

    pub(crate) fn has_label(&self, label: &str) -> bool {
        self.state().labels.iter().any(|known| known == label)
    }

    pub(crate) fn labels(&self) -> Vec<String> {
        self.state().labels.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.state().path.clone()
    }

    /// Leaves word for the task that owns the WebSocket.
    pub(crate) fn tell(&self, told: Told) {
        self.state().orders.push_back(told);
        self.told.notify_one();
    }

    pub(crate) fn next_told(&self) -> Option<Told> {
        self.state().orders.pop_front()
    }

    pub(crate) async fn was_told(&self) {
        self.told.notified().await;
    }

    /// What a fault of the TCP connection does to the bytes.
    pub(crate) fn carry_out(&self, fault: &Fault) {
        match fault {
            Fault::DropTcp => self.cut(Cut::Rst),
            Fault::Fin => self.cut(Cut::Fin),
            Fault::HalfOpen | Fault::NeverAnswer => self.hush(true, true),
            Fault::StopReading => self.hush(true, false),
            Fault::Silence => self.hush(false, true),
            _ => {}
        }
    }

    /// Stops reading, or writing, or both, for good. What is written to a mute line is swallowed, as a network does that
    /// has lost its other end.
    pub(crate) fn hush(&self, deaf: bool, mute: bool) {
        let mut state = self.state();
        if deaf {
            state.deaf = true;
            state.deaf_since.get_or_insert_with(Instant::now);
        }
        state.mute |= mute;
        state.wake();
    }

    pub(crate) fn is_deaf(&self) -> bool {
        self.state().deaf
    }

    /// Whether the server has not read it for [`DEAF_FOR`].
    pub(crate) fn is_long_deaf(&self) -> bool {
        self.state().deaf_since.is_some_and(|since| since.elapsed() >= DEAF_FOR)
    }

    /// Ends the connection now, whoever holds the stream.
    pub(crate) fn cut(&self, how: Cut) {
        let mut state = self.state();
        let Some(socket) = state.socket.take() else { return };
        self.open.fetch_sub(1, Ordering::AcqRel);
        match how {
            Cut::Rst => {
                // Where it cannot be set, the connection still ends, with FIN.
                let _ = socket.set_zero_linger();
            }
            Cut::Fin => {
                // A socket that is closed with unread bytes resets its connection; read them first.
                let mut scrap = [0; 4096];
                let unread =
                    (0..MAX_SCRAPS).take_while(|_| socket.try_read(&mut scrap).is_ok_and(|count| count > 0));
                unread.for_each(drop);
            }
        }
        drop(socket);
        state.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut(Cut::Fin);
    }
}

impl State {
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

/// The stream that the server reads and writes. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct FaultyStream(pub(crate) Arc<Line>);

impl Drop for FaultyStream {
    fn drop(&mut self) {
        self.0.cut(Cut::Fin);
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        let state = &mut *state;
        let polled = match &mut state.socket {
            None => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Some(_) if state.deaf => Poll::Pending,
            Some(socket) => Pin::new(socket).poll_read(cx, buf),
        };
        if polled.is_pending() {
            state.reader = Some(cx.waker().clone());
        }
        polled
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        let state = &mut *state;
        let polled = match &mut state.socket {
            None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Some(_) if state.mute => return Poll::Ready(Ok(bytes.len())),
            Some(socket) => Pin::new(socket).poll_write(cx, bytes),
        };
        if polled.is_pending() {
            state.writer = Some(cx.waker().clone());
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream keeps nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        let mute = state.mute;
        match &mut state.socket {
            Some(socket) if !mute => Pin::new(socket).poll_shutdown(cx),
            _ => Poll::Ready(Ok(())),
        }
    }
}
