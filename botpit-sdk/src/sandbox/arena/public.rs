//! What the arena lets the REST side see and do.

use std::time::SystemTime;

use sdk_core::clock::Instant;
use sdk_core::secret::Secret;

use super::Arena;
use crate::sandbox::chronicle::Chronicle;
use crate::sandbox::match_state::Match;
use crate::sandbox::registry::{AgentKey, Registry};
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
    pub(crate) fn match_in_progress(&self, match_id: &str) -> Option<&Match> {
        self.matches.get(match_id)
    }

    /// Gives an agent a new key. The old one is of no use from now on, and the connection that used it ends.
    pub(crate) fn rotate_key(&mut self, agent: AgentKey, now: Instant) -> Option<Secret> {
        let api_key = self.registry.rotate_key(agent, &mut self.rng.agents)?;
        self.close_sessions_of(agent, now);
        Some(api_key)
    }

    /// Has the house agents play the showcase under a seed.
    pub(super) fn show_off(&mut self, seed: u64, now: Instant) {
        let moment = (now, self.wall_clock(now));
        for over in showcase::play(&self.registry, &self.settings, seed, moment) {
            self.chronicle.match_settled(&over);
        }
    }
}
