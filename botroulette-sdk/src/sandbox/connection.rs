//! One tunnel's WebSocket: frames between the socket and the floor.

use std::sync::Arc;

use sdk_core::sandbox::{Incoming, Peer};

use super::floor::{Floor, ToTunnel};
use super::network::TunnelId;

/// The close code for a client that does not read what it is sent: the standard's "policy violation".
const TOO_SLOW: u16 = 1008;

/// Serves a tunnel to its end.
pub(super) async fn serve(floor: Arc<Floor>, mut peer: Peer) {
    let (tunnel, mut outgoing) = floor.connect();
    let seat = Seat { floor: &floor, tunnel };
    let mut is_known = false;
    loop {
        tokio::select! {
            incoming = peer.recv() => match incoming {
                Incoming::Text(text) => {
                    floor.act(|network, now| network.on_text(tunnel, &text, now));
                    // Before the greeting goes out, so that faults at the very first frames find the bot.
                    if !is_known && let Some((code, name, key)) = floor.act(|network, _| network.identity(tunnel)) {
                        is_known = true;
                        peer.identify(&code, &[&name, key.expose()]);
                        peer.add_label(&name);
                    }
                }
                Incoming::Binary(_) => floor.act(|network, now| network.on_binary(tunnel, now)),
                Incoming::Closed => break,
            },
            message = outgoing.recv() => match message {
                Some(ToTunnel::Text(text)) => peer.send(text).await,
                Some(ToTunnel::Close(code, reason)) => {
                    peer.close(code, reason).await;
                    break;
                }
                None => {
                    peer.close(TOO_SLOW, "you do not read what you are sent").await;
                    break;
                }
            },
        }
    }
    drop(seat);
}

/// Leaves the floor however the connection ends, a server that is shut down included.
struct Seat<'a> {
    floor: &'a Floor,
    tunnel: TunnelId,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.floor.disconnect(self.tunnel);
    }
}
