//! Reading a body that somebody else chose the size of.

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

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
