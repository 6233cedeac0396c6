//! A game's two clocks (rapid: 25 minutes a side, 10 seconds for every completed move).

use std::time::Duration;

use sdk_core::clock::Instant;

use crate::model::{Color, Extra, GameClock};

/// Both clocks. They stand still until White has completed a move.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChessClock {
    white: Duration,
    black: Duration,
    running: Option<(Color, Instant)>,
    increment: Duration,
}

impl ChessClock {
    pub(super) fn new(time: Duration, increment: Duration) -> Self {
        Self { white: time, black: time, running: None, increment }
    }

    pub(super) fn remaining(&self, color: Color, now: Instant) -> Duration {
        let left = match color {
            Color::White => self.white,
            Color::Black => self.black,
        };
        match self.running {
            Some((running, since)) if running == color => {
                left.saturating_sub(now.saturating_duration_since(since))
            }
            _ => left,
        }
    }

    /// A side has completed a move: it gets its increment, and the other clock runs.
    pub(super) fn moved(&mut self, color: Color, now: Instant) {
        let left = self.remaining(color, now).saturating_add(self.increment);
        self.set(color, left);
        self.running = Some((!color, now));
    }

    /// Both stop.
    pub(super) fn stop(&mut self, now: Instant) {
        if let Some((color, _)) = self.running {
            let left = self.remaining(color, now);
            self.set(color, left);
        }
        self.running = None;
    }

    /// Whose time has run out.
    pub(super) fn fallen(&self, now: Instant) -> Option<Color> {
        let (color, _) = self.running?;
        self.remaining(color, now).is_zero().then_some(color)
    }

    pub(super) fn shown(&self, now: Instant) -> GameClock {
        GameClock {
            white_remaining: self.remaining(Color::White, now).as_secs_f64(),
            black_remaining: self.remaining(Color::Black, now).as_secs_f64(),
            active_color: self.running.map(|(color, _)| color),
            extra: Extra::default(),
        }
    }

    fn set(&mut self, color: Color, left: Duration) {
        match color {
            Color::White => self.white = left,
            Color::Black => self.black = left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(1_500);
    const INCREMENT: Duration = Duration::from_secs(10);

    #[test]
    fn the_clocks_stand_until_white_has_moved() {
        let start = Instant::now();
        let mut clock = ChessClock::new(TIME, INCREMENT);
        let later = start + Duration::from_secs(3_000);
        assert_eq!(clock.fallen(later), None);
        assert_eq!(clock.shown(later).active_color, None);
        clock.moved(Color::White, later);
        let shown = clock.shown(later + Duration::from_secs(100));
        assert_eq!((shown.white_remaining, shown.black_remaining), (1_510.0, 1_400.0));
        assert_eq!(shown.active_color, Some(Color::Black));
        assert_eq!(clock.fallen(later + TIME - Duration::from_nanos(1)), None);
        assert_eq!(clock.fallen(later + TIME), Some(Color::Black));
        clock.stop(later + Duration::from_secs(1_499));
        let shown = clock.shown(later + Duration::from_secs(9_999));
        assert_eq!((shown.black_remaining, shown.active_color), (1.0, None));
    }
}
