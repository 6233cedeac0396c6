//! Which readings of the formulas hold on a host.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::derivation::{CrashReading, LayoutReading, OrderReading, RingReading};
use super::evidence::MatchEvidence;
use super::report::FairnessReport;
use crate::model::MatchId;

/// At most this many commitments are remembered of a host.
const MAX_COMMITMENTS: usize = 10_000;

/// At most this many hosts are remembered.
const MAX_HOSTS: usize = 1_000;

/// The evidence, in bits, from which on a reading is pinned: the odds that a wrong one has fitted all of it by chance are
/// below one in four thousand.
const SETTLED: u32 = 12;

/// What is known of hosts: the readings that fitted every match so far, and the commitments seen. Cheap to clone; clones
/// share what they know.
///
/// Some formulas of the spec can be read in more ways than one. Within a match one reading must fit every round. Once it has
/// fitted enough of them it is pinned for the host, and a later match that it does not fit is noted as a warning. Several
/// readings that all fit stay open.
///
/// It serialises, so that a bot can keep it over a restart.
///
/// ```
/// use botpit_sdk::fairness::{MatchEvidence, Readings};
///
/// let readings = Readings::new();
/// let report = readings.verify("api.botpit.com", MatchEvidence::new());
/// assert_eq!(report.fair(), None);
///
/// let kept = serde_json::to_string(&readings).unwrap();
/// let again: Readings = serde_json::from_str(&kept).unwrap();
/// assert_eq!(again.host("api.botpit.com").crash().len(), 12);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Readings(Arc<Mutex<BTreeMap<String, HostReadings>>>);

impl Readings {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks a match that was played on a host, and remembers what it shows of the host.
    pub fn verify(&self, host: &str, evidence: MatchEvidence) -> FairnessReport {
        let mut hosts = self.hosts();
        if let Some(known) = hosts.get_mut(host) {
            return super::check::verify(evidence, known);
        }
        if hosts.len() >= MAX_HOSTS {
            hosts.pop_first();
        }
        super::check::verify(evidence, hosts.entry(host.to_owned()).or_default())
    }

    /// What is known of a host, as a copy.
    pub fn host(&self, host: &str) -> HostReadings {
        self.hosts().get(host).cloned().unwrap_or_default()
    }

    /// Forgets a host: after its operator has changed a formula.
    pub fn forget(&self, host: &str) {
        self.hosts().remove(host);
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, HostReadings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serialize for Readings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.hosts().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Readings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(Mutex::new(BTreeMap::deserialize(deserializer)?))))
    }
}

/// What is known of one host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostReadings {
    pub(super) crash_point: Pin<CrashReading>,
    pub(super) target: Pin<RingReading>,
    pub(super) mine_positions: Pin<LayoutReading>,
    pub(super) reveal_order: Pin<OrderReading>,
    pub(super) commitments: Commitments,
}

impl HostReadings {
    /// The readings of the crash point that are still open.
    pub fn crash(&self) -> Vec<CrashReading> {
        self.crash_point.open(CrashReading::ALL)
    }

    /// The readings of the reaction ring's target that are still open.
    pub fn ring(&self) -> Vec<RingReading> {
        self.target.open(RingReading::ALL)
    }

    /// The readings of the mines' layout that are still open.
    pub fn layout(&self) -> Vec<LayoutReading> {
        self.mine_positions.open(LayoutReading::all())
    }

    /// The readings of the order of tiles that are still open.
    pub fn order(&self) -> Vec<OrderReading> {
        self.reveal_order.open(OrderReading::all())
    }
}

/// The readings of one formula that have fitted every match so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pin<R> {
    open: Vec<R>,
    /// How much they have fitted.
    bits: u32,
}

impl<R> Default for Pin<R> {
    fn default() -> Self {
        Self { open: Vec::new(), bits: 0 }
    }
}

/// How a match's fitting readings and the host's go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit<R> {
    /// These fit both.
    Fits(Vec<R>),
    /// None fits every round.
    None,
    /// Some do, but not those that held before.
    NotPinned,
}

impl<R: Copy + PartialEq> Pin<R> {
    fn open(&self, all: impl IntoIterator<Item = R>) -> Vec<R> {
        if self.open.is_empty() { all.into_iter().collect() } else { self.open.clone() }
    }

    pub(super) fn is_settled(&self) -> bool {
        !self.open.is_empty() && self.bits >= SETTLED
    }

    /// Takes in the readings that fit every round of a match, and how much that says.
    pub(super) fn learn(&mut self, fitting: Vec<R>, bits: u32) -> Fit<R> {
        let both: Vec<R> = fitting.iter().copied().filter(|reading| self.open.contains(reading)).collect();
        if fitting.is_empty() {
            if self.is_settled() { Fit::NotPinned } else { Fit::None }
        } else if !both.is_empty() {
            self.open.clone_from(&both);
            self.bits = self.bits.saturating_add(bits);
            Fit::Fits(both)
        } else if self.is_settled() {
            Fit::NotPinned
        } else {
            // Nothing was known, or too little to hold against this match.
            self.open.clone_from(&fitting);
            self.bits = bits;
            Fit::Fits(fitting)
        }
    }
}

/// Which commitment served which match, the latest of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Commitments {
    matches: HashMap<Arc<str>, MatchId>,
    order: VecDeque<Arc<str>>,
}

impl Commitments {
    /// The other match that a commitment has served.
    pub(super) fn other_match(&mut self, commitment: &str, of: &MatchId) -> Option<MatchId> {
        let commitment: Arc<str> = commitment.to_ascii_lowercase().into();
        if let Some(known) = self.matches.get(&commitment) {
            return (known != of).then(|| known.clone());
        }
        self.matches.insert(Arc::clone(&commitment), of.clone());
        self.order.push_back(commitment);
        if self.order.len() > MAX_COMMITMENTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.matches.remove(&oldest);
        }
        None
    }
}

impl Serialize for Commitments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let told = self.order.iter().filter_map(|hash| Some((&**hash, self.matches.get(hash)?)));
        serializer.collect_seq(told)
    }
}

impl<'de> Deserialize<'de> for Commitments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut commitments = Self::default();
        for (hash, of) in Vec::<(String, MatchId)>::deserialize(deserializer)? {
            commitments.other_match(&hash, &of);
        }
        Ok(commitments)
    }
}

#[cfg(test)]
mod tests {
    use super::super::derivation::Endian;
    use super::*;

    const BE: RingReading = RingReading { endian: Endian::Be };
    const LE: RingReading = RingReading { endian: Endian::Le };

    #[test]
    fn a_reading_is_pinned_when_it_has_fitted_enough() {
        let mut pin = Pin::default();
        assert_eq!(pin.learn(vec![BE, LE], 9), Fit::Fits(vec![BE, LE]));
        assert!(!pin.is_settled());
        assert_eq!(pin.learn(vec![LE], 9), Fit::Fits(vec![LE]));
        assert!(pin.is_settled());
        assert_eq!(pin.learn(vec![BE], 9), Fit::NotPinned);
        assert_eq!(pin.learn(Vec::new(), 9), Fit::NotPinned);
        assert_eq!(pin.learn(vec![BE, LE], 9), Fit::Fits(vec![LE]));
    }

    #[test]
    fn too_little_evidence_is_not_held_against_a_match() {
        let mut pin = Pin::default();
        assert_eq!(pin.learn(Vec::new(), 9), Fit::<RingReading>::None);
        assert_eq!(pin.learn(vec![BE], 9), Fit::Fits(vec![BE]));
        assert_eq!(pin.learn(vec![LE], 9), Fit::Fits(vec![LE]));
        assert_eq!(pin.learn(Vec::new(), 9), Fit::None);
    }

    #[test]
    fn the_oldest_commitments_go_first() {
        let mut commitments = Commitments::default();
        for number in 0..=MAX_COMMITMENTS {
            let id = MatchId::from(format!("m-{number}"));
            assert_eq!(commitments.other_match(&format!("hash-{number}"), &id), None);
        }
        let again = MatchId::from("again");
        assert_eq!(commitments.other_match("HASH-1", &again), Some(MatchId::from("m-1")));
        assert_eq!(commitments.other_match("hash-1", &MatchId::from("m-1")), None);
        assert_eq!(commitments.other_match("hash-0", &again), None);
        assert_eq!(commitments.order.len(), MAX_COMMITMENTS);
    }
}
