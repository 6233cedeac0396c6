//! Writes matches down where waiting for the disk holds nothing up.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sdk_core::error::{Error, Result, codes};
use tokio::task::JoinHandle;

use super::match_log::{MatchLog, MatchRecord};

/// Appends matches to a log, one after the other, on a thread for things that block.
pub(super) struct LogWriter {
    log: MatchLog,
    waiting: VecDeque<MatchRecord>,
    writing: Option<JoinHandle<Result<()>>>,
}

impl LogWriter {
    pub(super) fn new(log: MatchLog) -> Self {
        Self { log, waiting: VecDeque::new(), writing: None }
    }

    /// Takes a match to be written; [`poll`](Self::poll) does it.
    pub(super) fn write(&mut self, record: MatchRecord) {
        self.waiting.push_back(record);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_none()
    }

    /// What became of the next match. Pending also when there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.writing.is_none() {
            let Some(record) = self.waiting.pop_front() else { return Poll::Pending };
            let log = self.log.clone();
            self.writing = Some(tokio::task::spawn_blocking(move || log.append(record)));
        }
        let Some(writing) = &mut self.writing else { return Poll::Pending };
        let written = ready!(Pin::new(writing).poll(cx));
        self.writing = None;
        Poll::Ready(written.unwrap_or_else(|cause| {
            Err(Error::new(&codes::LOCAL_IO, "the match could not be written").with_source(cause))
        }))
    }
}
