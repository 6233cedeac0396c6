//! How often the bot asks while it waits (spec, "Good citizenship"): fast when an answer is due, slow when nothing happens,
//! with jitter, and never more than so many polls a minute.

use std::time::Duration;

use fastrand::Rng;
use sdk_core::clock::Instant;
use sdk_core::limit::TokenBucket;

use crate::model::{Color, GameHint, GameMetadata, GameStatus};

/// How often the bot asks while it waits. What it *does* (moves, Any?, joins) is not slowed down by it.
///
/// ```
/// use std::time::Duration;
/// use kriegspiel_sdk::runner::Pace;
///
/// let calm = Pace::default().polls_a_minute(20).slowest(Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    fastest: Duration,
    slowest: Duration,
    with_events: Duration,
    round_slowest: Duration,
    polls_a_minute: u32,
    events: bool,
}

impl Default for Pace {
    /// A game whose opponent is to move is looked at after 1.5 s, then ever less often, down to every 10 s; where its events
    /// come, every 30 s. The list of games is read every 3 s while a game may begin, and down to every 15 s. All that
    /// together is at most 60 polls a minute.
    fn default() -> Self {
        Self {
            fastest: Duration::from_millis(1_500),
            slowest: Duration::from_secs(10),
            with_events: Duration::from_secs(30),
            round_slowest: Duration::from_secs(15),
            polls_a_minute: 60,
            events: true,
        }
    }
}

impl Pace {
    /// The shortest wait between two looks at a game, at least 500 ms.
    #[must_use]
    pub fn fastest(mut self, wait: Duration) -> Self {
        self.fastest = wait.max(Duration::from_millis(500));
        self.slowest = self.slowest.max(self.fastest);
        self
    }

    /// The longest wait between two looks at a game without events; a round takes at most half as long again.
    #[must_use]
    pub fn slowest(mut self, wait: Duration) -> Self {
        self.slowest = wait.max(self.fastest);
        self.round_slowest = self.slowest.saturating_add(self.slowest / 2);
        self
    }

    /// At most so many polls a minute, all games and rounds together: 1 to 120.
    #[must_use]
    pub fn polls_a_minute(mut self, polls: u32) -> Self {
        self.polls_a_minute = polls.clamp(1, 120);
        self
    }

    /// Whether the platform's event streams are used where it has them. Default: yes.
    #[must_use]
    pub fn events(mut self, used: bool) -> Self {
        self.events = used;
        self
    }

    pub(super) fn uses_events(&self) -> bool {
        self.events
    }

    /// The bucket of all polls: a burst of ten, and the rest evenly.
    pub(super) fn budget(&self) -> TokenBucket {
        TokenBucket::new(10, Duration::from_secs(60) / self.polls_a_minute)
    }

    /// The waits of one game.
    pub(super) fn of_game(&self) -> Interval {
        Interval::new(self.fastest, self.slowest)
    }

    /// The waits between rounds.
    pub(super) fn of_rounds(&self) -> Interval {
        Interval::new(self.fastest.saturating_mul(2), self.round_slowest.max(self.fastest * 2))
    }
}

/// A wait that grows by a third each time, and starts over when something happens.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    fastest: Duration,
    slowest: Duration,
    next: Duration,
}

impl Interval {
    fn new(fastest: Duration, slowest: Duration) -> Self {
        Self { fastest, slowest: slowest.max(fastest), next: fastest }
    }

    /// Something happened: the next wait is the shortest.
    pub(super) fn hurry(&mut self) {
        self.next = self.fastest;
    }

    /// The next wait: a tenth more or less, so that bots that began together do not stay together.
    pub(super) fn next(&mut self, rng: &mut Rng) -> Duration {
        let wait = self.next;
        self.next = (self.next + self.next / 3).min(self.slowest);
        jittered(wait, rng)
    }
}

/// A tenth more or less.
fn jittered(wait: Duration, rng: &mut Rng) -> Duration {
    wait.mul_f64(0.9 + 0.2 * rng.f64())
}

/// Waits for the bot's turn in one game: pure, it is told what was heard and when, and says when to look.
#[derive(Debug)]
pub(super) struct TurnWatch {
    color: Color,
    /// The `move_number` at which the bot can be to move: what is heard of earlier ones is old.
    ours_from: u32,
    interval: Interval,
    with_events: Duration,
    look_at: Instant,
    flag_at: Option<Instant>,
}

/// What follows from what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Read the state: it is the bot's turn, or the game is over.
    ReadState,
    /// Go on waiting.
    Nothing,
}

impl TurnWatch {
    /// The bot is to move at `ours_from` or later. The first look is at once.
    pub(super) fn new(pace: &Pace, color: Color, ours_from: u32, now: Instant) -> Self {
        Self {
            color,
            ours_from,
            interval: pace.of_game(),
            with_events: pace.with_events,
            look_at: now,
            flag_at: None,
        }
    }

    /// The opponent's time: when it is over, the state is read, for that is what ends the game.
    pub(super) fn opponent_has(&mut self, remaining: Duration, now: Instant) {
        self.flag_at = now.checked_add(remaining + Duration::from_secs(1));
    }

    /// The bot moved just now, so the opponent thinks for a while.
    pub(super) fn moved(&mut self, ours_from: u32, now: Instant, live: bool, rng: &mut Rng) {
        self.ours_from = ours_from;
        self.interval.hurry();
        self.schedule(now, live, rng);
    }

    /// An event came. A game's events also tell of the bot's own tries, and of its turn before them.
    pub(super) fn event(&mut self, hint: &GameHint) -> Heard {
        self.judge(&hint.state, hint.turn, hint.move_number)
    }

    /// The game's metadata came.
    pub(super) fn looked(&mut self, game: &GameMetadata, now: Instant, live: bool, rng: &mut Rng) -> Heard {
        self.schedule(now, live, rng);
        self.judge(&game.state, game.turn, game.move_number)
    }

    /// The look failed; the next one is no earlier than this.
    pub(super) fn failed(&mut self, wait: Duration, now: Instant) {
        self.look_at = now + wait;
    }

    fn judge(&self, state: &GameStatus, turn: Option<Color>, move_number: u32) -> Heard {
        let ours = *state == GameStatus::Active && turn == Some(self.color) && move_number >= self.ours_from;
        if ours || *state == GameStatus::Completed { Heard::ReadState } else { Heard::Nothing }
    }

    fn schedule(&mut self, now: Instant, live: bool, rng: &mut Rng) {
        let wait = self.interval.next(rng);
        self.look_at = now + if live { jittered(self.with_events, rng) } else { wait };
    }

    /// The events stopped coming: polling goes on at its own pace.
    pub(super) fn lost_events(&mut self, now: Instant, rng: &mut Rng) {
        self.interval.hurry();
        self.look_at = self.look_at.min(now + self.interval.next(rng));
    }

    /// When to look at the metadata.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// When the opponent's flag has fallen, so that the state is read.
    pub(super) fn flag_at(&self) -> Option<Instant> {
        self.flag_at
    }

    /// The state was read after a flag, and the game went on.
    pub(super) fn flag_seen(&mut self) {
        self.flag_at = None;
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::clock::Clock;

    use super::*;

    fn hint(state: &str, turn: &str, move_number: u32) -> GameHint {
        let json = serde_json::json!({"game_id": "67eb10247d7e92c4e2f9c456", "state": state, "turn": turn,
            "move_number": move_number});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn waits_grow_from_the_fastest_to_the_slowest_with_jitter() {
        let pace = Pace::default();
        let mut rng = Rng::with_seed(1);
        let mut interval = pace.of_game();
        let waits: Vec<f64> = (0..12).map(|_| interval.next(&mut rng).as_secs_f64()).collect();
        assert!((1.35..=1.65).contains(&waits[0]), "{waits:?}");
        assert!((9.0..=11.0).contains(&waits[11]), "{waits:?}");
        interval.hurry();
        assert!(interval.next(&mut rng).as_secs_f64() <= 1.65);
        let mut again = pace.of_game();
        assert_ne!(waits[0], again.next(&mut Rng::with_seed(2)).as_secs_f64(), "two bots do not keep step");
    }

    #[test]
    fn settings_that_make_no_sense_are_moved() {
        let pace = Pace::default().fastest(Duration::ZERO).slowest(Duration::ZERO).polls_a_minute(10_000);
        let wait = pace.of_game().next(&mut Rng::with_seed(1));
        assert!(wait >= Duration::from_millis(450), "{wait:?}");
        let clock = Clock::paused();
        let mut budget = pace.budget();
        let mut polls = 0;
        for _ in 0..600 {
            while budget.try_take(clock.now()).is_ok() {
                polls += 1;
            }
            clock.advance(Duration::from_millis(100));
        }
        assert!(polls <= 130, "{polls}");
    }

    #[test]
    fn an_old_event_of_the_own_turn_wakes_nobody() {
        let clock = Clock::paused();
        let mut rng = Rng::with_seed(1);
        let mut watch = TurnWatch::new(&Pace::default(), Color::White, 1, clock.now());
        assert_eq!(watch.event(&hint("active", "white", 1)), Heard::ReadState);
        watch.moved(3, clock.now(), true, &mut rng);
        for (state, turn, number) in [("active", "white", 1), ("active", "black", 2), ("waiting", "white", 3)]
        {
            assert_eq!(watch.event(&hint(state, turn, number)), Heard::Nothing);
        }
        assert_eq!(watch.event(&hint("active", "white", 3)), Heard::ReadState);
        assert_eq!(watch.event(&hint("completed", "black", 2)), Heard::ReadState);
    }

    #[test]
    fn events_make_looks_rare_and_their_loss_makes_them_frequent_again() {
        let clock = Clock::paused();
        let mut rng = Rng::with_seed(1);
        let mut watch = TurnWatch::new(&Pace::default(), Color::White, 1, clock.now());
        assert_eq!(watch.look_at(), clock.now());
        watch.moved(3, clock.now(), true, &mut rng);
        assert!(watch.look_at() - clock.now() >= Duration::from_secs(27));
        watch.lost_events(clock.now(), &mut rng);
        assert!(watch.look_at() - clock.now() <= Duration::from_secs(2));
        watch.failed(Duration::from_secs(20), clock.now());
        assert!(watch.look_at() - clock.now() >= Duration::from_secs(20));
    }

    #[test]
    fn the_opponents_flag_is_looked_at_once() {
        let clock = Clock::paused();
        let mut watch = TurnWatch::new(&Pace::default(), Color::White, 1, clock.now());
        assert_eq!(watch.flag_at(), None);
        watch.opponent_has(Duration::from_secs(30), clock.now());
        assert_eq!(watch.flag_at(), Some(clock.now() + Duration::from_secs(31)));
        watch.flag_seen();
        assert_eq!(watch.flag_at(), None);
    }
}
