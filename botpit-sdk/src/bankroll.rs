//! How much may be risked: the guard that every wager passes.
//!
//! A client has a [`Bankroll`], and everything that would put money at risk passes it before it is sent: a place in the
//! queue, also when it is joined again after a reconnect, a challenge that is created, and one that is accepted. What it
//! refuses comes back as an error with the code [`BANKROLL_REFUSED`] and a [`BankrollRefusal`] that says why.
//!
//! | limit | default |
//! |---|---|
//! | wager of one match | none of its own: what is left of the loss limit |
//! | loss of a session | ten times the first wager |
//! | matches | none |
//! | after a violation of fairness | plays on |
//!
//! A session is the life of a [`Client`](crate::Client) and its clones, however often it connects. What counts against the
//! loss limit is what was lost so far, gains taken off, and every stake that is still open. A match whose payout was not
//! told counts as lost.
//!
//! A platform may find a match for more than was queued for (both wagers need only be of one [bucket](crate::WagerBucket)).
//! It is reported, by `above_queued` of [`MatchFound`](crate::MatchFound), and played, since to resign it would lose it for
//! certain, as long as it stays within the limits. Beyond them it is resigned at once, and
//! [`Event::MatchRefused`](crate::Event::MatchRefused) says so: what the guard did not allow is not played for.
//!
//! ```
//! use botpit_sdk::{Bankroll, Client, Host};
//!
//! let bankroll = Bankroll::new().max_wager("0.05 SOL".parse()?).loss_limit("0.2 SOL".parse()?).max_matches(100);
//! let client = Client::builder("bp_live_…").host(Host::Production).bankroll(bankroll).build()?;
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sdk_core::error::Error;
use sdk_core::wire::printable;

use crate::codes::BANKROLL_REFUSED;
use crate::lamports::Lamports;
use crate::ledger::{Ledger, LedgerEntry};
use crate::model::MatchId;

/// So many wagers may be lost in a session unless something else is said.
pub const DEFAULT_LOSS_LIMIT_IN_WAGERS: u32 = 10;

/// The limits of what may be risked: see the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "limits hold where they are given to a client"]
pub struct Bankroll {
    max_wager: Option<Lamports>,
    loss_limit: LossLimit,
    max_matches: Option<u32>,
    stops_on_violation: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LossLimit {
    Wagers(u32),
    Amount(Lamports),
    None,
}

impl Default for Bankroll {
    fn default() -> Self {
        Self::new()
    }
}

impl Bankroll {
    /// The default limits: ten wagers may be lost.
    pub const fn new() -> Self {
        Self {
            max_wager: None,
            loss_limit: LossLimit::Wagers(DEFAULT_LOSS_LIMIT_IN_WAGERS),
            max_matches: None,
            stops_on_violation: false,
        }
    }

    /// The most that one match may be for.
    pub const fn max_wager(mut self, wager: Lamports) -> Self {
        self.max_wager = Some(wager);
        self
    }

    /// The most that a session may lose.
    pub const fn loss_limit(mut self, amount: Lamports) -> Self {
        self.loss_limit = LossLimit::Amount(amount);
        self
    }

    /// The same as so many times the session's first wager. Default 10.
    pub const fn loss_limit_in_wagers(mut self, wagers: u32) -> Self {
        self.loss_limit = LossLimit::Wagers(wagers);
        self
    }

    /// Everything that the wallet holds may be lost.
    pub const fn without_loss_limit(mut self) -> Self {
        self.loss_limit = LossLimit::None;
        self
    }

    /// The most matches that a session may begin.
    pub const fn max_matches(mut self, matches: u32) -> Self {
        self.max_matches = Some(matches);
        self
    }

    /// Takes no new match once the platform was caught: after a match whose fairness report says violated. Open matches are
    /// played to their end.
    pub const fn stop_on_violation(mut self) -> Self {
        self.stops_on_violation = true;
        self
    }

    /// What may be lost at most by so many matches for a wager: the stakes together, or the loss limit if that is less.
    /// `None` when there is no limit, or none that a number holds.
    ///
    /// ```
    /// use botpit_sdk::{Bankroll, Lamports};
    ///
    /// let wager: Lamports = "0.01 SOL".parse()?;
    /// assert_eq!(Bankroll::new().at_most(wager, Some(3)), Some("0.03 SOL".parse()?));
    /// assert_eq!(Bankroll::new().at_most(wager, Some(1_000)), Some("0.1 SOL".parse()?));
    /// assert_eq!(Bankroll::new().without_loss_limit().at_most(wager, None), None);
    /// # Ok::<(), botpit_sdk::lamports::ParseLamportsError>(())
    /// ```
    pub fn at_most(&self, wager: Lamports, matches: Option<u32>) -> Option<Lamports> {
        let matches = [matches, self.max_matches].into_iter().flatten().min();
        let stakes = matches.and_then(|matches| wager.checked_mul(u64::from(matches)));
        [stakes, self.loss_limit_for(wager)].into_iter().flatten().min()
    }

    /// The loss limit of a session whose first wager is this one.
    fn loss_limit_for(&self, first_wager: Lamports) -> Option<Lamports> {
        match self.loss_limit {
            LossLimit::Amount(amount) => Some(amount),
            LossLimit::Wagers(wagers) => first_wager.checked_mul(u64::from(wagers)),
            LossLimit::None => None,
        }
    }
}

/// Why the guard refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BankrollRefusal {
    /// The wager is more than one match may be for.
    WagerTooHigh {
        /// The wager.
        wager: Lamports,
        /// What one match may be for.
        max_wager: Lamports,
    },
    /// The session could lose more than it may.
    LossLimit {
        /// The wager.
        wager: Lamports,
        /// What is lost so far, gains taken off; with matches whose payout was not told.
        lost: Lamports,
        /// What is at stake already.
        at_stake: Lamports,
        /// What may be lost.
        limit: Lamports,
    },
    /// The session has begun all the matches that it may.
    MatchesPlayed {
        /// How many those are.
        max_matches: u32,
    },
    /// The platform was caught, and [`Bankroll::stop_on_violation`] was asked for.
    Violated {
        /// The match in which it was.
        match_id: MatchId,
    },
}

impl BankrollRefusal {
    /// The reason in an error with the code [`BANKROLL_REFUSED`].
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }
}

impl fmt::Display for BankrollRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WagerTooHigh { wager, max_wager } => {
                write!(f, "one match may be for {max_wager} at most, not for {wager}")
            }
            Self::LossLimit { wager, lost, at_stake, limit } => {
                write!(f, "{limit} may be lost at most; {lost} is lost")?;
                if !at_stake.is_zero() {
                    write!(f, ", {at_stake} at stake")?;
                }
                write!(f, ", and {wager} would be added")
            }
            Self::MatchesPlayed { max_matches } => write!(f, "all {max_matches} matches are played"),
            Self::Violated { match_id } => {
                write!(f, "match {} was not fair, so no other is begun", printable(match_id.as_str()))
            }
        }
    }
}

impl std::error::Error for BankrollRefusal {}

impl From<BankrollRefusal> for Error {
    fn from(refusal: BankrollRefusal) -> Self {
        let field = match &refusal {
            BankrollRefusal::WagerTooHigh { .. } | BankrollRefusal::LossLimit { .. } => "wager_lamports",
            BankrollRefusal::MatchesPlayed { .. } => "max_matches",
            BankrollRefusal::Violated { .. } => "match_id",
        };
        Self::new(&BANKROLL_REFUSED, "the bankroll's guard refused").with_field(field).with_source(refusal)
    }
}

/// What is open in a session and may still be lost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AtStake {
    /// The stakes of open matches, of the place in the queue and of open challenges.
    pub(crate) amount: u128,
    /// How many matches may yet come of the place in the queue and of open challenges.
    pub(crate) to_come: u32,
}

impl AtStake {
    pub(crate) fn of_match(&mut self, wager: Lamports) {
        self.amount += u128::from(wager.as_lamports());
    }

    pub(crate) fn of_wish(&mut self, wager: Lamports) {
        self.of_match(wager);
        self.to_come = self.to_come.saturating_add(1);
    }
}

/// The limits of a client, and the ledger that they are held against.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    bankroll: Bankroll,
    ledger: Ledger,
    first_wager: Option<Lamports>,
    begun: u32,
    violated: Option<MatchId>,
}

impl Guard {
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn set_bankroll(&mut self, bankroll: Bankroll) {
        self.bankroll = bankroll;
    }

    /// Whether a match for this wager may be asked for. `None` where the wager is not known yet.
    pub(crate) fn may_ask(&mut self, wager: Option<Lamports>, open: AtStake) -> Result<(), BankrollRefusal> {
        if let Some(match_id) = self.violated.as_ref().filter(|_| self.bankroll.stops_on_violation) {
            return Err(BankrollRefusal::Violated { match_id: match_id.clone() });
        }
        if let Some(max_matches) = self.bankroll.max_matches
            && self.begun.saturating_add(open.to_come) >= max_matches
        {
            return Err(BankrollRefusal::MatchesPlayed { max_matches });
        }
        self.may_play(wager.unwrap_or(Lamports::MIN_WAGER), open)?;
        if let Some(wager) = wager.filter(|wager| !wager.is_zero()) {
            self.first_wager.get_or_insert(wager);
        }
        Ok(())
    }

    /// A match begins: whether it may be played for this wager. `open` is everything else.
    pub(crate) fn begins(&mut self, wager: Lamports, open: AtStake) -> Result<(), BankrollRefusal> {
        self.begun = self.begun.saturating_add(1);
        self.may_play(wager, open)?;
        if !wager.is_zero() {
            self.first_wager.get_or_insert(wager);
        }
        Ok(())
    }

    fn may_play(&self, wager: Lamports, open: AtStake) -> Result<(), BankrollRefusal> {
        if wager.is_zero() {
            return Ok(()); // free play
        }
        if let Some(max_wager) = self.bankroll.max_wager
            && wager > max_wager
        {
            return Err(BankrollRefusal::WagerTooHigh { wager, max_wager });
        }
        let Some(limit) = self.bankroll.loss_limit_for(self.first_wager.unwrap_or(wager)) else {
            return Ok(());
        };
        let profit = self.ledger.profit_at_worst().as_lamports();
        // Gains count: the limit is on what is missing since the session's beginning.
        let after =
            i128::try_from(open.amount).unwrap_or(i128::MAX).saturating_add(wager.as_lamports().into());
        if after.saturating_sub(profit.into()) <= i128::from(limit.as_lamports()) {
            return Ok(());
        }
        let lost = Lamports::from_lamports(profit.min(0).unsigned_abs());
        let at_stake = Lamports::from_lamports(u64::try_from(open.amount).unwrap_or(u64::MAX));
        Err(BankrollRefusal::LossLimit { wager, lost, at_stake, limit })
    }

    /// A match is over, or out of sight.
    pub(crate) fn record(&mut self, entry: LedgerEntry) {
        if entry.stake.is_none() && self.ledger.entry(&entry.match_id).is_none() {
            self.begun = self.begun.saturating_add(1); // its beginning was not seen
        }
        self.ledger.record(entry);
    }

    /// A match was not fair.
    pub(crate) fn violated(&mut self, match_id: MatchId) {
        self.violated.get_or_insert(match_id);
    }
}

/// A guard that a client's connections share. It is asked when matches begin and end, never for a turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedGuard(Arc<Mutex<Guard>>);

impl SharedGuard {
    pub(crate) fn new(bankroll: Bankroll) -> Self {
        Self(Arc::new(Mutex::new(Guard { bankroll, ..Guard::default() })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Guard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Outcome;

    fn sol(text: &str) -> Lamports {
        text.parse().unwrap()
    }

    fn guard(bankroll: Bankroll) -> Guard {
        Guard { bankroll, ..Guard::default() }
    }

    fn ends(guard: &mut Guard, id: &str, outcome: Outcome, payout: Option<&str>) {
        let entry = LedgerEntry::new(id.into()).stake(sol("0.01 SOL")).ended(outcome);
        guard.record(entry.told(payout.map(sol), None));
    }

    #[test]
    fn ten_wagers_may_be_lost_by_default() {
        let mut guard = guard(Bankroll::new());
        let wager = sol("0.01 SOL");
        for number in 0..10 {
            assert_eq!(guard.may_ask(Some(wager), AtStake::default()), Ok(()), "{number}");
            assert_eq!(guard.begins(wager, AtStake::default()), Ok(()), "{number}");
            ends(&mut guard, &number.to_string(), Outcome::Lost, None);
        }
        let refused = guard.may_ask(Some(wager), AtStake::default()).unwrap_err();
        let (lost, limit) = (sol("0.1 SOL"), sol("0.1 SOL"));
        assert_eq!(refused, BankrollRefusal::LossLimit { wager, lost, at_stake: Lamports::ZERO, limit });
        let error = Error::from(refused.clone());
        assert_eq!((error.code(), error.field()), (&BANKROLL_REFUSED, Some("wager_lamports")));
        assert_eq!(BankrollRefusal::of(&error), Some(&refused));
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_gain_may_be_lost_again_and_what_was_not_told_counts_as_lost() {
        let mut guard = guard(Bankroll::new().loss_limit(sol("0.01 SOL")));
        let wager = sol("0.01 SOL");
        ends(&mut guard, "won", Outcome::Won, Some("0.019 SOL"));
        ends(&mut guard, "lost", Outcome::Lost, None);
        assert!(guard.may_ask(Some(wager), AtStake::default()).is_err(), "0.001 SOL is lost by the fee");
        ends(&mut guard, "won again", Outcome::Won, Some("0.019 SOL"));
        assert_eq!(guard.may_ask(Some(wager), AtStake::default()), Ok(()));
        ends(&mut guard, "not told", Outcome::Won, None);
        assert!(guard.may_ask(Some(wager), AtStake::default()).is_err());
    }

    #[test]
    fn what_is_open_counts() {
        let mut guard = guard(Bankroll::new().loss_limit(sol("0.03 SOL")).max_matches(3));
        let wager = sol("0.01 SOL");
        let mut open = AtStake::default();
        open.of_match(wager);
        open.of_wish(wager);
        assert_eq!(guard.may_ask(Some(wager), open), Ok(()));
        open.of_wish(wager);
        assert!(matches!(guard.may_ask(Some(wager), open), Err(BankrollRefusal::LossLimit { .. })));
        open = AtStake { amount: 0, to_come: 3 };
        assert_eq!(guard.may_ask(Some(wager), open), Err(BankrollRefusal::MatchesPlayed { max_matches: 3 }));
        assert!(guard.may_ask(Some(wager), AtStake { amount: u128::MAX, to_come: 0 }).is_err());
    }

    #[test]
    fn one_match_has_a_limit_of_its_own_where_one_is_set() {
        let mut guard = guard(Bankroll::new().max_wager(sol("0.05 SOL")));
        let (wager, max_wager) = (sol("0.06 SOL"), sol("0.05 SOL"));
        let refused = Err(BankrollRefusal::WagerTooHigh { wager, max_wager });
        assert_eq!(guard.may_ask(Some(wager), AtStake::default()), refused);
        assert_eq!(guard.begins(wager, AtStake::default()), refused);
        assert_eq!(guard.may_ask(Some(max_wager), AtStake::default()), Ok(()));
    }

    #[test]
    fn a_match_above_what_was_queued_for_is_within_the_loss_limit_or_refused() {
        let mut guard = guard(Bankroll::new());
        assert_eq!(guard.may_ask(Some(sol("0.01 SOL")), AtStake::default()), Ok(()));
        assert_eq!(guard.begins(sol("0.09 SOL"), AtStake::default()), Ok(()));
        assert!(matches!(
            guard.begins(sol("0.11 SOL"), AtStake::default()),
            Err(BankrollRefusal::LossLimit { .. })
        ));
    }

    #[test]
    fn free_play_costs_nothing_and_counts_as_a_match() {
        let mut guard = guard(Bankroll::new().loss_limit(Lamports::ZERO).max_matches(1));
        assert_eq!(guard.may_ask(Some(Lamports::ZERO), AtStake::default()), Ok(()));
        assert_eq!(guard.begins(Lamports::ZERO, AtStake::default()), Ok(()));
        assert!(guard.may_ask(Some(Lamports::ZERO), AtStake::default()).is_err());
    }

    #[test]
    fn a_violation_stops_who_asked_for_it() {
        for stops in [false, true] {
            let bankroll = if stops { Bankroll::new().stop_on_violation() } else { Bankroll::new() };
            let mut guard = guard(bankroll);
            guard.violated("m".into());
            let asked = guard.may_ask(Some(sol("0.01 SOL")), AtStake::default());
            assert_eq!(
                asked,
                if stops { Err(BankrollRefusal::Violated { match_id: "m".into() }) } else { Ok(()) }
            );
        }
    }
}
