//! One match: who sits in it, what they voted, and what it changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;
use sdk_core::limit::TokenBucket;

use super::accounts::AccountId;
use super::house::Mind;
use super::records::{
    EndReason, SandboxMatch, SandboxMessage, SandboxPlayer, SandboxRefusal, SandboxVote, Seat, Seats,
};
use crate::model::Guess;
use sdk_core::sandbox::TimerKey;

/// At most so many messages, and as many refusals, are remembered of a match.
const MAX_REMEMBERED: usize = 1_000;
/// The most that a match can change a rating by.
const STAKE: f64 = 36.0;

/// What plays in the second seat when no client does.
#[derive(Debug)]
pub(crate) enum Opposition {
    /// Another client.
    Client,
    /// One of the house.
    House(Box<Mind>),
    /// The deterministic harness, and how many of its turns it has had.
    Harness { turns: usize },
}

/// One side of a match.
#[derive(Debug)]
pub(crate) struct Place {
    /// Whose it is. The harness is nobody.
    pub(crate) account: Option<AccountId>,
    pub(crate) budget: TokenBucket,
}

#[derive(Debug)]
pub(crate) struct Contest {
    /// In the order of their making.
    pub(crate) number: u64,
    pub(crate) room: Arc<str>,
    pub(crate) places: Seats<Place>,
    pub(crate) opposition: Opposition,
    pub(crate) started: Option<Instant>,
    pub(crate) ends: Instant,
    pub(crate) is_locked: bool,
    /// Whether the harness waits for a vote.
    pub(crate) vote_is_open: bool,
    pub(crate) timer: Option<TimerKey>,
    pub(crate) record: SandboxMatch,
}

impl Contest {
    pub(crate) fn seat_of(&self, account: AccountId) -> Option<Seat> {
        Seat::BOTH.into_iter().find(|seat| self.places.get(*seat).account == Some(account))
    }

    /// The account in a seat that a client plays.
    pub(crate) fn client_in(&self, seat: Seat) -> Option<AccountId> {
        match (seat, &self.opposition) {
            (Seat::First, _) | (Seat::Second, Opposition::Client) => self.places.get(seat).account,
            (Seat::Second, _) => None,
        }
    }

    pub(crate) fn player(&mut self, seat: Seat) -> &mut SandboxPlayer {
        self.record.players.get_mut(seat)
    }

    pub(crate) fn everybody_joined(&self) -> bool {
        Seat::BOTH.into_iter().all(|seat| self.record.players.get(seat).joined)
    }

    pub(crate) fn vote_of(&self, seat: Seat) -> Option<Guess> {
        self.record.players.get(seat).vote.map(|vote| vote.guess)
    }

    /// Since the match started; zero before.
    pub(crate) fn clock(&self, now: Instant) -> Duration {
        self.started.map_or(Duration::ZERO, |started| now.saturating_duration_since(started))
    }

    pub(crate) fn vote(&mut self, seat: Seat, guess: Guess, now: Instant) {
        let at = self.clock(now);
        self.player(seat).vote = Some(SandboxVote { guess, at });
    }

    pub(crate) fn remember_message(&mut self, from: Seat, body: &str, now: Instant) {
        if self.record.messages.len() < MAX_REMEMBERED {
            let at = self.clock(now);
            self.record.messages.push(SandboxMessage { from, body: body.to_owned(), at });
        }
    }

    pub(crate) fn remember_refusal(&mut self, from: Seat, event_type: &str, reason: &str, now: Instant) {
        if self.record.refusals.len() < MAX_REMEMBERED {
            let at = self.clock(now);
            let (event_type, reason) = (event_type.to_owned(), reason.to_owned());
            self.record.refusals.push(SandboxRefusal { from, event_type, reason, at });
        }
    }

    /// Ends the match: judges the votes and reckons the ratings. What the first seat wins the second loses.
    pub(crate) fn conclude(&mut self, reason: EndReason, now: Instant, ended_at: SystemTime) {
        let length = self.started.map(|started| self.ends.saturating_duration_since(started));
        let kinds = Seats { first: self.record.players.first.kind, second: self.record.players.second.kind };
        for seat in Seat::BOTH {
            let kind = *kinds.get(seat.other());
            let player = self.record.players.get_mut(seat);
            player.correct = player.vote.map(|vote| vote.guess == kind);
        }
        let nobody_voted = match self.opposition {
            Opposition::Harness { .. } => self.vote_of(Seat::First).is_none(),
            _ => Seat::BOTH.into_iter().all(|seat| self.vote_of(seat).is_none()),
        };
        self.record.no_contest = reason == EndReason::NotJoined || nobody_voted;
        if !self.record.no_contest && !self.record.is_test {
            let of = |seat| score(self.record.players.get(seat), length.unwrap_or_default());
            let (first, second) = (&self.record.players.first, &self.record.players.second);
            let delta =
                rating_change(first.rating_before, second.rating_before, of(Seat::First) - of(Seat::Second));
            self.record.players.first.rating_delta = delta;
            self.record.players.second.rating_delta = -delta;
        }
        self.record.ended = Some(reason);
        self.record.length = self.started.map(|_| self.clock(now));
        self.record.ended_at = Some(ended_at);
    }
}

/// From 0 to 1: a right vote counts half, and the other half by how early it came.
fn score(player: &SandboxPlayer, length: Duration) -> f64 {
    match (player.correct, player.vote) {
        (Some(true), Some(vote)) if !length.is_zero() => {
            let left = length.saturating_sub(vote.at);
            0.5 + 0.5 * left.as_secs_f64() / length.as_secs_f64()
        }
        (Some(true), _) => 0.5,
        _ => 0.0,
    }
}

/// Elo's rule, with a draw where both did equally well.
fn rating_change(mine: i64, theirs: i64, ahead: f64) -> i64 {
    let difference = (theirs - mine).clamp(-4_000, 4_000);
    let expected = 1.0 / (1.0 + 10_f64.powf(difference as f64 / 400.0));
    let outcome = 0.5 + ahead.clamp(-1.0, 1.0) / 2.0;
    (STAKE * (outcome - expected)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_follow_elo() {
        // By hand: 36 * (outcome - expected), expected 0.5 among equals and 1/11 at 400 points below.
        assert_eq!(rating_change(1_000, 1_000, 1.0), 18);
        assert_eq!(rating_change(1_000, 1_000, 0.0), 0);
        assert_eq!(rating_change(1_000, 1_400, 0.0), 15);
        assert_eq!(rating_change(1_000, 1_400, 1.0), 33);
        assert_eq!(rating_change(1_400, 1_000, 1.0), 3);
        for ahead in [-1.0, -0.3, 0.0, 0.7] {
            assert_eq!(rating_change(900, 1_300, ahead), -rating_change(1_300, 900, -ahead));
        }
    }
}
