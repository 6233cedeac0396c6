//! How a match went, and how all of them did.

use std::fmt;
use std::sync::Arc;

use sdk_core::wire::{RawJson, printable};
use serde::Serialize;

use crate::bankroll::BankrollRefusal;
use crate::fairness::{FairnessReport, Verdict};
use crate::lamports::{Lamports, SignedLamports};
use crate::live::Outcome;
use crate::model::{AgentId, GameType, MatchId, Score, Side};

/// At most this many rounds of a match are kept for its report.
pub const MAX_ROUNDS: usize = 4_096;

/// How one match went.
///
/// `Display` tells it in words; as JSON it is the object under `"match"` of a starter bot's `--json` line.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MatchReport {
    /// The match.
    pub id: MatchId,
    /// The game.
    pub game: GameType,
    /// The opponent's name, or its id where it has none. A stranger's words.
    pub opponent: String,
    /// The opponent's id.
    #[serde(skip)]
    pub opponent_id: Option<AgentId>,
    /// Whether the agent won; `None` for a draw.
    pub won: Option<bool>,
    /// The final score, `[a, b]` as on the wire.
    pub score: Option<Score>,
    /// What the platform said it pays out, where it said so.
    pub payout_lamports: Option<Lamports>,
    /// False after a violation, true when the seed matches its commitment and there is none; `None` where that cannot be
    /// said, as no seed was revealed.
    pub fair: Option<bool>,
    /// What the check of the match came to: `verified`, `consistent` or `violated` in JSON.
    pub verdict: Verdict,
    /// The agent's side.
    #[serde(skip)]
    pub side: Option<Side>,
    /// What each side put in.
    #[serde(skip)]
    pub wager: Option<Lamports>,
    /// What the match brought, or cost; `None` where a figure was not told.
    #[serde(skip)]
    pub profit: Option<SignedLamports>,
    /// In how many turns the strategy failed and the [`Fallback`](crate::Fallback) was played.
    #[serde(skip)]
    pub fallbacks: u32,
    /// The check of the match, round by round.
    #[serde(skip)]
    pub fairness: Arc<FairnessReport>,
    /// The rounds, at most [`MAX_ROUNDS`].
    #[serde(skip)]
    pub rounds: Vec<RoundReport>,
}

/// How one round went.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RoundReport {
    /// The round's number.
    pub round: u32,
    /// The score after it, where the platform said so.
    pub score: Option<Score>,
    /// In words, from the agent's side.
    pub told: String,
    /// The result as it came.
    pub result: Option<RawJson>,
}

impl MatchReport {
    /// A match without a platform: nothing was at stake, and nothing is there to be verified.
    pub(crate) fn of_lab(
        id: MatchId,
        game: GameType,
        opponent_id: AgentId,
        side: Side,
        won: Option<bool>,
        score: Option<Score>,
        fairness: Arc<FairnessReport>,
    ) -> Self {
        Self {
            id,
            game,
            opponent: opponent_id.to_string(),
            opponent_id: Some(opponent_id),
            won,
            score,
            payout_lamports: None,
            fair: None,
            side: Some(side),
            wager: None,
            profit: None,
            fallbacks: 0,
            verdict: fairness.verdict().clone(),
            fairness,
            rounds: Vec::new(),
        }
    }

    /// How it ended for the agent.
    pub fn outcome(&self) -> Outcome {
        match self.won {
            Some(true) => Outcome::Won,
            Some(false) => Outcome::Lost,
            None => Outcome::Draw,
        }
    }
}

impl fmt::Display for MatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The opponent chose its name: nothing in it may steer somebody's terminal.
        let opponent: String = self.opponent.chars().take(40).collect();
        write!(f, "Match {} against {}", printable(self.id.as_str()), printable(&opponent))?;
        if let Some(wager) = self.wager {
            write!(f, " for {wager}")?;
        }
        writeln!(f)?;
        for round in &self.rounds {
            write!(f, "  round {}: {}", round.round, printable(&round.told))?;
            match (round.score, self.side) {
                (Some(score), Some(side)) => writeln!(f, "  ({}:{})", score.mine(side), score.theirs(side))?,
                _ => writeln!(f)?,
            }
        }
        write!(f, "  {}", self.outcome())?;
        if let (Some(score), Some(side)) = (self.score, self.side) {
            write!(f, " {}:{}", score.mine(side), score.theirs(side))?;
        }
        match self.payout_lamports {
            Some(payout) => write!(f, ", payout {payout}")?,
            None => write!(f, ", payout not told")?,
        }
        if self.fallbacks > 0 {
            write!(
                f,
                ", {} by the fallback",
                if self.fallbacks == 1 { "1 turn".to_owned() } else { format!("{} turns", self.fallbacks) }
            )?;
        }
        match (self.fairness.commitment(), &self.verdict) {
            (_, Verdict::Violated { .. }) => write!(f, ", NOT FAIR: {}", self.verdict),
            (Some(check), verdict) => write!(f, ", {verdict}, fair: {check}"),
            (None, _) => write!(f, ", no seed was revealed"),
        }
    }
}

/// How all matches of a run went.
///
/// `Display` tells it in words; as JSON it is the object under `"summary"` of a starter bot's last `--json` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many matches ended.
    pub matches: u32,
    /// Of them won.
    pub won: u32,
    /// Of them lost.
    pub lost: u32,
    /// Of them drawn.
    pub drawn: u32,
    /// Of them with a seed that matches its commitment, and no violation.
    pub fair: u32,
    /// What the matches brought, or cost; those without a told figure left out.
    pub profit_lamports: SignedLamports,
    /// Of the matches those with the verdict verified: all that chance decided was derived again.
    pub verified: u32,
    /// Those with the verdict consistent: nothing contradicts itself, not everything could be derived.
    pub consistent: u32,
    /// Those with the verdict violated.
    pub violated: u32,
    /// How many matches lacked a figure.
    #[serde(skip)]
    pub profits_not_told: u32,
    /// Why the bankroll's guard ended it, where it did.
    #[serde(skip)]
    pub stopped: Option<BankrollRefusal>,
}

impl Summary {
    /// Counts a match.
    pub fn add(&mut self, report: &MatchReport) {
        self.matches += 1;
        match report.outcome() {
            Outcome::Won => self.won += 1,
            Outcome::Lost => self.lost += 1,
            Outcome::Draw => self.drawn += 1,
        }
        self.fair += u32::from(report.fair == Some(true));
        match &report.verdict {
            Verdict::Verified => self.verified += 1,
            Verdict::Violated { .. } => self.violated += 1,
            _ => self.consistent += 1,
        }
        match report.profit {
            Some(profit) => self.profit_lamports = self.profit_lamports.saturating_add(profit),
            None => self.profits_not_told += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, won, lost, drawn, fair, .. } = self;
        let plural = if *matches == 1 { "match" } else { "matches" };
        write!(
            f,
            "{matches} {plural}: {won} won, {lost} lost, {drawn} drawn; {fair} with a seed that matches its commitment"
        )?;
        if self.violated > 0 {
            write!(f, "; {} NOT FAIR", self.violated)?;
        }
        write!(f, "; profit {}", self.profit_lamports)?;
        if self.profits_not_told > 0 {
            write!(f, " (of {} not told)", self.profits_not_told)?;
        }
        match &self.stopped {
            Some(refusal) => write!(f, "; stopped: {refusal}"),
            None => Ok(()),
        }
    }
}
