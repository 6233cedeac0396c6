//! What the arena lets the REST side see and do.

use std::time::SystemTime;

use sdk_core::clock::Instant;
use sdk_core::secret::Secret;

use super::{Arena, close};
use crate::sandbox::chronicle::Chronicle;
use crate::sandbox::match_state::Match;
use crate::sandbox::registry::{AgentKey, Registry};
use crate::sandbox::rest::OpenChallenge;
use crate::sandbox::showcase;

impl Arena {
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    pub(crate) fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    pub(crate) fn chronicle_mut(&mut self) -> &mut Chronicle {
        &mut self.chronicle
    }

    /// What a wall clock of the sandbox shows.
    pub(crate) fn time(&self, now: Instant) -> SystemTime {
        self.wall_clock(now)
    }

    /// The matches in progress, in the order of their making.
    pub(crate) fn open_matches(&self) -> Vec<&Match> {
        let mut open: Vec<&Match> = self.matches.values().collect();
        open.sort_by_key(|open| open.number);
        open
    }

    /// A match in progress.
    pub(crate) fn open_match(&self, match_id: &str) -> Option<&Match> {
        self.matches.get(match_id)
    }

    /// The challenges that wait for somebody, oldest first.
    pub(crate) fn open_challenges(&self) -> Vec<OpenChallenge<'_>> {
        Vec::new()
    }

    /// Gives an agent a new key. The old one is of no use from now on, and the connection that used it ends.
    pub(crate) fn rotate_key(&mut self, agent: AgentKey, now: Instant) -> Option<Secret> {
        self.on_time(now);
        let api_key = self.registry.rotate_key(agent, &mut self.rng.agents)?;
        if let Some(session) = self.registry.get(agent).and_then(|known| known.session) {
            self.close(session, close::KEY_ROTATED, "the API key was rotated");
        }
        Some(api_key)
    }

    /// Has the house agents play the showcase under a seed.
    pub(super) fn show_off(&mut self, seed: u64) {
        for over in showcase::play(&self.registry, &self.settings, seed, self.started) {
            self.chronicle.match_settled(&over);
        }
    }
}
