//! The relay: tunnels come, show their keys, are asked and answer.

use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::secret::Secret;

use super::super::frames::{self, AuthOk, FromTunnel, PONG};
use super::super::settings::SecondTunnel;
use super::proxy::{End, Via};
use super::{Due, Network, Outgoing};
use sdk_core::sandbox::TimerKey;

/// What the spec says of a key that is wrong.
pub(crate) const BAD_KEY: &str = "Invalid or expired API key";

const CLOSE_REPLACED: u16 = 4000;
const CLOSE_BAD_KEY: u16 = 4001;
const CLOSE_SILENT: u16 = 4008;
const CLOSE_CONNECTED_ALREADY: u16 = 4009;
const CLOSE_POLICY: u16 = 1008;

/// Names a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TunnelId(u64);

/// A WebSocket that is open.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// Whose it is, and the key that it showed; `None` before that.
    bot: Option<(String, Secret)>,
    last_heard: Instant,
    timer: Option<TimerKey>,
    /// A close frame is on its way: nothing counts any more.
    is_closing: bool,
}

impl Network {
    /// Somebody opened a WebSocket.
    pub(crate) fn connect(&mut self, now: Instant) -> TunnelId {
        self.last_tunnel += 1;
        let id = TunnelId(self.last_tunnel);
        let within = self.clock.scaled_span(self.settings.auth_within);
        let timer = Some(self.timers.set(now + within, Due::NoAuth(id)));
        self.tunnels.insert(id, Tunnel { bot: None, last_heard: now, timer, is_closing: false });
        id
    }

    /// A WebSocket is over.
    pub(crate) fn disconnect(&mut self, id: TunnelId, now: Instant) {
        self.leave(id, now);
        self.tunnels.remove(&id);
    }

    /// The code, the name and the key of the bot whose tunnel it is, once it showed its key.
    pub(crate) fn identity(&self, id: TunnelId) -> Option<(String, String, Secret)> {
        let (code, key) = self.tunnels.get(&id)?.bot.as_ref()?;
        Some((code.clone(), self.registry.get(code)?.name.clone(), key.clone()))
    }

    pub(crate) fn on_binary(&mut self, id: TunnelId, now: Instant) {
        if self.heard(id, now) {
            self.complain(id, "Invalid message: the tunnel carries text");
        }
    }

    pub(crate) fn on_text(&mut self, id: TunnelId, text: &str, now: Instant) {
        if !self.heard(id, now) {
            return;
        }
        let is_known = self.tunnels.get(&id).is_some_and(|tunnel| tunnel.bot.is_some());
        match FromTunnel::read(text) {
            FromTunnel::Auth(_) if is_known => self.complain(id, "Already connected"),
            FromTunnel::Auth(key) => self.on_auth(id, key, now),
            FromTunnel::Wrong(reason) => self.complain(id, &reason),
            FromTunnel::Ping | FromTunnel::Response(..) if !is_known => {
                self.complain(id, "Send an `auth` message first");
            }
            FromTunnel::Ping => self.outbox.push(Outgoing::Frame(id, PONG.to_owned())),
            FromTunnel::Response(frame, answer) => {
                let call = self.frames.get(&frame).copied();
                let call =
                    call.filter(|call| self.open.get(call).is_some_and(|open| open.via == Via::Tunnel(id)));
                match (call, answer) {
                    // Answered already, given up, or asked of another connection.
                    (None, _) => self.strays += 1,
                    (Some(call), Ok(answer)) => self.finish(call, End::Bot(answer), now),
                    (Some(call), Err(reason)) => {
                        self.complain(id, &format!("Invalid response: {reason}"));
                        self.finish(call, End::Bad(reason), now);
                    }
                }
            }
        }
    }

    fn on_auth(&mut self, id: TunnelId, key: Option<Secret>, now: Instant) {
        let visits = self.settings.house_calls;
        let known = key.and_then(|key| {
            let code = self.registry.by_key(key.expose(), visits, &mut self.dice.ids)?;
            Some((code, key))
        });
        let Some((code, key)) = known else {
            return self.refuse_key(id, self.settings.close_on_auth_failure, now);
        };
        if self.registry.get(&code).is_some_and(|bot| bot.is_held_offline) {
            self.complain(id, "Temporarily unavailable, try again later");
            return self.close(id, 1013, "try again later", now);
        }
        if let Some(other) = self.online.get(&code).copied() {
            match self.settings.second_tunnel {
                SecondTunnel::TakesOver => {
                    self.complain(other, "Replaced by another connection");
                    self.close(other, CLOSE_REPLACED, "replaced by another connection", now);
                }
                SecondTunnel::IsRefused => {
                    self.complain(id, "Already connected elsewhere, try again later");
                    return self.close(id, CLOSE_CONNECTED_ALREADY, "already connected elsewhere", now);
                }
            }
        }
        let Some(bot) = self.registry.get(&code) else { return };
        let tunnel_url = self.tunnel_url(&code);
        let greeting =
            AuthOk { r#type: "auth_ok", tunnel_url: &tunnel_url, agent_name: &bot.name, service_code: &code };
        self.outbox.push(Outgoing::Frame(id, frames::text_of(&greeting)));
        self.online.insert(code.clone(), id);
        let heartbeat = self.heartbeat();
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            self.timers.cancel(tunnel.timer.take());
            tunnel.bot = Some((code.clone(), key));
            tunnel.timer = Some(self.timers.set(now + heartbeat, Due::Heartbeat(id)));
        }
        self.expect_visit(&code, now);
    }

    /// Says that the key is wrong.
    pub(super) fn refuse_key(&mut self, id: TunnelId, closes: bool, now: Instant) {
        self.complain(id, BAD_KEY);
        if closes {
            self.close(id, CLOSE_BAD_KEY, BAD_KEY, now);
        }
    }

    pub(super) fn on_no_auth(&mut self, id: TunnelId, now: Instant) {
        if self.tunnels.get(&id).is_some_and(|tunnel| tunnel.bot.is_none() && !tunnel.is_closing) {
            self.complain(id, "No `auth` message came in time");
            self.close(id, CLOSE_POLICY, "nobody said who it is in time", now);
        }
    }

    /// The tunnel was silent for long enough, unless it was heard meanwhile.
    pub(super) fn on_heartbeat(&mut self, id: TunnelId, now: Instant) {
        let span = self.heartbeat();
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        let until = tunnel.last_heard + span;
        if until > now {
            tunnel.timer = Some(self.timers.set(until, Due::Heartbeat(id)));
        } else {
            self.close(id, CLOSE_SILENT, "no ping for too long", now);
        }
    }

    fn heartbeat(&self) -> Duration {
        let span = self.settings.heartbeat_timeout;
        if self.settings.heartbeat_scales { span } else { self.clock.scaled_span(span) }
    }

    /// Notes a sign of life. `false` when it came too late to count.
    fn heard(&mut self, id: TunnelId, now: Instant) -> bool {
        match self.tunnels.get_mut(&id) {
            Some(tunnel) if !tunnel.is_closing => {
                tunnel.last_heard = now;
                true
            }
            _ => false,
        }
    }

    fn complain(&mut self, id: TunnelId, message: &str) {
        self.outbox.push(Outgoing::Frame(id, frames::error(message)));
    }

    /// Closes a tunnel; whoever waits for its bot is told at once.
    pub(super) fn close(&mut self, id: TunnelId, code: u16, reason: &'static str, now: Instant) {
        self.outbox.push(Outgoing::Close(id, code, reason));
        self.leave(id, now);
        if let Some(tunnel) = self.tunnels.get_mut(&id) {
            tunnel.is_closing = true;
        }
    }

    /// The bot is no longer online with this tunnel.
    fn leave(&mut self, id: TunnelId, now: Instant) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        self.timers.cancel(tunnel.timer.take());
        if let Some((code, _)) = &tunnel.bot
            && self.online.get(code) == Some(&id)
        {
            self.online.remove(code);
        }
        let waiting: Vec<_> = self
            .open
            .iter()
            .filter(|(_, call)| call.via == Via::Tunnel(id))
            .map(|(number, _)| *number)
            .collect();
        for call in waiting {
            self.finish(call, End::TunnelLost, now);
        }
    }
}
