//! The bot's decisions, on their way to the platform.

use sdk_core::error::Result;
use sdk_core::socket::{Context, Token};
use sdk_core::wire::printable;

use super::{Phase, Session};
use crate::live::event::Event;
use crate::live::ledger::{Decided, TurnId};
use crate::live::move_data::MoveData;
use crate::model::MatchId;

impl Session {
    /// The bot's decision for a turn.
    pub(crate) fn answer(
        &mut self,
        match_id: &MatchId,
        turn: TurnId,
        decision: Result<MoveData>,
        cx: &mut Context<'_, Event>,
    ) {
        let data = match decision {
            Ok(data) => data,
            Err(error) => {
                self.ledger.failed(match_id, turn);
                cx.emit(Event::HandlerFailed(error));
                return;
            }
        };
        let ready = self.phase == Phase::Ready;
        let now = cx.now();
        let round = self.ledger.round(match_id, turn).unwrap_or_default();
        let decided = self.ledger.decided(match_id, turn, data.frame(match_id), ready, now);
        if matches!(decided, Decided::Send | Decided::Hold)
            && let Some(known) = self.matches.get_mut(match_id.as_str())
        {
            known.witness.decided(turn, round, data);
        }
        match decided {
            Decided::Send => self.send_move(turn, cx),
            Decided::Hold => {}
            Decided::Late(late_by) => {
                tracing::warn!(match_id = %printable(match_id.as_str()), late_ms = late_by.as_millis() as u64, "a move came too late and was not sent");
                cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: Some(late_by) });
            }
            Decided::Stale => {
                tracing::debug!(match_id = %printable(match_id.as_str()), "a decision came for a turn that is over")
            }
        }
    }

    /// The bot's handler has ended without an answer, because its time was over.
    pub(crate) fn ran_out(&mut self, match_id: &MatchId, turn: TurnId, cx: &mut Context<'_, Event>) {
        if let Some(round) = self.ledger.ran_out(match_id, turn) {
            cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: None });
        }
    }

    pub(super) fn send_move(&mut self, turn: TurnId, cx: &mut Context<'_, Event>) {
        if let Some((_, frame)) = self.ledger.frame(turn)
            && let Err(error) = cx.send_tracked(frame.clone(), Token(turn.0))
        {
            self.ledger.not_queued(turn); // still owed
            self.resume_at.get_or_insert(cx.now() + self.timings.resume_grace);
            cx.emit(Event::Error(error));
        }
    }
}
