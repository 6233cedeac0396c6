//! Live showcase matches: house agents play one another, for whoever watches.

use sdk_core::clock::Instant;

use super::{Arena, Due};
use crate::sandbox::games::KNOWN;
use crate::sandbox::matchmaking::Pool;

/// What the house plays for: 0.01 SOL.
const WAGER: u64 = 10_000_000;

impl Arena {
    /// Begins the next showcase match, unless there are none.
    pub(super) fn exhibit(&mut self, now: Instant) {
        if self.settings.live_showcase.is_none() {
            return;
        }
        let Some((first, second)) = self.registry.pick_two_of_house(&mut self.rng.showcase) else { return };
        let Some(game_type) = self.rng.showcase.choice(KNOWN) else { return };
        // The matches of those who come are the same, whether there is a showcase or not.
        std::mem::swap(&mut self.rng.matches, &mut self.rng.showcase);
        self.start_match(first, second, game_type, Pool::Small, WAGER, now);
        std::mem::swap(&mut self.rng.matches, &mut self.rng.showcase);
    }

    /// A showcase match is over: another follows.
    pub(super) fn exhibit_again(&mut self, now: Instant) {
        if let Some(pace) = self.settings.live_showcase {
            self.timers.set(now + pace, Due::Showcase);
        }
    }
}
