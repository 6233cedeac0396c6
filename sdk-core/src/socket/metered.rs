//! The socket's bytes, metered: how many reads a round may take, and how many bytes have come and gone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{self, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Counts what passes through.
///
/// A server that always has more to say would otherwise use up everything that the runtime grants to one poll, and
/// writing, commands, timers and handlers of the same task would never get their turn.
pub(super) struct Metered<T> {
    io: T,
    reads_left: u32,
    taken: u64,
    received: u64,
}

impl<T> Metered<T> {
    /// No read is allowed before [`allow_reads`](Self::allow_reads).
    pub(super) fn new(io: T) -> Self {
        Self { io, reads_left: 0, taken: 0, received: 0 }
    }

    /// From now on so many reads are let through; then reading is pending, and wakes at once.
    pub(super) fn allow_reads(&mut self, reads: u32) {
        self.reads_left = reads;
    }

    /// How many bytes the other side's window has taken in all. It may wrap: only a change matters.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes have come from the other side in all. It may wrap: only a change matters.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    fn count(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.taken = self.taken.wrapping_add(*bytes as u64);
        }
        written
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.reads_left.checked_sub(1) else {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if read.is_ready() {
            self.reads_left = left;
            self.received = self.received.wrapping_add((buffer.filled().len() - before) as u64);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
