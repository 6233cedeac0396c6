//! Taunts, of which the platform takes one a round.

use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::Context;

use super::Session;
use crate::live::event::Event;
use crate::model::{ClientMessage, MatchId, SendTaunt, TauntId};

impl Session {
    /// Refuses the second taunt of a round before it is sent. A tie that is replayed under the same number counts as the
    /// same round: whether the platform counts so is not documented, and this is the careful reading.
    pub(super) fn send_taunt(
        &mut self,
        match_id: &MatchId,
        taunt: TauntId,
        cx: &mut Context<'_, Event>,
    ) -> Result<()> {
        let Some(known) = self.matches.get(match_id.as_str()) else {
            return Err(Error::invalid_argument("match_id", "no such match is open"));
        };
        let round = known.round;
        if known.taunted_in == Some(round) {
            let message = "the platform takes one taunt a round, and this round has had one";
            return Err(Error::new(&codes::LIMIT_REACHED, message)
                .with_field("taunt_id")
                .with_sent(Sent::No));
        }
        self.send(&ClientMessage::SendTaunt(SendTaunt::new(match_id.clone(), taunt)), cx)?;
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.taunted_in = Some(round);
        }
        Ok(())
    }
}
