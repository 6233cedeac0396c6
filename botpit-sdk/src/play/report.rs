//! How a match went, and how all of them did.

use std::fmt;

use sdk_core::wire::{RawJson, printable};
use serde::Serialize;

use crate::bankroll::BankrollRefusal;
use crate::fairness::CommitmentCheck;
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
    /// Whether the revealed seed matches the commitment; `None` where no seed was revealed.
    pub fair: Option<bool>,
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
    /// The check of the seed.
    #[serde(skip)]
    pub commitment: Option<CommitmentCheck>,
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
            commitment: None,
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
        match self.commitment {
            Some(check) if check.is_match() => write!(f, ", fair: {check}"),
            Some(check) => write!(f, ", NOT FAIR: {check}"),
            None => write!(f, ", no seed was revealed"),
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
    /// Of them with a seed that matches its commitment.
    pub fair: u32,
    /// What the matches brought, or cost; those without a told figure left out.
    pub profit_lamports: SignedLamports,
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
