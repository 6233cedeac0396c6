//! What the matches cost and brought, to the lamport.
//!
//! Every match that begins puts a stake in, and every match that ends takes something out. A [`Ledger`] writes both down as
//! the platform tells them, in whole lamports, and adds nothing of its own: a figure that was not told is missing here too,
//! and is counted as missing.
//!
//! What counts as paid out:
//!
//! | how it ended | what counts | why |
//! |---|---|---|
//! | won, or drawn | the `payout_lamports` of `game_over` | spec, "Gameplay": `wager * 2 minus platform fee` |
//! | won, or drawn, no payout told | nothing is known | it is never worked out from a rate: the rate is not documented |
//! | lost | 0 | a payout that is told to a loser is the winner's; it is kept as told, and noted |
//! | not seen to the end | nothing is known | ask the platform by REST |
//!
//! ```
//! use botpit_sdk::ledger::{Ledger, LedgerEntry};
//! use botpit_sdk::{Lamports, Outcome};
//!
//! let mut ledger = Ledger::default();
//! let stake = Lamports::from_lamports(10_000_000);
//! ledger.record(
//!     LedgerEntry::new("match-uuid".into()).stake(stake).ended(Outcome::Won).told(Some(Lamports::from_lamports(19_000_000)), None),
//! );
//! ledger.record(LedgerEntry::new("another".into()).stake(stake).ended(Outcome::Lost).told(None, None));
//! assert_eq!(ledger.profit().to_string(), "-0.001 SOL");
//! assert_eq!(ledger.to_string(), "staked 0.02 SOL, paid out 0.019 SOL: -0.001 SOL");
//! ```

use std::collections::{HashMap, VecDeque};
use std::fmt;

use serde::Serialize;

use crate::lamports::{Lamports, SignedLamports};
use crate::live::Outcome;
use crate::model::{GameType, MatchId};

/// At most this many entries are kept, the newest; the sums go on over all.
pub const MAX_ENTRIES: usize = 4_096;

/// The money of one match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The match.
    pub match_id: MatchId,
    /// Its game, where the match's beginning was seen.
    pub game: Option<GameType>,
    /// What the agent put in, where the match's beginning was seen. Nothing for free play.
    pub stake: Option<Lamports>,
    /// How it ended for the agent; `None` when its end was not seen.
    pub outcome: Option<Outcome>,
    /// The `payout_lamports` of `game_over`, as told.
    pub told_payout: Option<Lamports>,
    /// The `fee_lamports` of `game_over`, as told. Most platforms do not tell it.
    pub told_fee: Option<Lamports>,
}

/// Something about a match's money that the spec does not settle. No accusation: a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LedgerNote {
    /// The stake is not known: the match's beginning was not seen.
    StakeNotSeen,
    /// How it ended is not known.
    EndNotSeen,
    /// It was won or drawn, and no payout was told.
    PayoutNotTold,
    /// It was lost, and a payout was told: taken for the winner's.
    PayoutToldToLoser,
    /// It was won, and payout and told fee are not the two stakes together.
    PotDiffers,
}

impl fmt::Display for LedgerNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StakeNotSeen => "the match's beginning, and with it the stake, was not seen",
            Self::EndNotSeen => "the match's end was not seen",
            Self::PayoutNotTold => "the payout was not told",
            Self::PayoutToldToLoser => "a payout was told to the loser, and taken for the winner's",
            Self::PotDiffers => "payout and fee are not the two stakes together",
        })
    }
}

impl LedgerEntry {
    /// The entry of a match of which nothing is known yet.
    pub fn new(match_id: MatchId) -> Self {
        Self { match_id, game: None, stake: None, outcome: None, told_payout: None, told_fee: None }
    }

    /// The game.
    #[must_use]
    pub fn game(mut self, game: Option<GameType>) -> Self {
        self.game = game;
        self
    }

    /// What the agent put in.
    #[must_use]
    pub fn stake(mut self, stake: impl Into<Option<Lamports>>) -> Self {
        self.stake = stake.into();
        self
    }

    /// How it ended.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// What the platform told at the end: payout and fee.
    #[must_use]
    pub fn told(mut self, payout: Option<Lamports>, fee: Option<Lamports>) -> Self {
        (self.told_payout, self.told_fee) = (payout, fee);
        self
    }

    /// What came back to the agent; `None` when that was not told.
    pub fn payout(&self) -> Option<Lamports> {
        match self.outcome? {
            Outcome::Lost => Some(Lamports::ZERO),
            Outcome::Won | Outcome::Draw => self.told_payout,
        }
    }

    /// What the match brought, or cost; `None` when a figure is missing. A difference that no `i64` holds is missing too.
    pub fn profit(&self) -> Option<SignedLamports> {
        self.payout()?.checked_profit_over(self.stake?)
    }

    /// What the spec does not settle about it.
    pub fn notes(&self) -> impl Iterator<Item = LedgerNote> + use<> {
        let told_to_loser =
            self.outcome == Some(Outcome::Lost) && self.told_payout.is_some_and(|payout| !payout.is_zero());
        let not_told = self.outcome.is_some() && self.payout().is_none();
        [
            self.stake.is_none().then_some(LedgerNote::StakeNotSeen),
            self.outcome.is_none().then_some(LedgerNote::EndNotSeen),
            not_told.then_some(LedgerNote::PayoutNotTold),
            told_to_loser.then_some(LedgerNote::PayoutToldToLoser),
            (self.pot_adds_up() == Some(false)).then_some(LedgerNote::PotDiffers),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether payout and fee of a match that was won are the two stakes together; `None` where a figure was not told.
    pub fn pot_adds_up(&self) -> Option<bool> {
        if self.outcome != Some(Outcome::Won) {
            return None;
        }
        let (payout, fee, stake) = (self.told_payout?, self.told_fee?, self.stake?);
        let pot = u128::from(stake.as_lamports()) * 2;
        Some(u128::from(payout.as_lamports()) + u128::from(fee.as_lamports()) == pot)
    }
}

/// Stakes, payouts and fees of every match, and their sums: see the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    entries: VecDeque<LedgerEntry>,
    /// Where each entry stands: its number, counted over all entries that there ever were.
    #[serde(skip)]
    numbers: HashMap<MatchId, u64>,
    /// The number of the oldest entry that is kept.
    #[serde(skip)]
    oldest: u64,
    matches: u64,
    missing: u64,
    #[serde(skip)]
    sums: Sums,
}

/// Wide enough for any number of the largest amounts there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    /// Of the matches whose every figure is known.
    staked: i128,
    paid_out: i128,
    /// Of all.
    fees: i128,
    /// What may be gone at worst with the others.
    in_doubt: i128,
}

impl Sums {
    fn add(&mut self, entry: &LedgerEntry, sign: i128) {
        let amount = |lamports: Option<Lamports>| i128::from(lamports.map_or(0, Lamports::as_lamports));
        self.fees += sign * amount(entry.told_fee);
        match entry.profit() {
            Some(_) => {
                self.staked += sign * amount(entry.stake);
                self.paid_out += sign * amount(entry.payout());
            }
            None => self.in_doubt += sign * amount(entry.stake),
        }
    }
}

impl Ledger {
    /// Writes a match down. A second entry of the same match takes the place of the first, when the first is still kept.
    pub fn record(&mut self, entry: LedgerEntry) {
        self.sums.add(&entry, 1);
        self.missing += u64::from(entry.profit().is_none());
        if let Some(known) = self.place(&entry.match_id).and_then(|at| self.entries.get_mut(at)) {
            let first = std::mem::replace(known, entry);
            self.sums.add(&first, -1);
            self.missing -= u64::from(first.profit().is_none());
            return;
        }
        self.matches += 1;
        if self.entries.len() >= MAX_ENTRIES
            && let Some(oldest) = self.entries.pop_front()
        {
            self.numbers.remove(&oldest.match_id);
            self.oldest += 1;
        }
        self.numbers.insert(entry.match_id.clone(), self.oldest + self.entries.len() as u64);
        self.entries.push_back(entry);
    }

    fn place(&self, match_id: &MatchId) -> Option<usize> {
        let number = self.numbers.get(match_id)?;
        usize::try_from(number.checked_sub(self.oldest)?).ok()
    }

    /// The matches, the oldest first: at most the newest [`MAX_ENTRIES`].
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LedgerEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The match's entry, while it is kept.
    pub fn entry(&self, match_id: &MatchId) -> Option<&LedgerEntry> {
        self.entries.get(self.place(match_id)?)
    }

    /// How many matches it holds, those that are no longer kept included.
    pub fn matches(&self) -> u64 {
        self.matches
    }

    /// How many of them lack a figure, so that they are in no sum but that of the fees.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The sum of the stakes.
    pub fn staked(&self) -> Lamports {
        unsigned(self.sums.staked)
    }

    /// The sum of what came back.
    pub fn paid_out(&self) -> Lamports {
        unsigned(self.sums.paid_out)
    }

    /// The sum of the fees that were told.
    pub fn fees(&self) -> Lamports {
        unsigned(self.sums.fees)
    }

    /// What all of it brought, or cost: [`paid_out`](Self::paid_out) minus [`staked`](Self::staked), to the lamport. It
    /// stays at the largest figure that there is instead of going beyond it.
    pub fn profit(&self) -> SignedLamports {
        signed(self.sums.paid_out - self.sums.staked)
    }

    /// The same at worst: with every stake lost whose match lacks a figure.
    pub fn profit_at_worst(&self) -> SignedLamports {
        signed(self.sums.paid_out - self.sums.staked - self.sums.in_doubt)
    }
}

fn unsigned(sum: i128) -> Lamports {
    Lamports::from_lamports(u64::try_from(sum.max(0)).unwrap_or(u64::MAX))
}

fn signed(sum: i128) -> SignedLamports {
    let limit = if sum < 0 { i64::MIN } else { i64::MAX };
    SignedLamports::from_lamports(i64::try_from(sum).unwrap_or(limit))
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "staked {}, paid out {}", self.staked(), self.paid_out())?;
        if !self.fees().is_zero() {
            write!(f, ", fees told {}", self.fees())?;
        }
        write!(f, ": {}", self.profit())?;
        match self.missing {
            0 => Ok(()),
            1 => f.write_str("; of 1 match a figure was not told"),
            missing => write!(f, "; of {missing} matches a figure was not told"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAKE: Lamports = Lamports::from_lamports(10_000_000);

    fn entry(id: &str, outcome: Outcome, payout: Option<u64>) -> LedgerEntry {
        let payout = payout.map(Lamports::from_lamports);
        LedgerEntry::new(id.into()).stake(STAKE).ended(outcome).told(payout, None)
    }

    fn notes(entry: &LedgerEntry) -> Vec<LedgerNote> {
        entry.notes().collect()
    }

    #[test]
    fn a_figure_that_was_not_told_is_missing_and_not_made_up() {
        let mut ledger = Ledger::default();
        ledger.record(entry("won", Outcome::Won, None));
        assert_eq!((ledger.profit(), ledger.missing()), (SignedLamports::ZERO, 1));
        assert_eq!(ledger.profit_at_worst().as_lamports(), -10_000_000);
        assert_eq!(notes(&entry("won", Outcome::Won, None)), [LedgerNote::PayoutNotTold]);
        ledger.record(LedgerEntry::new("unseen".into()).ended(Outcome::Won).told(Some(STAKE), None));
        ledger.record(LedgerEntry::new("lost sight of".into()).stake(STAKE));
        assert_eq!((ledger.matches(), ledger.missing()), (3, 3));
        assert_eq!(ledger.profit_at_worst().as_lamports(), -20_000_000);
        assert!(ledger.to_string().ends_with("0 SOL; of 3 matches a figure was not told"), "{ledger}");
    }

    #[test]
    fn a_payout_that_is_told_to_the_loser_is_the_winners() {
        let lost = entry("lost", Outcome::Lost, Some(19_000_000));
        assert_eq!(lost.profit().map(SignedLamports::as_lamports), Some(-10_000_000));
        assert_eq!(notes(&lost), [LedgerNote::PayoutToldToLoser]);
        assert_eq!(notes(&entry("lost", Outcome::Lost, Some(0))), []);
        assert_eq!(notes(&entry("lost", Outcome::Lost, None)), []);
    }

    #[test]
    fn a_told_fee_has_to_add_up_and_an_untold_one_is_not_worked_out() {
        let won = |payout: u64, fee: Option<u64>| {
            let told = Some(Lamports::from_lamports(payout));
            entry("won", Outcome::Won, None).told(told, fee.map(Lamports::from_lamports))
        };
        assert_eq!(won(19_000_000, None).pot_adds_up(), None);
        assert_eq!(won(19_500_000, Some(500_000)).pot_adds_up(), Some(true));
        assert_eq!(notes(&won(19_500_000, Some(1_000_000))), [LedgerNote::PotDiffers]);
        assert_eq!(entry("draw", Outcome::Draw, Some(1)).pot_adds_up(), None);
    }

    #[test]
    fn a_match_is_written_down_once() {
        let mut ledger = Ledger::default();
        ledger.record(LedgerEntry::new("m".into()).stake(STAKE));
        ledger.record(entry("m", Outcome::Won, Some(19_000_000)));
        assert_eq!((ledger.matches(), ledger.missing(), ledger.entries().len()), (1, 0, 1));
        assert_eq!(ledger.profit().as_lamports(), 9_000_000);
        assert_eq!(
            ledger.entry(&"m".into()).and_then(LedgerEntry::payout),
            Some(Lamports::from_lamports(19_000_000))
        );
    }

    #[test]
    fn the_sums_go_on_when_entries_are_let_go() {
        let mut ledger = Ledger::default();
        for number in 0..=MAX_ENTRIES {
            ledger.record(entry(&number.to_string(), Outcome::Lost, None));
        }
        assert_eq!((ledger.entries().len(), ledger.matches()), (MAX_ENTRIES, MAX_ENTRIES as u64 + 1));
        assert_eq!(ledger.staked().as_lamports(), 10_000_000 * (MAX_ENTRIES as u64 + 1));
        // Each is still found, and the one that was let go is not.
        for (number, is_kept) in [(0, false), (1, true), (2_000, true), (MAX_ENTRIES, true)] {
            let id = MatchId::from(number.to_string().as_str());
            assert_eq!(ledger.entry(&id).map(|entry| &entry.match_id), is_kept.then_some(&id));
        }
        ledger.record(entry("2000", Outcome::Won, Some(19_000_000)));
        assert_eq!((ledger.entries().len(), ledger.matches()), (MAX_ENTRIES, MAX_ENTRIES as u64 + 1));
        assert_eq!(ledger.paid_out().as_lamports(), 19_000_000);
    }

    proptest! {
        /// Whatever is told, in whatever order: payouts minus stakes are the profit, and the sum of the entries' profits.
        #[test]
        fn it_balances(told in proptest::collection::vec((0u8..20, 0u8..3, any::<Option<u64>>(), any::<u64>()), 0..60)) {
            let mut ledger = Ledger::default();
            for (id, outcome, payout, stake) in told {
                let outcome = [Outcome::Won, Outcome::Lost, Outcome::Draw][usize::from(outcome)];
                let stake = Lamports::from_lamports(stake >> 8);
                let payout = payout.map(|payout| Lamports::from_lamports(payout >> 8));
                ledger.record(LedgerEntry::new(id.to_string().as_str().into()).stake(stake).ended(outcome).told(payout, None));
            }
            let sum: i128 = ledger.entries().filter_map(LedgerEntry::profit).map(|profit| i128::from(profit.as_lamports())).sum();
            prop_assert_eq!(i128::from(ledger.profit().as_lamports()), sum);
            let (paid_out, staked) = (ledger.paid_out().as_lamports(), ledger.staked().as_lamports());
            prop_assert_eq!(i128::from(paid_out) - i128::from(staked), sum);
            prop_assert!(ledger.profit_at_worst() <= ledger.profit());
        }
    }
}
