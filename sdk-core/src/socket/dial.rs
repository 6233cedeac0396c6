//! Opening the socket: an HTTP upgrade through the same client that REST uses, so that TLS, proxies and refusals are
//! the same, and a refusal is a typed answer with status, `Retry-After` and body.

use std::time::Duration;

use futures_util::FutureExt;
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::metered::Metered;
use super::options::SocketOptions;
use super::protocol::Dial;
use crate::error::{Error, Result, codes};
use crate::http::Upgrade;
use crate::secret::{Secret, shown_url};

pub(super) type Socket = WebSocketStream<Metered<reqwest::Upgraded>>;

/// Larger buffers are zero-filled at every read poll, which costs more than the reads they save.
const READ_BUFFER: usize = 8 * 1024;
/// Replies to frames that arrived together leave in one write.
const WRITE_BUFFER: usize = 4 * 1024;
/// Nothing is handed over before what was handed over earlier has left, so the outbound queue's bound is the bound here too.
const MAX_WRITE_BUFFER: usize = usize::MAX;

pub(super) async fn dial(dial: Dial, options: SocketOptions) -> Result<Socket> {
    let shown = shown_url(&dial.url);
    let limit = options.handshake_timeout;
    // Boxed: the handshake's state is large, and lives only while dialling.
    match tokio::time::timeout(limit, handshake(dial, &options, &shown).boxed()).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            &codes::CONNECT_TIMEOUT,
            format!("no connection to {shown} within {:.1} s", limit.as_secs_f64()),
        )),
    }
}

async fn handshake(dial: Dial, options: &SocketOptions, shown: &str) -> Result<Socket> {
    let upgrade = Upgrade::new(&dial.url, dial.secrets);
    let client = options.network.websocket(&dial.url)?;
    let mut target = dial.url.clone();
    let scheme = if target.scheme() == "wss" { "https" } else { "http" };
    target
        .set_scheme(scheme)
        .map_err(|()| Error::invalid_config("url", format!("{shown} is no ws:// or wss:// address")))?;

    let key = generate_key();
    let response = client
        .get(target)
        .headers(dial.headers)
        .header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .header(SEC_WEBSOCKET_KEY, &key)
        .send()
        .await
        .map_err(|error| upgrade.failed(error))?;

    if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
        return Err(upgrade.refused(response).await);
    }
    let expected = derive_accept_key(key.as_bytes());
    if response.headers().get(SEC_WEBSOCKET_ACCEPT).is_none_or(|accept| accept != expected.as_str()) {
        let message = format!("{shown} answered the upgrade without proof that it speaks WebSocket");
        return Err(Error::new(&codes::PROTOCOL_VIOLATION, message).with_status(101));
    }
    let mut io = response.upgrade().await.map_err(|error| upgrade.failed(error))?;

    if let Some(greeting) = &dial.greeting {
        // The WebSocket library logs what it sends, so a frame that carries a key is written before it takes over.
        io.write_all(&masked_text_frame(greeting)).await.map_err(|cause| {
            Error::new(&codes::CONNECTION_LOST, format!("{shown} closed during the greeting"))
                .with_source(cause)
        })?;
        io.flush().await.map_err(|cause| {
            Error::new(&codes::CONNECTION_LOST, format!("{shown} closed during the greeting"))
                .with_source(cause)
        })?;
    }

    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(options.max_message))
        .max_frame_size(Some(options.max_message));
    Ok(WebSocketStream::from_raw_socket(Metered::new(io), Role::Client, Some(config)).await)
}

/// One final text frame as a client sends it (RFC 6455, section 5.2).
fn masked_text_frame(payload: &Secret) -> Vec<u8> {
    const FINAL_TEXT: u8 = 0x81;
    const MASKED: u8 = 0x80;
    let payload = payload.expose().as_bytes();
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FINAL_TEXT);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ 0..=125), _) => frame.push(MASKED | len),
        (_, Ok(len)) => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    let mask = fastrand::u32(..).to_be_bytes();
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// How long until a dial that began is given up, after it was noticed to be slow.
pub(super) fn gives_up_in(options: &SocketOptions) -> Duration {
    options.handshake_timeout.saturating_sub(options.slow_notice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_frame_is_what_the_rfc_says() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = "x".repeat(length);
            let frame = masked_text_frame(&Secret::new(payload.as_str()));
            assert_eq!(frame[0], 0x81);
            let (announced, rest) = match frame[1] & 0x7f {
                126 => (usize::from(u16::from_be_bytes([frame[2], frame[3]])), &frame[4..]),
                127 => (u64::from_be_bytes(frame[2..10].try_into().unwrap()) as usize, &frame[10..]),
                short => (usize::from(short), &frame[2..]),
            };
            assert_eq!(frame[1] & 0x80, 0x80);
            assert_eq!(announced, length);
            let (mask, masked) = rest.split_at(4);
            let clear: Vec<u8> = masked.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
            assert_eq!(clear, payload.as_bytes());
        }
    }
}
