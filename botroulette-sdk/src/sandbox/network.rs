//! The network as pure state: it takes what came and the time, and says what goes out.
//!
//! Bots are in the [`registry`](super::registry), tunnels in [`relay`], calls of bots in [`proxy`], what house bots say by
//! themselves in [`visits`], and the rest of the REST side in [`directory`].

mod directory;
mod proxy;
mod relay;
#[cfg(test)]
mod tests;
mod visits;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use sdk_core::clock::{Clock, Instant};
use sdk_core::secret::Secret;

use super::answer::Answer;
use super::limits::RateLimit;
use super::listing::{self, Listing};
use super::records::{SandboxBot, SandboxCall};
use super::registry::{Full, Registry};
use super::seeds::Dice;
use super::sessions::Sessions;
use super::settings::Settings;
use sdk_core::sandbox::Timers;

use self::proxy::{End, OpenCall};
use self::relay::Tunnel;
use self::visits::{Visit, VisitId};

pub(crate) use self::proxy::{CallNumber, IngressCall, ProxyCall};
pub(crate) use self::relay::TunnelId;

/// By how much a call may come early: what the ways of two calls differ in.
const SLACK: Duration = Duration::from_millis(50);

/// What goes out.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    /// A frame of a tunnel.
    Frame(TunnelId, String),
    /// The end of a tunnel; frames before it still go out.
    Close(TunnelId, u16, &'static str),
    /// The answer to a call over HTTP.
    Answer(CallNumber, Answer),
}

/// What is due later.
#[derive(Debug, Clone)]
enum Due {
    NoAuth(TunnelId),
    Heartbeat(TunnelId),
    TimedOut(CallNumber),
    HouseAnswers(CallNumber),
    /// A house bot begins a conversation with this bot.
    Visit(String),
    /// A house bot goes on.
    Says(VisitId),
}

#[derive(Debug)]
pub(crate) struct Network {
    settings: Settings,
    clock: Clock,
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    base_url: String,
    began: Instant,
    dice: Dice,
    registry: Registry,
    tunnels: BTreeMap<TunnelId, Tunnel>,
    last_tunnel: u64,
    /// Which tunnel a bot is online with.
    online: HashMap<String, TunnelId>,
    open: BTreeMap<CallNumber, OpenCall>,
    /// The open calls by the ids of their frames.
    frames: HashMap<String, CallNumber>,
    finished: VecDeque<SandboxCall>,
    last_call: u64,
    strays: u64,
    sessions: Sessions,
    limits: HashMap<String, Limits>,
    visits: HashMap<VisitId, Visit>,
    last_visit: u64,
    timers: Timers<Due>,
    outbox: Vec<Outgoing>,
}

/// The limits of one key.
#[derive(Debug)]
struct Limits {
    calls: RateLimit,
    roulette: RateLimit,
}

impl Network {
    pub(crate) fn new(settings: Settings, seed: u64, clock: Clock, base_url: &str, now: Instant) -> Self {
        let mut dice = Dice::new(seed);
        let registry = Registry::new(&settings.house, &mut dice.ids);
        Self {
            settings,
            clock,
            base_url: base_url.trim_end_matches('/').to_owned(),
            began: now,
            dice,
            registry,
            tunnels: BTreeMap::new(),
            last_tunnel: 0,
            online: HashMap::new(),
            open: BTreeMap::new(),
            frames: HashMap::new(),
            finished: VecDeque::new(),
            last_call: 0,
            strays: 0,
            sessions: Sessions::default(),
            limits: HashMap::new(),
            visits: HashMap::new(),
            last_visit: 0,
            timers: Timers::new(),
            outbox: Vec::new(),
        }
    }

    /// Where it is reached, once that is known.
    pub(crate) fn set_base_url(&mut self, url: &str) {
        url.trim_end_matches('/').clone_into(&mut self.base_url);
    }

    /// What goes out since it was asked last.
    pub(crate) fn take_outbox(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.outbox)
    }

    /// When [`on_time`](Self::on_time) is to be called next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what is due.
    pub(crate) fn on_time(&mut self, now: Instant) {
        while let Some((_, due)) = self.timers.pop_due(now) {
            match due {
                Due::NoAuth(tunnel) => self.on_no_auth(tunnel, now),
                Due::Heartbeat(tunnel) => self.on_heartbeat(tunnel, now),
                Due::TimedOut(call) => self.finish(call, End::TimedOut, now),
                Due::HouseAnswers(call) => self.house_answers(call, now),
                Due::Visit(code) => self.begin_visit(&code, now),
                Due::Says(visit) => self.say(visit, now),
            }
        }
    }

    /// Forgets calls, sessions, limits and conversations, and draws from another seed. Bots and keys stay.
    pub(crate) fn restart(&mut self, seed: u64, now: Instant) {
        self.end_calls(now);
        self.dice = Dice::new(seed);
        self.timers = Timers::new();
        self.finished.clear();
        self.last_call = 0;
        self.strays = 0;
        self.sessions = Sessions::default();
        self.limits.clear();
        self.visits.clear();
        self.began = now;
        for bot in self.registry.all_mut() {
            bot.visits_left = if bot.house.is_some() { 0 } else { self.settings.house_calls };
            bot.is_visited = false;
            bot.is_held_offline = false;
        }
    }

    /// Answers every caller that still waits.
    pub(crate) fn end_calls(&mut self, now: Instant) {
        let open: Vec<CallNumber> = self.open.keys().copied().collect();
        for call in open {
            self.finish(call, End::Ended, now);
        }
    }

    /// A new bot by its name alone.
    pub(crate) fn register_by_name(&mut self, name: &str) -> Result<Secret, String> {
        listing::check_name(name)?;
        self.add_bot(name, Listing::plain()).map(|(_, key)| key)
    }

    fn add_bot(&mut self, name: &str, listing: Listing) -> Result<(String, Secret), String> {
        let visits = self.settings.house_calls;
        self.registry.register(name, listing, visits, &mut self.dice.ids).map_err(|full| match full {
            Full::NameTaken => "name: already taken".to_owned(),
            Full::NoRoom => "name: this sandbox has no room for another bot".to_owned(),
        })
    }

    /// Makes a bot's key invalid, and ends its tunnel.
    pub(crate) fn revoke(&mut self, code: &str, now: Instant) -> bool {
        let had_key = self.registry.revoke(code);
        if had_key && let Some(tunnel) = self.online.get(code).copied() {
            self.refuse_key(tunnel, true, now);
        }
        had_key
    }

    /// Ends a bot's tunnel and lets it have none, or lets it have one again. `false` for an unknown bot.
    pub(crate) fn hold_offline(&mut self, code: &str, is_held: bool, now: Instant) -> bool {
        let Some(bot) = self.registry.get_mut(code) else { return false };
        bot.is_held_offline = is_held;
        if is_held && let Some(tunnel) = self.online.get(code).copied() {
            self.close(tunnel, 1013, "taken offline, try again later", now);
        }
        true
    }

    /// Ends a bot's tunnel. `false` when it has none.
    pub(crate) fn drop_tunnel(&mut self, code: &str, now: Instant) -> bool {
        let tunnel = self.online.get(code).copied();
        if let Some(tunnel) = tunnel {
            self.close(tunnel, 1001, "disconnected by the sandbox", now);
        }
        tunnel.is_some()
    }

    pub(crate) fn is_online(&self, code: &str) -> bool {
        let Some(bot) = self.registry.get(code) else { return false };
        match bot.house {
            Some(house) => !bot.is_held_offline && house != super::HouseBot::Offline,
            None => self.online.contains_key(code),
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.tunnels.len()
    }

    pub(crate) fn strays(&self) -> u64 {
        self.strays
    }

    pub(crate) fn bots(&self) -> Vec<SandboxBot> {
        let shown = |bot: &super::registry::Bot| SandboxBot {
            name: bot.name.clone(),
            service_code: bot.code.clone(),
            is_online: self.is_online(&bot.code),
            is_active: bot.is_active,
            house: bot.house,
        };
        self.registry.all().map(shown).collect()
    }

    /// The calls that are over, in the order of their ends, then those that are open.
    pub(crate) fn calls(&self) -> Vec<SandboxCall> {
        self.finished.iter().chain(self.open.values().map(|call| &call.record)).cloned().collect()
    }
}
