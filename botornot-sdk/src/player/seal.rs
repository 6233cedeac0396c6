//! How well agents pass, and where that goes (spec, `meta:state` and `meta:delta`).

use std::collections::VecDeque;

use crate::model::{MetaDelta, MetaState};

/// So many changes are looked back on.
const REMEMBERED: usize = 8;
/// Changes that go to and fro, and come to no more than this share of their sizes together, are no trend.
const STEADY_SHARE: f64 = 0.25;

/// Where the seal's integrity goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Trend {
    /// It drops: agents pass as human, and people look closer. The spec's advice: switch to safer, human-like behaviour.
    Falling,
    /// It stays about where it is, or too little is known.
    #[default]
    Steady,
    /// It rises: agents are caught.
    Rising,
}

/// News of the seal, for [`Player::on_meta`](super::Player::on_meta).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SealNews {
    /// How intact it is now, where the platform has said so.
    pub seal_integrity: Option<f64>,
    /// Where it goes, over the last changes.
    pub trend: Trend,
    /// The change that brought the news, where it is one.
    pub delta: Option<MetaDelta>,
    /// The snapshot that brought the news, where it is one.
    pub state: Option<MetaState>,
}

/// Follows the seal over the last eight changes.
///
/// ```
/// use botornot_sdk::player::{SealTrend, Trend};
///
/// let mut seal = SealTrend::default();
/// assert_eq!(seal.trend(), Trend::Steady);
/// for _ in 0..3 {
///     seal.changed(-0.02);
/// }
/// assert_eq!(seal.trend(), Trend::Falling);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SealTrend {
    integrity: Option<f64>,
    changes: VecDeque<f64>,
}

impl SealTrend {
    /// It changed by so much. What is no number is passed over.
    pub fn changed(&mut self, delta: f64) {
        if !delta.is_finite() {
            return;
        }
        if self.changes.len() >= REMEMBERED {
            self.changes.pop_front();
        }
        self.changes.push_back(delta);
    }

    /// Where it goes: falling or rising when two changes at least are known, and together they come to more than a quarter
    /// of what they would if all went the same way.
    pub fn trend(&self) -> Trend {
        let sum: f64 = self.changes.iter().sum();
        let moved: f64 = self.changes.iter().map(|change| change.abs()).sum();
        if self.changes.len() < 2 || sum.abs() <= moved * STEADY_SHARE {
            Trend::Steady
        } else if sum < 0.0 {
            Trend::Falling
        } else {
            Trend::Rising
        }
    }

    /// How intact the seal is, where the platform has said so.
    pub fn integrity(&self) -> Option<f64> {
        self.integrity
    }

    /// Takes a snapshot. What changed since the last news counts.
    pub fn on_state(&mut self, state: MetaState) -> SealNews {
        self.reaches(state.seal_integrity, None);
        self.news(None, Some(state))
    }

    /// Takes a change.
    pub fn on_delta(&mut self, delta: MetaDelta) -> SealNews {
        self.reaches(delta.seal_integrity, delta.delta);
        self.news(Some(delta), None)
    }

    fn reaches(&mut self, integrity: Option<f64>, delta: Option<f64>) {
        let integrity = integrity.filter(|integrity| integrity.is_finite());
        let moved = integrity.zip(self.integrity).map(|(now, before)| now - before);
        match delta.or(moved.filter(|moved| *moved != 0.0)) {
            Some(delta) => {
                self.changed(delta);
                self.integrity = integrity.or_else(|| self.integrity.map(|before| before + delta));
            }
            None => self.integrity = integrity.or(self.integrity),
        }
    }

    fn news(&self, delta: Option<MetaDelta>, state: Option<MetaState>) -> SealNews {
        SealNews { seal_integrity: self.integrity, trend: self.trend(), delta, state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(by: Option<f64>, to: Option<f64>) -> MetaDelta {
        MetaDelta { delta: by, seal_integrity: to, ..MetaDelta::default() }
    }

    #[test]
    fn deltas_and_snapshots_make_one_trend() {
        let mut seal = SealTrend::default();
        let state = MetaState { seal_integrity: Some(0.70), ..MetaState::default() };
        assert_eq!(seal.on_state(state.clone()).trend, Trend::Steady);
        assert_eq!(seal.on_state(state).trend, Trend::Steady, "the same again is no change");
        seal.on_delta(delta(Some(-0.02), Some(0.68)));
        let news = seal.on_delta(delta(None, Some(0.65)));
        assert_eq!((news.trend, news.seal_integrity), (Trend::Falling, Some(0.65)));
        for _ in 0..REMEMBERED {
            seal.on_delta(delta(Some(0.01), None));
        }
        assert_eq!(seal.trend(), Trend::Rising);
        assert!((seal.integrity().unwrap() - 0.73).abs() < 1e-9);
    }

    #[test]
    fn to_and_fro_is_steady_and_nonsense_is_nothing() {
        let mut seal = SealTrend::default();
        for n in 0..REMEMBERED {
            seal.changed(if n % 2 == 0 { 0.02 } else { -0.02 });
        }
        assert_eq!(seal.trend(), Trend::Steady);
        let before = seal.clone();
        seal.changed(f64::NAN);
        assert_eq!(seal, before);
    }
}
