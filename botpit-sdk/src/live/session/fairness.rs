//! The session's part in fairness: what is seen of each match is kept, and checked when the match is over.

use std::sync::Arc;

use sdk_core::socket::Context;
use sdk_core::wire::{RawJson, printable};

use super::Session;
use super::matches::Match;
use crate::fairness::{FairnessReport, MatchEvidence};
use crate::live::event::Event;
use crate::live::ledger::TurnId;
use crate::live::move_data::MoveData;
use crate::model::{self, AgentId, MatchId, Side};

/// What is seen of a match for its fairness report.
#[derive(Debug, Default)]
pub(super) struct Witness {
    evidence: Box<MatchEvidence>,
    /// The last decision, until it is written.
    decided: Option<(TurnId, u32, MoveData)>,
}

impl Witness {
    pub(super) fn of(me: Option<&AgentId>) -> Self {
        let mut witness = Self::default();
        if let Some(me) = me {
            witness.evidence.me(me.clone());
        }
        witness
    }

    pub(super) fn found(&mut self, id: &MatchId, found: &model::MatchFound<'_>) {
        let (game, opponent) = (found.game_type.clone(), AgentId::from(&*found.opponent_id));
        self.evidence.found(id.clone(), game, opponent, found.wager_lamports, &found.server_seed_hash);
    }

    pub(super) fn started(&mut self, side: Side) {
        self.evidence.started(side);
    }

    pub(super) fn asked(&mut self, round: u32, state: &RawJson) {
        self.evidence.turn_of_json(round, state.as_str());
    }

    /// A move was decided; whether it is ever written is told by [`written`](Self::written).
    pub(super) fn decided(&mut self, turn: TurnId, round: u32, data: MoveData) {
        self.decided = Some((turn, round, data));
    }

    /// A decision is about to be written: from now on it is the agent's move, perhaps.
    fn written(&mut self, turn: TurnId) -> bool {
        let Some((_, round, data)) = self.decided.as_ref().filter(|(decided, ..)| *decided == turn) else {
            return false;
        };
        self.evidence.moved(*round, data.as_json());
        true
    }

    pub(super) fn resolved(&mut self, result: &model::RoundResult<'_>) {
        self.evidence.resolved(result.round, result.result.map(|raw| raw.get()), result.score);
    }

    /// Messages of the match may be missing.
    pub(super) fn interrupted(&mut self) {
        self.evidence.on_interruption();
    }
}

impl Session {
    /// A move is about to be written.
    pub(super) fn witness_written(&mut self, turn: TurnId) {
        self.matches.values_mut().any(|known| known.witness.written(turn));
    }

    /// Messages of any match may be missing.
    pub(super) fn witnesses_interrupted(&mut self) {
        for known in self.matches.values_mut() {
            known.witness.interrupted();
        }
    }

    /// Checks a match that is over, and tells what came of it.
    pub(super) fn check_fairness(
        &self,
        known: &mut Match,
        over: &model::GameOver<'_>,
        cx: &mut Context<'_, Event>,
    ) -> Arc<FairnessReport> {
        let mut evidence = std::mem::take(&mut *known.witness.evidence);
        let winner = over.winner.as_deref().map(AgentId::from);
        evidence.ended(winner, over.final_score, over.server_seed.as_deref().map(str::to_owned));
        evidence.paid(over.payout_lamports, over.fee_lamports, over.is_sandbox);
        let report = Arc::new(self.readings.verify(&self.host, evidence));
        if report.verdict().is_violated() {
            tracing::warn!(match_id = %printable(known.id.as_str()), "not fair: {}", report.verdict());
            self.guard.lock().violated(known.id.clone());
        }
        cx.emit(Event::Fairness(Arc::clone(&report)));
        report
    }
}
