//! Taunts: one a round and side, to the opponent alone.

use std::sync::Arc;

use super::Arena;
use crate::sandbox::games::Side;
use crate::sandbox::messages::Problem;
use crate::sandbox::taunts::{self, TAUNTS};

/// A house agent taunts with one move of so many.
const HOUSE_TAUNTS_ONCE_IN: u32 = 32;

impl Arena {
    pub(super) fn taunt(&mut self, id: &Arc<str>, side: Side, taunt_id: &str) -> Result<(), Problem> {
        let taunt = taunts::find(taunt_id)?;
        let Some(open) = self.matches.get_mut(id) else { return Ok(()) };
        let frame = open.taunt(side, taunt)?;
        let opponent = *open.players.get(side.other());
        self.send_to(opponent, &frame);
        Ok(())
    }

    /// A house agent that is about to move says something, now and then.
    pub(super) fn house_may_taunt(&mut self, id: &Arc<str>, side: Side) {
        if self.settings.house_taunts
            && self.rng.lobby.u32(0..HOUSE_TAUNTS_ONCE_IN) == 0
            && let Some((taunt_id, _)) = self.rng.lobby.choice(TAUNTS)
        {
            // It moves, and so may taunt, once a round: there is nobody to tell of a refusal.
            let _ = self.taunt(id, side, taunt_id);
        }
    }
}
