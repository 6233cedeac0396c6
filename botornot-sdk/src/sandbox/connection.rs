//! One client's WebSocket: frames between the socket and the floor.

use std::sync::Arc;

use sdk_core::sandbox::{Incoming, Peer};

use super::accounts::AccountId;
use super::arena::{Outgoing, SessionId};
use super::floor::Floor;

/// The close code for a client that does not read what it is sent: the standard's "policy violation".
const TOO_SLOW: u16 = 1008;

/// Serves a connection to its end.
pub(super) async fn serve(floor: Arc<Floor>, mut peer: Peer, account: AccountId, token: String) {
    let (session, mut outgoing) = floor.connect(account);
    let seat = Seat { floor: &floor, session };
    if let Some(handle) = floor.act(|arena, _| arena.handle_of(account)) {
        peer.identify(&handle, &[&handle, &token]);
    }
    drop(token);
    loop {
        tokio::select! {
            incoming = peer.recv() => match incoming {
                Incoming::Text(text) => floor.act(|arena, now| arena.on_text(session, &text, now)),
                Incoming::Binary(_) => floor.act(|arena, now| {
                    arena.on_time(now);
                    arena.on_malformed(session);
                }),
                Incoming::Closed => break,
            },
            frame = outgoing.recv() => match frame {
                Some(Outgoing::Text(text)) => peer.send(text).await,
                Some(Outgoing::Close { code, reason }) => {
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
    session: SessionId,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.floor.disconnect(self.session);
    }
}
