//! The match as a player sees it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use sdk_core::clock::Instant;

use super::transcript::Transcript;
use crate::model::{Guess, MatchId};

/// Where a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatPhase {
    /// Both can chat, and nobody has voted.
    Chatting,
    /// Somebody has voted; both can still chat.
    Voting,
    /// Chatting is locked.
    Locked,
    /// The match is over.
    Over,
}

/// The match that a [`Player`](super::Player) is asked about: a picture of the moment at which it was asked. Cheap to
/// clone; clones share where the player leans.
#[derive(Clone)]
#[non_exhaustive]
pub struct Chat {
    /// The match.
    pub match_id: MatchId,
    /// Where it is.
    pub phase: ChatPhase,
    /// What was said, this bot's own words included.
    pub transcript: Arc<Transcript>,
    /// When the match ends.
    pub deadline: Instant,
    /// Whether the match was under way before this bot saw it: its beginning may be missing in the transcript.
    pub resumed: bool,
    /// Where the opponent comes from, where the platform says.
    pub source: Option<String>,
    /// What this bot voted, once it has.
    pub voted: Option<Guess>,
    pub(super) leaning: Leaning,
}

impl Chat {
    /// A match without a platform, for tests of a player: its deadline is so far away.
    ///
    /// ```
    /// use std::time::Duration;
    /// use botornot_sdk::Guess;
    /// use botornot_sdk::player::{Chat, Transcript};
    ///
    /// let chat = Chat::rehearsal(Transcript::default(), Duration::from_secs(240));
    /// chat.lean(Guess::Agent, 0.8);
    /// assert_eq!(chat.leaning().unwrap().guess, Guess::Agent);
    /// ```
    pub fn rehearsal(transcript: Transcript, left: Duration) -> Self {
        Self {
            match_id: MatchId::from("rehearsal"),
            phase: ChatPhase::Chatting,
            transcript: Arc::new(transcript),
            deadline: Instant::now() + left,
            resumed: false,
            source: None,
            voted: None,
            leaning: Leaning::default(),
        }
    }

    /// How long the match still lasts.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether it is a match of the deterministic harness, without effect on the rating.
    pub fn is_test(&self) -> bool {
        self.match_id.is_test()
    }

    /// Says what the opponent seems to be, and how sure that is: from 0.5, which is a coin's throw, to 1. It may be said at
    /// any time, also while thinking, and again. A player that has not voted when its time is over votes as it last leaned.
    ///
    /// A confidence outside these limits is moved into them; one that is no number counts as 0.5.
    pub fn lean(&self, guess: Guess, confidence: f64) {
        self.leaning.set(Lean::new(guess, confidence));
    }

    /// Where the player last leaned.
    pub fn leaning(&self) -> Option<Lean> {
        self.leaning.get()
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat")
            .field("match_id", &self.match_id)
            .field("phase", &self.phase)
            .field("lines", &self.transcript.lines().len())
            .field("time_left", &self.time_left())
            .finish_non_exhaustive()
    }
}

/// What the opponent seems to be.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Lean {
    /// What.
    pub guess: Guess,
    /// How sure that is, from 0.5 to 1.
    pub confidence: f64,
}

impl Lean {
    fn new(guess: Guess, confidence: f64) -> Self {
        let confidence = if confidence.is_nan() { 0.5 } else { confidence.clamp(0.5, 1.0) };
        Self { guess, confidence }
    }
}

/// Where a player leans, written by it on whatever thread it thinks, and read by the connection.
#[derive(Clone, Default)]
pub(super) struct Leaning(Arc<LeaningCell>);

#[derive(Default)]
struct LeaningCell {
    lean: Mutex<Option<Lean>>,
    reader: AtomicWaker,
}

impl Leaning {
    fn set(&self, lean: Lean) {
        *self.0.lean.lock().unwrap_or_else(PoisonError::into_inner) = Some(lean);
        self.0.reader.wake();
    }

    pub(super) fn get(&self) -> Option<Lean> {
        *self.0.lean.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes this task at the next change.
    pub(super) fn watch(&self, waker: &std::task::Waker) {
        self.0.reader.register(waker);
    }
}
