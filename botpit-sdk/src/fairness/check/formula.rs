//! The formulas that leave something open: one reading must fit every round of the match.

use super::super::derivation::{CrashReading, LayoutReading, OrderReading, RingReading};
use super::super::finding::Note;
use super::super::readings::{Fit, HostReadings, Pin};
use super::super::report::MatchReadings;
use super::Found;

/// The evidence, in bits, from which on a fitting reading is more than chance, when nothing is pinned yet: the odds that any
/// of a formula's readings fits unrelated values are below one in sixty-four. One round of crash has as much.
const ENOUGH: u32 = 6;

/// A formula in a match: the readings that fit so far.
#[derive(Debug)]
pub(super) struct Formula<R> {
    /// `None` while no round has told a value.
    fitting: Option<Vec<R>>,
    bits: u32,
    rounds: Vec<u32>,
}

impl<R> Default for Formula<R> {
    fn default() -> Self {
        Self { fitting: None, bits: 0, rounds: Vec::new() }
    }
}

impl<R: Copy + PartialEq> Formula<R> {
    /// The readings that are still in question.
    pub(super) fn in_question(&self, all: impl IntoIterator<Item = R>) -> Vec<R> {
        self.fitting.clone().unwrap_or_else(|| all.into_iter().collect())
    }

    /// Takes in which of them fit a round, and how much that says. A replayed round under the same number says nothing new.
    pub(super) fn fitted(&mut self, round: u32, fitting: Vec<R>, bits: u32) {
        self.fitting = Some(fitting);
        if self.rounds.last() != Some(&round) {
            self.rounds.push(round);
            self.bits = self.bits.saturating_add(bits);
        }
    }

    /// Whether the formula holds, and the readings that fit match and host.
    fn settle(self, formula: &'static str, pin: &mut Pin<R>, found: &mut Found) -> (bool, Vec<R>) {
        let Some(fitting) = self.fitting else { return (true, Vec::new()) };
        match pin.learn(fitting, self.bits) {
            Fit::Fits(readings) => (self.bits >= ENOUGH || pin.is_settled(), readings),
            Fit::None => {
                found.note(Note::NoReadingFits { formula });
                (false, Vec::new())
            }
            Fit::NotPinned => {
                found.note(Note::PinnedReadingDoesNotFit { formula });
                (false, Vec::new())
            }
        }
    }
}

/// The formulas of all games; a match touches those of its own.
#[derive(Debug, Default)]
pub(super) struct Formulas {
    pub(super) crash_point: Formula<CrashReading>,
    pub(super) target: Formula<RingReading>,
    pub(super) mine_positions: Formula<LayoutReading>,
    pub(super) reveal_order: Formula<OrderReading>,
}

/// Whether the formulas that a match touched hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fits {
    pub(super) all: bool,
}

impl Formulas {
    pub(super) fn settle(self, host: &mut HostReadings, found: &mut Found) -> (Fits, MatchReadings) {
        let (crash, crash_point) = self.crash_point.settle("crash_point", &mut host.crash_point, found);
        let (ring, target) = self.target.settle("target", &mut host.target, found);
        let (layout, mine_positions) =
            self.mine_positions.settle("mine_positions", &mut host.mine_positions, found);
        let (order, reveal_order) = self.reveal_order.settle("reveal_order", &mut host.reveal_order, found);
        let readings = MatchReadings { crash_point, target, mine_positions, reveal_order };
        (Fits { all: crash && ring && layout && order }, readings)
    }
}
