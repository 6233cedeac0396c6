//! Ratings: Elo with K = 32. Every finished game counts, resignations and timeouts too.

use super::game::Game;
use super::platform::Platform;
use crate::model::{Color, Extra, Outcome, RatingChange, RatingSnapshot, RatingTrack};

const K: i32 = 32;

/// What White's rating gains; Black's loses as much.
fn gain(white: i32, black: i32, winner: Option<Color>) -> i32 {
    let expected = 1.0 / (1.0 + 10_f64.powf(f64::from(black - white) / 400.0));
    let score = match winner {
        Some(Color::White) => 1.0,
        Some(Color::Black) => 0.0,
        None => 0.5,
    };
    // At most 32 either way.
    #[allow(clippy::cast_possible_truncation, reason = "between -32 and 32")]
    let gain = (f64::from(K) * (score - expected)).round() as i32;
    gain
}

fn change(white: i32, black: i32, winner: Option<Color>) -> RatingChange {
    let delta = gain(white, black, winner);
    RatingChange {
        k_factor: K,
        white_before: white,
        black_before: black,
        white_after: white + delta,
        black_after: black - delta,
        white_delta: delta,
        black_delta: -delta,
        extra: Extra::default(),
    }
}

/// How a game ended for one side.
pub(super) fn outcome(winner: Option<Color>, color: Color) -> Outcome {
    match winner {
        None => Outcome::Draw,
        Some(winner) if winner == color => Outcome::Win,
        Some(_) => Outcome::Loss,
    }
}

impl Platform {
    /// Rates a game that has just ended.
    pub(super) fn rate(&mut self, game: &Game) -> Option<RatingSnapshot> {
        let winner = game.referee.result()?.winner;
        let (white_key, black_key) = (game.white?, game.black?);
        let (white, black) = (self.accounts.get(white_key)?, self.accounts.get(black_key)?);
        let (white_track, black_track) = (black.track_for_opponent(), white.track_for_opponent());
        let overall = change(white.overall.elo, black.overall.elo, winner);
        let specific = change(white.track(&white_track).elo, black.track(&black_track).elo, winner);
        for (key, color, track) in
            [(white_key, Color::White, &white_track), (black_key, Color::Black, &black_track)]
        {
            let Some(account) = self.accounts.get_mut(key) else { continue };
            for (change, track) in [(&overall, &RatingTrack::Overall), (&specific, track)] {
                let track = account.track_mut(track);
                track.elo = match color {
                    Color::White => change.white_after,
                    Color::Black => change.black_after,
                };
                track.peak = track.peak.max(track.elo);
                match outcome(winner, color) {
                    Outcome::Win => track.won += 1,
                    Outcome::Loss => track.lost += 1,
                    _ => track.drawn += 1,
                }
            }
        }
        Some(RatingSnapshot {
            white_before: overall.white_before,
            white_after: overall.white_after,
            white_delta: overall.white_delta,
            black_before: overall.black_before,
            black_after: overall.black_after,
            black_delta: overall.black_delta,
            k_factor: K,
            overall,
            specific,
            white_track,
            black_track,
            extra: Extra::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of recorded games.
    #[test]
    fn gains_are_those_of_the_platform() {
        assert_eq!(gain(1_200, 1_200, Some(Color::White)), 16);
        assert_eq!(gain(1_200, 1_200, Some(Color::Black)), -16);
        assert_eq!(gain(1_200, 1_200, None), 0);
        assert_eq!(gain(1_216, 1_200, Some(Color::White)), 15);
    }
}
