//! Reading a body that somebody else chose the size of.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

/// As much of a refusal's body is read.
const MAX_REFUSAL: usize = 64 * 1024;

/// So long a refusal's body is waited for: the status is known, and is told in any case.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

/// Why a body did not come whole.
#[derive(Debug)]
pub(super) enum Broken {
    TooLarge,
    TimedOut,
    Lost(reqwest::Error),
}

/// What was read of an answer's body, and why not more.
pub(super) struct Read {
    pub(super) bytes: Bytes,
    pub(super) broken: Option<Broken>,
}

/// Reads the body chunk by chunk, until it ends, `limit` bytes are passed or `deadline` comes. Never holds more than
/// `limit` bytes and one chunk.
pub(super) async fn read(response: &mut reqwest::Response, limit: usize, deadline: Instant) -> Read {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    let mut length = 0;
    let broken = loop {
        let chunk = match timeout_at(deadline, response.chunk()).await {
            Err(_) => break Some(Broken::TimedOut),
            Ok(Err(error)) => break Some(Broken::Lost(error)),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => chunk,
        };
        let fitting = chunk.slice(..chunk.len().min(limit - length));
        // Most bodies are one chunk, which is not copied.
        if length == 0 {
            first = fitting.clone();
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&fitting);
        }
        length += fitting.len();
        if fitting.len() < chunk.len() {
            break Some(Broken::TooLarge);
        }
    };
    Read { bytes: if all.is_empty() { first } else { all.into() }, broken }
}

/// Reads a refusal's body, however much of it comes: what the status says must not be lost.
pub(super) async fn read_refusal(response: &mut reqwest::Response, deadline: Option<Instant>) -> Bytes {
    let patience = Instant::now() + REFUSAL_PATIENCE;
    let patience = deadline.map_or(patience, |deadline| deadline.min(patience));
    read(response, MAX_REFUSAL, patience).await.bytes
}
