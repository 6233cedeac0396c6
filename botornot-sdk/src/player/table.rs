//! One match as the runner keeps it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;

use super::chat::{Chat, ChatPhase, Leaning};
use super::pacing::Pacer;
use super::report::MatchReport;
use super::transcript::{Line, Speaker, Transcript};
use crate::model::{Guess, MatchId, Reveal};
use crate::state::{Ending, SayId, SayOutcome, VotedBy};

/// So many own texts are remembered, until the platform repeats them or says that it did not take them.
const MAX_SAID: usize = 64;
/// How long a match is assumed to last as long as nothing is known of its end.
const ASSUMED: Duration = Duration::from_secs(240);

/// A text of this bot's that went out.
struct Said {
    say: SayId,
    text: String,
    /// Whether the platform has repeated it.
    echoed: bool,
}

pub(super) struct Table {
    pub(super) id: MatchId,
    pub(super) pacer: Pacer,
    pub(super) leaning: Leaning,
    /// The leaning that the state machine knows.
    pub(super) leaning_told: Option<Guess>,
    pub(super) failures: u32,
    pub(super) voting: bool,
    pub(super) locked: bool,
    /// Whether the next question is how to open the match.
    pub(super) opening: bool,
    resumed: bool,
    pub(super) reveal: Option<Reveal>,
    pub(super) vote_counted: bool,
    source: Option<String>,
    /// How many times as fast as the clock the match passes.
    speed: f64,
    over: bool,
    began: Option<Instant>,
    began_wall: SystemTime,
    ends_at: Option<Instant>,
    transcript: Arc<Transcript>,
    /// The last own texts.
    said: VecDeque<Said>,
    vote: Option<(Guess, VotedBy, Duration, Option<f64>)>,
}

impl Table {
    pub(super) fn new(id: MatchId, source: Option<String>, resumed: bool, pacer: Pacer, speed: f64) -> Self {
        Self {
            id,
            pacer,
            leaning: Leaning::default(),
            leaning_told: None,
            failures: 0,
            voting: false,
            locked: false,
            opening: true,
            resumed,
            reveal: None,
            vote_counted: false,
            source,
            speed,
            over: false,
            began: None,
            began_wall: SystemTime::now(),
            ends_at: None,
            transcript: Arc::default(),
            said: VecDeque::new(),
            vote: None,
        }
    }

    pub(super) fn begins(&mut self, ends_at: Instant, now: Instant) {
        self.began.get_or_insert(now);
        self.ends_at = Some(ends_at);
    }

    pub(super) fn ends(&mut self, at: Instant) {
        self.ends_at = Some(at);
    }

    pub(super) fn is_over(&mut self) {
        self.over = true;
    }

    /// The match as the player sees it now.
    pub(super) fn chat(&self, now: Instant) -> Chat {
        let phase = match self {
            _ if self.over => ChatPhase::Over,
            _ if self.locked => ChatPhase::Locked,
            _ if self.voting => ChatPhase::Voting,
            _ => ChatPhase::Chatting,
        };
        Chat {
            match_id: self.id.clone(),
            phase,
            transcript: self.transcript.clone(),
            deadline: self.ends_at.unwrap_or(now + ASSUMED),
            resumed: self.resumed,
            source: self.source.clone(),
            voted: self.vote.map(|(guess, ..)| guess),
            leaning: self.leaning.clone(),
        }
    }

    /// The opponent's last line, if it is not answered.
    pub(super) fn last_heard(&self) -> Option<&Line> {
        self.transcript.of(Speaker::Opponent).next_back()
    }

    pub(super) fn heard(&mut self, text: String, now: Instant) {
        self.add(Speaker::Opponent, text, now);
    }

    /// The platform repeats what this bot said; here or, of a resumed match, in another life.
    pub(super) fn echoed(&mut self, text: String, now: Instant) {
        let is_echo = |said: &&mut Said| !said.echoed && said.text.trim() == text.trim();
        match self.said.iter_mut().find(is_echo) {
            Some(said) => said.echoed = true,
            None => self.add(Speaker::Me, text, now),
        }
    }

    pub(super) fn says(&mut self, say: SayId, text: &str, now: Instant) {
        self.add(Speaker::Me, text.to_owned(), now);
        if self.said.len() >= MAX_SAID {
            self.said.pop_front();
        }
        self.said.push_back(Said { say, text: text.to_owned(), echoed: false });
    }

    /// What became of a text: one that was not taken was not said.
    pub(super) fn told(&mut self, say: SayId, outcome: &SayOutcome) {
        if matches!(outcome, SayOutcome::Delivered | SayOutcome::Unanswered) {
            return;
        }
        let at = self.said.iter().position(|said| said.say == say);
        if let Some(said) = at.and_then(|at| self.said.remove(at)) {
            Arc::make_mut(&mut self.transcript).take_back(&said.text);
        }
    }

    pub(super) fn votes(&mut self, guess: Guess, by: VotedBy, now: Instant) {
        // The very same vote goes out again after a lost connection.
        if self.vote.is_none() {
            let leaning = self.leaning.get().filter(|lean| lean.guess == guess);
            self.vote = Some((guess, by, self.since(now), leaning.map(|lean| lean.confidence)));
        }
    }

    pub(super) fn has_voted(&self) -> bool {
        self.vote.is_some()
    }

    fn add(&mut self, who: Speaker, text: String, now: Instant) {
        let at = self.since(now);
        Arc::make_mut(&mut self.transcript).add(Line::new(who, text, at));
    }

    fn since(&self, now: Instant) -> Duration {
        let real = self.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        if self.speed == 1.0 {
            return real;
        }
        Duration::try_from_secs_f64(real.as_secs_f64() * self.speed).unwrap_or(real)
    }

    /// The report of the match that has ended.
    pub(super) fn report(&mut self, ending: Ending, now: Instant) -> MatchReport {
        let vote = self.vote;
        let mut report = MatchReport {
            id: self.id.clone(),
            opponent_kind: None,
            opponent_tier: None,
            guess: vote.map(|(guess, ..)| guess),
            opponent_vote: None,
            correct: None,
            rating_before: None,
            rating_after: None,
            rating_delta: None,
            voted_by: vote.map(|(_, by, ..)| by),
            voted_at: vote.map(|(_, _, at, _)| at),
            confidence: vote.and_then(|(.., confidence)| confidence),
            vote_counted: self.vote_counted,
            reveal: None,
            ending,
            resumed: self.resumed,
            began: self.began_wall,
            lasted: self.since(now),
            transcript: self.transcript.clone(),
            failures: self.failures,
        };
        if let Some(reveal) = self.reveal.take() {
            report.revealed(reveal);
        }
        report
    }
}
