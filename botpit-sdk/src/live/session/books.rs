//! The session's part in the money: what passes the bankroll's guard, and what is written down in the ledger.

use sdk_core::error::Result;
use sdk_core::socket::Context;
use sdk_core::wire::printable;
use tokio::sync::oneshot;

use super::Session;
use super::matches::Match;
use crate::bankroll::AtStake;
use crate::lamports::Lamports;
use crate::ledger::LedgerEntry;
use crate::live::event::{Event, Outcome};
use crate::model::{self, ClientMessage, MatchId};

impl Session {
    /// Holds a match that was found against the bankroll, and resigns it when it may not be played for.
    pub(super) fn hold_against_bankroll(
        &mut self,
        match_id: MatchId,
        wager: Lamports,
        cx: &mut Context<'_, Event>,
    ) {
        let open = self.at_stake(Some(&match_id));
        let begins = self.guard.lock().begins(wager, open);
        let Err(refusal) = begins else { return };
        tracing::warn!(match_id = %printable(match_id.as_str()), "resigned: {refusal}");
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.refused = true;
        }
        self.give_up_refused(match_id.clone(), cx);
        cx.emit(Event::MatchRefused { match_id, reason: refusal.into() });
    }

    /// Gives up a match that the guard did not allow. Its answer is the match's end, which nobody waits for here.
    pub(super) fn give_up_refused(&mut self, match_id: MatchId, cx: &mut Context<'_, Event>) {
        let (reply, _) = oneshot::channel();
        self.resign(match_id, reply, cx);
    }

    /// What may still be lost, a match left out.
    pub(super) fn at_stake(&self, but: Option<&MatchId>) -> AtStake {
        let mut open = AtStake::default();
        for known in self.matches.values().filter(|known| Some(&known.id) != but) {
            open.of_match(known.wager.unwrap_or(Lamports::ZERO));
        }
        if let Some(queue) = &self.queue {
            open.of_wish(queue.request.wager_lamports);
        }
        self.challenges.at_stake(&mut open);
        open
    }

    /// Whether the guard lets a message be sent.
    pub(super) fn may_send(&self, message: &ClientMessage) -> Result<()> {
        let wager = match message {
            ClientMessage::JoinQueue(join) => Some(join.wager_lamports),
            ClientMessage::CreateChallenge(create) => Some(create.wager_lamports),
            ClientMessage::AcceptChallenge(_) => None,
            _ => return Ok(()),
        };
        Ok(self.guard.lock().may_ask(wager, self.at_stake(None))?)
    }

    /// Writes a match down in the books. How it ended is not known where `over` is missing.
    pub(super) fn book(&self, known: &Match, over: Option<(Outcome, &model::GameOver<'_>)>) -> LedgerEntry {
        let entry = LedgerEntry::new(known.id.clone()).game(known.game_type.clone());
        let entry = match over {
            Some((outcome, over)) => {
                let is_free = over.is_sandbox == Some(true);
                let stake = if is_free { Some(Lamports::ZERO) } else { known.wager };
                entry.stake(stake).ended(outcome).told(over.payout_lamports, over.fee_lamports)
            }
            None => entry.stake(known.wager),
        };
        self.guard.lock().record(entry.clone());
        entry
    }
}
