//! The agents: who exists, and which key opens which.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use sdk_core::secret::Secret;

use super::arena::SessionId;
use super::house::{ROSTER, Strength};
use super::json::Object;
use super::profiles::Profile;
use super::seeds;
use super::showcase::HOUSE_AGE;

/// At most this many agents can be registered.
pub(crate) const MAX_AGENTS: usize = 10_000;

/// At most this many results are kept for an agent who is away.
const MAX_MISSED: usize = 16;

/// The wallet address of agents whom no wallet has registered: well-formed, and nobody's.
pub(crate) const NO_WALLET: &str = "11111111111111111111111111111111";

/// Names an agent within one [`Registry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AgentKey(usize);

impl AgentKey {
    #[cfg(test)]
    pub(crate) fn new(index: usize) -> Self {
        Self(index)
    }
}

#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) wallet_address: String,
    pub(crate) created_at: SystemTime,
    pub(crate) profile: Profile,
    /// The linked NFT's public key in base58.
    pub(crate) identity_8004: Option<String>,
    /// Its key. House agents have none.
    pub(crate) api_key: Option<Secret>,
    /// Its strength, when it is one of the sandbox's own.
    pub(crate) house: Option<Strength>,
    pub(crate) session: Option<SessionId>,
    /// Open matches, in the order of their making.
    pub(crate) open_matches: BTreeSet<(u64, Arc<str>)>,
    missed: VecDeque<Object>,
}

impl Agent {
    /// Keeps a frame for an agent who is away.
    pub(crate) fn miss(&mut self, frame: Object) {
        if self.missed.len() == MAX_MISSED {
            self.missed.pop_front();
        }
        self.missed.push_back(frame);
    }

    pub(crate) fn take_missed(&mut self) -> VecDeque<Object> {
        std::mem::take(&mut self.missed)
    }
}

/// What registering gives.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) agent_id: String,
    pub(crate) api_key: Secret,
}

pub(crate) struct Registry {
    agents: Vec<Agent>,
    by_id: HashMap<String, AgentKey>,
    by_api_key: HashMap<String, AgentKey>,
    house: Vec<AgentKey>,
}

impl Registry {
    /// The house agents of the given strengths, and nobody else.
    pub(crate) fn new(strengths: &[Strength], rng: &mut fastrand::Rng, now: SystemTime) -> Self {
        let mut registry =
            Self { agents: Vec::new(), by_id: HashMap::new(), by_api_key: HashMap::new(), house: Vec::new() };
        let since = now.checked_sub(HOUSE_AGE).unwrap_or(now);
        for (name, strength) in ROSTER {
            if strengths.contains(&strength) {
                let key = registry.add(seeds::uuid(rng), name, NO_WALLET, Some(strength), since);
                registry.house.push(key);
            }
        }
        registry
    }

    fn add(
        &mut self,
        id: String,
        name: &str,
        wallet_address: &str,
        house: Option<Strength>,
        created_at: SystemTime,
    ) -> AgentKey {
        let key = AgentKey(self.agents.len());
        self.by_id.insert(id.clone(), key);
        self.agents.push(Agent {
            id,
            name: name.to_owned(),
            wallet_address: wallet_address.to_owned(),
            created_at,
            profile: Profile::new(created_at),
            identity_8004: None,
            api_key: None,
            house,
            session: None,
            open_matches: BTreeSet::new(),
            missed: VecDeque::new(),
        });
        key
    }

    /// Registers an agent, unless there are [`MAX_AGENTS`] already.
    pub(crate) fn register(
        &mut self,
        name: &str,
        wallet_address: &str,
        rng: &mut fastrand::Rng,
        now: SystemTime,
    ) -> Option<Registered> {
        let (agent_id, api_key) = (seeds::uuid(rng), Secret::new(seeds::api_key(rng)));
        self.register_as(agent_id, api_key, name, wallet_address, now)
    }

    /// Registers an agent whose key is given.
    pub(crate) fn register_as(
        &mut self,
        agent_id: String,
        api_key: Secret,
        name: &str,
        wallet_address: &str,
        now: SystemTime,
    ) -> Option<Registered> {
        if self.agents.len() >= MAX_AGENTS {
            return None;
        }
        let key = self.add(agent_id.clone(), name, wallet_address, None, now);
        self.by_api_key.insert(api_key.expose().to_owned(), key);
        if let Some(agent) = self.get_mut(key) {
            agent.api_key = Some(api_key.clone());
        }
        Some(Registered { agent_id, api_key })
    }

    pub(crate) fn get(&self, key: AgentKey) -> Option<&Agent> {
        self.agents.get(key.0)
    }

    pub(crate) fn get_mut(&mut self, key: AgentKey) -> Option<&mut Agent> {
        self.agents.get_mut(key.0)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<AgentKey> {
        self.by_id.get(id).copied()
    }

    /// Every agent, in the order of their registration; the house agents come first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (AgentKey, &Agent)> {
        self.agents.iter().enumerate().map(|(index, agent)| (AgentKey(index), agent))
    }

    /// Gives an agent a new key in place of its old one.
    pub(crate) fn rotate_key(&mut self, agent: AgentKey, rng: &mut fastrand::Rng) -> Option<Secret> {
        let api_key = Secret::new(seeds::api_key(rng));
        let old = self.get_mut(agent)?.api_key.replace(api_key.clone());
        if let Some(old) = old {
            self.by_api_key.remove(old.expose());
        }
        self.by_api_key.insert(api_key.expose().to_owned(), agent);
        Some(api_key)
    }

    pub(crate) fn by_api_key(&self, api_key: &str) -> Option<AgentKey> {
        self.by_api_key.get(api_key).copied()
    }

    /// Forgets what every agent plays and has missed.
    pub(crate) fn forget_matches(&mut self) {
        for agent in &mut self.agents {
            agent.open_matches.clear();
            agent.missed.clear();
        }
    }

    /// One of the house agents, if there are any.
    pub(crate) fn pick_house(&self, rng: &mut fastrand::Rng) -> Option<AgentKey> {
        rng.choice(&self.house).copied()
    }

    /// Two house agents, of different strengths where there are any.
    pub(crate) fn pick_two_of_house(&self, rng: &mut fastrand::Rng) -> Option<(AgentKey, AgentKey)> {
        let first = *rng.choice(&self.house)?;
        let strength = |agent: AgentKey| self.get(agent).and_then(|known| known.house);
        let others = || self.house.iter().copied().filter(move |other| *other != first);
        let unlike: Vec<AgentKey> = others().filter(|other| strength(*other) != strength(first)).collect();
        let second = rng.choice(unlike).or_else(|| rng.choice(others().collect::<Vec<_>>()))?;
        Some((first, second))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("agents", &self.agents.len()).finish_non_exhaustive()
    }
}
